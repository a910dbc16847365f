//! What an account is, in the plainest way: every item is kept, and everything is counted anew
//! whenever somebody asks.

use std::collections::{BTreeMap, BTreeSet};

use truebadge_protocol::{
    ConversationId, ConversationState, DeviceId, Level, Position, Version,
    messages::{Action, ConversationUpsert, Event},
};

/// A conversation.
#[derive(Debug, Clone, Default)]
struct Conversation {
    version: Version,
    /// Every item, and whether it mentions the person.
    items: BTreeMap<Position, bool>,
    /// Items that were read by themselves.
    read: BTreeSet<Position>,
    marker: Position,
    newest: Position,
    /// A whole state's unread, mentions and newest position.
    told: Option<(u32, u32, Position)>,
    /// The version of the mark, and the device that set it.
    mark: Option<(Version, Option<DeviceId>)>,
    level: Level,
    removed: bool,
}

impl Conversation {
    fn state(&self, id: &ConversationId) -> ConversationState {
        let unread = self
            .items
            .iter()
            .filter(|(at, _)| **at > self.marker && !self.read.contains(at));
        let mentions = unread.clone().filter(|(_, mention)| **mention).count();
        let (told, told_mentions) = self.told();
        ConversationState {
            id: id.clone(),
            version: self.version,
            unread: told + u32::try_from(unread.count()).unwrap(),
            mentions: told_mentions + u32::try_from(mentions).unwrap(),
            newest: self.newest,
            read_up_to: self.marker,
            level: self.level,
            marked_unread: self.mark.is_some(),
            removed: self.removed,
        }
    }

    /// No more can be unread than there are positions between the marker and the newest.
    fn told(&self) -> (u32, u32) {
        match self.told {
            None => (0, 0),
            Some((unread, mentions, Position::ZERO)) => (unread, mentions),
            Some((unread, mentions, newest)) => {
                let room = newest.get().saturating_sub(self.marker.get());
                let unread = unread.min(u32::try_from(room).unwrap());
                (unread, mentions.min(unread))
            }
        }
    }

    fn forget(&mut self) {
        self.items.clear();
        self.read.clear();
        self.told = None;
    }

    fn read_up_to(&mut self, up_to: Position) {
        self.marker = self.marker.max(up_to);
        if self.told.is_some_and(|(.., newest)| up_to >= newest) {
            self.told = None;
        }
    }

    fn knows_the_mark(&self, device: &DeviceId, seen: Version) -> bool {
        let Some((version, by)) = &self.mark else {
            return true;
        };
        seen >= *version || by.as_ref() == Some(device)
    }
}

/// An account.
#[derive(Debug, Clone, Default)]
pub struct Reference {
    conversations: BTreeMap<ConversationId, Conversation>,
    pub head: Version,
}

impl Reference {
    /// Every conversation, removed ones too.
    pub fn states(&self) -> impl Iterator<Item = ConversationState> {
        let all = self.conversations.iter();
        all.map(|(id, conversation)| conversation.state(id))
    }

    pub fn event(&mut self, event: &Event) {
        match event {
            Event::Item {
                conversation,
                position,
                mention,
                ..
            } => self.change(conversation, |it, _| {
                let late = *position <= it.marker;
                if late && it.removed {
                    return;
                }
                it.newest = it.newest.max(*position);
                if !late {
                    it.removed = false;
                    *it.items.entry(*position).or_default() |= mention;
                }
            }),
            Event::Read {
                conversation,
                up_to,
            } => self.change(conversation, |it, _| {
                if *up_to >= it.marker {
                    it.mark = None;
                }
                it.read_up_to(*up_to);
            }),
            Event::ReadItems {
                conversation,
                positions,
            } => self.read_items(conversation, positions),
            Event::MarkedUnread {
                conversation,
                marked: true,
            } => self.mark(conversation, None),
            Event::MarkedUnread { conversation, .. } => {
                self.change(conversation, |it, _| it.mark = None);
            }
            Event::Level {
                conversation,
                level,
            } => self.change(conversation, |it, _| {
                it.removed = false;
                it.level = *level;
            }),
            Event::Removed { conversation } if self.conversations.contains_key(conversation) => {
                self.change(conversation, |it, _| {
                    it.forget();
                    it.marker = it.marker.max(it.newest);
                    it.level = Level::All;
                    it.mark = None;
                    it.removed = true;
                });
            }
            Event::Removed { .. } => {}
        }
    }

    pub fn upsert(&mut self, id: &ConversationId, state: &ConversationUpsert) {
        self.change(id, |it, next| {
            it.forget();
            it.removed = false;
            it.marker = it.marker.max(state.read_up_to);
            it.newest = state.newest;
            it.level = state.level;
            it.told = Some((state.unread, state.mentions, state.newest));
            it.mark = match it.mark.take() {
                _ if !state.marked_unread => None,
                Some(mark) => Some(mark),
                None => Some((next, None)),
            };
        });
    }

    /// False when it is rejected.
    pub fn action(&mut self, action: &Action, device: &DeviceId, seen: Version) -> bool {
        let known = self.conversations.get(action.conversation());
        let removed = known.is_some_and(|known| known.removed);
        match action {
            Action::ReadUpTo {
                conversation,
                position,
            } => self.change(conversation, |it, _| {
                it.read_up_to(*position);
                if it.knows_the_mark(device, seen) {
                    it.mark = None;
                }
            }),
            Action::ReadItems {
                conversation,
                positions,
            } => self.read_items(conversation, positions),
            Action::MarkedUnread { .. } | Action::SetLevel { .. } if removed => return false,
            Action::MarkedUnread {
                conversation,
                marked: true,
            } => self.mark(conversation, Some(device)),
            Action::MarkedUnread { conversation, .. } => self.change(conversation, |it, _| {
                if it.knows_the_mark(device, seen) {
                    it.mark = None;
                }
            }),
            Action::SetLevel {
                conversation,
                level,
            } => self.change(conversation, |it, _| it.level = *level),
        }
        true
    }

    fn read_items(&mut self, id: &ConversationId, positions: &[Position]) {
        let known = self.conversations.contains_key(id);
        self.change(id, |it, _| {
            let above = positions.iter().filter(|position| **position > it.marker);
            it.read.extend(above);
        });
        let new = self.conversations.get_mut(id);
        if let Some(new) = new.filter(|new| !known && !new.read.is_empty()) {
            self.head = self.head.next();
            new.version = self.head;
        }
    }

    fn mark(&mut self, id: &ConversationId, by: Option<&DeviceId>) {
        self.change(id, |it, next| {
            let head = Version::new(next.get() - 1).unwrap();
            let version = if it.mark.is_some() { head } else { next };
            it.mark = Some((version, by.cloned()));
            it.removed = false;
        });
    }

    /// What phones would see a difference of takes the next version.
    fn change(&mut self, id: &ConversationId, change: impl FnOnce(&mut Conversation, Version)) {
        let next = self.head.next();
        let before = self.conversations.get(id).cloned().unwrap_or_default();
        let mut after = before.clone();
        change(&mut after, next);
        if after.state(id) != before.state(id) {
            self.head = next;
            after.version = next;
        } else if before.version == Version::ZERO && after.read.is_empty() {
            return; // nothing to remember, so there is still no such conversation
        }
        self.conversations.insert(id.clone(), after);
    }
}

//! One account's book-keeping while events and operations are applied.

use truebadge_protocol::{
    ConversationId, DeviceId, Level, Position, Version, limits,
    messages::{Action, ConversationUpsert, Event},
};

use crate::faults::{self, Fault};

use super::{Conversation, Counted, PHONES_ONLY, Rows, Sums, ToldCounts};

/// Above every item.
const NEWEST: Position = match Position::new(limits::NUMBER - 1) {
    Ok(position) => position,
    Err(_) => Position::ZERO,
};

/// What one event or operation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The conversation has a new state, at this version.
    Changed(Version),
    /// The same, because an item arrived that nobody has read.
    Arrived(Version),
    /// Everything was so already.
    Unchanged,
    /// It cannot be done; the sentence is for the app.
    Rejected(&'static str),
}

impl Outcome {
    /// The version that it took, if it changed anything.
    pub const fn version(&self) -> Option<Version> {
        match self {
            Self::Changed(version) | Self::Arrived(version) => Some(*version),
            Self::Unchanged | Self::Rejected(_) => None,
        }
    }
}

/// On which phone the person did something, and what there was to see on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phone<'a> {
    /// Which phone.
    pub device: &'a DeviceId,
    /// The version that the person acted on.
    pub seen: Version,
}

impl Phone<'_> {
    /// Whether the person knew of the mark: it was in what they saw, or they set it there themselves.
    fn knows_the_mark(self, of: &Conversation) -> bool {
        faults::is(Fault::SeenIgnored)
            || self.seen >= of.marked_at
            || of.marked_by.as_ref() == Some(self.device)
    }
}

/// Applies events and operations to an account, one version for each that changed something.
pub struct Ledger<'a, R: Rows> {
    sums: Sums,
    rows: &'a mut R,
    /// The backend reports, not a phone.
    reporting: bool,
    /// How many conversations only phones have named, once that was counted.
    phones_only: Option<usize>,
}

impl<'a, R: Rows> Ledger<'a, R> {
    /// Continues an account at these sums.
    pub fn new(sums: Sums, rows: &'a mut R) -> Self {
        Self {
            sums,
            rows,
            reporting: true,
            phones_only: None,
        }
    }

    /// The account's sums after everything applied so far.
    pub fn sums(&self) -> Sums {
        self.sums
    }

    /// Applies what the app's backend reports.
    pub fn event(&mut self, event: &Event) -> Result<Outcome, R::Error> {
        self.reporting = true;
        match event {
            Event::Item {
                conversation,
                position,
                mention,
                ..
            } => self.item(conversation, *position, *mention),
            Event::Read {
                conversation,
                up_to,
            } => self.read(conversation, *up_to, None),
            Event::ReadItems {
                conversation,
                positions,
            } => self.read_items(conversation, positions),
            Event::MarkedUnread {
                conversation,
                marked,
            } => self.mark(conversation, *marked, None),
            Event::Level {
                conversation,
                level,
            } => self.level(conversation, *level),
            Event::Removed { conversation } => self.remove(conversation),
        }
    }

    /// Applies what the person did on a phone. It may be about a conversation that the backend has not
    /// reported yet; but a phone that names ever new ones must not fill the database.
    pub fn action(&mut self, action: &Action, on: Phone<'_>) -> Result<Outcome, R::Error> {
        self.reporting = false;
        let known = self.rows.conversation(action.conversation())?;
        if let Some(known) = known {
            return self.act(action, on, known.state.removed);
        }
        let others = match self.phones_only {
            Some(others) => others,
            None => self.rows.phones_only()?,
        };
        if others >= PHONES_ONLY {
            self.phones_only = Some(others);
            return Ok(Outcome::Rejected("there is no such conversation"));
        }
        let outcome = self.act(action, on, false)?;
        self.phones_only = Some(others + usize::from(outcome.version().is_some()));
        Ok(outcome)
    }

    fn act(&mut self, action: &Action, on: Phone<'_>, removed: bool) -> Result<Outcome, R::Error> {
        match action {
            Action::ReadUpTo {
                conversation,
                position,
            } => self.read(conversation, *position, Some(on)),
            Action::ReadItems {
                conversation,
                positions,
            } => self.read_items(conversation, positions),
            Action::MarkedUnread { .. } | Action::SetLevel { .. } if removed => {
                Ok(Outcome::Rejected("the conversation was removed"))
            }
            Action::MarkedUnread {
                conversation,
                marked,
            } => self.mark(conversation, *marked, Some(on)),
            Action::SetLevel {
                conversation,
                level,
            } => self.level(conversation, *level),
        }
    }

    /// Takes over a whole state from a backend that counts by itself.
    ///
    /// The read marker only ever rises, so that a state which does not know of a read on a phone
    /// does not bring back what was read there.
    pub fn upsert(
        &mut self,
        id: &ConversationId,
        upsert: &ConversationUpsert,
    ) -> Result<Outcome, R::Error> {
        self.reporting = true;
        let mut next = self.take(id)?;
        self.forget(&mut next, NEWEST)?;
        let state = &mut next.state;
        state.removed = false;
        state.read_up_to = if faults::is(Fault::StateMovesMarkerBack) {
            upsert.read_up_to
        } else {
            state.read_up_to.max(upsert.read_up_to)
        };
        state.newest = upsert.newest;
        state.level = upsert.level;
        let marker = state.read_up_to;
        if !upsert.marked_unread {
            unmark(&mut next);
        } else if !state.marked_unread {
            self.set_mark(&mut next, None);
        }
        next.told = ToldCounts {
            unread: upsert.unread,
            mentions: upsert.mentions,
            newest: upsert.newest,
        }
        .above(marker);
        self.settle(next)
    }

    fn item(
        &mut self,
        id: &ConversationId,
        position: Position,
        mention: bool,
    ) -> Result<Outcome, R::Error> {
        let mut next = self.take(id)?;
        let mut added = Counted::default();
        if position > next.state.read_up_to || faults::is(Fault::LateItemCounts) {
            added = self.rows.insert_item(id, position, mention)?;
            next.items = next.items.and(added);
            next.state.removed = false;
        } else if next.state.removed {
            return Ok(Outcome::Unchanged);
        }
        next.state.newest = next.state.newest.max(position);
        Ok(match self.settle(next)? {
            Outcome::Changed(version) if added.items > 0 => Outcome::Arrived(version),
            outcome => outcome,
        })
    }

    fn read(
        &mut self,
        id: &ConversationId,
        up_to: Position,
        on: Option<Phone<'_>>,
    ) -> Result<Outcome, R::Error> {
        let mut next = self.take(id)?;
        // A report that is older than the marker says nothing of a mark that was made since.
        let late = up_to < next.state.read_up_to;
        next.state.read_up_to = if faults::is(Fault::MarkerFalls) {
            up_to
        } else {
            next.state.read_up_to.max(up_to)
        };
        let marker = next.state.read_up_to;
        self.forget(&mut next, marker)?;
        next.told = if up_to >= next.told.newest {
            ToldCounts::default()
        } else {
            next.told.above(next.state.read_up_to)
        };
        if on.map_or(!late, |on| on.knows_the_mark(&next)) && !faults::is(Fault::ReadKeepsTheMark) {
            unmark(&mut next);
        }
        self.settle(next)
    }

    fn read_items(
        &mut self,
        id: &ConversationId,
        positions: &[Position],
    ) -> Result<Outcome, R::Error> {
        let mut next = self.take(id)?;
        let marker = next.state.read_up_to;
        let above: Vec<Position> = positions
            .iter()
            .copied()
            .filter(|position| *position > marker)
            .collect();
        if above.is_empty() {
            return self.settle(next);
        }
        let read = self.rows.read_items(id, &above)?;
        next.items = next.items.without(read);
        match self.rows.conversation(id)? {
            Some(_) => self.settle(next),
            // What was read ahead is kept with a conversation, so there must be one.
            None => self.commit(next, &Conversation::empty(id.clone())),
        }
    }

    fn mark(
        &mut self,
        id: &ConversationId,
        marked: bool,
        on: Option<Phone<'_>>,
    ) -> Result<Outcome, R::Error> {
        let mut next = self.take(id)?;
        if marked {
            next.state.removed = false;
            self.set_mark(&mut next, on.map(|on| on.device));
        } else if on.is_none_or(|on| on.knows_the_mark(&next)) {
            unmark(&mut next);
        }
        self.settle(next)
    }

    /// Marks it at the version that this takes; marking it again takes none.
    fn set_mark(&self, next: &mut Conversation, by: Option<&DeviceId>) {
        next.marked_at = if next.state.marked_unread {
            self.sums.head
        } else {
            self.sums.head.next()
        };
        next.marked_by = by.cloned();
        next.state.marked_unread = true;
    }

    fn level(&mut self, id: &ConversationId, level: Level) -> Result<Outcome, R::Error> {
        let mut next = self.take(id)?;
        next.state.removed = false;
        next.state.level = level;
        self.settle(next)
    }

    /// Leaves a tombstone whose marker covers every item so far, so that one that is reported late
    /// does not bring the conversation back.
    fn remove(&mut self, id: &ConversationId) -> Result<Outcome, R::Error> {
        if self.rows.conversation(id)?.is_none() {
            return Ok(Outcome::Unchanged);
        }
        let mut next = self.take(id)?;
        let marker = next.state.read_up_to.max(next.state.newest);
        self.forget(&mut next, NEWEST)?;
        next.told = ToldCounts::default();
        next.state.read_up_to = marker;
        next.state.level = Level::All;
        unmark(&mut next);
        next.state.removed = true;
        self.settle(next)
    }

    fn forget(&mut self, next: &mut Conversation, up_to: Position) -> Result<(), R::Error> {
        let forgotten = self.rows.forget_items(&next.state.id, up_to)?;
        next.items = next.items.without(forgotten);
        Ok(())
    }

    fn take(&mut self, id: &ConversationId) -> Result<Conversation, R::Error> {
        let known = self.rows.conversation(id)?;
        let mut taken = known.unwrap_or_else(|| Conversation::empty(id.clone()));
        taken.reported |= self.reporting;
        Ok(taken)
    }

    /// Adds up the conversation, and gives it the next version if phones would see a difference.
    fn settle(&mut self, mut next: Conversation) -> Result<Outcome, R::Error> {
        let before = self.rows.conversation(&next.state.id)?;
        next.state.unread = next.told.unread.saturating_add(next.items.items);
        next.state.mentions = next.told.mentions.saturating_add(next.items.mentions);
        let old = before
            .clone()
            .unwrap_or_else(|| Conversation::empty(next.state.id.clone()));
        if next.state == old.state {
            if before.as_ref().is_some_and(|before| *before != next) {
                self.rows.save(&next)?;
            }
            return Ok(Outcome::Unchanged);
        }
        self.commit(next, &old)
    }

    /// Gives a conversation the next version.
    fn commit(&mut self, mut next: Conversation, old: &Conversation) -> Result<Outcome, R::Error> {
        let version = faults::version(self.sums.head);
        next.state.version = version;
        self.sums = Sums {
            head: version,
            totals: self
                .sums
                .totals
                .replacing(faults::counted(&old.state), faults::counted(&next.state)),
            digest: self
                .sums
                .digest
                .replacing(faults::digest(&old.state), faults::digest(&next.state)),
        };
        self.rows.save(&next)?;
        Ok(Outcome::Changed(version))
    }
}

fn unmark(conversation: &mut Conversation) {
    conversation.state.marked_unread = false;
    conversation.marked_by = None;
}

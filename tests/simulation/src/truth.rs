//! What an account's read state must be: a straightforward model, written from `docs/PROTOCOL.md`,
//! that keeps every item and the whole history. The relay is held against it at every commit.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    rc::Rc,
};

use truebadge_protocol::{
    ConversationId, ConversationState, Digest, Epoch, Level, Position, Totals, Version,
    messages::{Action, Event, Operation},
};

use crate::audit::Recorded;

/// One conversation, with its items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conversation {
    /// Unread items, and whether each mentions the person.
    unread: BTreeMap<u64, bool>,
    /// Items above the marker that were read one by one.
    read_singly: BTreeSet<u64>,
    newest: u64,
    read_up_to: u64,
    marked: bool,
    /// The version of the last mark.
    marked_at: u64,
    /// The phone under test made it.
    marked_here: bool,
    level: u8,
    removed: bool,
    version: u64,
}

impl Conversation {
    /// As it travels.
    pub fn state(&self, id: &ConversationId) -> ConversationState {
        let mentions = self.unread.values().filter(|mention| **mention).count();
        ConversationState {
            version: version(self.version),
            unread: count(self.unread.len()),
            mentions: count(mentions),
            newest: position(self.newest),
            read_up_to: position(self.read_up_to),
            level: Level::from_code(self.level).unwrap_or_default(),
            marked_unread: self.marked,
            removed: self.removed,
            ..ConversationState::empty(id.clone())
        }
    }

    fn looks_like(&self, other: &Self) -> bool {
        let visible = |one: &Self| {
            let mentions = one.unread.values().filter(|mention| **mention).count();
            let counts = (one.unread.len(), mentions, one.newest, one.read_up_to);
            (counts, one.marked, one.level, one.removed)
        };
        visible(self) == visible(other)
    }

    fn item(&mut self, position: u64, mention: bool) {
        if position > self.read_up_to {
            if !self.read_singly.contains(&position) {
                *self.unread.entry(position).or_default() |= mention;
            }
            self.removed = false;
        } else if self.removed {
            return;
        }
        self.newest = self.newest.max(position);
    }

    fn forget_up_to(&mut self, marker: u64) {
        self.unread.retain(|position, _| *position > marker);
        self.read_singly.retain(|position| *position > marker);
    }

    fn read(&mut self, up_to: u64, unmarks: bool) {
        self.read_up_to = self.read_up_to.max(up_to);
        self.forget_up_to(self.read_up_to);
        if unmarks {
            self.unmark();
        }
    }

    fn read_items(&mut self, positions: &[Position]) {
        for position in positions.iter().map(|position| position.get()) {
            if position > self.read_up_to {
                self.unread.remove(&position);
                self.read_singly.insert(position);
            }
        }
    }

    fn unmark(&mut self) {
        self.marked = false;
        self.marked_here = false;
    }

    fn mark(&mut self, head: u64, here: bool) {
        self.removed = false;
        self.marked_at = if self.marked { head } else { head + 1 };
        self.marked = true;
        self.marked_here = here;
    }

    fn remove(&mut self) {
        let marker = self.read_up_to.max(self.newest);
        self.forget_up_to(u64::MAX);
        self.read_up_to = marker;
        self.level = 0;
        self.unmark();
        self.removed = true;
    }

    /// How many unread items lie above a position.
    pub fn unread_above(&self, position: u64) -> usize {
        self.unread.range(position + 1..).count()
    }
}

/// What was committed at one moment.
#[derive(Debug, Clone, Default)]
pub struct Committed {
    /// The newest version.
    pub head: u64,
    /// Every conversation that was ever named.
    pub conversations: BTreeMap<ConversationId, Rc<Conversation>>,
    /// What they add up to, once somebody asked.
    sums: OnceCell<(Totals, Digest)>,
}

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Backend,
    /// The phone under test, which saw this version.
    Phone(u64),
}

/// What became of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// It is in effect.
    Applied,
    /// It cannot be done.
    Rejected,
}

impl Committed {
    /// What counts.
    pub fn totals(&self) -> Totals {
        self.sums().0
    }

    /// The digest.
    pub fn digest(&self) -> Digest {
        self.sums().1
    }

    fn sums(&self) -> (Totals, Digest) {
        *self.sums.get_or_init(|| {
            let states = self.states();
            let active = states.iter().filter(|state| state.is_active());
            (Totals::of(&states), Digest::of(active))
        })
    }

    /// Every conversation as it travels.
    pub fn states(&self) -> Vec<ConversationState> {
        let all = self.conversations.iter();
        all.map(|(id, one)| one.state(id)).collect()
    }

    /// One conversation; an empty one when it was never named.
    pub fn conversation(&self, id: &ConversationId) -> Conversation {
        let known = self.conversations.get(id);
        known.map(|known| (**known).clone()).unwrap_or_default()
    }

    /// An event of the app's backend.
    pub fn event(&mut self, event: &Event) {
        match event {
            Event::Item {
                conversation,
                position,
                mention,
                ..
            } => self.change(conversation, |next, _| next.item(position.get(), *mention)),
            Event::Read {
                conversation,
                up_to,
            } => self.read(conversation, *up_to, By::Backend),
            Event::ReadItems {
                conversation,
                positions,
            } => self.read_items(conversation, positions),
            Event::MarkedUnread {
                conversation,
                marked,
            } => self.mark(conversation, *marked, By::Backend),
            Event::Level {
                conversation,
                level,
            } => self.level(conversation, *level),
            Event::Removed { conversation } => {
                if self.conversations.contains_key(conversation) {
                    self.change(conversation, |next, _| next.remove());
                }
            }
        }
    }

    /// Something that the person did on the phone.
    pub fn act(&mut self, action: &Action, seen: Version) -> Became {
        let by = By::Phone(seen.get());
        let removed = self.conversation(action.conversation()).removed;
        match action {
            Action::ReadUpTo {
                conversation,
                position,
            } => self.read(conversation, *position, by),
            Action::ReadItems {
                conversation,
                positions,
            } => self.read_items(conversation, positions),
            Action::MarkedUnread { .. } | Action::SetLevel { .. } if removed => {
                return Became::Rejected;
            }
            Action::MarkedUnread {
                conversation,
                marked,
            } => self.mark(conversation, *marked, by),
            Action::SetLevel {
                conversation,
                level,
            } => self.level(conversation, *level),
        }
        Became::Applied
    }

    fn read(&mut self, id: &ConversationId, up_to: Position, by: By) {
        self.change(id, |next, _| {
            let unmarks = match by {
                By::Backend => up_to.get() >= next.read_up_to,
                By::Phone(seen) => seen >= next.marked_at || next.marked_here,
            };
            next.read(up_to.get(), unmarks);
        });
    }

    fn read_items(&mut self, id: &ConversationId, positions: &[Position]) {
        let marker = self.conversation(id).read_up_to;
        let ahead = positions.iter().any(|position| position.get() > marker);
        if !self.conversations.contains_key(id) && ahead {
            // What was read ahead is kept with a conversation, so there must be one.
            self.head += 1;
            self.sums = OnceCell::new();
            let named = Conversation {
                version: self.head,
                ..Conversation::default()
            };
            self.conversations.insert(id.clone(), Rc::new(named));
        }
        self.change(id, |next, _| next.read_items(positions));
    }

    fn mark(&mut self, id: &ConversationId, marked: bool, by: By) {
        self.change(id, |next, head| match by {
            _ if marked => next.mark(head, by != By::Backend),
            By::Phone(seen) if seen < next.marked_at && !next.marked_here => {}
            _ => next.unmark(),
        });
    }

    fn level(&mut self, id: &ConversationId, level: Level) {
        self.change(id, |next, _| {
            next.removed = false;
            next.level = level.code();
        });
    }

    fn change(&mut self, id: &ConversationId, change: impl FnOnce(&mut Conversation, u64)) {
        let old = self.conversation(id);
        let mut next = old.clone();
        change(&mut next, self.head);
        if !next.looks_like(&old) {
            self.head += 1;
            next.version = self.head;
        }
        self.sums = OnceCell::new();
        if next != old {
            self.conversations.insert(id.clone(), Rc::new(next));
        }
    }
}

/// An account's whole history.
#[derive(Debug)]
pub struct Truth {
    /// Everything that was ever committed, oldest first; the first is the empty account.
    pub past: Vec<Committed>,
    /// The phone's operations, and from which moment on each is in it, and how.
    pub included: HashMap<String, (usize, Became)>,
    /// Which operation has a number in this history.
    pub numbers: HashMap<u64, String>,
    /// The highest operation of the phone; none in a history in which it sent none.
    pub acknowledged: Option<u64>,
    /// The history's name, once the relay told it.
    pub epoch: Option<Epoch>,
    /// From which moment on this history is.
    pub began: usize,
    /// Operations that took effect in a history that was lost.
    pub forgotten: HashSet<String>,
}

impl Default for Truth {
    fn default() -> Self {
        Self {
            past: vec![Committed::default()],
            included: HashMap::new(),
            numbers: HashMap::new(),
            acknowledged: None,
            epoch: None,
            began: 0,
            forgotten: HashSet::new(),
        }
    }
}

impl Truth {
    /// What is committed now.
    pub fn now(&self) -> &Committed {
        let newest = self.past.len() - 1;
        &self.past[newest]
    }

    /// Whether something like this was ever committed: a version, and the digest at it.
    pub fn has_been(&self, head: u64, digest: Digest) -> bool {
        let mut there = self.past.iter().filter(|state| state.head == head);
        there.any(|state| state.digest() == digest)
    }

    /// Whether another operation has this one's number.
    pub fn has_another(&self, one: &Recorded) -> bool {
        let has = self.numbers.get(&one.pending.number);
        has.is_some_and(|id| *id != one.id)
    }

    /// The first of the moments up to this one between which a conversation did not change.
    pub fn since(&self, moment: usize, id: &ConversationId) -> usize {
        let version = |moment: usize| self.past[moment].conversation(id).version;
        let same = |earlier: &usize| version(*earlier) == version(moment);
        (0..=moment).rev().take_while(same).last().unwrap_or(moment)
    }

    /// Events of one call.
    pub fn events(&mut self, events: &[Event]) {
        let mut next = self.now().clone();
        for event in events {
            next.event(event);
        }
        self.past.push(next);
    }

    /// Operations of one call, the cursor's history being this one or not. Those that leave a hole
    /// undo the whole call: nothing happens.
    pub fn operations(&mut self, operations: &[Operation], seen_here: bool) -> Taken {
        let mut next = self.now().clone();
        let first = operations
            .first()
            .map(|first| first.number.saturating_sub(1));
        let mut acknowledged = self.acknowledged.or(first).unwrap_or(0);
        let mut became = Vec::new();
        for operation in operations {
            if operation.number <= acknowledged {
                continue;
            }
            if operation.number > acknowledged + 1 {
                return Taken::Hole;
            }
            acknowledged = operation.number;
            let seen = if seen_here {
                operation.seen
            } else {
                Version::ZERO
            };
            became.push((operation.clone(), next.act(&operation.action, seen)));
        }
        if !operations.is_empty() {
            self.acknowledged = Some(acknowledged);
        }
        let at = self.past.len();
        self.past.push(next);
        let (mut again, mut after_an_older_one) = (Vec::new(), false);
        for (operation, what) in &became {
            let id = operation.id.as_str().to_owned();
            self.numbers.insert(operation.number, id.clone());
            let was_lost = self.forgotten.contains(&id);
            let before = self.included.insert(id, (at, *what));
            let here = before.is_some_and(|(before, _)| before >= self.began);
            // What another history confirmed goes again, as nobody tells whether it was lost. And what was
            // done after it goes again with it, so that the last one stays the last.
            after_an_older_one |= was_lost || (before.is_some() && !here);
            if here && !after_an_older_one {
                again.push(operation.number);
            }
        }
        Taken::All { became, again }
    }

    /// A new history begins with what there was at a moment.
    pub fn restore(&mut self, moment: usize) {
        self.past.push(self.past[moment].clone());
        // What took effect since is lost, and the phone sends it again if it still has it.
        let lost = self.included.iter().filter(|(_, (at, _))| *at > moment);
        self.forgotten.extend(lost.map(|(id, _)| id.clone()));
        self.included.retain(|_, (at, _)| *at <= moment);
        self.restart();
    }

    /// A new history begins with what there is.
    pub fn restart(&mut self) {
        self.acknowledged = None;
        self.numbers.clear();
        self.epoch = None;
        self.began = self.past.len();
    }
}

/// What became of a call with operations.
#[derive(Debug)]
pub enum Taken {
    /// One of them was not the next: nothing happened.
    Hole,
    /// Each one that was not there yet, and what became of it; and those that had taken effect
    /// before, under another number.
    All {
        /// The new ones.
        became: Vec<(Operation, Became)>,
        /// Of these, those whose id had taken effect.
        again: Vec<u64>,
    },
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn position(number: u64) -> Position {
    Position::new(number).unwrap_or(Position::ZERO)
}

fn version(number: u64) -> Version {
    Version::new(number).unwrap_or(Version::ZERO)
}

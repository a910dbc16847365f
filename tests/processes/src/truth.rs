//! Every number that a badge may show.
//!
//! Some conversations are read on the phone only, some by the backend only. So what the phone must
//! show is a state that the relay committed, less what was read here, whether the relay has those
//! operations or not: this holds at every moment, without knowing how far the phone is.

use std::collections::BTreeMap;

use truebadge_protocol::ConversationState;

use crate::orders::Deed;

/// A state that the relay committed, as far as the backend made it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// The newest position of the conversations that the phone reads; their items have no holes.
    pub read_here: BTreeMap<String, u64>,
    /// What the backend's own conversations count.
    pub elsewhere: u64,
}

/// What the person did on the phone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// The read markers.
    pub read: BTreeMap<String, u64>,
    /// The marks.
    pub marked: BTreeMap<String, bool>,
    /// How many operations that were.
    pub count: u64,
}

impl Done {
    /// One more.
    pub fn add(&mut self, deed: &Deed) {
        self.count += 1;
        match deed {
            Deed::Read {
                conversation,
                up_to,
            } => {
                let marker = self.read.entry(conversation.clone()).or_default();
                *marker = (*marker).max(*up_to);
            }
            Deed::Mark {
                conversation,
                marked,
            } => {
                self.marked.insert(conversation.clone(), *marked);
            }
        }
    }

    /// Asserts that the relay has all of it, or that `will_send` says that the phone will still tell
    /// it (S3).
    pub fn assert_kept(&self, relay: &[ConversationState], will_send: impl Fn(&Deed) -> bool) {
        let known: BTreeMap<_, _> = relay.iter().map(|row| (row.id.as_str(), row)).collect();
        for (id, up_to) in &self.read {
            let deed = Deed::Read {
                conversation: id.clone(),
                up_to: *up_to,
            };
            let row = known.get(id.as_str());
            let has = row.is_some_and(|row| row.read_up_to.get() >= *up_to);
            assert!(has || will_send(&deed), "{deed:?} was lost; {row:?}");
        }
        for (id, marked) in &self.marked {
            let deed = Deed::Mark {
                conversation: id.clone(),
                marked: *marked,
            };
            let row = known.get(id.as_str());
            let has = row.is_some_and(|row| row.marked_unread) == *marked;
            assert!(has || will_send(&deed), "{deed:?} was lost; {row:?}");
        }
    }

    fn read_up_to(&self, conversation: &str) -> u64 {
        self.read.get(conversation).copied().unwrap_or_default()
    }
}

/// The badge of a phone that knows this state, on which this was done.
pub fn badge(state: &State, done: &Done) -> u32 {
    let unread = |(id, newest): (&String, &u64)| newest.saturating_sub(done.read_up_to(id));
    let read_here: u64 = state.read_here.iter().map(unread).sum();
    let marked = done.marked.values().filter(|marked| **marked).count();
    let total = read_here + state.elsewhere + marked as u64;
    u32::try_from(total).unwrap()
}

/// The states of one history, and how far the badge is.
#[derive(Debug, Clone)]
pub struct Truth {
    states: Vec<State>,
    shown: usize,
}

impl Truth {
    /// A relay at this state, which the phone knows of.
    pub fn new(state: State) -> Self {
        Self {
            states: vec![state],
            shown: 0,
        }
    }

    /// The relay committed another state.
    pub fn commit(&mut self, state: State) {
        self.states.push(state);
    }

    /// The newest state.
    pub fn newest(&self) -> &State {
        &self.states[self.states.len() - 1]
    }

    /// A badge was set. It must be that of a state which is not older than the one before (S1, S2);
    /// otherwise gives what would have been right, oldest first.
    pub fn show(&mut self, badge_set: u32, done: &Done) -> Result<(), Vec<u32>> {
        let right: Vec<u32> = self.states[self.shown..]
            .iter()
            .map(|state| badge(state, done))
            .collect();
        match right.iter().position(|right| *right == badge_set) {
            Some(further) => {
                self.shown += further;
                Ok(())
            }
            None => Err(right),
        }
    }

    /// The phone is known to be at the newest state: the older ones are forgotten.
    pub fn reached(&mut self) {
        self.states.drain(..self.states.len() - 1);
        self.shown = 0;
    }
}

//! A straightforward account: what a history of events comes to, by the protocol's words alone.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    counting::{Level, Row},
    scene::{item, mark},
};

/// Conversations that a history is about.
const CONVERSATIONS: u64 = 6;
/// Positions that its items have.
const POSITIONS: u64 = 12;

/// A small random sequence, the same for the same seed.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// From a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `most` (SplitMix64).
    pub fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % most.max(1)
    }
}

#[derive(Debug, Clone, Default)]
struct Conversation {
    /// Positions that arrived, and whether they mention the person.
    items: BTreeMap<u64, bool>,
    read: BTreeSet<u64>,
    newest: u64,
    read_up_to: u64,
    level: Level,
    marked: bool,
    removed: bool,
}

/// An account.
#[derive(Debug, Clone, Default)]
pub struct Model(BTreeMap<String, Conversation>);

impl Model {
    /// Thinks of an event, applies it here, and returns it as it is reported.
    pub fn next(&mut self, dice: &mut Dice) -> Value {
        let id = format!("c{}", dice.below(CONVERSATIONS));
        let known = self.0.contains_key(&id);
        let conversation = self.0.entry(id.clone()).or_default();
        let at = 1 + dice.below(POSITIONS);
        match dice.below(10) {
            // What a mark or a level does to a removed conversation is not said: an item comes first.
            _ if conversation.removed || !known => {
                let at = conversation.newest.max(conversation.read_up_to) + 1;
                conversation.item(at);
                described(item(&id, at), at)
            }
            0..=4 => {
                conversation.item(at);
                described(item(&id, at), at)
            }
            5 => {
                conversation.marked &= at < conversation.read_up_to;
                conversation.read_up_to = conversation.read_up_to.max(at);
                json!({ "type": "read", "conversation": id, "up_to": at })
            }
            6 => {
                // Of one that did not arrive yet nothing is said.
                let there = conversation.items.contains_key(&at);
                conversation.read.extend(there.then_some(at));
                let positions: Vec<u64> = there.then_some(at).into_iter().collect();
                json!({ "type": "read_items", "conversation": id, "positions": positions })
            }
            7 => {
                conversation.marked = dice.below(2) == 0;
                mark(&id, conversation.marked)
            }
            8 => {
                conversation.level = [Level::All, Level::Mentions, Level::None]
                    [usize::from(at.is_multiple_of(3)) + usize::from(at.is_multiple_of(2))];
                let word = conversation.level.word();
                json!({ "type": "level", "conversation": id, "level": word })
            }
            _ => {
                conversation.remove();
                json!({ "type": "removed", "conversation": id })
            }
        }
    }

    /// The rows that a phone has now, without their versions.
    pub fn active(&self) -> Vec<Row> {
        let rows = self.0.iter().map(|(id, conversation)| conversation.row(id));
        rows.filter(Row::is_active).collect()
    }
}

/// Every third position mentions the person, whenever it is reported.
const fn mentions(position: u64) -> bool {
    position.is_multiple_of(3)
}

fn described(mut event: Value, position: u64) -> Value {
    event["mention"] = mentions(position).into();
    event
}

impl Conversation {
    fn item(&mut self, at: u64) {
        if at > self.read_up_to {
            self.items.insert(at, mentions(at));
            self.removed = false;
        }
        if !self.removed {
            self.newest = self.newest.max(at);
        }
    }

    fn remove(&mut self) {
        *self = Self {
            newest: self.newest,
            read_up_to: self.read_up_to.max(self.newest),
            removed: true,
            ..Self::default()
        };
    }

    fn row(&self, id: &str) -> Row {
        let unread = || {
            let items = self.items.iter();
            items.filter(|(at, _)| **at > self.read_up_to && !self.read.contains(at))
        };
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        Row {
            id: id.to_owned(),
            version: 0,
            unread: count(unread().count()),
            mentions: count(unread().filter(|(_, mention)| **mention).count()),
            newest: self.newest,
            read_up_to: self.read_up_to,
            level: self.level,
            marked_unread: self.marked,
            removed: self.removed,
        }
    }
}

//! Conversations in memory: the plainest [`Rows`], against which stores are compared.

use std::{
    collections::{BTreeMap, HashMap},
    convert::Infallible,
};

use truebadge_protocol::{ConversationId, Position};

use super::{Conversation, Counted, PHONES_ONLY, READ_AHEAD, READ_SINGLY, Rows};

#[derive(Debug, Clone, Copy)]
struct Item {
    mention: bool,
    read: bool,
    reported: bool,
}

/// An account's conversations in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryRows {
    conversations: HashMap<ConversationId, Conversation>,
    items: HashMap<ConversationId, BTreeMap<Position, Item>>,
}

impl MemoryRows {
    /// Every conversation, removed ones too.
    pub fn conversations(&self) -> impl Iterator<Item = &Conversation> {
        self.conversations.values()
    }
}

impl Rows for MemoryRows {
    type Error = Infallible;

    fn conversation(&mut self, id: &ConversationId) -> Result<Option<Conversation>, Infallible> {
        Ok(self.conversations.get(id).cloned())
    }

    fn save(&mut self, conversation: &Conversation) -> Result<(), Infallible> {
        self.conversations
            .insert(conversation.state.id.clone(), conversation.clone());
        Ok(())
    }

    fn phones_only(&mut self) -> Result<usize, Infallible> {
        let phones_only = self.conversations.values().filter(|known| !known.reported);
        Ok(phones_only.take(PHONES_ONLY).count())
    }

    fn insert_item(
        &mut self,
        id: &ConversationId,
        position: Position,
        mention: bool,
    ) -> Result<Counted, Infallible> {
        let items = self.items.entry(id.clone()).or_default();
        let Some(item) = items.get_mut(&position) else {
            let arrived = Item {
                mention,
                read: false,
                reported: true,
            };
            items.insert(position, arrived);
            return Ok(one(mention));
        };
        let raised = mention && !item.mention && !item.read;
        item.mention |= mention;
        item.reported = true;
        Ok(Counted {
            items: 0,
            mentions: u32::from(raised),
        })
    }

    fn read_items(
        &mut self,
        id: &ConversationId,
        positions: &[Position],
    ) -> Result<Counted, Infallible> {
        let all = self.items.values().flat_map(BTreeMap::values);
        let mut ahead = all.filter(|item| !item.reported).count();
        let items = self.items.entry(id.clone()).or_default();
        let mut was_unread = Counted::default();
        for position in positions {
            if let Some(item) = items.get_mut(position) {
                if !std::mem::replace(&mut item.read, true) {
                    was_unread = was_unread.and(one(item.mention));
                }
            } else if ahead < READ_AHEAD {
                ahead += 1;
                let unknown = Item {
                    mention: false,
                    read: true,
                    reported: false,
                };
                items.insert(*position, unknown);
            }
        }
        let read = items.iter().rev().filter(|(_, item)| item.read);
        if let Some(oldest) = read.map(|(position, _)| *position).nth(READ_SINGLY) {
            items.retain(|position, item| !item.read || *position > oldest);
        }
        Ok(was_unread)
    }

    fn forget_items(
        &mut self,
        id: &ConversationId,
        up_to: Position,
    ) -> Result<Counted, Infallible> {
        let mut forgotten = Counted::default();
        if let Some(items) = self.items.get_mut(id) {
            items.retain(|position, item| {
                let kept = *position > up_to;
                if !kept && !item.read {
                    forgotten = forgotten.and(one(item.mention));
                }
                kept
            });
        }
        Ok(forgotten)
    }
}

fn one(mention: bool) -> Counted {
    Counted {
        items: 1,
        mentions: u32::from(mention),
    }
}

//! Conversations in memory: the plainest [`Rows`], against which stores are compared.

use std::{
    collections::{BTreeMap, HashMap},
    convert::Infallible,
};

use truebadge_protocol::{ConversationId, Position};

use super::{Conversation, Counted, Rows};

#[derive(Debug, Clone, Copy)]
struct Item {
    mention: bool,
    read: bool,
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

    fn insert_item(
        &mut self,
        id: &ConversationId,
        position: Position,
        mention: bool,
    ) -> Result<Counted, Infallible> {
        let items = self.items.entry(id.clone()).or_default();
        let Some(item) = items.get_mut(&position) else {
            let read = false;
            items.insert(position, Item { mention, read });
            return Ok(Counted {
                items: 1,
                mentions: u32::from(mention),
            });
        };
        let raised = mention && !item.mention && !item.read;
        item.mention |= mention;
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
        let items = self.items.entry(id.clone()).or_default();
        let mut read = Counted::default();
        for position in positions {
            let mention = items.get(position).is_some_and(|item| item.mention);
            let done = Item {
                mention,
                read: true,
            };
            if items.insert(*position, done).is_some_and(|item| !item.read) {
                read = read.and(one(mention));
            }
        }
        Ok(read)
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

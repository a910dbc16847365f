//! An account, as far as a badge needs it: conversations, what is unread in them, and the number.

use std::collections::VecDeque;

use super::workload::{CONVERSATIONS, Event};

/// What is unread, at one place: in truth, on a server, on a phone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    conversations: [Conversation; CONVERSATIONS.len()],
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Conversation {
    /// The newest item; they are numbered from 1.
    newest: u32,
    /// Items that are unread, oldest first, and whether each counts.
    unread: VecDeque<(u32, bool)>,
    marked: bool,
}

impl Conversation {
    fn counts(&self) -> u32 {
        let counted = self.unread.iter().filter(|(_, counts)| *counts).count();
        let counted = u32::try_from(counted).unwrap_or(u32::MAX);
        let by_hand = self.marked && self.unread.is_empty();
        counted.max(u32::from(by_hand))
    }

    fn read(&mut self, up_to: u32) {
        while self.unread.front().is_some_and(|(item, _)| *item <= up_to) {
            self.unread.pop_front();
        }
    }
}

impl Account {
    /// What the badge shows: every unread item that counts, and one for a conversation that was
    /// marked unread by hand and has no unread item.
    pub fn badge(&self) -> u32 {
        self.conversations.iter().map(Conversation::counts).sum()
    }

    /// What happened to it; what happens to phones changes nothing.
    pub fn follow(&mut self, event: &Event) {
        match *event {
            Event::Item {
                conversation,
                mention,
                ..
            } => {
                let counts = mention || !CONVERSATIONS[conversation].only_mentions;
                let one = &mut self.conversations[conversation];
                one.newest += 1;
                one.unread.push_back((one.newest, counts));
            }
            Event::ReadElsewhere {
                conversation,
                up_to,
            } => {
                self.conversations[conversation].marked = false;
                self.conversations[conversation].read(up_to);
            }
            Event::ReadHere {
                conversation,
                up_to,
            } => self.conversations[conversation].read(up_to),
            Event::MarkElsewhere(conversation) => self.conversations[conversation].marked = true,
            Event::Phone(_) | Event::Servers(_) => {}
        }
    }

    /// The newest item of a conversation.
    pub fn newest(&self, conversation: usize) -> u32 {
        self.conversations[conversation].newest
    }

    /// The oldest unread item of a conversation.
    pub fn oldest_unread(&self, conversation: usize) -> Option<u32> {
        let unread = &self.conversations[conversation].unread;
        unread.front().map(|(item, _)| *item)
    }

    /// How many items above `item` are unread.
    pub fn unread_above(&self, conversation: usize, item: u32) -> u32 {
        let unread = &self.conversations[conversation].unread;
        let above = unread.iter().filter(|(other, _)| *other > item).count();
        u32::try_from(above).unwrap_or(u32::MAX)
    }

    /// Whether the person marked a conversation unread.
    pub fn is_marked(&self, conversation: usize) -> bool {
        self.conversations[conversation].marked
    }
}

//! An account's conversations and items as rows of the open transaction.

use rusqlite::{Connection, OptionalExtension, Row, params};
use truebadge_protocol::{ConversationId, ConversationState, DeviceId, Level, Position, Version};

use super::convert::{count, from_sql, id, number, optional_id, signed};
use crate::{
    faults::{self, Fault},
    model::{Conversation, Counted, PHONES_ONLY, READ_AHEAD, READ_SINGLY, Rows, ToldCounts},
    store::StoreError,
};

/// The columns of [`conversation`], in its order.
pub const COLUMNS: &str = "id, version, unread, mentions, newest, read_up_to, level, \
     marked_unread, removed, marked_at, marked_by, told_unread, told_mentions, told_newest, \
     items, item_mentions, reported";

/// Reads a row with [`COLUMNS`].
pub fn conversation(row: &Row<'_>) -> rusqlite::Result<Conversation> {
    let level: u8 = row.get(6)?;
    Ok(Conversation {
        state: ConversationState {
            id: id(row, 0)?,
            version: number(row, 1)?,
            unread: row.get(2)?,
            mentions: row.get(3)?,
            newest: number(row, 4)?,
            read_up_to: number(row, 5)?,
            level: Level::from_code(level).ok_or_else(|| from_sql(6, "no such level"))?,
            marked_unread: row.get(7)?,
            removed: row.get(8)?,
        },
        marked_at: number(row, 9)?,
        marked_by: optional_id(row, 10)?,
        told: ToldCounts {
            unread: row.get(11)?,
            mentions: row.get(12)?,
            newest: number(row, 13)?,
        },
        items: Counted {
            items: row.get(14)?,
            mentions: row.get(15)?,
        },
        reported: row.get(16)?,
    })
}

/// An account's rows.
pub struct AccountRows<'a> {
    /// The open transaction.
    pub tx: &'a Connection,
    /// The account's row.
    pub account: i64,
    /// How many items may still be read ahead, once that was counted.
    room_ahead: Option<usize>,
}

impl<'a> AccountRows<'a> {
    /// The rows of an account.
    pub fn new(tx: &'a Connection, account: i64) -> Self {
        Self {
            tx,
            account,
            room_ahead: None,
        }
    }

    /// Conversations above a version in ascending order, at most `limit`.
    pub fn above(
        &self,
        version: Version,
        active: bool,
        limit: usize,
    ) -> Result<Vec<ConversationState>, StoreError> {
        let filter = if active && !faults::is(Fault::ResetNamesInactive) {
            "AND removed = 0 AND (unread > 0 OR mentions > 0 OR marked_unread = 1 OR level <> 0)"
        } else {
            ""
        };
        let mut statement = self.tx.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM conversations WHERE account = ?1 AND version > ?2 {filter} \
             ORDER BY version LIMIT ?3"
        ))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = statement
            .query_map(params![self.account, signed(version.get()), limit], |row| {
                conversation(row).map(|conversation| conversation.state)
            })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl Rows for AccountRows<'_> {
    type Error = StoreError;

    fn conversation(&mut self, id: &ConversationId) -> Result<Option<Conversation>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM conversations WHERE account = ?1 AND id = ?2");
        let mut statement = self.tx.prepare_cached(&sql)?;
        let found = statement.query_row(params![self.account, id.as_str()], conversation);
        Ok(found.optional()?)
    }

    fn save(&mut self, conversation: &Conversation) -> Result<(), StoreError> {
        let state = &conversation.state;
        let sql = format!(
            "INSERT INTO conversations(account, {COLUMNS}) \
             VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18) \
             ON CONFLICT(account, id) DO UPDATE SET version = ?3, unread = ?4, mentions = ?5, \
             newest = ?6, read_up_to = ?7, level = ?8, marked_unread = ?9, removed = ?10, \
             marked_at = ?11, marked_by = ?12, told_unread = ?13, told_mentions = ?14, \
             told_newest = ?15, items = ?16, item_mentions = ?17, reported = ?18"
        );
        self.tx.prepare_cached(&sql)?.execute(params![
            self.account,
            state.id.as_str(),
            signed(state.version.get()),
            state.unread,
            state.mentions,
            signed(state.newest.get()),
            signed(state.read_up_to.get()),
            state.level.code(),
            state.marked_unread,
            state.removed,
            signed(conversation.marked_at.get()),
            conversation.marked_by.as_ref().map(DeviceId::as_str),
            conversation.told.unread,
            conversation.told.mentions,
            signed(conversation.told.newest.get()),
            conversation.items.items,
            conversation.items.mentions,
            conversation.reported,
        ])?;
        Ok(())
    }

    fn phones_only(&mut self) -> Result<usize, StoreError> {
        self.unreported("conversations", PHONES_ONLY)
    }

    fn insert_item(
        &mut self,
        id: &ConversationId,
        position: Position,
        mention: bool,
    ) -> Result<Counted, StoreError> {
        let known = self.item(id, position)?;
        let (old_mention, read) = known.unwrap_or((false, false));
        let sql = "INSERT INTO items(account, conversation, position, mention, read, reported) \
                   VALUES (?1, ?2, ?3, ?4, 0, 1) ON CONFLICT \
                   DO UPDATE SET mention = max(mention, excluded.mention), reported = 1";
        self.tx.prepare_cached(sql)?.execute(params![
            self.account,
            id.as_str(),
            signed(position.get()),
            mention
        ])?;
        Ok(Counted {
            items: u32::from(known.is_none() || faults::is(Fault::SamePositionCounts)),
            mentions: u32::from(mention && !old_mention && !read),
        })
    }

    fn read_items(
        &mut self,
        id: &ConversationId,
        positions: &[Position],
    ) -> Result<Counted, StoreError> {
        let mut room = match self.room_ahead {
            Some(room) => room,
            None => READ_AHEAD - self.unreported("items", READ_AHEAD)?,
        };
        let mut was_unread = Counted::default();
        let mut read = self.tx.prepare_cached(
            "UPDATE items SET read = 1 \
             WHERE account = ?1 AND conversation = ?2 AND position = ?3",
        )?;
        let mut read_ahead = self.tx.prepare_cached(
            "INSERT INTO items(account, conversation, position, mention, read, reported) \
             VALUES (?1, ?2, ?3, 0, 1, 0)",
        )?;
        for position in positions {
            let key = params![self.account, id.as_str(), signed(position.get())];
            match self.item(id, *position)? {
                Some((mention, false)) => {
                    read.execute(key)?;
                    was_unread = was_unread.and(Counted {
                        items: 1,
                        mentions: u32::from(mention),
                    });
                }
                None if room > 0 => {
                    read_ahead.execute(key)?;
                    room -= 1;
                }
                Some((_, true)) | None => {}
            }
        }
        self.room_ahead = Some(room);
        self.forget_read_singly(id)?;
        Ok(was_unread)
    }

    fn forget_items(
        &mut self,
        id: &ConversationId,
        up_to: Position,
    ) -> Result<Counted, StoreError> {
        let key = params![self.account, id.as_str(), signed(up_to.get())];
        let sql = "SELECT count(*), coalesce(sum(mention), 0) FROM items \
                   WHERE account = ?1 AND conversation = ?2 AND position <= ?3 AND read = 0";
        let forgotten = self.tx.prepare_cached(sql)?.query_row(key, |row| {
            Ok(Counted {
                items: count(row, 0)?,
                mentions: count(row, 1)?,
            })
        })?;
        let sql = "DELETE FROM items WHERE account = ?1 AND conversation = ?2 AND position <= ?3";
        self.tx.prepare_cached(sql)?.execute(key)?;
        Ok(forgotten)
    }
}

impl AccountRows<'_> {
    /// How many rows of a table the backend has not reported, counted up to a bound.
    fn unreported(&self, table: &str, bound: usize) -> Result<usize, StoreError> {
        let sql = format!(
            "SELECT count(*) FROM (SELECT 1 FROM {table} WHERE account = ?1 AND reported = 0 LIMIT ?2)"
        );
        let key = params![self.account, signed(bound as u64)];
        let mut statement = self.tx.prepare_cached(&sql)?;
        let counted: u32 = statement.query_row(key, |row| count(row, 0))?;
        Ok(usize::try_from(counted).unwrap_or(bound).min(bound))
    }

    /// An adapter that never moves the read marker would otherwise grow the file for ever.
    fn forget_read_singly(&self, id: &ConversationId) -> Result<(), StoreError> {
        let sql = "DELETE FROM items WHERE account = ?1 AND conversation = ?2 AND read = 1 AND \
                   position <= (SELECT position FROM items WHERE account = ?1 AND \
                   conversation = ?2 AND read = 1 ORDER BY position DESC LIMIT 1 OFFSET ?3)";
        let key = params![self.account, id.as_str(), signed(READ_SINGLY as u64)];
        self.tx.prepare_cached(sql)?.execute(key)?;
        Ok(())
    }

    /// An item above the read marker: whether it mentions the person, whether it was read.
    pub fn item(
        &self,
        id: &ConversationId,
        position: Position,
    ) -> Result<Option<(bool, bool)>, StoreError> {
        let sql = "SELECT mention, read FROM items \
                   WHERE account = ?1 AND conversation = ?2 AND position = ?3";
        let key = params![self.account, id.as_str(), signed(position.get())];
        let mut statement = self.tx.prepare_cached(sql)?;
        let found = statement.query_row(key, |row| Ok((row.get(0)?, row.get(1)?)));
        Ok(found.optional()?)
    }
}

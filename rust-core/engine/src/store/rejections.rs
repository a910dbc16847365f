//! What relays refused, until the app has taken note of it (S3).

use rusqlite::{Row, params};
use truebadge_protocol::{AccountId, ConversationId, messages::Operation};

use super::{AccountKey, Tx, rows::checked};
use crate::{EngineError, engine::RejectedOperation};

/// The newest that are kept of an account.
const KEPT: u32 = 256;

impl Tx<'_> {
    /// Takes an operation out of the outbox, and keeps why it was refused. One that is not there under
    /// this number is not kept either: an answer that another process got told of it already, the account
    /// was signed out meanwhile (S7), or it goes to another history under another number.
    pub(super) fn keep_rejection(
        &self,
        account: AccountKey,
        operation: &Operation,
        reason: &str,
    ) -> Result<(), EngineError> {
        let sql = "DELETE FROM operations WHERE account = ?1 AND number = ?2 AND id = ?3";
        let mut take_out = self.transaction.prepare_cached(sql)?;
        if take_out.execute(params![account, operation.number, operation.id.as_str()])? == 0 {
            return Ok(());
        }
        self.transaction
            .prepare_cached(
                "INSERT INTO rejections (account, number, conversation, reason)
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                account,
                operation.number,
                operation.action.conversation().as_str(),
                reason
            ])?;
        self.transaction
            .prepare_cached(
                "DELETE FROM rejections WHERE account = ?1 AND sequence NOT IN
                     (SELECT sequence FROM rejections WHERE account = ?1
                      ORDER BY sequence DESC LIMIT ?2)",
            )?
            .execute(params![account, KEPT])?;
        Ok(())
    }

    /// What relays refused and the app has not taken note of yet, in the order of the answers.
    pub fn rejections(&self) -> Result<Vec<RejectedOperation>, EngineError> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT sequence, accounts.account, number, conversation, reason
             FROM rejections JOIN accounts ON accounts.key = rejections.account
             ORDER BY sequence",
        )?;
        let rejections = statement.query_map([], read_rejection)?;
        Ok(rejections.collect::<Result<_, _>>()?)
    }

    /// Puts back what a damaged store held, unless its account is not on this phone. It keeps its place:
    /// the app may have it on the screen.
    pub(super) fn put_rejection(&self, rejection: &RejectedOperation) -> Result<(), EngineError> {
        self.transaction
            .prepare_cached(
                "INSERT OR IGNORE INTO rejections (sequence, account, number, conversation, reason)
                 SELECT ?1, key, ?3, ?4, ?5 FROM accounts WHERE account = ?2",
            )?
            .execute(params![
                rejection.sequence,
                rejection.account.as_str(),
                rejection.number,
                rejection.conversation.as_str(),
                rejection.reason
            ])?;
        Ok(())
    }

    /// Forgets rejections up to a sequence number.
    pub fn forget_rejections(&self, up_to: u64) -> Result<(), EngineError> {
        self.transaction
            .prepare_cached("DELETE FROM rejections WHERE sequence <= ?1")?
            .execute([i64::try_from(up_to).unwrap_or(i64::MAX)])?;
        Ok(())
    }
}

fn read_rejection(row: &Row<'_>) -> rusqlite::Result<RejectedOperation> {
    Ok(RejectedOperation {
        sequence: row.get(0)?,
        account: checked(1, AccountId::new(row.get::<_, String>(1)?))?,
        number: row.get(2)?,
        conversation: checked(3, ConversationId::new(row.get::<_, String>(3)?))?,
        reason: row.get(4)?,
    })
}

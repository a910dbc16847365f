//! A store that came to another phone: a restored backup clones it, with the account's history but
//! also with what the relay knows of the old phone.

use rusqlite::{Connection, TransactionBehavior};
use truebadge_protocol::DeviceId;

use super::{Tx, transact};
use crate::{EngineError, engine::Process};

/// Makes the store this phone's, if it is another's. Only the app may: the extension leaves it alone.
pub(super) fn check_device(
    connection: &mut Connection,
    device: &DeviceId,
    process: Process,
) -> Result<(), EngineError> {
    let reading = TransactionBehavior::Deferred;
    let found = transact(connection, reading, |tx| tx.device())?;
    if found.as_ref() == Some(device) {
        return Ok(());
    }
    if process == Process::Extension {
        return Err(EngineError::AppMustRunFirst);
    }
    let writing = TransactionBehavior::Immediate;
    transact(connection, writing, |tx| {
        if found.is_some() {
            tracing::warn!("the store was another phone's");
            tx.forget_phone()?;
        }
        tx.set_device(device)
    })
}

impl Tx<'_> {
    /// Forgets what belongs to the phone and not to its accounts: how pushes call it, what its relays
    /// know of it, and how its operations were counted. They are absolute, so all of them are sent
    /// again, counted from 1; where a relay has seen this phone before, the engine learns that from
    /// its answers. The mirror stays: an account's history is the same on every phone.
    fn forget_phone(&self) -> Result<(), EngineError> {
        self.transaction.execute_batch(
            "UPDATE accounts SET route = NULL, registration = NULL, registered_at = 0,
                 retry_at = 0, failures = 0, push_received = 0, push_sent = 0,
                 push_token_ended = NULL, ahead_epoch = NULL;
             UPDATE operations SET sent = 0, applied = NULL, heard = 0;
             DELETE FROM receipts;
             DELETE FROM departures;",
        )?;
        self.set_push_token(None)?;
        for mut account in self.accounts()? {
            let operations = self.operations(account.key)?;
            account.next_operation = self.renumber(account.key, &operations, 1)?;
            self.save_account(&account)?;
        }
        Ok(())
    }
}

//! What a relay's word does to the outbox: operations leave it when an answer says that they took effect
//! and the mirror holds them, or when they were refused (S3).
//!
//! A push, or an answer to another request, that acknowledges an operation's number says only that the
//! relay has dealt with it: whether it refused it, the answer to a request that carried it says. When that
//! was lost, the operation is sent again, and the relay tells of the refusal once more.

use std::collections::HashMap;

use truebadge_protocol::{
    ConversationId, ConversationState, Epoch, OperationId, PushPayload, Version, limits,
    messages::OperationOutcome,
};

use super::{Account, AccountKey, Heard, StoredOperation, Tx};
use crate::{
    EngineError,
    simulation::{Bug, is},
};

/// Above every version: the mirror does not hold the history in which it was applied.
const ELSEWHERE: Version = match Version::new(limits::NUMBER - 1) {
    Ok(version) => version,
    Err(_) => Version::ZERO,
};

/// What a push or an answer says of operations: those up to a number are in it.
#[derive(Debug)]
pub(super) struct Confirmed<'a> {
    epoch: &'a Epoch,
    acknowledged: u64,
    /// The version that it tells of.
    at: Version,
    /// The rows that came with it, each of which holds the operations of its conversation.
    rows: HashMap<&'a ConversationId, Version>,
    /// Where it says itself at which version an operation took effect.
    outcomes: HashMap<u64, Version>,
    /// The operations whose refusal it would have told: those that the request carried.
    answers: HashMap<u64, &'a OperationId>,
}

impl<'a> Confirmed<'a> {
    pub(super) fn by_push(push: &'a PushPayload) -> Self {
        Self {
            epoch: &push.epoch,
            acknowledged: push.acknowledged,
            at: push.version,
            rows: versions(push.rows.as_deref().unwrap_or_default()),
            outcomes: HashMap::new(),
            answers: HashMap::new(),
        }
    }

    pub(super) fn by_answer(heard: &'a Heard) -> Self {
        let version = |outcome: &OperationOutcome| Some((outcome.number, outcome.version?));
        Self {
            epoch: &heard.changes.epoch,
            acknowledged: heard.changes.acknowledged,
            at: heard.changes.head,
            rows: versions(&heard.changes.changes),
            outcomes: heard.outcomes.iter().filter_map(version).collect(),
            answers: heard.sent.iter().map(|one| (one.number, &one.id)).collect(),
        }
    }

    fn answers(&self, operation: &StoredOperation) -> bool {
        self.answers.get(&operation.pending.number) == Some(&&operation.id)
    }

    /// The version at which an operation has taken effect at the latest.
    fn latest(&self, operation: &StoredOperation) -> Version {
        let row = self.rows.get(&operation.conversation);
        let outcome = self.outcomes.get(&operation.pending.number);
        let told = [row, outcome].into_iter().flatten().copied();
        told.fold(self.at, Version::min)
    }
}

fn versions(rows: &[ConversationState]) -> HashMap<&ConversationId, Version> {
    rows.iter().map(|row| (&row.id, row.version)).collect()
}

impl Tx<'_> {
    /// In another history, what the old one confirmed is unconfirmed again: the server may have
    /// been restored from before it. Operations are absolute, so sending one twice does no harm, and
    /// those after it go again too, so that the last one stays the last. What no history confirmed
    /// goes as it would have gone: the new one may have it already, when its answer was lost.
    ///
    /// What the mirror holds is laid over the new history's only ([`Self::lay_over_again`]).
    pub(super) fn reopen_operations(
        &self,
        account: &Account,
        outcomes: &[OperationOutcome],
    ) -> Result<(), EngineError> {
        self.forget_seen(account.key)?;
        let mut unanswered = self.operations(account.key)?;
        unanswered.retain(|operation| {
            let number = operation.pending.number;
            outcomes.iter().all(|outcome| outcome.number != number)
        });
        let unconfirmed = |operation: &StoredOperation| operation.pending.applied.is_none();
        for mut operation in unanswered.into_iter().skip_while(unconfirmed) {
            let held = operation.is_held(account.mirror.cursor);
            operation.reopen();
            operation.pending.applied = held.then_some(Version::ZERO);
            self.put_operation(account.key, &operation)?;
        }
        Ok(())
    }

    /// A request about whose operation the answer says nothing did not bring it: the server had its
    /// number already. It came with another request, of this process or another, whose answer was
    /// lost or is still under way; or, when there was none, the number was that of an operation which
    /// this phone does not know any more, and this one gets another number.
    pub fn unsend_skipped(&self, account: AccountKey, heard: &Heard) -> Result<(), EngineError> {
        let skipped = heard.sent.iter().filter(|sent| {
            let told = |outcome: &OperationOutcome| outcome.number == sent.number;
            !heard.outcomes.iter().any(told)
        });
        self.count_requests(account, skipped, -1)
    }

    /// A relay that acknowledges a number which this store never gave out has counted another one's
    /// operations: of an older copy of it, or of one that was lost. What it says of numbers is not about
    /// the operations here, except where it names their outcome; they get other numbers.
    pub(super) fn unsend_foreign(
        &self,
        account: &Account,
        heard: &Heard,
    ) -> Result<(), EngineError> {
        if heard.changes.acknowledged < account.next_operation {
            return Ok(());
        }
        for mut operation in self.operations(account.key)? {
            let answered = |outcome: &OperationOutcome| outcome.number == operation.pending.number;
            if !operation.heard && operation.sent > 0 && !heard.outcomes.iter().any(answered) {
                operation.reopen();
                self.put_operation(account.key, &operation)?;
            }
        }
        Ok(())
    }

    /// Versions of another history say nothing about what was seen of this one. As if nothing was: a
    /// read then leaves a mark that somebody set in the new history (S4).
    pub(super) fn forget_seen(&self, account: AccountKey) -> Result<(), EngineError> {
        self.transaction
            .prepare_cached("UPDATE operations SET seen = 0 WHERE account = ?1")?
            .execute([account])?;
        Ok(())
    }

    /// The mirror is of another history now. It does not hold what the old one's held and is sent again;
    /// and that the old one showed a mark says nothing: the overlay leaves one as the server will.
    pub(super) fn lay_over_again(&self, account: AccountKey) -> Result<(), EngineError> {
        self.transaction
            .prepare_cached(
                "UPDATE operations SET base_marked = 0, applied = nullif(applied, 0)
                 WHERE account = ?1",
            )?
            .execute([account])?;
        Ok(())
    }

    /// Keeps what the relay refused until the app has taken note, and takes it out of the outbox.
    ///
    /// The relay does not tell it for ever. So this is done also when the page that it came with is
    /// not used.
    pub fn keep_refused(&self, account: AccountKey, heard: &Heard) -> Result<(), EngineError> {
        for outcome in &heard.outcomes {
            let sent = |number| heard.sent.iter().find(|sent| sent.number == number);
            if let (Some(reason), Some(operation)) = (&outcome.rejected, sent(outcome.number)) {
                if is(Bug::RefusalLost) {
                    self.drop_operation(account, operation.number)?;
                    continue;
                }
                self.keep_rejection(account, operation, reason)?;
            }
        }
        Ok(())
    }

    /// Notes what the server confirmed, and drops operations whose effect the cursor has passed, once
    /// an answer said that they have one.
    pub(super) fn settle_operations(
        &self,
        account: &Account,
        confirmed: &Confirmed<'_>,
    ) -> Result<(), EngineError> {
        let here = account.mirror.epoch.as_ref() == Some(confirmed.epoch);
        let foreign = confirmed.acknowledged >= account.next_operation;
        for mut operation in self.operations_up_to(account.key, confirmed.acknowledged)? {
            let heard = operation.heard || confirmed.answers(&operation);
            let heard = heard || is(Bug::AcknowledgementSettles);
            if operation.sent == 0 || (foreign && !heard) {
                continue;
            }
            let known = operation.pending.applied;
            let latest = if here {
                confirmed.latest(&operation)
            } else {
                ELSEWHERE
            };
            let applied = known.map_or(latest, |known| known.min(latest));
            let held = applied <= account.mirror.cursor;
            if here && heard && (held || is(Bug::OverlayDroppedWhenAcknowledged)) {
                self.drop_operation(account.key, operation.pending.number)?;
            } else if known != Some(applied) || operation.heard != heard {
                operation.pending.applied = Some(applied);
                operation.heard = heard;
                self.put_operation(account.key, &operation)?;
            }
        }
        Ok(())
    }

    /// Gives operations that the server never saw numbers that follow on from what it acknowledged.
    ///
    /// They differ after the phone lost its store but kept its device id (the server is ahead), and
    /// after the server lost its history (the phone is ahead; then `restarted` says so, because an
    /// answer that is merely old must never lower a number: the server would skip the operation).
    pub(super) fn renumber_operations(
        &self,
        account: &mut Account,
        acknowledged: u64,
        restarted: bool,
    ) -> Result<(), EngineError> {
        account.next_operation = account.next_operation.max(acknowledged + 1);
        let overtaken = self
            .operations_up_to(account.key, acknowledged)?
            .iter()
            .any(|operation| operation.sent == 0 && !operation.heard);
        if !overtaken && !restarted {
            return Ok(());
        }
        let mut uncounted = self.operations(account.key)?;
        if restarted {
            self.uncount(account.key, &mut uncounted, acknowledged)?;
        }
        uncounted.retain(|operation| !operation.is_counted());
        account.next_operation = self.renumber(account.key, &uncounted, acknowledged + 1)?;
        Ok(())
    }

    /// A relay that was told of this phone anew counts from elsewhere, and has forgotten what it refused:
    /// what it acknowledged, and does not any more, is asked of it again.
    fn uncount(
        &self,
        account: AccountKey,
        operations: &mut [StoredOperation],
        acknowledged: u64,
    ) -> Result<(), EngineError> {
        for operation in operations {
            let counted = operation.sent > 0 && operation.pending.applied.is_some();
            if counted && !operation.heard && operation.pending.number > acknowledged {
                operation.sent = 0;
                self.put_operation(account, operation)?;
            }
        }
        Ok(())
    }
}

//! What a push or a page changes in the mirror: each in one transaction with the cursor, totals,
//! digest and badge (S5).

use truebadge_protocol::{
    Epoch, PushPayload,
    messages::{Changes, Operation, OperationOutcome},
};

use super::{Account, Durability, Staging, Tx, settle::Confirmed};
use crate::{
    EngineError,
    model::Told,
    payload::{Disposition, classify},
    simulation::{Bug, is},
    sync::{Comparison, Page, Rows},
};

/// So many rows of pushes wait for what is missing before them; a sync brings the others.
const MOST_EARLY: usize = 4_000;

/// What a relay answered.
#[derive(Debug, Clone)]
pub struct Heard {
    /// The page of changes.
    pub changes: Changes,
    /// What became of operations that the request carried.
    pub outcomes: Vec<OperationOutcome>,
    /// The operations that the request carried.
    pub sent: Vec<Operation>,
}

impl Heard {
    /// What a commit of it must survive: that an operation was refused is not told for ever.
    pub fn durability(&self) -> Durability {
        if self
            .outcomes
            .iter()
            .any(|outcome| outcome.rejected.is_some())
        {
            Durability::Person
        } else {
            Durability::Refetchable
        }
    }
}

impl From<Changes> for Heard {
    fn from(changes: Changes) -> Self {
        Self {
            changes,
            outcomes: Vec::new(),
            sent: Vec::new(),
        }
    }
}

impl Tx<'_> {
    /// Applies a push for this account, and says what it was. The caller saves the account.
    pub fn apply_push(
        &self,
        account: &mut Account,
        push: &PushPayload,
    ) -> Result<Disposition, EngineError> {
        let rows = push.rows.as_deref().unwrap_or_default();
        let told = Told {
            version: push.version,
            totals: push.totals,
        };
        let mut disposition = classify(push, &account.mirror);
        // While another history is being fetched, the mirror's own is over: what still comes from it
        // counts this phone's operations and pushes by numbers that are given out anew.
        let over = |staging: &Staging| staging.reset && staging.epoch != push.epoch;
        if account.staging.as_ref().is_some_and(over) {
            disposition = Disposition::EpochChanged;
        }
        match disposition {
            Disposition::Applied => {
                let merged = self.merged(account, rows)?;
                if merged.tally.totals == push.totals {
                    self.put_merged(account, &merged)?;
                    account.mirror.advance(push.version);
                    self.drop_reached(account)?;
                    self.settle_operations(account, &Confirmed::by_push(push))?;
                } else {
                    self.hear(account, &push.epoch, told, push.acknowledged)?;
                    account.reset_wanted = true;
                    disposition = Disposition::Diverged;
                }
            }
            Disposition::Gap => {
                if self.early_length(account.key)? < MOST_EARLY {
                    self.put_early(account, rows)?;
                }
                self.settle_operations(account, &Confirmed::by_push(push))?;
                self.hear(account, &push.epoch, told, push.acknowledged)?;
                if is(Bug::GapMovesTheCursor) {
                    account.mirror.advance(push.version);
                }
            }
            Disposition::EpochChanged if is_being_fetched(account, &push.epoch) => {
                self.hear(account, &push.epoch, told, push.acknowledged)?;
            }
            Disposition::EpochChanged
            | Disposition::Stale
            | Disposition::Diverged
            | Disposition::Malformed
            | Disposition::NotForUs => {}
        }
        Ok(disposition)
    }

    /// Applies a page, and compares the mirror with the server once it is complete. The caller
    /// saves the account.
    pub fn apply_page(
        &self,
        account: &mut Account,
        page: Page,
        heard: &Heard,
    ) -> Result<Comparison, EngineError> {
        let answer = &heard.changes;
        account.pushes.sent = answer.last_push;
        account.push_token_ended = answer.push_token_ended;
        self.place_rows(account, page, heard)?;
        self.settle_page(account, page, heard)?;
        let told = Told {
            version: answer.head,
            totals: answer.totals,
        };
        self.hear(account, &answer.epoch, told, answer.acknowledged)?;
        let comparison = if page.complete {
            compare(account, answer)
        } else {
            Comparison::NotComparable
        };
        match comparison {
            Comparison::Equal => account.reset_wanted = false,
            Comparison::Differs => {
                // Until the mirror is fetched anew, what the server says is what counts.
                if account.mirror.distrust(&answer.epoch, told) {
                    self.note_told(account.key, answer.acknowledged)?;
                }
                account.reset_wanted = true;
            }
            Comparison::NotComparable => {}
        }
        Ok(comparison)
    }

    /// Puts a page's rows where they go, and moves the cursor when nothing is missing any more.
    fn place_rows(
        &self,
        account: &mut Account,
        page: Page,
        heard: &Heard,
    ) -> Result<(), EngineError> {
        let answer = &heard.changes;
        match page.rows {
            Rows::Merge => {
                let merged = self.merged(account, &answer.changes)?;
                self.put_merged(account, &merged)?;
                account.mirror.advance(answer.next);
                self.drop_reached(account)?;
            }
            Rows::Early => {
                self.put_early(account, &answer.changes)?;
                account.staging = Some(staging(answer, false));
                if is(Bug::CursorBeforeRows) {
                    account.mirror.advance(answer.next);
                }
            }
            Rows::StageFirst => {
                if account.mirror.epoch.as_ref() != Some(&answer.epoch) {
                    if !is(Bug::OldHistoryConfirms) {
                        self.reopen_operations(account, &heard.outcomes)?;
                    }
                    // A relay that was restored counts its pushes from an older number.
                    account.pushes.received = 0;
                    self.forget_receipts(account.key)?;
                }
                self.clear_staged(account.key)?;
                account.reset_wanted = false;
                self.stage(account, answer)?;
            }
            Rows::StageMore => self.stage(account, answer)?,
        }
        match page.rows {
            Rows::Early if page.complete => self.complete_changes(account, answer)?,
            Rows::StageFirst | Rows::StageMore if page.complete => {
                self.complete_reset(account, answer)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Does to the outbox what an answer says of it.
    fn settle_page(
        &self,
        account: &mut Account,
        page: Page,
        heard: &Heard,
    ) -> Result<(), EngineError> {
        self.unsend_skipped(account.key, heard)?;
        self.unsend_foreign(account, heard)?;
        self.keep_refused(account.key, heard)?;
        self.settle_operations(account, &Confirmed::by_answer(heard))?;
        let restarted = page.operations_restarted;
        self.renumber_operations(account, heard.changes.acknowledged, restarted)
    }

    /// Takes what the server told of a version. Its totals can be shown when no operation is pending
    /// that they do not hold.
    fn hear(
        &self,
        account: &mut Account,
        epoch: &Epoch,
        told: Told,
        acknowledged: u64,
    ) -> Result<(), EngineError> {
        let countable = self.all_are_in(account, epoch, acknowledged)?;
        if account.mirror.hear(epoch, told, countable) {
            self.note_told(account.key, acknowledged)?;
        }
        Ok(())
    }

    /// All pages of what changed since the cursor are here.
    fn complete_changes(&self, account: &mut Account, answer: &Changes) -> Result<(), EngineError> {
        account.staging = None;
        self.adopt_early(account, answer.head)?;
        account.mirror.advance(answer.head);
        self.drop_reached(account)
    }

    /// Puts the staged rows in the mirror's place, unless a push has meanwhile brought the mirror
    /// further than the reset: then it would bring an older truth back (S2), and is begun anew.
    fn complete_reset(&self, account: &mut Account, answer: &Changes) -> Result<(), EngineError> {
        account.staging = None;
        let same_history = account.mirror.epoch.as_ref() == Some(&answer.epoch);
        let same_history = same_history || is(Bug::EpochIgnored);
        if same_history && answer.head < account.mirror.cursor {
            account.reset_wanted = true;
            return self.clear_staged(account.key);
        }
        self.install_staged(account)?;
        if !same_history {
            self.clear_early(account.key)?;
            self.forget_seen(account.key)?;
            self.lay_over_again(account.key)?;
        }
        account.mirror.restart(&answer.epoch, answer.head);
        self.drop_reached(account)
    }

    fn stage(&self, account: &mut Account, answer: &Changes) -> Result<(), EngineError> {
        self.stage_rows(account.key, &answer.changes)?;
        account.staging = Some(staging(answer, true));
        Ok(())
    }
}

/// Whether an answer told of this history, and the mirror is not of it yet: what a push tells of it is newer
/// than that.
fn is_being_fetched(account: &Account, epoch: &Epoch) -> bool {
    let ahead = account.mirror.ahead.as_ref();
    ahead.is_some_and(|ahead| ahead.epoch == *epoch)
}

fn staging(answer: &Changes, reset: bool) -> Staging {
    Staging {
        epoch: answer.epoch.clone(),
        next: answer.next,
        reset,
    }
}

/// How the mirror compares with the server's totals and digest, where the answer was true at the version
/// at which the mirror stands.
fn compare(account: &Account, answer: &Changes) -> Comparison {
    let mirror = &account.mirror;
    if mirror.cursor != answer.head {
        Comparison::NotComparable
    } else if is(Bug::DigestIgnored)
        || (mirror.totals == answer.totals && mirror.digest == answer.digest)
    {
        Comparison::Equal
    } else {
        Comparison::Differs
    }
}

//! What processes ask of iOS, answered.

use simphone::{Delivered, Millis, NotificationId, Process, Time};
use truebadge_engine::{DeliveredNotification, Reply, Secret};
use truebadge_protocol::PushPayload;

use super::{Due, Step, World};
use crate::{
    executor::Owner,
    host::Call,
    violation::{Property, Violation},
};

impl World {
    /// A process asked for something. It may be dead by now: what it asked of iOS happens anyway.
    pub(super) fn called(&mut self, owner: Owner, call: Call) -> Step {
        let process = self.process_of(owner);
        match call {
            Call::SetBadge(number, reply) => return self.set_badge(owner, process, number, reply),
            Call::Request(request, answer) => return self.request(owner, request, answer),
            Call::Sleep(until, wake) => {
                let after = until.saturating_sub(self.now.0);
                self.later(after, Due::Wakes(wake));
            }
            Call::List(reply) => {
                let all = self.phone.delivered().iter().map(delivered).collect();
                self.reply(owner, move || reply.succeed(all));
            }
            Call::Remove(names, reply) => {
                let Some(process) = process else {
                    return Ok(());
                };
                let ids: Vec<_> = names.iter().filter_map(|name| id(name)).collect();
                self.note(format_args!("{process:?} removes notifications {names:?}"));
                let done = self.phone.remove_delivered(self.now, process, &ids);
                self.reply_at(owner, done, move || reply.succeed(()));
            }
            Call::Restore(names, reply) => {
                let Some(process) = process else {
                    return Ok(());
                };
                self.note(format_args!("{process:?} delivers {names:?} again"));
                let those = self.remembered(&names);
                let done = self.phone.deliver_again(self.now, process, those);
                self.reply_at(owner, done, move || reply.succeed(()));
            }
            Call::Credentials(account, refused, reply) => {
                let token = self.credentials(account.as_str(), refused.as_ref())?;
                self.reply(owner, move || reply.succeed(token.map(Secret::new)));
            }
            Call::Forget(account, token, reply) => {
                self.forget_credentials(account.as_str(), token.expose());
                self.reply(owner, move || reply.succeed(()));
            }
        }
        self.remember_delivered();
        Ok(())
    }

    fn reply(&mut self, owner: Owner, reply: impl FnOnce() + 'static) {
        let soon = self.now + Millis(self.rng.u64(..30));
        self.reply_at(owner, soon, reply);
    }

    fn reply_at(&mut self, owner: Owner, at: Time, reply: impl FnOnce() + 'static) {
        let after = at.since(self.now).0;
        self.later(after, Due::Replies(owner, Box::new(reply)));
    }

    fn set_badge(
        &mut self,
        owner: Owner,
        process: Option<Process>,
        number: u32,
        reply: Reply<()>,
    ) -> Step {
        let who = process.unwrap_or(Process::App);
        self.note(format_args!("{who:?} sets the badge to {number}"));
        self.tally.numbers += 1;
        if !self.phone.unlocked() {
            let what = format!("{number} was set before the first unlock");
            return Err(Violation::new(Property::S8, what));
        }
        // The number comes from a store that can be read, also from one without accounts.
        if self.damaged {
            self.let_go();
        }
        self.look(false)?;
        if !self.overtaken {
            // What can be read of a damaged store may be the number only, and that stays as it was (S8).
            let stays = self.damaged && number == self.phone.badge();
            if self.wrong.is_none() && !stays {
                self.watch.number(number, &self.backend.truths)?;
            }
            self.last_number = Some(number);
        }
        let Some(process) = process else {
            return Ok(());
        };
        match self.phone.set_badge(self.now, process, number) {
            Ok(done) => self.reply_at(owner, done, move || reply.succeed(())),
            Err(_) => self.reply(owner, move || reply.fail()),
        }
        Ok(())
    }

    /// The last of the numbers that were set in a step is that of the store.
    pub(super) fn check_number(&mut self) -> Step {
        let Some(number) = self.last_number.take() else {
            return Ok(());
        };
        if self.wrong.is_some() || self.damaged {
            return Ok(());
        }
        let rows = self.audit.accounts();
        self.watch.at_cursor(number, &rows, &self.backend.truths)
    }

    /// What the mirror holds at its cursor is what the relay had committed there (S5).
    pub(super) fn check_mirror(&mut self) -> Step {
        if self.damaged {
            return Ok(());
        }
        self.check_sums()?;
        if self.wrong.is_none() {
            let number = self.audit.number(self.watch.policy);
            number.map_err(|what| Violation::new(Property::S5, what))?;
        }
        let truths = &self.backend.truths;
        let rows = self.audit.accounts();
        let wrong = rows.iter().find(|row| {
            let account = self
                .accounts
                .iter()
                .position(|one| one.id.as_str() == row.account);
            let (Some(account), Some(cursor)) = (account, row.cursor) else {
                return false;
            };
            let over = self.backend.over.contains(&account);
            !over && !truths[account].has_been(cursor, row.digest)
        });
        match wrong {
            // A wrong mirror may look like one of another history, until it is written anew.
            None => {
                self.wrong
                    .take_if(|wrong| !rows.iter().any(|row| row.is_mirrored_as(wrong)));
            }
            Some(row) if self.wrong.is_none() => {
                let (account, cursor) = (&row.account, row.cursor);
                let what =
                    format!("{account}'s mirror at {cursor:?} is nothing that was committed");
                return Err(Violation::new(Property::S5, what));
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// Rows and sums belong together (S5), unless the rows were damaged and nobody has read them since.
    pub(super) fn check_sums(&mut self) -> Step {
        if self.damaged {
            return Ok(());
        }
        self.audit
            .sums()
            .map_err(|what| Violation::new(Property::S5, what))
    }

    /// Holds the outbox against what was in it (S3).
    pub(super) fn look(&mut self, person_acted: bool) -> Step {
        let (rows, outbox) = (self.audit.accounts(), self.audit.operations());
        if self.damaged {
            // The copy beside the store may be older than the last choice.
            self.watch.policy = self.audit.policy().unwrap_or_default();
        }
        if self.damaged && !rows.is_empty() {
            self.let_go();
        }
        self.watch
            .look(&rows, &outbox, &self.backend.truths, person_acted)
    }
}

fn id(name: &str) -> Option<NotificationId> {
    name.parse().ok().map(NotificationId)
}

/// As our shell tells the engine of it.
fn delivered(shown: &Delivered) -> DeliveredNotification {
    let push = PushPayload::parse(shown.notification.payload.bytes()).ok();
    let item = push.as_ref().and_then(|push| push.item.clone());
    let (conversation, position) = item.unzip();
    DeliveredNotification {
        identifier: shown.id.0.to_string(),
        route: push.as_ref().map(|push| push.route.clone()),
        conversation: conversation.unwrap_or_else(super::person::nowhere),
        position,
        version: push.as_ref().map(|push| push.version),
    }
}

//! The person, at this phone and elsewhere.

use simphone::{Delivered, Process};
use truebadge_engine::{BadgeState, Cause, Engine, EngineError, Secret, WakeOutcome};
use truebadge_protocol::{
    AccountId, BadgePolicy, ConversationId, ConversationState, Level, Position,
    messages::{Alert, Event},
};

use super::{Due, Step, World};
use crate::{
    audit::AccountRow,
    backend::{ADDRESS, Backend},
    plan::Character,
    violation::{Property, Violation},
};

/// An account, as the shell knows it: its Keychain holds the token.
#[derive(Debug)]
pub(super) struct Account {
    /// Its name on the phone and on the relay.
    pub(super) id: AccountId,
    /// Its token; none when it is signed out here.
    token: Option<String>,
    /// Tokens with which it was signed out here.
    fenced: Vec<String>,
    /// The person wants it on this phone.
    wanted: bool,
    /// The engine has it.
    added: bool,
}

impl Account {
    /// One that the person wants on the phone, and has not signed in to.
    pub(super) fn wanted(id: AccountId) -> Self {
        Self {
            id,
            token: None,
            fenced: Vec::new(),
            wanted: true,
            added: false,
        }
    }
}

impl World {
    /// The person installs the app, opens it, and signs in.
    pub(super) fn settle_in(&mut self, character: Character) -> Step {
        for account in 0..2 {
            let id = AccountId::new(Backend::account(account));
            let id = id.map_err(|error| Violation::new(Property::Panic, error.to_string()))?;
            self.accounts.push(Account {
                id,
                token: None,
                fenced: Vec::new(),
                wanted: account == 0 || character.both_accounts,
                added: false,
            });
        }
        self.phone.happen(self.now, simphone::Happening::Open);
        self.phone_moves()?;
        self.settle()?;
        if character.settled {
            let waits = std::mem::replace(&mut self.closing, true);
            self.quiet()?;
            self.closing = waits;
        }
        Ok(())
    }

    /// Adds the accounts that the person wants and that the engine has not.
    pub(super) fn sign_in_again(&mut self) -> Step {
        for account in 0..self.accounts.len() {
            if self.accounts[account].wanted && !self.accounts[account].added {
                self.sign_in(account)?;
            }
        }
        Ok(())
    }

    /// The person signs in, if the app runs.
    pub(super) fn sign_in(&mut self, account: usize) -> Step {
        self.accounts[account].wanted = true;
        let over = self.backend.over.contains(&account);
        let known = self.accounts[account].added;
        if over || known || !self.backend.runs() || !self.phone.unlocked() {
            return Ok(());
        }
        let id = self.accounts[account].id.clone();
        let token = self.backend.mint(account)?;
        // From here on it may be in the store, also if the process dies in the call.
        self.watch.add(id.as_str(), account);
        self.accounts[account].token = Some(token);
        let added = self.call(Process::App, |engine| engine.add_account(&id, ADDRESS))?;
        self.accounts[account].added = matches!(added, Some(Ok(())));
        if self.accounts[account].added {
            self.refresh(Process::App, None, Cause::Foreground);
        }
        Ok(())
    }

    /// The person signs out on this phone: at once, or in the moment in which a request of the account is
    /// about to leave.
    pub(super) fn sign_out_now_or_soon(&mut self, account: usize) -> Step {
        if self.rng.bool() {
            return self.sign_out(account);
        }
        self.signs_out = Some(account);
        if self.in_foreground() {
            self.refresh(Process::App, None, Cause::Foreground);
        }
        Ok(())
    }

    /// The person signs out on this phone.
    pub(super) fn sign_out(&mut self, account: usize) -> Step {
        let id = self.accounts[account].id.clone();
        if !self.in_foreground() || !self.watch.has(id.as_str()) {
            return Ok(());
        }
        self.accounts[account].wanted = false;
        let done = self.call(Process::App, |engine| engine.sign_out(&id))?;
        let in_store = self
            .audit
            .accounts()
            .iter()
            .any(|row| row.account == id.as_str());
        // A store that is damaged says nothing of its accounts.
        let gone = !in_store && (!self.damaged || matches!(done, Some(Ok(_))));
        if gone {
            self.is_signed_out(account);
        }
        if let Some(Ok(_)) = done {
            if in_store {
                let what = "an account is in the store after its sign-out";
                return Err(Violation::new(Property::S7, what));
            }
            self.refresh(Process::App, None, Cause::Operation);
        }
        Ok(())
    }

    fn is_signed_out(&mut self, account: usize) {
        let known = &mut self.accounts[account];
        known.fenced.extend(known.token.clone());
        known.added = false;
        self.watch.remove(known.id.as_str());
        self.reads.retain(|(of, _), _| *of != account);
    }

    /// A process that was killed may have signed an account out, and counted the others, before.
    pub(super) fn notice_sign_outs(&mut self) {
        let rows = self.audit.accounts();
        for account in 0..self.accounts.len() {
            let known = &self.accounts[account];
            let name = known.id.as_str();
            let there = rows.iter().any(|row| row.account == name);
            if !known.wanted && !there && !self.damaged && self.watch.has(name) {
                self.is_signed_out(account);
            }
        }
    }

    /// An account whose sign-out was cut short may be gone from a store that was damaged since: the
    /// person asked for it.
    pub(super) fn let_go(&mut self) {
        let rows = self.audit.accounts();
        for account in &mut self.accounts {
            let there = rows.iter().any(|row| row.account == account.id.as_str());
            if self.damaged && !account.wanted && !there {
                account.added = false;
                self.watch.remove(account.id.as_str());
                // A store that knows of no account leaves the icon as it is.
                self.icon_may_stay = true;
            }
        }
    }

    /// Whether an account with this token was signed out here.
    pub(super) fn is_fenced(&self, token: &str) -> bool {
        let mut all = self.accounts.iter().flat_map(|account| &account.fenced);
        all.any(|fenced| fenced == token)
    }

    /// What the Keychain gives.
    pub(super) fn credentials(
        &mut self,
        name: &str,
        refused: Option<&Secret>,
    ) -> Result<Option<String>, Violation> {
        let account = self
            .accounts
            .iter()
            .position(|account| account.id.as_str() == name);
        let Some(account) = account.filter(|_| self.phone.unlocked()) else {
            return Ok(None);
        };
        if self.signs_out == Some(account) {
            self.signs_out = None;
            let soon = self.rng.u64(..10);
            self.later(soon, Due::SignsOut(account));
        }
        // The person signs in again where the app asks for it: also when a sign-out was cut short.
        let known = &self.accounts[account];
        let there = known.wanted || known.added;
        let over = self.backend.over.contains(&account);
        if refused.is_some() && there && over {
            // A relay that was restored does not know that this was its account's: the person, who cannot
            // sign in again, signs out.
            let soon = self.rng.u64(..10);
            self.later(soon, Due::SignsOut(account));
        } else if refused.is_some() && there && self.backend.runs() {
            let token = self.backend.mint(account)?;
            self.accounts[account].token = Some(token);
        }
        Ok(self.accounts[account].token.clone())
    }

    pub(super) fn forget_credentials(&mut self, name: &str, token: &str) {
        for account in &mut self.accounts {
            if account.id.as_str() == name && account.token.as_deref() == Some(token) {
                account.token = None;
            }
        }
    }

    pub(super) fn in_foreground(&self) -> bool {
        self.phone.in_foreground() && self.phone.running(Process::App)
    }

    /// The person does something in the app; the shell then has it sent.
    pub(super) fn act(
        &mut self,
        account: usize,
        act: impl FnOnce(&Engine, &AccountId) -> Result<BadgeState, EngineError>,
    ) -> Step {
        let id = self.accounts[account].id.clone();
        if !self.in_foreground() || !self.watch.has(id.as_str()) {
            return Ok(());
        }
        let done = self.call(Process::App, |engine| act(engine, &id))?;
        self.note(format_args!(
            "{:?}",
            done.as_ref().map(|done| done.as_ref().map(|s| s.badge))
        ));
        // What was recorded counts from here on, whatever became of the call.
        self.look(true)?;
        self.settle()?;
        // An app should have it sent at once, and may leave that to the next wake.
        let at_once = self.has_a_good_shell() || self.rng.bool();
        if matches!(done, Some(Ok(_))) && at_once {
            self.refresh(Process::App, None, Cause::Operation);
        }
        Ok(())
    }

    /// What the person sees of a conversation.
    pub(super) fn shown(
        &mut self,
        account: usize,
        conversation: u8,
    ) -> Result<Option<ConversationState>, Violation> {
        let id = self.accounts[account].id.clone();
        let wanted = name(conversation);
        let views = self.call(Process::App, |engine| engine.conversations(&id))?;
        let Some(Ok(views)) = views else {
            return Ok(None);
        };
        let mut states = views.into_iter().map(|view| view.state);
        Ok(states.find(|state| state.id == wanted))
    }

    /// The person reads all but the newest `left` items; they do not come back (S4).
    pub(super) fn read_here(&mut self, account: usize, conversation: u8, left: u8) -> Step {
        if !self.in_foreground() {
            return Ok(());
        }
        let Some(shown) = self.shown(account, conversation)? else {
            return Ok(());
        };
        let left = u32::from(left).min(shown.unread);
        let up_to = shown.newest.get().saturating_sub(u64::from(left));
        let id = shown.id.clone();
        self.note(format_args!(
            "the person reads {} up to {up_to}, {left} left",
            id.as_str()
        ));
        let before = self.call(Process::App, Engine::badge)?;
        let mut after = None;
        self.act(account, |engine, account| {
            let done = engine.mark_read(account, &id, position(up_to), left);
            after = done.as_ref().ok().copied();
            done
        })?;
        if let (Some(Ok(before)), Some(after)) = (before, after) {
            self.counts_at_once(account, &shown, left, before, after)?;
            let read = self.reads.entry((account, conversation)).or_default();
            *read = (*read).max(up_to);
            return self.stays_read(account, conversation, up_to, left);
        }
        Ok(())
    }

    /// What was read here is gone from the number when the call returns.
    fn counts_at_once(
        &mut self,
        account: usize,
        shown: &ConversationState,
        left: u32,
        before: BadgeState,
        after: BadgeState,
    ) -> Step {
        let fewer = shown.level == Level::All && shown.unread > left;
        let id = self.accounts[account].id.as_str();
        let counts = self.watch.counts(id);
        // An estimate may have taken off too much before, and nothing is below zero.
        let lowest = after.badge == 0 && self.watch.estimates(id);
        let all = self.watch.policy == BadgePolicy::Messages;
        // Totals that were told ahead of the rows may know of the read already, unless nothing happened
        // to the conversation since.
        let certain = before.complete || self.is_as_shown(account, shown);
        let certain = certain && self.watch.accounts() == 1;
        if fewer && counts && all && certain && after.badge >= before.badge && !lowest {
            let what = format!("{} stays {} after a read", before.badge, after.badge);
            return Err(Violation::new(Property::S4, what));
        }
        Ok(())
    }

    /// What is counted of a conversation is what is shown of it, and true now.
    fn is_as_shown(&mut self, account: usize, shown: &ConversationState) -> bool {
        let rows = self.audit.accounts();
        let own = |row: &&AccountRow| row.account == self.accounts[account].id.as_str();
        let cursor = rows.iter().find(own).and_then(|row| row.cursor);
        let truth = &self.backend.truths[account];
        let version = truth.now().conversation(&shown.id).state(&shown.id).version;
        let sound = truth.began == 0 && !self.damaged && !self.diverged;
        sound && version == shown.version && Some(version.get()) <= cursor
    }

    /// Whatever came meanwhile, nothing that was read here is shown as unread (S4).
    pub(super) fn stay_read(&mut self) -> Step {
        if !self.in_foreground() || self.damaged || self.wrong.is_some() {
            return Ok(());
        }
        for ((account, conversation), up_to) in self.reads.clone() {
            let lost = self.backend.truths[account].began > 0;
            let Some(shown) = self.shown(account, conversation)?.filter(|_| !lost) else {
                continue;
            };
            let newest = self.newest.get(&(account, conversation)).copied();
            let later = newest.unwrap_or(0).saturating_sub(up_to);
            if u64::from(shown.unread) > later {
                let what = format!(
                    "{} shows {} unread, and only {later} came after what was read here",
                    shown.id.as_str(),
                    shown.unread
                );
                return Err(Violation::new(Property::S4, what));
            }
        }
        Ok(())
    }

    /// Nothing at or below `up_to` is unread again.
    fn stays_read(&mut self, account: usize, conversation: u8, up_to: u64, left: u32) -> Step {
        let waits = self.audit.operations();
        let id = name(conversation);
        let recorded = waits.iter().any(|one| one.conversation == id);
        let Some(shown) = self.shown(account, conversation)?.filter(|_| recorded) else {
            return Ok(());
        };
        let truth = self.backend.truths[account].now().conversation(&id);
        let above = u32::try_from(truth.unread_above(up_to)).unwrap_or(u32::MAX);
        if shown.unread > left.max(above) {
            let what = format!(
                "{} shows {} unread right after it was read up to {up_to}, {left} left",
                id.as_str(),
                shown.unread
            );
            return Err(Violation::new(Property::S4, what));
        }
        Ok(())
    }

    /// Something the person sees as unread is read by itself.
    pub(super) fn read_item_here(&mut self, account: usize, conversation: u8) -> Step {
        if !self.in_foreground() {
            return Ok(());
        }
        let Some(shown) = self
            .shown(account, conversation)?
            .filter(|shown| shown.unread > 0)
        else {
            return Ok(());
        };
        let (id, newest, left) = (shown.id.clone(), shown.newest, shown.unread - 1);
        self.act(account, |engine, account| {
            engine.mark_items_read(account, &id, &[newest], left)
        })
    }

    /// Items arrive.
    pub(super) fn arrive(
        &mut self,
        account: usize,
        conversation: u8,
        items: u8,
        mention: bool,
        alert: bool,
    ) -> Step {
        let mut events = Vec::new();
        for _ in 0..items {
            let newest = self.newest.entry((account, conversation)).or_default();
            *newest += 1;
            events.push(Event::Item {
                conversation: name(conversation),
                position: position(*newest),
                mention,
                alert: alert.then(|| Alert {
                    title: Some("Someone".to_owned()),
                    subtitle: None,
                    body: Some("Something".to_owned()),
                    sound: None,
                }),
            });
        }
        self.report(account, events)
    }

    /// The person reads on another device, all but the newest `left` items.
    pub(super) fn read_elsewhere(&mut self, account: usize, conversation: u8, left: u8) -> Step {
        let newest = self
            .newest
            .get(&(account, conversation))
            .copied()
            .unwrap_or(0);
        let up_to = position(newest.saturating_sub(u64::from(left)));
        let event = Event::Read {
            conversation: name(conversation),
            up_to,
        };
        self.report(account, vec![event])
    }

    pub(super) fn read_item_elsewhere(&mut self, account: usize, conversation: u8) -> Step {
        let newest = self
            .newest
            .get(&(account, conversation))
            .copied()
            .unwrap_or(0);
        let which = newest.saturating_sub(self.rng.u64(..3));
        if which == 0 {
            return Ok(());
        }
        let event = Event::ReadItems {
            conversation: name(conversation),
            positions: vec![position(which)],
        };
        self.report(account, vec![event])
    }

    /// What iOS showed, for when it is to be delivered again.
    pub(super) fn remember_delivered(&mut self) {
        for shown in self.phone.delivered() {
            if !self
                .seen_notifications
                .iter()
                .any(|known| known.id == shown.id)
            {
                self.seen_notifications.push(shown.clone());
            }
        }
    }

    pub(super) fn remembered(&self, names: &[String]) -> Vec<Delivered> {
        let wanted = |one: &&Delivered| names.contains(&one.id.0.to_string());
        self.seen_notifications
            .iter()
            .filter(wanted)
            .cloned()
            .collect()
    }

    /// What an outcome says to the app.
    pub(super) fn reported(&mut self, outcome: &WakeOutcome) {
        for rejected in &outcome.rejected {
            let refusal = (
                rejected.account.as_str().to_owned(),
                rejected.number,
                rejected.conversation.as_str().to_owned(),
            );
            if !self.watch.reported.contains(&refusal) {
                self.watch.reported.push(refusal);
            }
        }
    }

    /// The person chooses what the badge counts.
    pub(super) fn choose_policy(&mut self, policy: u8) -> Step {
        if !self.in_foreground() {
            return Ok(());
        }
        let policy = [
            BadgePolicy::Messages,
            BadgePolicy::Conversations,
            BadgePolicy::Mentions,
            BadgePolicy::Off,
        ][usize::from(policy % 4)];
        let before = std::mem::replace(&mut self.watch.policy, policy);
        self.call(Process::App, |engine| engine.set_policy(policy))?;
        // What is in the store counts, whatever became of the call.
        self.watch.policy = self.audit.policy().unwrap_or(before);
        self.settle()
    }
}

pub(super) fn name(conversation: u8) -> ConversationId {
    let names = ["mail", "team", "family", "news"];
    let name = names[usize::from(conversation) % names.len()];
    ConversationId::new(name).unwrap_or_else(|_| unreachable!("{name} is a name"))
}

/// For a notification that says nothing of its conversation.
pub(super) fn nowhere() -> ConversationId {
    ConversationId::new("-").unwrap_or_else(|_| unreachable!("it is a name"))
}

pub(super) fn position(number: u64) -> Position {
    Position::new(number).unwrap_or(Position::ZERO)
}

pub(super) fn level(level: u8) -> Level {
    Level::from_code(level % 3).unwrap_or_default()
}

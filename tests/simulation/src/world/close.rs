//! The closing phase: from whatever state the run has come to, one undisturbed wake makes the badge
//! true (L1), also when the store was damaged (L2).

use simphone::{Happening as Phone, Millis, Path, Process, Time};
use truebadge_engine::{Cause, Disposition};

use super::{Step, World};
use crate::{
    audit::AccountRow,
    plan::{Character, Happening},
    violation::{Property, Violation},
};

/// An undisturbed wake needs no more.
const ENOUGH: u64 = 10_000;

impl World {
    /// Ends the run, and looks whether the promises hold.
    pub(super) fn close(&mut self) -> Step {
        self.note(format_args!("— from here on nothing goes wrong"));
        self.closing = true;
        self.plan.next = None;
        self.signs_out = None;
        self.requests_fail = 0;
        self.relay_down_until = Time::ZERO;
        self.pushes_down_until = Time::ZERO;
        self.storage.calm();
        if !self.backend.runs() {
            self.relay_starts()?;
        }
        self.drain_reports()?;
        while !self.phone.is_on() && self.step()? {}
        if self.rng.bool() {
            self.more_comes_while_nothing_can_be_sent()?;
        }
        if self.rng.bool() {
            self.pushes_alone_make_it_true()?;
        }
        // Only one path works from here on: HTTPS.
        self.phone_has(Phone::BadgesAllowed(true))?;
        self.phone_has(Phone::Network(Path::NoApns))?;
        self.phone_has(Phone::Unlock)?;
        self.settle()?;
        let waits = !self.audit.operations().is_empty();
        if self.rng.u8(..4) < if waits { 3 } else { 1 } {
            self.wake_has_the_outbox_sent()?;
        }
        if self.rng.bool() && !self.in_foreground() {
            self.phone_has(Phone::ForceQuit)?;
        }
        self.phone_has(Phone::Open)?;
        self.settle()?;
        self.sign_in_again()?;
        self.settle()?;
        self.quiet()?;
        // What wakes that began before have under way is over then; this one is undisturbed.
        self.let_pass(Millis::seconds(26))?;
        if self.rng.bool() {
            self.refresh(Process::App, None, Cause::Foreground);
        } else {
            // A wake that nobody waits for keeps the pauses after failures: an hour at most.
            self.let_pass(Millis::minutes(61))?;
            self.refresh(Process::App, None, Cause::BackgroundRefresh);
        }
        self.quiet()?;
        // iOS takes its time to show a number.
        self.let_pass(Millis::seconds(5))?;
        self.ends_well()
    }

    /// The app is woken while nobody looks: by a push that tells nothing new, or by a background
    /// refresh, an hour after whatever failed. What waits in the outbox is sent.
    fn wake_has_the_outbox_sent(&mut self) -> Step {
        if !self.may_be_woken() {
            return Ok(());
        }
        if self.rng.bool() {
            // The clock was wrong when the pause after a failure was planned.
            self.phone_has(Phone::WallClock(-5 * 365 * 86_400_000))?;
        }
        self.let_pass(Millis::minutes(61))?;
        if !self.may_be_woken() {
            return Ok(());
        }
        self.launch(Process::App)?;
        self.quiet()?;
        self.last_wake = None;
        let push = self.last_push.clone().filter(|_| self.rng.bool());
        let expected = push.as_ref().map(|_| Disposition::Stale);
        match push {
            Some(push) => self.receive(Process::App, None, push, false),
            None => self.refresh(Process::App, None, Cause::BackgroundRefresh),
        }
        self.quiet()?;
        self.look(false)?;
        if self.last_wake == Some((expected, true))
            || (expected.is_none() && self.last_wake.is_some())
        {
            self.watch.nothing_waits(&self.backend.over)?;
        }
        self.end(Process::App);
        self.settle()
    }

    /// The person reads where only pushes get through, and pushes tell what happens elsewhere meanwhile.
    fn more_comes_while_nothing_can_be_sent(&mut self) -> Step {
        let conversation = self.rng.u8(..2);
        self.phone_has(Phone::Unlock)?;
        self.arrive(0, conversation, 2, false, false)?;
        self.phone_has(Phone::Network(Path::Wifi))?;
        self.phone_has(Phone::Open)?;
        self.settle()?;
        self.let_pass(Millis::seconds(8))?;
        self.phone_has(Phone::Network(Path::NoHttps))?;
        let left = self.rng.u8(..2);
        if self.rng.u8(..3) == 0 {
            self.read_item_here(0, conversation)?;
        } else {
            self.read_here(0, conversation, left)?;
        }
        for _ in 0..self.rng.u8(1..5) {
            self.let_pass(Millis(500))?;
            let mention = self.rng.bool();
            match self.rng.u8(..8) {
                0..3 => self.arrive(0, conversation, 1, mention, false)?,
                3 => self.read_elsewhere(0, conversation, left)?,
                4 => self.happen(Happening::MarkElsewhere(0, conversation, true))?,
                5 | 6 => self.read_item_elsewhere(0, conversation)?,
                _ => self.read_here(0, conversation, 0)?,
            }
        }
        self.let_pass(Millis::seconds(20))?;
        if self.rng.bool() {
            // The person leaves, and iOS ends the app before anything could be sent.
            self.phone_has(Phone::Home)?;
            self.let_pass(Millis::seconds(30))?;
            self.phone_has(Phone::MemoryPressure)?;
        }
        Ok(())
    }

    /// Only pushes get through, and the app is not even started: painted numbers make the icon true,
    /// also when some of them are lost.
    fn pushes_alone_make_it_true(&mut self) -> Step {
        self.phone_has(Phone::Unlock)?;
        self.phone_has(Phone::BadgesAllowed(true))?;
        self.let_pass(Millis::seconds(26))?;
        if !self.relay_may_paint() {
            return Ok(());
        }
        self.phone_has(Phone::ForceQuit)?;
        self.phone_has(Phone::Network(Path::NoHttps))?;
        // Whether iOS paints for an app that was force-quit is an open question: either way.
        if !self.phone.can_be_painted() {
            return Ok(());
        }
        let before = self.truth();
        let minutes = self.something_is_pushed()?;
        self.let_pass(Millis::minutes(minutes))?;
        (self.pushes_to_lose, self.kill_at_send) = (0, false);
        self.look(false)?;
        let (icon, truth) = (self.phone.badge(), self.truth());
        // Without the permission for badges iOS shows none of the numbers that pushes paint. That they are
        // allowed again the relay learns when the app runs, and until then it does not send the same number.
        let unknown = self.unpainted && truth == before;
        if icon != truth && !unknown && self.relay_may_paint() {
            let what = format!(
                "after {minutes} minutes of pushes the icon shows {icon}, and {truth} is true"
            );
            return Err(Violation::new(Property::Pushed, what));
        }
        Ok(())
    }

    fn truth(&self) -> u32 {
        self.watch
            .true_number(&self.backend.truths, &self.backend.over)
    }

    /// Something comes, perhaps more while the push of it is under way, and perhaps it is read elsewhere.
    /// At most one push is lost. After so many minutes the icon must be true.
    fn something_is_pushed(&mut self) -> Result<u64, Violation> {
        let lost = self.rng.u8(..3);
        self.pushes_to_lose = u8::from(lost == 1);
        self.kill_at_send = self.rng.u8(..3) == 0;
        let down = self.rng.u8(..4) == 0;
        if down {
            self.pushes_down_until = self.now + Millis::seconds(self.rng.u64(1..60));
        }
        let smooth = lost == 0 && !self.kill_at_send && !down;
        self.arrive(0, 0, 1, false, false)?;
        if self.rng.bool() {
            let soon = self.rng.u64(..150);
            self.let_pass(Millis(soon))?;
            self.arrive(0, 0, 1, false, false)?;
        }
        if self.rng.bool() {
            self.let_pass(Millis::minutes(5))?;
            self.pushes_to_lose = u8::from(lost == 2);
            self.read_elsewhere(0, 0, 0)?;
        }
        Ok(if smooth { 2 } else { 150 })
    }

    /// The relay knows all that it needs to paint the number of this phone, nothing is pending here, and
    /// the model loses no push by itself.
    fn relay_may_paint(&mut self) -> bool {
        let character = Character::of(self.seed);
        // Of a sign-out that it was not told of it knows nothing, and paints the sum.
        let left = self.backend.has_phone(1);
        let simple = self.watch.accounts() == 1 && self.watch.counts("alice") && !left;
        let model = character.kind == 0 && character.lanes >= 2 && self.options.preset.is_none();
        let calm = !self.damaged && !self.diverged && self.tokens == 1;
        let waits = self.audit.operations().len();
        let registered = self.backend.registered(0, self.watch.policy);
        simple && model && calm && waits == 0 && registered && self.phone.token().is_some()
    }

    /// What the app's backend still has to report reaches the relay.
    fn drain_reports(&mut self) -> Step {
        let reports: Vec<u64> = self
            .queued
            .iter()
            .filter(|(_, due)| matches!(due, super::Due::Reports(..)))
            .map(|(place, _)| *place)
            .collect();
        for place in reports {
            if let Some(due) = self.queued.remove(&place) {
                self.due(due)?;
            }
        }
        Ok(())
    }

    fn may_be_woken(&self) -> bool {
        let runs = self.phone.alive(Process::App) || self.phone.alive(Process::Extension);
        let busy = runs || !self.open.is_empty();
        !busy && self.watch.accounts() == 1 && !self.damaged
    }

    /// Time passes.
    fn let_pass(&mut self, length: Millis) -> Step {
        let until = self.now + length;
        while self.is_ready() || self.next_time().is_some_and(|next| next <= until) {
            self.step()?;
        }
        self.advance(until);
        Ok(())
    }

    /// Runs until the wakes have ended.
    pub(super) fn quiet(&mut self) -> Step {
        let began = self.now;
        while self.now.since(began).0 < ENOUGH {
            if !self.is_ready()
                && self
                    .next_time()
                    .is_none_or(|next| next.since(began).0 > ENOUGH)
            {
                break;
            }
            self.step()?;
        }
        Ok(())
    }

    fn ends_well(&mut self) -> Step {
        let property = if self.damaged || self.diverged {
            Property::L2
        } else {
            Property::L1
        };
        self.audit.forget();
        self.let_go();
        self.look(false)?;
        let (icon, truth) = (self.phone.badge(), self.truth());
        if icon != truth && !self.icon_may_stay {
            let what = format!("in the end the icon shows {icon}, and {truth} is true");
            return Err(Violation::new(property, what));
        }
        self.watch.nothing_waits(&self.backend.over)?;
        self.check_sums()?;
        let over = &self.backend.over;
        let lives = |row: &&AccountRow| {
            let account = self
                .accounts
                .iter()
                .position(|one| one.id.as_str() == row.account);
            account.is_some_and(|account| !over.contains(&account))
        };
        let rows = self.audit.accounts();
        if let Some(incomplete) = rows.iter().filter(lives).find(|row| !row.complete) {
            let what = format!("{}'s mirror is not complete in the end", incomplete.account);
            return Err(Violation::new(property, what));
        }
        self.check_mirror()?;
        if self.wrong.is_some() {
            return Err(Violation::new(
                property,
                "the mirror is still wrong in the end",
            ));
        }
        if !self.damaged {
            self.watch.refusals_reported()?;
        }
        Ok(())
    }
}

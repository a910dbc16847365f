//! What the phone makes of our processes: they start, run, freeze and end.

use std::{fmt::Arguments, sync::Arc, time::Duration};

use simphone::{Completion, Conditions, Effect, Painter, Process, Wake, WakeId, Why};
use truebadge_engine::{AtZero, Bridges, Cause, Configuration, Engine, simulation};
use truebadge_protocol::{
    DeviceId,
    messages::{self, PushEnvironment},
};

use super::{Due, Ended, Running, Step, World, lock};
use crate::{
    executor::Owner,
    host::Host,
    measure::in_background,
    plan::Character,
    violation::{Property, Violation},
};

/// What our shell gives a wake of the 30 s that iOS gives it.
pub(super) const BUDGET: Duration = Duration::from_secs(25);

impl World {
    /// Time has come to something in the phone.
    pub(super) fn phone_moves(&mut self) -> Step {
        loop {
            let effects = self.phone.advance(self.now);
            if effects.is_empty() {
                return Ok(());
            }
            for effect in effects {
                self.apns.obey(self.now, &effect);
                self.effect(effect)?;
            }
        }
    }

    fn effect(&mut self, effect: Effect) -> Step {
        match effect {
            Effect::Launch(process) => return self.launch(process),
            Effect::Wake(wake) => return self.wake(wake),
            Effect::Suspend(process) => return self.freeze(process),
            Effect::Resume(process) => {
                self.note(format_args!("{process:?} goes on"));
                if let Some(running) = self.processes.get_mut(&process) {
                    (running.frozen, running.goes_on_since) = (false, self.now);
                }
            }
            Effect::Kill(process, death) => {
                self.note(format_args!("{process:?} is gone ({death:?})"));
                if death == simphone::Death::Late {
                    let what = "iOS ended a process that had not called its completion";
                    return Err(Violation::new(Property::S9, what));
                }
                self.tally.fault("process ended by iOS");
                self.end(process);
                return self.look(false);
            }
            Effect::TokenIssued { token, .. } => {
                self.note(format_args!("iOS gives the push token {token:?}"));
                let changed = self.token.replace(token) != Some(token);
                self.tokens += u32::from(changed);
                let token = token.to_string();
                self.call(Process::App, |engine| engine.set_push_token(Some(&token)))?;
                if changed && self.has_a_good_shell() {
                    self.refresh(Process::App, None, Cause::Launch);
                }
            }
            Effect::Conditions(conditions) => {
                return self.tell_conditions(Process::App, conditions);
            }
            Effect::BadgePainted { number, by } => {
                self.note(format_args!("the icon shows {number} ({by:?})"));
                self.unpainted &= by == Painter::System;
            }
            Effect::NotificationShown(id) => {
                self.note(format_args!("notification {} is shown", id.0));
            }
            Effect::NotificationsDropped(ids) => {
                self.note(format_args!("iOS drops {} notifications", ids.len()));
            }
            Effect::NotificationsRemoved(_) | Effect::TokenEnded(_) | Effect::PushPath { .. } => {}
        }
        self.remember_delivered();
        Ok(())
    }

    /// A week is lived with the shell that apps are advised to have: it tells the relay at once what changed,
    /// and uses each moment that iOS gives. Other lives have one that may leave that to the next wake.
    pub(super) const fn has_a_good_shell(&self) -> bool {
        self.week.is_some()
    }

    pub(super) fn launch(&mut self, process: Process) -> Step {
        self.note(format_args!("{process:?} starts"));
        self.end(process);
        self.owners += 1;
        let owner = Owner(self.owners);
        let engine = Arc::new(self.engine(process, owner)?);
        let running = Running {
            owner,
            engine,
            frozen: false,
            suspended: false,
            goes_on_since: self.now,
        };
        self.processes.insert(process, running);
        if process == Process::App {
            self.phone.register_for_pushes(self.now);
            self.tell_conditions(process, self.phone.conditions())?;
            self.sign_in_again()?;
        }
        Ok(())
    }

    fn engine(&self, process: Process, owner: Owner) -> Result<Engine, Violation> {
        let host = Host {
            owner,
            calls: self.calls.clone(),
            clocks: Arc::clone(&self.clocks),
        };
        let broken =
            |error: &dyn std::fmt::Display| Violation::new(Property::Panic, error.to_string());
        let configuration = Configuration {
            directory: self.ground.directory.path().to_owned(),
            device: DeviceId::new("a-phone").map_err(|error| broken(&error))?,
            topic: "com.example.app".to_owned(),
            environment: PushEnvironment::Production,
            app_version: "1".to_owned(),
            process: match process {
                Process::App => truebadge_engine::Process::App,
                Process::Extension => truebadge_engine::Process::Extension,
            },
            at_zero: if self.week.is_none() && Character::of(self.seed).clears_at_zero {
                AtZero::Clear
            } else {
                AtZero::Keep
            },
        };
        let host = Arc::new(host);
        let bridges = Bridges {
            badge: host.clone(),
            delivered: host.clone(),
            credentials: host.clone(),
            transport: host.clone(),
            clock: host,
        };
        let spawner = self.executor.spawner(owner);
        Engine::with_spawner(configuration, bridges, spawner).map_err(|error| broken(&error))
    }

    /// Calls a process's engine; nothing when it does not run, or was killed in the call.
    pub(super) fn call<T>(
        &mut self,
        process: Process,
        call: impl FnOnce(&Engine) -> T,
    ) -> Result<Option<T>, Violation> {
        let Some(running) = self
            .processes
            .get(&process)
            .filter(|running| !running.frozen)
        else {
            return Ok(None);
        };
        let engine = Arc::clone(&running.engine);
        self.storage.suspended(running.suspended);
        if let Ok(value) = simulation::until_killed(|| call(&engine)) {
            return Ok(Some(value));
        }
        drop(engine);
        self.killed(process)?;
        Ok(None)
    }

    /// The process died at a point of its own code.
    pub(super) fn killed(&mut self, process: Process) -> Step {
        self.note(format_args!("{process:?} is killed"));
        self.end(process);
        self.phone
            .happen(self.now, simphone::Happening::Crash(process));
        self.notice_sign_outs();
        // Whether another process had a newer number at the same instant, only its next wake sees.
        self.two_at_once = self.two_at_once.map(|_| 0);
        // What the person did may be recorded, though the call never came back.
        self.look(true)?;
        // The calls that it made before are answered to nobody.
        self.settle()?;
        self.check_sums()
    }

    /// Nothing of the process is left.
    pub(super) fn end(&mut self, process: Process) {
        if let Some(running) = self.processes.remove(&process) {
            self.executor.end(running.owner);
            self.open.retain(|_, (owner, _)| *owner != running.owner);
        }
    }

    fn tell_conditions(&mut self, process: Process, conditions: Conditions) -> Step {
        let told = messages::Conditions {
            badges_allowed: conditions.badges_allowed,
            alerts_allowed: conditions.alerts_allowed,
            background_refresh: conditions.refresh_available(),
            low_power_mode: conditions.low_power,
        };
        self.call(process, |engine| match process {
            Process::App => engine.set_conditions(told),
            // An extension is not told of Background App Refresh.
            Process::Extension => engine.change_conditions(|before| messages::Conditions {
                background_refresh: before.background_refresh,
                ..told
            }),
        })?;
        Ok(())
    }

    fn wake(&mut self, wake: Wake) -> Step {
        self.note(format_args!(
            "{:?} is woken: {}",
            wake.process,
            why(&wake.why)
        ));
        let process = wake.process;
        if in_background(&wake) {
            self.counts(|measured| &mut measured.wakes);
        }
        if !matches!(wake.why, Why::Left) {
            self.call(process, Engine::resume)?;
            if let Some(running) = self.processes.get_mut(&process) {
                running.suspended = false;
            }
        }
        if self.has_a_good_shell() {
            // It looks at the settings in each wake, the extension's too.
            self.tell_conditions(process, self.phone.conditions())?;
            if process == Process::App {
                self.phone.submit_refresh(self.now, self.now);
            }
        }
        let id = (wake.until != simphone::Time::NEVER).then_some(wake.id);
        match wake.why {
            Why::Left => {
                let left = wake.until.since(self.now).0;
                let after = if self.has_a_good_shell() {
                    // What is under way may end first.
                    left.saturating_sub(500)
                } else {
                    self.rng.u64(..left.clamp(1, 2_000)) / 2
                };
                self.later(after, Due::PutAway(wake.id));
            }
            Why::Foreground => self.refresh(process, id, Cause::Foreground),
            Why::Refresh => self.refresh(process, id, Cause::BackgroundRefresh),
            Why::NetworkBack => self.refresh(process, id, Cause::NetworkBack),
            Why::LowPowerEnded => self.refresh(process, id, Cause::LowPowerModeEnded),
            Why::SilentPush(payload) | Why::PaintedPush(payload) => {
                self.receive(process, id, payload.bytes().to_vec(), false);
            }
            Why::Extension { payload, .. } => {
                self.receive(process, id, payload.bytes().to_vec(), true);
            }
        }
        Ok(())
    }

    fn engine_of(&self, process: Process) -> Option<Arc<Engine>> {
        let running = self.processes.get(&process);
        running.map(|running| Arc::clone(&running.engine))
    }

    pub(super) fn receive(
        &mut self,
        process: Process,
        wake: Option<WakeId>,
        payload: Vec<u8>,
        is_alert: bool,
    ) {
        let Some(engine) = self.engine_of(process) else {
            return;
        };
        self.last_push = Some(payload.clone());
        self.spawn(process, wake, is_alert, async move {
            engine.handle_push(payload, BUDGET).await
        });
    }

    /// A wake without a push.
    pub(super) fn refresh(&mut self, process: Process, wake: Option<WakeId>, cause: Cause) {
        let Some(engine) = self.engine_of(process) else {
            return;
        };
        self.spawn(process, wake, false, async move {
            engine.refresh(cause, BUDGET).await
        });
    }

    fn spawn(
        &mut self,
        process: Process,
        wake: Option<WakeId>,
        is_alert: bool,
        task: impl Future<Output = truebadge_engine::WakeOutcome> + Send + 'static,
    ) {
        let Some(owner) = self.processes.get(&process).map(|running| running.owner) else {
            return;
        };
        let (ended, began) = (Arc::clone(&self.ended), self.now);
        self.places += 1;
        let number = self.places;
        self.open.insert(number, (owner, began));
        let task = async move {
            let outcome = task.await;
            lock(&ended).push(Ended {
                number,
                owner,
                process,
                wake,
                began,
                is_alert,
                outcome,
            });
        };
        // The executor takes every task.
        let _ = self.executor.spawner(owner).spawn(Box::pin(task));
    }

    pub(super) fn wake_ended(&mut self, ended: &Ended) -> Step {
        let outcome = &ended.outcome;
        self.open.remove(&ended.number);
        self.last_wake = Some((outcome.disposition, outcome.error.is_none()));
        self.note(format_args!(
            "{:?}'s wake ends: {:?}, badge {:?}, synced {}, {:?}",
            ended.process,
            outcome.disposition,
            outcome.badge.map(|state| state.badge),
            outcome.synced,
            outcome.error,
        ));
        self.in_time((ended.owner, ended.began))?;
        self.reported(&ended.outcome);
        if ended.outcome.rebuilt && ended.process == Process::Extension {
            let what = "the extension made the store anew";
            return Err(Violation::new(Property::S8, what));
        }
        if ended.outcome.rebuilt {
            self.audit.forget();
        }
        // A wake that had a store has the one that is left.
        if ended.outcome.rebuilt || (self.damaged && ended.outcome.badge.is_some()) {
            self.let_go();
        }
        self.look(false)?;
        self.stay_read()?;
        if ended.outcome.push_token_wanted {
            self.phone.register_for_pushes(self.now);
        }
        let alive = self.process_of(ended.owner).is_some();
        if let Some(wake) = ended.wake.filter(|_| alive) {
            let completion = if ended.is_alert {
                let number = self.number_in_alert(ended)?;
                self.phone.completed_alert(self.now, wake, number)
            } else {
                self.phone.completed(self.now, wake)
            };
            if matches!(completion, Completion::Late | Completion::Twice) {
                let what = format!("completion was called {completion:?}");
                return Err(Violation::new(Property::S9, what));
            }
        }
        self.phone_moves()
    }

    /// The person has left: the shell suspends the engine, and says that it is done.
    pub(super) fn put_away(&mut self, wake: WakeId) -> Step {
        if !self.phone.in_foreground() {
            self.note(format_args!("the shell calls suspend()"));
            self.call(Process::App, Engine::suspend)?;
            if let Some(running) = self.processes.get_mut(&Process::App) {
                running.suspended = true;
            }
            self.settle()?;
            self.no_lock("after suspend()")?;
        }
        self.phone.completed(self.now, wake);
        self.phone_moves()
    }

    fn freeze(&mut self, process: Process) -> Step {
        self.note(format_args!("{process:?} is suspended"));
        if let Some(running) = self.processes.get_mut(&process) {
            running.frozen = true;
        }
        self.no_lock("when the process was suspended")?;
        self.check_sums()
    }

    fn no_lock(&mut self, when: &str) -> Step {
        if self.audit.is_locked() {
            let what = format!("a lock was held {when}");
            return Err(Violation::new(Property::S6, what));
        }
        Ok(())
    }

    /// Adds a line to the timeline.
    /// The engine set the number already, and the alert carries none; unless iOS did not confirm it: with
    /// the extension it may be gone.
    fn number_in_alert(&mut self, ended: &Ended) -> Result<Option<u32>, Violation> {
        if ended.outcome.shown {
            return Ok(None);
        }
        let newest = self.call(ended.process, Engine::badge)?;
        let known = newest.and_then(Result::ok).filter(|newest| newest.known);
        Ok(known.map(|newest| newest.badge))
    }

    pub(super) fn note(&mut self, line: Arguments<'_>) {
        self.timeline.note(self.now, line);
    }
}

fn why(why: &Why) -> &'static str {
    match why {
        Why::Foreground => "foreground",
        Why::Left => "left",
        Why::SilentPush(_) => "silent push",
        Why::PaintedPush(_) => "painted push",
        Why::Extension { .. } => "alert",
        Why::Refresh => "background refresh",
        Why::NetworkBack => "network back",
        Why::LowPowerEnded => "Low Power Mode ended",
    }
}

//! A week of the published workload instead of a plan, and its measurement.

use std::{collections::VecDeque, sync::Arc};

use fastrand::Rng;
use simphone::{Rules, Time};
use truebadge_engine::Engine;
use truebadge_protocol::{
    AccountId, ConversationId, Level,
    messages::{Alert, Event as Report},
};
use truebadge_relay::planner;

use super::{Process, Step, World, broken, person, seed_this_thread};
use crate::{
    backend::Backend,
    ground::Ground,
    measure::{
        Account, CONVERSATIONS, Event, Measured, Meter, OnlyHere, Script, Seeds, Seen, is_reachable,
    },
    run::Options,
    violation::{Property, Violation},
};

/// What is left of a week, and what was measured of it.
pub(super) struct Week {
    script: VecDeque<(Time, Event)>,
    end: Time,
    truth: Account,
    /// What the truth adds up to.
    number: u32,
    servers_up: bool,
    only_here: OnlyHere,
    /// What the app's backend has to report once the relay is there again.
    missed: Vec<Event>,
    meter: Meter,
}

impl World {
    /// A week of somebody's phone.
    pub(crate) fn of_a_week(
        rules: &Arc<Rules>,
        seeds: Seeds,
        script: &Script,
        end: Time,
    ) -> Result<Self, Violation> {
        let mut rng = Rng::with_seed(seeds.client);
        seed_this_thread(&mut rng);
        let options = Options::default();
        let ground = Ground::prepare(&options).map_err(|error| broken(&error))?;
        let relay = (ground.relay.clone(), planner::Rules::default());
        let backend = Backend::new(1, relay, None).map_err(|error| broken(&error))?;
        let mut world = Self::made(rules, seeds, rng, (ground, backend), &options);
        let id = AccountId::new(Backend::account(0)).map_err(|error| broken(&error))?;
        world.accounts.push(person::Account::wanted(id));
        world.week = Some(Week {
            script: script.events.iter().copied().collect(),
            end,
            truth: Account::default(),
            number: 0,
            servers_up: true,
            only_here: OnlyHere::default(),
            missed: Vec::new(),
            meter: Meter::default(),
        });
        let quiet = (0..CONVERSATIONS.len()).filter(|one| CONVERSATIONS[*one].only_mentions);
        let levels = quiet.map(|conversation| Report::Level {
            conversation: name(conversation),
            level: Level::Mentions,
        });
        world.report(0, levels.collect())?;
        Ok(world)
    }

    /// Lives through it.
    pub(crate) fn live_the_week(mut self) -> Result<Measured, Violation> {
        let end = self.week.as_ref().map_or(Time::ZERO, |week| week.end);
        // What is ready goes on in no time: the end is where time would go past it.
        while self.is_ready() || self.next_time().is_some_and(|next| next < end) {
            self.step()?;
        }
        let week = self.week.take();
        Ok(week.map(|week| week.meter.end(end)).unwrap_or_default())
    }

    /// When the week, or an outage of APNs, goes on.
    pub(super) fn next_of_the_week(&mut self) -> Option<Time> {
        let week = self.week.as_ref()?;
        let event = week.script.front().map(|(time, _)| *time);
        let outage = self.apns.outage_changes_after(self.now);
        [event, outage].into_iter().flatten().min()
    }

    pub(super) fn week_comes_due(&mut self) -> Option<Event> {
        let now = self.now;
        let script = &mut self.week.as_mut()?.script;
        script
            .pop_front_if(|(time, _)| *time <= now)
            .map(|(_, event)| event)
    }

    pub(super) fn servers_are_out(&self) -> bool {
        self.week.as_ref().is_some_and(|week| !week.servers_up)
    }

    pub(super) fn lives(&mut self, event: Event) -> Step {
        self.note(format_args!("— {event:?}"));
        self.becomes_true(&event);
        match event {
            Event::Phone(happening) => self.phone_has(happening),
            Event::Servers(up) => self.servers(up),
            Event::ReadHere {
                conversation,
                up_to,
            } => self.is_read_here(conversation, up_to),
            event if self.servers_are_out() => {
                if let Some(week) = &mut self.week {
                    week.missed.push(event);
                }
                Ok(())
            }
            event => self.reports(event),
        }
    }

    fn becomes_true(&mut self, event: &Event) {
        let Some(week) = &mut self.week else {
            return;
        };
        let before = week.number;
        week.truth.follow(event);
        week.number = week.truth.badge();
        week.only_here.happens(event, week.number != before);
        if week.number < before && matches!(event, Event::ReadElsewhere { .. }) {
            week.meter.falls_elsewhere(self.now);
        }
    }

    fn servers(&mut self, up: bool) -> Step {
        let Some(week) = &mut self.week else {
            return Ok(());
        };
        week.servers_up = up;
        let missed = std::mem::take(&mut week.missed);
        self.relay_down_until = if up { self.now } else { Time::NEVER };
        for event in missed {
            self.reports(event)?;
        }
        if up {
            self.ring();
        }
        Ok(())
    }

    /// The app's backend tells the relay.
    fn reports(&mut self, event: Event) -> Step {
        let report = match event {
            Event::Item {
                conversation,
                mention,
                alert,
            } => {
                let newest = self.newest.entry((0, number(conversation))).or_default();
                *newest += 1;
                Report::Item {
                    conversation: name(conversation),
                    position: person::position(*newest),
                    mention,
                    alert: alert.then(|| Alert {
                        title: Some("Someone".to_owned()),
                        subtitle: None,
                        body: Some("Something".to_owned()),
                        sound: None,
                    }),
                }
            }
            Event::ReadElsewhere {
                conversation,
                up_to,
            } => Report::Read {
                conversation: name(conversation),
                up_to: person::position(up_to.into()),
            },
            Event::MarkElsewhere(conversation) => Report::MarkedUnread {
                conversation: name(conversation),
                marked: true,
            },
            Event::ReadHere { .. } | Event::Phone(_) | Event::Servers(_) => return Ok(()),
        };
        self.report(0, vec![report])
    }

    /// The person reads in the app.
    fn is_read_here(&mut self, conversation: usize, up_to: u32) -> Step {
        let (account, id) = (self.accounts[0].id.clone(), name(conversation));
        let views = self.call(Process::App, |engine: &Engine| {
            engine.conversations(&account)
        })?;
        let Some(Ok(views)) = views.filter(|_| self.in_foreground()) else {
            return Err(Violation::new(
                Property::Panic,
                "nobody reads where no app is open",
            ));
        };
        let shown = views
            .into_iter()
            .map(|view| view.state)
            .find(|state| state.id == id);
        let newest = shown.map_or(0, |shown| shown.newest.get());
        let above = self
            .week
            .as_ref()
            .map_or(0, |week| week.truth.unread_above(conversation, up_to));
        // The app says what it shows: nothing is left where it does not know of more.
        let left = if newest > u64::from(up_to) { above } else { 0 };
        self.act(0, |engine, account| {
            engine.mark_read(account, &id, person::position(up_to.into()), left)
        })
    }

    /// Looks at the icon.
    pub(super) fn measure(&mut self) {
        let Some(week) = &mut self.week else {
            return;
        };
        week.only_here.passes(&self.phone, week.servers_up);
        let out = self.apns.is_out(self.now);
        let seen = Seen {
            icon: self.phone.badge(),
            truth: week.number,
            reachable: is_reachable(&self.phone, week.servers_up, out, self.now),
            known: week.only_here.is_nothing(),
        };
        week.meter.look(self.now, seen);
    }

    /// One more of what is counted.
    pub(super) fn counts(&mut self, what: impl FnOnce(&mut Measured) -> &mut u64) {
        if let Some(week) = &mut self.week {
            *what(&mut week.meter.measured) += 1;
        }
    }
}

fn name(conversation: usize) -> ConversationId {
    let name = CONVERSATIONS[conversation].name;
    ConversationId::new(name).unwrap_or_else(|_| unreachable!("{name} is a name"))
}

fn number(conversation: usize) -> u8 {
    u8::try_from(conversation).unwrap_or(u8::MAX)
}

//! A scenario with the real relay, apns-sim, and a phone without an iPhone.

use std::path::Path;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::{
    Scenario, Step,
    action::{Action, Deed},
};
use crate::{Kind, Phone, Settings, World, link::Link};

/// The relay as in production, but for waits that nobody wants to sit through.
pub fn settings() -> Settings {
    Settings {
        escalate_after: "5s,60s",
        ..Settings::default()
    }
}

/// Plays a scenario; `tell` hears of each step that turned out as it says.
pub async fn play(
    scenario: &Scenario,
    kind: &Kind,
    mut tell: impl FnMut(&Step),
) -> anyhow::Result<()> {
    let (start, steps) = scenario.steps.split_first().context("it has no steps")?;
    let Action::Starts { accounts, policy } = &start.action else {
        anyhow::bail!("it does not start with a phone");
    };
    let mut stage = Stage::set(kind, accounts, policy).await?;
    stage.check(start.badge).await.with_context(|| at(start))?;
    tell(start);
    for step in steps {
        let done = async {
            stage.act(&step.action).await?;
            stage.check(step.badge).await
        };
        done.await.with_context(|| at(step))?;
        tell(step);
    }
    stage.ends_with_the_truth().await.context("at its end")
}

fn at(step: &Step) -> String {
    format!("line {}, `{}`", step.line, step.text)
}

/// The world, the phone in it, and what its icon may show.
struct Stage {
    world: World,
    phone: Phone,
    link: Link,
    accounts: Vec<String>,
    policy: String,
    /// What the icon showed at the last step that said so.
    badge: u64,
    /// How much of what the phone printed was looked at.
    looked_at: usize,
    /// What changes the icon in this step wakes the app.
    wakes: bool,
    force_quit: bool,
    away: bool,
    losing: u32,
}

impl Stage {
    async fn set(kind: &Kind, accounts: &[String], policy: &str) -> anyhow::Result<Self> {
        let world = World::start(settings()).await?;
        let link = Link::to(&world.desktop.relay).await?;
        let names: Vec<&str> = accounts.iter().map(String::as_str).collect();
        let mut setup = world.setup(kind, "phone", &names).await?;
        setup.relay.clone_from(&link.url);
        policy.clone_into(&mut setup.policy);
        Ok(Self {
            phone: Phone::start(setup).await?,
            world,
            link,
            accounts: accounts.to_vec(),
            policy: policy.to_owned(),
            badge: 0,
            looked_at: 0,
            wakes: false,
            force_quit: false,
            away: false,
            losing: 0,
        })
    }

    async fn act(&mut self, action: &Action) -> anyhow::Result<()> {
        self.wakes = !self.force_quit && !matches!(action, Action::Sends(_));
        match action {
            Action::Starts { .. } => anyhow::bail!("the phone has started already"),
            Action::Opens => {
                self.force_quit = false;
                self.open().await
            }
            Action::ForceQuits => {
                self.force_quit = true;
                self.say("force-quit", "force_quit").await
            }
            Action::GoesOffline => {
                self.link.cut();
                self.away = true;
                self.say("away", "away").await
            }
            Action::ComesOnline => {
                self.link.mend();
                self.away = false;
                self.say("back", "attached").await
            }
            Action::Does(deed) => self.does(deed).await,
            Action::Reported { account, events } => self.report(account, events).await,
            Action::Loses(times) => {
                self.losing += times;
                self.world.apns.fault(&json!({ "drop": times })).await
            }
            Action::Doubles(times) => self.world.apns.fault(&json!({ "duplicate": times })).await,
            Action::Sends(file) => self.send(file).await,
            Action::RelayStops => self.world.stop_relay().await,
            Action::RelayStarts => self.world.start_relay().await,
            Action::RelayRepeats => Ok(()), // it does so by itself
        }
    }

    async fn say(&mut self, command: &str, event: &str) -> anyhow::Result<()> {
        self.phone.say(command).await?;
        self.phone.event(event).await.map(drop)
    }

    /// Opens the app, and waits until that wake has done all that it can.
    async fn open(&mut self) -> anyhow::Result<()> {
        self.phone.say("open").await?;
        let opened = |line: &Value| {
            let by_person = ["launch", "foreground"].map(Value::from);
            (line["event"] == "wake" && by_person.contains(&line["cause"])).then_some(())
        };
        let process = &mut self.phone.process;
        process.wait_for("the end of the wake", opened).await
    }

    /// Does it, and waits until the relay has heard of it, or cannot.
    async fn does(&mut self, deed: &Deed) -> anyhow::Result<()> {
        self.phone.say(&deed.command()).await?;
        let recorded = self.phone.event("operation").await?;
        ensure!(recorded["recorded"] == true, "not recorded: {recorded}");
        self.phone.wake("operation").await?;
        if let Deed::SignsOut(account) = deed {
            self.accounts.retain(|one| one != account);
        }
        Ok(())
    }

    /// What no phone gets is waited for at APNs: otherwise it might be under way for longer than
    /// the fault, or the tunnel.
    async fn report(&mut self, account: &str, events: &[Value]) -> anyhow::Result<()> {
        self.world.desktop.report(account, events).await?;
        let outcome = if self.losing > 0 {
            self.losing -= 1;
            "dropped"
        } else if self.away {
            "stored"
        } else {
            return Ok(());
        };
        let there = |line: &Value| (line["outcome"] == outcome).then_some(());
        let apns = &mut self.world.apns.process;
        apns.wait_for(&format!("a push that is {outcome}"), there)
            .await
    }

    /// Sends a push, and waits until the app has dealt with it, if it wakes it.
    async fn send(&mut self, file: &Path) -> anyhow::Result<()> {
        let payload: Value = serde_json::from_slice(&std::fs::read(file)?)?;
        let woken = |lines: &[Value]| {
            let by_push = |line: &&Value| line["event"] == "wake" && line["cause"] == "push";
            lines.iter().filter(by_push).count()
        };
        let before = woken(&self.phone.process.all());
        let token = &self.phone.push_token;
        let status = self.world.apns.send(token, &payload).await?;
        ensure!(status == 200, "APNs answered {status}");
        if payload["aps"]["content-available"] == 1 {
            let again = |lines: &[Value]| woken(lines) > before;
            let process = &mut self.phone.process;
            process.wait_until("the end of the wake", again).await?;
        }
        Ok(())
    }

    /// Waits for the badge, and for the end of the wake that came with it. On the way our code may set what
    /// lies between it, what the icon showed and what our code last set, and nothing else. (iOS
    /// paints on its own: it may be ahead of the app, which cannot read the icon.)
    async fn check(&mut self, badge: Option<u64>) -> anyhow::Result<()> {
        let Some(badge) = badge else { return Ok(()) };
        let mut lines = self.phone.settles_at(badge).await?;
        if self.wakes && badge != self.badge {
            let seen = self.looked_at;
            let woken = |lines: &[Value]| {
                let mut since = lines[seen..].iter();
                since.any(|line| line["event"] == "wake" && line["badge"] == badge)
            };
            let process = &mut self.phone.process;
            lines = process.wait_until("the end of the wake", woken).await?;
        }
        let (before, since) = lines.split_at(self.looked_at);
        let known = [
            self.badge,
            set_by_us(before).next_back().unwrap_or(0),
            badge,
        ];
        let between = known.iter().min()..=known.iter().max();
        if let Some(wrong) = set_by_us(since).find(|set| !between.contains(&Some(set))) {
            anyhow::bail!("the app set {wrong} on the way to {badge}");
        }
        (self.badge, self.looked_at) = (badge, lines.len());
        Ok(())
    }

    /// Opened once more, the app shows what the relay has: the number of the last step.
    async fn ends_with_the_truth(&mut self) -> anyhow::Result<()> {
        self.open().await?;
        self.check(Some(self.badge)).await?;
        let counted = match self.policy.as_str() {
            "messages" => "unread",
            "off" => return Ok(()),
            other => other,
        };
        let mut truth = 0;
        for account in &self.accounts {
            let state = self.world.desktop.state(account).await?;
            let total = state["totals"][counted].as_u64();
            truth += total.context("the relay told no totals")?;
        }
        ensure!(
            truth == self.badge,
            "the icon shows {}, the relay has {truth}",
            self.badge
        );
        Ok(())
    }
}

/// The numbers that our code set, among what a phone printed: also those that changed nothing.
fn set_by_us(lines: &[Value]) -> impl DoubleEndedIterator<Item = u64> {
    let set =
        |line: &&Value| line["event"] == "wake" || line["event"] == "badge" && line["by"] == "core";
    let lines = lines.iter().filter(set);
    lines.filter_map(|line| line["badge"].as_u64())
}

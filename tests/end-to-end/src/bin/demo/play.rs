//! The play: what the desktop does, and what must follow.

use anyhow::Context as _;
use end_to_end::{Kind, Phone, Settings, World};
use serde_json::{Value, json};

use crate::{console::Console, lines::Line};

const ACCOUNT: &str = "alice";
const CHAT: &str = "team";

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every badge was right.
    Right {
        /// So many were compared.
        checks: usize,
    },
    /// Some were not.
    Wrong {
        /// So many were wrong.
        wrong: usize,
        /// So many were compared.
        checks: usize,
    },
}

/// The processes, and how far what they report has been shown.
pub struct Play {
    console: Console,
    world: World,
    phone: Phone,
    shown: Shown,
    checks: usize,
    wrong: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Shown {
    apns: usize,
    phone: usize,
}

impl Play {
    /// Starts everything, and says what runs.
    pub async fn begin(console: Console, kind: &Kind, why: &str) -> anyhow::Result<Self> {
        console.title("TrueBadge: read on the desktop, cleared on the phone");
        let settings = Settings {
            lanes: "silent-first",
            coalesce: "300ms,2s",
            escalate_after: "3s,60s",
        };
        let world = World::start(settings).await?;
        console.fact("relay", &world.desktop.relay);
        let apns = format!("apns-sim, HTTP/2 at {}", world.apns.provider);
        console.fact("APNs", &apns);
        let phone = world.phone(kind, "phone", &[ACCOUNT]).await?;
        console.fact("phone", &format!("the {} ({why})", kind.name()));
        let shown = Shown {
            apns: world.apns.process.printed(),
            phone: phone.process.printed(),
        };
        Ok(Self {
            console,
            world,
            phone,
            shown,
            checks: 0,
            wrong: 0,
        })
    }

    /// Both parts.
    pub async fn all(&mut self) -> anyhow::Result<Verdict> {
        self.console
            .heading("1. Three messages arrive, and are read on the desktop");
        self.arrive(1..=3).await?;
        let read = self.read(3).await?;
        self.woken(0, read).await?;
        // The relay would send a fall that nobody acknowledged again: receipts ride on requests.
        self.phone.say("refresh").await?;
        self.phone.wake("foreground").await?;
        self.show();

        self.console
            .heading("2. The same, but the push of the read is lost on the way");
        self.arrive(4..=6).await?;
        let lose = json!({ "drop": 1, "push_type": "background" });
        self.world.apns.fault(&lose).await?;
        let read = self.read(6).await?;
        self.show();
        self.stale().await?;
        self.world.apns.push(Some("alert")).await?;
        self.woken(0, read).await?;
        Ok(self.verdict())
    }

    async fn arrive(&mut self, positions: std::ops::RangeInclusive<u64>) -> anyhow::Result<()> {
        let number = positions.clone().count();
        let committed = self.world.desktop.items(ACCOUNT, CHAT, positions).await?;
        let did = format!("{number} messages arrive in {CHAT}");
        let line = Line::desktop(&did, &committed);
        self.console.line(&line);
        self.world.apns.push(Some("background")).await?;
        self.woken(3, line).await
    }

    /// Reads on the desktop, and waits until the relay has sent the push of it.
    async fn read(&mut self, up_to: u64) -> anyhow::Result<Line> {
        let committed = self.world.desktop.read(ACCOUNT, CHAT, up_to).await?;
        let line = Line::desktop(&format!("reads {CHAT} up to {up_to}"), &committed);
        self.console.line(&line);
        self.world.apns.push(Some("background")).await?;
        Ok(line)
    }

    /// Waits for the badge and the end of the wake that comes with it, shows what was reported, and
    /// compares.
    async fn woken(&mut self, badge: u64, after: Line) -> anyhow::Result<()> {
        let change = self.phone.shows(badge).await?;
        self.phone.wake("push").await?;
        self.phone.say("list").await?;
        self.phone.event("conversations").await?;
        self.show();
        let truth = self.truth().await?;
        let shown = self.phone.badge();
        let right = shown == Some(truth) && truth == badge;
        self.checks += 1;
        self.wrong += usize::from(!right);
        let shown = shown.map_or("nothing".to_owned(), |shown| shown.to_string());
        let took = change["at_ms"].as_u64().unwrap_or_default();
        let took = took.saturating_sub(after.at_ms);
        let sentence =
            format!("the icon shows {shown}, the relay has {truth} unread ({took} ms later)");
        self.console.check(right, &sentence);
        Ok(())
    }

    /// The push was lost: the number is an older truth, and only something new can change that.
    async fn stale(&mut self) -> anyhow::Result<()> {
        let (shown, truth) = (self.phone.badge(), self.truth().await?);
        let shown = shown.context("the icon shows nothing")?;
        anyhow::ensure!(
            shown != truth,
            "the badge is {shown} and right, although its push was lost: nothing is shown by this"
        );
        self.console.note(&format!(
            "the icon still shows {shown}, the relay has {truth} unread; what no phone acknowledged \
             is sent again, painted: within a minute, here after 3 s"
        ));
        Ok(())
    }

    async fn truth(&self) -> anyhow::Result<u64> {
        let state = self.world.desktop.state(ACCOUNT).await?;
        let unread = state["totals"]["unread"].as_u64();
        unread.context("the relay told no totals")
    }

    /// Shows what was reported since the last time, in the order in which it happened.
    fn show(&mut self) {
        let apns = self.world.apns.process.after(self.shown.apns);
        let phone = self.phone.process.after(self.shown.phone);
        self.shown.apns += apns.len();
        self.shown.phone += phone.len();
        let mut lines: Vec<_> = apns.iter().filter_map(Line::apns).collect();
        lines.extend(phone.iter().filter_map(Line::phone));
        lines.sort_by_key(|line| line.at_ms);
        for line in &lines {
            self.console.line(line);
        }
    }

    fn verdict(&self) -> Verdict {
        let Self { wrong, checks, .. } = *self;
        if wrong == 0 {
            Verdict::Right { checks }
        } else {
            Verdict::Wrong { wrong, checks }
        }
    }

    /// Leaves everything running, and shows what is reported, until a process ends.
    pub async fn keep(&mut self) -> anyhow::Result<()> {
        self.console
            .heading("All of it keeps running. Play by hand; Ctrl-C ends it.");
        self.console.by_hand(&self.commands());
        self.show();
        loop {
            tokio::select! {
                event = self.world.apns.process.next() => {
                    event.context("apns-sim ended")?;
                }
                event = self.phone.process.next() => {
                    event.context("the phone ended")?;
                }
            }
            self.show();
        }
    }

    fn commands(&self) -> Vec<(&'static str, String)> {
        let (desktop, phones) = (&self.world.desktop, &self.world.apns.phones);
        let events = |event: Value| {
            let (relay, key) = (&desktop.relay, &desktop.producer_key);
            let body = json!({ "events": [event] });
            format!(
                "curl -s {relay}/v1/accounts/{ACCOUNT}/events -H 'Authorization: Bearer {key}' \
                 -H 'Content-Type: application/json' -d '{body}'"
            )
        };
        let item = json!({ "type": "item", "conversation": CHAT, "position": 7 });
        let read = json!({ "type": "read", "conversation": CHAT, "up_to": 7 });
        let lose = json!({ "drop": 1 });
        vec![
            (
                "a message arrives (the next one at position 8)",
                events(item),
            ),
            ("it is read on the desktop", events(read)),
            (
                "the next push is lost",
                format!("curl -s {phones}/control/faults -d '{lose}'"),
            ),
            (
                "every push that APNs got",
                format!("curl -s {phones}/control/pushes"),
            ),
        ]
    }

    /// Ends everything as an operator does.
    pub async fn end(mut self) -> anyhow::Result<()> {
        self.phone.process.stop().await?;
        self.world.stop().await
    }
}

//! What happens at the relay, by a seed, and the pushes that tell of it.

use std::collections::BTreeMap;

use fastrand::Rng;
use truebadge_protocol::{
    ConversationId, DeviceId, Level, Position, PushPayload, Route, Version, messages::Event,
    push::Aps,
};

use crate::{
    obey::READ_HERE,
    relay::Relay,
    truth::{State, Truth},
};

/// Conversations that the phone reads.
const HERE: usize = 24;
/// Conversations that the backend reads.
const ELSEWHERE: usize = 12;
/// Muted conversations with something unread: they count nothing and make a reset long.
const MUTED: usize = 40;

/// The app's backend. Nobody else reports to the relay.
#[derive(Debug)]
pub struct Backend {
    /// Every state since the phone was last known to be at the newest.
    pub truth: Truth,
    elsewhere: BTreeMap<String, (u64, u64)>,
    counter: u64,
}

impl Backend {
    /// A backend that has reported some items.
    pub fn new(relay: &Relay, rng: &mut Rng) -> Self {
        let mut backend = Self {
            truth: Truth::new(State::default()),
            elsewhere: BTreeMap::new(),
            counter: 0,
        };
        relay.commit((0..MUTED).flat_map(muted).collect());
        for _ in 0..60 {
            backend.report(relay, rng);
        }
        backend.truth.reached();
        backend
    }

    /// Something happens: items arrive, or the person reads on another device.
    pub fn report(&mut self, relay: &Relay, rng: &mut Rng) {
        let mut state = self.truth.newest().clone();
        let event = match rng.u8(0..10) {
            0..5 => {
                let id = format!("{READ_HERE}{}", rng.usize(..HERE));
                let newest = state.read_here.entry(id.clone()).or_default();
                *newest += 1;
                item(&id, *newest)
            }
            5..8 => {
                let id = format!("elsewhere-{}", rng.usize(..ELSEWHERE));
                let (newest, _) = self.elsewhere.entry(id.clone()).or_default();
                *newest += 1;
                item(&id, *newest)
            }
            _ => {
                let id = format!("elsewhere-{}", rng.usize(..ELSEWHERE));
                let (newest, read) = self.elsewhere.entry(id.clone()).or_default();
                *read = rng.u64(*read..=*newest);
                Event::Read {
                    conversation: conversation(&id),
                    up_to: position(*read),
                }
            }
        };
        let unread = |(newest, read): &(u64, u64)| newest - read;
        state.elsewhere = self.elsewhere.values().map(unread).sum();
        relay.commit(vec![event]);
        self.truth.commit(state);
    }

    /// The push that a relay would send now: with every row above what the phone confirmed, or above
    /// `base`, so that the phone may find a gap.
    pub fn push(&mut self, relay: &Relay, device: &DeviceId, route: &Route, kind: Push) -> String {
        let now = relay.moment(device, |confirmed, head| match kind {
            Push::Cumulative | Push::WithoutRows => confirmed,
            Push::AboveAll => version(head.get().saturating_sub(1)),
        });
        // Above none there is no end of rows: such a push has never any.
        let with_rows = kind != Push::WithoutRows && now.base > Version::ZERO;
        self.counter += 1;
        let payload = PushPayload {
            route: route.clone(),
            epoch: now.changes.epoch.clone(),
            counter: self.counter,
            base: now.base,
            version: now.changes.head,
            totals: now.changes.totals,
            acknowledged: now.acknowledged,
            rows: with_rows.then_some(now.changes.changes),
            item: None,
            sync_wanted: false,
        };
        let aps = Aps {
            content_available: true,
            ..Aps::default()
        };
        String::from_utf8(payload.compose(&aps).unwrap()).unwrap()
    }
}

/// Which rows a push carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Push {
    /// Those above the cursor that the phone last confirmed.
    Cumulative,
    /// Only what the newest commit changed.
    AboveAll,
    /// None.
    WithoutRows,
}

impl Push {
    /// One of them; mostly as relays send it.
    pub fn any(rng: &mut Rng) -> Self {
        match rng.u8(0..10) {
            0 => Self::AboveAll,
            1 => Self::WithoutRows,
            _ => Self::Cumulative,
        }
    }
}

fn muted(number: usize) -> [Event; 2] {
    let id = format!("muted-{number}");
    let level = Event::Level {
        conversation: conversation(&id),
        level: Level::None,
    };
    [level, item(&id, 1)]
}

/// An item arrives.
pub fn item(id: &str, at: u64) -> Event {
    Event::Item {
        conversation: conversation(id),
        position: position(at),
        mention: false,
        alert: None,
    }
}

fn conversation(id: &str) -> ConversationId {
    ConversationId::new(id).unwrap()
}

fn position(number: u64) -> Position {
    Position::new(number).unwrap()
}

fn version(number: u64) -> Version {
    Version::new(number).unwrap()
}

//! The workload: a week in the lives of many people and their phones, every number of it.
//!
//! What happens follows from the seed and the phone's place alone, never from a client: all clients
//! live the same weeks, and the truth is the same for all. How APNs and iOS behave meanwhile is the
//! preset's matter ([`simphone::Rules`]); the people are the same in each.
//!
//! A duration "a to b" is drawn like [`simphone::Delay`]: half of all draws lie within the first
//! eighth of the way, and the average is a quarter of the way. "Between" is even. The week begins on a
//! Monday at midnight.
//!
//! # People
//!
//! | what | whose |
//! |---|---|
//! | little, usual, much traffic (half, once, two and a half times the numbers below) | 30 %, 50 %, 20 % |
//! | reads at a desk from 9:00 to 12:00 and from 13:00 to 17:30 on workdays | 65 % |
//! | … where the office's network lets no pushes through | 8 % of those |
//! | reads on a laptop between 20:00 and 22:00 | 40 % |
//! | commutes | 50 % |
//! | has no network at night; the others have Wi-Fi | 35 % |
//! | uses Low Power Mode: on 6 evenings of 10, from between 18:00 and 20:30 until bedtime | 30 % |
//! | turned Background App Refresh off for the app | 15 % |
//! | swipes the app away after every second use | 20 % |
//! | forbids badges | 3 % |
//! | forbids alerts | 10 % |
//! | opens the app so often a day | between 4 and 15 times |
//! | gets up between 6:30 and 8:30, goes to bed between 22:00 and 23:50 | all |
//!
//! # Conversations
//!
//! | name | bursts on a workday | at the weekend | items in a burst | mentions | counts | alerts |
//! |---|---|---|---|---|---|---|
//! | family | 3 | 4 | 1 to 6 | 0 | every item | every item |
//! | friends | 4 | 6 | 1 to 8 | 0 | every item | every item |
//! | team | 8 | 1 | 1 to 8 | 10 % | every item | every item |
//! | news | 4 | 3 | 1 | 0 | every item | none |
//! | crowd | 5 | 5 | 1 to 16 | 5 % | mentions | mentions |
//!
//! The items of a burst come 2 s to 90 s apart. Bursts begin with the weights 1 from 7:00, 3 from
//! 9:00, 2 from 12:00, 3 from 13:00, 2 from 18:00 to 23:00, and 1 in all of the night.
//!
//! # Reading
//!
//! | what | how often, when |
//! |---|---|
//! | a burst that arrives while the person is at the desk or the laptop is read there | 85 % at the desk, 70 % at the laptop, 3 s to 10 min after its last item |
//! | the person sits down and reads what is unread | 70 % of the conversations, 10 s to 15 min later |
//! | … and marks it unread again 5 s later | 2 % |
//! | the app is opened | for 20 s to 6 min |
//! | … and a conversation is read there | 3 s to 20 s after the start, then every 4 s to 40 s, 80 % each time that something is unread |
//!
//! On the phone the person reads what arrived at least 3 s ago while there is a network and the servers
//! answer; otherwise what was there when they last used the app with both. A conversation that they
//! marked by hand they read elsewhere.
//!
//! # The phone and the world
//!
//! | what | how often |
//! |---|---|
//! | commute: mobile network, with 1 to 5 gaps of 1 min to 8 min without | twice a workday, between 20 min and 50 min, from between 7:45 and 8:45 and from between 17:30 and 18:30 |
//! | lunch: mobile network | workdays at the desk |
//! | an outing: mobile network, with 2 gaps of 2 min to 20 min without | 60 % of weekend days, between 2 h and 5 h |
//! | a captive portal: pushes, but no HTTPS, for 15 min to 60 min | 4 % of days |
//! | the phone restarts, and is unlocked 4 min to 20 min later | 5 % of days |
//! | it restarts between 2:00 and 4:00, and is unlocked when the person gets up | 2 % of nights |
//! | iOS needs memory and ends what is suspended | between 2 and 4 times a day |
//! | APNs gives the app another token | 0.7 % of days |
//! | badges are forbidden for a day from 10:00 | 1 % of days |
//! | the wall clock jumps by up to two days, and back after 2 h to 20 h | 0.5 % of days |
//! | the servers are out for 1 min to 30 min, for all phones at once | 30 % of days |
//! | APNs is out | as the preset says; each phone has other hours, but all clients the same |

mod day;
mod network;
mod person;
mod reading;

use simphone::{Happening, Millis, Time};

pub use person::{Person, Traffic};

use crate::plan::mix;

/// A conversation that everybody has.
#[derive(Clone, Copy, Debug)]
pub struct Conversation {
    /// Its name.
    pub name: &'static str,
    /// Bursts on a workday and on a day of the weekend, for usual traffic.
    pub bursts: [u64; 2],
    /// Items in a burst, at most.
    pub items: u64,
    /// Items that mention the person, in thousandths.
    pub mentions: u16,
    /// Only mentions count, and alert.
    pub only_mentions: bool,
    /// Items that count alert.
    pub alerts: bool,
}

/// The table in the module's documentation.
pub const CONVERSATIONS: [Conversation; 5] = [
    conversation("family", [3, 4], 6, 0, true),
    conversation("friends", [4, 6], 8, 0, true),
    conversation("team", [8, 1], 8, 100, true),
    conversation("news", [4, 3], 1, 0, false),
    Conversation {
        only_mentions: true,
        ..conversation("crowd", [5, 5], 16, 50, true)
    },
];

const fn conversation(
    name: &'static str,
    bursts: [u64; 2],
    items: u64,
    mentions: u16,
    alerts: bool,
) -> Conversation {
    Conversation {
        name,
        bursts,
        items,
        mentions,
        only_mentions: false,
        alerts,
    }
}

/// Something that happens in a week. Conversations by their place in [`CONVERSATIONS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// An item arrives.
    Item {
        /// Where.
        conversation: usize,
        /// It mentions the person.
        mention: bool,
        /// The phone is to show it.
        alert: bool,
    },
    /// The person reads on another device.
    ReadElsewhere {
        /// Where.
        conversation: usize,
        /// The newest item that they read.
        up_to: u32,
    },
    /// The person marks a conversation unread on another device.
    MarkElsewhere(usize),
    /// The person, who has the app open, reads on this phone.
    ReadHere {
        /// Where.
        conversation: usize,
        /// The newest item that they read.
        up_to: u32,
    },
    /// Something happens to the phone.
    Phone(Happening),
    /// The servers that tell phones anything stop, or are there again.
    Servers(bool),
}

/// One phone's week.
#[derive(Clone, Debug)]
pub struct Script {
    /// Whose phone it is.
    pub person: Person,
    /// What happens, in its order.
    pub events: Vec<(Time, Event)>,
}

/// All weeks of a seed.
#[derive(Clone, Debug)]
pub struct Workload {
    seed: u64,
    days: u64,
    /// When the servers stop and when they are there again.
    outages: Vec<(Time, Time)>,
}

/// What a seed is used for, so that no two uses look alike.
const OUTAGES: u64 = 1 << 41;
const PEOPLE: u64 = 1 << 42;

impl Workload {
    /// The weeks of a seed, or as many days as there shall be.
    pub fn new(seed: u64, days: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(mix(seed, OUTAGES));
        Self {
            seed,
            days,
            outages: day::outages(days, &mut random),
        }
    }

    /// When a run ends.
    pub fn end(&self) -> Time {
        Time::ZERO + Millis::days(self.days)
    }

    /// The week of a phone.
    pub fn script(&self, phone: u32) -> Script {
        let seed = mix(self.seed, PEOPLE + u64::from(phone));
        // Each part has a stream of its own: a change of one leaves the others as they are.
        let mut streams = (0..4).map(|part| fastrand::Rng::with_seed(mix(seed, part)));
        let mut stream = || {
            streams
                .next()
                .unwrap_or_else(|| unreachable!("there are four"))
        };
        let person = Person::draw(&mut stream());
        let days = day::days(&person, self.days, &mut stream());
        let mut events = days.happenings();
        events.extend(self.outages.iter().flat_map(|(from, until)| {
            [
                (*from, Event::Servers(false)),
                (*until, Event::Servers(true)),
            ]
        }));
        let items = day::items(&person, self.days, &mut stream());
        let read = reading::read(&person, &days, &items, &self.outages, &mut stream());
        events.extend(read);
        let end = self.end();
        events.retain(|(time, _)| *time < end);
        // Stable: what happens at the same moment keeps its order.
        events.sort_by_key(|(time, _)| *time);
        Script { person, events }
    }
}

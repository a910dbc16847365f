//! What happens to a phone and in an account, day by day.

use fastrand::Rng;
use simphone::{Chance, Delay, Happening, Millis, Path, Time};

use super::{CONVERSATIONS, Event, Person, network::Network};

/// A moment of a day: hours and minutes.
pub(super) fn clock(day: u64, hour: u64, minute: u64) -> Time {
    Time::ZERO + Millis::days(day) + Millis::hours(hour) + Millis::minutes(minute)
}

fn is(per_mille: u16, random: &mut Rng) -> bool {
    Chance::per_mille(per_mille).happens(random)
}

/// Evenly between two moments.
fn even(from: Time, until: Time, random: &mut Rng) -> Time {
    Time(random.u64(from.0..until.0.max(from.0 + 1)))
}

fn minutes(least: u64, most: u64, random: &mut Rng) -> Millis {
    Delay::between(Millis::minutes(least), Millis::minutes(most)).draw(random)
}

const fn is_workday(day: u64) -> bool {
    day % 7 < 5
}

/// An item that will arrive.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) at: Time,
    pub(super) conversation: usize,
    pub(super) mention: bool,
    /// The last of its burst.
    pub(super) last: bool,
}

/// When the servers stop and when they are there again.
pub(super) fn outages(days: u64, random: &mut Rng) -> Vec<(Time, Time)> {
    let mut outages = Vec::new();
    for day in 0..days {
        if is(300, random) {
            let from = even(clock(day, 1, 0), clock(day, 23, 0), random);
            outages.push((from, from + minutes(1, 30, random)));
        }
    }
    outages
}

/// What arrives.
pub(super) fn items(person: &Person, days: u64, random: &mut Rng) -> Vec<Item> {
    let mut items = Vec::new();
    for day in 0..days {
        for (place, conversation) in CONVERSATIONS.iter().enumerate() {
            let bursts = conversation.bursts[usize::from(!is_workday(day))];
            let halves = bursts * person.traffic.halves();
            // Half a burst comes every other time.
            let bursts = halves / 2 + u64::from(halves % 2 == 1 && random.bool());
            for _ in 0..bursts {
                burst(day, place, &mut items, random);
            }
        }
    }
    items.sort_by_key(|item| item.at);
    items
}

fn burst(day: u64, place: usize, items: &mut Vec<Item>, random: &mut Rng) {
    let conversation = &CONVERSATIONS[place];
    let mut at = begins(day, random);
    let most = conversation.items;
    let count = 1 + Delay::between(Millis(0), Millis(most))
        .draw(random)
        .0
        .min(most - 1);
    for number in 1..=count {
        items.push(Item {
            at,
            conversation: place,
            mention: is(conversation.mentions, random),
            last: number == count,
        });
        at += Delay::between(Millis::seconds(2), Millis::seconds(90)).draw(random);
    }
}

/// Hours and how much begins in each of them, in halves: 48 in all.
fn begins(day: u64, random: &mut Rng) -> Time {
    const WEIGHTS: [(u64, u64, u64); 6] = [
        (7, 9, 1),
        (9, 12, 3),
        (12, 13, 2),
        (13, 18, 3),
        (18, 23, 2),
        (23, 24, 1),
    ];
    let whole: u64 = WEIGHTS
        .iter()
        .map(|(from, until, weight)| (until - from) * weight)
        .sum();
    let mut drawn = random.u64(..whole);
    for (from, until, weight) in WEIGHTS {
        let here = (until - from) * weight;
        if drawn < here {
            return even(clock(day, from, 0), clock(day, until, 0), random);
        }
        drawn -= here;
    }
    even(clock(day, 0, 0), clock(day, 7, 0), random)
}

/// What happens to one phone.
#[derive(Debug)]
pub(super) struct Days {
    happenings: Vec<(Time, Happening)>,
    pub(super) network: Network,
    /// When the app is in front, in order.
    pub(super) sessions: Vec<(Time, Time)>,
    /// When the phone is off, or has just been.
    restarts: Vec<(Time, Time)>,
}

/// The days of somebody's phone.
pub(super) fn days(person: &Person, days: u64, random: &mut Rng) -> Days {
    let mut all = Days {
        happenings: Vec::new(),
        network: Network::new(),
        sessions: Vec::new(),
        restarts: Vec::new(),
    };
    all.settings(person);
    let mut up = clock(0, 0, 0);
    for day in 0..days {
        let bed = even(clock(day, 22, 0), clock(day, 23, 50), random);
        let next_up = even(clock(day + 1, 6, 30), clock(day + 1, 8, 30), random);
        all.night(person, (bed, next_up), random);
        all.work(person, day, random);
        all.trouble(person, day, bed, random);
        all.sessions_of(person, (up, bed), random);
        up = next_up;
    }
    all
}

impl Days {
    /// Everything as events, in no order.
    pub(super) fn happenings(&self) -> Vec<(Time, Event)> {
        let network = self.network.changes();
        let network = network.map(|(time, path)| (time, Happening::Network(path)));
        let all = self.happenings.iter().copied().chain(network);
        all.map(|(time, happening)| (time, Event::Phone(happening)))
            .collect()
    }

    fn add(&mut self, time: Time, happening: Happening) {
        self.happenings.push((time, happening));
    }

    /// The app is installed and opened for two minutes.
    fn settings(&mut self, person: &Person) {
        let begin = Time::ZERO;
        if person.no_badges {
            self.add(begin, Happening::BadgesAllowed(false));
        }
        if person.no_alerts {
            self.add(begin, Happening::AlertsAllowed(false));
        }
        if person.no_refresh {
            self.add(begin, Happening::BackgroundRefresh(false));
        }
        self.session(begin + Millis::seconds(1), begin + Millis::minutes(2));
    }

    fn session(&mut self, from: Time, until: Time) {
        self.add(from, Happening::Open);
        self.add(until, Happening::Home);
        self.sessions.push((from, until));
    }

    fn night(&mut self, person: &Person, (bed, up): (Time, Time), random: &mut Rng) {
        if person.offline_at_night {
            self.network.between(bed, up, Path::None);
        }
        if is(20, random) {
            let day = bed.day() + 1;
            let restart = even(clock(day, 2, 0), clock(day, 4, 0), random);
            self.restart(restart, up);
        }
        if person.low_power && is(600, random) {
            let day = bed.day();
            let on = even(clock(day, 18, 0), clock(day, 20, 30), random);
            self.add(on, Happening::LowPower(true));
            self.add(bed, Happening::LowPower(false));
        }
    }

    fn restart(&mut self, at: Time, unlocked: Time) {
        self.add(at, Happening::Restart);
        self.add(unlocked, Happening::Unlock);
        self.restarts.push((at, unlocked));
    }

    /// Where the phone is by day.
    fn work(&mut self, person: &Person, day: u64, random: &mut Rng) {
        if !is_workday(day) {
            if is(600, random) {
                let from = even(clock(day, 10, 0), clock(day, 16, 0), random);
                let until = from + Millis(random.u64(7_200_000..18_000_000));
                self.network.between(from, until, Path::Cellular);
                self.gaps((from, until), 2, (2, 20), random);
            }
            return;
        }
        if person.desk {
            self.network
                .between(clock(day, 9, 0), clock(day, 17, 30), person.office);
            self.network
                .between(clock(day, 12, 0), clock(day, 13, 0), Path::Cellular);
        } else if person.commutes {
            self.network
                .between(clock(day, 8, 45), clock(day, 17, 30), Path::Cellular);
        }
        if person.commutes {
            self.commute(clock(day, 7, 45), random);
            self.commute(clock(day, 17, 30), random);
        }
    }

    fn commute(&mut self, earliest: Time, random: &mut Rng) {
        let from = even(earliest, earliest + Millis::hours(1), random);
        let until = from + Millis(random.u64(1_200_000..3_000_000));
        self.network.between(from, until, Path::Cellular);
        let gaps = random.u64(1..=5);
        self.gaps((from, until), gaps, (1, 8), random);
    }

    /// Tunnels and the like.
    fn gaps(
        &mut self,
        (from, until): (Time, Time),
        gaps: u64,
        (least, most): (u64, u64),
        random: &mut Rng,
    ) {
        for _ in 0..gaps {
            let begin = even(from, until, random);
            let end = begin + minutes(least, most, random);
            self.network.between(begin, end.min(until), Path::None);
        }
    }

    fn trouble(&mut self, person: &Person, day: u64, bed: Time, random: &mut Rng) {
        let by_day = |random: &mut Rng| even(clock(day, 9, 0), clock(day, 21, 30), random);
        if is(40, random) {
            let from = by_day(random);
            self.network
                .between(from, from + minutes(15, 60, random), Path::NoHttps);
        }
        if is(50, random) {
            let from = by_day(random);
            let unlocked = (from + minutes(4, 20, random)).min(bed);
            self.restart(from, unlocked.max(from + Millis::minutes(4)));
        }
        for _ in 0..random.u64(2..=4) {
            self.add(by_day(random), Happening::MemoryPressure);
        }
        if is(7, random) {
            self.add(by_day(random), Happening::TokenChange);
        }
        if is(10, random) && !person.no_badges {
            self.add(clock(day, 10, 0), Happening::BadgesAllowed(false));
            self.add(clock(day + 1, 10, 0), Happening::BadgesAllowed(true));
        }
        if is(5, random) {
            let jump = i64::from(random.i32(-172_800..172_800)) * 1_000;
            let from = by_day(random);
            self.add(from, Happening::WallClock(jump));
            self.add(
                from + minutes(120, 1_200, random),
                Happening::WallClock(-jump),
            );
        }
    }

    /// The app is opened, and left, and swiped away by those who do that.
    fn sessions_of(&mut self, person: &Person, (up, bed): (Time, Time), random: &mut Rng) {
        let up = up.max(Time::ZERO + Millis::minutes(10));
        let mut starts: Vec<Time> = (0..person.sessions)
            .map(|_| even(up, bed, random))
            .collect();
        starts.sort_unstable();
        for from in starts {
            let length = Delay::between(Millis::seconds(20), Millis::minutes(6)).draw(random);
            let until = from + length;
            let quits = person.quits && random.bool();
            let last = self.sessions.last().map_or(Time::ZERO, |(_, until)| *until);
            let off = |(at, on): &(Time, Time)| from <= *on && *at <= until + Millis::minutes(1);
            if from < last + Millis::minutes(1) || self.restarts.iter().any(off) {
                continue;
            }
            self.session(from, until);
            if quits {
                self.add(until + Millis::seconds(2), Happening::ForceQuit);
            }
        }
    }
}

//! Who reads what, where, and when. It goes through the week with the truth in its hands, so that
//! everything that is read is there.

use std::{cmp::Reverse, collections::BinaryHeap};

use fastrand::Rng;
use simphone::{Chance, Delay, Millis, Time};

use super::{
    CONVERSATIONS, Event, Person,
    day::{Days, Item, clock},
};
use crate::measure::account::Account;

/// Something that may be read, or marked, at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Occasion {
    Arrives(usize),
    Elsewhere(usize),
    Marks(usize),
    Here,
    /// The app is in front until then.
    Opened(Time),
}

struct Reader<'a> {
    days: &'a Days,
    items: &'a [Item],
    outages: &'a [(Time, Time)],
    truth: Account,
    /// When each item of a conversation arrived.
    arrived: [Vec<Time>; CONVERSATIONS.len()],
    /// Until when the app was in front, with a network and with servers that answered.
    seen: Time,
    events: Vec<(Time, Event)>,
}

/// Items and what is read of them.
pub(super) fn read(
    person: &Person,
    days: &Days,
    items: &[Item],
    outages: &[(Time, Time)],
    random: &mut Rng,
) -> Vec<(Time, Event)> {
    let mut occasions = BinaryHeap::new();
    let mut add = |time: Time, occasion| occasions.push(Reverse((time, occasion)));
    for (place, item) in items.iter().enumerate() {
        add(item.at, Occasion::Arrives(place));
    }
    for (time, occasion) in elsewhere(person, items, random) {
        add(time, occasion);
    }
    for (from, until) in &days.sessions {
        add(*from, Occasion::Opened(*until));
        for time in here(*from, *until, random) {
            add(time, Occasion::Here);
        }
    }
    let mut reader = Reader {
        days,
        items,
        outages,
        truth: Account::default(),
        arrived: Default::default(),
        seen: Time::ZERO,
        events: Vec::new(),
    };
    while let Some(Reverse((time, occasion))) = occasions.pop() {
        reader.comes(time, occasion, random);
    }
    reader.events
}

/// When the person would read on another device.
fn elsewhere(person: &Person, items: &[Item], random: &mut Rng) -> Vec<(Time, Occasion)> {
    let soon = Delay::between(Millis::seconds(3), Millis::minutes(10));
    let later = Delay::between(Millis::seconds(10), Millis::minutes(15));
    let mut all = Vec::new();
    let mut reads = |at: Time, conversation: usize, random: &mut Rng| {
        all.push((at, Occasion::Elsewhere(conversation)));
        if Chance::per_mille(20).happens(random) {
            all.push((at + Millis::seconds(5), Occasion::Marks(conversation)));
        }
    };
    for item in items.iter().filter(|item| item.last) {
        let delay = soon.draw(random);
        let (desk, laptop) = (random.u16(..1_000) < 850, random.u16(..1_000) < 700);
        if (is_at_desk(person, item.at) && desk) || (is_at_laptop(person, item.at) && laptop) {
            reads(item.at + delay, item.conversation, random);
        }
    }
    let days = items.last().map_or(0, |item| item.at.day() + 1);
    for day in 0..days {
        for begin in [clock(day, 9, 0), clock(day, 13, 0), clock(day, 20, 0)] {
            for conversation in 0..CONVERSATIONS.len() {
                let delay = later.draw(random);
                let will = random.u16(..1_000) < 700;
                let there = is_at_desk(person, begin) || is_at_laptop(person, begin);
                if will && there {
                    reads(begin + delay, conversation, random);
                }
            }
        }
    }
    all
}

fn is_at_desk(person: &Person, time: Time) -> bool {
    let day = time.day();
    let workday = day % 7 < 5;
    let morning = (clock(day, 9, 0)..clock(day, 12, 0)).contains(&time);
    let afternoon = (clock(day, 13, 0)..clock(day, 17, 30)).contains(&time);
    person.desk && workday && (morning || afternoon)
}

fn is_at_laptop(person: &Person, time: Time) -> bool {
    let day = time.day();
    person.laptop && (clock(day, 20, 0)..clock(day, 22, 0)).contains(&time)
}

/// When the person would read on the phone, while the app is open.
fn here(from: Time, until: Time, random: &mut Rng) -> Vec<Time> {
    let first = Delay::between(Millis::seconds(3), Millis::seconds(20));
    let pause = Delay::between(Millis::seconds(4), Millis::seconds(40));
    let mut times = Vec::new();
    let mut time = from + first.draw(random);
    while time + Millis::seconds(1) < until {
        times.push(time);
        time += pause.draw(random);
    }
    times
}

impl Reader<'_> {
    fn comes(&mut self, now: Time, occasion: Occasion, random: &mut Rng) {
        match occasion {
            Occasion::Arrives(place) => self.arrives(place),
            Occasion::Elsewhere(conversation) => {
                let up_to = self.truth.newest(conversation);
                let marked = self.truth.is_marked(conversation);
                if marked || self.truth.oldest_unread(conversation).is_some() {
                    self.happens(
                        now,
                        Event::ReadElsewhere {
                            conversation,
                            up_to,
                        },
                    );
                }
            }
            Occasion::Marks(conversation) => {
                let read = self.truth.oldest_unread(conversation).is_none();
                // Where only mentions count, a mark would count for nothing to be seen.
                let counts = !CONVERSATIONS[conversation].only_mentions;
                let named = self.truth.newest(conversation) > 0;
                if read && counts && named && !self.truth.is_marked(conversation) {
                    self.happens(now, Event::MarkElsewhere(conversation));
                }
            }
            Occasion::Here => {
                if random.u16(..1_000) < 800 {
                    self.reads_here(now);
                }
            }
            Occasion::Opened(until) => {
                if self.is_online(now) && self.is_online(until) {
                    self.seen = until;
                }
            }
        }
    }

    fn happens(&mut self, now: Time, event: Event) {
        self.truth.follow(&event);
        self.events.push((now, event));
    }

    fn arrives(&mut self, place: usize) {
        let Item {
            at,
            conversation,
            mention,
            ..
        } = self.items[place];
        self.arrived[conversation].push(at);
        let kind = &CONVERSATIONS[conversation];
        let alert = kind.alerts && (mention || !kind.only_mentions);
        self.happens(
            at,
            Event::Item {
                conversation,
                mention,
                alert,
            },
        );
    }

    fn is_online(&self, time: Time) -> bool {
        let out = |(from, until): &(Time, Time)| (*from..=*until).contains(&time);
        self.days.network.at(time).has_https() && !self.outages.iter().any(out)
    }

    /// The person reads the conversation that has waited longest.
    fn reads_here(&mut self, now: Time) {
        let just_now = Time(now.0.saturating_sub(3_000));
        let there = if self.is_online(now) && self.is_online(just_now) {
            just_now
        } else {
            self.seen.min(just_now)
        };
        let mut chosen: Option<(Time, usize, u32)> = None;
        for conversation in 0..CONVERSATIONS.len() {
            let arrived = &self.arrived[conversation];
            let up_to = arrived.partition_point(|at| *at <= there);
            let up_to = u32::try_from(up_to).unwrap_or(u32::MAX);
            let oldest = self.truth.oldest_unread(conversation);
            let Some(oldest) = oldest.filter(|oldest| *oldest <= up_to) else {
                continue;
            };
            let since = arrived[oldest as usize - 1];
            let marked = self.truth.is_marked(conversation);
            if !marked && chosen.is_none_or(|(before, ..)| since < before) {
                chosen = Some((since, conversation, up_to));
            }
        }
        if let Some((_, conversation, up_to)) = chosen {
            self.happens(
                now,
                Event::ReadHere {
                    conversation,
                    up_to,
                },
            );
        }
    }
}

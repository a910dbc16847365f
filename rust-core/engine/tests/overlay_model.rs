//! What a phone shows, against what a server that keeps every item would have after the phone's
//! pending operations.
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proptest::prelude::*;
use truebadge_engine::overlay::{Before, PendingKind, PendingOperation, lay_over};
use truebadge_protocol::{ConversationId, ConversationState, Level, Position, Version};

/// One conversation as a server keeps it that knows every item.
#[derive(Debug, Clone)]
struct Server {
    head: u64,
    row: u64,
    items: BTreeMap<u64, bool>,
    read: BTreeSet<u64>,
    marker: u64,
    level: Level,
    marked: bool,
    marked_at: u64,
    marked_by_phone: bool,
    acknowledged: u64,
}

impl Server {
    fn new() -> Self {
        Self {
            head: 0,
            row: 0,
            items: BTreeMap::new(),
            read: BTreeSet::new(),
            marker: 0,
            level: Level::All,
            marked: false,
            marked_at: 0,
            marked_by_phone: false,
            acknowledged: 0,
        }
    }

    fn unread(&self) -> impl Iterator<Item = (&u64, &bool)> {
        let unread = |item: &(&u64, &bool)| *item.0 > self.marker && !self.read.contains(item.0);
        self.items.iter().filter(unread)
    }

    fn unread_above(&self, position: u64) -> u32 {
        u32::try_from(self.unread().filter(|item| *item.0 > position).count()).unwrap()
    }

    fn state(&self) -> ConversationState {
        ConversationState {
            version: Version::new(self.row).unwrap(),
            unread: self.unread_above(0),
            mentions: u32::try_from(self.unread().filter(|item| *item.1).count()).unwrap(),
            newest: place(self.items.keys().last().copied().unwrap_or(0)),
            read_up_to: place(self.marker),
            level: self.level,
            marked_unread: self.marked,
            ..ConversationState::empty(ConversationId::new("family").unwrap())
        }
    }

    fn change(&mut self, change: impl FnOnce(&mut Self)) {
        let before = self.state();
        change(self);
        if self.state() != before {
            self.head += 1;
            self.row = self.head;
        }
    }

    fn mark(&mut self, by_phone: bool) {
        self.marked_at = if self.marked {
            self.head
        } else {
            self.head + 1
        };
        (self.marked, self.marked_by_phone) = (true, by_phone);
    }

    fn unmark(&mut self, seen: u64) {
        if seen >= self.marked_at || self.marked_by_phone {
            (self.marked, self.marked_by_phone) = (false, false);
        }
    }

    /// `read` are the single items that the operation reads.
    fn apply(&mut self, operation: &PendingOperation, read: Option<&BTreeSet<u64>>) {
        let seen = operation.seen.get();
        self.change(|server| match &operation.kind {
            PendingKind::ReadUpTo { position, .. } => {
                server.marker = server.marker.max(position.get());
                server.unmark(seen);
            }
            PendingKind::ReadItems { .. } => {
                server.read.extend(read.into_iter().flatten());
            }
            PendingKind::MarkedUnread { marked: true } => server.mark(true),
            PendingKind::MarkedUnread { marked: false } => server.unmark(seen),
            PendingKind::SetLevel { level } => server.level = *level,
        });
        self.acknowledged = operation.number;
    }
}

fn place(position: u64) -> Position {
    Position::new(position).unwrap()
}

/// Something happens. Places are spread over the conversation as it is at that moment.
#[derive(Debug, Clone)]
enum Event {
    ArrivesOnTop { mention: bool },
    ArrivesLate { place: u8, mention: bool },
    ReadElsewhere { place: u8 },
    ItemReadElsewhere { place: u8 },
    MarkedElsewhere { marked: bool },
    LevelElsewhere { level: u8 },
    ReadHere { place: u8 },
    ItemsReadHere { places: Vec<u8> },
    MarkedHere { marked: bool },
    LevelHere { level: u8 },
    ServerApplies,
    PhoneHears,
}

/// Counts tell everything: items arrive on top only, and nobody else reads.
fn undisturbed() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => any::<bool>().prop_map(|mention| Event::ArrivesOnTop { mention }),
        1 => any::<bool>().prop_map(|marked| Event::MarkedElsewhere { marked }),
        1 => (0..3u8).prop_map(|level| Event::LevelElsewhere { level }),
        2 => any::<u8>().prop_map(|place| Event::ReadHere { place }),
        2 => proptest::collection::vec(any::<u8>(), 1..4)
            .prop_map(|places| Event::ItemsReadHere { places }),
        1 => any::<bool>().prop_map(|marked| Event::MarkedHere { marked }),
        1 => (0..3u8).prop_map(|level| Event::LevelHere { level }),
        3 => Just(Event::ServerApplies),
        3 => Just(Event::PhoneHears),
    ]
}

fn anything() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => undisturbed(),
        1 => (any::<u8>(), any::<bool>())
            .prop_map(|(place, mention)| Event::ArrivesLate { place, mention }),
        1 => any::<u8>().prop_map(|place| Event::ReadElsewhere { place }),
        1 => any::<u8>().prop_map(|place| Event::ItemReadElsewhere { place }),
    ]
}

/// A server, and a phone that knows one of its states and has operations that it does not hold.
#[derive(Debug)]
struct World {
    server: Server,
    heard: Server,
    pending: Vec<PendingOperation>,
    sent: VecDeque<PendingOperation>,
    number: u64,
    /// The single items that each operation reads.
    items: BTreeMap<u64, BTreeSet<u64>>,
    /// Items that arrived late or were read elsewhere since the phone last had nothing pending.
    disturbed: u32,
    /// Reads here since then.
    reads: u32,
}

impl World {
    fn new() -> Self {
        Self {
            server: Server::new(),
            heard: Server::new(),
            pending: Vec::new(),
            sent: VecDeque::new(),
            number: 0,
            items: BTreeMap::new(),
            disturbed: 0,
            reads: 0,
        }
    }

    fn shown(&self) -> ConversationState {
        lay_over(&self.heard.state(), &self.pending)
    }

    /// What the server would have had if it had applied what is pending at the state that was heard.
    fn truth(&self) -> Server {
        let mut truth = self.heard.clone();
        for operation in &self.pending {
            truth.apply(operation, self.items.get(&operation.number));
        }
        truth
    }

    /// The phone acts on what it shows; what it says is left is true.
    fn record(&mut self, kind: impl FnOnce(&Server) -> PendingKind) {
        let kind = kind(&self.truth());
        self.number += 1;
        let operation = PendingOperation {
            number: self.number,
            seen: Version::new(self.heard.head).unwrap(),
            before: Before::of(&self.shown(), &self.pending, &kind),
            applied: None,
            kind,
        };
        self.pending.push(operation.clone());
        self.sent.push_back(operation);
    }

    /// A mark that is set again while the phone knows of one, or has set one that it has not heard
    /// of, looks to it like the old one.
    fn mark_is_told_apart(&self) -> bool {
        let marks = PendingKind::MarkedUnread { marked: true };
        let known =
            |operation: &PendingOperation| operation.before.marked || operation.kind == marks;
        !self.server.marked && !self.heard.marked && !self.pending.iter().any(known)
    }

    fn here(&mut self, event: Event) {
        let newest = self.heard.state().newest.get();
        let at = |place: u8| u64::from(place) % (newest + 1);
        match event {
            Event::ReadHere { place } => {
                self.reads += 1;
                self.record(|truth| PendingKind::ReadUpTo {
                    position: self::place(at(place)),
                    remaining: truth.unread_above(at(place)),
                });
            }
            Event::ItemsReadHere { places } => {
                self.reads += 1;
                let read: BTreeSet<u64> = places.into_iter().map(at).collect();
                self.record(|truth| {
                    let left = truth.unread().filter(|item| !read.contains(item.0)).count();
                    PendingKind::ReadItems {
                        remaining: u32::try_from(left).unwrap(),
                        last: self::place(*read.last().unwrap()),
                    }
                });
                self.items.insert(self.number, read);
            }
            Event::MarkedHere { marked } => self.record(|_| PendingKind::MarkedUnread { marked }),
            Event::LevelHere { level } => {
                let level = Level::from_code(level).unwrap();
                self.record(|_| PendingKind::SetLevel { level });
            }
            Event::PhoneHears => {
                self.heard = self.server.clone();
                let acknowledged = self.heard.acknowledged;
                self.pending
                    .retain(|operation| operation.number > acknowledged);
                if self.pending.is_empty() {
                    (self.disturbed, self.reads) = (0, 0);
                }
            }
            other => self.elsewhere(&other),
        }
    }

    fn elsewhere(&mut self, event: &Event) {
        let told_apart = self.mark_is_told_apart();
        let server = &mut self.server;
        let newest = server.state().newest.get();
        let unread = server.unread_above(0);
        match *event {
            Event::ArrivesOnTop { mention } => server.change(|server| {
                server.items.insert(newest + 2, mention);
            }),
            Event::ArrivesLate { place, mention } => server.change(|server| {
                let late = u64::from(place) % (newest + 1);
                server.items.entry(late.max(1)).or_insert(mention);
            }),
            Event::ReadElsewhere { place } => server.change(|server| {
                server.marker = server.marker.max(u64::from(place) % (newest + 1));
            }),
            Event::ItemReadElsewhere { place } => server.change(|server| {
                server.read.insert(u64::from(place) % (newest + 1));
            }),
            Event::MarkedElsewhere { marked: true } if told_apart => {
                server.change(|server| server.mark(false));
            }
            Event::MarkedElsewhere { marked: false } => server.change(|server| {
                (server.marked, server.marked_by_phone) = (false, false);
            }),
            Event::LevelElsewhere { level } => {
                server.change(|server| server.level = Level::from_code(level).unwrap());
            }
            Event::ServerApplies => {
                if let Some(operation) = self.sent.pop_front() {
                    server.apply(&operation, self.items.get(&operation.number));
                }
                return;
            }
            _ => return,
        }
        if !matches!(event, Event::ArrivesOnTop { .. }) {
            self.disturbed += unread.abs_diff(self.server.unread_above(0));
        }
    }
}

/// `PROPTEST_CASES` makes it longer.
fn configuration() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig {
        cases: default.cases.max(1_000),
        failure_persistence: None,
        ..default
    }
}

/// What the phone cannot know, [`World::mark_is_told_apart`]: that the mark it hears of is not its own.
#[test]
fn a_mark_that_others_set_in_place_of_the_own_one_shows_once_the_read_is_answered() {
    let mut world = World::new();
    world.here(Event::MarkedHere { marked: true });
    world.here(Event::ServerApplies);
    world.here(Event::MarkedElsewhere { marked: false });
    world.server.change(|server| server.mark(false));
    world.here(Event::ReadHere { place: 0 });

    world.here(Event::PhoneHears);
    let (shown, truth) = (world.shown(), world.truth().state());
    assert_eq!((shown.marked_unread, truth.marked_unread), (false, true));

    world.here(Event::ServerApplies);
    world.here(Event::PhoneHears);
    assert!(world.shown().marked_unread);
}

proptest! {
    #![proptest_config(configuration())]

    #[test]
    fn what_is_shown_is_what_the_server_will_have(
        events in proptest::collection::vec(undisturbed(), 0..40)
    ) {
        let mut world = World::new();
        for event in events {
            world.here(event);
            let (shown, truth) = (world.shown(), world.truth().state());
            prop_assert_eq!(shown.unread, truth.unread);
            prop_assert_eq!(shown.marked_unread, truth.marked_unread);
            prop_assert_eq!(shown.level, truth.level);
            prop_assert_eq!(shown.read_up_to, truth.read_up_to);
            // The phone is not told which items mention the person: none of them is hidden.
            prop_assert!(shown.mentions >= truth.mentions);
            prop_assert!(shown.mentions <= shown.unread);
        }
    }

    #[test]
    fn what_others_do_below_a_read_makes_the_number_wrong_by_no_more_than_they_did(
        events in proptest::collection::vec(anything(), 0..40)
    ) {
        let mut world = World::new();
        for event in events {
            world.here(event);
            let (shown, truth) = (world.shown(), world.truth().state());
            let wrong = shown.unread.abs_diff(truth.unread);
            prop_assert!(wrong <= world.disturbed * world.reads, "wrong by {wrong}");
            prop_assert!(shown.unread <= world.heard.state().unread);
            prop_assert!(shown.mentions <= shown.unread);
            prop_assert_eq!(shown.marked_unread, truth.marked_unread);
            prop_assert_eq!(shown.level, truth.level);
            prop_assert_eq!(shown.read_up_to, truth.read_up_to);
            if world.pending.is_empty() {
                prop_assert_eq!(shown, truth);
            }
        }
    }
}

//! The pure course of a flight: what is asked next, and what an answer means.
#![allow(missing_docs, clippy::unwrap_used)]

use proptest::prelude::*;
use truebadge_engine::{
    store::Staging,
    sync::{Comparison, Facts, Page, Rows, Session, Step},
};
use truebadge_protocol::{
    ConversationId, ConversationState, Digest, Epoch, OperationId, Totals, Version,
    messages::{Action, Changes, Operation},
};

/// An answer that may be anything that the wire can carry.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools)]
struct Anything {
    epoch: u8,
    reset: bool,
    more: bool,
    confirm: bool,
    rows: Vec<u64>,
    next: u64,
    head: u64,
    differs: bool,
}

fn anything() -> impl Strategy<Value = Anything> {
    let rows = proptest::collection::vec(1..12u64, 0..3);
    (
        0..2u8,
        any::<bool>(),
        any::<[bool; 2]>(),
        rows,
        0..12u64,
        0..12u64,
        any::<bool>(),
    )
        .prop_map(
            |(epoch, reset, [more, confirm], mut rows, next, head, differs)| {
                rows.sort_unstable();
                Anything {
                    epoch,
                    reset,
                    more,
                    confirm,
                    rows,
                    next,
                    head,
                    differs,
                }
            },
        )
}

/// An answer that leads on from any question: the worst that a plausible relay can do.
fn plausible(anything: &Anything, since: Version) -> Anything {
    let floor = if anything.reset { 0 } else { since.get() };
    let next = floor.max(anything.next) + u64::from(anything.more);
    Anything {
        rows: Vec::new(),
        next,
        head: if anything.more {
            next.max(anything.head)
        } else {
            next
        },
        ..anything.clone()
    }
}

fn version(number: u64) -> Version {
    Version::new(number).unwrap()
}

fn changes(answer: &Anything) -> Changes {
    let row = |at: &u64| ConversationState {
        version: version(*at),
        ..ConversationState::empty(ConversationId::new(format!("c{at}")).unwrap())
    };
    Changes {
        epoch: Epoch::new(format!("epoch-{}", answer.epoch)).unwrap(),
        reset: answer.reset,
        changes: answer.rows.iter().map(row).collect(),
        next: version(answer.next),
        head: version(answer.head),
        more: answer.more,
        confirm: answer.confirm,
        totals: Totals::ZERO,
        digest: Digest::EMPTY,
        acknowledged: 0,
        last_push: 0,
        push_token_ended: None,
        server_time: 0,
    }
}

/// What the store makes of a page, in a few words.
fn apply(facts: &mut Facts, page: Page, answer: &Changes, differs: bool) -> Comparison {
    let staging = |reset| Staging {
        epoch: answer.epoch.clone(),
        next: answer.next,
        reset,
    };
    facts.staging = match page.rows {
        Rows::Merge => None,
        Rows::Early => Some(staging(false)),
        Rows::StageFirst | Rows::StageMore => Some(staging(true)),
    };
    facts.registration_due |= page.registration_outdated;
    if page.rows == Rows::StageFirst {
        facts.reset_wanted = false;
    }
    if !page.complete {
        return Comparison::NotComparable;
    }
    facts.staging = None;
    if matches!(page.rows, Rows::StageFirst | Rows::StageMore) {
        facts.epoch = Some(answer.epoch.clone());
        facts.cursor = answer.head;
    } else {
        facts.cursor = facts.cursor.max(answer.head);
    }
    facts.reset_wanted = differs;
    if differs {
        Comparison::Differs
    } else {
        Comparison::Equal
    }
}

fn operation() -> Operation {
    Operation {
        number: 1,
        id: OperationId::new("one").unwrap(),
        seen: Version::ZERO,
        action: Action::MarkedUnread {
            conversation: ConversationId::new("c1").unwrap(),
            marked: true,
        },
    }
}

/// How many answers a flight takes before it ends; none when it does not.
fn answers_taken(facts: &mut Facts, answers: &[Anything], tame: bool) -> Option<usize> {
    let mut session = Session::new();
    for (taken, answer) in answers.iter().enumerate() {
        let query = match session.next(facts) {
            Step::Done => return Some(taken),
            Step::Register => {
                session.registered(changes(answer).epoch);
                facts.registration_due = false;
                continue;
            }
            Step::Disbelieve(_) => {
                facts.ahead = None;
                continue;
            }
            // The relay never confirms operations: that must not keep the flight going either.
            Step::Changes(query) | Step::Operations(query, _) => query,
        };
        let answer = if tame {
            plausible(answer, query.since)
        } else {
            answer.clone()
        };
        let heard = changes(&answer);
        let Ok(page) = session.answer(facts, &query, &heard) else {
            return Some(taken);
        };
        assert!(heard.next <= heard.head, "a page beyond its own head");
        let comparison = apply(facts, page, &heard, answer.differs);
        session.compared(page, &heard.epoch, comparison);
    }
    matches!(session.next(facts), Step::Done).then_some(answers.len())
}

proptest! {
    #[test]
    fn a_relay_that_answers_anything_cannot_keep_a_flight_going(
        answers in proptest::collection::vec(anything(), 64),
        begun in any::<bool>(),
        reset_wanted in any::<bool>(),
        pending in any::<bool>(),
    ) {
        let mut facts = Facts {
            epoch: begun.then(|| Epoch::new("epoch-0").unwrap()),
            reset_wanted: begun && reset_wanted,
            registration_due: true,
            unconfirmed: if pending { vec![operation()] } else { Vec::new() },
            ..Facts::default()
        };
        prop_assert!(answers_taken(&mut facts, &answers, false).is_some());
    }

    #[test]
    fn a_relay_whose_answers_all_lead_on_is_asked_again_only_for_pages_and_a_few_resets(
        answers in proptest::collection::vec(anything(), 64), pending in any::<bool>(),
    ) {
        // Pages that go on for ever end with the deadline; here each answer is the last page.
        let answers: Vec<_> = answers
            .into_iter()
            .map(|answer| Anything { more: false, ..answer })
            .collect();
        let mut facts = Facts {
            epoch: Some(Epoch::new("epoch-0").unwrap()),
            unconfirmed: if pending { vec![operation()] } else { Vec::new() },
            ..Facts::default()
        };
        let taken = answers_taken(&mut facts, &answers, true);
        prop_assert!(taken.is_some_and(|taken| taken <= 8), "{taken:?}");
    }

    #[test]
    fn a_page_that_does_not_lead_on_from_the_question_changes_nothing(
        answer in anything(), since in 1..12u64
    ) {
        let mut facts = Facts {
            epoch: Some(Epoch::new("epoch-0").unwrap()),
            cursor: version(since),
            ..Facts::default()
        };
        let mut session = Session::new();
        let Step::Changes(query) = session.next(&facts) else {
            return Err(TestCaseError::fail("a flight asks for changes"));
        };
        let heard = changes(&answer);
        if let Ok(page) = session.answer(&facts, &query, &heard) {
            apply(&mut facts, page, &heard, false);
            prop_assert!(answer.reset || facts.cursor >= version(since), "the cursor went back");
            prop_assert!(answer.reset || answer.epoch == 0, "rows of another history");
            let floor = if answer.reset { 0 } else { since };
            prop_assert!(answer.rows.iter().all(|at| *at > floor && *at <= answer.next));
        }
    }
}

//! Which push is sent, and when: the planner's table.
#![allow(clippy::unwrap_used, clippy::unnecessary_wraps)]

use std::time::Duration;

use proptest::{collection::vec, prelude::*};
use truebadge_protocol::messages::Conditions;
use truebadge_relay::planner::{
    self, Answers, Decision, Lane, Lanes, Misleading, Owed, Repeats, Rules, Situation,
    corrected_at, plan, unconfirmed_at,
};

const NOW: u64 = 100 * HOUR;
const HOUR: u64 = 60 * MINUTE;
const MINUTE: u64 = 60_000;

fn conditions() -> Conditions {
    Conditions::default()
}

fn no_refresh() -> Conditions {
    Conditions {
        background_refresh: false,
        ..conditions()
    }
}

fn low_power() -> Conditions {
    Conditions {
        low_power_mode: true,
        ..conditions()
    }
}

fn no_badges() -> Conditions {
    Conditions {
        badges_allowed: false,
        ..conditions()
    }
}

fn situation(told: u32, current: u32) -> Situation<'static> {
    Situation {
        now: NOW,
        told: Some(told),
        perhaps_told: &[],
        current,
        differs: told != current,
        fresh: true,
        owed: None,
        conditions: conditions(),
        whole_app: true,
        silent: &[],
    }
}

/// It is time to send the newest state again.
fn repeat(repeats: usize) -> Situation<'static> {
    Situation {
        fresh: false,
        owed: Some(Owed { repeats }),
        ..situation(1, 1)
    }
}

/// Silent pushes that were sent so many minutes ago.
fn sent(minutes: &[u64]) -> Vec<u64> {
    minutes
        .iter()
        .map(|minutes| NOW - minutes * MINUTE)
        .collect()
}

fn planned(situation: &Situation<'_>) -> Decision {
    plan(&Rules::default(), situation)
}

fn send(lane: Lane, owed: Option<Owed>) -> Decision {
    Decision::Send { lane, owed }
}

fn again(repeats: usize) -> Option<Owed> {
    Some(Owed { repeats })
}

#[test]
fn what_ios_can_be_told_is_painted() {
    for (told, current) in [(2, 1), (1, 2)] {
        let change = situation(told, current);
        assert_eq!(planned(&change), send(Lane::Painted, again(0)));
    }
}

#[test]
fn nothing_new_is_not_sent() {
    assert_eq!(planned(&situation(2, 2)), Decision::Rest(None));
}

#[test]
fn a_burst_that_ends_where_it_began_ends_no_repeats() {
    let back = Situation {
        owed: again(1),
        ..situation(2, 2)
    };
    assert_eq!(planned(&back), Decision::Rest(again(1)));
}

#[test]
fn a_phone_of_which_nobody_knows_whether_an_answer_came_is_sent_the_same_number_again() {
    let same = situation(1, 1);
    assert_eq!(plan(&Rules::default(), &same), Decision::Rest(None));
    let unconfirmed = Situation {
        told: None,
        differs: true,
        ..same
    };
    let sent = plan(&Rules::default(), &unconfirmed);
    let owed = Some(Owed::FIRST);
    let lane = Lane::Painted;
    assert_eq!(sent, Decision::Send { lane, owed });
}

#[test]
fn what_may_have_arrived_is_taken_back() {
    let perhaps = |told, perhaps_told, current| Situation {
        perhaps_told,
        differs: true,
        ..situation(told, current)
    };
    assert_eq!(planned(&perhaps(3, &[4], 3)), send(Lane::Painted, again(0)));
    assert_eq!(planned(&perhaps(3, &[4], 4)), send(Lane::Painted, again(0)));
    assert_eq!(planned(&perhaps(3, &[2], 3)), send(Lane::Painted, again(0)));
    assert_eq!(
        planned(&perhaps(3, &[3, 2], 3)),
        send(Lane::Painted, again(0))
    );
}

#[test]
fn the_same_number_for_another_reason_is_told_silently_or_not_at_all() {
    let other = Situation {
        differs: true,
        ..situation(2, 2)
    };
    assert_eq!(planned(&other), send(Lane::Silent, None));
    let unreachable = Situation {
        conditions: no_refresh(),
        ..other
    };
    assert_eq!(planned(&unreachable), Decision::Rest(None));
}

#[test]
fn where_neither_lane_can_arrive_nothing_is_sent() {
    for (told, current) in [(1, 2), (2, 1)] {
        for conditions in [no_refresh(), low_power()] {
            let unreachable = Situation {
                conditions,
                whole_app: false,
                ..situation(told, current)
            };
            assert_eq!(planned(&unreachable), Decision::Rest(None));
        }
    }
}

#[test]
fn what_cannot_be_painted_goes_silently() {
    let elsewhere = |told, current| Situation {
        whole_app: false,
        ..situation(told, current)
    };
    assert_eq!(planned(&elsewhere(2, 1)), send(Lane::Silent, again(0)));
    assert_eq!(planned(&elsewhere(1, 2)), send(Lane::Silent, again(0)));
    let forbidden = Situation {
        conditions: no_badges(),
        ..situation(2, 1)
    };
    assert_eq!(planned(&forbidden), send(Lane::Silent, again(0)));
}

#[test]
fn silent_pushes_stay_within_three_an_hour() {
    let spent = sent(&[5, 20, 40]);
    let rise = Situation {
        silent: &spent,
        whole_app: false,
        ..situation(1, 2)
    };
    assert_eq!(planned(&rise), Decision::Later(NOW + 20 * MINUTE));
    let older = sent(&[5, 20, 60]);
    let free = Situation {
        silent: &older,
        ..rise
    };
    assert_eq!(planned(&free), send(Lane::Silent, again(0)));
}

#[test]
fn repeats_leave_the_last_silent_push_of_an_hour_to_a_change() {
    let two = sent(&[5, 20]);
    let fall = Situation {
        silent: &two,
        whole_app: false,
        ..repeat(0)
    };
    assert_eq!(planned(&fall), Decision::Later(NOW + 40 * MINUTE));
    let change = Situation {
        silent: &two,
        whole_app: false,
        ..situation(2, 1)
    };
    assert_eq!(planned(&change), send(Lane::Silent, again(0)));
}

#[test]
fn a_change_is_painted_however_many_silent_pushes_are_left() {
    let fall = Situation {
        silent: &[],
        ..situation(2, 1)
    };
    assert_eq!(planned(&fall), send(Lane::Painted, again(0)));
    assert_eq!(planned(&repeat(0)), send(Lane::Painted, again(1)));
}

#[test]
fn each_change_of_the_number_begins_the_repeats_anew() {
    let change = |told, current| Situation {
        owed: again(2),
        ..situation(told, current)
    };
    for (told, current) in [(0, 1), (2, 1)] {
        let change = planned(&change(told, current));
        assert_eq!(change, send(Lane::Painted, again(0)));
    }
}

#[test]
fn for_diagnosis_a_lane_can_be_forced() {
    let lane = |lanes, situation: &Situation<'_>| {
        let rules = Rules {
            lanes,
            ..Rules::default()
        };
        match plan(&rules, situation) {
            Decision::Send { lane, .. } => lane,
            other => panic!("{other:?}"),
        }
    };
    let (fall, again) = (situation(2, 1), repeat(0));
    assert_eq!(lane(Lanes::Silent, &fall), Lane::Silent);
    assert_eq!(lane(Lanes::Silent, &again), Lane::Silent);
    assert_eq!(lane(Lanes::SilentFirst, &fall), Lane::Silent);
    assert_eq!(lane(Lanes::SilentFirst, &again), Lane::Painted);
    let same = Situation {
        differs: true,
        ..situation(2, 2)
    };
    assert_eq!(lane(Lanes::Auto, &same), Lane::Silent);
    assert_eq!(lane(Lanes::Painted, &same), Lane::Painted);
}

#[test]
fn a_change_after_quiet_waits_for_nothing_and_a_burst_for_300_ms_of_quiet_or_2_s() {
    let rules = Rules::default();
    assert_eq!(rules.due(NOW, None, None), NOW);
    assert_eq!(rules.due(NOW, None, Some(NOW - 2000)), NOW);
    assert_eq!(rules.due(NOW, None, Some(NOW - 1999)), NOW + 300);
    assert_eq!(rules.due(NOW, Some(NOW), None), NOW + 300);
    assert_eq!(rules.due(NOW + 1900, Some(NOW), None), NOW + 2000);
    assert_eq!(
        rules.due(NOW, None, Some(NOW + 1)),
        NOW,
        "the clock went back"
    );
}

/// Of a phone whose last acknowledgements came after so many milliseconds, for half of them and for nine of ten.
fn waits(rules: &Rules, lane: Lane, answers: Option<(u64, u64)>) -> Vec<Option<u64>> {
    let answers = answers.map(|(median, slow)| Answers {
        median: Duration::from_millis(median),
        slow: Duration::from_millis(slow),
    });
    let again = |repeats| rules.again(NOW, Owed { repeats }, lane, answers);
    let seconds = |at: u64| (at - NOW) / 1_000;
    (0..5).map(|repeats| again(repeats).map(seconds)).collect()
}

#[test]
fn a_phone_that_acknowledges_soon_is_sent_to_again_soon_and_then_ever_later() {
    let rules = Rules::default();
    let after = |first: u64| {
        let second = Some(first * 6);
        let third = Some((first * 120).min(7_200));
        let fourth = Some((first * 1_200).min(7_200));
        [Some(first), second, third, fourth, None]
    };
    let waits = |answers| waits(&rules, Lane::Painted, answers);
    assert_eq!(waits(Some((4_000, 50_000))), after(14));
    assert_eq!(waits(Some((10, 20))), after(4), "no sooner than this");
    assert_eq!(waits(Some((90_000, 90_000))), after(60), "no later");
    assert_eq!(waits(None), after(30), "nothing is known of it");
}

#[test]
fn an_alert_is_sent_again_once_nine_acknowledgements_of_ten_would_have_come() {
    let rules = Rules::default();
    let first = |answers| waits(&rules, Lane::Alert, answers)[0];
    assert_eq!(first(Some((10_000, 50_000))), Some(50));
    assert_eq!(
        first(Some((5_000, 50_000))),
        Some(30),
        "that one was an exception"
    );
    assert_eq!(first(Some((10, 20))), Some(4), "no sooner than this");
    assert_eq!(first(Some((60_000, 500_000))), Some(90), "no later");
    assert_eq!(first(None), Some(30), "nothing is known of it");
    assert_eq!(
        first(Some((5_000, 8_000))),
        Some(8),
        "it may be sooner than a painted number"
    );
    // Further waits are those of a painted number.
    let all = waits(&rules, Lane::Alert, Some((4_000, 50_000)));
    assert_eq!(all[1], Some(84));
}

#[test]
fn how_soon_a_phone_acknowledges_is_taken_from_the_middle_and_from_nine_of_ten() {
    let of = |seconds: &[u64]| {
        let times = seconds.iter().copied().map(Duration::from_secs).collect();
        Answers::of(times).map(|answers| (answers.median.as_secs(), answers.slow.as_secs()))
    };
    assert_eq!(of(&[]), None);
    assert_eq!(of(&[7]), Some((7, 7)));
    assert_eq!(of(&[9, 1, 5]), Some((5, 9)), "in any order");
    let twenty: Vec<u64> = (1..=20).collect();
    assert_eq!(of(&twenty), Some((11, 19)), "one in ten may be slower");
}

#[test]
fn the_operator_can_choose_the_waits() {
    let rules = Rules {
        repeats: Repeats::After([60, 600].map(Duration::from_secs).to_vec()),
        ..Rules::default()
    };
    let chosen = [Some(60), Some(600), None, None, None];
    for lane in [Lane::Painted, Lane::Alert] {
        assert_eq!(waits(&rules, lane, Some((10, 20))), chosen);
    }
}

/// When it is painted once more, in seconds; the pushes were sent so many seconds ago, the newest first.
fn corrected(pushes: &[u64], newest_misleads: bool, answers_in: u64) -> Option<u64> {
    let newest = |place| newest_misleads && place == 0;
    let of = |(place, seconds): (usize, &u64)| Misleading {
        sent_at: NOW - seconds * 1_000,
        newest: newest(place),
    };
    let pushes: Vec<_> = pushes.iter().enumerate().map(of).collect();
    let answers = Answers {
        median: Duration::from_secs(answers_in),
        slow: Duration::from_secs(answers_in * 3),
    };
    let at = corrected_at(NOW, &pushes, Some(answers));
    at.map(|at| (at - NOW) / 1_000)
}

#[test]
fn a_push_that_was_overtaken_is_painted_over_once_it_must_have_arrived() {
    assert_eq!(corrected(&[7], false, 2), Some(9), "16 s after it was sent");
    assert_eq!(corrected(&[7], false, 0), Some(3), "10 s after it at least");
    assert_eq!(
        corrected(&[7], false, 60),
        Some(113),
        "2 min after it at most"
    );
    assert_eq!(
        corrected(&[7, 12], false, 2),
        Some(9),
        "after the last of them"
    );
    assert_eq!(
        corrected(&[20], false, 2),
        None,
        "it has arrived, or is lost"
    );
    assert_eq!(corrected(&[], false, 2), None);
}

#[test]
fn an_older_number_that_apns_may_have_stored_is_replaced_there() {
    assert_eq!(
        corrected(&[3_600], true, 2),
        Some(30),
        "the person may read on"
    );
    assert_eq!(
        corrected(&[3_600], false, 2),
        None,
        "a newer one took its place"
    );
}

#[test]
fn what_an_answer_told_is_pushed_once_its_confirmation_is_late() {
    let answers = |seconds| Answers {
        median: Duration::from_secs(seconds),
        slow: Duration::from_secs(seconds * 3),
    };
    let after = |answers| unconfirmed_at(NOW, answers) - NOW;
    assert_eq!(after(Some(answers(2))), 16_000);
    assert_eq!(after(Some(answers(0))), 10_000, "no sooner");
    assert_eq!(after(Some(answers(60))), 120_000, "no later");
    assert_eq!(after(None), 60_000, "nothing is known of it");
}

prop_compose! {
    fn any_silent()(minutes in vec(0..120_u64, 0..6)) -> Vec<u64> {
        let mut sent = sent(&minutes);
        sent.sort_by_key(|at| std::cmp::Reverse(*at));
        sent
    }
}

prop_compose! {
    fn any_situation()(
        told in proptest::option::of(0..3_u32),
        current in 0..3_u32,
        other in any::<bool>(),
        fresh in any::<bool>(),
        owed in proptest::option::of(0..7_usize),
        allowed in any::<[bool; 4]>(),
        whole_app in any::<bool>(),
    ) -> Situation<'static> {
        let owed = owed.map(|repeats| Owed { repeats });
        Situation {
            now: NOW,
            told,
            perhaps_told: &[],
            current,
            differs: told != Some(current) || other,
            fresh: fresh || owed.is_none(),
            owed,
            conditions: Conditions {
                badges_allowed: allowed[0],
                alerts_allowed: allowed[1],
                background_refresh: allowed[2],
                low_power_mode: allowed[3],
            },
                whole_app,
            silent: &[],
        }
    }
}

proptest! {
    #[test]
    fn nothing_is_painted_that_may_not_be_and_no_budget_exceeded(
        situation in any_situation(), perhaps_told in vec(0..3_u32, 0..3), silent in any_silent()
    ) {
        let situation = Situation {
            perhaps_told: &perhaps_told,
            differs: situation.differs || !perhaps_told.is_empty(),
            silent: &silent,
            ..situation
        };
        let last_hour = silent.iter().filter(|at| **at + HOUR > NOW).count();
        let conditions = situation.conditions;
        match planned(&situation) {
            Decision::Send { lane: Lane::Painted, .. } => {
                prop_assert!(situation.whole_app && conditions.badges_allowed);
                let current = situation.current;
                let moves = situation.told != Some(current)
                    || perhaps_told.iter().any(|told| *told != current);
                prop_assert!(moves || situation.owed.is_some());
            }
            Decision::Send { lane: Lane::Silent, .. } => {
                prop_assert!(conditions.background_refresh && !conditions.low_power_mode);
                let most = if situation.fresh { 3 } else { 2 };
                prop_assert!(last_hour < most);
            }
            Decision::Send { lane: Lane::Alert, .. } => prop_assert!(false, "nothing to show"),
            Decision::Later(at) => prop_assert!(at > NOW, "a busy loop"),
            Decision::Rest(owed) => prop_assert!(owed.is_none() || owed == situation.owed),
        }
    }

    #[test]
    fn a_fall_that_is_sent_is_owed_and_what_is_owed_comes_to_rest(
        situation in any_situation(), perhaps_told in vec(0..3_u32, 0..3), silent in any_silent()
    ) {
        let rules = Rules::default();
        let situation = Situation {
            perhaps_told: &perhaps_told,
            differs: situation.differs || !perhaps_told.is_empty(),
            silent: &silent,
            ..situation
        };
        let Decision::Send { owed, .. } = planned(&situation) else {
            return Ok(());
        };
        if situation.told.is_none_or(|told| situation.current < told) || situation.owed.is_some() {
            prop_assert!(owed.is_some());
        }
        // Nothing changes and nobody answers: after each repeat fewer are left.
        let (mut left, mut owed) = (0, owed);
        while let Some(next) = owed.filter(|owed| rules.again(NOW, *owed, Lane::Painted, None).is_some()) {
            let repeat = Situation { fresh: false, owed: Some(next), ..situation };
            owed = planner::owed_after(&repeat);
            left += 1;
            prop_assert!(left <= 4);
        }
    }
}

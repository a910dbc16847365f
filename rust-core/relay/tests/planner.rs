//! Which push is sent, and when: the planner's table.
#![allow(clippy::unwrap_used, clippy::unnecessary_wraps)]

use proptest::{collection::vec, prelude::*};
use truebadge_protocol::messages::Conditions;
use truebadge_relay::planner::{
    self, Decision, Lane, Lanes, Owed, Pace, Rules, SilentPush, Situation, plan,
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
        told,
        perhaps_told: None,
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
fn repeat(pace: Pace, repeats: usize) -> Situation<'static> {
    Situation {
        fresh: false,
        owed: Some(Owed { pace, repeats }),
        ..situation(1, 1)
    }
}

/// Silent pushes that were sent so many minutes ago, and acknowledged after so many seconds.
fn sent(pushes: &[(u64, Option<u64>)]) -> Vec<SilentPush> {
    let push = |(minutes, seconds): &(u64, Option<u64>)| {
        let sent_at = NOW - minutes * MINUTE;
        SilentPush {
            sent_at,
            received_at: seconds.map(|seconds| sent_at + seconds * 1000),
        }
    };
    pushes.iter().map(push).collect()
}

fn proven() -> Vec<SilentPush> {
    sent(&[(70, Some(2)), (80, Some(60)), (90, Some(0))])
}

fn planned(situation: &Situation<'_>) -> Decision {
    plan(&Rules::default(), situation)
}

fn send(lane: Lane, owed: Option<Owed>) -> Decision {
    Decision::Send { lane, owed }
}

fn first(pace: Pace) -> Option<Owed> {
    Some(Owed::first(pace))
}

fn again(pace: Pace, repeats: usize) -> Option<Owed> {
    Some(Owed { pace, repeats })
}

#[test]
fn what_ios_can_be_told_is_painted_and_a_fall_is_more_urgent_than_a_rise() {
    assert_eq!(
        planned(&situation(2, 1)),
        send(Lane::Painted, first(Pace::Urgent))
    );
    assert_eq!(
        planned(&situation(1, 2)),
        send(Lane::Painted, first(Pace::Calm))
    );
}

#[test]
fn nothing_new_is_not_sent() {
    assert_eq!(planned(&situation(2, 2)), Decision::Rest(None));
}

#[test]
fn a_burst_that_ends_where_it_began_ends_no_repeats() {
    let back = Situation {
        owed: again(Pace::Urgent, 1),
        ..situation(2, 2)
    };
    assert_eq!(planned(&back), Decision::Rest(Some(NOW + 10 * MINUTE)));
    let last = Situation {
        owed: again(Pace::Urgent, 3),
        ..back
    };
    assert_eq!(planned(&last), Decision::Rest(None));
}

#[test]
fn what_may_have_arrived_is_taken_back() {
    let perhaps = |told, perhaps_told, current| Situation {
        perhaps_told: Some(perhaps_told),
        differs: true,
        ..situation(told, current)
    };
    assert_eq!(
        planned(&perhaps(3, 4, 3)),
        send(Lane::Painted, first(Pace::Urgent))
    );
    assert_eq!(
        planned(&perhaps(3, 4, 4)),
        send(Lane::Painted, first(Pace::Calm))
    );
    assert_eq!(
        planned(&perhaps(3, 2, 3)),
        send(Lane::Painted, first(Pace::Calm))
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
    assert_eq!(
        planned(&elsewhere(2, 1)),
        send(Lane::Silent, first(Pace::Urgent))
    );
    assert_eq!(
        planned(&elsewhere(1, 2)),
        send(Lane::Silent, first(Pace::Calm))
    );
    let forbidden = Situation {
        conditions: no_badges(),
        ..situation(2, 1)
    };
    assert_eq!(planned(&forbidden), send(Lane::Silent, first(Pace::Urgent)));
}

#[test]
fn silent_pushes_stay_within_three_an_hour() {
    let spent = sent(&[(5, Some(1)), (20, None), (40, Some(1))]);
    let rise = Situation {
        silent: &spent,
        whole_app: false,
        ..situation(1, 2)
    };
    assert_eq!(planned(&rise), Decision::Later(NOW + 20 * MINUTE));
    let older = sent(&[(5, Some(1)), (20, None), (60, Some(1))]);
    let free = Situation {
        silent: &older,
        ..rise
    };
    assert_eq!(planned(&free), send(Lane::Silent, first(Pace::Calm)));
}

#[test]
fn repeats_leave_the_last_silent_push_of_an_hour_to_a_change() {
    let two = sent(&[(5, None), (20, None)]);
    let fall = Situation {
        silent: &two,
        whole_app: false,
        ..repeat(Pace::Urgent, 0)
    };
    assert_eq!(planned(&fall), Decision::Later(NOW + 40 * MINUTE));
    let change = Situation {
        silent: &two,
        whole_app: false,
        ..situation(2, 1)
    };
    assert_eq!(planned(&change), send(Lane::Silent, first(Pace::Urgent)));
}

#[test]
fn a_change_is_silent_where_the_receipts_show_that_silent_pushes_arrive_in_time() {
    let proven = proven();
    for (told, current) in [(2, 1), (1, 2)] {
        let change = Situation {
            silent: &proven,
            ..situation(told, current)
        };
        assert_eq!(planned(&change), send(Lane::Silent, first(Pace::Urgent)));
    }
    let doubtful = [
        sent(&[(70, Some(2)), (80, None), (90, Some(2))]),
        sent(&[(70, Some(2)), (80, Some(61)), (90, Some(2))]),
        sent(&[(70, Some(2)), (80, Some(2))]),
    ];
    for silent in &doubtful {
        let fall = Situation {
            silent,
            ..situation(2, 1)
        };
        assert_eq!(planned(&fall), send(Lane::Painted, first(Pace::Urgent)));
    }
}

#[test]
fn a_repeat_is_painted_whatever_the_receipts_show() {
    let proven = proven();
    let repeat = Situation {
        silent: &proven,
        ..repeat(Pace::Urgent, 0)
    };
    assert_eq!(
        planned(&repeat),
        send(Lane::Painted, again(Pace::Urgent, 1))
    );
}

#[test]
fn a_change_carries_a_fall_that_is_owed_and_counts_as_one_of_its_repeats() {
    let rise = |repeats| Situation {
        owed: again(Pace::Urgent, repeats),
        ..situation(0, 1)
    };
    assert_eq!(
        planned(&rise(0)),
        send(Lane::Painted, again(Pace::Urgent, 1))
    );
    assert_eq!(
        planned(&rise(2)),
        send(Lane::Painted, first(Pace::Calm)),
        "the last was sent"
    );
    let fall = Situation {
        owed: again(Pace::Urgent, 2),
        ..situation(2, 1)
    };
    assert_eq!(planned(&fall), send(Lane::Painted, first(Pace::Urgent)));
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
    let (fall, again) = (situation(2, 1), repeat(Pace::Urgent, 0));
    assert_eq!(lane(Lanes::Silent, &fall), Lane::Silent);
    assert_eq!(lane(Lanes::Silent, &again), Lane::Silent);
    assert_eq!(lane(Lanes::SilentFirst, &fall), Lane::Silent);
    assert_eq!(lane(Lanes::SilentFirst, &again), Lane::Painted);
    let proven = proven();
    let rise = Situation {
        silent: &proven,
        ..situation(1, 2)
    };
    assert_eq!(lane(Lanes::Painted, &rise), Lane::Painted);
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

#[test]
fn falls_are_repeated_after_1_10_and_120_minutes_and_rises_after_30_and_120() {
    let rules = Rules::default();
    let minutes = |pace| -> Vec<_> {
        (0..4)
            .map(|repeats| rules.again(NOW, Owed { pace, repeats }))
            .map(|at| at.map(|at| (at - NOW) / MINUTE))
            .collect()
    };
    assert_eq!(minutes(Pace::Urgent), [Some(1), Some(10), Some(120), None]);
    assert_eq!(minutes(Pace::Calm), [Some(30), Some(120), None, None]);
}

prop_compose! {
    fn any_silent()(
        pushes in vec((0..120_u64, proptest::option::of(0..120_u64)), 0..6)
    ) -> Vec<SilentPush> {
        let mut sent = sent(&pushes);
        sent.sort_by_key(|push| std::cmp::Reverse(push.sent_at));
        sent
    }
}

prop_compose! {
    fn any_situation()(
        told in 0..3_u32,
        current in 0..3_u32,
        perhaps_told in proptest::option::of(0..3_u32),
        other in any::<bool>(),
        fresh in any::<bool>(),
        owed in proptest::option::of((any::<bool>(), 0..5_usize)),
        allowed in any::<[bool; 4]>(),
        whole_app in any::<bool>(),
    ) -> Situation<'static> {
        let pace = |urgent| if urgent { Pace::Urgent } else { Pace::Calm };
        let owed = owed.map(|(urgent, repeats)| Owed { pace: pace(urgent), repeats });
        Situation {
            now: NOW,
            told,
            perhaps_told,
            current,
            differs: told != current || perhaps_told.is_some() || other,
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
        situation in any_situation(), silent in any_silent()
    ) {
        let situation = Situation { silent: &silent, ..situation };
        let last_hour = silent.iter().filter(|push| push.sent_at + HOUR > NOW).count();
        let conditions = situation.conditions;
        match planned(&situation) {
            Decision::Send { lane: Lane::Painted, .. } => {
                prop_assert!(situation.whole_app && conditions.badges_allowed);
                let told = [Some(situation.told), situation.perhaps_told];
                let moves = told.iter().flatten().any(|told| *told != situation.current);
                prop_assert!(moves || situation.owed.is_some());
            }
            Decision::Send { lane: Lane::Silent, .. } => {
                prop_assert!(conditions.background_refresh && !conditions.low_power_mode);
                let most = if situation.fresh { 3 } else { 2 };
                prop_assert!(last_hour < most);
            }
            Decision::Send { lane: Lane::Alert, .. } => prop_assert!(false, "nothing to show"),
            Decision::Later(at) => prop_assert!(at > NOW, "a busy loop"),
            Decision::Rest(again) => prop_assert!(again.is_none_or(|at| at > NOW), "a busy loop"),
        }
    }

    #[test]
    fn a_fall_that_is_sent_is_owed_and_what_is_owed_comes_to_rest(
        situation in any_situation(), silent in any_silent()
    ) {
        let rules = Rules::default();
        let situation = Situation { silent: &silent, ..situation };
        let Decision::Send { owed, .. } = planned(&situation) else {
            return Ok(());
        };
        if situation.current < situation.told || situation.owed.is_some() {
            prop_assert!(owed.is_some());
        }
        // Nothing changes and nobody answers: after each repeat fewer are left.
        let (mut left, mut owed) = (0, owed);
        while let Some(next) = owed.filter(|owed| rules.again(NOW, *owed).is_some()) {
            let repeat = Situation { fresh: false, owed: Some(next), ..situation };
            owed = planner::owed_after(&rules, &repeat, Pace::Calm);
            left += 1;
            prop_assert!(left <= rules.escalation.len());
        }
    }
}

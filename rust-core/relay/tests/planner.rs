//! Which push is sent, and when: the planner's table.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use truebadge_protocol::messages::Conditions;
use truebadge_relay::planner::{Cause, Decision, Lane, Lanes, Rules, SilentPush, Situation, plan};

const NOW: u64 = 100 * HOUR;
const HOUR: u64 = 3_600_000;

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
        current,
        differs: told != current,
        cause: Cause::Change,
        conditions: conditions(),
        whole_app: true,
        silent: &[],
    }
}

fn sent(minutes_ago: &[(u64, bool)]) -> Vec<SilentPush> {
    let push = |(minutes, received): &(u64, bool)| SilentPush {
        sent_at: NOW - minutes * 60_000,
        received: *received,
    };
    minutes_ago.iter().map(push).collect()
}

fn planned(situation: &Situation<'_>) -> Decision {
    plan(&Rules::default(), situation)
}

fn send(lane: Lane, fall: bool) -> Decision {
    Decision::Send { lane, fall }
}

#[test]
fn a_rise_is_silent_and_a_fall_is_painted() {
    assert_eq!(planned(&situation(1, 2)), send(Lane::Silent, false));
    assert_eq!(planned(&situation(2, 1)), send(Lane::Painted, true));
}

#[test]
fn nothing_new_is_not_sent() {
    assert_eq!(planned(&situation(2, 2)), Decision::Rest);
}

#[test]
fn the_same_number_for_another_reason_is_told_silently_or_not_at_all() {
    let other = Situation {
        differs: true,
        ..situation(2, 2)
    };
    assert_eq!(planned(&other), send(Lane::Silent, false));
    let unreachable = Situation {
        conditions: no_refresh(),
        ..other
    };
    assert_eq!(planned(&unreachable), Decision::Rest);
}

#[test]
fn where_silent_pushes_cannot_arrive_a_rise_is_painted() {
    for conditions in [no_refresh(), low_power()] {
        let rise = Situation {
            conditions,
            ..situation(1, 2)
        };
        assert_eq!(planned(&rise), send(Lane::Painted, false));
    }
}

#[test]
fn where_neither_can_arrive_nothing_is_sent() {
    for (told, current) in [(1, 2), (2, 1)] {
        let unreachable = Situation {
            conditions: no_refresh(),
            whole_app: false,
            ..situation(told, current)
        };
        assert_eq!(planned(&unreachable), Decision::Rest);
    }
}

#[test]
fn what_cannot_be_painted_falls_silently() {
    let elsewhere = Situation {
        whole_app: false,
        ..situation(2, 1)
    };
    assert_eq!(planned(&elsewhere), send(Lane::Silent, true));
    let forbidden = Situation {
        conditions: no_badges(),
        ..situation(2, 1)
    };
    assert_eq!(planned(&forbidden), send(Lane::Silent, true));
}

#[test]
fn silent_pushes_stay_within_three_an_hour() {
    let spent = sent(&[(5, true), (20, false), (40, true)]);
    let rise = Situation {
        silent: &spent,
        ..situation(1, 2)
    };
    assert_eq!(planned(&rise), send(Lane::Painted, false));
    let unpaintable = Situation {
        whole_app: false,
        ..rise
    };
    assert_eq!(planned(&unpaintable), Decision::Later(NOW + 20 * 60_000));
    let older = sent(&[(5, true), (20, false), (60, true)]);
    let free = Situation {
        silent: &older,
        ..unpaintable
    };
    assert_eq!(planned(&free), send(Lane::Silent, false));
}

#[test]
fn a_fall_is_silent_where_the_receipts_show_that_silent_pushes_arrive() {
    let proven = sent(&[(70, true), (80, true), (90, true)]);
    let fall = Situation {
        silent: &proven,
        ..situation(2, 1)
    };
    assert_eq!(planned(&fall), send(Lane::Silent, true));
    let one_lost = sent(&[(70, true), (80, false), (90, true)]);
    let fall = Situation {
        silent: &one_lost,
        ..situation(2, 1)
    };
    assert_eq!(planned(&fall), send(Lane::Painted, true));
    let too_few = sent(&[(70, true), (80, true)]);
    let fall = Situation {
        silent: &too_few,
        ..situation(2, 1)
    };
    assert_eq!(planned(&fall), send(Lane::Painted, true));
}

#[test]
fn a_repeat_is_painted_whatever_the_receipts_show() {
    let proven = sent(&[(70, true), (80, true), (90, true)]);
    let repeat = Situation {
        cause: Cause::Repeat,
        silent: &proven,
        ..situation(1, 1)
    };
    assert_eq!(planned(&repeat), send(Lane::Painted, true));
}

#[test]
fn a_change_while_a_fall_is_owed_must_be_acknowledged_too() {
    let rise = Situation {
        cause: Cause::ChangeWhileOwed,
        ..situation(0, 1)
    };
    assert_eq!(planned(&rise), send(Lane::Painted, true));
}

#[test]
fn for_diagnosis_a_lane_can_be_forced() {
    let fall = situation(2, 1);
    let repeat = Situation {
        cause: Cause::Repeat,
        ..situation(1, 1)
    };
    let forced = |lanes, situation: &Situation<'_>| {
        let rules = Rules {
            lanes,
            ..Rules::default()
        };
        plan(&rules, situation)
    };
    assert_eq!(forced(Lanes::Silent, &fall), send(Lane::Silent, true));
    assert_eq!(forced(Lanes::Silent, &repeat), send(Lane::Silent, true));
    assert_eq!(forced(Lanes::SilentFirst, &fall), send(Lane::Silent, true));
    assert_eq!(
        forced(Lanes::SilentFirst, &repeat),
        send(Lane::Painted, true)
    );
    assert_eq!(
        forced(Lanes::Painted, &situation(1, 2)),
        send(Lane::Painted, false)
    );
}

#[test]
fn bursts_end_after_300_ms_of_quiet_or_2_s() {
    let rules = Rules::default();
    assert_eq!(rules.due(NOW, NOW), NOW + 300);
    assert_eq!(rules.due(NOW + 1900, NOW), NOW + 2000);
}

#[test]
fn repeats_come_after_a_minute_ten_minutes_and_two_hours() {
    let rules = Rules::default();
    let waits: Vec<_> = (0..4).map(|repeats| rules.repeat(NOW, repeats)).collect();
    let minutes = |minutes: u64| Some(NOW + minutes * 60_000);
    assert_eq!(waits, [minutes(1), minutes(10), minutes(120), None]);
    let none = Rules {
        escalation: vec![Duration::from_secs(1)],
        ..rules
    };
    assert_eq!(none.repeat(NOW, 1), None);
}

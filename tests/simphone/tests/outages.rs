//! When APNs is out.

use std::sync::Arc;

use simphone::{Apns, Millis, Preset, Time};

#[test]
fn an_outage_begins_and_ends_when_it_is_said_to() {
    let mut apns = Apns::new(Arc::new(Preset::Harsh.rules()), 7);
    let mut now = Time::ZERO;
    for _ in 0..20 {
        let out = apns.is_out(now);
        let change = apns.outage_changes_after(now).unwrap();
        assert!(change > now);
        assert_eq!(apns.is_out(Time(change.0 - 1)), out);
        assert_eq!(apns.is_out(change), !out, "at {change}");
        now = change;
    }
}

#[test]
fn a_kind_apns_is_never_out() {
    let mut apns = Apns::new(Arc::new(Preset::Kind.rules()), 7);
    assert_eq!(apns.outage_changes_after(Time::ZERO), None);
    assert!(!apns.is_out(Time::ZERO + Millis::days(100)));
}

//! TrueBadge's relay keeps the protocol, and a relay with a mistake is found out.

#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use conformance::{
    case::{Case, Stop},
    cases, report,
};
use truebadge_relay::faults::Fault;

use support::Relay;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_relay_keeps_the_protocol() {
    let relay = Relay::start(None, Duration::from_secs(20)).await;
    let done = relay.check(cases::all()).await;
    let counts = report::Counts::of(&done);
    assert_eq!(counts.failed, 0, "{}", report::text(&done, false));
    assert_eq!(counts.not_run, 0, "{}", report::text(&done, false));
}

/// The case that must find each fault: what the fault is about, not what else it breaks.
const FOUND_BY: &[(Fault, &str)] = &[
    (Fault::VersionReused, "versions.no-holes"),
    (Fault::VersionSkipped, "versions.no-holes"),
    (Fault::HeadLags, "changes.nothing-new"),
    (Fault::TotalsCountMuted, "totals.levels"),
    (Fault::TotalsForgetMarks, "totals.marks"),
    (Fault::TotalsOfThePage, "changes.page-sums"),
    (Fault::DigestIgnoresTheMarker, "changes.sums"),
    (Fault::ResetOmitsARow, "reset.names-all-active"),
    (Fault::ResetNamesInactive, "reset.names-all-active"),
    (Fault::PageDropsTheLast, "changes.pages"),
    (Fault::PageNamesTwice, "changes.newest-state"),
    (Fault::NoMorePages, "changes.pages"),
    (Fault::RemovedNotTold, "events.removed"),
    (Fault::SinceIgnored, "changes.only-newer"),
    (Fault::ForeignEpochTaken, "reset.foreign-epoch"),
    (Fault::EpochChanges, "changes.epoch-stays"),
    (Fault::KeyIgnored, "events.key-again"),
    (Fault::KeyForAnyBody, "events.key-other-body"),
    (Fault::HalfOfACall, "events.together"),
    (Fault::NoRollback, "operations.hole"),
    (Fault::HoleTaken, "operations.hole"),
    (Fault::ReplayApplied, "operations.again"),
    (Fault::NotAcknowledged, "operations.acknowledged"),
    (Fault::AcknowledgedTooHigh, "operations.acknowledged"),
    (Fault::RefusalForgotten, "operations.rejected-again"),
    (Fault::AppliedElsewhere, "operations.elsewhere"),
    (Fault::SeenIgnored, "operations.seen"),
    (Fault::MarkerFalls, "events.lower-read"),
    (Fault::StateMovesMarkerBack, "states.marker-rises"),
    (Fault::LateItemCounts, "events.late-item"),
    (Fault::SamePositionCounts, "events.same-position"),
    (Fault::ReadKeepsTheMark, "events.read-takes-mark"),
    (Fault::OneAccountForAll, "credentials.isolation"),
    (Fault::RevokedTokenWorks, "tokens.revoke"),
    (Fault::LateSignOutEndsAll, "devices.sign-out-late"),
    (Fault::SignedOutTokenWorks, "devices.sign-out"),
    (Fault::TokenForAnyDevice, "credentials.first-device"),
    (Fault::PhoneWritesStates, "credentials.phone-writes"),
    (Fault::ProblemWithoutType, "errors.no-such-path"),
    (Fault::ProblemAsPlainJson, "errors.no-such-path"),
    (Fault::LimitUnchecked, "bounds.limit"),
    (Fault::CounterStands, "pushes.counter"),
    (Fault::BaseIsThePushBefore, "pushes.cumulative"),
    (Fault::PushTotalsLag, "pushes.short-form"),
    (Fault::PushForgetsOperations, "pushes.operations"),
    (Fault::PushCutsRows, "pushes.too-many-rows"),
    (Fault::PaintsOneAccount, "pushes.painted-sum"),
    (Fault::PaintsUnasked, "pushes.badges-not-allowed"),
    (Fault::AlertsTheMuted, "pushes.alert-muted"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_is_found_by_the_case_that_is_about_it() {
    let mut missed = Vec::new();
    for fault in Fault::ANSWERS {
        let found = FOUND_BY.iter().find(|(known, _)| known == fault);
        let (_, about) = found.unwrap_or_else(|| panic!("no case is named for {fault:?}"));
        let failed = failed_with(*fault, about).await;
        println!("{:<24} {}", format!("{fault:?}"), failed.join(", "));
        if !failed.contains(about) {
            missed.push(format!("{fault:?} by {about}"));
        }
    }
    assert!(missed.is_empty(), "not found: {missed:?}");
}

/// Which cases fail: the one that is about it; all that do, when TRUEBADGE_ALL_CASES is set.
async fn failed_with(fault: Fault, about: &str) -> Vec<&'static str> {
    let all = std::env::var_os("TRUEBADGE_ALL_CASES").is_some();
    let chosen: Vec<Case> = cases::all()
        .into_iter()
        .filter(|case| all || case.id == about)
        .collect();
    let relay = Relay::start(Some(fault), Duration::from_secs(20)).await;
    let done = relay.check(chosen).await;
    done.iter()
        .filter(|done| matches!(done.verdict, Err(Stop::Failed { .. })))
        .map(|done| done.case.id)
        .collect()
}

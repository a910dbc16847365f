//! Deliberate faults, for tests of what checks a relay. Only with the cargo feature `faults`, which is
//! off; without it [`is`] is a constant, and nothing of this is in the program.
//!
//! A fault belongs to one store, and holds while a call to it or a request to its server runs. Each one
//! is a mistake that whoever writes a relay could make.

use truebadge_protocol::{ConversationState, Digest, Level, Position, Totals, Version};

macro_rules! faults {
    ($($list:ident, $about:literal { $($name:ident, $what:literal;)+ })+) => {
        /// A mistake.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[cfg_attr(feature = "faults", derive(clap::ValueEnum))]
        #[cfg_attr(not(feature = "faults"), allow(dead_code))] // those that only `twisted` knows
        pub enum Fault {
            $($(#[doc = $what] $name,)+)+
        }
        #[cfg(feature = "faults")]
        impl Fault {
            $(#[doc = $about] pub const $list: &[Self] = &[$(Self::$name),+];)+
            /// All of them.
            pub const ALL: &[Self] = &[$($(Self::$name),+),+];

            /// What it does.
            pub const fn what(self) -> &'static str {
                match self { $($(Self::$name => $what,)+)+ }
            }
        }
    };
}

faults! {
    ANSWERS, "Those that a client can see in answers and in single pushes." {
        VersionReused, "A change keeps the version of the one before.";
        VersionSkipped, "A change takes the version after the next.";
        HeadLags, "Answers name the head before the newest.";
        TotalsCountMuted, "Totals count muted conversations too.";
        TotalsForgetMarks, "Totals do not count marks by hand.";
        TotalsOfThePage, "Totals add up the page, not the account.";
        DigestIgnoresTheMarker, "The digest leaves the read marker out.";
        ResetOmitsARow, "A reset leaves a conversation out.";
        ResetNamesInactive, "A reset names what is not active.";
        PageDropsTheLast, "A page loses its last row, and the next starts after it.";
        PageNamesTwice, "A page names a conversation twice.";
        NoMorePages, "There is never another page.";
        RemovedNotTold, "Removed conversations are not told.";
        SinceIgnored, "Everything is told, whatever the phone has.";
        ForeignEpochTaken, "A cursor of another history is taken for one of this.";
        EpochChanges, "Each answer names another epoch.";
        KeyIgnored, "Idempotency keys are not looked at.";
        KeyForAnyBody, "A key's first answer is given for any body.";
        HalfOfACall, "Events before a wrong one are done.";
        NoRollback, "What a failed call did so far stays.";
        HoleTaken, "Operations are taken whatever their number.";
        ReplayApplied, "Operations that come again are applied again.";
        NotAcknowledged, "What was acknowledged is forgotten.";
        AcknowledgedTooHigh, "One operation more is acknowledged than came.";
        RefusalForgotten, "An operation that was refused and comes again is skipped without a word.";
        SeenIgnored, "Every read undoes every mark.";
        AppliedElsewhere, "Operations that were numbered in another history are applied.";
        MarkerFalls, "The read marker moves back.";
        StateMovesMarkerBack, "A whole state moves the read marker back.";
        LateItemCounts, "An item below the read marker counts.";
        SamePositionCounts, "An item that is reported again counts again.";
        ReadKeepsTheMark, "A read leaves the mark by hand.";
        OneAccountForAll, "Every device token reads the first account.";
        RevokedTokenWorks, "A revoked device token goes on working.";
        LateSignOutEndsAll, "A sign-out also ends what signed in after it.";
        SignedOutTokenWorks, "The token of a phone that signed out goes on working.";
        TokenForAnyDevice, "A device token registers any number of devices.";
        PhoneWritesStates, "A device token may put whole states.";
        ProblemWithoutType, "Problem documents have no type.";
        ProblemAsPlainJson, "Problem documents are sent as application/json.";
        LimitUnchecked, "Any limit is taken.";
        CounterStands, "Every push has the same counter.";
        BaseIsThePushBefore, "Pushes hold what changed since the push before.";
        PushTotalsLag, "Pushes hold the totals that the phone was told before.";
        PushForgetsOperations, "Pushes acknowledge no operation.";
        PushCutsRows, "A push holds some of the rows when all do not fit.";
        PaintsOneAccount, "A painted number is one account's, not the phone's.";
        PaintsUnasked, "Numbers are painted where badges are not allowed.";
        AlertsTheMuted, "Muted conversations alert.";
    }
    DELIVERY, "Those that show only over time: while pushes are under way, between pages, after a restart." {
        ClaimsForgotten, "What was being sent when the relay ended is not sent again.";
        ClaimsStay, "A phone to which something was being sent when the relay ended gets no more.";
        NeverEscalates, "What is not acknowledged is not sent again.";
        AnyReceiptWillDo, "The receipt of an older push acknowledges a fall.";
        AlwaysSilent, "Pushes are silent, whatever the phone lets through, and also when they are repeated.";
        ChangeMeanwhileForgotten, "A change while a push is under way is forgotten when APNs takes the push.";
        PauseForGood, "A phone that APNs said to wait for is waited for for ever.";
        FirstPageIsAll, "A phone that was given one page of several counts as knowing all.";
        OnlyTheFirst, "Of the operations of a call the first is applied, and all are acknowledged.";
    }
}

#[cfg(feature = "faults")]
mod scope {
    use axum::{
        extract::{Request, State},
        middleware::Next,
        response::Response,
    };

    use truebadge_protocol::{Epoch, messages::Changes};

    use super::{Fault, Totals, Version};
    use crate::http::App;

    tokio::task_local! {
        static PRESENT: Option<Fault>;
    }

    /// Whether the running call has this fault.
    pub fn is(fault: Fault) -> bool {
        PRESENT
            .try_with(|present| *present == Some(fault))
            .unwrap_or(false)
    }

    /// Runs a call of a store that has this fault.
    pub fn within<T>(fault: Option<Fault>, call: impl FnOnce() -> T) -> T {
        PRESENT.sync_scope(fault, call)
    }

    /// A page of changes, with the mistakes that a page can have.
    pub fn twisted(mut page: Changes) -> Changes {
        let Some(fault) = PRESENT.try_with(|present| *present).ok().flatten() else {
            return page;
        };
        match fault {
            Fault::HeadLags if page.head > Version::ZERO => {
                page.head = Version::new(page.head.get() - 1).unwrap_or_default();
            }
            Fault::TotalsOfThePage => page.totals = Totals::of(&page.changes),
            Fault::ResetOmitsARow if page.reset => page.changes.truncate(page.changes.len() / 2),
            Fault::PageDropsTheLast if page.more => drop(page.changes.pop()),
            Fault::PageNamesTwice => page.changes.extend(page.changes.first().cloned()),
            Fault::NoMorePages => page.more = false,
            Fault::RemovedNotTold => page.changes.retain(|row| !row.removed),
            Fault::EpochChanges => {
                let name = crate::random::name::<8>().unwrap_or_default();
                page.epoch = Epoch::new(name).unwrap_or(page.epoch);
            }
            Fault::AcknowledgedTooHigh => page.acknowledged += 1,
            _ => {}
        }
        page
    }

    /// Runs a request of a server whose store has a fault.
    pub async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
        PRESENT.scope(app.store.fault(), next.run(request)).await
    }
}

#[cfg(feature = "faults")]
pub use scope::{is, layer, twisted, within};

/// Whether the running call has this fault: never.
#[cfg(not(feature = "faults"))]
pub const fn is(_: Fault) -> bool {
    false
}

/// The page as it is.
#[cfg(not(feature = "faults"))]
pub fn twisted(
    page: truebadge_protocol::messages::Changes,
) -> truebadge_protocol::messages::Changes {
    page
}

/// The version that a change takes.
pub fn version(head: Version) -> Version {
    match head {
        head if is(Fault::VersionReused) && head > Version::ZERO => head,
        head if is(Fault::VersionSkipped) => head.next().next(),
        head => head.next(),
    }
}

/// What a conversation counts.
pub fn counted(state: &ConversationState) -> Totals {
    let mut state = state.clone();
    if is(Fault::TotalsCountMuted) {
        state.level = Level::All;
    }
    state.marked_unread &= !is(Fault::TotalsForgetMarks);
    state.counted()
}

/// A conversation's part of the digest.
pub fn digest(state: &ConversationState) -> Digest {
    let mut state = state.clone();
    if is(Fault::DigestIgnoresTheMarker) {
        state.read_up_to = Position::ZERO;
    }
    Digest::of_row(&state)
}

/// Above which version a push holds rows, as it says.
pub fn base(cursor: Version, head: Version) -> Version {
    match Version::new(head.get().saturating_sub(1)) {
        Ok(before) if is(Fault::BaseIsThePushBefore) => before,
        _ => cursor,
    }
}

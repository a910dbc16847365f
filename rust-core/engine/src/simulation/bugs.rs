//! Deliberate bugs, to measure what a simulator finds. Where a public thread shows the same mistake, or
//! what it looks like from outside, it is named; the others are those that this design invites.

macro_rules! bugs {
    ($($name:ident, $property:literal, $what:literal, $source:expr;)+) => {
        /// A mistake, and the property that it breaks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[cfg_attr(not(feature = "simulation"), allow(dead_code))]
        pub enum Bug {
            $(#[doc = concat!($what, " Breaks ", $property, ".")] $name,)+
        }

        #[cfg(feature = "simulation")]
        impl Bug {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// What it does.
            pub const fn what(self) -> &'static str {
                match self { $(Self::$name => $what,)+ }
            }

            /// The property that should catch it.
            pub const fn breaks(self) -> &'static str {
                match self { $(Self::$name => $property,)+ }
            }

            /// Where it was seen: issues and pull requests on GitHub.
            pub const fn source(self) -> Option<&'static str> {
                match self { $(Self::$name => $source,)+ }
            }

            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }
        }
    };
}

bugs! {
    // The number.
    IncrementsInsteadOfStates, "S1", "The number grows by one when there is more, whatever there is.",
        Some("bluesky-social/social-app#4233, woocommerce/woocommerce-ios#2663");
    ZeroWhenOpened, "S1", "Opening the app removes the number, whatever is unread.",
        Some("tutao/tutanota#3955, leancloud/leanchat-ios#43, matrix-org/matrix-ios-kit#71");
    ZeroRefused, "L1", "Zero is never set.",
        Some("mattermost/mattermost-mobile#7680, zulip/zulip#6812");
    SetOnlyWhenChanged, "L1", "A number that was committed counts as shown, and is set only when it changes.",
        None;
    OldNumberAtTheEnd, "S2", "A wake ends with the number that it began with.", None;
    GenerationNotReadAgain, "S2", "Whoever sets a number does not look whether it is still the newest.",
        Some("wireapp/wire-ios#301");
    ZeroShownLate, "S2", "A zero that waited for iOS is shown although more has come meanwhile.",
        None;
    BadgeAfterTheRows, "S5", "The number is counted in a transaction after that of the rows.",
        Some("nextcloud/talk-ios#1923");
    OneAccountCounts, "S1", "The number is one account's.",
        Some("zulip/zulip-flutter#153, deltachat/deltachat-ios#1293");
    EndedAccountCounts, "S7", "An account that has ended counts.",
        Some("element-hq/element-ios#907, wordpress-mobile/WordPress-iOS#2986");
    MutedCounts, "L2", "Muted conversations count in the mirror.",
        Some("chatmail/core#2268, signalapp/Signal-iOS#4102, meshtastic/Meshtastic-Apple#2050");
    FailsOpen, "S8", "When the store can't be used the number is removed.",
        Some("signalapp/Signal-iOS#3524");
    GarbageClears, "S8", "A push that is not understood removes the number.", None;

    // Pushes and pages.
    StalePushApplied, "S2", "A push that was overtaken is shown.", Some("chattocorp/chatto#1368");
    GapMovesTheCursor, "S5", "A push without all rows moves the cursor.", None;
    CursorBeforeRows, "S5", "The cursor moves with the first of several pages, the rows with the last.", None;
    EpochIgnored, "L1", "A history that began anew is taken for the old one.",
        Some("nextcloud/desktop#171");
    DigestIgnored, "L2", "A mirror that differs from the server is left as it is.",
        Some("element-hq/element-x-ios#3151, chatmail/core#3052");
    ResetMixesIn, "S5", "The rows of an unfinished reset are in the mirror.", None;
    ResetKeepsTheMissing, "L2", "What a reset does not name stays.", None;
    ToldOverPending, "S1", "Newer totals are shown though an operation is pending that they do not hold.", None;
    OneRelayStopsAll, "L1", "When one relay fails, the others are not heard.",
        Some("pimutils/vdirsyncer#1202");

    // What the person did.
    OutboxClearedOnSend, "S3", "Operations are forgotten when they are sent.",
        Some("chatmail/core#4534, element-hq/element-x-android#3913");
    NumbersReused, "S3", "Operations take the number after the last one in the outbox.", None;
    OldHistoryConfirms, "S3", "What a lost history confirmed is not sent to the new one.",
        Some("owncloud/client#928");
    AcknowledgementSettles, "S3",
        "A push that counts an operation settles it, also when the server refused it.", None;
    RefusalLost, "S3", "An operation that was refused disappears without a word.", None;
    OutboxWaitsForTheApp, "L1", "A push does not make the phone send what waits.", None;
    OverlayDroppedWhenAcknowledged, "S4",
        "An operation is dropped when the server has it, not when the mirror has its rows.",
        Some("dennisreimann/ioctocat#418, bluesky-social/social-app#7882");
    OverlaidTwice, "S1", "Operations are laid over totals that hold them already.", None;
    PendingForgotten, "S4", "Operations are not laid over totals that came with a push.", None;
    ClearHidesWhatCameLater, "S1", "A read hides what comes after it.", None;
    RemainingWins, "S4", "What a read left unread stays unread, though it was read elsewhere.",
        Some("srineshr1/omarchy-whatsapp#5");
    OlderReadTakesMark, "S4", "A read takes back a mark that is newer than it.", None;
    SeenWhenSent, "S4", "A read says that the person saw what the phone knew when it was sent.", None;
    MutingWaits, "S1", "A conversation that was muted here counts until the server says so.", None;

    // The process and its surroundings.
    SignOutNotFenced, "S7", "A request that waits when an account is signed out is sent.",
        Some("forcedotcom/SalesforceMobileSDK-iOS#2520, woocommerce/woocommerce-ios#16386");
    LockedTakenForLost, "S8", "Before the first unlock the store is deleted.",
        Some("signalapp/SignalServiceKit#99, yapstudios/YapDatabase#452");
    ExtensionMigrates, "S8", "The extension migrates the store.", None;
    ExtensionRebuilds, "S8", "The extension makes a damaged store anew.", None;
    LockOutlivesTheWake, "S6", "A transaction is open when a background wake ends.",
        Some("matrix-org/matrix-rust-sdk#6366, singular-labs/Singular-iOS-SDK#85");
    SuspensionIgnored, "S6", "The store opens again after a suspension.",
        Some("matrix-org/matrix-rust-sdk#6366, groue/GRDB.swift#668");
    CompletionLost, "S9", "A wake in which something fails does not end.",
        Some("wordpress-mobile/WordPress-iOS#4454");
    DeadlineIgnored, "S9", "A wake goes on after its deadline.",
        Some("wireapp/wire-ios#4572, Dimillian/IceCubesApp#2447");
    PauseNeverEnds, "L1", "A pause lasts until its moment, also when the clock is set back by years.",
        Some("zcash/zcash-android-wallet-sdk#356");
}

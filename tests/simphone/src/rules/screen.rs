use super::parameter::parameters;
use crate::random::Delay;
use crate::time::Millis;

parameters! {
    /// The icon's badge and Notification Centre.
    screen ScreenRules {
        /// Whether a push that has nothing to show sets the number while the app is force-quit.
        painted_after_force_quit: bool = true, false, true;
            Open, "6", "source 5: sets it; after a force-quit nobody says";
        /// Whether a push that sets the badge to 0 removes all of the app's delivered notifications.
        painted_zero_removes_delivered: bool = true, true, false;
            Field, "10", "source 8: openradar 32972838 and 35589208";
        /// Whether `setBadgeCount(0)` does the same.
        zero_removes_delivered: bool = true, true, false;
            Open, "10", "source 9: said of pushes and of the older API";
        /// How long after `setBadgeCount` the icon changes.
        badge_takes: Delay = Delay::between(Millis(1), Millis(200)),
            Delay::between(Millis(1), Millis::seconds(3)), Delay::NONE;
            Guess, "9", "source 7: has a completion handler; no number";
        /// Whether a number that is still on its way to the icon is lost with its process.
        badge_lost_at_end: bool = false, true, false;
            Open, "9", "Apple does not say";
        /// How long after `removeDeliveredNotifications`, or after delivering one again,
        /// Notification Centre changes.
        removal_takes: Delay = Delay::between(Millis(10), Millis::seconds(1)),
            Delay::between(Millis(10), Millis::seconds(5)), Delay::NONE;
            Field, "11", "source 10; Telegram waits for a second";
        /// Whether a change of Notification Centre that is under way is lost with the extension's
        /// wake, or with a killed process.
        removal_lost_at_end: bool = true, true, false;
            Field, "11", "source 10";
        /// Whether the badge survives deleting and installing the app again.
        badge_survives_reinstall: bool = true, true, false;
            Field, "19", "seen by many; Apple does not say";
        /// Whether the number from before comes back when badges are allowed again; otherwise the
        /// icon is bare until the next one.
        badge_kept_while_off: bool = false, true, false;
            Open, "9", "Apple does not say";
        /// Whether a push's number reaches the icon while the app is in front. It is the app that
        /// says so, in `userNotificationCenter(_:willPresent:)`.
        painted_in_front: bool = true, false, true;
            Documented, "6", "UNUserNotificationCenterDelegate: the delegate chooses, badge included";
        /// How many delivered notifications iOS keeps for an app, the newest.
        delivered_kept: u32 = 500, 60, 500;
            Guess, "10", "no number is published";
    }
}

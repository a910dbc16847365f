use super::parameter::parameters;
use crate::random::Delay;
use crate::time::Millis;

parameters! {
    /// Processes, suspension, restarts, the network, tokens.
    life LifeRules {
        /// How long the app runs on after the person left it, unless it says that it is done.
        leave_time: Millis = Millis::seconds(5), Millis::seconds(1), Millis::seconds(30);
            Field, "14", "about five seconds; up to 30 with a background task";
        /// How long after its last completion the app is suspended.
        suspends_after: Delay = Delay::between(Millis(10), Millis::seconds(2)), Delay::NONE,
            Delay::between(Millis::seconds(1), Millis::seconds(5));
            Guess, "14", "no number is published";
        /// For how long a suspended app stays in memory before iOS ends it to make room.
        suspended_lives: Delay = Delay::between(Millis::minutes(10), Millis::hours(24)),
            Delay::between(Millis::seconds(30), Millis::hours(2)),
            Delay::between(Millis::hours(12), Millis::days(4));
            Guess, "", "suspended apps may be purged at any time, without notice";
        /// Whether a process that is suspended with a file lock in the shared container is killed.
        lock_is_killed: bool = true, true, false;
            Documented, "14", "source 15: 0xdead10cc; not on the simulator, not under a debugger";
        /// How long a restart takes.
        boot: Delay = Delay::between(Millis::seconds(20), Millis::minutes(1)),
            Delay::between(Millis::seconds(20), Millis::minutes(3)),
            Delay::exactly(Millis::seconds(20));
            Guess, "15", "no number is published";
        /// Whether a push starts the app, or its extension, between a restart and the first unlock.
        starts_before_unlock: bool = true, true, false;
            Documented, "15", "source 18: the app may be started; its protected files cannot be read";
        /// Whether a restart ends the effect of a force-quit.
        restart_ends_force_quit: bool = true, true, true;
            Documented, "4", "source 4: until the person opens the app or restarts the device";
        /// How long after the network came back the phone is connected to APNs again.
        push_path_after: Delay = Delay::between(Millis(300), Millis::seconds(20)),
            Delay::between(Millis(300), Millis::minutes(10)), Delay::NONE;
            Guess, "3", "no number is published";
        /// How long the app waits for its push token.
        token_takes: Delay = Delay::between(Millis(50), Millis::seconds(3)),
            Delay::between(Millis(50), Millis::minutes(5)), Delay::NONE;
            Guess, "17", "source 19: asynchronous, needs a connection to APNs; no number";
    }
}

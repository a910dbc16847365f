use super::parameter::parameters;
use crate::random::{Chance, Delay};
use crate::time::Millis;

parameters! {
    /// The notification service extension.
    extension ExtensionRules {
        /// How long it may take for one notification; the original is shown then, and it is killed.
        time: Millis = Millis::seconds(30), Millis::seconds(27), Millis::seconds(30);
            Documented, "12", "source 11: about 30 seconds; 27 is ours";
        /// How much memory it may use, in bytes, before it is killed without a callback
        /// (`Phone::used_memory`).
        memory: u64 = 24 << 20, 12 << 20, 50 << 20;
            Field, "12", "source 12: 24 MB; source 13: 12 and 16 MB on older phones";
        /// How often it is killed while it starts, so that the original is shown.
        dies_at_start: Chance = Chance::per_mille(5), Chance::per_mille(100), Chance::NEVER;
            Field, "12", "a heavy start is killed without a callback; no number";
        /// How long it stays in memory, suspended, after a notification was handled.
        lingers: Delay = Delay::between(Millis(100), Millis::minutes(1)), Delay::NONE,
            Delay::between(Millis::seconds(30), Millis::minutes(5));
            Guess, "11, 12", "no number is published";
        /// Whether it runs for the notifications of an app that was force-quit.
        after_force_quit: bool = true, true, true;
            Field, "4, 12", "alert pushes and their extension do not depend on the app";
    }
}

use super::parameter::parameters;
use crate::random::{Chance, Delay};
use crate::time::Millis;

parameters! {
    /// When the app is woken in the background, and how often.
    background BackgroundRules {
        /// How long a wake may take until its completion is called.
        wake_time: Millis = Millis::seconds(30), Millis::seconds(27), Millis::seconds(30);
            Documented, "8", "source 4: as much as 30 seconds of wall-clock time";
        /// Whether the app is killed when it is late.
        late_is_killed: bool = true, true, false;
            Documented, "8", "source 4: if the handler is not called in time, the app is suspended or ended";
        /// How many background pushes in a row wake the app.
        burst: u32 = 3, 1, 50;
            Documented, "1", "source 1: two or three an hour is the advice; the bucket is ours";
        /// After how long one background push more may wake the app.
        earns_every: Millis = Millis::minutes(20), Millis::minutes(60), Millis::minutes(1);
            Documented, "1", "source 1: two or three an hour";
        /// Each time that a wake lasts as long as this, it costs as much as one push more.
        slow_wake: Millis = Millis::seconds(10), Millis::seconds(3), Millis::seconds(30);
            Guess, "8", "source 4: apps that use much power or time are woken less; no number";
        /// How long the app may run in the background in a day.
        energy_a_day: Millis = Millis::minutes(10), Millis::minutes(2), Millis::hours(4);
            Guess, "1", "source 1: device-wide energy budget, reset daily; no number";
        /// How many bytes the app may move in the background in a day
        /// (`Phone::moved_data`).
        data_a_day: u64 = 5_000_000, 500_000, u64::MAX;
            Guess, "1", "source 1: device-wide data budget, reset daily; no number";
        /// How often other apps leave only a tenth of the day's budgets.
        poor_day: Chance = Chance::per_mille(100), Chance::per_mille(400), Chance::NEVER;
            Guess, "1", "the budgets are the whole device's";
        /// How often iOS holds a background push back although there is budget.
        hesitates: Chance = Chance::per_mille(150), Chance::per_mille(500), Chance::NEVER;
            Documented, "2", "source 1: the system may hold and delay it; no number";
        /// For how long it is held then.
        holds: Delay = Delay::between(Millis::minutes(1), Millis::hours(1)),
            Delay::between(Millis::minutes(10), Millis::hours(8)), Delay::NONE;
            Guess, "2", "no number is published";
        /// How often iOS throws a background push away, without a word.
        drops: Chance = Chance::per_mille(30), Chance::per_mille(200), Chance::NEVER;
            Documented, "1", "source 1: delivery is not guaranteed; no number";
        /// Whether starting the app delivers the push that is held.
        launch_delivers_held: bool = true, true, true;
            Documented, "2", "source 1: it is delivered immediately";
        /// Whether the push that is held is thrown away when the app is killed, not only when it
        /// is force-quit.
        kill_discards_held: bool = true, true, false;
            Documented, "2", "source 1: if something force quits or kills the app";
        /// Whether a background push is thrown away in Low Power Mode; otherwise it is held.
        low_power_discards: bool = false, true, false;
            Open, "5", "Apple says that Background App Refresh is off, not what becomes of pushes";
        /// Whether a background push is thrown away while Background App Refresh is off; otherwise
        /// it is held.
        refresh_off_discards: bool = true, true, false;
            Open, "5", "source 27: says no more than that the app is not launched";
        /// How often a painted push that asks for it also wakes the app, where that is allowed.
        painted_wakes: Chance = Chance::per_mille(950), Chance::per_mille(400), Chance::ALWAYS;
            Documented, "7", "source 6: the app is woken; no number";
        /// Whether such a wake is paid from the same budget as a background push. Priority 5 always
        /// is.
        painted_costs: bool = false, true, false;
            Open, "1, 7", "source 6: priority 5 is throttled whatever it carries; of 10 it is not said";
        /// Whether the app may get a push while it is still busy with the one before; otherwise the
        /// second one waits, and only the newest of those that wait comes.
        wakes_overlap: bool = true, true, false;
            Open, "8", "Apple does not say";
        /// How long after its earliest date a background refresh comes.
        refresh_after: Delay = Delay::between(Millis::minutes(5), Millis::hours(6)),
            Delay::between(Millis::hours(1), Millis::days(2)),
            Delay::between(Millis::minutes(1), Millis::minutes(15));
            Guess, "21", "source 21: when the system likes";
        /// How often a background refresh that was asked for comes at all.
        refresh_comes: Chance = Chance::per_mille(800), Chance::per_mille(250), Chance::ALWAYS;
            Guess, "21", "source 21: not guaranteed; no number";
    }
}

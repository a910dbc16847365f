use super::parameter::parameters;
use crate::random::{Chance, Delay};
use crate::time::Millis;

parameters! {
    /// From a provider to a phone.
    apns ApnsRules {
        /// How long an accepted push travels to a phone that is connected.
        latency: Delay = Delay::between(Millis(60), Millis::seconds(4)),
            Delay::between(Millis(60), Millis::seconds(90)), Delay::between(Millis(40), Millis(200));
            Guess, "1", "APNs promises no time";
        /// How often an accepted push never arrives.
        loss: Chance = Chance::per_mille(10), Chance::per_mille(100), Chance::NEVER;
            Guess, "1", "source 3: Sending notification requests to APNs: best effort, no number";
        /// How often a push arrives twice.
        duplicate: Chance = Chance::per_mille(2), Chance::per_mille(50), Chance::NEVER;
            Field, "3", "providers that retry after a connection broke; no number";
        /// How often a push may overtake those sent before it to the same phone. All others keep
        /// their order.
        overtake: Chance = Chance::per_mille(20), Chance::per_mille(250), Chance::NEVER;
            Documented, "3", "source 3: APNs may reorder notifications; no number";
        /// How much longer a push of priority 5 or 1 may take, when it is not a background push.
        low_priority_wait: Delay = Delay::between(Millis::ZERO, Millis::minutes(2)),
            Delay::between(Millis::ZERO, Millis::minutes(30)), Delay::NONE;
            Guess, "1", "source 3: apns-priority 5: based on power considerations; no number";
        /// For how long APNs keeps a push for a phone that is away.
        stored_for: Millis = Millis::days(30), Millis::days(1), Millis::days(30);
            Documented, "3", "source 3: at most 30 days";
        /// How often the push that is stored already stays, and the newer one is thrown away.
        keeps_older: Chance = Chance::per_mille(20), Chance::per_mille(300), Chance::NEVER;
            Field, "3", "source 2: one per topic, usually the newest; no number";
        /// How long after a phone came back it gets the stored push.
        redelivery: Delay = Delay::between(Millis(200), Millis::seconds(10)),
            Delay::between(Millis(200), Millis::minutes(5)), Delay::exactly(Millis(100));
            Guess, "3", "no number is published";
        /// How long it is on average between two outages, in which APNs answers 503.
        outage_every: Millis = Millis::days(7), Millis::hours(18), Millis::FOREVER;
            Guess, "", "Handling notification responses from APNs: 503 ServiceUnavailable";
        /// How long an outage lasts.
        outage_lasts: Delay = Delay::between(Millis::minutes(1), Millis::minutes(20)),
            Delay::between(Millis::minutes(5), Millis::hours(2)), Delay::NONE;
            Guess, "", "no number is published";
        /// How often a push is answered with 500 outside of outages.
        internal_error: Chance = Chance::per_mille(1), Chance::per_mille(30), Chance::NEVER;
            Guess, "", "Handling notification responses from APNs: 500 InternalServerError";
        /// How many pushes in a row one token takes before APNs answers 429.
        token_burst: u32 = 100, 10, u32::MAX;
            Guess, "1", "Handling notification responses from APNs: TooManyRequests, no number";
        /// After how long one token takes one push more.
        token_refill: Millis = Millis::seconds(2), Millis::seconds(30), Millis::seconds(1);
            Guess, "1", "no number is published";
        /// What `Retry-After` says with 429 and 503; 0: the header is not there.
        retry_after: Millis = Millis::ZERO, Millis::minutes(1), Millis::ZERO;
            Guess, "", "Apple documents no Retry-After";
        /// How long after a token ended APNs says so (410). Until then it answers 200 and throws
        /// the push away.
        unregistered_after: Delay = Delay::between(Millis::minutes(10), Millis::days(3)),
            Delay::between(Millis::days(1), Millis::days(30)), Delay::NONE;
            Field, "17", "github.com/jchambers/pushy/issues/1029: long delays, of no known length";
        /// The largest payload, in bytes.
        payload_bytes: u32 = 4_096, 4_096, 4_096;
            Documented, "25", "Generating a remote notification: 4 KB";
    }
}

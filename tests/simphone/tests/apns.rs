//! APNs: what it takes, stores, loses and refuses (docs/PLATFORM.md, rules 1, 3 and 17).

mod common;

use std::sync::Arc;

use common::{World, app, rules, silent};
use simphone::*;

/// An APNs with one phone that is only a token.
struct Provider {
    apns: Apns,
    token: Token,
}

impl Provider {
    fn new(change: impl FnOnce(&mut Rules)) -> Self {
        let mut apns = Apns::new(Arc::new(rules(change)), 7);
        let token = apns.issue_token(&app());
        Self { apns, token }
    }

    fn push(&self, text: &str) -> Notification {
        Notification {
            token: self.token,
            topic: common::TOPIC.into(),
            environment: Environment::Production,
            push_type: PushType::Background,
            priority: Priority::PowerAware,
            expiration: Expiration::Policy,
            collapse_id: None,
            payload: Payload::read(silent(text).into_bytes()),
        }
    }

    fn send(&mut self, now: Time, text: &str) -> Answer {
        let push = self.push(text);
        self.apns.send(now, push)
    }

    fn refusal(&mut self, push: Notification) -> Option<Reason> {
        self.apns.send(Time::ZERO, push).reason
    }

    /// The texts of what reached the phone by then.
    fn arrived(&mut self, now: Time) -> Vec<String> {
        let arrived = self.apns.advance(now);
        arrived.iter().map(text).collect()
    }
}

fn text(push: &Notification) -> String {
    let body: serde_json::Value = serde_json::from_slice(push.payload.bytes()).expect("JSON");
    body["tb"].as_str().unwrap_or_default().to_owned()
}

const LATER: Time = Time(Millis::hours(1).0);

#[test]
fn a_push_arrives_after_its_latency_and_not_before() {
    let mut provider = Provider::new(|_| {});
    assert_eq!(provider.send(Time(1_000), "one").status, 200);
    assert_eq!(provider.apns.next(), Some(Time(1_100)));
    assert!(provider.arrived(Time(1_099)).is_empty());
    assert_eq!(provider.arrived(Time(1_100)), ["one"]);
    assert_eq!(provider.apns.next(), None);
}

#[test]
fn one_push_is_stored_for_a_phone_that_is_away_and_it_is_the_newest() {
    let mut provider = Provider::new(|_| {});
    provider.apns.disconnect(provider.token);
    for text in ["one", "two", "three"] {
        assert!(provider.send(Time::ZERO, text).is_taken());
    }
    assert!(provider.arrived(LATER).is_empty());
    assert_eq!(
        provider.apns.stored(provider.token).map(text),
        Some("three".into())
    );
    provider.apns.connect(LATER, provider.token);
    assert_eq!(provider.arrived(LATER + Millis::hours(1)), ["three"]);
}

#[test]
fn the_stored_push_may_be_an_older_one_where_the_rules_say_so() {
    let mut provider = Provider::new(|rules| rules.apns.keeps_older = Chance::ALWAYS);
    provider.apns.disconnect(provider.token);
    for text in ["one", "two"] {
        provider.send(Time::ZERO, text);
    }
    assert_eq!(
        provider.apns.stored(provider.token).map(text),
        Some("one".into())
    );
}

#[test]
fn a_push_under_way_when_the_phone_leaves_is_stored() {
    let mut provider = Provider::new(|_| {});
    provider.send(Time::ZERO, "one");
    provider.apns.disconnect(provider.token);
    assert!(provider.arrived(LATER).is_empty());
    provider.apns.connect(LATER, provider.token);
    assert_eq!(provider.arrived(LATER + Millis::hours(1)), ["one"]);
}

#[test]
fn a_stored_push_does_not_replace_a_newer_one_when_the_phone_was_back_for_a_moment() {
    let mut provider = Provider::new(|rules| {
        rules.apns.redelivery = Delay::exactly(Millis::seconds(10));
    });
    provider.apns.disconnect(provider.token);
    provider.send(Time::ZERO, "old");
    provider.apns.connect(Time(1_000), provider.token);
    provider.apns.disconnect(provider.token);
    provider.send(Time(2_000), "new");
    assert!(provider.arrived(LATER).is_empty());
    assert_eq!(
        provider.apns.stored(provider.token).map(text),
        Some("new".into())
    );
}

#[test]
fn a_push_that_expires_at_once_is_never_stored() {
    let mut provider = Provider::new(|_| {});
    let mut push = provider.push("one");
    push.expiration = Expiration::Immediate;
    assert!(provider.apns.send(Time::ZERO, push.clone()).is_taken());
    assert_eq!(
        provider.arrived(LATER),
        ["one"],
        "a phone that is there gets it"
    );
    provider.apns.disconnect(provider.token);
    assert!(provider.apns.send(LATER, push).is_taken());
    provider.apns.connect(LATER, provider.token);
    assert!(provider.arrived(Time::NEVER).is_empty());
}

#[test]
fn a_stored_push_is_forgotten_when_it_expires() {
    let mut provider = Provider::new(|_| {});
    let mut push = provider.push("one");
    push.expiration = Expiration::At(LATER);
    provider.apns.disconnect(provider.token);
    provider.apns.send(Time::ZERO, push);
    provider.apns.connect(LATER + Millis(1), provider.token);
    assert!(provider.arrived(Time::NEVER).is_empty());
}

#[test]
fn nothing_is_stored_for_longer_than_thirty_days() {
    let month = Time::ZERO + Millis::days(30);
    for (back, expected) in [
        (month - Millis::minutes(1), 1),
        (month + Millis::minutes(1), 0),
    ] {
        let mut provider = Provider::new(|_| {});
        let mut push = provider.push("one");
        push.expiration = Expiration::At(Time::NEVER);
        provider.apns.disconnect(provider.token);
        provider.apns.send(Time::ZERO, push);
        provider.apns.connect(back, provider.token);
        assert_eq!(provider.arrived(Time::NEVER).len(), expected);
    }
}

#[test]
fn pushes_keep_their_order_unless_they_may_overtake() {
    let order = |overtake| {
        let mut provider = Provider::new(|rules| {
            rules.apns.latency = Delay::between(Millis(10), Millis::seconds(60));
            rules.apns.overtake = overtake;
        });
        let sent: Vec<String> = (0..50).map(|number| number.to_string()).collect();
        for text in &sent {
            provider.send(Time::ZERO, text);
        }
        let arrived = provider.arrived(LATER);
        assert_eq!(arrived.len(), sent.len());
        arrived == sent
    };
    assert!(order(Chance::NEVER));
    assert!(!order(Chance::ALWAYS));
}

#[test]
fn as_many_pushes_are_lost_and_doubled_as_the_rules_say() {
    let arrived = |loss, duplicate| {
        let mut provider = Provider::new(|rules| {
            rules.apns.loss = Chance::per_mille(loss);
            rules.apns.duplicate = Chance::per_mille(duplicate);
        });
        for _ in 0..1_000 {
            assert!(provider.send(Time::ZERO, "one").is_taken());
        }
        provider.arrived(LATER).len()
    };
    assert_eq!(arrived(0, 0), 1_000);
    assert_eq!(arrived(1_000, 0), 0);
    assert_eq!(arrived(0, 1_000), 2_000);
    assert!((850..950).contains(&arrived(100, 0)));
    assert!((1_050..1_150).contains(&arrived(0, 100)));
}

#[test]
fn a_push_that_cannot_be_delivered_to_anybody_is_refused_with_its_reason() {
    let mut provider = Provider::new(|_| {});
    let good = provider.push("one");
    assert_eq!(provider.refusal(good.clone()), None);

    let unknown = Notification {
        token: Token(1),
        ..good.clone()
    };
    assert_eq!(provider.refusal(unknown), Some(Reason::BadDeviceToken));
    let sandbox = Notification {
        environment: Environment::Sandbox,
        ..good.clone()
    };
    assert_eq!(provider.refusal(sandbox), Some(Reason::BadDeviceToken));
    let other_app = Notification {
        topic: "com.example.other".into(),
        ..good.clone()
    };
    assert_eq!(
        provider.refusal(other_app),
        Some(Reason::DeviceTokenNotForTopic)
    );
    let large = Notification {
        payload: Payload::read(vec![b' '; 4_097]),
        ..good.clone()
    };
    assert_eq!(provider.refusal(large), Some(Reason::PayloadTooLarge));
    let no_json = Notification {
        payload: Payload::read(*b"[]"),
        ..good.clone()
    };
    assert_eq!(provider.refusal(no_json), Some(Reason::PayloadEmpty));
    let long_id = Notification {
        collapse_id: Some("x".repeat(65).into()),
        ..good.clone()
    };
    assert_eq!(provider.refusal(long_id), Some(Reason::BadCollapseId));
    let urgent = Notification {
        priority: Priority::Immediate,
        ..good
    };
    assert_eq!(provider.refusal(urgent), Some(Reason::BadPriority));
}

#[test]
fn too_many_pushes_in_a_row_to_one_phone_are_refused_until_it_rests() {
    let mut provider = Provider::new(|rules| {
        rules.apns.token_burst = 3;
        rules.apns.token_refill = Millis::seconds(10);
        rules.apns.retry_after = Millis::seconds(30);
    });
    for _ in 0..3 {
        assert!(provider.send(Time::ZERO, "one").is_taken());
    }
    let answer = provider.send(Time(9_999), "one");
    assert_eq!(
        (answer.status, answer.reason),
        (429, Some(Reason::TooManyRequests))
    );
    assert_eq!(answer.retry_after, Some(Millis::seconds(30)));
    assert!(provider.send(Time(10_000), "one").is_taken());
    assert_eq!(provider.send(Time(10_001), "one").status, 429);
}

#[test]
fn apns_has_outages_of_the_length_that_the_rules_say() {
    let mut provider = Provider::new(|rules| {
        rules.apns.outage_every = Millis::hours(6);
        rules.apns.outage_lasts = Delay::exactly(Millis::minutes(10));
    });
    let minutes = (0..60 * 24 * 30).map(|minute| Time::ZERO + Millis::minutes(minute));
    let out: Vec<Time> = minutes.filter(|now| provider.apns.is_out(*now)).collect();
    let expected = 30 * 4 * 10; // four a day, of ten minutes
    assert!(
        (expected * 7 / 10..expected * 13 / 10).contains(&out.len()),
        "{}",
        out.len()
    );
    assert_eq!(
        Provider::new(|_| {}).send(out[0], "one").status,
        200,
        "none in a kind world"
    );
}

#[test]
fn outages_come_at_the_same_times_whatever_is_sent() {
    let outages = |sends: bool| -> Vec<bool> {
        let mut provider = Provider::new(|rules| {
            rules.apns.outage_every = Millis::hours(6);
            rules.apns.outage_lasts = Delay::between(Millis::minutes(1), Millis::hours(2));
        });
        let hours = (0..500).map(|hour| Time::ZERO + Millis::hours(hour));
        hours
            .map(|now| {
                if sends {
                    provider.send(now, "one");
                }
                provider.apns.is_out(now)
            })
            .collect()
    };
    assert_eq!(outages(true), outages(false));
    assert!(outages(true).contains(&true));
}

#[test]
fn a_token_that_ended_is_answered_with_200_until_apns_learns_of_it_and_nothing_arrives() {
    let mut provider = Provider::new(|rules| {
        rules.apns.unregistered_after = Delay::exactly(Millis::minutes(30));
    });
    provider.apns.end_token(Time::ZERO, provider.token);
    assert!(provider.send(Time(1), "one").is_taken());
    assert!(provider.arrived(LATER).is_empty());
    let answer = provider.send(LATER, "one");
    assert_eq!(
        (answer.status, answer.reason),
        (410, Some(Reason::Unregistered))
    );
    assert_eq!(answer.ended_at, Some(Time::ZERO + Millis::minutes(30)));
}

#[test]
fn nothing_is_stored_for_a_token_that_ended() {
    let mut provider = Provider::new(|rules| {
        rules.apns.unregistered_after = Delay::exactly(Millis::hours(1));
    });
    provider.apns.disconnect(provider.token);
    provider.send(Time::ZERO, "one");
    provider.apns.end_token(Time(1), provider.token);
    assert_eq!(provider.apns.stored(provider.token), None);
    assert!(provider.send(Time(1), "two").is_taken());
    assert_eq!(provider.apns.stored(provider.token), None);
}

#[test]
fn an_alert_of_low_priority_may_take_longer_and_nothing_else_does() {
    let arrives = |push_type, priority| {
        let mut provider = Provider::new(|rules| {
            rules.apns.low_priority_wait = Delay::exactly(Millis::minutes(5));
        });
        let mut push = provider.push("one");
        (push.push_type, push.priority) = (push_type, priority);
        assert!(provider.apns.send(Time::ZERO, push).is_taken());
        provider.apns.next()
    };
    let (soon, late) = (Some(Time(100)), Some(Time(300_100)));
    assert_eq!(arrives(PushType::Alert, Priority::Immediate), soon);
    assert_eq!(arrives(PushType::Alert, Priority::PowerAware), late);
    assert_eq!(arrives(PushType::Alert, Priority::Low), late);
    assert_eq!(arrives(PushType::Background, Priority::PowerAware), soon);
}

#[test]
fn a_phone_that_was_offline_gets_only_the_newest_push_when_it_is_back() {
    let mut world = World::new(rules(|_| {}));
    world.happen(Happening::Network(Path::None));
    for text in ["one", "two", "three"] {
        world.silent(text);
    }
    assert!(world.woken_for().is_empty());
    world.happen(Happening::Network(Path::Cellular));
    world.pass(Millis::minutes(1));
    assert_eq!(world.woken_for(), [silent("three")]);
}

#[test]
fn a_token_is_read_as_it_is_written() {
    let token = Token(0x00c0_ffee_0000_0001);
    assert_eq!(token.to_string().len(), 64);
    assert_eq!(Token::parse(&token.to_string()), Some(token));
    for not_ours in ["", "12", &"f".repeat(64), &"0".repeat(63), &"0".repeat(65)] {
        assert_eq!(Token::parse(not_ours), None);
    }
}

#[test]
fn ios_reads_in_a_payload_what_it_understands_and_ignores_the_rest() {
    let aps = |body: &str| Payload::read(body.as_bytes()).aps();
    let odd = r#"{"aps":{"badge":"3","content-available":true,"mutable-content":2,"alert":null}}"#;
    assert_eq!(aps(odd), Some(Aps::default()));
    assert_eq!(aps(r#"{"tb":{}}"#), Some(Aps::default()));
    assert_eq!(aps(r#"{"aps":"text"}"#), Some(Aps::default()));
    assert_eq!(aps("nonsense"), None);
    let full = r#"{"aps":{"badge":3,"content-available":1,"mutable-content":1,"alert":{}}}"#;
    let read = aps(full).expect("an object");
    assert_eq!(read.badge, Some(3));
    assert!(read.content_available && read.mutable_content && read.alert);
}

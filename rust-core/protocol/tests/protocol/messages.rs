//! Every message survives its own JSON.

use std::fmt::Debug;

use proptest::{collection::vec, option, prelude::*};
use serde::{Serialize, de::DeserializeOwned};
use truebadge_protocol::{
    OperationId, Problem, ProblemKind,
    limits::SHORT_ID_BYTES,
    messages::{
        Action, Alert, Changes, ChangesQuery, Committed, Conditions, ConversationUpsert,
        DeviceRegistered, DeviceRegistration, DeviceToken, Event, EventsRequest, Operation,
        OperationOutcome, OperationsApplied, OperationsRequest, PushEnvironment, PushTokenEnded,
    },
};

use crate::strategies::{
    conversation_id, count, digest, epoch, level, name, number, policy, position, route, state,
    totals, version,
};

fn comes_back<T>(message: &T) -> Result<(), TestCaseError>
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let text = serde_json::to_string(message).unwrap();
    let read: T = serde_json::from_str(&text).unwrap();
    prop_assert_eq!(&read, message);
    // A later version's fields change nothing for this one.
    let newer = format!(
        "{},\"of_a_later_version\":{{\"x\":[1]}}}}",
        &text[..text.len() - 1]
    );
    let read: T = serde_json::from_str(&newer).unwrap();
    prop_assert_eq!(&read, message);
    Ok(())
}

fn alert() -> impl Strategy<Value = Alert> {
    let text = || option::of(name(1024));
    (text(), text(), text(), text()).prop_map(|(title, subtitle, body, sound)| Alert {
        title,
        subtitle,
        body,
        sound,
    })
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (
            conversation_id(),
            position(),
            any::<bool>(),
            option::of(alert())
        )
            .prop_map(|(conversation, position, mention, alert)| Event::Item {
                conversation,
                position,
                mention,
                alert
            }),
        (conversation_id(), position()).prop_map(|(conversation, up_to)| Event::Read {
            conversation,
            up_to
        }),
        (conversation_id(), vec(position(), 0..5)).prop_map(|(conversation, positions)| {
            Event::ReadItems {
                conversation,
                positions,
            }
        }),
        (conversation_id(), any::<bool>()).prop_map(|(conversation, marked)| {
            Event::MarkedUnread {
                conversation,
                marked,
            }
        }),
        (conversation_id(), level()).prop_map(|(conversation, level)| Event::Level {
            conversation,
            level
        }),
        conversation_id().prop_map(|conversation| Event::Removed { conversation }),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        (conversation_id(), position()).prop_map(|(conversation, position)| Action::ReadUpTo {
            conversation,
            position
        }),
        (conversation_id(), vec(position(), 0..5)).prop_map(|(conversation, positions)| {
            Action::ReadItems {
                conversation,
                positions,
            }
        }),
        (conversation_id(), any::<bool>()).prop_map(|(conversation, marked)| {
            Action::MarkedUnread {
                conversation,
                marked,
            }
        }),
        (conversation_id(), level()).prop_map(|(conversation, level)| Action::SetLevel {
            conversation,
            level
        }),
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    (number(), name(SHORT_ID_BYTES), version(), action()).prop_map(|(number, id, seen, action)| {
        Operation {
            number,
            id: OperationId::new(id).unwrap(),
            seen,
            action,
        }
    })
}

fn upsert() -> impl Strategy<Value = ConversationUpsert> {
    (
        count(),
        count(),
        position(),
        position(),
        level(),
        any::<bool>(),
    )
        .prop_map(
            |(unread, mentions, newest, read_up_to, level, marked_unread)| ConversationUpsert {
                unread,
                mentions,
                newest,
                read_up_to,
                level,
                marked_unread,
            },
        )
}

fn registration() -> impl Strategy<Value = DeviceRegistration> {
    let token = option::of("[0-9a-f]{2,128}");
    let environment = prop_oneof![
        Just(PushEnvironment::Sandbox),
        Just(PushEnvironment::Production)
    ];
    let switches = any::<(bool, bool, bool, bool, bool)>();
    (token, environment, policy(), switches, name(SHORT_ID_BYTES)).prop_map(
        |(push_token, environment, policy, switches, app_version)| DeviceRegistration {
            push_token,
            environment,
            topic: "com.example.app".to_owned(),
            policy,
            sole_account: switches.0,
            conditions: Conditions {
                badges_allowed: switches.1,
                alerts_allowed: switches.2,
                background_refresh: switches.3,
                low_power_mode: switches.4,
            },
            app_version,
        },
    )
}

fn ended() -> impl Strategy<Value = PushTokenEnded> {
    prop_oneof![
        Just(PushTokenEnded::BadDeviceToken),
        Just(PushTokenEnded::DeviceTokenNotForTopic),
        Just(PushTokenEnded::Unregistered),
        Just(PushTokenEnded::Unknown),
    ]
}

fn changes() -> impl Strategy<Value = Changes> {
    let versions = (version(), version());
    let numbers = (number(), number(), number());
    let sums = (totals(), digest());
    (
        epoch(),
        any::<(bool, bool)>(),
        vec(state(), 0..5),
        versions,
        sums,
        numbers,
        option::of(ended()),
    )
        .prop_map(
            |(epoch, (reset, more), changes, (next, head), (totals, digest), numbers, ended)| {
                Changes {
                    epoch,
                    reset,
                    changes,
                    next,
                    head,
                    more,
                    confirm: !more,
                    totals,
                    digest,
                    acknowledged: numbers.0,
                    last_push: numbers.1,
                    push_token_ended: ended,
                    server_time: numbers.2,
                }
            },
        )
}

fn outcome() -> impl Strategy<Value = OperationOutcome> {
    (number(), option::of(version()), option::of(name(1024))).prop_map(
        |(number, version, rejected)| OperationOutcome {
            number,
            version,
            rejected,
        },
    )
}

proptest! {
    #[test]
    fn events(events in vec(event(), 0..6)) {
        comes_back(&EventsRequest { events })?;
    }

    #[test]
    fn whole_states(upsert in upsert(), state in state()) {
        comes_back(&upsert)?;
        comes_back(&state)?;
    }

    #[test]
    fn what_was_committed(epoch in epoch(), head in version(), changed in number(), totals in totals()) {
        comes_back(&Committed { epoch, head, changed, totals })?;
    }

    #[test]
    fn registrations(
        registration in registration(),
        answer in (route(), epoch(), version(), number()),
    ) {
        comes_back(&registration)?;
        let (route, epoch, head, server_time) = answer;
        comes_back(&DeviceRegistered { route, epoch, head, server_time })?;
    }

    #[test]
    fn queries(epoch in option::of(epoch()), since in version(), limit in option::of(1..1000_u32)) {
        comes_back(&ChangesQuery { epoch, since, limit, received: Some("41,42".to_owned()) })?;
    }

    #[test]
    fn pages_of_changes(changes in changes(), applied in vec(outcome(), 0..5)) {
        comes_back(&changes)?;
        comes_back(&OperationsApplied { applied, changes })?;
    }

    #[test]
    fn operations(operations in vec(operation(), 0..6)) {
        comes_back(&OperationsRequest { operations })?;
    }

    #[test]
    fn tokens(id in name(64), token in name(64)) {
        comes_back(&DeviceToken { id, token })?;
    }

    #[test]
    fn problems(detail in name(64), field in option::of(name(64))) {
        let problem = Problem { field, ..Problem::new(ProblemKind::Conflict, detail) };
        comes_back(&problem)?;
    }
}

#[test]
fn a_problem_carries_the_status_and_title_of_its_type() {
    let problem = Problem::new(ProblemKind::TooManyRequests, "Wait 3 s.").at("events[3].position");
    let json = serde_json::to_value(&problem).unwrap();
    assert_eq!(json["type"], "urn:truebadge:problem:too-many-requests");
    assert_eq!(json["status"], 429);
    assert_eq!(json["title"], ProblemKind::TooManyRequests.title());
    assert_eq!(json["field"], "events[3].position");
}

#[test]
fn a_wrong_path_is_told_apart_from_what_does_not_exist() {
    for (kind, name) in [
        (ProblemKind::NotFound, "urn:truebadge:problem:not-found"),
        (
            ProblemKind::NoSuchPath,
            "urn:truebadge:problem:no-such-path",
        ),
    ] {
        let json = serde_json::to_value(Problem::new(kind, "Check it.")).unwrap();
        assert_eq!(
            (&json["type"], &json["status"]),
            (&name.into(), &404.into())
        );
        assert_eq!(serde_json::from_value::<Problem>(json).unwrap().kind, kind);
    }
}

#[test]
fn a_value_that_an_enumeration_does_not_know_is_an_error() {
    let event = r#"{"events":[{"type":"exploded","conversation":"c"}]}"#;
    assert!(serde_json::from_str::<EventsRequest>(event).is_err());
    let level = r#"{"unread":1,"level":"loud"}"#;
    assert!(serde_json::from_str::<ConversationUpsert>(level).is_err());
}

#[test]
fn a_reason_of_a_later_version_for_the_end_of_a_push_token_is_an_unknown_one() {
    let mut page = serde_json::json!({
        "epoch": "e", "reset": false, "changes": [], "next": 1, "head": 1, "more": false,
        "totals": {"unread": 0, "mentions": 0, "conversations": 0}, "digest": "0000000000000000",
        "acknowledged": 0, "last_push": 0, "server_time": 0, "applied": [],
    });
    let read = |page: &serde_json::Value| {
        let alone: Changes = serde_json::from_value(page.clone()).unwrap();
        let with_outcomes: OperationsApplied = serde_json::from_value(page.clone()).unwrap();
        assert_eq!(alone, with_outcomes.changes);
        alone.push_token_ended
    };
    assert_eq!(read(&page), None);
    for (name, reason) in [
        ("bad_device_token", PushTokenEnded::BadDeviceToken),
        (
            "device_token_not_for_topic",
            PushTokenEnded::DeviceTokenNotForTopic,
        ),
        ("unregistered", PushTokenEnded::Unregistered),
        ("eaten_by_a_grue", PushTokenEnded::Unknown),
    ] {
        page["push_token_ended"] = name.into();
        assert_eq!(read(&page), Some(reason), "{name}");
    }
}

//! What may reach a log tells nobody who talks to whom about what.

use std::fmt::Debug;

use truebadge_protocol::{
    AccountId, ConversationId, ConversationState, DeviceId, Epoch, OperationId, Position,
    PushPayload, Route,
    messages::{
        Action, Alert, ChangesQuery, Conditions, DeviceRegistration, DeviceToken, Event,
        EventsRequest, Operation, PushEnvironment,
    },
    push::{AlertText, Aps},
};

const CANARY: &str = "canary-7f3a";

fn is_silent(value: &impl Debug) {
    for text in [format!("{value:?}"), format!("{value:#?}")] {
        assert!(!text.contains(CANARY), "{text}");
    }
}

fn conversation() -> ConversationId {
    ConversationId::new(CANARY).unwrap()
}

fn alert() -> Alert {
    Alert {
        title: Some(CANARY.to_owned()),
        subtitle: Some(CANARY.to_owned()),
        body: Some(CANARY.to_owned()),
        sound: Some(CANARY.to_owned()),
    }
}

#[test]
fn names_print_a_fingerprint() {
    is_silent(&AccountId::new(CANARY).unwrap());
    is_silent(&conversation());
    is_silent(&DeviceId::new(CANARY).unwrap());
    is_silent(&Route::new(CANARY).unwrap());
    is_silent(&Epoch::new(CANARY).unwrap());
    is_silent(&OperationId::new(CANARY).unwrap());
    is_silent(&ConversationState::empty(conversation()));
}

#[test]
fn a_fingerprint_tells_two_names_apart() {
    let other = ConversationId::new("another").unwrap();
    assert_ne!(format!("{:?}", conversation()), format!("{other:?}"));
    assert_eq!(
        format!("{:?}", conversation()),
        format!("{:?}", conversation())
    );
}

#[test]
fn tokens_and_alerts_print_nothing() {
    is_silent(&alert());
    is_silent(&DeviceToken {
        id: "t1".to_owned(),
        token: CANARY.to_owned(),
    });
    is_silent(&DeviceRegistration {
        push_token: Some(CANARY.to_owned()),
        environment: PushEnvironment::Sandbox,
        topic: "com.example.app".to_owned(),
        policy: truebadge_protocol::BadgePolicy::Messages,
        sole_account: true,
        conditions: Conditions::default(),
        app_version: "1".to_owned(),
    });
}

#[test]
fn messages_print_none_of_what_they_carry() {
    is_silent(&EventsRequest {
        events: vec![Event::Item {
            conversation: conversation(),
            position: Position::ZERO,
            mention: false,
            alert: Some(alert()),
        }],
    });
    is_silent(&Operation {
        number: 1,
        id: OperationId::new(CANARY).unwrap(),
        seen: truebadge_protocol::Version::ZERO,
        action: Action::MarkedUnread {
            conversation: conversation(),
            marked: true,
        },
    });
    is_silent(&ChangesQuery {
        epoch: Some(Epoch::new(CANARY).unwrap()),
        ..ChangesQuery::default()
    });
}

#[test]
fn pushes_print_none_of_what_they_carry() {
    let payload = format!(
        r#"{{"tb":{{"r":"{CANARY}","e":"{CANARY}","i":1,"p":1,"v":2,"n":[1,0,1],"k":0,
            "c":[["{CANARY}",2,1,0,5,4,0]],"a":["{CANARY}",5]}}}}"#
    );
    let payload = PushPayload::parse(payload.as_bytes()).unwrap();
    assert_eq!(payload.rows.as_ref().map(Vec::len), Some(1));
    is_silent(&payload);
    is_silent(&Aps {
        alert: Some(AlertText {
            title: Some(CANARY.to_owned()),
            subtitle: Some(CANARY.to_owned()),
            body: Some(CANARY.to_owned()),
        }),
        sound: Some(CANARY.to_owned()),
        thread_id: Some(CANARY.to_owned()),
        ..Aps::default()
    });
}

#[test]
fn a_refused_payload_is_not_repeated() {
    for payload in [
        format!(r#"{{"tb":"{CANARY}"}}"#),
        format!(r#"{{"tb":{{"{CANARY}":1,"r":"{CANARY}"}}}}"#),
        CANARY.to_owned(),
    ] {
        let error = PushPayload::parse(payload.as_bytes()).unwrap_err();
        is_silent(&error);
        assert!(!error.to_string().contains(CANARY), "{error}");
    }
}

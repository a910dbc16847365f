//! Every list, text and number has a bound; one more is refused.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use truebadge_protocol::{
    AccountId, ConversationId, DeviceId, Digest, Epoch, OperationId, Position, Route, Totals,
    Version,
    limits::{
        ALERT_TEXT_BYTES, CHANGES, EVENTS, ID_BYTES, NUMBER, OPERATIONS, POSITIONS,
        PUSH_TOKEN_DIGITS, SHORT_ID_BYTES, TOPIC_BYTES,
    },
    messages::{
        Action, Alert, Changes, DeviceRegistration, Event, EventsRequest, OperationsApplied,
        OperationsRequest,
    },
};

fn accepted<T: DeserializeOwned>(message: Value) -> bool {
    serde_json::from_value::<T>(message).is_ok()
}

/// `make` makes a message with so many of what is bounded.
fn is_bounded_at<T: DeserializeOwned>(bound: usize, make: impl Fn(usize) -> Value) {
    assert!(accepted::<T>(make(bound)), "{bound} is allowed");
    assert!(
        !accepted::<T>(make(bound + 1)),
        "{bound} and one more is not"
    );
}

fn list(length: usize, element: &Value) -> Value {
    Value::Array(vec![element.clone(); length])
}

fn page(length: usize) -> Value {
    let row =
        json!({"id": "c", "version": 1, "unread": 0, "mentions": 0, "newest": 0, "read_up_to": 0});
    json!({
        "epoch": "e", "reset": false, "changes": list(length, &row), "next": 1, "head": 1,
        "more": false, "totals": {"unread": 0, "mentions": 0, "conversations": 0},
        "digest": "0000000000000000", "acknowledged": 0, "last_push": 0, "server_time": 0,
    })
}

fn registration(field: &str, value: &Value) -> Value {
    let mut message = json!({"environment": "sandbox", "topic": "com.example.app"});
    message[field] = value.clone();
    message
}

#[test]
fn lists_are_bounded() {
    let removed = json!({"type": "removed", "conversation": "c"});
    is_bounded_at::<EventsRequest>(EVENTS, |n| json!({"events": list(n, &removed)}));
    is_bounded_at::<Event>(
        POSITIONS,
        |n| json!({"type": "read_items", "conversation": "c", "positions": list(n, &json!(1))}),
    );
    is_bounded_at::<Action>(
        POSITIONS,
        |n| json!({"kind": "read_items", "conversation": "c", "positions": list(n, &json!(1))}),
    );
    let operation = json!({
        "number": 1, "id": "o", "seen": 1, "kind": "read_up_to", "conversation": "c", "position": 1,
    });
    is_bounded_at::<OperationsRequest>(OPERATIONS, |n| json!({"operations": list(n, &operation)}));
    is_bounded_at::<Changes>(CHANGES, page);
    is_bounded_at::<OperationsApplied>(OPERATIONS, |n| {
        let mut message = page(0);
        message["applied"] = list(n, &json!({"number": 1, "version": 1}));
        message
    });
}

#[test]
fn texts_are_bounded() {
    for field in ["title", "subtitle", "body", "sound"] {
        is_bounded_at::<Alert>(ALERT_TEXT_BYTES, |n| json!({field: "x".repeat(n)}));
    }
    is_bounded_at::<DeviceRegistration>(PUSH_TOKEN_DIGITS, |n| {
        registration("push_token", &"a".repeat(n).into())
    });
    is_bounded_at::<DeviceRegistration>(TOPIC_BYTES, |n| {
        registration("topic", &"a".repeat(n).into())
    });
    is_bounded_at::<DeviceRegistration>(SHORT_ID_BYTES, |n| {
        registration("app_version", &"1".repeat(n).into())
    });
}

#[test]
fn names_are_bounded_in_bytes() {
    is_bounded_at::<AccountId>(ID_BYTES, |n| "x".repeat(n).into());
    is_bounded_at::<ConversationId>(ID_BYTES, |n| "x".repeat(n).into());
    is_bounded_at::<DeviceId>(ID_BYTES, |n| "x".repeat(n).into());
    is_bounded_at::<Route>(SHORT_ID_BYTES, |n| "x".repeat(n).into());
    is_bounded_at::<Epoch>(SHORT_ID_BYTES, |n| "x".repeat(n).into());
    is_bounded_at::<OperationId>(SHORT_ID_BYTES, |n| "x".repeat(n).into());
    assert!(ConversationId::new("\u{8a9e}".repeat(85)).is_ok());
    assert!(ConversationId::new("\u{8a9e}".repeat(86)).is_err());
}

#[test]
fn names_are_neither_empty_nor_have_control_characters() {
    for name in ["", "a\nb", "\0", "\u{7f}", "\u{85}"] {
        assert!(ConversationId::new(name).is_err(), "{name:?}");
        assert!(!accepted::<Epoch>(name.into()), "{name:?}");
    }
}

#[test]
fn numbers_stay_below_2_to_the_53() {
    let largest = NUMBER - 1;
    assert!(accepted::<Version>(largest.into()) && !accepted::<Version>(NUMBER.into()));
    assert!(accepted::<Position>(largest.into()) && !accepted::<Position>(NUMBER.into()));
    for field in ["unread", "mentions", "conversations"] {
        let mut totals = json!({"unread": 0, "mentions": 0, "conversations": 0});
        totals[field] = largest.into();
        assert!(accepted::<Totals>(totals.clone()), "{field}");
        totals[field] = NUMBER.into();
        assert!(!accepted::<Totals>(totals), "{field}");
    }
    for field in ["acknowledged", "last_push", "server_time"] {
        let mut message = page(0);
        message[field] = NUMBER.into();
        assert!(!accepted::<Changes>(message), "{field}");
    }
    let last = Version::new(largest).unwrap();
    assert_eq!(last.next(), last, "the largest has none after it");
}

#[test]
fn what_reaches_apns_url_and_headers_cannot_break_them() {
    for token in ["", "../3/device/00", "00 ff", "0x00", "abc\r\n"] {
        let message = registration("push_token", &token.into());
        assert!(!accepted::<DeviceRegistration>(message), "{token:?}");
    }
    for topic in [
        "",
        "com.example.app\r\nx: y",
        "com example",
        "com/example",
        "caf\u{e9}",
    ] {
        let message = registration("topic", &topic.into());
        assert!(!accepted::<DeviceRegistration>(message), "{topic:?}");
    }
    assert!(accepted::<DeviceRegistration>(registration(
        "topic",
        &"com.example.app.voip".into()
    )));
    assert!(accepted::<DeviceRegistration>(registration(
        "push_token",
        &Value::Null
    )));
}

#[test]
fn a_digest_is_sixteen_hexadecimal_digits() {
    for digest in [
        "",
        "0",
        "00000000000000000",
        "+000000000000000",
        "000000000000000g",
    ] {
        assert!(!accepted::<Digest>(digest.into()), "{digest:?}");
    }
    assert!(accepted::<Digest>("00000000deadbeef".into()));
}

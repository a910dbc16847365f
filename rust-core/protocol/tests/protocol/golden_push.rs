//! The push's short form against payloads that our code did not write.

use serde::Deserialize;
use serde_json::Value;
use truebadge_protocol::{
    ConversationId, ConversationState, Epoch, PayloadError, Position, PushPayload, Route, Totals,
    Version,
    push::{AlertText, Aps},
};

use crate::fixtures;

#[derive(Deserialize)]
struct PushFile {
    vectors: Vec<PushVector>,
}

#[derive(Deserialize)]
struct PushVector {
    name: String,
    composed: bool,
    payload: String,
    push: LongForm,
}

#[derive(Deserialize)]
struct LongForm {
    route: Route,
    epoch: Epoch,
    counter: u64,
    base: Version,
    version: Version,
    totals: Totals,
    acknowledged: u64,
    rows: Option<Vec<ConversationState>>,
    item: Option<Item>,
    #[serde(default)]
    sync_wanted: bool,
}

#[derive(Deserialize)]
struct Item {
    conversation: ConversationId,
    position: Position,
}

impl From<LongForm> for PushPayload {
    fn from(long: LongForm) -> Self {
        Self {
            route: long.route,
            epoch: long.epoch,
            counter: long.counter,
            base: long.base,
            version: long.version,
            totals: long.totals,
            acknowledged: long.acknowledged,
            rows: long.rows,
            item: long.item.map(|item| (item.conversation, item.position)),
            sync_wanted: long.sync_wanted,
        }
    }
}

/// The `aps` part of a vector, as its sender would describe it.
fn aps(payload: &Value) -> Aps {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let aps = &payload["aps"];
    Aps {
        alert: aps.get("alert").map(|alert| AlertText {
            title: text(&alert["title"]),
            subtitle: text(&alert["subtitle"]),
            body: text(&alert["body"]),
        }),
        badge: aps["badge"].as_u64().map(|badge| badge.try_into().unwrap()),
        sound: text(&aps["sound"]),
        thread_id: text(&aps["thread-id"]),
        content_available: aps["content-available"] == 1,
        mutable_content: aps["mutable-content"] == 1,
    }
}

#[test]
fn payloads_are_read_as_the_golden_vectors_say() {
    let file: PushFile = fixtures::read("push.json");
    assert!(file.vectors.len() >= 15, "the vectors are there");
    for vector in file.vectors {
        let read = PushPayload::parse(vector.payload.as_bytes());
        assert_eq!(read, Ok(vector.push.into()), "{}", vector.name);
    }
}

#[test]
fn payloads_are_written_as_the_golden_vectors_say() {
    let file: PushFile = fixtures::read("push.json");
    for vector in file.vectors.into_iter().filter(|vector| vector.composed) {
        let expected: Value = serde_json::from_str(&vector.payload).unwrap();
        let written = PushPayload::from(vector.push)
            .compose(&aps(&expected))
            .unwrap();
        let written: Value = serde_json::from_slice(&written).unwrap();
        assert_eq!(written, expected, "{}", vector.name);
    }
}

#[derive(Deserialize)]
struct HostileFile {
    vectors: Vec<HostileVector>,
}

#[derive(Deserialize)]
struct HostileVector {
    name: String,
    payload: Option<String>,
    payload_hex: Option<String>,
    error: String,
}

fn kind(error: PayloadError) -> &'static str {
    match error {
        PayloadError::TooLarge(_) => "too_large",
        PayloadError::NotUnderstood(_) => "not_understood",
        PayloadError::NotOurs => "not_ours",
        PayloadError::OutOfRange(_) => "out_of_range",
    }
}

#[test]
fn hostile_payloads_are_refused_for_the_right_reason() {
    let file: HostileFile = fixtures::read("push-hostile.json");
    assert!(file.vectors.len() >= 100, "the vectors are there");
    for vector in file.vectors {
        let bytes = vector.payload.map(String::into_bytes);
        let bytes = bytes.unwrap_or_else(|| fixtures::bytes(&vector.payload_hex.unwrap()));
        let error = PushPayload::parse(&bytes).map_err(kind);
        assert_eq!(error, Err(vector.error.as_str()), "{}", vector.name);
    }
}

#[test]
fn what_ios_paints_is_seen_in_anybodys_payload() {
    let paints = |payload: &[u8]| PushPayload::paints(payload);
    assert!(paints(br#"{"aps":{"badge":0,"sound":"x"},"theirs":{}}"#));
    assert!(!paints(br#"{"aps":{"content-available":1}}"#));
    assert!(!paints(br#"{"aps":{"badge":null}}"#));
    assert!(!paints(b"{}"));
    let deep = [vec![b'['; 2_000], vec![b']'; 2_000]].concat();
    let huge = vec![b' '; 5_000];
    for unreadable in [b"".as_slice(), b"\xff", b"[]", b"{\"aps\":7}", &deep, &huge] {
        assert!(paints(unreadable), "who can tell");
    }
}

#[test]
fn a_refusal_names_the_byte_at_which_reading_stopped() {
    let payload = b"{\n \"aps\": {},\n \"tb\": !}";
    let at = payload.iter().position(|byte| *byte == b'!').unwrap();
    let error = PushPayload::parse(payload).unwrap_err();
    assert_eq!(error, PayloadError::NotUnderstood(at + 1));
}

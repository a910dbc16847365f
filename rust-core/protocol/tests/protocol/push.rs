//! Pushes, both ways, for whatever values and whatever bytes.

use proptest::{collection::vec, prelude::*};
use truebadge_protocol::{
    ConversationState, PayloadError, PushPayload,
    limits::PAYLOAD_BYTES,
    push::{Aps, ComposeError},
};

use crate::strategies;

/// How many bytes the rows take: `,"c":[…]`.
fn bytes_of_rows(rows: &[ConversationState]) -> usize {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            let flags = row.level.code() | u8::from(row.marked_unread) << 2;
            let flags = flags | u8::from(row.removed) << 3;
            let counts = (row.unread, row.mentions, row.newest, row.read_up_to);
            (
                &row.id,
                row.version,
                counts.0,
                counts.1,
                counts.2,
                counts.3,
                flags,
            )
        })
        .collect();
    ",\"c\":".len() + serde_json::to_string(&rows).unwrap().len()
}

fn without_rows(payload: &PushPayload) -> PushPayload {
    PushPayload {
        rows: None,
        ..payload.clone()
    }
}

/// What a stranger may do to a payload on its way.
#[derive(Debug, Clone)]
enum Damage {
    Cut(prop::sample::Index),
    Change(prop::sample::Index, u8),
    Insert(prop::sample::Index, u8),
}

impl Damage {
    fn to(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        match self {
            Self::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Self::Change(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Self::Insert(at, byte) => bytes.insert(at.index(bytes.len()), *byte),
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    let index = any::<prop::sample::Index>;
    // Bytes that mean something in JSON, and any other.
    let byte = || {
        prop_oneof![
            prop::sample::select(b"[]{},:\"\\-.e019 n".to_vec()),
            any::<u8>()
        ]
    };
    prop_oneof![
        1 => index().prop_map(Damage::Cut),
        4 => (index(), byte()).prop_map(|(at, byte)| Damage::Change(at, byte)),
        4 => (index(), byte()).prop_map(|(at, byte)| Damage::Insert(at, byte)),
    ]
}

/// Reading ends with a payload that keeps the wire's rules, or with an error within the bytes.
fn is_read_safely(bytes: &[u8]) -> Result<(), TestCaseError> {
    match PushPayload::parse(bytes) {
        Ok(payload) => {
            prop_assert!(payload.base <= payload.version);
            let again = payload.compose(&Aps::default()).unwrap();
            let again = PushPayload::parse(&again).unwrap();
            prop_assert_eq!(without_rows(&again), without_rows(&payload));
        }
        Err(PayloadError::NotUnderstood(at)) => prop_assert!(at <= bytes.len()),
        Err(PayloadError::TooLarge(size)) => prop_assert_eq!(size, bytes.len()),
        Err(PayloadError::NotOurs | PayloadError::OutOfRange(_)) => {}
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_fits_arrives_whole_and_what_does_not_loses_its_rows(
        payload in strategies::payload(),
        aps in strategies::aps(),
    ) {
        let bare = without_rows(&payload).compose(&aps);
        let rows = payload.rows.as_deref().map_or(0, bytes_of_rows);
        match (payload.compose(&aps), bare) {
            (Ok(bytes), Ok(bare)) => {
                prop_assert!(bytes.len() <= PAYLOAD_BYTES);
                let fits = bare.len() + rows <= PAYLOAD_BYTES;
                let expected = if fits { payload } else { without_rows(&payload) };
                prop_assert_eq!(PushPayload::parse(&bytes), Ok(expected));
            }
            (Err(ComposeError::TooLarge(size)), Err(ComposeError::TooLarge(bare))) => {
                prop_assert!(size > PAYLOAD_BYTES);
                prop_assert_eq!(size, bare);
            }
            (whole, bare) => prop_assert!(false, "{:?} but {:?} without rows", whole, bare),
        }
    }

    #[test]
    fn arbitrary_bytes_are_read_safely(bytes in vec(any::<u8>(), 0..5000)) {
        is_read_safely(&bytes)?;
    }

    #[test]
    fn damaged_payloads_are_read_safely(
        payload in strategies::payload(),
        damages in vec(damage(), 1..6),
    ) {
        let mut bytes = payload.compose(&Aps::default()).unwrap();
        for damage in damages {
            damage.to(&mut bytes);
        }
        is_read_safely(&bytes)?;
    }
}

#[test]
fn brackets_inside_a_text_are_not_nesting() {
    let brackets = "[\\\"{".repeat(200);
    let payload = format!(
        r#"{{"x":"{brackets}","tb":{{"r":"r","e":"e","i":1,"p":1,"v":2,"n":[0,0,0],"k":0}}}}"#
    );
    assert!(PushPayload::parse(payload.as_bytes()).is_ok());
}

#[test]
fn an_alert_too_long_for_apns_is_an_error_and_not_a_cut_text() {
    let alert = truebadge_protocol::push::AlertText {
        body: Some("x".repeat(PAYLOAD_BYTES)),
        ..Default::default()
    };
    let aps = Aps {
        alert: Some(alert),
        ..Aps::default()
    };
    let payload = PushPayload::parse(
        br#"{"tb":{"r":"r","e":"e","i":1,"p":1,"v":2,"n":[0,0,0],"k":0,"c":[]}}"#,
    );
    let error = payload.unwrap().compose(&aps).unwrap_err();
    assert!(error.to_string().contains("4,096"), "{error}");
}

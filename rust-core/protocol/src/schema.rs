//! JSON Schema of every message, for servers and clients in other languages.
//!
//! `maxLength` counts letters where this crate counts bytes of UTF-8, so what a schema refuses is
//! refused here, and a text of many-byte letters may be refused here only.

use schemars::{Schema, schema_for};

use crate::{Problem, messages as m, push::Envelope};

/// Every message's name and schema.
pub fn messages() -> Vec<(&'static str, Schema)> {
    vec![
        ("changes", schema_for!(m::Changes)),
        ("changes-query", schema_for!(m::ChangesQuery)),
        ("committed", schema_for!(m::Committed)),
        ("conversation-upsert", schema_for!(m::ConversationUpsert)),
        ("device-registered", schema_for!(m::DeviceRegistered)),
        ("device-registration", schema_for!(m::DeviceRegistration)),
        ("device-token", schema_for!(m::DeviceToken)),
        ("events-request", schema_for!(m::EventsRequest)),
        ("operations-applied", schema_for!(m::OperationsApplied)),
        ("operations-request", schema_for!(m::OperationsRequest)),
        ("problem", schema_for!(Problem)),
        ("push-payload", schema_for!(Envelope)),
    ]
}

/// The files of `docs/schema`: each one's name and text.
pub fn files() -> Vec<(String, String)> {
    messages()
        .into_iter()
        .map(|(name, schema)| (format!("{name}.json"), text(&schema)))
        .collect()
}

fn text(schema: &Schema) -> String {
    let mut text = serde_json::to_string_pretty(schema).expect("a schema is a JSON value already");
    text.push('\n');
    text
}

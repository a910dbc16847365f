//! The JSON Schema in `docs/schema` is what the types say.

use std::{collections::BTreeMap, fs};

use serde_json::Value;
use truebadge_protocol::schema;

use crate::fixtures;

const REMEDY: &str =
    "run: cargo run -p truebadge-protocol --features schema --example schema docs/schema";

#[test]
fn the_committed_schema_is_what_the_types_say() {
    let folder = fixtures::repository("docs/schema");
    let committed: BTreeMap<String, Value> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let text = fs::read_to_string(entry.path()).unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, serde_json::from_str(&text).unwrap())
        })
        .collect();
    let generated: BTreeMap<String, Value> = schema::files()
        .into_iter()
        .map(|(name, text)| (name, serde_json::from_str(&text).unwrap()))
        .collect();
    let names = |files: &BTreeMap<String, Value>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&committed), names(&generated), "{REMEDY}");
    for (name, schema) in generated {
        assert!(
            committed[&name] == schema,
            "docs/schema/{name} differs; {REMEDY}"
        );
    }
}

#[test]
fn bounds_are_in_the_schema() {
    let schema: BTreeMap<_, _> = schema::messages().into_iter().collect();
    let at = |name: &str, pointer: &str| schema[name].as_value().pointer(pointer).cloned();
    assert_eq!(
        at("events-request", "/properties/events/maxItems"),
        Some(1000.into())
    );
    assert_eq!(
        at("changes", "/$defs/Version/maximum"),
        Some(((1_u64 << 53) - 1).into())
    );
    assert_eq!(
        at("changes", "/$defs/ConversationId/maxLength"),
        Some(255.into())
    );
    assert_eq!(
        at("events-request", "/$defs/Alert/properties/title/maxLength"),
        Some(1024.into())
    );
}

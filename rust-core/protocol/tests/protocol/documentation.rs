//! The examples in PROTOCOL.md are messages of this protocol.

use std::{collections::BTreeMap, fs};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use truebadge_protocol::{
    ConversationState, Digest, Problem, PushPayload, Totals,
    messages::{
        Changes, Committed, ConversationUpsert, DeviceRegistered, DeviceRegistration, DeviceToken,
        EventsRequest, OperationsApplied, OperationsRequest,
    },
};

use crate::fixtures;

fn document() -> String {
    fs::read_to_string(fixtures::repository("docs/PROTOCOL.md")).unwrap()
}

/// The fenced blocks of a language, each with the line before it.
fn blocks(document: &str, language: &str) -> Vec<(String, String)> {
    let fence = format!("```{language}");
    let lines: Vec<&str> = document.lines().collect();
    let starts = (1..lines.len()).filter(|at| lines[*at] == fence);
    starts
        .map(|at| {
            let body = lines[at + 1..].iter().take_while(|line| **line != "```");
            let body = body.copied().collect::<Vec<_>>().join("\n");
            (lines[at - 1].to_owned(), body)
        })
        .collect()
}

/// The example is a `T`, and shows no field that `T` does not have.
fn is_a<T: DeserializeOwned + Serialize>(example: &str) {
    let shown: Value = serde_json::from_str(example).unwrap();
    let message: T = serde_json::from_value(shown.clone()).unwrap_or_else(|error| {
        panic!("{error} in:\n{example}");
    });
    let written = serde_json::to_value(message).unwrap();
    contains(&written, &shown);
}

fn contains(whole: &Value, part: &Value) {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            for (name, value) in part {
                let known = whole.get(name);
                contains(known.unwrap_or_else(|| panic!("no field {name}")), value);
            }
        }
        (Value::Array(whole), Value::Array(part)) => {
            assert_eq!(whole.len(), part.len());
            whole.iter().zip(part).for_each(|(a, b)| contains(a, b));
        }
        _ => assert_eq!(whole, part),
    }
}

#[test]
fn the_examples_of_answers_are_messages() {
    let document = document();
    let mut seen = BTreeMap::<String, usize>::new();
    for (mark, example) in blocks(&document, "json") {
        match mark.as_str() {
            "<!-- Problem -->" => is_a::<Problem>(&example),
            "<!-- ConversationState -->" => is_a::<ConversationState>(&example),
            "<!-- Totals -->" => is_a::<Totals>(&example),
            "<!-- Committed -->" => is_a::<Committed>(&example),
            "<!-- DeviceToken -->" => is_a::<DeviceToken>(&example),
            "<!-- DeviceRegistered -->" => is_a::<DeviceRegistered>(&example),
            "<!-- Changes -->" => is_a::<Changes>(&example),
            "<!-- OperationsApplied -->" => is_a::<OperationsApplied>(&example),
            "<!-- push -->" => assert!(PushPayload::parse(example.as_bytes()).is_ok()),
            other => panic!("no type is known for the example after {other:?}"),
        }
        *seen.entry(mark).or_default() += 1;
    }
    assert_eq!(seen.len(), 9, "{seen:?}");
}

#[test]
fn the_example_of_changes_adds_up() {
    let document = document();
    let blocks = blocks(&document, "json");
    let example = blocks.iter().find(|(mark, _)| mark == "<!-- Changes -->");
    let changes: Changes = serde_json::from_str(&example.unwrap().1).unwrap();
    assert_eq!(Totals::of(&changes.changes), changes.totals);
    assert_eq!(Digest::of(&changes.changes), changes.digest);
}

#[test]
fn the_bodies_of_the_curl_examples_are_requests() {
    let document = document();
    let mut checked = 0;
    for (_, script) in blocks(&document, "bash") {
        for command in script.split("curl ").skip(1) {
            let Some((_, rest)) = command.split_once("--json '") else {
                continue;
            };
            let (body, _) = rest.split_once('\'').unwrap();
            let path = command.split_once("$RELAY").unwrap().1;
            let path = path.split([' ', '"', '?']).next().unwrap();
            match path.split('/').collect::<Vec<_>>()[..] {
                ["", "v1", "accounts", _, "events"] => is_a::<EventsRequest>(body),
                ["", "v1", "accounts", _, "conversations", _] => is_a::<ConversationUpsert>(body),
                ["", "v1", "devices", _] => is_a::<DeviceRegistration>(body),
                ["", "v1", "operations"] => is_a::<OperationsRequest>(body),
                ref other => panic!("no request is known at {other:?}"),
            }
            checked += 1;
        }
    }
    assert_eq!(checked, 6);
}

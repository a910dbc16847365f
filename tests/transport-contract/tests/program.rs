//! The program: what it prints, and how it ends.
#![allow(missing_docs, clippy::unwrap_used)]

use std::{
    collections::HashSet,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

#[test]
fn the_cases_are_one_line_of_json_and_the_program_ends_with_its_input() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_transport-contract"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    let cases: Vec<serde_json::Value> = serde_json::from_str(&line).unwrap();
    let names: HashSet<_> = cases.iter().map(|case| case["name"].to_string()).collect();
    assert_eq!(names.len(), cases.len(), "a name is a case's own");
    for case in &cases {
        let expected = case["expected"].as_object().unwrap();
        assert!(expected.contains_key("answer") || expected.contains_key("error"));
        assert!(case["requests"][0]["url"].is_string() && case.get("play").is_none());
    }
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

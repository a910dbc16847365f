//! Every endpoint, and everything that may be wrong with a request.
#![allow(clippy::unwrap_used)]

mod backend;
mod phone;
mod refused;
#[path = "../support/mod.rs"]
mod support;

use support::Answer;

const EVENTS: &str = "/v1/accounts/alice/events";

#[track_caller]
fn problem(answer: &Answer, status: u16, name: &str) {
    assert_eq!(answer.status, status, "{:?}", answer.body);
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    let kind = format!("urn:truebadge:problem:{name}");
    assert_eq!(answer.body["type"], kind);
    assert_eq!(answer.body["status"], status);
    assert!(answer.body["detail"].as_str().unwrap().ends_with('.'));
}

//! The program: what it prints, what it leaves behind, and how it ends.

#![allow(clippy::unwrap_used, dead_code)]

mod support;

use std::{
    process::{Command, Output},
    time::Duration,
};

use serde_json::Value;
use support::{PRODUCER, Relay};
use truebadge_relay::faults::Fault;

async fn conformance(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
    command.args(arguments).env_remove("TRUEBADGE_PRODUCER_KEY");
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_relay_passes_and_what_was_not_tried_is_not_called_passed() {
    let relay = Relay::start(None, Duration::from_secs(20)).await;
    let junit = tempfile::NamedTempFile::new().unwrap();
    let file = junit.path().to_str().unwrap();
    let key = [
        "--producer-key",
        PRODUCER,
        "--filter",
        "tokens",
        "--filter",
        "pushes.fall",
    ];
    let arguments = [&[relay.url.as_str(), "--junit", file], &key[..]].concat();
    let output = conformance(&arguments).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    let last = text(&output.stdout).lines().last().unwrap().to_owned();
    assert!(
        last.starts_with("5 passed, 0 failed, 1 not run (1: pushes: "),
        "{last}"
    );
    let xml = std::fs::read_to_string(file).unwrap();
    assert!(
        xml.contains("tests=\"6\" failures=\"0\" skipped=\"1\""),
        "{xml}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_shows_the_exchange_without_the_credentials() {
    let relay = Relay::start(Some(Fault::RevokedTokenWorks), Duration::from_secs(20)).await;
    let key = ["--producer-key", PRODUCER, "--filter", "tokens.revoke"];
    let output = conformance(&[&[relay.url.as_str()], &key[..]].concat()).await;
    assert_eq!(output.status.code(), Some(1));
    let shown = text(&output.stdout);
    for part in [
        "FAILED   tokens.revoke",
        "expected: status 401",
        "> GET /v1/changes",
        "< 200",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert!(
        !shown.contains(PRODUCER) && !shown.contains("tbd_"),
        "{shown}"
    );

    let output = conformance(&[&[relay.url.as_str(), "--json"], &key[..]].concat()).await;
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["failed"], 1);
    assert_eq!(report["cases"][0]["result"], "failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_must_be_corrected_first_is_one_sentence_and_exit_code_2() {
    let relay = Relay::start(None, Duration::from_secs(20)).await;
    let url = relay.url.as_str();
    let wrong: [(&[&str], &str); 5] = [
        (&[url], "give the key"),
        (
            &[url, "--producer-key", "not-the-right-key"],
            "does not take this producer key",
        ),
        (
            &["ftp://example.com", "--producer-key", "k"],
            "is no address",
        ),
        (
            &["http://127.0.0.1:1", "--producer-key", "k"],
            "cannot be asked",
        ),
        (
            &[
                url,
                "--producer-key",
                PRODUCER,
                "--filter",
                "nothing-has-this",
            ],
            "no case",
        ),
    ];
    for (arguments, sentence) in wrong {
        let output = conformance(arguments).await;
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains(sentence) && said.lines().count() == 1,
            "{said}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_names_each_case_once() {
    let output = conformance(&["--list", "--json"]).await;
    let list: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let mut ids: Vec<&str> = list.iter().filter_map(|case| case["id"].as_str()).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), all), (all, conformance::cases::all().len()));
}

#[test]
fn each_case_cites_a_section_that_the_protocol_has() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/PROTOCOL.md");
    let protocol = std::fs::read_to_string(root).unwrap();
    for case in conformance::cases::all() {
        let heading = format!("# {}\n", case.section);
        assert!(protocol.contains(&heading), "{}: {}", case.id, case.section);
    }
}

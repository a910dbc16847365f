//! The program itself: what it needs, and how it ends.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Output, Stdio},
};

/// Nobody listens on the port 1 of loopback.
fn phone(store: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rust-phone"));
    command
        .args([
            "--relay",
            "http://127.0.0.1:1",
            "--topic",
            "com.example.app",
        ])
        .args(["--account", "alice=token", "--store"])
        .arg(store)
        .env("TRUEBADGE_LOG", "off");
    command
}

#[track_caller]
fn is_one_sentence(output: &Output, word: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    assert!(said.contains(word), "{said}");
}

#[test]
fn a_store_that_cannot_be_made_is_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let output = phone(&file.join("store")).output().unwrap();
    is_one_sentence(&output, "--store");
}

#[test]
fn an_address_without_tls_that_is_not_this_machine_is_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let output = phone(folder.path())
        .args(["--apns", "ws://127.0.0.1:1"])
        .output();
    is_one_sentence(&output.unwrap(), "--apns");
    let mut elsewhere = Command::new(env!("CARGO_BIN_EXE_rust-phone"));
    elsewhere
        .args([
            "--relay",
            "http://example.com",
            "--topic",
            "t",
            "--account",
            "a=t",
        ])
        .args(["--store".as_ref(), folder.path().as_os_str()]);
    is_one_sentence(&elsewhere.output().unwrap(), "https://");
}

#[test]
fn a_phone_without_relay_and_apns_starts_and_counts_what_the_person_does() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = phone(folder.path())
        .arg("--json")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut typed = child.stdin.take().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut events =
        lines.map(|line| serde_json::from_str::<serde_json::Value>(&line.unwrap()).unwrap());
    let mut next = |event: &str| events.find(|line| line["event"] == event).unwrap();
    let launch = next("wake");
    assert_eq!(
        (&launch["cause"], &launch["synced"]),
        (&"launch".into(), &false.into())
    );
    assert_eq!(launch["error"], "the relay can't be reached: no connection");
    let ready = next("ready");
    assert_eq!(
        (&ready["badge"], &ready["push_token"]),
        (&0.into(), &().into())
    );
    let device = std::fs::read_to_string(folder.path().join("device")).unwrap();
    assert_eq!(ready["device"], device.trim());
    typed
        .write_all(b"unread alice team\nunread nobody team\nlist\ndance\nquit\n")
        .unwrap();
    assert_eq!(next("badge")["badge"], 1);
    assert_eq!(next("operation")["recorded"], true);
    let refused = next("operation");
    assert_eq!(refused["error"], "there is no such account on this phone");
    assert_eq!(
        next("conversations")["conversations"][0]["marked_unread"],
        true
    );
    assert!(
        next("error")["message"]
            .as_str()
            .unwrap()
            .contains("no command")
    );
    next("stopped");
    assert!(child.wait().unwrap().success());
}

//! The demonstration, as `scripts/demo` runs it once everything is built.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

fn demo() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo"));
    command.args(["--rust", "--json"]);
    command
}

#[test]
fn it_shows_every_badge_right_and_ends_by_itself() {
    let output = demo().output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let lines: Vec<Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let checks = lines.iter().filter(|line| line["event"] == "check");
    assert_eq!(checks.filter(|line| line["right"] == true).count(), 4);
    let tells = |text: &str| {
        let told = |line: &Value| {
            line["text"]
                .as_str()
                .is_some_and(|said| said.contains(text))
        };
        lines
            .iter()
            .position(told)
            .unwrap_or_else(|| panic!("nothing of: {text}"))
    };
    let lost = tells("lost on the way");
    assert!(tells("badge 3 → 0 (set by the core)") < lost);
    assert!(lost < tells("painted, badge 0"));
    assert!(lost < tells("badge 3 → 0 (painted by iOS)"));
}

#[test]
fn without_its_programs_it_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let output = demo()
        .env("TRUEBADGE_BIN_DIR", folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("run `cargo build"), "{said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
}

#[test]
fn kept_running_it_ends_with_all_its_processes_when_interrupted() {
    let mut child = demo().arg("--keep").stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut lines = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let relay = lines.find(|line| line["name"] == "relay").unwrap();
    let by_hand = lines.find(|line| line["event"] == "by_hand").unwrap();
    let commands = by_hand["commands"].as_array().unwrap();
    assert!(
        commands
            .iter()
            .all(|one| one["command"].as_str().unwrap().starts_with("curl "))
    );
    let address = relay["value"]
        .as_str()
        .unwrap()
        .trim_start_matches("http://");
    assert!(std::net::TcpStream::connect(address).is_ok());

    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(std::net::TcpStream::connect(address).is_err());
}

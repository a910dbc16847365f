//! The program: what it prints, how it ends, and what it says when it cannot start.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::Value;
use support::{KEY_ID, Phone, TEAM, TOPIC, http2_client, new_key, provider_token};

const ANY_PORT: &str = "127.0.0.1:0";

fn program(key: &Path) -> Command {
    program_at(key, ANY_PORT, ANY_PORT)
}

fn program_at(key: &Path, provider: &str, phones: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_apns-sim"));
    command
        .args(["--team-id", TEAM, "--key-id", KEY_ID, "--topic", TOPIC])
        .args(["--provider", provider, "--phones", phones, "--key"])
        .arg(key);
    command
}

struct Started {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
    folder: tempfile::TempDir,
    pem: String,
}

impl Started {
    fn new(change: impl FnOnce(&mut Command, &Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pem = new_key();
        let key = folder.path().join("key.p8");
        fs::write(&key, &pem).unwrap();
        let mut command = program(&key);
        change(&mut command, folder.path());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            child,
            lines,
            folder,
            pem,
        }
    }

    fn line(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }

    fn json(&mut self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    fn stop(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .unwrap()
                .success()
        );
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}

fn now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap().as_secs()
}

async fn push_alert(url: &str, pem: &str, token: &str) -> u16 {
    let request = http2_client().post(format!("{url}/3/device/{token}"));
    let authorization = format!("bearer {}", provider_token(pem, now()));
    let response = request
        .header("authorization", authorization)
        .header("apns-topic", TOPIC)
        .header("apns-push-type", "alert")
        .body(r#"{"aps":{"badge":2,"alert":"a secret"}}"#)
        .send();
    response.await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")] // reading lines blocks
async fn with_json_it_prints_one_object_a_line_and_ends_well_on_sigterm() {
    let mut started = Started::new(|command, _| {
        command.arg("--json");
    });
    let listening = started.json();
    assert_eq!(listening["event"], "listening");
    let phone = Phone::attach(listening["phones"].as_str().unwrap(), TOPIC, "phone").await;
    let attached = started.json();
    assert_eq!(attached["event"], "attached");
    assert_eq!(attached["push_token"], phone.token.as_str());
    let url = listening["provider"].as_str().unwrap();
    assert_eq!(push_alert(url, &started.pem, &phone.token).await, 200);
    let line = started.line();
    let push: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (&push["event"], &push["outcome"]),
        (&"push".into(), &"delivered".into())
    );
    assert!(
        !line.contains("a secret"),
        "what a notification says is not printed"
    );
    started.stop("-TERM");
    assert_eq!(started.json()["event"], "detached");
    assert_eq!(started.json()["event"], "stopped");
    assert!(started.child.wait().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")] // reading lines blocks
async fn without_json_it_prints_a_line_per_push_for_people() {
    let mut started = Started::new(|_, _| ());
    let listening = started.line();
    let mut urls = listening
        .split([' ', ','])
        .filter(|word| word.starts_with("http://"));
    let (provider, phones) = (urls.next().unwrap(), urls.next().unwrap());
    let phone = Phone::attach(phones, TOPIC, "phone").await;
    assert!(started.line().ends_with("attached"));
    assert_eq!(push_alert(provider, &started.pem, &phone.token).await, 200);
    let short = phone.token[..8].to_owned();
    let expected = format!("alert to {short}, badge 2, priority 10: 200 → delivered");
    assert_eq!(started.line(), expected);
    drop(phone);
    assert_eq!(started.line(), format!("phone {short} went away"));
    started.stop("-INT");
    assert_eq!(started.line(), "stopped");
    assert!(started.child.wait().unwrap().success());
}

#[test]
fn with_tls_it_writes_the_certificate_before_it_says_that_it_listens() {
    let mut started = Started::new(|command, folder| {
        command
            .args(["--json", "--tls", "--certificate-out"])
            .arg(folder.join("cert.pem"));
    });
    let listening = started.json();
    assert!(
        listening["provider"]
            .as_str()
            .unwrap()
            .starts_with("https://")
    );
    let certificate = fs::read_to_string(started.folder.path().join("cert.pem")).unwrap();
    assert!(certificate.starts_with("-----BEGIN CERTIFICATE-----"));
    assert!(!certificate.contains("PRIVATE"));
}

/// Runs it with a mistake: it must end with 2 and one sentence.
fn refused(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let said = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(2), "{said}");
    assert!(stdout.is_empty());
    said
}

fn refused_in_one_sentence(command: &mut Command) -> String {
    let said = refused(command);
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

#[test]
fn a_key_that_cannot_be_used_is_named_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key.p8");
    let missing = refused_in_one_sentence(&mut program(&key));
    assert!(
        missing.contains("key.p8") && missing.contains("cannot read"),
        "{missing}"
    );
    for content in [b"nonsense".to_vec(), vec![0xff; 10], vec![b'x'; 100_000]] {
        fs::write(&key, content).unwrap();
        let odd = refused_in_one_sentence(&mut program(&key));
        assert!(odd.contains("key.p8") && odd.contains(".p8 file") || odd.contains(".p8 private"));
        assert!(!odd.contains("nonsense"), "no byte of a key is printed");
    }
}

#[test]
fn a_port_in_use_an_open_address_and_an_odd_topic_are_named_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key.p8");
    fs::write(&key, new_key()).unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();

    let busy = refused_in_one_sentence(&mut program_at(&key, ANY_PORT, &address));
    assert!(
        busy.contains(&address) && busy.contains("--phones"),
        "{busy}"
    );
    let open = refused_in_one_sentence(&mut program_at(&key, "0.0.0.0:0", ANY_PORT));
    assert!(open.contains("--tls"), "{open}");
    let topic = refused_in_one_sentence(program(&key).args(["--topic", "a b"]));
    assert!(topic.contains("bundle identifier"), "{topic}");
}

#[test]
fn usage_errors_end_with_2_and_help_teaches() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key.p8");
    fs::write(&key, new_key()).unwrap();
    assert!(refused(program(&key).arg("--tls")).contains("--certificate-out"));
    assert!(refused(program(&key).args(["--simulator", "all"])).contains("UDID"));
    let help = program(&key).arg("--help").output().unwrap();
    let text = String::from_utf8(help.stdout).unwrap();
    assert!(help.status.success());
    assert!(text.contains("/control/faults") && text.contains("POST /3/device/TOKEN"));
}

#[cfg(not(target_os = "macos"))]
#[test]
fn without_xcrun_a_simulator_is_refused_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key.p8");
    fs::write(&key, new_key()).unwrap();
    let refused = refused_in_one_sentence(program(&key).args(["--simulator", "booted"]));
    assert!(refused.contains("needs macOS with Xcode"), "{refused}");
}

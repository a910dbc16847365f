//! The program as the operator meets it.
#![allow(clippy::unwrap_used)]

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use serde_json::{Value, json};

fn command(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_truebadge-relay"));
    command.current_dir(directory).env_clear();
    command
}

fn run(directory: &Path, arguments: &[&str]) -> Output {
    command(directory).args(arguments).output().unwrap()
}

fn json_of(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[track_caller]
fn corrected(output: &Output, sentence: &str) {
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains(sentence), "{said}");
    assert!(output.stdout.is_empty());
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default(); // the first one wins
    reqwest::Client::new()
}

/// A relay that is serving.
struct Serving {
    child: Child,
    url: String,
    // Open until the end: a program whose output is closed may fail.
    _stdout: BufReader<ChildStdout>,
}

impl Serving {
    fn start(directory: &Path, arguments: &[&str]) -> Self {
        let mut child = command(directory)
            .args(["serve", "--listen", "127.0.0.1:0", "--json"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["event"], "listening");
        Self {
            child,
            url: line["url"].as_str().unwrap().to_owned(),
            _stdout: stdout,
        }
    }

    /// Stops it as a service manager does; returns what it logged.
    fn stop(mut self) -> String {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        let mut log = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut log)
            .unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0), "{log}");
        log
    }
}

#[test]
fn help_teaches_the_first_steps() {
    let directory = tempfile::tempdir().unwrap();
    let help = run(directory.path(), &["--help"]);
    let text = String::from_utf8(help.stdout).unwrap();
    for word in ["keygen", "token mint", "serve", "curl", "TRUEBADGE_"] {
        assert!(text.contains(word), "{word}");
    }
}

#[tokio::test]
async fn keys_and_tokens_made_while_it_serves_are_good_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let relay = Serving::start(at, &[]);
    let key = json_of(&run(at, &["keygen", "--json"]));
    let minted = json_of(&run(at, &["token", "mint", "alice", "--json"]));
    let http = client();
    let body = json!({ "events": [{ "type": "item", "conversation": "bob", "position": 1 }] });
    let answer = http
        .post(format!("{}/v1/accounts/alice/events", relay.url))
        .bearer_auth(key["producer_key"].as_str().unwrap())
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let answer = http
        .get(format!("{}/v1/changes", relay.url))
        .bearer_auth(minted["token"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    let changes: Value = answer.json().await.unwrap();
    assert_eq!(changes["totals"]["unread"], 1);
    let shown = json_of(&run(at, &["account", "show", "alice", "--json"]));
    assert_eq!(
        (&shown["head"], &shown["totals"]["unread"]),
        (&json!(1), &json!(1))
    );
    relay.stop();
}

#[test]
fn accounts_and_tokens_are_managed_from_the_command_line() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    assert_eq!(
        json_of(&run(at, &["account", "create", "alice", "--json"]))["created"],
        true
    );
    assert_eq!(
        json_of(&run(at, &["account", "create", "alice", "--json"]))["created"],
        false
    );
    let minted = json_of(&run(at, &["token", "mint", "alice", "--json"]));
    let id = minted["id"].as_str().unwrap();
    let listed = json_of(&run(at, &["token", "list", "alice", "--json"]));
    assert_eq!(
        (listed.as_array().unwrap().len(), &listed[0]["id"]),
        (1, &json!(id))
    );
    json_of(&run(at, &["token", "revoke", "alice", id, "--json"]));
    corrected(
        &run(at, &["token", "revoke", "alice", id]),
        "alice has no token",
    );
    json_of(&run(at, &["account", "remove", "alice", "--json"]));
    corrected(
        &run(at, &["account", "show", "alice"]),
        "there is no account alice",
    );
}

#[test]
fn a_minted_token_comes_with_a_link_that_adds_the_account_to_the_app() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let mint = ["token", "mint", "ada + co"];
    let relay = ["--relay", "https://relay.example.com/tb"];

    let minted = json_of(&run(at, &[&mint[..], &relay, &["--json"]].concat()));
    let token = minted["token"].as_str().unwrap();
    let link = "truebadge://add?relay=https%3A%2F%2Frelay.example.com%2Ftb&account=ada%20%2B%20co";
    assert_eq!(minted["link"], format!("{link}&token={token}"));

    let printed = run(at, &[&mint[..], &relay].concat());
    let printed = String::from_utf8(printed.stdout).unwrap();
    let (token, printed) = printed.split_once('\n').unwrap();
    assert_eq!(printed.trim_end(), format!("{link}&token={token}"));

    let alone = run(at, &mint);
    assert_eq!(String::from_utf8(alone.stdout).unwrap().lines().count(), 1);
    for refused in [
        "http://relay.example.com",
        "relay.example.com",
        "ftp://localhost",
    ] {
        let refused = run(at, &[&mint[..], &["--relay", refused]].concat());
        assert_eq!(refused.status.code(), Some(2));
        assert!(
            String::from_utf8(refused.stderr)
                .unwrap()
                .contains("https://")
        );
    }
}

#[test]
fn what_is_set_up_wrongly_is_said_in_one_sentence_with_exit_code_2() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    std::fs::write(
        at.join("not-a-database"),
        "this is a text, and not a short one".repeat(9),
    )
    .unwrap();
    let output = run(at, &["serve", "--database", "not-a-database"]);
    corrected(&output, "not-a-database cannot be used");
    corrected(&output, "name another file with --database");
    corrected(&run(at, &["serve", "--database", "."]), "cannot be used");
    corrected(
        &run(at, &["account", "list", "--database", "missing.db"]),
        "no such file",
    );
    assert!(!at.join("missing.db").exists());

    let apns = [
        "--apns-key-id",
        "KEYID12345",
        "--apns-team-id",
        "TEAMID1234",
    ];
    corrected(&run(at, &["serve", apns[0], apns[1]]), "set all three");
    for (flag, value) in [
        ("--apns-endpoint", "https://127.0.0.1:1"),
        ("--apns-ca", "ca.pem"),
    ] {
        corrected(&run(at, &["serve", flag, value]), "set --apns-key,");
    }
    let with_key = |file: &str| {
        run(
            at,
            &[
                "serve",
                "--apns-key",
                file,
                apns[0],
                apns[1],
                apns[2],
                apns[3],
            ],
        )
    };
    corrected(&with_key("missing.p8"), "cannot be read");
    corrected(&with_key("not-a-database"), "it is not an APNs key");
    std::fs::write(at.join("short"), "abc").unwrap();
    corrected(
        &run(at, &["serve", "--producer-key-file", "short"]),
        "truebadge-relay keygen",
    );
    corrected(&run(at, &["serve", "--coalesce", "2s,300ms"]), "300ms,2s");
    std::fs::write(at.join("bad.toml"), "lissen = \"127.0.0.1:1\"").unwrap();
    corrected(&run(at, &["serve", "--config", "bad.toml"]), "lissen");
}

#[test]
fn an_apns_endpoint_in_cleartext_is_for_this_machine_only() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    assert!(
        run(at, &["keygen", "--apns-test-key", "key.p8"])
            .status
            .success()
    );
    corrected(
        &run(at, &["keygen", "--apns-test-key", "key.p8"]),
        "cannot be written",
    );
    let output = run(
        at,
        &[
            "serve",
            "--apns-key",
            "key.p8",
            "--apns-key-id",
            "K",
            "--apns-team-id",
            "T",
            "--apns-endpoint",
            "http://example.com",
        ],
    );
    corrected(&output, "loopback");
}

#[test]
fn a_port_in_use_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    corrected(
        &run(directory.path(), &["serve", "--listen", &address]),
        "is in use",
    );
}

#[test]
fn it_stops_also_while_a_client_says_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let relay = Serving::start(directory.path(), &[]);
    let address = relay.url.strip_prefix("http://").unwrap().to_owned();
    let mut silent = std::net::TcpStream::connect(address).unwrap();
    std::io::Write::write_all(&mut silent, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = [0; 15];
    silent.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    relay.stop();
}

#[test]
fn another_program_s_database_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("theirs.db");
    let theirs = rusqlite::Connection::open(&path).unwrap();
    theirs
        .execute_batch("CREATE TABLE notes(text TEXT)")
        .unwrap();
    drop(theirs);
    let before = std::fs::read(&path).unwrap();
    let output = run(directory.path(), &["serve", "--database", "theirs.db"]);
    corrected(&output, "another program's");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_flag_comes_before_the_environment_and_that_before_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    std::fs::write(
        at.join("relay.toml"),
        "listen = \"127.0.0.1:1\"\ndatabase = \"mine.db\"\n",
    )
    .unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = command(at)
        .args(["serve", "--config", "relay.toml"])
        .env("TRUEBADGE_LISTEN", &address)
        .output()
        .unwrap();
    corrected(&output, &address);
    assert!(at.join("mine.db").exists());
    let relay = Serving::start(at, &["--config", "relay.toml"]);
    relay.stop();
}

#[test]
fn the_file_says_how_logs_are_written_too() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let settings = "log = \"warn\"\nlog-format = \"json\"\n";
    std::fs::write(at.join("relay.toml"), settings).unwrap();
    let log = Serving::start(at, &["--config", "relay.toml"]).stop();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(!lines.is_empty(), "that nothing is pushed is a warning");
    assert!(lines.iter().all(|line| line["level"] == "WARN"), "{log}");
    let arguments = [
        "--config",
        "relay.toml",
        "--log",
        "info",
        "--log-format",
        "text",
    ];
    let log = Serving::start(at, &arguments).stop();
    assert!(log.contains(" INFO ") && !log.contains('{'), "{log}");
    std::fs::write(at.join("bad.toml"), "log = \"loud\"").unwrap();
    corrected(&run(at, &["serve", "--config", "bad.toml"]), "loud");
}

#[tokio::test]
async fn after_a_backup_was_restored_phones_start_over_and_their_operations_follow_on() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let key = json_of(&run(at, &["keygen", "--json"]));
    let token = json_of(&run(at, &["token", "mint", "alice", "--json"]));
    let (key, token) = (
        key["producer_key"].as_str().unwrap(),
        token["token"].as_str().unwrap(),
    );
    let http = client();
    let send = async |relay: &Serving, method: &str, path: &str, secret: &str, body: Value| {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = http.request(method, format!("{}{path}", relay.url));
        let answer = request
            .bearer_auth(secret)
            .json(&body)
            .send()
            .await
            .unwrap();
        (
            answer.status().as_u16(),
            answer.json::<Value>().await.unwrap(),
        )
    };
    let events = "/v1/accounts/alice/events";
    let items = |from: u64| {
        let item = |at| json!({ "type": "item", "conversation": "bob", "position": at });
        json!({ "events": [item(from), item(from + 1)] })
    };
    let read = |number: u64, position: u64| {
        json!({ "operations": [{ "number": number, "id": "o", "seen": 0, "kind": "read_up_to",
                                 "conversation": "bob", "position": position }] })
    };

    let relay = Serving::start(at, &[]);
    let registration = json!({ "environment": "sandbox", "topic": "com.example.app" });
    send(&relay, "PUT", "/v1/devices/phone", token, registration).await;
    send(&relay, "POST", events, key, items(1)).await;
    let (_, seen) = send(&relay, "GET", "/v1/changes", token, json!({})).await;
    let epoch = seen["epoch"].as_str().unwrap();
    relay.stop();
    // The last of its connections is closed: the file is whole without its journal.
    std::fs::copy(at.join("truebadge.db"), at.join("backup.db")).unwrap();
    let relay = Serving::start(at, &[]);
    send(&relay, "POST", events, key, items(3)).await;
    let cursor = format!("epoch={epoch}&since=2");
    let path = format!("/v1/operations?{cursor}");
    send(&relay, "POST", &path, token, read(1, 3)).await;
    let (_, last) = send(&relay, "POST", &path, token, read(2, 4)).await;
    assert_eq!(
        (&last["head"], &last["totals"]["unread"]),
        (&json!(6), &json!(0))
    );
    relay.stop();

    std::fs::copy(at.join("backup.db"), at.join("truebadge.db")).unwrap();
    assert_eq!(json_of(&run(at, &["restored", "--json"]))["accounts"], 1);
    let relay = Serving::start(at, &[]);
    // Others' news take the versions again that the phone has seen for something else.
    send(&relay, "POST", events, key, items(7)).await;
    let path = format!("/v1/changes?epoch={epoch}&since=6");
    let (_, reset) = send(&relay, "GET", &path, token, json!({})).await;
    assert_ne!(reset["epoch"], epoch);
    assert_eq!(
        (&reset["reset"], &reset["more"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(
        reset["totals"]["unread"], 4,
        "what was read since the backup is unread"
    );
    assert_eq!(
        (&reset["acknowledged"], &reset["last_push"]),
        (&json!(0), &json!(0))
    );

    // The phone numbers from what it was told on, and so from then on again without holes.
    let epoch = reset["epoch"].as_str().unwrap();
    let path = format!("/v1/operations?epoch={epoch}&since={}", reset["next"]);
    let (status, answer) = send(&relay, "POST", &path, token, read(1, 4)).await;
    assert_eq!((status, &answer["totals"]["unread"]), (200, &json!(2)));
    let (status, _) = send(&relay, "POST", &path, token, read(3, 7)).await;
    assert_eq!(status, 409);
    let (status, answer) = send(&relay, "POST", &path, token, read(2, 8)).await;
    assert_eq!((status, &answer["totals"]["unread"]), (200, &json!(0)));
    assert_eq!(answer["acknowledged"], 2);
    relay.stop();
}

#[tokio::test]
async fn no_log_tells_a_credential_a_name_or_a_text() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let producer = "canary-producer-key-0123456789";
    std::fs::write(at.join("producer"), producer).unwrap();
    assert!(
        run(at, &["keygen", "--apns-test-key", "key.p8"])
            .status
            .success()
    );
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let relay = Serving::start(
        at,
        &[
            "--log",
            "trace",
            "--log-format",
            "json",
            "--producer-key-file",
            "producer",
            "--apns-key",
            "key.p8",
            "--apns-key-id",
            "canarykeyid",
            "--apns-team-id",
            "canaryteam",
            "--apns-endpoint",
            &endpoint,
            "--coalesce",
            "0ms,0ms",
        ],
    );
    let token = json_of(&run(at, &["token", "mint", "canary-account", "--json"]));
    let token = token["token"].as_str().unwrap();
    let http = client();
    let send = async |method: &str, path: &str, secret: &str, body: Value| {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = http.request(method, format!("{}{path}", relay.url));
        request
            .bearer_auth(secret)
            .json(&body)
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    let registration = json!({ "push_token": "ca4a57ca4a57", "environment": "sandbox",
        "topic": "com.canary.app", "sole_account": true, "app_version": "canary-version" });
    assert_eq!(
        send("PUT", "/v1/devices/canary-device", token, registration).await,
        200
    );
    let item = json!({ "type": "item", "conversation": "canary-conversation", "position": 1,
        "alert": { "title": "canary-title", "body": "canary-text" } });
    let path = "/v1/accounts/canary-account/events";
    assert_eq!(
        send("POST", path, producer, json!({ "events": [item] })).await,
        200
    );
    let wrong = json!({ "events": [{ "type": "canary-type" }] });
    assert_eq!(send("POST", path, producer, wrong).await, 400);
    assert_eq!(send("POST", path, "canary-guess", json!({})).await, 401);
    assert_eq!(
        send("GET", "/canary-path?canary=1", token, json!({})).await,
        404
    );
    // Until the push to nowhere was tried; a line of the log says so.
    let mut log = String::new();
    let mut relay = relay;
    let mut lines = BufReader::new(relay.child.stderr.take().unwrap());
    while !log.contains("push not accepted") {
        assert!(lines.read_line(&mut log).unwrap() > 0, "{log}");
    }
    // And what came with it.
    log += std::str::from_utf8(lines.buffer()).unwrap();
    relay.child.stderr = Some(lines.into_inner());
    log += &relay.stop();
    let lower = log.to_lowercase();
    assert!(
        lower.contains("\"route\":\"/v1/accounts/{account}/events\""),
        "{log}"
    );
    for secret in ["canary", "ca4a57", &token.to_lowercase()] {
        assert!(!lower.contains(secret), "{secret} is in the log: {log}");
    }
}

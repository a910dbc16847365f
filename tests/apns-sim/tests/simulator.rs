//! Handing pushes to an iOS simulator, with a stand-in for `xcrun` that writes down its calls.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use apns_sim::simulator::{Simulator, SimulatorError, Target, push_arguments};
use apns_sim::{Config, Event, Server, StartError};
use serde_json::json;
use support::{TOPIC, UNKNOWN_TOKEN, World, new_key, provider_key};

const UDID: &str = "0A1B2C3D-0000-4000-8000-00000000ABCD";

#[test]
fn the_arguments_name_the_simulator_and_the_app_and_the_payload_comes_on_standard_input() {
    let booted = push_arguments(&"booted".parse().unwrap(), TOPIC);
    assert_eq!(booted, ["simctl", "push", "booted", TOPIC, "-"]);
    let one = push_arguments(&UDID.to_lowercase().parse().unwrap(), TOPIC);
    assert_eq!(one, ["simctl", "push", UDID, TOPIC, "-"]);
}

#[test]
fn a_simulator_is_booted_or_a_udid_and_never_an_option() {
    for odd in ["", "all", "--help", "iPhone 17", "../booted"] {
        assert!(odd.parse::<Target>().is_err(), "{odd}");
    }
}

/// An `xcrun` that appends its arguments and its input to a file, and fails as told.
fn stand_in(folder: &Path, ending: &str) -> Simulator {
    let (program, calls) = (folder.join("xcrun"), folder.join("calls"));
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = --find ]; then exit 0; fi\n\
         {{ echo \"$*\"; cat; echo; }} >> '{}'\n{ending}\n",
        calls.display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    Simulator {
        target: Target::Booted,
        program: program.into(),
    }
}

#[tokio::test]
async fn a_push_goes_to_simctl_with_its_payload() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = stand_in(folder.path(), "exit 0");
    let world = World::configured(|config| config.simulator = Some(simulator)).await;
    // The simulator's tokens are its own: the server does not know them.
    world.painted(UNKNOWN_TOKEN, 3).send().await.accepted();
    world.running.shutdown().await; // after what waits is handed over
    let calls = fs::read_to_string(folder.path().join("calls")).unwrap();
    let (arguments, payload) = calls.trim().split_once('\n').unwrap();
    assert_eq!(arguments, format!("simctl push booted {TOPIC} -"));
    let payload: serde_json::Value = serde_json::from_str(payload).unwrap();
    assert_eq!(
        payload,
        json!({ "aps": { "badge": 3, "content-available": 1 } })
    );
}

#[tokio::test]
async fn what_apns_would_refuse_never_reaches_the_simulator() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = stand_in(folder.path(), "exit 0");
    let world = World::configured(|config| config.simulator = Some(simulator)).await;
    let push = world.silent(UNKNOWN_TOKEN).header("apns-priority", "10");
    push.send().await.is(400, "BadPriority");
    world.running.shutdown().await;
    assert!(!folder.path().join("calls").exists());
}

#[tokio::test]
async fn a_simulator_that_does_not_take_a_push_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = stand_in(folder.path(), "echo 'No devices are booted.' >&2; exit 149");
    let mut world = World::configured(|config| config.simulator = Some(simulator)).await;
    world.painted(UNKNOWN_TOKEN, 3).send().await.accepted();
    loop {
        if let Event::SimulatorFailed { message, .. } = world.events.recv().await.unwrap() {
            assert_eq!(message, "No devices are booted.");
            return;
        }
    }
}

#[tokio::test]
async fn phones_do_not_attach_beside_a_simulator() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = stand_in(folder.path(), "exit 0");
    let world = World::configured(|config| config.simulator = Some(simulator)).await;
    let error = world.get(&format!("/phones/{TOPIC}/phone")).await;
    assert!(error["error"].as_str().unwrap().contains("--simulator"));
}

#[tokio::test]
async fn without_xcode_the_server_does_not_start() {
    let mut config = Config::new(provider_key(&new_key()), vec![TOPIC.to_owned()]);
    config.simulator = Some(Simulator {
        target: Target::Booted,
        program: "/nonexistent/xcrun".into(),
    });
    let refused = Server::start(config).await.unwrap_err();
    let missing = StartError::Simulator(SimulatorError::NoXcrun {
        program: "/nonexistent/xcrun".into(),
        source: std::io::ErrorKind::NotFound.into(),
    });
    assert_eq!(
        std::mem::discriminant(&refused),
        std::mem::discriminant(&missing)
    );
    assert!(
        refused.to_string().contains("needs macOS with Xcode"),
        "{refused}"
    );
}

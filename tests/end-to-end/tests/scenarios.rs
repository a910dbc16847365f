//! The scenarios of `tests/fixtures/scenarios`: each is played with both phones, and each command
//! for the iOS simulator is printed.

use std::{collections::BTreeSet, env, fs, path::Path, process::Command};

use anyhow::Result;
use end_to_end::{
    Kind, Scenario,
    scenario::{self, Step, action::Action, play::play},
};
use futures_util::{StreamExt as _, stream};

/// So many are played at once: they mostly wait.
const AT_ONCE: usize = 3;

#[tokio::test]
async fn every_scenario_ends_as_it_says_on_the_rust_phone() -> Result<()> {
    play_all(Kind::Rust).await
}

#[tokio::test]
async fn every_scenario_ends_as_it_says_on_the_swift_phone() -> Result<()> {
    match Kind::swift() {
        Some(kind) => play_all(kind).await,
        None if env::var_os("TRUEBADGE_REQUIRE_SWIFT").is_some_and(|value| value == "1") => {
            anyhow::bail!(
                "TRUEBADGE_SWIFT_PHONE does not name the Swift phone: run `scripts/test end-to-end`"
            )
        }
        None => Ok(()), // the tests of the whole path say so
    }
}

async fn play_all(kind: Kind) -> Result<()> {
    let scenarios = Scenario::all(&scenario::folder())?;
    assert!(scenarios.len() >= 10, "too few: {}", scenarios.len());
    let played = scenarios.iter().map(async |scenario| {
        let ended = play(scenario, &kind, |_| {}).await;
        ended
            .err()
            .map(|error| format!("{}: {error:#}", scenario.name))
    });
    let wrong: Vec<_> = stream::iter(played)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let wrong: Vec<_> = wrong.into_iter().flatten().collect();
    anyhow::ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[tokio::test]
async fn a_step_that_does_not_work_is_named_with_its_line() -> Result<()> {
    let steps = "phone starts alice -> 0\nphone reads nobody team 1 -> 0\n";
    let scenario = read("wrong", &format!("# Somebody else reads\n{steps}"))?;
    let mut told = Vec::new();
    let ended = play(&scenario, &Kind::Rust, |step| told.push(step.line)).await;
    let error = format!("{:#}", ended.expect_err("nobody is on this phone"));
    assert!(
        error.starts_with("line 3, `phone reads nobody team 1`: not recorded"),
        "{error}"
    );
    assert_eq!(told, [2]);
    Ok(())
}

#[test]
fn what_is_no_scenario_is_refused_with_its_line() {
    let starts = "# A title\nphone starts alice -> 0\n";
    for (text, says) in [
        ("phone starts alice -> 0\n", "first line"),
        ("# A title\nothers send alice team 1\n", "first step"),
        (&format!("{starts}phone starts bob\n"), "no other"),
        (&format!("{starts}phone dances\n"), "line 3"),
        (&format!("{starts}phone opens -> many\n"), "line 3"),
        (&format!("{starts}others send alice team 3..1\n"), "range"),
        (&format!("{starts}others send alice team 1..5000\n"), "1000"),
        (
            &format!("{starts}phone sets-level alice team loud\n"),
            "level",
        ),
        (
            &format!("{starts}apns sends nowhere.apns\n"),
            "nowhere.apns",
        ),
        ("# A title\nphone starts\n", "account"),
        ("# A title\nphone starts alice counting stars\n", "messages"),
    ] {
        let refused = read("refused", text).map(|scenario| scenario.steps);
        let error = format!("{:#}", refused.expect_err(text));
        assert!(error.contains(says), "{text}: {error}");
    }
}

#[test]
fn every_step_of_the_documentation_is_one() -> Result<()> {
    let page = fs::read_to_string(scenario::folder().join("README.md"))?;
    let rows = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    let steps: Vec<_> = rows.map(|(step, _)| step).collect();
    assert!(steps.len() > 15, "the table of steps is there: {steps:?}");
    let mut text = "# All steps\nphone starts alice\n".to_owned();
    for step in steps
        .iter()
        .filter(|step| !step.starts_with("phone starts"))
    {
        text.push_str(step);
        text.push('\n');
    }
    let scenario = read("all", &text)?;
    assert_eq!(
        scenario.steps.len(),
        steps.len() - 1,
        "two rows are of starting"
    );
    Ok(())
}

#[test]
fn a_single_push_is_a_scenario_of_the_number_in_it() -> Result<()> {
    let scenarios = Scenario::all(&scenario::folder())?;
    let push = scenarios
        .iter()
        .find(|one| one.name == "painted-by-another");
    let steps: &[Step] = push.map_or(&[], |push| &push.steps);
    assert!(matches!(
        &steps[1],
        Step {
            action: Action::Sends(_),
            badge: Some(9),
            ..
        }
    ));
    Ok(())
}

#[test]
fn a_dry_run_for_the_simulator_prints_every_command() -> Result<()> {
    let output = Command::new(env!("CARGO_BIN_EXE_scenarios"))
        .args([
            "--simulator",
            "UDID",
            "--bundle",
            "com.example.app",
            "--app",
            "My App.app",
        ])
        .args(["--dry-run", "--look", "xcodebuild test-without-building"])
        .output()?;
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout)?;
    for command in [
        "$ xcrun simctl install UDID 'My App.app'",
        "$ xcrun simctl launch UDID com.example.app",
        "$ xcrun simctl terminate UDID com.example.app || true",
        "$ xcrun simctl openurl UDID 'truebadge://add?relay=http://127.0.0.1:8787&account=alice&token=TOKEN'",
        "$ xcrun simctl push UDID com.example.app ",
        "$ apns-sim --team-id TEAM123456 --key-id KEY1234567 --key apns.p8 --topic com.example.app --simulator UDID &",
        "--json '{\"events\":[{\"conversation\":\"team\",\"type\":\"read\",\"up_to\":3}]}'",
        "$ LOOK='xcodebuild test-without-building'",
        "$ TEST_RUNNER_TRUEBADGE_EXPECTED_BADGE=3 sh -c \"$LOOK\"",
        "? on the simulator: add the account alice",
        "skipped: the simulator shares its Mac's network",
    ] {
        assert!(printed.contains(command), "{command} is not in\n{printed}");
    }
    Ok(())
}

#[test]
fn testers_are_told_of_every_scenario_and_of_every_rule_of_the_platform() -> Result<()> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let page = |name| fs::read_to_string(docs.join(name));
    let (qa, platform) = (page("QA.md")?, page("PLATFORM.md")?);
    let rows = qa
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect::<String>();
    for Scenario { name, .. } in Scenario::all(&scenario::folder())? {
        assert!(
            rows.contains(&format!("`{name}`")),
            "docs/QA.md has no row of {name}"
        );
    }
    let checklist = page("ON-DEVICE-CHECKLIST.md")?;
    let number = |line: &str| line.strip_prefix("| ")?.split(' ').next()?.parse().ok();
    let tried: BTreeSet<u32> = checklist.lines().filter_map(number).collect();
    let rules: BTreeSet<u32> = platform.lines().filter_map(number).collect();
    assert!(rules.len() >= 25, "{rules:?}");
    assert_eq!(
        tried, rules,
        "docs/ON-DEVICE-CHECKLIST.md and docs/PLATFORM.md"
    );
    Ok(())
}

fn read(name: &str, text: &str) -> Result<Scenario> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join(format!("{name}.scenario"));
    fs::write(&file, text)?;
    fs::create_dir(folder.path().join("pushes"))?;
    fs::write(folder.path().join("pushes/a.apns"), "{}")?;
    Scenario::read(&file)
}

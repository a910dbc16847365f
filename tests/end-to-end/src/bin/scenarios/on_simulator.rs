//! Carries a scenario out on the iOS simulator: macOS with Xcode only.

use std::io::Write as _;

use anyhow::{Context as _, ensure};
use end_to_end::{
    Scenario, World,
    apns::Audience,
    scenario::{
        play::settings,
        simulator::{Order, Simulator, link},
    },
};
use tokio::process::Command;

use crate::printed::{done, shell};

/// The number that the icon must show, for the UI test that looks at it.
const EXPECTED: &str = "TEST_RUNNER_TRUEBADGE_EXPECTED_BADGE";

/// Plays a scenario. What only a person can do there is asked of the tester.
pub async fn play(
    simulator: &Simulator,
    scenario: &Scenario,
    look: Option<&str>,
) -> anyhow::Result<()> {
    let audience = Audience::Simulator {
        device: simulator.device.clone(),
        bundle: simulator.bundle.clone(),
    };
    let mut world = World::start_for(settings(), &audience).await?;
    for step in &scenario.steps {
        for order in simulator.orders(step) {
            let carried_out = carry_out(&mut world, simulator, order, look).await;
            carried_out.with_context(|| format!("line {}, `{}`", step.line, step.text))?;
        }
        done(step);
    }
    world.stop().await
}

async fn carry_out(
    world: &mut World,
    simulator: &Simulator,
    order: Order,
    look: Option<&str>,
) -> anyhow::Result<()> {
    match order {
        Order::Run(words) => {
            ensure!(run(&words).await?, "this failed: {}", shell(&words));
        }
        Order::Try(words) => {
            run(&words).await?;
        }
        Order::SignIn(account) => {
            let token = world.desktop.mint(&account).await?;
            let link = link(&world.desktop.relay, &account, &token);
            ensure!(
                run(&simulator.open_link(&link)).await?,
                "the app took no link"
            );
        }
        Order::Report { account, events } => {
            world.desktop.report(&account, &events).await?;
        }
        Order::Fault(fault) => world.apns.fault(&fault).await?,
        Order::Relay { start: true } => world.start_relay().await?,
        Order::Relay { start: false } => world.stop_relay().await?,
        Order::Ask(what) => {
            ask(format!("on the simulator, {what}; then press Return")).await?;
        }
        Order::Expect(badge) => {
            let shows = if let Some(look) = look {
                looks(look, badge).await?
            } else {
                let question = format!("does the icon show {badge}? [Return: yes, n: no]");
                !ask(question).await?.trim().starts_with(['n', 'N'])
            };
            ensure!(shows, "the icon does not show {badge}");
        }
    }
    Ok(())
}

async fn run(words: &[String]) -> anyhow::Result<bool> {
    let (program, arguments) = words.split_first().context("no command")?;
    let status = Command::new(program).args(arguments).status().await;
    let status = status.with_context(|| format!("cannot run {program}"))?;
    Ok(status.success())
}

/// Runs the command of `--look`.
async fn looks(look: &str, badge: u64) -> anyhow::Result<bool> {
    let mut shell = Command::new("sh");
    let shell = shell.args(["-c", look]).env(EXPECTED, badge.to_string());
    Ok(shell
        .stdout(std::process::Stdio::null())
        .status()
        .await?
        .success())
}

/// Asks the tester; gives the line that was typed.
async fn ask(question: String) -> anyhow::Result<String> {
    let asking = tokio::task::spawn_blocking(move || {
        print!("  ? {question} ");
        std::io::stdout().flush()?;
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line)?;
        ensure!(read > 0, "nobody answers: run it in a terminal");
        Ok(line)
    });
    asking.await?
}

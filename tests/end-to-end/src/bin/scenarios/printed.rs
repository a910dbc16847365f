//! What is printed: a step that went well, and every command of a dry run.

use end_to_end::{
    Scenario,
    scenario::{
        Step,
        simulator::{Order, Simulator, link},
    },
};
use serde_json::{Value, json};

/// Where the relay and apns-sim listen when nobody says otherwise.
const RELAY: &str = "http://127.0.0.1:8787";
const PROVIDER: &str = "http://127.0.0.1:2197";
const PHONES: &str = "http://127.0.0.1:2198";

/// A step turned out as it says.
pub fn done(step: &Step) {
    match step.badge {
        Some(badge) => println!("  ✓ {:44} -> {badge}", step.text),
        None => println!("  ✓ {}", step.text),
    }
}

/// Every command of a scenario on the simulator, as a shell would take it.
pub fn commands(simulator: &Simulator, scenario: &Scenario, looks: bool) {
    for line in servers(simulator) {
        println!("  $ {line}");
    }
    for step in &scenario.steps {
        println!("  # {}", step.text);
        for order in simulator.orders(step) {
            for line in order_lines(simulator, &order, looks) {
                println!("  {line}");
            }
        }
    }
}

fn servers(simulator: &Simulator) -> Vec<String> {
    let Simulator { device, bundle, .. } = simulator;
    vec![
        "truebadge-relay keygen --apns-test-key apns.p8".to_owned(),
        "PRODUCER_KEY=$(truebadge-relay --database relay.db keygen)".to_owned(),
        format!(
            "apns-sim --team-id TEAM123456 --key-id KEY1234567 --key apns.p8 --topic {bundle} \
             --simulator {device} &"
        ),
        relay(),
    ]
}

fn relay() -> String {
    format!(
        "truebadge-relay serve --database relay.db --apns-key apns.p8 --apns-key-id KEY1234567 \
         --apns-team-id TEAM123456 --apns-endpoint {PROVIDER} --coalesce 20ms,200ms \
         --escalate-after 5s,60s &"
    )
}

fn order_lines(simulator: &Simulator, order: &Order, looks: bool) -> Vec<String> {
    match order {
        Order::Run(words) => vec![format!("$ {}", shell(words))],
        Order::Try(words) => vec![format!("$ {} || true", shell(words))],
        Order::SignIn(account) => {
            let link = link(RELAY, account, "TOKEN");
            vec![
                format!(
                    "$ curl -X POST {RELAY}/v1/accounts/{account}/device_tokens \
                     -H \"Authorization: Bearer $PRODUCER_KEY\"  # prints TOKEN"
                ),
                format!("$ {}", shell(&simulator.open_link(&link))),
            ]
        }
        Order::Report { account, events } => {
            let path = format!("{RELAY}/v1/accounts/{account}/events");
            let body = json!({ "events": shortened(events) });
            vec![format!(
                "$ curl {path} -H \"Authorization: Bearer $PRODUCER_KEY\" --json '{body}'"
            )]
        }
        Order::Fault(fault) => vec![format!("$ curl {PHONES}/control/faults -d '{fault}'")],
        Order::Relay { start: false } => vec!["$ kill %2  # the relay".to_owned()],
        Order::Relay { start: true } => vec![format!("$ {}", relay())],
        Order::Ask(what) => vec![format!("? on the simulator: {what}")],
        Order::Expect(badge) if looks => {
            vec![format!(
                "$ TEST_RUNNER_TRUEBADGE_EXPECTED_BADGE={badge} sh -c \"$LOOK\""
            )]
        }
        Order::Expect(badge) => vec![format!("? the icon shows {badge}")],
    }
}

/// A hundred events are told by the first and the last.
fn shortened(events: &[Value]) -> Vec<Value> {
    match events {
        [first, _, .., last] if events.len() > 5 => vec![first.clone(), json!("…"), last.clone()],
        _ => events.to_vec(),
    }
}

/// The words as a shell takes them.
pub fn shell(words: &[String]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/:=,".contains(&byte);
    let quoted = words.iter().map(|word| {
        if word.bytes().all(plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

//! A scenario on the iOS simulator, as orders: commands to run, requests to send, things that the
//! tester is asked to do, and what to look at. Pure: who carries them out may as well print them.

use std::{fmt::Write as _, path::PathBuf};

use serde_json::{Value, json};

use super::{Scenario, Step, action::Action};

/// Which simulator, with which app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulator {
    /// Its UDID.
    pub device: String,
    /// The app's bundle identifier.
    pub bundle: String,
    /// The app that was built for it.
    pub app: PathBuf,
}

/// Something to carry out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Run this command, whose failure is one.
    Run(Vec<String>),
    /// Run this command, which may fail.
    Try(Vec<String>),
    /// Get a device token for the account, and open the link that offers it to the app.
    SignIn(String),
    /// Tell the relay.
    Report {
        /// Whose account it is about.
        account: String,
        /// What happened.
        events: Vec<Value>,
    },
    /// Plant a fault in apns-sim.
    Fault(Value),
    /// Stop the relay, or start it again.
    Relay {
        /// Start it.
        start: bool,
    },
    /// The tester does this on the simulator.
    Ask(String),
    /// The icon must show this number.
    Expect(u64),
}

/// Why this scenario says nothing on the simulator, if it does.
pub fn unavailable(scenario: &Scenario) -> Option<&'static str> {
    scenario.steps.iter().find_map(|step| match step.action {
        Action::GoesOffline | Action::ComesOnline => {
            Some("the simulator shares its Mac's network: this is for a real phone")
        }
        Action::Doubles(_) => Some("simctl delivers each push once"),
        _ => None,
    })
}

impl Simulator {
    /// What to do for a step, in order.
    pub fn orders(&self, step: &Step) -> Vec<Order> {
        let mut orders = self.action(&step.action);
        orders.extend(step.badge.map(Order::Expect));
        orders
    }

    /// Opens a link in the app that belongs to it.
    pub fn open_link(&self, link: &str) -> Vec<String> {
        simctl(&["openurl", &self.device, link])
    }

    fn action(&self, action: &Action) -> Vec<Order> {
        let (device, bundle) = (self.device.as_str(), self.bundle.as_str());
        let launch = || Order::Run(simctl(&["launch", device, bundle]));
        let stop = || Order::Try(simctl(&["terminate", device, bundle]));
        match action {
            Action::Starts { accounts, policy } => {
                let app = self.app.to_string_lossy();
                let mut orders = vec![
                    stop(),
                    Order::Try(simctl(&["uninstall", device, bundle])),
                    Order::Run(simctl(&["install", device, &app])),
                    launch(),
                    Order::Ask("go through the first run, and allow notifications".to_owned()),
                ];
                for account in accounts {
                    orders.push(Order::SignIn(account.clone()));
                    orders.push(Order::Ask(format!("add the account {account}")));
                }
                if policy != "messages" {
                    let ask = format!("in the app's settings, let the badge count: {policy}");
                    orders.push(Order::Ask(ask));
                }
                orders
            }
            Action::Opens => vec![launch()],
            Action::ForceQuits => vec![stop()],
            Action::Does(deed) => vec![launch(), Order::Ask(deed.instruction())],
            Action::Reported { account, events } => vec![Order::Report {
                account: account.clone(),
                events: events.clone(),
            }],
            Action::Loses(times) => vec![Order::Fault(json!({ "drop": times }))],
            Action::Doubles(times) => vec![Order::Fault(json!({ "duplicate": times }))],
            Action::Sends(file) => {
                let file = file.to_string_lossy();
                vec![Order::Run(simctl(&["push", device, bundle, &file]))]
            }
            Action::RelayStops => vec![Order::Relay { start: false }],
            Action::RelayStarts => vec![Order::Relay { start: true }],
            Action::RelayRepeats | Action::GoesOffline | Action::ComesOnline => vec![],
        }
    }
}

/// The link that offers an account to the app.
pub fn link(relay: &str, account: &str, token: &str) -> String {
    let encoded = |text: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/".contains(&byte);
        text.bytes().fold(String::new(), |mut encoded, byte| {
            if plain(byte) {
                encoded.push(char::from(byte));
            } else {
                let _ = write!(encoded, "%{byte:02X}");
            }
            encoded
        })
    };
    format!(
        "truebadge://add?relay={}&account={}&token={}",
        encoded(relay),
        encoded(account),
        encoded(token)
    )
}

fn simctl(words: &[&str]) -> Vec<String> {
    let simctl = ["xcrun", "simctl"];
    let words = simctl.iter().chain(words);
    words.map(|word| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_carries_whatever_a_name_may_hold() {
        assert_eq!(
            link("http://127.0.0.1:8787", "a&b=ö", "tbd_x"),
            "truebadge://add?relay=http://127.0.0.1:8787&account=a%26b%3D%C3%B6&token=tbd_x"
        );
    }
}

//! The text of a scenario → its steps. Pure, but for a look whether a push's file is there.

use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use super::{
    Scenario, Step,
    action::{Action, Deed, items},
};

/// Most messages in one step: a request takes so many events.
const MOST_ITEMS: u64 = 1_000;

/// A script.
pub fn script(name: &str, text: &str, folder: &Path) -> anyhow::Result<Scenario> {
    let mut title = None;
    let mut steps = Vec::new();
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if let Some(comment) = line.strip_prefix('#') {
            let _ = title.get_or_insert_with(|| comment.trim().to_owned());
        } else if !line.is_empty() {
            steps.push(step(number, line, folder).with_context(|| format!("line {number}"))?);
        }
    }
    let title = title.filter(|title| !title.is_empty());
    let title = title.context("its first line is `# ` and what it shows, in a sentence")?;
    let starts = |step: &Step| matches!(step.action, Action::Starts { .. });
    ensure!(
        steps.first().is_some_and(starts) && steps.iter().filter(|step| starts(step)).count() == 1,
        "its first step, and no other, is `phone starts ACCOUNT…`"
    );
    Ok(Scenario {
        name: name.to_owned(),
        title,
        steps,
    })
}

/// A push: its number is on the icon, until the app is opened and says better.
pub fn push(name: &str, file: &Path) -> anyhow::Result<Scenario> {
    let badge = badge_of(file)?;
    let step = |text: &str, action, badge| Step {
        line: 1,
        text: text.to_owned(),
        action,
        badge: Some(badge),
    };
    let accounts = vec!["alice".to_owned()];
    let policy = "messages".to_owned();
    Ok(Scenario {
        name: name.to_owned(),
        title: format!("A push of another sender paints {badge}; the app, opened, tells the truth"),
        steps: vec![
            step("phone starts alice", Action::Starts { accounts, policy }, 0),
            step("apns sends it", Action::Sends(file.to_owned()), badge),
            step("phone opens", Action::Opens, 0),
        ],
    })
}

/// The number that a push paints.
fn badge_of(file: &Path) -> anyhow::Result<u64> {
    let payload: Value = serde_json::from_slice(&std::fs::read(file)?)?;
    let badge = payload["aps"]["badge"].as_u64();
    badge.context("its `aps` has no `badge`: write a script that sends it and says what follows")
}

fn step(line: usize, text: &str, folder: &Path) -> anyhow::Result<Step> {
    let (what, badge) = match text.split_once("->") {
        None => (text, None),
        Some((what, badge)) => {
            let badge = badge.trim().parse();
            (
                what,
                Some(badge.context("after `->` comes the badge, a number")?),
            )
        }
    };
    let words: Vec<&str> = what.split_whitespace().collect();
    Ok(Step {
        line,
        text: words.join(" "),
        action: action(&words, folder)?,
        badge,
    })
}

fn action(words: &[&str], folder: &Path) -> anyhow::Result<Action> {
    Ok(match words {
        ["phone", "starts", accounts @ .., "counting", policy] => starts(accounts, policy)?,
        ["phone", "starts", accounts @ ..] => starts(accounts, "messages")?,
        ["phone", "opens"] => Action::Opens,
        ["phone", "force-quits"] => Action::ForceQuits,
        ["phone", "goes-offline"] => Action::GoesOffline,
        ["phone", "comes-online"] => Action::ComesOnline,
        ["phone", deed @ ..] => Action::Does(self::deed(deed)?),
        [
            "others",
            verb @ ("send" | "mention" | "alert"),
            account,
            conversation,
            positions,
        ] => reported(account, arriving(verb, conversation, positions)?),
        ["desktop", "reads", account, conversation, up_to] => {
            let up_to = number(up_to)?;
            reported(
                account,
                vec![json!({ "type": "read", "conversation": conversation, "up_to": up_to })],
            )
        }
        ["desktop", "marks-unread", account, conversation] => reported(
            account,
            vec![json!({ "type": "marked_unread", "conversation": conversation, "marked": true })],
        ),
        ["desktop", "sets-level", account, conversation, to] => {
            let to = level(to)?;
            reported(
                account,
                vec![json!({ "type": "level", "conversation": conversation, "level": to })],
            )
        }
        ["desktop", "leaves", account, conversation] => reported(
            account,
            vec![json!({ "type": "removed", "conversation": conversation })],
        ),
        ["apns", "loses", times] => Action::Loses(number(times)?.try_into()?),
        ["apns", "doubles", times] => Action::Doubles(number(times)?.try_into()?),
        ["apns", "sends", file] => {
            let file = folder.join(file);
            ensure!(file.is_file(), "there is no {}", file.display());
            Action::Sends(file)
        }
        ["relay", "stops"] => Action::RelayStops,
        ["relay", "starts"] => Action::RelayStarts,
        ["relay", "repeats"] => Action::RelayRepeats,
        _ => bail!(
            "`{}` is no step: see tests/fixtures/scenarios/README.md",
            words.join(" ")
        ),
    })
}

fn starts(accounts: &[&str], policy: &str) -> anyhow::Result<Action> {
    ensure!(
        !accounts.is_empty(),
        "a phone starts with an account or more"
    );
    ensure!(
        ["messages", "conversations", "mentions", "off"].contains(&policy),
        "a badge counts messages, conversations or mentions, or is off"
    );
    Ok(Action::Starts {
        accounts: accounts.iter().map(|name| (*name).to_owned()).collect(),
        policy: policy.to_owned(),
    })
}

fn deed(words: &[&str]) -> anyhow::Result<Deed> {
    let own = |word: &&str| (*word).to_owned();
    Ok(match words {
        ["reads", account, conversation, up_to, remaining @ ..] if remaining.len() < 2 => {
            let remaining = remaining.first().map_or(Ok(0), |word| number(word))?;
            Deed::Reads {
                account: own(account),
                conversation: own(conversation),
                up_to: number(up_to)?,
                remaining: remaining.try_into()?,
            }
        }
        ["reads-all", account] => Deed::ReadsAll(own(account)),
        ["marks-unread", account, conversation] => {
            Deed::MarksUnread(own(account), own(conversation))
        }
        ["sets-level", account, conversation, to] => {
            Deed::SetsLevel(own(account), own(conversation), level(to)?)
        }
        ["signs-out", account] => Deed::SignsOut(own(account)),
        _ => bail!(
            "a phone does not `{}`: see tests/fixtures/scenarios/README.md",
            words.join(" ")
        ),
    })
}

fn reported(account: &str, events: Vec<Value>) -> Action {
    Action::Reported {
        account: account.to_owned(),
        events,
    }
}

fn arriving(verb: &str, conversation: &str, positions: &str) -> anyhow::Result<Vec<Value>> {
    let (first, last) = positions.split_once("..").unwrap_or((positions, positions));
    let (first, last) = (number(first)?, number(last)?);
    ensure!(
        first >= 1 && last >= first && last - first < MOST_ITEMS,
        "positions are a number, or a range such as 1..3, of at most {MOST_ITEMS}"
    );
    let extra = match verb {
        "mention" => json!({ "mention": true }),
        "alert" => json!({ "alert": { "title": conversation, "body": format!("Message {last}") } }),
        _ => json!({}),
    };
    Ok(items(conversation, first..=last, &extra))
}

fn level(word: &str) -> anyhow::Result<String> {
    ensure!(
        ["all", "mentions", "none"].contains(&word),
        "the level is one of all, mentions, none"
    );
    Ok(word.to_owned())
}

fn number(word: &str) -> anyhow::Result<u64> {
    word.parse()
        .with_context(|| format!("`{word}` is no number"))
}

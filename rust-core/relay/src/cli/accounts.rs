//! `account` and `token`.

use std::path::Path;

use serde_json::json;
use truebadge_protocol::AccountId;

use super::{AccountCommand, Correct, Output, TokenCommand, links, open, open_existing};
use crate::{
    clock::Clock,
    random,
    secret::{self, Hash, Purpose},
    store::{AccountDetail, Store, StoreError, TokenSummary},
};

/// `account …`
pub fn account(database: &Path, command: AccountCommand, output: Output) -> anyhow::Result<()> {
    match command {
        AccountCommand::Create { account } => {
            let created = open(database)?.create_account(&account, Clock::system().now())?;
            let text = if created {
                "created"
            } else {
                "was there already"
            };
            let json = json!({ "account": account, "created": created });
            output.line(&json, &format!("{} {text}", account.as_str()))
        }
        AccountCommand::List => {
            let accounts = open_existing(database)?.accounts()?;
            let lines: Vec<String> = accounts
                .iter()
                .map(|account| {
                    let (name, totals) = (account.account.as_str(), account.totals);
                    let (unread, devices) = (totals.unread, account.devices);
                    format!("{name}  unread {unread}  devices {devices}")
                })
                .collect();
            output.line(&json!(accounts), &lines.join("\n"))
        }
        AccountCommand::Show { account } => {
            let detail = open_existing(database)?.account(&account);
            let detail = detail.map_err(|error| known(error, &account))?;
            output.line(&json!(detail), &described(&detail))
        }
        AccountCommand::Remove { account } => {
            let removed = open_existing(database)?.remove_account(&account);
            removed.map_err(|error| known(error, &account))?;
            let text = format!("{} removed", account.as_str());
            output.line(&json!({ "account": account, "removed": true }), &text)
        }
    }
}

/// `restored`
pub fn restored(database: &Path, output: Output) -> anyhow::Result<()> {
    let accounts = open_existing(database)?.restart_histories()?;
    let text = format!("{accounts} accounts have a new history");
    output.line(&json!({ "accounts": accounts }), &text)
}

/// `token …`
pub fn token(database: &Path, command: TokenCommand, output: Output) -> anyhow::Result<()> {
    match command {
        TokenCommand::Mint { account, relay } => {
            let store = open(database)?;
            let token = secret::generate(Purpose::DeviceToken)?;
            let id = random::name::<12>()?;
            let now = Clock::system().now();
            store.mint_token(&account, &id, &Hash::of(&token), now)?;
            let link = relay.map(|relay| links::account(&relay, &account, &token));
            let mut json = json!({ "account": account, "id": id, "token": token });
            let mut text = token;
            if let Some(link) = link {
                text = format!("{text}\n{link}");
                json["link"] = link.into();
            }
            output.line(&json, &text)
        }
        TokenCommand::List { account } => {
            let tokens = open_existing(database)?.tokens(&account);
            let tokens = tokens.map_err(|error| known(error, &account))?;
            let lines: Vec<String> = tokens.iter().map(token_line).collect();
            output.line(&json!(tokens), &lines.join("\n"))
        }
        TokenCommand::Revoke { account, id } => {
            let store = open_existing(database)?;
            store
                .revoke_token(&account, &id)
                .map_err(|error| match error {
                    StoreError::NotFound => {
                        Correct(format!("{} has no token {id}", account.as_str()))
                    }
                    other => other.into(),
                })?;
            output.line(
                &json!({ "id": id, "revoked": true }),
                &format!("{id} revoked"),
            )
        }
    }
}

fn known(error: StoreError, account: &AccountId) -> Correct {
    match error {
        StoreError::NotFound => Correct(format!("there is no account {}", account.as_str())),
        other => other.into(),
    }
}

fn token_line(token: &TokenSummary) -> String {
    let state = match (&token.device, token.ended) {
        (_, true) => "signed out",
        (Some(_), false) => "in use",
        (None, false) => "not used yet",
    };
    format!("{}  {state}", token.id)
}

fn described(detail: &AccountDetail) -> String {
    let summary = &detail.summary;
    let totals = summary.totals;
    let mut lines = vec![format!(
        "{}  version {}  unread {}  mentions {}  conversations {}",
        summary.account.as_str(),
        summary.head.get(),
        totals.unread,
        totals.mentions,
        totals.conversations
    )];
    for device in &detail.devices {
        let reach = match (&device.push_token_ended, device.has_push_token) {
            (_, true) => match &device.found_in {
                None => "can be pushed to".to_owned(),
                Some(found) => format!(
                    "registered for {:?}, pushed to in {found:?}: correct the app's environment",
                    device.environment
                ),
            },
            (Some(reason), false) => format!("push token ended: {reason}"),
            (None, false) => "no push token".to_owned(),
        };
        let cursor = device.cursor.map_or(0, truebadge_protocol::Version::get);
        lines.push(format!(
            "  device {}  {}  confirmed version {cursor}  pushes {}  {reach}",
            device.device.as_str(),
            device.topic,
            device.last_push
        ));
    }
    lines.join("\n")
}

//! An account, as the app's backend sees it.

use std::{collections::BTreeMap, sync::PoisonError};

use http::Method;
use serde_json::{Value, json};

use super::{Phone, Scene, random};
use crate::{
    case::Verdict,
    counting::{Totals, name, number},
    server::{Answer, Ask, Who},
};

/// The answer to what the backend writes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // the fields of the protocol's answer
pub struct Committed {
    pub epoch: String,
    pub head: u64,
    pub changed: u64,
    pub totals: Totals,
}

impl Committed {
    /// Takes an answer apart.
    pub fn read(answer: &Answer) -> Verdict<Self> {
        let value = answer.json(200)?;
        Ok(Self {
            epoch: name(&value["epoch"], 64, "epoch")?,
            head: number(&value["head"], "head")?,
            changed: number(&value["changed"], "changed")?,
            totals: Totals::read(&value["totals"])?,
        })
    }
}

/// An account, as the app's backend sees it.
#[derive(Debug, Clone)]
pub struct Account<'s> {
    pub(super) scene: &'s Scene,
    /// Its name.
    pub name: String,
}

impl<'s> Account<'s> {
    /// The path of something of this account.
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/accounts/{}/{rest}", self.name)
    }

    /// Reports events; whatever the answer is.
    pub async fn try_events(&self, events: &Value, key: Option<&str>) -> Verdict<Answer> {
        let body = json!({ "events": events });
        let ask = Ask::new(Method::POST, self.path("events"), Who::Producer).json(&body);
        let ask = match key {
            Some(key) => ask.header("idempotency-key", key),
            None => ask,
        };
        self.scene.send(ask).await
    }

    /// Reports events, which are taken.
    pub async fn events(&self, events: Value) -> Verdict<Committed> {
        Committed::read(&self.try_events(&events, None).await?)
    }

    /// Items arrive.
    pub async fn items(&self, conversation: &str, positions: &[u64]) -> Verdict<Committed> {
        self.events(positions.iter().map(|at| item(conversation, *at)).collect())
            .await
    }

    /// Everything up to a position was read somewhere.
    pub async fn read(&self, conversation: &str, up_to: u64) -> Verdict<Committed> {
        self.events(json!([{ "type": "read", "conversation": conversation, "up_to": up_to }]))
            .await
    }

    /// Single items were read somewhere.
    pub async fn read_items(&self, conversation: &str, positions: &[u64]) -> Verdict<Committed> {
        let (kind, of) = ("read_items", conversation);
        self.events(json!([{ "type": kind, "conversation": of, "positions": positions }]))
            .await
    }

    /// The person marked it unread, or took that back.
    pub async fn mark(&self, conversation: &str, marked: bool) -> Verdict<Committed> {
        self.events(json!([mark(conversation, marked)])).await
    }

    /// What of it may count.
    pub async fn level(&self, conversation: &str, level: &str) -> Verdict<Committed> {
        self.events(json!([{ "type": "level", "conversation": conversation, "level": level }]))
            .await
    }

    /// It is gone.
    pub async fn removed(&self, conversation: &str) -> Verdict<Committed> {
        self.events(json!([{ "type": "removed", "conversation": conversation }]))
            .await
    }

    /// Puts a whole state; whatever the answer is.
    pub async fn try_put(&self, conversation: &str, state: &Value) -> Verdict<Answer> {
        let path = self.path(&format!("conversations/{conversation}"));
        self.scene
            .send(Ask::new(Method::PUT, path, Who::Producer).json(state))
            .await
    }

    /// Puts a whole state, which is taken.
    pub async fn put(&self, conversation: &str, state: Value) -> Verdict<Committed> {
        Committed::read(&self.try_put(conversation, &state).await?)
    }

    /// Mints a device token: its id and the token.
    pub async fn mint(&self) -> Verdict<(String, String)> {
        let ask = Ask::new(Method::POST, self.path("device_tokens"), Who::Producer);
        let answer = self.scene.send(ask).await?;
        let value = answer.json(201)?;
        let token = name(&value["token"], 4096, "token")?;
        let id = name(&value["id"], 255, "id")?;
        self.scene.server.keep_secret(&token);
        let mut minted = self
            .scene
            .minted
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        minted.push((self.name.clone(), id.clone()));
        Ok((id, token))
    }

    /// Revokes a device token; whatever the answer is.
    pub async fn revoke(&self, id: &str) -> Verdict<Answer> {
        let path = self.path(&format!("device_tokens/{id}"));
        self.scene
            .send(Ask::new(Method::DELETE, path, Who::Producer))
            .await
    }

    /// A phone that has registered.
    pub async fn phone(&self) -> Verdict<Phone<'s>> {
        let mut phone = self.signed_in(self.scene.fresh()).await?;
        phone.register().await?;
        Ok(phone)
    }

    /// A phone with a token that has not registered yet.
    pub async fn signed_in(&self, device: String) -> Verdict<Phone<'s>> {
        let (token_id, token) = self.mint().await?;
        let push_token = random(32);
        self.scene.server.keep_secret(&push_token);
        Ok(Phone {
            scene: self.scene,
            token_id,
            token,
            device,
            registration: json!({
                "push_token": push_token, "environment": "sandbox", "topic": "com.example.app",
                "policy": "messages", "sole_account": true,
                "conditions": { "badges_allowed": true, "alerts_allowed": true,
                                "background_refresh": true, "low_power_mode": false },
                "app_version": "1.0" }),
            push_token,
            route: String::new(),
            epoch: None,
            cursor: 0,
            mirror: BTreeMap::new(),
            operations: 0,
        })
    }
}

/// An item's event.
pub fn item(conversation: &str, position: u64) -> Value {
    json!({ "type": "item", "conversation": conversation, "position": position })
}

/// A mark's event.
pub fn mark(conversation: &str, marked: bool) -> Value {
    json!({ "type": "marked_unread", "conversation": conversation, "marked": marked })
}

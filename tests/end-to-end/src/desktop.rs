//! Somebody else's client: the app's backend as a desktop program drives it, over plain HTTP.

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::http;

/// Reports to the relay with the producer key.
#[derive(Debug, Clone)]
pub struct Desktop {
    /// The relay's address.
    pub relay: String,
    /// The producer key.
    pub producer_key: String,
    http: reqwest::Client,
}

impl Desktop {
    /// A desktop for this relay.
    pub fn new(relay: String, producer_key: String) -> anyhow::Result<Self> {
        Ok(Self {
            relay,
            producer_key,
            http: http::client(false)?,
        })
    }

    /// Reports events of an account; gives what the relay committed.
    pub async fn report(&self, account: &str, events: &[Value]) -> anyhow::Result<Value> {
        let path = format!("accounts/{account}/events");
        self.post(&path, &json!({ "events": events })).await
    }

    /// Items arrive in a conversation, at these positions.
    pub async fn items(
        &self,
        account: &str,
        conversation: &str,
        positions: impl IntoIterator<Item = u64>,
    ) -> anyhow::Result<Value> {
        let item = |position| json!({ "type": "item", "conversation": conversation, "position": position });
        let events: Vec<_> = positions.into_iter().map(item).collect();
        self.report(account, &events).await
    }

    /// An item arrives of which the phone shows a notification.
    pub async fn alert(
        &self,
        account: &str,
        conversation: &str,
        position: u64,
    ) -> anyhow::Result<Value> {
        let alert = json!({ "title": conversation, "body": format!("message {position}") });
        let item = json!({ "type": "item", "conversation": conversation, "position": position,
                           "alert": alert });
        self.report(account, &[item]).await
    }

    /// The person reads a conversation on the desktop.
    pub async fn read(
        &self,
        account: &str,
        conversation: &str,
        up_to: u64,
    ) -> anyhow::Result<Value> {
        let read = json!({ "type": "read", "conversation": conversation, "up_to": up_to });
        self.report(account, &[read]).await
    }

    /// Makes a device token for a phone.
    pub async fn mint(&self, account: &str) -> anyhow::Result<String> {
        let path = format!("accounts/{account}/device_tokens");
        let minted = self.post(&path, &json!({})).await?;
        let token = minted["token"].as_str();
        Ok(token.context("the relay gave no token")?.to_owned())
    }

    /// The account's totals at the relay, and its active conversations.
    pub async fn state(&self, account: &str) -> anyhow::Result<Value> {
        let token = self.mint(account).await?;
        let address = format!("{}/v1/changes?since=0", self.relay);
        let request = self.http.get(address).bearer_auth(token);
        answered(request.send().await?).await
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.http.post(format!("{}/v1/{path}", self.relay));
        let request = request.bearer_auth(&self.producer_key).json(body);
        answered(request.send().await?).await
    }
}

async fn answered(response: reqwest::Response) -> anyhow::Result<Value> {
    let status = response.status();
    let text = response.text().await?;
    anyhow::ensure!(status.is_success(), "the relay answered {status}: {text}");
    serde_json::from_str(&text).context("the relay's answer is no JSON")
}

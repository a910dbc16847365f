//! apns-sim: what it saw, what it is to do wrong, and pushes that are not the relay's.

use std::{
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::Context as _;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::{http, process::Process, programs};

/// The team and the key that apns-sim expects of providers.
pub const TEAM: &str = "TEAM123456";
/// The key's id.
pub const KEY_ID: &str = "KEY1234567";
/// The app.
pub const TOPIC: &str = "com.example.app";

/// Who gets the pushes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// Phones that attach.
    Phones,
    /// An iOS simulator.
    Simulator {
        /// Its UDID.
        device: String,
        /// The app's bundle identifier.
        bundle: String,
    },
}

impl Audience {
    fn topic(&self) -> &str {
        match self {
            Self::Phones => TOPIC,
            Self::Simulator { bundle, .. } => bundle,
        }
    }
}

/// A running apns-sim.
#[derive(Debug)]
pub struct Apns {
    /// The process; each push is a line of it.
    pub process: Process,
    /// Where providers send.
    pub provider: String,
    /// Where phones attach, and where it is controlled.
    pub phones: String,
    http: reqwest::Client,
    key: String,
}

impl Apns {
    /// Starts it with the provider's key in `key`.
    pub async fn start(key: &Path, folder: &Path, audience: &Audience) -> anyhow::Result<Self> {
        let program = programs::find("apns-sim")?;
        let mut words = vec![
            program.as_os_str(),
            "--provider=127.0.0.1:0".as_ref(),
            "--phones=127.0.0.1:0".as_ref(),
            "--json".as_ref(),
            "--team-id".as_ref(),
            TEAM.as_ref(),
            "--key-id".as_ref(),
            KEY_ID.as_ref(),
            "--topic".as_ref(),
            audience.topic().as_ref(),
            "--key".as_ref(),
            key.as_os_str(),
        ];
        if let Audience::Simulator { device, .. } = audience {
            words.push("--simulator".as_ref());
            words.push(device.as_ref());
        }
        let mut process = Process::start("apns-sim", words, folder)?;
        let (provider, phones) = process
            .wait_for("its addresses", |line| {
                let address = |name: &str| Some(line[name].as_str()?.to_owned());
                Some((address("provider")?, address("phones")?))
            })
            .await?;
        Ok(Self {
            process,
            provider,
            phones,
            http: http::client(false)?,
            key: std::fs::read_to_string(key)?,
        })
    }

    /// The next push that a provider sent, of this type or of any.
    pub async fn push(&mut self, push_type: Option<&str>) -> anyhow::Result<Value> {
        let wanted = |line: &Value| {
            let kind = line["push_type"].as_str();
            let is = line["event"] == "push" && (push_type.is_none() || kind == push_type);
            is.then(|| line.clone())
        };
        self.process.wait_for("a push", wanted).await
    }

    /// Plants a fault, such as `{"drop": 1, "push_type": "background"}`.
    pub async fn fault(&self, fault: &Value) -> anyhow::Result<()> {
        let address = format!("{}/control/faults", self.phones);
        let answer = self.http.post(address).json(fault).send().await?;
        answer.error_for_status().context("the fault was refused")?;
        Ok(())
    }

    /// Ends the faults.
    pub async fn no_faults(&self) -> anyhow::Result<()> {
        let address = format!("{}/control/faults", self.phones);
        let answer = self.http.delete(address).send().await?;
        answer.error_for_status()?;
        Ok(())
    }

    /// Ends a push token, as when the app is deleted: providers get 410.
    pub async fn end_token(&self, push_token: &str) -> anyhow::Result<()> {
        let address = format!("{}/control/tokens/{push_token}/dead", self.phones);
        let answer = self.http.post(address).send().await?;
        answer.error_for_status().context("the token is unknown")?;
        Ok(())
    }

    /// Every push so far, oldest first, with its payload.
    pub async fn pushes(&self) -> anyhow::Result<Vec<Value>> {
        let address = format!("{}/control/pushes", self.phones);
        Ok(self.http.get(address).send().await?.json().await?)
    }

    /// Sends a silent push that is not the relay's, signed as the relay signs, over HTTP/2. Gives
    /// the status.
    pub async fn send_silent(&self, push_token: &str, payload: &Value) -> anyhow::Result<u16> {
        self.send_as(("background", "5"), push_token, payload).await
    }

    /// Sends a push of somebody else: an alert, unless all that it does is to wake the app.
    pub async fn send(&self, push_token: &str, payload: &Value) -> anyhow::Result<u16> {
        let aps = &payload["aps"];
        let shows = |key: &&str| !aps[*key].is_null();
        let kind = if ["alert", "badge", "sound"].iter().any(shows) {
            ("alert", "10")
        } else {
            ("background", "5")
        };
        self.send_as(kind, push_token, payload).await
    }

    async fn send_as(
        &self,
        (push_type, priority): (&str, &str),
        push_token: &str,
        payload: &Value,
    ) -> anyhow::Result<u16> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(KEY_ID.to_owned());
        let key = EncodingKey::from_ec_pem(self.key.as_bytes())?;
        let claims = json!({ "iss": TEAM, "iat": now });
        let token = jsonwebtoken::encode(&header, &claims, &key)?;
        let answer = http::client(true)?
            .post(format!("{}/3/device/{push_token}", self.provider))
            .bearer_auth(token)
            .header("apns-topic", TOPIC)
            .header("apns-push-type", push_type)
            .header("apns-priority", priority)
            .body(payload.to_string())
            .send()
            .await?;
        Ok(answer.status().as_u16())
    }
}

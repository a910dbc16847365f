//! What a case works with: accounts and phones of its own, on the relay under test.

mod account;
mod phone;

pub use account::{Account, Committed, item, mark};
pub use phone::{Applied, Phone, marked, numbered, read_up_to};

use std::{
    fmt::Write,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use http::Method;

use crate::{
    apns::Apns,
    case::{Stop, Verdict},
    exchange::Exchange,
    server::{Answer, Ask, Server, Who},
};

/// One case's accounts.
#[derive(Debug)]
pub struct Scene {
    /// The relay under test.
    pub server: Arc<Server>,
    apns: Option<Arc<Apns>>,
    prefix: String,
    counter: AtomicU64,
    minted: Mutex<Vec<(String, String)>>,
    last: Mutex<Option<Exchange>>,
}

impl Scene {
    /// For one case.
    pub fn new(server: Arc<Server>, apns: Option<Arc<Apns>>) -> Self {
        let prefix = format!("conformance-{}", random(8));
        Self {
            server,
            apns,
            prefix,
            counter: AtomicU64::new(0),
            minted: Mutex::default(),
            last: Mutex::default(),
        }
    }

    /// A name that nobody had before.
    pub fn fresh(&self) -> String {
        let count = self.counter.fetch_add(1, Ordering::Relaxed);
        format!("{}-{count}", self.prefix)
    }

    /// Apple's place, if the relay under test sends its pushes here.
    pub fn apns(&self) -> Verdict<&Apns> {
        self.apns.as_deref().ok_or_else(|| {
            let why = "pushes: give --apns-listen, and point the relay there";
            Stop::NotRun(why.to_owned())
        })
    }

    /// Sends a request.
    pub async fn send(&self, ask: Ask<'_>) -> Verdict<Answer> {
        let answer = self.server.send(&ask).await?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(answer.exchange.clone());
        Ok(answer)
    }

    /// How the case ended, as it may be shown: with the last exchange, if the case named none.
    pub fn publishable(&self, verdict: Verdict) -> Verdict {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        verdict.map_err(|stop| match stop {
            Stop::NotRun(why) => Stop::NotRun(why),
            Stop::Failed {
                expected,
                seen,
                exchange,
            } => {
                let exchange = exchange.or_else(|| last.as_ref().map(Exchange::text));
                let show = |text: String| self.server.publishable(&text);
                Stop::Failed {
                    expected: show(expected),
                    seen: show(seen),
                    exchange: exchange.map(show),
                }
            }
        })
    }

    /// A new account.
    pub fn account(&self) -> Account<'_> {
        Account {
            scene: self,
            name: self.fresh(),
        }
    }

    /// A new account with a phone that has registered.
    pub async fn phone(&self) -> Verdict<(Account<'_>, Phone<'_>)> {
        let account = self.account();
        let phone = account.phone().await?;
        Ok((account, phone))
    }

    /// Revokes the device tokens that the case made. Accounts cannot be removed over HTTP.
    pub async fn clean_up(&self) {
        let minted =
            std::mem::take(&mut *self.minted.lock().unwrap_or_else(PoisonError::into_inner));
        for (account, id) in minted {
            let path = format!("/v1/accounts/{account}/device_tokens/{id}");
            // Many are revoked or signed out already.
            let _ = self
                .send(Ask::new(Method::DELETE, path, Who::Producer))
                .await;
        }
    }
}

/// So many random bytes, in hexadecimal.
///
/// # Panics
///
/// When the system has no random bytes.
pub fn random(bytes: usize) -> String {
    let mut random = vec![0_u8; bytes];
    getrandom::fill(&mut random).expect("the system gives random bytes");
    random.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

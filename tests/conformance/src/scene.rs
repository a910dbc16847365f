//! What a case works with: accounts and phones of its own, on the relay under test.

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use http::Method;
use serde_json::{Value, json};

use crate::{
    apns::Apns,
    case::{Stop, Verdict, ensure, same},
    counting::{Row, Totals, digest, name, number},
    exchange::Exchange,
    page::{Page, Query},
    server::{Answer, Ask, Server, Who},
};

/// Pages that a sync takes at most.
const PAGES: usize = 200;

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
    scene: &'s Scene,
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

/// A phone with one account.
#[derive(Debug, Clone)]
pub struct Phone<'s> {
    scene: &'s Scene,
    /// Names its token to the backend.
    pub token_id: String,
    /// Its device token.
    pub token: String,
    /// Its device id.
    pub device: String,
    /// Where APNs reaches it.
    pub push_token: String,
    /// What it registers with.
    pub registration: Value,
    /// This account, in pushes.
    pub route: String,
    /// The history that it knows.
    pub epoch: Option<String>,
    /// Its cursor.
    pub cursor: u64,
    /// Active rows, by id.
    pub mirror: BTreeMap<String, Row>,
    /// The last operation that it numbered.
    pub operations: u64,
}

impl Phone<'_> {
    /// Sends a request with its token.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Verdict<Answer> {
        let ask = Ask::new(method, path, Who::Token(&self.token));
        let ask = match body {
            Some(body) => ask.json(body),
            None => ask,
        };
        self.scene.send(ask).await
    }

    /// Registers with anything; whatever the answer is.
    pub async fn try_register(&self, registration: &Value) -> Verdict<Answer> {
        let path = format!("/v1/devices/{}", self.device);
        self.send(Method::PUT, &path, Some(registration)).await
    }

    /// Registers, and learns its route.
    pub async fn register(&mut self) -> Verdict<Value> {
        let value = self.try_register(&self.registration).await?.json(200)?;
        self.route = name(&value["route"], 64, "route")?;
        name(&value["epoch"], 64, "epoch")?;
        number(&value["head"], "head")?;
        number(&value["server_time"], "server_time")?;
        Ok(value)
    }

    /// Signs out; whatever the answer is.
    pub async fn sign_out(&self) -> Verdict<Answer> {
        let path = format!("/v1/devices/{}", self.device);
        self.send(Method::DELETE, &path, None).await
    }

    /// Asks for changes; whatever the answer is.
    pub async fn try_changes(&self, query: &str) -> Verdict<Answer> {
        self.send(Method::GET, &format!("/v1/changes{query}"), None)
            .await
    }

    /// One page.
    pub async fn page(&self, query: &Query) -> Verdict<Page> {
        let answer = self.try_changes(&query.text()).await?;
        Page::read(&answer.json(200)?, query).map_err(|stop| shown(stop, &answer))
    }

    /// What it asks next.
    pub fn query(&self) -> Query {
        Query {
            epoch: self.epoch.clone(),
            since: Some(self.cursor),
            ..Query::default()
        }
    }

    /// Syncs to the end, and recounts.
    pub async fn sync(&mut self) -> Verdict<Page> {
        self.sync_by(None).await
    }

    /// The same, in pages of so many rows.
    pub async fn sync_by(&mut self, limit: Option<u64>) -> Verdict<Page> {
        let mut query = Query {
            limit,
            ..self.query()
        };
        let mut first: Option<Page> = None;
        for _ in 0..PAGES {
            let page = self.page(&query).await?;
            match &first {
                None if page.reset => self.mirror.clear(),
                None => {}
                Some(first) => {
                    same("the epoch of a sync's pages", &first.epoch, &page.epoch)?;
                    ensure(
                        !page.reset,
                        "reset: true on the first page only",
                        "on a later one",
                    )?;
                }
            }
            self.take(&page);
            query.epoch = Some(page.epoch.clone());
            query.since = Some(page.next);
            if !page.more {
                self.epoch = Some(page.epoch.clone());
                self.cursor = page.next;
                self.recount(&page)?;
                return Ok(page);
            }
            first.get_or_insert(page);
        }
        Err(Stop::failed(
            "the last page",
            format!("`more` after {PAGES} pages"),
        ))
    }

    fn take(&mut self, page: &Page) {
        for row in &page.rows {
            let known = self.mirror.get(&row.id).map_or(0, |known| known.version);
            if row.version <= known {
                continue;
            }
            if row.is_active() {
                self.mirror.insert(row.id.clone(), row.clone());
            } else {
                self.mirror.remove(&row.id);
            }
        }
    }

    /// "Afterwards, when the cursor stands at `head`, the phone compares `totals` and `digest`."
    pub fn recount(&self, page: &Page) -> Verdict {
        let rows = || self.mirror.values().filter(|row| row.version <= page.head);
        same(
            "`totals`, recounted from the rows",
            Totals::of(rows()),
            page.totals,
        )?;
        same(
            "`digest`, recounted from the rows",
            digest(rows()),
            page.digest.clone(),
        )
    }

    /// A conversation that must be active now.
    pub fn row(&self, conversation: &str) -> Verdict<&Row> {
        self.mirror.get(conversation).ok_or_else(|| {
            let names: Vec<&String> = self.mirror.keys().take(10).collect();
            Stop::failed(
                format!("{conversation} among the rows"),
                format!("{names:?}"),
            )
        })
    }

    /// An operation with the next number.
    pub fn operation(&mut self, seen: u64, action: Value) -> Value {
        self.operations += 1;
        numbered(self.operations, seen, action)
    }

    /// Sends operations; whatever the answer is.
    pub async fn try_operations(&self, operations: &[Value], query: &Query) -> Verdict<Answer> {
        let path = format!("/v1/operations{}", query.text());
        let body = json!({ "operations": operations });
        self.send(Method::POST, &path, Some(&body)).await
    }

    /// Sends operations, which are taken, and takes the changes over.
    pub async fn operate(&mut self, operations: &[Value]) -> Verdict<Applied> {
        let query = self.query();
        let answer = self.try_operations(operations, &query).await?;
        let applied = Applied::read(&answer.json(200)?, &query);
        let applied = applied.map_err(|stop| shown(stop, &answer))?;
        if applied.page.reset {
            self.mirror.clear();
        }
        self.take(&applied.page);
        self.epoch = Some(applied.page.epoch.clone());
        self.cursor = applied.page.next;
        if !applied.page.more {
            self.recount(&applied.page)?;
        }
        Ok(applied)
    }

    /// Sends one operation about what it last saw.
    pub async fn act(&mut self, action: Value) -> Verdict<Applied> {
        let operation = self.operation(self.cursor, action);
        self.operate(&[operation]).await
    }
}

/// An operation with this number.
pub fn numbered(number: u64, seen: u64, action: Value) -> Value {
    let mut operation = action;
    operation["number"] = number.into();
    operation["id"] = format!("op-{}", random(8)).into();
    operation["seen"] = seen.into();
    operation
}

/// The operation "read up to".
pub fn read_up_to(conversation: &str, position: u64) -> Value {
    json!({ "kind": "read_up_to", "conversation": conversation, "position": position })
}

/// The operation "marked unread".
pub fn marked(conversation: &str, marked: bool) -> Value {
    json!({ "kind": "marked_unread", "conversation": conversation, "marked": marked })
}

/// The answer to operations.
#[derive(Debug, Clone)]
#[allow(missing_docs)] // the fields of the protocol's answer
pub struct Applied {
    /// Number, and the version, or none when it was rejected.
    pub applied: Vec<(u64, Option<u64>)>,
    pub page: Page,
}

impl Applied {
    fn read(value: &Value, query: &Query) -> Verdict<Self> {
        let page = Page::read(value, query)?;
        let list = value["applied"].as_array();
        ensure(list.is_some(), "applied: a list", &value["applied"])?;
        let mut applied = Vec::new();
        for one in list.into_iter().flatten() {
            let rejected = one["rejected"].as_str().is_some_and(|why| !why.is_empty());
            let version = match &one["version"] {
                Value::Null => None,
                version => Some(number(version, "applied[].version")?),
            };
            let one_of = "exactly one of `version` and `rejected`";
            ensure(rejected != version.is_some(), one_of, one)?;
            let within = version.is_none_or(|version| version <= page.head);
            ensure(within, "an applied version up to `head`", one)?;
            applied.push((number(&one["number"], "applied[].number")?, version));
        }
        let highest = applied.last().map_or(0, |(number, _)| *number);
        let covers = "`acknowledged` covers what was applied";
        ensure(page.acknowledged >= highest, covers, page.acknowledged)?;
        Ok(Self { applied, page })
    }

    /// The numbers that this call applied or rejected.
    pub fn numbers(&self) -> Vec<u64> {
        self.applied.iter().map(|(number, _)| *number).collect()
    }
}

fn shown(stop: Stop, answer: &Answer) -> Stop {
    match stop {
        Stop::Failed {
            expected,
            seen,
            exchange: None,
        } => answer.fail(expected, seen),
        other => other,
    }
}

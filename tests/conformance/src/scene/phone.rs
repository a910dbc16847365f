//! A phone with one account.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};

use super::{Scene, random};
use crate::{
    case::{Stop, Verdict, ensure, same},
    counting::{Row, Totals, digest, name, number},
    page::{Page, Query},
    server::{Answer, Ask, Who},
};

/// Pages that a sync takes at most.
const PAGES: usize = 200;

/// A phone with one account.
#[derive(Debug, Clone)]
pub struct Phone<'s> {
    pub(super) scene: &'s Scene,
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

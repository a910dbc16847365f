//! A relay in memory, written straight from the protocol, behind the engine's `Transport`. The tests
//! of the real relay, and of the whole path, are elsewhere; this one can be told to fail.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Mutex,
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use tokio::sync::oneshot;
use truebadge_engine::transport::{Method, Request, Response, Transport, TransportError};
use truebadge_protocol::{
    ConversationId, ConversationState, Digest, Epoch, OperationId, Problem, ProblemKind, Route,
    Totals, Version,
    messages::{
        Action, Changes, DeviceRegistered, DeviceRegistration, OperationOutcome, OperationsApplied,
        OperationsRequest, PushTokenEnded,
    },
};

/// What happens to one request.
#[derive(Debug, Clone)]
pub enum Fault {
    /// It never arrives.
    Lost,
    /// It takes effect, and its answer is lost.
    AnswerLost,
    /// The relay answers with this status.
    Status(u16, Option<Duration>),
    /// It arrives, and no answer ever comes.
    Never,
    /// The relay answers with a problem document.
    Problem(ProblemKind),
}

/// What the relay has committed.
#[derive(Debug, Clone, Default)]
pub struct Committed {
    pub head: u64,
    pub rows: BTreeMap<ConversationId, ConversationState>,
    /// Positions above the read marker that were read one by one.
    pub read_singly: BTreeMap<ConversationId, BTreeSet<u64>>,
    /// The version of each mark that another device set.
    pub marked_elsewhere: BTreeMap<ConversationId, u64>,
    /// The phone's operations that are in it.
    pub applied: BTreeSet<OperationId>,
    /// Those that it refused.
    pub refused: BTreeSet<OperationId>,
}

#[derive(Debug, Default)]
pub struct State {
    pub epoch: String,
    pub now: Committed,
    /// All that it ever had committed, oldest first.
    pub past: Vec<Committed>,
    /// Keeps only what is committed now.
    pub forgetful: bool,
    /// How many operations each request carried, and their ids in the order in which they took effect.
    pub batches: Vec<usize>,
    pub in_order: Vec<OperationId>,
    pub acknowledged: u64,
    pub page: usize,
    /// Why it refuses every operation; `{id}` in it stands for the operation's.
    pub rejects_with: Option<String>,
    /// What it refused, and why.
    pub refusals: BTreeMap<(u64, OperationId), String>,
    pub faults: VecDeque<Option<Fault>>,
    pub requests: Vec<String>,
    pub refused_tokens: Vec<String>,
    pub registrations: Vec<DeviceRegistration>,
    pub operations_applied: usize,
    /// The counter of the newest push.
    pub last_push: u64,
    /// APNs ended the token.
    pub push_token_ended: Option<PushTokenEnded>,
    /// Requests that the phone gave up.
    pub cancelled: usize,
    pub digest_lies: bool,
    /// So many of the next answers with changes want to be confirmed.
    pub wants_confirmed: u32,
    /// Runs before the next answer goes out, once: what happens while it is under way.
    pub meanwhile: Option<Meanwhile>,
    /// The account's name in pushes.
    pub route: String,
    /// Tokens that registered, and those that a sign-out ended.
    pub bound_tokens: Vec<String>,
    pub ended_tokens: Vec<String>,
    /// The next request says that it is under way, and arrives when it may.
    pub hold: Option<(oneshot::Sender<()>, oneshot::Receiver<()>)>,
}

pub struct Meanwhile(pub Box<dyn FnOnce() + Send>);

impl std::fmt::Debug for Meanwhile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Meanwhile")
    }
}

#[derive(Debug)]
pub struct FakeRelay(pub Mutex<State>);

impl FakeRelay {
    pub fn new() -> Self {
        let state = State {
            epoch: "epoch-1".to_owned(),
            page: 500,
            past: vec![Committed::default()],
            route: "route-alice".to_owned(),
            ..State::default()
        };
        Self(Mutex::new(state))
    }

    /// Holds the next request up. The first end tells that it is under way, the second lets it go on.
    pub fn hold(&self) -> (oneshot::Receiver<()>, oneshot::Sender<()>) {
        let (asked, under_way) = oneshot::channel();
        let (go_on, may) = oneshot::channel();
        self.0.lock().unwrap().hold = Some((asked, may));
        (under_way, go_on)
    }

    pub fn route(&self) -> Route {
        Route::new(self.0.lock().unwrap().route.clone()).unwrap()
    }

    pub fn epoch(&self) -> Epoch {
        Epoch::new(self.0.lock().unwrap().epoch.clone()).unwrap()
    }

    /// Commits a conversation's state at the next version.
    pub fn commit(&self, id: &str, unread: u32, newest: u64) -> ConversationState {
        let mut state = self.0.lock().unwrap();
        state.now.head += 1;
        let row = super::row(id, state.now.head, unread, newest);
        state.now.rows.insert(row.id.clone(), row.clone());
        state.remember();
        row
    }

    /// So many items arrive in a conversation.
    pub fn arrive(&self, id: &str, items: u32) {
        self.change(id, |row| {
            row.unread += items;
            row.newest = super::position(row.newest.get() + u64::from(items));
        });
    }

    /// Another device reads a conversation to its end.
    pub fn read_elsewhere(&self, id: &str) {
        self.change(id, |row| {
            row.unread = 0;
            row.read_up_to = row.newest;
            row.marked_unread = false;
        });
    }

    /// Another device mutes a conversation.
    pub fn mute_elsewhere(&self, id: &str) {
        self.change(id, |row| row.level = truebadge_protocol::Level::None);
    }

    /// Another device chooses what of a conversation may count.
    pub fn change_level(&self, id: &str, level: truebadge_protocol::Level) {
        self.change(id, |row| row.level = level);
    }

    /// So many items of a conversation are unread.
    pub fn change_unread(&self, id: &str, unread: u32) {
        self.change(id, |row| row.unread = unread);
    }

    /// No item is at this position yet.
    pub fn leave_out(&self, id: &str, position: u64) {
        let read_singly = &mut self.0.lock().unwrap().now.read_singly;
        let left_out = read_singly.entry(super::conversation(id)).or_default();
        left_out.insert(position);
    }

    /// The item arrives that was left out.
    pub fn arrive_late(&self, id: &str, position: u64) {
        {
            let read_singly = &mut self.0.lock().unwrap().now.read_singly;
            let left_out = read_singly.entry(super::conversation(id)).or_default();
            left_out.remove(&position);
        }
        self.change(id, |row| row.unread += 1);
    }

    /// Another device marks a conversation unread.
    pub fn mark_elsewhere(&self, id: &str) {
        self.change(id, |row| row.marked_unread = true);
        let mut state = self.0.lock().unwrap();
        let head = state.now.head;
        state
            .now
            .marked_elsewhere
            .insert(super::conversation(id), head);
        state.remember();
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut ConversationState)) {
        let mut state = self.0.lock().unwrap();
        let id = super::conversation(id);
        let empty = || ConversationState::empty(id.clone());
        let mut row = state.now.rows.get(&id).cloned().unwrap_or_else(empty);
        let before = row.clone();
        change(&mut row);
        if row != before {
            state.now.head += 1;
            row.version = super::version(state.now.head);
            state.now.rows.insert(id, row);
            state.remember();
        }
    }

    /// The push that brings a device from this cursor to the head, as the relay would send it now.
    pub fn push(&self, counter: u64, base: u64) -> Vec<u8> {
        let (rows, head, totals, acknowledged) = {
            let state = self.0.lock().unwrap();
            let above = |row: &&ConversationState| row.version.get() > base;
            let rows = state.now.rows.values().filter(above).cloned().collect();
            (
                rows,
                state.now.head,
                Totals::of(state.now.rows.values()),
                state.acknowledged,
            )
        };
        super::push_acknowledging(self, counter, base, head, Some(rows), totals, acknowledged)
    }

    /// The same, when its rows do not fit.
    pub fn push_without_rows(&self, counter: u64, base: u64) -> Vec<u8> {
        let state = self.0.lock().unwrap();
        let (head, acknowledged) = (state.now.head, state.acknowledged);
        let totals = Totals::of(state.now.rows.values());
        drop(state);
        super::push_acknowledging(self, counter, base, head, None, totals, acknowledged)
    }

    /// What the account adds up to.
    pub fn truth(&self) -> Totals {
        Totals::of(self.0.lock().unwrap().now.rows.values())
    }

    pub fn fail(&self, fault: Fault) {
        self.plan(&[Some(fault)]);
    }

    /// What becomes of the next requests, in their order.
    pub fn plan(&self, faults: &[Option<Fault>]) {
        self.0.lock().unwrap().faults.extend(faults.iter().cloned());
    }

    /// The requests since the last call, as `METHOD path?query`.
    pub fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().requests)
    }

    fn answer(&self, request: &Request) -> Result<Response, TransportError> {
        let mut state = self.0.lock().unwrap();
        let whole = request.url.path();
        let path = whole[whole.find("v1/").unwrap_or_default()..].to_owned();
        let query = request.url.query().unwrap_or_default();
        state
            .requests
            .push(format!("{} {path}?{query}", request.method.as_str()));
        let fault = state.faults.pop_front().flatten();
        match fault {
            Some(Fault::Lost) => return Err(TransportError::NoConnection),
            Some(Fault::Problem(kind)) => return Ok(problem(kind)),
            Some(Fault::Status(status, retry_after)) => {
                return Ok(Response {
                    status,
                    retry_after,
                    body: Vec::new(),
                });
            }
            Some(Fault::Never | Fault::AnswerLost) | None => {}
        }
        if state
            .refused_tokens
            .iter()
            .any(|token| token == request.credentials.expose())
        {
            return Ok(Response {
                status: 401,
                retry_after: None,
                body: Vec::new(),
            });
        }
        let token = request.credentials.expose().to_owned();
        if request.method != Method::Delete && state.ended_tokens.contains(&token) {
            return Ok(problem(ProblemKind::Gone));
        }
        let body = request.body.as_deref().unwrap_or_default();
        let response = match (request.method, path.as_str()) {
            (Method::Put, path) if path.starts_with("v1/devices/") => {
                state.bound_tokens.push(token);
                state.register(body)
            }
            (Method::Delete, path) if path.starts_with("v1/devices/") => state.sign_out(token),
            (Method::Get, "v1/changes") => json(&state.changes(request)),
            (Method::Post, "v1/operations") => state.operations(request, body),
            _ => Response {
                status: 404,
                retry_after: None,
                body: Vec::new(),
            },
        };
        match fault {
            Some(Fault::AnswerLost) => return Err(TransportError::Broken),
            Some(Fault::Never) => return Err(TransportError::TimedOut),
            _ => {}
        }
        Ok(response)
    }
}

impl State {
    /// Ends the registration, and every token that was used for it.
    fn sign_out(&mut self, token: String) -> Response {
        self.ended_tokens.append(&mut self.bound_tokens);
        self.ended_tokens.push(token);
        Response {
            status: 204,
            retry_after: None,
            body: Vec::new(),
        }
    }

    fn register(&mut self, body: &[u8]) -> Response {
        self.push_token_ended = None;
        self.registrations
            .push(serde_json::from_slice(body).unwrap());
        json(&DeviceRegistered {
            route: Route::new(self.route.clone()).unwrap(),
            epoch: Epoch::new(self.epoch.clone()).unwrap(),
            head: super::version(self.now.head),
            server_time: 0,
        })
    }

    fn changes(&mut self, request: &Request) -> Changes {
        let confirm = self.wants_confirmed > 0;
        self.wants_confirmed = self.wants_confirmed.saturating_sub(1);
        let pairs: BTreeMap<_, _> = request.url.query_pairs().into_owned().collect();
        let since: u64 = pairs["since"].parse().unwrap();
        let foreign = pairs.get("epoch") != Some(&self.epoch);
        let reset = since == 0 || foreign || since > self.now.head;
        let floor = if reset { 0 } else { since };
        let mut rows: Vec<_> = self
            .now
            .rows
            .values()
            .filter(|row| row.version.get() > floor && (!reset || row.is_active()))
            .cloned()
            .collect();
        rows.sort_by_key(|row| row.version);
        let more = rows.len() > self.page;
        rows.truncate(self.page);
        let head = super::version(self.now.head);
        let next = if more {
            rows.last().unwrap().version
        } else {
            head
        };
        let digest = Digest::of(self.now.rows.values());
        Changes {
            epoch: Epoch::new(self.epoch.clone()).unwrap(),
            reset,
            changes: rows,
            next,
            head,
            more,
            confirm,
            totals: Totals::of(self.now.rows.values()),
            digest: if self.digest_lies {
                Digest::from_bits(1)
            } else {
                digest
            },
            acknowledged: self.acknowledged,
            last_push: self.last_push,
            push_token_ended: self.push_token_ended,
            server_time: 0,
        }
    }

    fn operations(&mut self, request: &Request, body: &[u8]) -> Response {
        let OperationsRequest { operations } = serde_json::from_slice(body).unwrap();
        let mut epoch = request.url.query_pairs();
        let foreign = !epoch.any(|(name, value)| name == "epoch" && *value == self.epoch);
        let mut applied = Vec::new();
        self.batches.push(operations.len());
        for operation in operations {
            if operation.number <= self.acknowledged {
                let key = (operation.number, operation.id);
                if let Some(reason) = self.refusals.get(&key) {
                    applied.push(OperationOutcome {
                        number: key.0,
                        version: None,
                        rejected: Some(reason.clone()),
                    });
                }
                continue;
            }
            if operation.number != self.acknowledged + 1 {
                return Response {
                    status: 409,
                    retry_after: None,
                    body: Vec::new(),
                };
            }
            self.acknowledged = operation.number;
            let reason = self.rejects_with.as_ref();
            let refused = reason.map(|reason| reason.replace("{id}", operation.id.as_str()));
            if let Some(reason) = &refused {
                self.now.refused.insert(operation.id.clone());
                self.remember();
                let key = (operation.number, operation.id);
                self.refusals.insert(key, reason.clone());
            } else {
                self.operations_applied += 1;
                let seen = if foreign {
                    Version::ZERO
                } else {
                    operation.seen
                };
                self.now.apply(&operation.action, seen);
                self.now.applied.insert(operation.id.clone());
                self.in_order.push(operation.id);
                self.remember();
            }
            applied.push(OperationOutcome {
                number: operation.number,
                version: refused.is_none().then(|| super::version(self.now.head)),
                rejected: refused,
            });
        }
        json(&OperationsApplied {
            applied,
            changes: self.changes(request),
        })
    }

    fn remember(&mut self) {
        if self.forgetful {
            self.past.clear();
        }
        self.past.push(self.now.clone());
    }
}

impl Committed {
    /// What an operation of the phone does.
    pub fn apply(&mut self, action: &Action, seen: Version) {
        let id = action.conversation().clone();
        let mut row = self
            .rows
            .get(&id)
            .cloned()
            .unwrap_or_else(|| ConversationState::empty(id.clone()));
        let marked_at = self.marked_elsewhere.get(&id).copied().unwrap_or(0);
        let newer_mark = row.marked_unread && marked_at > seen.get();
        match action {
            Action::ReadUpTo { position, .. } => {
                if *position > row.read_up_to {
                    let passed = row.read_up_to.get() + 1..=position.get().min(row.newest.get());
                    let singly = self.read_singly.entry(id.clone()).or_default();
                    let read = passed.filter(|position| !singly.remove(position)).count();
                    row.unread = row.unread.saturating_sub(u32::try_from(read).unwrap());
                    row.read_up_to = *position;
                }
                if !newer_mark {
                    row.marked_unread = false;
                }
            }
            Action::MarkedUnread { marked: true, .. } => {
                row.marked_unread = true;
                self.marked_elsewhere.remove(&id);
            }
            Action::MarkedUnread { .. } if newer_mark => {}
            Action::MarkedUnread { .. } => row.marked_unread = false,
            Action::ReadItems { positions, .. } => {
                let singly = self.read_singly.entry(id.clone()).or_default();
                for position in positions {
                    let unread = *position > row.read_up_to && *position <= row.newest;
                    if unread && singly.insert(position.get()) {
                        row.unread = row.unread.saturating_sub(1);
                    }
                }
            }
            Action::SetLevel { level, .. } => row.level = *level,
        }
        self.head += 1;
        row.version = super::version(self.head);
        self.rows.insert(id, row);
    }
}

fn problem(kind: ProblemKind) -> Response {
    Response {
        status: kind.status(),
        retry_after: None,
        body: serde_json::to_vec(&Problem::new(kind, "planned")).unwrap(),
    }
}

fn json(value: &impl serde::Serialize) -> Response {
    Response {
        status: 200,
        retry_after: None,
        body: serde_json::to_vec(value).unwrap(),
    }
}

/// Counts a request as given up when its future is dropped.
struct GivenUp<'a>(&'a FakeRelay);

impl Drop for GivenUp<'_> {
    fn drop(&mut self) {
        self.0.0.lock().unwrap().cancelled += 1;
    }
}

impl Transport for FakeRelay {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let hold = self.0.lock().unwrap().hold.take();
        async move {
            if let Some((asked, may)) = hold {
                asked.send(()).unwrap();
                may.await.unwrap();
            }
            let answer = self.answer(&request);
            let meanwhile = self.0.lock().unwrap().meanwhile.take();
            if let Some(Meanwhile(happens)) = meanwhile {
                happens();
            }
            if answer == Err(TransportError::TimedOut) {
                let _given_up = GivenUp(self);
                std::future::pending::<()>().await;
            }
            answer
        }
        .boxed()
    }
}

/// Several relays, by the first label of their host's name.
#[derive(Debug)]
pub struct Relays(pub BTreeMap<&'static str, std::sync::Arc<FakeRelay>>);

impl Transport for Relays {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let host = request.url.host_str().unwrap();
        let name = host.split('.').next().unwrap();
        self.0[name].send(request)
    }
}

//! The relay, in this process and on this thread: its real HTTP surface, its real store and its real
//! planner over a database in memory. Every commit is held against the truth.

use std::{collections::BTreeSet, panic::AssertUnwindSafe, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes},
};
use futures_util::FutureExt as _;
use http_body_util::BodyExt as _;
use simphone::Time;
use tower::ServiceExt as _;
use truebadge_engine::transport;
use truebadge_protocol::{
    AccountId, BadgePolicy, Digest, Epoch, PushPayload, Totals, Version,
    messages::{Changes, ChangesQuery, Event, EventsRequest, OperationsApplied, OperationsRequest},
};
use truebadge_relay::{
    clock::ManualClock,
    faults::Fault,
    http::{App, Work, router},
    planner::Rules,
    random,
    secret::Hash,
    simulation::{Killed, MemoryFile},
    store::{Claim, DeviceDetail, Outgoing, Report, Store as _, StoreError, sqlite::SqliteStore},
};

use crate::{
    truth::{Taken, Truth},
    violation::{Property, Violation},
};

const PRODUCER: &str = "tbp_the-backend-of-the-simulated-world";
/// Where the engines find it.
pub const ADDRESS: &str = "https://relay.example/";

/// The relay, and what must be true of it.
#[derive(Debug)]
pub struct Backend {
    file: MemoryFile,
    rules: Rules,
    fault: Option<Fault>,
    time: ManualClock,
    process: Option<Running>,
    /// The truth of each account.
    pub truths: Vec<Truth>,
    /// Each token that was minted, and whose it is.
    tokens: Vec<(String, usize)>,
    /// What was under way when its process was killed: it took effect, or it did not.
    in_doubt: Option<(usize, Doubt)>,
    /// A phone's store was damaged: what it did may take effect again.
    pub twice_is_fair: bool,
    /// Rows on a page, at most.
    pub page: u32,
    /// A backup of the database, and of each account the moment in which it was made.
    backup: Option<(MemoryFile, Vec<usize>)>,
    /// Accounts that have ended here.
    pub over: BTreeSet<usize>,
}

/// A call whose answer never came.
#[derive(Debug, Clone)]
enum Doubt {
    Events(Vec<Event>),
    Operations(OperationsRequest, bool),
}

#[derive(Debug)]
struct Running {
    store: Arc<SqliteStore>,
    router: Router,
}

/// What came of a request.
#[derive(Debug)]
pub enum Served {
    /// An answer.
    Answer(transport::Response),
    /// The relay's process was killed meanwhile.
    Killed,
}

impl Backend {
    /// A relay with so many accounts, over this database and with these rules.
    pub fn new(
        accounts: usize,
        (file, rules): (MemoryFile, Rules),
        fault: Option<Fault>,
    ) -> Result<Self, StoreError> {
        let mut backend = Self {
            file,
            rules,
            fault,
            time: ManualClock::at(Time::EPOCH_UNIX_MS),
            process: None,
            truths: (0..accounts).map(|_| Truth::default()).collect(),
            tokens: Vec::new(),
            in_doubt: None,
            twice_is_fair: false,
            page: 500,
            backup: None,
            over: BTreeSet::new(),
        };
        backend.start()?;
        Ok(backend)
    }

    /// The name of an account on the relay.
    pub fn account(account: usize) -> &'static str {
        ["alice", "bob", "carol", "dave"][account % 4]
    }

    /// Moves its clock.
    pub fn set_time(&self, now: Time) {
        self.time.set(now.unix_ms());
    }

    /// Whether its process runs.
    pub fn runs(&self) -> bool {
        self.process.is_some()
    }

    /// Starts its process over what the last one left.
    pub fn start(&mut self) -> Result<(), StoreError> {
        let store = self.file.open(Some(self.rules.clone()));
        let store = Arc::new(store.with_fault(self.fault));
        store.release_claims()?;
        let app = App {
            store: store.clone(),
            clock: self.time.clock(),
            bell: Arc::default(),
            producer: Some(Hash::of(PRODUCER)),
            limiter: Arc::default(),
            work: Work::Inline,
        };
        let router = router(app);
        self.process = Some(Running { store, router });
        self.settle_doubt()
    }

    /// After a kill only the database knows whether the last call took effect.
    fn settle_doubt(&mut self) -> Result<(), StoreError> {
        let (Some((account, doubt)), Some(process)) = (self.in_doubt.take(), &self.process) else {
            return Ok(());
        };
        let id = AccountId::new(Self::account(account));
        let id = id.map_err(|error| StoreError::Failed(error.to_string()))?;
        let there = match process.store.account(&id) {
            Err(StoreError::NotFound) => return Ok(()),
            there => there?,
        };
        let truth = &mut self.truths[account];
        match doubt {
            Doubt::Events(events) => {
                if there.summary.head.get() > truth.now().head {
                    truth.events(&events);
                }
            }
            Doubt::Operations(request, seen_here) => {
                let known = truth.acknowledged.unwrap_or(0);
                if there
                    .devices
                    .iter()
                    .any(|device| device.acknowledged > known)
                {
                    truth.operations(&request.operations, seen_here);
                }
            }
        }
        Ok(())
    }

    /// Kills its process.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Mints a device token of an account.
    pub fn mint(&mut self, account: usize) -> Result<String, Violation> {
        let path = format!("/v1/accounts/{}/device_tokens", Self::account(account));
        let Some((status, body)) = self.ask("POST", &path, PRODUCER, None)? else {
            return Err(Violation::new(
                Property::Relay,
                "it was killed while it minted a token",
            ));
        };
        let token: truebadge_protocol::messages::DeviceToken = read(status, 201, &body)?;
        self.tokens.push((token.token.clone(), account));
        Ok(token.token)
    }

    /// Whose a device token is.
    pub fn account_of(&self, token: &str) -> Option<usize> {
        let found = self.tokens.iter().find(|(known, _)| known == token);
        found.map(|(_, account)| *account)
    }

    /// What the app's backend reports. The truth follows. False when the relay's process was killed
    /// before it answered: a backend then sends the same again.
    pub fn report(&mut self, account: usize, events: Vec<Event>) -> Result<bool, Violation> {
        if self.over.contains(&account) {
            return Ok(true);
        }
        let path = format!("/v1/accounts/{}/events", Self::account(account));
        let request = EventsRequest { events };
        let body = serde_json::to_vec(&request).map_err(|error| broken(&error))?;
        let Some((status, body)) = self.ask("POST", &path, PRODUCER, Some(body))? else {
            self.in_doubt = Some((account, Doubt::Events(request.events)));
            return Ok(false);
        };
        let committed: truebadge_protocol::messages::Committed = read(status, 200, &body)?;
        let truth = &mut self.truths[account];
        truth.events(&request.events);
        check(
            truth,
            &committed.epoch,
            committed.head,
            committed.totals,
            None,
        )?;
        Ok(true)
    }

    /// Carries a phone's request to it. The truth follows what it does.
    pub fn serve(&mut self, request: &transport::Request) -> Result<Served, Violation> {
        if self.process.is_none() {
            return Ok(Served::Killed);
        }
        let mut url = request.url.clone();
        self.shorten(&mut url);
        let mut path = url.path().to_owned();
        if let Some(query) = url.query() {
            path = format!("{path}?{query}");
        }
        let token = request.credentials.expose();
        let method = request.method.as_str();
        let Some((status, body)) = self.ask(method, &path, token, request.body.clone())? else {
            self.doubt(request)?;
            return Ok(Served::Killed);
        };
        if status == 204
            && let Some(account) = self.account_of(token)
            && !self.has_a_phone(account)
        {
            // The registration is gone: the next one counts its operations from the start.
            self.truths[account].acknowledged = None;
        }
        if status == 200
            && let Some(account) = self.account_of(token)
        {
            self.follow(account, request, &body)?;
        }
        Ok(Served::Answer(transport::Response {
            status,
            retry_after: None,
            body: body.to_vec(),
        }))
    }

    fn has_a_phone(&self, account: usize) -> bool {
        let Ok(id) = AccountId::new(Self::account(account)) else {
            return false;
        };
        let there = self
            .process
            .as_ref()
            .map(|process| process.store.account(&id));
        there.is_some_and(|there| there.is_ok_and(|there| !there.devices.is_empty()))
    }

    /// A relay may put fewer rows on a page than it is asked for.
    fn shorten(&self, url: &mut url::Url) {
        let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let asked = query.iter().find(|(name, _)| name == "limit");
        let most = asked
            .and_then(|(_, limit)| limit.parse().ok())
            .unwrap_or(500);
        if self.page < most
            && (url.path().ends_with("changes") || url.path().ends_with("operations"))
        {
            let rest = query.iter().filter(|(name, _)| name != "limit");
            url.query_pairs_mut()
                .clear()
                .extend_pairs(rest)
                .append_pair("limit", &self.page.to_string());
        }
    }

    fn doubt(&mut self, request: &transport::Request) -> Result<(), Violation> {
        let account = self.account_of(request.credentials.expose());
        if let Some(account) = account
            && request.url.path().ends_with("/operations")
        {
            let (sent, query) = operations(request)?;
            let epoch = self.truths[account].epoch.clone();
            if query.epoch.is_none() || query.epoch == epoch {
                let seen_here = query.epoch.is_some();
                self.in_doubt = Some((account, Doubt::Operations(sent, seen_here)));
            }
        }
        Ok(())
    }

    fn follow(
        &mut self,
        account: usize,
        request: &transport::Request,
        body: &[u8],
    ) -> Result<(), Violation> {
        let truth = &mut self.truths[account];
        let path = request.url.path();
        if path.ends_with("/operations") {
            let (sent, query) = operations(request)?;
            let answer: OperationsApplied = read(200, 200, body)?;
            let history = query.epoch.as_ref();
            let elsewhere = history.is_some_and(|of| *of != answer.changes.epoch);
            if elsewhere && answer.applied.is_empty() {
                return check_changes(truth, &answer.changes);
            }
            if elsewhere {
                let what = "operations of another history were applied";
                return Err(Violation::new(Property::Relay, what));
            }
            match truth.operations(&sent.operations, history.is_some()) {
                Taken::Hole => {
                    let what = "operations with a hole were taken";
                    return Err(Violation::new(Property::Relay, what));
                }
                Taken::All { again, .. } if !again.is_empty() && !self.twice_is_fair => {
                    let what = format!("operations {again:?} took effect a second time");
                    return Err(Violation::new(Property::S3, what));
                }
                Taken::All { .. } => {}
            }
            return check_changes(truth, &answer.changes);
        }
        if path.ends_with("/changes") {
            return check_changes(truth, &read(200, 200, body)?);
        }
        Ok(())
    }

    /// Takes a push that is due, or tells when the next one is: `None` when it does not run.
    pub fn claim(&mut self) -> Option<Claim> {
        let now = self.time.now();
        let store = Arc::clone(&self.process.as_ref()?.store);
        let claim = self.or_killed(|| store.claim(now))?;
        claim.ok()
    }

    /// What a push tells is the truth, as what an answer tells is.
    pub fn check_push(&self, push: &Outgoing) -> Result<(), Violation> {
        let told = PushPayload::parse(&push.payload).map_err(|error| broken(&error))?;
        let of = |truth: &&Truth| truth.epoch.as_ref() == Some(&told.epoch);
        let Some(truth) = self.truths.iter().find(of) else {
            return Ok(());
        };
        let now = truth.now();
        let acknowledged = truth.acknowledged.unwrap_or(told.acknowledged);
        let says = (
            told.version.get(),
            told.totals,
            told.acknowledged,
            told.counter,
        );
        let true_ = (now.head, now.totals(), acknowledged, push.key.counter);
        if says == true_ {
            return Ok(());
        }
        let what = format!("a push tells {says:?}, and the truth is {true_:?}");
        Err(Violation::new(Property::Relay, what))
    }

    /// Notes what became of a push. False when it was killed before.
    pub fn record(&mut self, push: &Outgoing, report: &Report) -> bool {
        let now = self.time.now();
        let Some(process) = &self.process else {
            return false;
        };
        let store = Arc::clone(&process.store);
        let noted = self.or_killed(|| store.record(&push.key, report, now));
        noted.is_some_and(|noted| noted.is_ok())
    }

    /// Its time, Unix milliseconds.
    pub fn now(&self) -> u64 {
        self.time.now()
    }

    /// Between 0 and 1, for a pause.
    pub fn jitter(&self) -> f64 {
        random::fraction()
    }

    /// The operator makes a backup, or restores the one that was made, and starts new histories.
    pub fn back_up_or_restore(&mut self) -> Result<(), Violation> {
        if !self.runs() || self.in_doubt.is_some() {
            return Ok(());
        }
        match self.backup.take() {
            None => {
                let copy = self.file.copy().map_err(|error| broken(&error))?;
                let moments = self.truths.iter().map(|truth| truth.past.len() - 1);
                self.backup = Some((copy, moments.collect()));
                Ok(())
            }
            Some((copy, moments)) => {
                self.kill();
                self.file.restore(&copy).map_err(|error| broken(&error))?;
                self.start().map_err(|error| broken(&error))?;
                for (truth, moment) in self.truths.iter_mut().zip(moments) {
                    truth.restore(moment);
                }
                self.restart_histories()
            }
        }
    }

    /// The account ends at the relay.
    pub fn end(&mut self, account: usize) -> Result<(), Violation> {
        let Some(process) = &self.process else {
            return Ok(());
        };
        let id = AccountId::new(Self::account(account)).map_err(|error| broken(&error))?;
        match process.store.remove_account(&id) {
            Ok(()) => self.over.insert(account),
            Err(StoreError::NotFound) => false,
            Err(error) => return Err(broken(&error)),
        };
        self.backup = None;
        Ok(())
    }

    /// Whether the phone is registered for an account so that the relay can paint its number.
    pub fn registered(&self, account: usize, policy: BadgePolicy) -> bool {
        let can = |device: &DeviceDetail| {
            let conditions = device.conditions;
            let told = conditions.badges_allowed && device.cursor.is_some() && device.sole_account;
            told && device.has_push_token && device.push_token_ended.is_none()
        };
        policy == BadgePolicy::Messages && self.devices(account).iter().any(can)
    }

    /// Whether the relay takes an account to be on the phone.
    pub fn has_phone(&self, account: usize) -> bool {
        !self.devices(account).is_empty()
    }

    fn devices(&self, account: usize) -> Vec<DeviceDetail> {
        let id = AccountId::new(Self::account(account)).ok();
        let known = self.process.as_ref().zip(id);
        let found = known.and_then(|(process, id)| process.store.account(&id).ok());
        found.map(|found| found.devices).unwrap_or_default()
    }

    /// New histories begin, as after a backup was restored.
    pub fn restart_histories(&mut self) -> Result<(), Violation> {
        let Some(process) = &self.process else {
            return Ok(());
        };
        process
            .store
            .restart_histories()
            .map_err(|error| broken(&error))?;
        for truth in &mut self.truths {
            truth.restart();
        }
        Ok(())
    }

    fn or_killed<T>(&mut self, call: impl FnOnce() -> T) -> Option<T> {
        match std::panic::catch_unwind(AssertUnwindSafe(call)) {
            Ok(value) => Some(value),
            Err(payload) if payload.is::<Killed>() => {
                self.kill();
                None
            }
            Err(payload) => std::panic::resume_unwind(payload),
        }
    }

    /// Nothing when its process was killed meanwhile.
    fn ask(
        &mut self,
        method: &str,
        path: &str,
        token: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Option<(u16, Bytes)>, Violation> {
        let Some(process) = &self.process else {
            return Err(Violation::new(
                Property::Relay,
                "it was asked while it did not run",
            ));
        };
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(Body::from(body.unwrap_or_default()))
            .map_err(|error| broken(&error))?;
        let router = process.router.clone();
        let answered = async {
            let response = match router.oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            let status = response.status().as_u16();
            let body = response.into_body().collect().await;
            body.map(|body| (status, body.to_bytes()))
        };
        match self.or_killed(|| answered.now_or_never()) {
            None => Ok(None),
            Some(Some(Ok(answer))) => Ok(Some(answer)),
            Some(Some(Err(error))) => Err(broken(&error)),
            Some(None) => Err(Violation::new(
                Property::Relay,
                "an answer did not come at once",
            )),
        }
    }
}

/// What a request with operations says.
fn operations(
    request: &transport::Request,
) -> Result<(OperationsRequest, ChangesQuery), Violation> {
    let sent = request.body.as_deref().unwrap_or_default();
    let sent = serde_json::from_slice(sent).map_err(|error| broken(&error))?;
    let query = request.url.query().unwrap_or_default();
    let query = serde_urlencoded::from_str(query).map_err(|error| broken(&error))?;
    Ok((sent, query))
}

fn check_changes(truth: &mut Truth, changes: &Changes) -> Result<(), Violation> {
    let digest = Some(changes.digest);
    check(truth, &changes.epoch, changes.head, changes.totals, digest)
}

/// What the relay says of an account is the truth.
fn check(
    truth: &mut Truth,
    epoch: &Epoch,
    head: Version,
    totals: Totals,
    digest: Option<Digest>,
) -> Result<(), Violation> {
    match &truth.epoch {
        Some(known) if known != epoch => {
            return Err(Violation::new(Property::Relay, "an unknown epoch was told"));
        }
        Some(_) => {}
        None => truth.epoch = Some(epoch.clone()),
    }
    let now = truth.now();
    let (told, true_) = ((head.get(), totals), (now.head, now.totals()));
    if told != true_ {
        let what = format!("it tells {told:?}, and the truth is {true_:?}");
        return Err(Violation::new(Property::Relay, what));
    }
    if digest.is_some_and(|digest| digest != now.digest()) {
        return Err(Violation::new(
            Property::Relay,
            "the digest it tells is wrong",
        ));
    }
    Ok(())
}

fn read<T: serde::de::DeserializeOwned>(
    status: u16,
    expected: u16,
    body: &[u8],
) -> Result<T, Violation> {
    if status != expected {
        let text = String::from_utf8_lossy(body);
        let what = format!("it answered {status}: {text}");
        return Err(Violation::new(Property::Relay, what));
    }
    serde_json::from_slice(body).map_err(|error| broken(&error))
}

fn broken(error: &dyn std::fmt::Display) -> Violation {
    Violation::new(Property::Relay, error.to_string())
}

//! What a relay has committed: accounts whose conversations are read elsewhere, and the pushes and pages
//! that tell of it. It makes the bytes that the engine is given, and no time that is measured.

use std::collections::HashMap;

use anyhow::Result;
use fastrand::Rng;
use truebadge_protocol::{
    ConversationId, ConversationState, Digest, Epoch, Level, Position, PushPayload, Route, Totals,
    Version,
    limits::CHANGES_DEFAULT,
    messages::{Changes, DeviceRegistered},
    push::Aps,
};

/// Unread items of each conversation at the start.
const UNREAD: u32 = 200;
/// Items of each conversation at the start.
const ITEMS: u64 = 1_000;

/// An account on a relay.
#[derive(Debug)]
pub struct Served {
    route: Route,
    epoch: Epoch,
    rows: Vec<ConversationState>,
    /// Which row has each version; the newest of each only.
    by_version: Vec<(Version, usize)>,
    totals: Totals,
    digest: Digest,
    head: u64,
    pushes: u64,
    rng: Rng,
}

impl Served {
    /// An account with so many conversations, each with 200 unread items.
    pub fn new(name: &str, conversations: usize) -> Result<Self> {
        let mut served = Self {
            route: Route::new(format!("route-{name}"))?,
            epoch: Epoch::new("epoch-1")?,
            rows: Vec::with_capacity(conversations),
            by_version: Vec::new(),
            totals: Totals::ZERO,
            digest: Digest::EMPTY,
            head: 0,
            pushes: 0,
            rng: Rng::with_seed(7),
        };
        for number in 0..conversations {
            let id = ConversationId::new(conversation_id(number))?;
            served.rows.push(ConversationState::empty(id));
            served.change(number)?;
        }
        served.index();
        Ok(served)
    }

    /// The number that the badge must show.
    pub fn badge(&self) -> u64 {
        self.totals.unread
    }

    /// The newest version.
    pub const fn head(&self) -> u64 {
        self.head
    }

    /// The conversations.
    pub fn rows(&self) -> &[ConversationState] {
        &self.rows
    }

    /// Somebody reads one more item of a random conversation elsewhere. Gives which one.
    pub fn read_one(&mut self) -> Result<usize> {
        let number = self.rng.usize(..self.rows.len());
        self.change(number)?;
        Ok(number)
    }

    /// Something is read in so many conversations, each once.
    pub fn read_in_each(&mut self, conversations: usize) -> Result<()> {
        for number in 0..conversations {
            self.change(number)?;
        }
        self.index();
        Ok(())
    }

    /// The push that tells of the newest change, to a phone that confirmed the one before.
    pub fn push(&mut self, changed: usize) -> Result<Vec<u8>> {
        self.pushes += 1;
        let payload = PushPayload {
            route: self.route.clone(),
            epoch: self.epoch.clone(),
            counter: self.pushes,
            base: Version::new(self.head - 1)?,
            version: Version::new(self.head)?,
            totals: self.totals,
            acknowledged: 0,
            rows: Some(vec![self.rows[changed].clone()]),
            item: None,
            sync_wanted: false,
        };
        let aps = Aps {
            content_available: true,
            ..Aps::default()
        };
        Ok(payload.compose(&aps)?)
    }

    /// The page of changes above a version, as a relay answers to a request that names no limit.
    pub fn page(&self, since: u64) -> Result<Vec<u8>> {
        let begin = self.by_version.partition_point(|(at, _)| at.get() <= since);
        let end = self.by_version.len().min(begin + CHANGES_DEFAULT);
        let more = end < self.by_version.len();
        let next = match self.by_version.get(end.wrapping_sub(1)) {
            Some((version, _)) if more => *version,
            _ => Version::new(self.head)?,
        };
        let row = |(_, number): &(Version, usize)| self.rows[*number].clone();
        Ok(serde_json::to_vec(&Changes {
            epoch: self.epoch.clone(),
            reset: since == 0,
            changes: self.by_version[begin..end].iter().map(row).collect(),
            next,
            head: Version::new(self.head)?,
            more,
            confirm: false,
            totals: self.totals,
            digest: self.digest,
            acknowledged: 0,
            last_push: self.pushes,
            push_token_ended: None,
            server_time: 0,
        })?)
    }

    /// All pages above a version, by the version that each is asked for with.
    pub fn pages(&self, since: u64) -> Result<HashMap<u64, Vec<u8>>> {
        let mut pages = HashMap::new();
        let mut from = since;
        loop {
            let page = self.page(from)?;
            pages.insert(from, page);
            let begin = self.by_version.partition_point(|(at, _)| at.get() <= from);
            match self.by_version.get(begin + CHANGES_DEFAULT - 1) {
                Some((next, _)) if begin + CHANGES_DEFAULT < self.by_version.len() => {
                    from = next.get();
                }
                _ => return Ok(pages),
            }
        }
    }

    /// The answer to a registration.
    pub fn registered(&self) -> Result<Vec<u8>> {
        Ok(serde_json::to_vec(&DeviceRegistered {
            route: self.route.clone(),
            epoch: self.epoch.clone(),
            head: Version::new(self.head)?,
            server_time: 0,
        })?)
    }

    /// Gives a conversation its next state: its first items, one more that is read, or as many new ones
    /// as it began with when all but one are read.
    fn change(&mut self, number: usize) -> Result<()> {
        self.head += 1;
        let row = &mut self.rows[number];
        let (totals, digest) = (row.counted(), Digest::of_row(row));
        row.version = Version::new(self.head)?;
        row.level = Level::All;
        if row.unread > 1 {
            row.unread -= 1;
            row.read_up_to = Position::new(row.read_up_to.get() + 1)?;
        } else {
            row.newest = Position::new(row.newest.get() + ITEMS)?;
            row.read_up_to = Position::new(row.newest.get() - u64::from(UNREAD))?;
            row.unread = UNREAD;
        }
        self.totals = self.totals.replacing(totals, row.counted());
        self.digest = self.digest.replacing(digest, Digest::of_row(row));
        Ok(())
    }

    fn index(&mut self) {
        let rows = self.rows.iter().enumerate();
        self.by_version = rows.map(|(number, row)| (row.version, number)).collect();
        self.by_version.sort_unstable();
    }
}

/// As long as the ids of chat rooms are.
pub fn conversation_id(number: usize) -> String {
    format!("!conversation-{number:07}:chat.example")
}

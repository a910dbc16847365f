//! A store with an account or two, and short ways to call it.

use serde_json::{Value, json};
use tempfile::TempDir;
use truebadge_protocol::{
    AccountId, ConversationId, DeviceId, Epoch, Version,
    messages::{Changes, Committed, OperationsApplied},
};
use truebadge_relay::{
    planner::Rules,
    secret::Hash,
    store::{Ask, Claim, Credential, Outgoing, Report, Result, Store, TokenRow},
};

/// Some moment, in Unix milliseconds.
pub const NOW: u64 = 1_780_000_000_000;
pub const MINUTE: u64 = 60_000;
pub const DAY: u64 = 24 * 60 * MINUTE;

/// Makes a world with a store of its own.
pub type Make = fn(Option<Rules>) -> World;

pub struct World {
    pub store: Box<dyn Store>,
    _folder: Option<TempDir>,
}

pub fn account(name: &str) -> AccountId {
    AccountId::new(name).unwrap()
}

pub fn conversation(name: &str) -> ConversationId {
    ConversationId::new(name).unwrap()
}

pub fn device(name: &str) -> DeviceId {
    DeviceId::new(name).unwrap()
}

pub fn version(number: u64) -> Version {
    Version::new(number).unwrap()
}

pub fn item(conversation: &str, position: u64) -> Value {
    json!({ "type": "item", "conversation": conversation, "position": position })
}

pub fn read(conversation: &str, up_to: u64) -> Value {
    json!({ "type": "read", "conversation": conversation, "up_to": up_to })
}

/// A registration that lets everything through.
pub fn registration() -> Value {
    json!({ "push_token": "aabb", "environment": "sandbox", "topic": "com.example.app",
            "sole_account": true })
}

impl World {
    pub fn new(store: impl Store, folder: Option<TempDir>) -> Self {
        Self {
            store: Box::new(store),
            _folder: folder,
        }
    }

    /// The backend reports events of Alice's.
    pub fn events(&self, events: &[Value]) -> Committed {
        self.events_of("alice", events)
    }

    pub fn events_of(&self, name: &str, events: &[Value]) -> Committed {
        let request = serde_json::from_value(json!({ "events": events })).unwrap();
        let committed = self
            .store
            .commit_events(&account(name), &request, None, NOW);
        committed.unwrap()
    }

    /// A new device token of Alice's, by its name.
    pub fn token(&self, name: &str) -> TokenRow {
        self.token_of("alice", name)
    }

    pub fn token_of(&self, owner: &str, name: &str) -> TokenRow {
        let hash = Hash::of(name);
        let minted = self.store.mint_token(&account(owner), name, &hash, NOW);
        minted.unwrap();
        match self.store.authenticate(&hash).unwrap() {
            Some(Credential::Device(row)) => row,
            other => panic!("{other:?}"),
        }
    }

    pub fn register(&self, token: TokenRow, name: &str) {
        self.register_as(token, name, &registration()).unwrap();
    }

    pub fn register_as(&self, token: TokenRow, name: &str, registration: &Value) -> Result<()> {
        let registration = serde_json::from_value(registration.clone()).unwrap();
        let registered = self
            .store
            .register(token, &device(name), &registration, NOW)?;
        assert_eq!(registered.server_time, NOW);
        Ok(())
    }

    /// A phone of Alice's that has registered and knows everything.
    pub fn phone(&self, name: &str) -> Phone<'_> {
        let token = self.token(name);
        self.register(token, name);
        let mut phone = Phone {
            world: self,
            token,
            epoch: None,
            since: Version::ZERO,
        };
        phone.sync(&[]);
        phone
    }

    /// The push that is due.
    #[track_caller]
    pub fn push(&self, now: u64) -> Outgoing {
        match self.store.claim(now).unwrap() {
            Claim::Push(push) => *push,
            other => panic!("{other:?}"),
        }
    }

    /// Nothing is due.
    #[track_caller]
    pub fn quiet(&self, now: u64) {
        let claim = self.store.claim(now).unwrap();
        assert!(!matches!(claim, Claim::Push(_)), "{claim:?}");
    }

    pub fn record(&self, push: &Outgoing, report: &Report, now: u64) {
        self.store.record(&push.key, report, now).unwrap();
    }
}

pub struct Phone<'a> {
    world: &'a World,
    pub token: TokenRow,
    pub epoch: Option<Epoch>,
    pub since: Version,
}

impl Phone<'_> {
    pub fn ask(&self, limit: usize, received: &[u64]) -> Ask {
        Ask {
            epoch: self.epoch.clone(),
            since: self.since,
            limit,
            received: received.to_vec(),
        }
    }

    pub fn page(&mut self, limit: usize, received: &[u64]) -> Changes {
        self.page_at(NOW, limit, received)
    }

    fn page_at(&mut self, now: u64, limit: usize, received: &[u64]) -> Changes {
        let ask = self.ask(limit, received);
        let changes = self.world.store.changes(self.token, &ask, now).unwrap();
        self.note(&changes);
        changes
    }

    pub fn sync_at(&mut self, now: u64, received: &[u64]) -> Changes {
        self.page_at(now, 1000, received)
    }

    pub fn sync(&mut self, received: &[u64]) -> Changes {
        self.page(1000, received)
    }

    pub fn operate(&mut self, operations: &[Value]) -> Result<OperationsApplied> {
        let request = json!({ "operations": operations });
        let request = serde_json::from_value(request).unwrap();
        let ask = self.ask(1000, &[]);
        let applied = self.world.store.operate(self.token, &request, &ask, NOW)?;
        self.note(&applied.changes);
        Ok(applied)
    }

    fn note(&mut self, changes: &Changes) {
        self.epoch = Some(changes.epoch.clone());
        self.since = changes.next;
    }
}

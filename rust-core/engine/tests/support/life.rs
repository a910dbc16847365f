//! What had happened to the phone of which each schema's store is kept in `fixtures/store`.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use truebadge_engine::{Disposition, Process};
use truebadge_protocol::{AccountId, BadgePolicy};

use super::{FakeRelay, Fault, Phone, Relays, conversation, push};

/// The schema that the engine writes now.
pub const SCHEMA: u32 = 2;

/// A phone with three accounts, each on a relay of its own.
pub struct Life {
    pub phone: Phone,
    pub home: Arc<FakeRelay>,
    pub work: Arc<FakeRelay>,
    pub third: Arc<FakeRelay>,
}

pub fn named(account: &str) -> AccountId {
    AccountId::new(account).unwrap()
}

impl Life {
    /// What happened before the first, or the second, schema's store was kept: Alice's mirror is whole,
    /// and two of her operations were never sent; a push told of more at work than came; one page of
    /// Bob's first fetch came.
    pub async fn until(schema: u32) -> Self {
        let relay = |route: &str| {
            let relay = Arc::new(FakeRelay::new());
            route.clone_into(&mut relay.0.lock().unwrap().route);
            relay
        };
        let (work, third) = (relay("route-work"), relay("route-bob"));
        let mut phone = Phone::new();
        let home = Arc::clone(&phone.relay);
        let left = relay("route-carol");
        left.plan(&vec![Some(Fault::Lost); 20]);
        phone.engine = phone.engine_over(relays(&home, &work, &third, left));
        let life = Self {
            phone,
            home,
            work,
            third,
        };
        life.synced().await;
        if schema >= 2 {
            life.has_refusals_and_departures().await;
        }
        life.ahead_at_work().await;
        life.goes_offline().await;
        life.phone.engine.suspend();
        life
    }

    async fn synced(&self) {
        let Self { phone, home, .. } = self;
        let add = |account, relay| phone.engine.add_account(&named(account), relay).unwrap();
        phone.engine.set_push_token(Some("c0ffee")).unwrap();
        phone.engine.set_policy(BadgePolicy::Messages).unwrap();
        add("alice at work", "https://work.example/");
        home.arrive("a", 3);
        home.arrive("b", 2);
        home.arrive("c", 1);
        home.read_elsewhere("c");
        self.work.arrive("team", 4);
        self.work.arrive("all", 1);
        assert!(phone.refresh().await.synced);
        phone.read_here("a", 1, 2);
        assert!(phone.refresh().await.synced);
    }

    async fn has_refusals_and_departures(&self) {
        let Self { phone, home, .. } = self;
        home.0.lock().unwrap().rejects_with = Some("read_only".to_owned());
        phone.mark_here("a", true);
        assert_eq!(phone.refresh().await.rejected.len(), 1);
        home.0.lock().unwrap().rejects_with = None;
        let carol = named("carol");
        phone
            .engine
            .add_account(&carol, "https://left.example/")
            .unwrap();
        phone.engine.sign_out(&carol).unwrap();
    }

    async fn ahead_at_work(&self) {
        let work = &self.work;
        work.arrive("team", 1);
        work.read_elsewhere("all");
        let (head, all) = {
            let state = work.0.lock().unwrap();
            (state.now.head, state.now.rows[&conversation("all")].clone())
        };
        work.plan(&[Some(Fault::Lost), Some(Fault::Lost)]);
        let bytes = push(work, 1, head - 1, head, Some(vec![all]), work.truth());
        let outcome = self.phone.push(&bytes).await;
        assert_eq!(outcome.disposition, Some(Disposition::Gap));
    }

    async fn goes_offline(&self) {
        let Self { phone, third, .. } = self;
        for conversation in ["x", "y", "z"] {
            third.arrive(conversation, 1);
        }
        third.0.lock().unwrap().page = 2;
        let bob = named("bob");
        phone
            .engine
            .add_account(&bob, "https://third.example/")
            .unwrap();
        let lost = || vec![Some(Fault::Lost); 4];
        third.plan(&[None, None, Some(Fault::Lost)]);
        self.home.plan(&lost());
        self.work.plan(&lost());
        phone.read_here("b", 2, 0);
        phone.mark_here("c", true);
        assert!(!phone.refresh().await.synced);
        for relay in [&self.home, &self.work, third] {
            let mut relay = relay.0.lock().unwrap();
            relay.faults.clear();
            relay.requests.clear();
        }
    }

    /// The same phone with the store that was kept of a schema, in a process that has not opened it.
    pub async fn with_store_of(schema: u32) -> Self {
        let life = Self::until(schema).await;
        for file in std::fs::read_dir(life.phone.directory.path()).unwrap() {
            std::fs::remove_file(file.unwrap().path()).unwrap();
        }
        std::fs::copy(kept(schema), life.phone.store()).unwrap();
        life.opened_by(Process::App)
    }

    /// Another process of this phone.
    pub fn opened_by(&self, process: Process) -> Self {
        let mut phone = self.phone.again(process);
        let left = Arc::new(FakeRelay::new());
        let relays = relays(&self.home, &self.work, &self.third, left);
        phone.engine = phone.engine_of(process, relays);
        Self {
            phone,
            home: Arc::clone(&self.home),
            work: Arc::clone(&self.work),
            third: Arc::clone(&self.third),
        }
    }

    /// What all accounts add up to: items, and conversations that were marked by hand.
    pub fn truth(&self) -> u32 {
        let accounts = [&self.home, &self.work, &self.third];
        let counted: u64 = accounts.map(|relay| relay.truth().unread).iter().sum();
        u32::try_from(counted).unwrap()
    }
}

/// The store that was kept of a schema.
pub fn kept(schema: u32) -> std::path::PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/store");
    tests.join(format!("schema-{schema}.sqlite"))
}

fn relays(
    home: &Arc<FakeRelay>,
    work: &Arc<FakeRelay>,
    third: &Arc<FakeRelay>,
    left: Arc<FakeRelay>,
) -> Arc<Relays> {
    Arc::new(Relays(BTreeMap::from([
        ("relay", Arc::clone(home)),
        ("work", Arc::clone(work)),
        ("third", Arc::clone(third)),
        ("left", left),
    ])))
}

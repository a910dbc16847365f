//! The store and the reference, side by side.

use proptest::{prelude::*, test_runner::TestCaseError};
use serde_json::json;
use truebadge_protocol::{
    AccountId, DeviceId, Digest, OperationId, Totals, Version,
    messages::{Action, Event, EventsRequest, Operation, OperationsRequest},
};
use truebadge_relay::{
    secret::Hash,
    store::{Ask, Credential, IdempotencyKey, Store, StoreError, TokenRow, sqlite::SqliteStore},
};

use crate::{
    phones::{Mirror, Phone},
    reference::Reference,
    steps::{PHONES, Step},
};

type Checked = Result<(), TestCaseError>;

pub struct World {
    store: SqliteStore,
    account: AccountId,
    reference: Reference,
    phones: Vec<Phone>,
    /// What somebody who followed once knew, at each cursor.
    known: Vec<Mirror>,
    /// May read, and confirms nothing.
    observer: TokenRow,
    /// Tokens and keys that were made.
    minted: usize,
}

impl World {
    pub fn new() -> Self {
        let store = SqliteStore::in_memory(None).unwrap();
        let account = AccountId::new("alice").unwrap();
        let observer = mint(&store, &account, "observer");
        let mut world = Self {
            store,
            account,
            reference: Reference::default(),
            phones: Vec::new(),
            known: vec![Mirror::default()],
            observer,
            minted: 0,
        };
        for number in 0..PHONES {
            let id = DeviceId::new(format!("phone-{number}")).unwrap();
            let token = world.token(&id);
            world.phones.push(Phone {
                id,
                token,
                mirror: Mirror::default(),
                sent: Vec::new(),
                refused: Vec::new(),
                number: 0,
            });
        }
        world
    }

    /// A new device token, with which the device has registered.
    fn token(&mut self, id: &DeviceId) -> TokenRow {
        self.minted += 1;
        let name = format!("token-{}", self.minted);
        let token = mint(&self.store, &self.account, &name);
        let registration = json!({ "environment": "sandbox", "topic": "com.example.app" });
        let registration = serde_json::from_value(registration).unwrap();
        self.store.register(token, id, &registration, 1).unwrap();
        token
    }

    pub fn take(&mut self, step: &Step) -> Checked {
        match step {
            Step::Events(events) => self.events(events, None)?,
            Step::EventsTwice(events) => {
                self.minted += 1;
                let key = Hash::of(self.minted.to_string());
                let body = key;
                self.events(events, Some(&IdempotencyKey { key, body }))?;
            }
            Step::Upsert(id, state) => {
                self.reference.upsert(id, state);
                let committed = self.store.upsert(&self.account, id, state, 1).unwrap();
                prop_assert_eq!(committed.head, self.reference.head);
            }
            Step::Operate {
                phone,
                again,
                actions,
                hole,
            } => self.operate(*phone, *again, actions, *hole)?,
            Step::Sync { phone, limit } => {
                let phone = &mut self.phones[*phone];
                let ask = ask(&phone.mirror, *limit);
                let page = self.store.changes(phone.token, &ask, 1).unwrap();
                phone.mirror.take(&page);
            }
            Step::Forget { phone } => self.phones[*phone].mirror = Mirror::default(),
            Step::SignOut { phone } => {
                let old = self.phones[*phone].clone();
                self.store.sign_out(old.token, &old.id).unwrap();
                let token = self.token(&old.id);
                self.phones[*phone] = Phone {
                    token,
                    mirror: Mirror::default(),
                    sent: Vec::new(),
                    refused: Vec::new(),
                    number: 0,
                    ..old
                };
            }
            Step::Replace { phone } => {
                let id = self.phones[*phone].id.clone();
                self.phones[*phone].token = self.token(&id);
            }
            Step::Restart => {
                self.store.restart_histories().unwrap();
                for phone in &mut self.phones {
                    phone.sent.clear();
                    phone.refused.clear();
                }
            }
        }
        Ok(())
    }

    fn events(&mut self, events: &[Event], key: Option<&IdempotencyKey>) -> Checked {
        let before: Vec<_> = self.reference.states().collect();
        for event in events {
            self.reference.event(event);
        }
        let after = self.reference.states();
        let changed = after.filter(|state| !before.contains(state)).count();
        let request = EventsRequest {
            events: events.to_vec(),
        };
        let commit = || {
            self.store
                .commit_events(&self.account, &request, key, 1)
                .unwrap()
        };
        let committed = commit();
        prop_assert_eq!(committed.head, self.reference.head);
        prop_assert_eq!(committed.changed, changed as u64);
        if key.is_some() {
            prop_assert_eq!(commit(), committed);
        }
        Ok(())
    }

    fn operate(&mut self, phone: usize, again: usize, actions: &[Action], hole: bool) -> Checked {
        let all = ask(&Mirror::default(), 1);
        let epoch = self.store.changes(self.observer, &all, 1).unwrap().epoch;
        let phone = &mut self.phones[phone];
        let elsewhere = phone.mirror.epoch.as_ref().is_some_and(|of| *of != epoch);
        if elsewhere {
            let one =
                |action: &Action| operation(&(phone.number + 1, action.clone(), Version::ZERO));
            let request = OperationsRequest {
                operations: actions.first().map(one).into_iter().collect(),
            };
            let ask = ask(&phone.mirror, 1000);
            let answer = self.store.operate(phone.token, &request, &ask, 1).unwrap();
            prop_assert!(
                answer.applied.is_empty(),
                "another history's are not applied"
            );
            prop_assert!(answer.changes.reset);
            phone.mirror.take(&answer.changes);
            return Ok(());
        }
        let seen = phone.mirror.cursor;
        let mut all = phone.sent.split_off(phone.sent.len().saturating_sub(again));
        let known = all.len();
        for action in actions {
            phone.number += 1;
            all.push((phone.number, action.clone(), seen));
        }
        let mut request = OperationsRequest {
            operations: all.iter().map(operation).collect(),
        };
        let ask = ask(&phone.mirror, 1000);
        // The last follows on one that is in the request, or on one that the relay knows of.
        if hole && (all.len() > 1 || (all.len() == 1 && !phone.sent.is_empty())) {
            let whole = request.clone();
            request.operations.last_mut().unwrap().number = phone.number + 2;
            let refused = self.store.operate(phone.token, &request, &ask, 1);
            let refused = matches!(refused, Err(StoreError::Hole { .. }));
            prop_assert!(refused, "a hole undoes the whole call");
            request = whole;
        }
        let answer = self.store.operate(phone.token, &request, &ask, 1).unwrap();
        let mut outcomes = answer.applied.iter();
        for (number, ..) in &all[..known] {
            if phone.refused.contains(number) {
                let again = outcomes.next();
                let told = again.is_some_and(|one| one.number == *number && one.rejected.is_some());
                prop_assert!(told, "what was refused is told again");
            }
        }
        prop_assert_eq!(outcomes.len(), actions.len(), "each is applied once");
        let here = phone.mirror.epoch.is_some();
        for (outcome, (number, action, seen)) in outcomes.zip(&all[known..]) {
            let seen = if here { *seen } else { Version::ZERO };
            let done = self.reference.action(action, &phone.id, seen);
            prop_assert_eq!(outcome.number, *number);
            prop_assert_eq!(outcome.rejected.is_none(), done);
            prop_assert_eq!(outcome.version, done.then_some(self.reference.head));
            if !done {
                phone.refused.push(*number);
            }
        }
        if !all.is_empty() {
            prop_assert_eq!(answer.changes.acknowledged, phone.number);
        }
        prop_assert_eq!(answer.changes.head, self.reference.head);
        phone.sent.extend(all);
        phone.mirror.take(&answer.changes);
        Ok(())
    }

    /// Everything that must hold after each step.
    pub fn check(&mut self) -> Checked {
        let mut states: Vec<_> = self.reference.states().collect();
        states.sort_by_key(|state| state.version);
        prop_assert!(states.windows(2).all(|two| two[0].version < two[1].version));
        let newest = states.last().map_or(Version::ZERO, |state| state.version);
        prop_assert_eq!(newest, self.reference.head);
        let active: Vec<_> = states.iter().filter(|state| state.is_active()).collect();
        // Whoever followed up to any cursor, and every phone, in whatever it is.
        let phones = self.phones.iter().map(|phone| &phone.mirror);
        let mut followers: Vec<_> = phones.chain(&self.known).cloned().collect();
        for (number, mirror) in followers.iter_mut().enumerate() {
            self.follow(mirror, number % 3 + 1, &states)?;
            let rows: Vec<_> = mirror.rows.values().collect();
            let mut expected = active.clone();
            expected.sort_by(|one, other| one.id.cmp(&other.id));
            prop_assert_eq!(rows, expected);
        }
        // So many cursors that a follower of each kind of step is among them.
        let caught_up = followers.pop().unwrap();
        if self.known.len() == 6 {
            self.known.remove(1);
        }
        self.known.push(caught_up);
        Ok(())
    }

    fn follow(
        &self,
        mirror: &mut Mirror,
        limit: usize,
        states: &[truebadge_protocol::ConversationState],
    ) -> Checked {
        loop {
            let ask = ask(mirror, limit);
            let page = self.store.changes(self.observer, &ask, 1).unwrap();
            prop_assert_eq!(page.head, self.reference.head);
            prop_assert_eq!(page.totals, Totals::of(states));
            prop_assert_eq!(page.digest, Digest::of(states));
            prop_assert!(page.changes.len() <= limit);
            if mirror.take(&page) {
                return Ok(());
            }
        }
    }
}

fn mint(store: &SqliteStore, account: &AccountId, name: &str) -> TokenRow {
    let hash = Hash::of(name);
    store.mint_token(account, name, &hash, 1).unwrap();
    match store.authenticate(&hash).unwrap() {
        Some(Credential::Device(row)) => row,
        other => panic!("{other:?}"),
    }
}

fn ask(mirror: &Mirror, limit: usize) -> Ask {
    Ask {
        epoch: mirror.epoch.clone(),
        since: mirror.since(),
        limit,
        received: Vec::new(),
    }
}

fn operation((number, action, seen): &(u64, Action, Version)) -> Operation {
    Operation {
        number: *number,
        id: OperationId::new(format!("op-{number}")).unwrap(),
        seen: *seen,
        action: action.clone(),
    }
}

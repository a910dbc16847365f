//! A wake in, an outcome out: the only place where the pure parts meet I/O.

mod accounts;
mod deadline;
mod delivered;
mod departures;
mod flight;
mod operations;
mod publication;
mod registration;
mod request;
mod tasks;
mod values;
mod wake;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
};

use truebadge_protocol::{AccountId, messages::Conditions};

use crate::{
    EngineError, Spawner, Timestamp,
    spawner::OwnRuntime,
    store::{AccountKey, Durability, Registration, Store, is_push_token},
};

pub(crate) use accounts::relay_address;
pub(crate) use deadline::Deadline;
use flight::Turn;
use tasks::Tasks;
pub use values::{
    AccountView, AtZero, BadgeState, Bridges, Cause, Configuration, ConversationView, Process,
    PushReceipt, RejectedOperation, WakeOutcome,
};
use wake::Wake;

/// The core. Cheap to make: nothing is opened or started before it is needed.
#[derive(Debug)]
pub struct Engine {
    core: Arc<Core>,
}

/// What the engine's tasks share.
#[derive(Debug)]
struct Core {
    configuration: Configuration,
    bridges: Bridges,
    store: Store,
    flights: Mutex<HashMap<AccountKey, Arc<Turn>>>,
    departing: Mutex<HashMap<AccountId, Arc<tokio::sync::Mutex<()>>>>,
    tickets: AtomicU64,
    wakes: AtomicUsize,
    foreground: AtomicBool,
    /// Told of each suspension: requests under way are then given up.
    suspensions: tokio::sync::Notify,
    /// Has one more owner for each zero that is shown once the notifications that are read have gone.
    zero_waits: Arc<()>,
    /// Held while zero is shown.
    at_zero: tokio::sync::Mutex<()>,
    tasks: Tasks,
}

impl Engine {
    /// An engine over the store in `configuration.directory`, with a runtime of its own. Opens nothing.
    pub fn new(configuration: Configuration, bridges: Bridges) -> Result<Self, EngineError> {
        Self::with_spawner(configuration, bridges, Arc::new(OwnRuntime::default()))
    }

    /// The same, but its tasks run where the host says.
    pub fn with_spawner(
        configuration: Configuration,
        bridges: Bridges,
        spawner: Arc<dyn Spawner>,
    ) -> Result<Self, EngineError> {
        if configuration.topic.is_empty() {
            return Err(EngineError::InvalidArgument(
                "the topic (bundle identifier) is empty",
            ));
        }
        let store = Store::new(&configuration, Arc::clone(&bridges.clock));
        let core = Core {
            configuration,
            bridges,
            store,
            flights: Mutex::default(),
            departing: Mutex::default(),
            tickets: AtomicU64::new(1),
            wakes: AtomicUsize::new(0),
            foreground: AtomicBool::new(false),
            suspensions: tokio::sync::Notify::new(),
            zero_waits: Arc::new(()),
            at_zero: tokio::sync::Mutex::default(),
            tasks: Tasks::new(spawner),
        };
        Ok(Self {
            core: Arc::new(core),
        })
    }

    /// The core for a single call, which closes the store after itself in the background (S6).
    fn visit(&self) -> Wake {
        Wake::visit(&self.core)
    }

    /// The badge as the last change left it.
    pub fn badge(&self) -> Result<BadgeState, EngineError> {
        self.visit().store.read(|tx| tx.badge())
    }

    /// Which number the badge shows.
    pub fn policy(&self) -> Result<truebadge_protocol::BadgePolicy, EngineError> {
        self.visit().store.read(|tx| tx.policy())
    }

    /// Changes which number the badge shows, and sets it.
    pub fn set_policy(
        &self,
        policy: truebadge_protocol::BadgePolicy,
    ) -> Result<BadgeState, EngineError> {
        self.visit()
            .change(Durability::Person, |tx| tx.set_policy(policy))
    }

    /// Takes APNs' device token, in hexadecimal. The relays are told at the next wake with a
    /// network. Give it at every launch: it can change at any time. One that APNs had ended, and that
    /// iOS gave again, is tried again.
    ///
    /// Gives whether relays must hear of it: it is another one, or the one that APNs ended, once more.
    pub fn set_push_token(&self, token: Option<&str>) -> Result<bool, EngineError> {
        if token.is_some_and(|token| !is_push_token(token)) {
            return Err(EngineError::InvalidArgument(
                "the push token is not hexadecimal",
            ));
        }
        self.visit().store.write(Durability::Refetchable, |tx| {
            // One that is damaged is another one.
            let is_another = !matches!(tx.push_token(), Ok(known) if known.as_deref() == token);
            tx.set_push_token(token)?;
            Ok(tx.forget_ended_push_token()? || is_another)
        })
    }

    /// Takes what the phone's settings let through. The relays are told at the next wake with a
    /// network.
    pub fn set_conditions(&self, conditions: Conditions) -> Result<(), EngineError> {
        self.change_conditions(|_| conditions)
    }

    /// As [`Engine::set_conditions`], by what was told before: an extension cannot see all of them.
    pub fn change_conditions(
        &self,
        change: impl Fn(Conditions) -> Conditions,
    ) -> Result<(), EngineError> {
        self.visit().store.write(Durability::Refetchable, |tx| {
            tx.set_conditions(change(tx.conditions()?))
        })
    }

    /// Checks the whole store, makes it anew if it is damaged, and has the next refresh fetch every
    /// account anew and register this phone again. Deletes nothing that the person made. Gives
    /// whether the store was damaged. Only the app may.
    pub fn repair(&self) -> Result<bool, EngineError> {
        if self.core.configuration.process == Process::Extension {
            return Err(EngineError::AppMustRunFirst);
        }
        let visit = self.visit();
        let rebuilt = visit.store.check()?;
        visit.store.write(Durability::Refetchable, |tx| {
            for mut account in tx.accounts()? {
                account.reset_wanted = true;
                account.registration = Registration::default();
                (account.failures, account.retry_at) = (0, Timestamp::default());
                tx.save_account(&account)?;
            }
            Ok(())
        })?;
        Ok(rebuilt)
    }

    /// Closes the store, leaves no file lock (S6), gives up the requests that are under way, and refuses
    /// every call until [`Engine::resume`]. Call it before iOS suspends the process.
    pub fn suspend(&self) {
        self.core.foreground.store(false, Ordering::Relaxed);
        self.core.hurry();
        self.core.store.suspend();
        self.core.suspensions.notify_waiters();
    }

    /// Ends a suspension.
    pub fn resume(&self) {
        self.core.store.resume();
    }
}

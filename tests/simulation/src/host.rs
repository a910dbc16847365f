//! What a process of the phone asks of the world around it: iOS, the network, the clock. The calls
//! queue up in the order in which they were made; the world answers them when it likes.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{FutureExt as _, future::BoxFuture};
use simphone::Time;
use tokio::sync::oneshot;
use truebadge_engine::{
    AppBadge, Clock, CredentialProvider, DeliveredNotification, DeliveredNotifications, Reply,
    Secret, Timestamp,
    transport::{Request, Response, Transport, TransportError},
};
use truebadge_protocol::AccountId;

use crate::executor::Owner;

/// Something that a process asked for.
pub enum Call {
    /// The number on the icon.
    SetBadge(u32, Reply<()>),
    /// The delivered notifications.
    List(Reply<Vec<DeliveredNotification>>),
    /// Some of them removed.
    Remove(Vec<String>, Reply<()>),
    /// Some of them delivered again.
    Restore(Vec<String>, Reply<()>),
    /// An account's token; the second is one that its relay refused.
    Credentials(AccountId, Option<Secret>, Reply<Option<Secret>>),
    /// An account's token deleted.
    Forget(AccountId, Secret, Reply<()>),
    /// A request carried.
    Request(Request, oneshot::Sender<Answer>),
    /// To be woken at this time.
    Sleep(u64, oneshot::Sender<()>),
}

/// What a request comes to.
pub type Answer = Result<Response, TransportError>;

/// The calls of every process, oldest first.
#[derive(Default, Clone)]
pub struct Calls(Arc<Mutex<Vec<(Owner, Call)>>>);

impl fmt::Debug for Calls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Calls")
    }
}

impl Calls {
    /// Takes them all.
    pub fn take(&self) -> Vec<(Owner, Call)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn push(&self, owner: Owner, call: Call) {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        calls.push((owner, call));
    }
}

/// One process's end of the calls.
#[derive(Debug, Clone)]
pub struct Host {
    /// Whose calls they are.
    pub owner: Owner,
    /// Where they go.
    pub calls: Calls,
    /// The phone's clocks.
    pub clocks: Arc<Clocks>,
}

/// The phone's clocks, which the world moves.
#[derive(Debug, Default)]
pub struct Clocks {
    /// Milliseconds since the world began.
    pub elapsed: AtomicU64,
    /// How far the wall clock is off from the world's.
    pub shift: AtomicI64,
}

impl AppBadge for Host {
    fn set_badge(&self, badge: u32, reply: Reply<()>) {
        self.calls.push(self.owner, Call::SetBadge(badge, reply));
    }
}

impl DeliveredNotifications for Host {
    fn list(&self, reply: Reply<Vec<DeliveredNotification>>) {
        self.calls.push(self.owner, Call::List(reply));
    }

    fn remove(&self, identifiers: Vec<String>, reply: Reply<()>) {
        self.calls
            .push(self.owner, Call::Remove(identifiers, reply));
    }

    fn restore(&self, identifiers: Vec<String>, reply: Reply<()>) {
        self.calls
            .push(self.owner, Call::Restore(identifiers, reply));
    }
}

impl CredentialProvider for Host {
    fn credentials(
        &self,
        account: &AccountId,
        refused: Option<Secret>,
        reply: Reply<Option<Secret>>,
    ) {
        let call = Call::Credentials(account.clone(), refused, reply);
        self.calls.push(self.owner, call);
    }

    fn forget(&self, account: &AccountId, credentials: Secret, reply: Reply<()>) {
        let call = Call::Forget(account.clone(), credentials, reply);
        self.calls.push(self.owner, call);
    }
}

impl Transport for Host {
    fn send(&self, request: Request) -> BoxFuture<'_, Answer> {
        let (answer, answered) = oneshot::channel();
        self.calls.push(self.owner, Call::Request(request, answer));
        async move { answered.await.unwrap_or(Err(TransportError::Broken)) }.boxed()
    }
}

impl Clock for Host {
    fn now(&self) -> Timestamp {
        let now = Time(self.clocks.elapsed.load(Ordering::Relaxed)).unix_ms();
        let shift = self.clocks.shift.load(Ordering::Relaxed);
        Timestamp(now.cast_signed().saturating_add(shift))
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.clocks.elapsed.load(Ordering::Relaxed))
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let until = self.elapsed().saturating_add(duration);
        let until = u64::try_from(until.as_millis()).unwrap_or(u64::MAX);
        let (wake, woken) = oneshot::channel();
        self.calls.push(self.owner, Call::Sleep(until, wake));
        async move {
            // The world ends with its last task.
            let _ = woken.await;
        }
        .boxed()
    }
}

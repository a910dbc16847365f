//! What only iOS has, and what the test must see of the rest.

use std::{
    fs::File,
    io::Write as _,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use futures_util::{FutureExt as _, future::BoxFuture};
use truebadge_engine::{
    AppBadge, AtZero, Configuration, CredentialProvider, DeliveredNotification,
    DeliveredNotifications, Process, Reply, Secret,
    transport::{BuiltinTransport, Request, Response, Transport, TransportError},
};
use truebadge_protocol::{AccountId, DeviceId, messages::PushEnvironment};

use crate::{
    icon::{self, Set},
    orders::Line,
};

/// Prints a line, in one write. Nobody reads what a killed phone would still have printed.
pub fn say(line: &Line) {
    if let Ok(mut text) = serde_json::to_vec(line) {
        text.push(b'\n');
        let _ = std::io::stdout().lock().write_all(&text);
    }
}

/// The icon: see [`icon`].
#[derive(Debug)]
pub struct Icon {
    file: File,
    sequence: AtomicU64,
    order: AtomicU64,
}

impl Icon {
    /// The icon in this file.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        Ok(Self {
            file: icon::open(path)?,
            sequence: AtomicU64::new(0),
            order: AtomicU64::new(0),
        })
    }

    /// An order begins.
    pub fn next_order(&self) {
        self.order.fetch_add(1, Ordering::SeqCst);
    }
}

impl AppBadge for Icon {
    fn set_badge(&self, badge: u32, reply: Reply<()>) {
        say(&Line::Setting);
        let set = Set {
            pid: std::process::id(),
            sequence: self.sequence.fetch_add(1, Ordering::SeqCst),
            order: self.order.load(Ordering::SeqCst),
            badge,
        };
        match icon::append(&self.file, set) {
            Ok(()) => reply.succeed(()),
            Err(_) => reply.fail(),
        }
    }
}

/// iOS shows no notification.
#[derive(Debug)]
pub struct NothingDelivered;

impl DeliveredNotifications for NothingDelivered {
    fn list(&self, reply: Reply<Vec<DeliveredNotification>>) {
        reply.succeed(Vec::new());
    }

    fn remove(&self, _: Vec<String>, reply: Reply<()>) {
        reply.succeed(());
    }

    fn restore(&self, _: Vec<String>, reply: Reply<()>) {
        reply.succeed(());
    }
}

/// The device token, if the phone has one.
#[derive(Debug)]
pub struct Keychain(pub Option<Secret>);

impl CredentialProvider for Keychain {
    fn credentials(&self, _: &AccountId, _: Option<Secret>, reply: Reply<Option<Secret>>) {
        reply.succeed(self.0.clone());
    }

    fn forget(&self, _: &AccountId, _: Secret, reply: Reply<()>) {
        reply.succeed(());
    }
}

/// The built-in transport. Tells when a request goes out and its answer comes in, and asks for
/// small pages, so that a small account is as many of them as a large one.
#[derive(Debug)]
pub struct Watched {
    /// The transport.
    pub transport: BuiltinTransport,
    /// Rows in a page.
    pub page: Option<u32>,
}

impl Transport for Watched {
    fn send(&self, mut request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let path = request.url.path();
        if let Some(page) = self.page
            && (path.ends_with("/changes") || path.ends_with("/operations"))
        {
            let limit = page.to_string();
            request.url.query_pairs_mut().append_pair("limit", &limit);
        }
        async move {
            say(&Line::Request);
            let answer = self.transport.send(request).await;
            say(&Line::Answer);
            answer
        }
        .boxed()
    }
}

/// The phone's device id.
pub const DEVICE: &str = "phone-1";

/// The app, or its extension, over this store.
pub fn configuration(store: &Path, device: &DeviceId, process: Process) -> Configuration {
    Configuration {
        directory: store.to_owned(),
        device: device.clone(),
        topic: "com.example.app".to_owned(),
        environment: PushEnvironment::Sandbox,
        app_version: "1.0".to_owned(),
        process,
        at_zero: AtZero::default(),
    }
}

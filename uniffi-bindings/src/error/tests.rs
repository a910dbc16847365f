#![allow(clippy::unwrap_used)]

use std::{
    io,
    sync::{Arc, Mutex},
};

use super::*;

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn logged(work: impl FnOnce()) -> String {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, work);
    log.text()
}

#[test]
fn every_inner_error_tells_the_host_one_thing_to_do() {
    use EngineError as E;
    use TrueBadgeError as T;
    let reason = |error: &E| error.to_string();
    let again = |error: E| {
        (
            T::TryAgain {
                reason: reason(&error),
            },
            error,
        )
    };
    let sign_in = |error: E| {
        (
            T::SignIn {
                reason: reason(&error),
            },
            error,
        )
    };
    let fix = |error: E| {
        (
            T::FixCall {
                reason: reason(&error),
            },
            error,
        )
    };
    let check = |error: E| {
        (
            T::CheckSetUp {
                reason: reason(&error),
            },
            error,
        )
    };
    let cases = [
        (T::Locked, E::Locked),
        (T::Suspended, E::Suspended),
        (T::Repair, E::StoreDamaged),
        (T::FreeSpace, E::StorageFull),
        (T::OpenApp, E::AppMustRunFirst),
        (T::UpdateApp, E::StoreTooNew { found: 2, known: 1 }),
        fix(E::UnknownAccount),
        fix(E::InvalidArgument("the badge is upside down")),
        sign_in(E::CredentialsRefused),
        sign_in(E::NoCredentials),
        sign_in(E::SignedOut),
        check(E::NotUnderstood { status: 418 }),
        check(E::MirrorDiverged),
        check(E::StoreUnavailable { code: 14 }),
        check(E::Transport(TransportError::NotTrusted)),
        check(E::Transport(TransportError::TooLarge)),
        again(E::Busy),
        again(E::OutboxFull),
        again(E::Transport(TransportError::NoConnection)),
        again(E::Transport(TransportError::Status(503))),
        again(E::DeadlineReached),
        again(E::Bridge("the badge")),
        again(E::Runtime),
    ];
    for (outer, inner) in cases {
        assert_eq!(TrueBadgeError::from(inner.clone()), outer, "{inner:?}");
    }
}

#[test]
fn an_error_is_logged_as_it_crosses() {
    let log = logged(|| {
        drop(TrueBadgeError::from(EngineError::NotUnderstood {
            status: 418,
        }));
    });
    assert!(log.contains("WARN") && log.contains("418"), "{log}");
}

#[test]
fn a_refused_argument_is_logged_by_name() {
    let log = logged(|| drop(TrueBadgeError::argument("account", "it must not be empty")));
    assert!(log.contains("account: it must not be empty"), "{log}");
}

/// A host that nobody should ask.
#[derive(Debug)]
struct Unasked;

impl crate::AppBadge for Unasked {
    fn set_badge(&self, _: u32, _: Arc<crate::DoneReply>) {}
}

impl crate::DeliveredNotifications for Unasked {
    fn list(&self, _: Arc<crate::NotificationsReply>) {}
    fn remove(&self, _: Vec<String>, _: Arc<crate::DoneReply>) {}
    fn restore(&self, _: Vec<String>, _: Arc<crate::DoneReply>) {}
}

impl crate::CredentialProvider for Unasked {
    fn credentials(&self, _: String, _: Option<String>, _: Arc<crate::CredentialsReply>) {}
    fn forget(&self, _: String, _: String, _: Arc<crate::DoneReply>) {}
}

impl crate::HostTransport for Unasked {
    fn send(
        &self,
        _: crate::HttpRequest,
        _: Arc<crate::HttpReply>,
    ) -> Arc<dyn crate::HttpExchange> {
        Arc::new(Self)
    }
}

impl crate::HttpExchange for Unasked {
    fn cancel(&self) {}
}

fn engine() -> Arc<crate::Engine> {
    let configuration = crate::Configuration {
        directory: "/nowhere".to_owned(),
        device: "device".to_owned(),
        topic: "com.example.app".to_owned(),
        environment: crate::PushEnvironment::Sandbox,
        app_version: "1".to_owned(),
        process: crate::Process::App,
        at_zero: crate::AtZero::Keep,
    };
    let host = || Arc::new(Unasked);
    crate::Engine::new(configuration, host(), host(), host(), Some(host())).unwrap()
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(work)
}

#[test]
fn an_error_inside_a_wake_is_logged_where_it_happens_and_not_as_it_crosses() {
    let engine = engine();
    engine.suspend().unwrap();
    let mut inner = None;
    let inside = logged(|| {
        let wake = engine
            .0
            .handle_push(Vec::new(), std::time::Duration::from_secs(1));
        inner = Some(block_on(wake));
    });
    let lines = inside.lines().filter(|line| line.contains("suspended"));
    assert_eq!(lines.count(), 1, "{inside}");
    let mut outer = None;
    let crossing = logged(|| outer = inner.map(crate::WakeOutcome::from));
    assert_eq!(outer.unwrap().error, Some(TrueBadgeError::Suspended));
    assert_eq!(crossing, "");
}

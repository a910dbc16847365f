//! Nothing secret reaches a log: secrets are planted everywhere, and every trace is searched.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use support::{Fault, Phone, RELAY, position};
use tracing_subscriber::fmt::MakeWriter;
use truebadge_engine::DeliveredNotification;
use truebadge_protocol::{AccountId, ConversationId};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn planted_secrets_are_in_no_trace() {
    let captured = Captured::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(captured.clone())
        .finish();
    // For the engine's own thread too; this file holds a single test.
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let phone = Phone::empty(&Arc::new(support::FakeRelay::new()));
    let account = AccountId::new("CANARY-account").unwrap();
    let conversation = ConversationId::new("CANARY-conversation").unwrap();
    *phone.keychain.0.lock().unwrap() = Some("CANARY-credential".to_owned());
    phone
        .engine
        .add_account(&account, &format!("{RELAY}CANARY-path"))
        .unwrap();
    phone.engine.set_push_token(Some("ca4a59ca4a59")).unwrap();
    phone.relay.commit("CANARY-row", 1, 1);
    phone.relay.fail(Fault::Status(500, None));
    let outcome = phone.refresh().await;
    phone
        .engine
        .mark_read(&account, &conversation, position(1), 0)
        .unwrap();
    let views = phone.engine.accounts().unwrap();
    for payload in [
        &br#"{"tb":{"r":"CANARY-route","e":"CANARY-epoch","i":1,"p":0,"v":1,"n":[1,0,1],"k":0}}"#[..],
        br#"{"tb":{"r":"CANARY-route","e":7}}"#,
        br#"{"tb":"CANARY-text","aps":{"alert":"CANARY-alert"}}"#,
    ] {
        phone.push(payload).await;
    }
    phone.relay.0.lock().unwrap().rejects_with = Some("CANARY-reason".to_owned());
    phone.refresh().await;
    phone
        .engine
        .mark_read(&account, &conversation, position(2), 0)
        .unwrap();
    let refused = phone.refresh().await;
    assert_eq!(refused.rejected.len(), 2);
    phone.relay.arrive("CANARY-seen", 1);
    phone
        .centre
        .delivered
        .lock()
        .unwrap()
        .push(DeliveredNotification {
            identifier: "CANARY-notification".to_owned(),
            route: None,
            conversation: ConversationId::new("CANARY-row").unwrap(),
            position: Some(position(0)),
            version: None,
        });
    let removing = phone.refresh().await;
    assert_eq!(removing.removed.len(), 1);
    tracing::info!(?refused, ?removing, "outcomes may be logged");
    tracing::info!(?outcome, "outcomes may be logged");
    tracing::info!(account = ?views[0].account, "accounts may be named by their ids");

    let log = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("a wake ended"), "the log was captured");
    assert!(!log.contains("CANARY"), "{log}");
    assert!(!log.contains("ca4a59"), "{log}");
}

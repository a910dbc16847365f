//! A backup that is restored on another phone clones the store.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use support::{BUDGET, Phone, unread};
use truebadge_engine::{Cause, Engine, EngineError, Process};
use truebadge_protocol::DeviceId;

/// An engine on another phone, over a clone of this one's store.
fn another(phone: &Phone, process: Process) -> Engine {
    phone.engine_as(|configuration| {
        configuration.device = DeviceId::new("phone-2").unwrap();
        configuration.process = process;
    })
}

/// A phone that has read some of what it knows, and told nobody.
async fn backed_up() -> Phone {
    let phone = Phone::synced().await;
    phone.relay.arrive("a", 3);
    phone.refresh().await;
    phone.engine.set_push_token(Some("c0ffee")).unwrap();
    phone.read_here("a", 2, 1);
    phone.engine.suspend();
    phone
}

#[tokio::test]
async fn a_restored_backup_registers_as_a_phone_of_its_own_and_sends_what_was_read() {
    let phone = backed_up().await;
    phone.relay.requests();

    let restored = another(&phone, Process::App);
    let outcome = restored.refresh(Cause::Foreground, BUDGET).await;

    assert_eq!(outcome.error, None);
    let requests = phone.relay.requests();
    let registered = |request: &String| request.starts_with("PUT v1/devices/phone-2");
    assert!(requests.iter().any(registered), "{requests:?}");
    assert_eq!(phone.relay.truth(), unread(1, 1));
    assert_eq!(phone.icon(), Some(1));
    let registrations = &phone.relay.0.lock().unwrap().registrations;
    let token = &registrations.last().unwrap().push_token;
    assert_eq!(*token, None, "the other phone's token is not this one's");
}

#[tokio::test]
async fn the_extension_leaves_another_phones_store_to_the_app() {
    let phone = backed_up().await;
    let (before, shown) = (phone.files(), phone.icon());

    let extension = another(&phone, Process::Extension);
    let payload = phone.relay.push(1, 0);
    let outcome = extension.handle_push(payload, BUDGET).await;

    assert_eq!(outcome.error, Some(EngineError::AppMustRunFirst));
    assert_eq!((outcome.badge, phone.icon()), (None, shown));
    assert_eq!(phone.files(), before);
}

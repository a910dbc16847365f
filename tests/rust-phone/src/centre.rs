//! The notification centre: what iOS shows until it is removed.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::Deserialize;
use truebadge_engine::{DeliveredNotification, DeliveredNotifications, Reply};
use truebadge_protocol::{ConversationId, Position, Route, Version, limits::PAYLOAD_BYTES};

use crate::{
    apns::PushFrame,
    console::Console,
    event::{Event, Painter},
};

/// iOS keeps a bounded number too.
const MOST: usize = 500;

/// The delivered notifications, oldest first.
#[derive(Debug)]
pub struct Centre {
    console: Arc<Console>,
    shown: Mutex<VecDeque<Shown>>,
    /// The last two listings.
    listed: Mutex<[Vec<Shown>; 2]>,
}

#[derive(Debug, Clone)]
struct Shown {
    identifier: String,
    collapse_id: Option<String>,
    about: Option<DeliveredNotification>,
}

impl Centre {
    /// An empty one.
    pub fn new(console: Arc<Console>) -> Self {
        Self {
            console,
            shown: Mutex::default(),
            listed: Mutex::default(),
        }
    }

    /// Shows what an alert push carries, in place of one with the same collapse id.
    pub fn deliver(&self, push: &PushFrame) {
        let mut shown = self.lock();
        shown.retain(|one| one.collapse_id.is_none() || one.collapse_id != push.collapse_id);
        if shown.len() == MOST {
            shown.pop_front();
        }
        shown.push_back(Shown {
            identifier: push.apns_id.clone(),
            collapse_id: push.collapse_id.clone(),
            about: about(push),
        });
        self.console.emit(&Event::Notification {
            identifier: push.apns_id.clone(),
            conversation: push.thread_id.clone(),
        });
    }

    /// What iOS does at badge 0: all of the app's notifications go.
    pub fn clear(&self) {
        let mut shown = self.lock();
        let identifiers: Vec<_> = shown.drain(..).map(|one| one.identifier).collect();
        self.gone(identifiers, Painter::Ios);
    }

    fn gone(&self, identifiers: Vec<String>, by: Painter) {
        if !identifiers.is_empty() {
            self.console.emit(&Event::Removed { identifiers, by });
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Shown>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DeliveredNotifications for Centre {
    fn list(&self, reply: Reply<Vec<DeliveredNotification>>) {
        let shown = self.lock();
        let known = shown.iter().filter(|one| one.about.is_some());
        let known: Vec<_> = known.cloned().collect();
        drop(shown);
        let listed = known.iter().filter_map(|one| one.about.clone()).collect();
        let mut listings = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        *listings = [std::mem::take(&mut listings[1]), known];
        drop(listings);
        reply.succeed(listed);
    }

    fn remove(&self, identifiers: Vec<String>, reply: Reply<()>) {
        let mut shown = self.lock();
        let named = |one: &Shown| identifiers.contains(&one.identifier);
        let gone: Vec<_> = shown
            .iter()
            .filter(|one| named(one))
            .map(|one| one.identifier.clone())
            .collect();
        shown.retain(|one| !named(one));
        self.gone(gone, Painter::Core);
        drop(shown);
        reply.succeed(());
    }

    fn restore(&self, identifiers: Vec<String>, reply: Reply<()>) {
        let listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = listed
            .concat()
            .into_iter()
            .filter(|one| identifiers.contains(&one.identifier));
        let mut shown = self.lock();
        for one in wanted {
            let conversation = one
                .about
                .as_ref()
                .map(|about| about.conversation.as_str().to_owned());
            self.console.emit(&Event::Notification {
                identifier: one.identifier.clone(),
                conversation,
            });
            shown.push_back(one);
        }
        drop(shown);
        reply.succeed(());
    }
}

/// What our part of an alert's payload tells: whose it is, and which item.
#[derive(Deserialize)]
struct Payload {
    #[serde(default)]
    tb: Option<Ours>,
}

#[derive(Deserialize)]
struct Ours {
    #[serde(default)]
    r: Option<Route>,
    #[serde(default)]
    a: Option<(ConversationId, Position)>,
    #[serde(default)]
    v: Option<Version>,
}

/// Which conversation a notification is about; none when it does not say.
fn about(push: &PushFrame) -> Option<DeliveredNotification> {
    let small = push.payload.len() <= PAYLOAD_BYTES;
    let payload = small.then(|| serde_json::from_str::<Payload>(&push.payload));
    let ours = payload.and_then(Result::ok).and_then(|payload| payload.tb);
    let (route, item, version) = ours.map_or((None, None, None), |ours| (ours.r, ours.a, ours.v));
    let conversation = ConversationId::new(push.thread_id.as_ref()?).ok()?;
    let position = item.filter(|(of, _)| *of == conversation);
    Some(DeliveredNotification {
        identifier: push.apns_id.clone(),
        route,
        conversation,
        position: position.map(|(_, position)| position),
        version,
    })
}

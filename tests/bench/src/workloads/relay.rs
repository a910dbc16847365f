//! W6: a relay's store takes events, each call durable before it returns. Without HTTP; one caller.

use std::time::{Duration, Instant};

use anyhow::Result;
use fastrand::Rng;
use truebadge_protocol::{
    AccountId, ConversationId, Position,
    messages::{Event, EventsRequest},
};
use truebadge_relay::store::{Store, sqlite::SqliteStore};

use super::{Place, name};
use crate::{measure::Contestant, served::conversation_id};

/// Accounts that events arrive for, at random.
const ACCOUNTS: usize = 100;
/// Conversations of each.
const CONVERSATIONS: usize = 100;
/// Events of one call.
const EVENTS: [usize; 2] = [1, 100];

/// The contestants.
pub fn relay(place: &Place) -> Result<Vec<Contestant>> {
    let contestant = |events: usize| {
        let name = name("W6", &format!("relay, {events} a call"), place);
        Ok(Contestant::new(name, None, [10, 1], calls(place, events)?))
    };
    EVENTS.into_iter().map(contestant).collect()
}

fn calls(place: &Place, events: usize) -> Result<impl FnMut() -> Result<Duration> + use<>> {
    let store = SqliteStore::open(
        &place
            .directory(&format!("w6-{events}"))?
            .join("relay.sqlite"),
        None,
    )?;
    let account = |number| AccountId::new(format!("account-{number}"));
    let accounts: Result<Vec<_>, _> = (0..ACCOUNTS).map(account).collect();
    let accounts = accounts?;
    for account in &accounts {
        store.create_account(account, 0)?;
    }
    let (mut rng, mut newest) = (Rng::with_seed(7), 0);
    Ok(move || {
        let account = &accounts[rng.usize(..ACCOUNTS)];
        let mut request = EventsRequest { events: Vec::new() };
        for _ in 0..events {
            newest += 1;
            request.events.push(Event::Item {
                conversation: ConversationId::new(conversation_id(rng.usize(..CONVERSATIONS)))?,
                position: Position::new(newest)?,
                mention: false,
                alert: None,
            });
        }
        let begun = Instant::now();
        store.commit_events(account, &request, None, 0)?;
        Ok(begun.elapsed())
    })
}

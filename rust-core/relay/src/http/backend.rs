//! For the app's backend, with the producer key.

use axum::{Json, body::Bytes, extract::State, http::HeaderMap};
use http::StatusCode;
use truebadge_protocol::{
    AccountId, ConversationId, Position,
    messages::{Committed, ConversationUpsert, DeviceToken, Event, EventsRequest},
};

use super::{
    ApiError, App,
    auth::Producer,
    input::{JsonBody, PathNames},
};
use crate::{
    faults::{self, Fault},
    random,
    secret::{self, Hash, Purpose},
    store::{IdempotencyKey, StoreError},
};

/// Longest `Idempotency-Key`, in bytes.
const KEY_BYTES: usize = 255;

/// `POST /v1/accounts/{account}/events`
pub async fn events(
    State(app): State<App>,
    _: Producer,
    names: PathNames,
    headers: HeaderMap,
    JsonBody(request, bytes): JsonBody<EventsRequest>,
) -> Result<Json<Committed>, ApiError> {
    let account: AccountId = names.get("account")?;
    let key = idempotency_key(&headers, &bytes)?;
    for (index, event) in request.events.iter().enumerate() {
        if let Event::Item { position, .. } = event
            && *position == Position::ZERO
        {
            if faults::is(Fault::HalfOfACall) {
                let events = request.events[..index].to_vec();
                app.store(move |store, now| {
                    store.commit_events(&account, &EventsRequest { events }, None, now)
                })
                .await?;
            }
            let field = format!("events[{index}].position");
            return Err(ApiError::malformed(field, "Positions of items start at 1."));
        }
    }
    let committed = app
        .store(move |store, now| store.commit_events(&account, &request, key.as_ref(), now))
        .await?;
    app.bell.notify_one();
    Ok(Json(committed))
}

/// `PUT /v1/accounts/{account}/conversations/{id}`
pub async fn conversation(
    State(app): State<App>,
    _: Producer,
    names: PathNames,
    JsonBody(state, _): JsonBody<ConversationUpsert>,
) -> Result<Json<Committed>, ApiError> {
    let account: AccountId = names.get("account")?;
    let id: ConversationId = names.get("conversation")?;
    if state.mentions > state.unread {
        let detail = "Items that mention the person are unread items: at most `unread`.";
        return Err(ApiError::malformed("mentions", detail));
    }
    let committed = app
        .store(move |store, now| store.upsert(&account, &id, &state, now))
        .await?;
    app.bell.notify_one();
    Ok(Json(committed))
}

/// `POST /v1/accounts/{account}/device_tokens`
pub async fn mint_token(
    State(app): State<App>,
    _: Producer,
    names: PathNames,
) -> Result<(StatusCode, Json<DeviceToken>), ApiError> {
    let account: AccountId = names.get("account")?;
    let randomness = |error: std::io::Error| StoreError::Failed(error.to_string());
    let token = secret::generate(Purpose::DeviceToken).map_err(randomness)?;
    let id = random::name::<12>().map_err(randomness)?;
    let (name, hash) = (id.clone(), Hash::of(&token));
    app.store(move |store, now| store.mint_token(&account, &name, &hash, now))
        .await?;
    Ok((StatusCode::CREATED, Json(DeviceToken { id, token })))
}

/// `DELETE /v1/accounts/{account}/device_tokens/{id}`
pub async fn revoke_token(
    State(app): State<App>,
    _: Producer,
    names: PathNames,
) -> Result<StatusCode, ApiError> {
    let account: AccountId = names.get("account")?;
    let token = names.text("token").to_owned();
    app.store(move |store, _| store.revoke_token(&account, &token))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn idempotency_key(headers: &HeaderMap, body: &Bytes) -> Result<Option<IdempotencyKey>, ApiError> {
    let Some(key) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    if key.is_empty() || key.len() > KEY_BYTES {
        let detail = format!("The key has 1 to {KEY_BYTES} bytes.");
        return Err(ApiError::malformed("Idempotency-Key", detail));
    }
    Ok(Some(IdempotencyKey {
        key: Hash::of(key.as_bytes()),
        body: Hash::of(body),
    }))
}

//! For phones, with a device token.

use axum::{
    Json,
    extract::{RawQuery, State},
};
use http::StatusCode;
use truebadge_protocol::{
    DeviceId,
    limits::{CHANGES, CHANGES_DEFAULT, NUMBER, RECEIPTS},
    messages::{
        Changes, ChangesQuery, DeviceRegistered, DeviceRegistration, OperationsApplied,
        OperationsRequest,
    },
};

use super::{
    ApiError, App,
    auth::{AnyPhone, Phone},
    input::{self, JsonBody, PathNames},
};
use crate::{
    faults::{self, Fault},
    store::Ask,
};

/// `PUT /v1/devices/{device}`
pub async fn register(
    State(app): State<App>,
    Phone(token): Phone,
    names: PathNames,
    JsonBody(registration, _): JsonBody<DeviceRegistration>,
) -> Result<Json<DeviceRegistered>, ApiError> {
    let device: DeviceId = names.get("device")?;
    let registered = app
        .store(move |store, now| store.register(token, &device, &registration, now))
        .await?;
    app.bell.notify_one();
    Ok(Json(registered))
}

/// `DELETE /v1/devices/{device}`
pub async fn sign_out(
    State(app): State<App>,
    AnyPhone(token): AnyPhone,
    names: PathNames,
) -> Result<StatusCode, ApiError> {
    let device: DeviceId = names.get("device")?;
    app.store(move |store, _| store.sign_out(token, &device))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /v1/changes`
pub async fn changes(
    State(app): State<App>,
    Phone(token): Phone,
    RawQuery(query): RawQuery,
) -> Result<Json<Changes>, ApiError> {
    let ask = ask(query.as_deref().unwrap_or_default())?;
    let changes = app
        .store(move |store, now| store.changes(token, &ask, now))
        .await?;
    Ok(Json(changes))
}

/// `POST /v1/operations`
pub async fn operations(
    State(app): State<App>,
    Phone(token): Phone,
    RawQuery(query): RawQuery,
    JsonBody(request, _): JsonBody<OperationsRequest>,
) -> Result<Json<OperationsApplied>, ApiError> {
    let ask = ask(query.as_deref().unwrap_or_default())?;
    for (index, operation) in request.operations.iter().enumerate() {
        if operation.number == 0 || operation.number >= NUMBER {
            let field = format!("operations[{index}].number");
            return Err(ApiError::malformed(
                field,
                "Operations are numbered from 1.",
            ));
        }
    }
    let applied = app
        .store(move |store, now| store.operate(token, &request, &ask, now))
        .await?;
    app.bell.notify_one();
    Ok(Json(applied))
}

fn ask(query: &str) -> Result<Ask, ApiError> {
    let query: ChangesQuery = input::query(query)?;
    let limit = match query.limit {
        None => CHANGES_DEFAULT,
        Some(limit) => usize::try_from(limit)
            .ok()
            .filter(|limit| (1..=CHANGES).contains(limit) || faults::is(Fault::LimitUnchecked))
            .ok_or_else(|| ApiError::malformed("limit", format!("1 to {CHANGES} rows.")))?,
    };
    Ok(Ask {
        epoch: query.epoch,
        since: query.since,
        limit,
        received: received(query.received.as_deref().unwrap_or_default())?,
    })
}

fn received(list: &str) -> Result<Vec<u64>, ApiError> {
    let wrong = || {
        let detail = format!("At most {RECEIPTS} push counters, joined by commas.");
        ApiError::malformed("received", detail)
    };
    let parts = list
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    let counters = parts
        .take(RECEIPTS + 1)
        .map(|part| part.parse().ok().filter(|number| *number < NUMBER))
        .collect::<Option<Vec<u64>>>()
        .ok_or_else(wrong)?;
    if counters.len() > RECEIPTS {
        return Err(wrong());
    }
    Ok(counters)
}

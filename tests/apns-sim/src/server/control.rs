//! Control calls, for tests and demos: plant faults, end tokens, see what came.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde_json::json;

use super::phones::{Shared, problem};
use crate::devices::PushToken;
use crate::faults::{Fault, Faults};
use crate::limits;

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route(
            "/control/faults",
            get(list_faults).post(add_fault).delete(clear_faults),
        )
        .route("/control/tokens/{push_token}/dead", post(end_token))
        .route("/control/pushes", get(list_pushes))
        .route("/control/phones", get(list_phones))
        .layer(DefaultBodyLimit::max(limits::CONTROL_BYTES))
}

fn remaining(faults: &Faults) -> Response {
    Json(json!({ "faults": faults.remaining() })).into_response()
}

async fn list_faults(State(shared): State<Shared>) -> Response {
    remaining(&shared.hub.lock().exchange.faults)
}

async fn add_fault(State(shared): State<Shared>, body: Bytes) -> Response {
    let fault: Fault = match serde_json::from_slice(&body) {
        Ok(fault) => fault,
        Err(error) => {
            let sentence = format!("this is no fault rule: {error}");
            return problem(StatusCode::BAD_REQUEST, sentence);
        }
    };
    let faults = &mut shared.hub.lock().exchange.faults;
    match faults.add(fault) {
        Ok(()) => remaining(faults),
        Err(error) => problem(StatusCode::CONFLICT, error.to_string()),
    }
}

async fn clear_faults(State(shared): State<Shared>) -> Response {
    let faults = &mut shared.hub.lock().exchange.faults;
    faults.clear();
    remaining(faults)
}

async fn end_token(State(shared): State<Shared>, Path(digits): Path<String>) -> Response {
    let Ok(token) = PushToken::parse(&digits) else {
        return problem(StatusCode::BAD_REQUEST, "this is no device token");
    };
    let now_ms = shared.hub.now_ms();
    if shared.hub.lock().exchange.end_token(&token, now_ms) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        problem(
            StatusCode::NOT_FOUND,
            "no phone has this device token: GET /control/phones lists them",
        )
    }
}

async fn list_pushes(State(shared): State<Shared>) -> Response {
    let hub = shared.hub.lock();
    let entries: Vec<_> = hub.exchange.journal.entries().collect();
    Json(json!(entries)).into_response()
}

async fn list_phones(State(shared): State<Shared>) -> Response {
    Json(json!(shared.hub.lock().exchange.phones())).into_response()
}

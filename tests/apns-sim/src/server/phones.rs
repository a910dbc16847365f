//! The phones' side: HTTP/1.1, a WebSocket per attached phone, and the control calls beside it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use axum::{Json, Router, middleware};
use http::{HeaderMap, StatusCode, Uri};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use super::hub::{Hub, Line};
use super::{control, told};
use crate::delivery::Parcel;
use crate::devices::{App, AttachError};
use crate::frames::Frame;
use crate::limits;

/// How long a phone may take to read a frame.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long it may take to answer a farewell.
const FAREWELL: Duration = Duration::from_secs(1);

/// What the handlers share.
#[derive(Clone)]
pub(super) struct Shared {
    pub hub: Arc<Hub>,
    stopped: watch::Receiver<bool>,
    /// Held by every conversation: once all are gone, the channel ends.
    _alive: mpsc::Sender<()>,
}

pub(super) async fn serve(listener: TcpListener, hub: Arc<Hub>, stopped: watch::Receiver<bool>) {
    let (alive, mut all_gone) = mpsc::channel(1);
    let shared = Shared {
        hub,
        stopped: stopped.clone(),
        _alive: alive,
    };
    let app = Router::new()
        .route("/phones/{topic}/{install}", any(attach))
        .merge(control::routes())
        .fallback(async || problem(StatusCode::NOT_FOUND, "there is no such path here"))
        .layer(middleware::from_fn(refuse_web_pages))
        .with_state(shared);
    // Fails for nothing: accepting is retried, and a connection's errors are its own.
    let _ = axum::serve(listener, app)
        .with_graceful_shutdown(told(stopped))
        .await;
    let _ = all_gone.recv().await;
}

/// A refusal of this side: one sentence.
pub(super) fn problem(status: StatusCode, sentence: impl Into<String>) -> Response {
    (status, Json(json!({ "error": sentence.into() }))).into_response()
}

/// A web page that is open on this machine must neither read pushes nor plant faults.
async fn refuse_web_pages(request: Request, next: Next) -> Response {
    if is_local(request.headers()) {
        next.run(request).await
    } else {
        problem(
            StatusCode::FORBIDDEN,
            "only programs on this machine may call: Host and Origin must name loopback",
        )
    }
}

fn is_local(headers: &HeaderMap) -> bool {
    let named = ["host", "origin"]
        .iter()
        .filter_map(|name| headers.get(*name));
    named.into_iter().all(|value| {
        let host = value.to_str().ok().and_then(|text| {
            let uri: Uri = text.parse().ok()?;
            Some(uri.host()?.trim_matches(['[', ']']).to_owned())
        });
        host.is_some_and(|host| {
            host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
        })
    })
}

async fn attach(
    State(shared): State<Shared>,
    path: Result<Path<(String, String)>, PathRejection>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    if shared.hub.has_simulator() {
        let sentence =
            "pushes go to the iOS simulator: start apns-sim without --simulator to attach phones";
        return problem(StatusCode::CONFLICT, sentence);
    }
    let Ok(Path((topic, install))) = path else {
        return problem(StatusCode::BAD_REQUEST, AttachError::BadInstall.to_string());
    };
    let app = match App::new(&topic, &install, shared.hub.topics()) {
        Ok(app) => app,
        Err(error @ AttachError::UnknownTopic(_)) => {
            return problem(StatusCode::NOT_FOUND, error.to_string());
        }
        Err(error) => return problem(StatusCode::BAD_REQUEST, error.to_string()),
    };
    match upgrade {
        Ok(upgrade) => upgrade
            .max_message_size(limits::PHONE_MESSAGE_BYTES)
            .max_frame_size(limits::PHONE_MESSAGE_BYTES)
            .on_upgrade(move |socket| phone(socket, shared, app)),
        Err(_) => problem(
            StatusCode::UPGRADE_REQUIRED,
            "a phone attaches with a WebSocket",
        ),
    }
}

/// One attached phone, until it goes, is replaced, or the server stops.
async fn phone(mut socket: WebSocket, shared: Shared, app: App) {
    let Ok((attached, mut line)) = shared.hub.attach(&app) else {
        return; // the table is full: the phone sees a socket that closes without a greeting
    };
    let greeting = Frame::registered(&attached.token);
    let mut held = attached.stored;
    if send(&mut socket, &greeting).await.is_ok() {
        held = converse(&mut socket, held, &mut line, shared.stopped)
            .await
            .err();
    }
    // First away, then the end of the conversation: a phone that saw its close answered is away.
    let hub = &shared.hub;
    hub.detach(&attached.token, attached.session, &mut line, held);
    let _ = tokio::time::timeout(FAREWELL, socket.send(Message::Close(None))).await;
    let _ = tokio::time::timeout(FAREWELL, socket.recv()).await;
}

/// Hands over what comes; an error is the push that the phone did not take.
async fn converse(
    socket: &mut WebSocket,
    first: Option<Arc<Parcel>>,
    line: &mut Line,
    stopped: watch::Receiver<bool>,
) -> Result<(), Arc<Parcel>> {
    let stop = told(stopped);
    tokio::pin!(stop);
    let mut next = first;
    loop {
        if let Some(parcel) = next.take() {
            let sent = send(socket, &Frame::push(&parcel.push)).await;
            sent.map_err(|()| parcel)?;
        }
        tokio::select! {
            () = &mut stop => return Ok(()),
            said = socket.recv() => match said {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(()),
                Some(Ok(_)) => {} // phones have nothing to say; pings are answered by themselves
            },
            parcel = line.recv() => match parcel {
                Some(parcel) => next = Some(parcel),
                None => return Ok(()), // a later attachment of the same app replaced this one
            },
        }
    }
}

async fn send(socket: &mut WebSocket, frame: &Frame) -> Result<(), ()> {
    let sending = socket.send(Message::text(frame.to_text()));
    match tokio::time::timeout(PATIENCE, sending).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(()),
    }
}

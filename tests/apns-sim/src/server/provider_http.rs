//! The provider's side: HTTP/2 only, as APNs speaks it.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use futures_util::StreamExt as _;
use http::{Response, StatusCode};
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use uuid::Uuid;

use super::hub::Hub;
use super::told;
use crate::limits;
use crate::provider::Request;
use crate::reason::Refusal;
use crate::token::ConnectionTokens;

/// How long a handshake or a body may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often a quiet connection is asked whether it still lives.
const KEEP_ALIVE: Duration = Duration::from_mins(1);

/// How much of a body that is too large is read, so that its sender gets to see the answer.
const READ_AT_MOST: usize = 16 * limits::PAYLOAD_BYTES;

pub(super) async fn serve(
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    hub: Arc<Hub>,
    stopped: watch::Receiver<bool>,
) {
    let slots = Arc::new(Semaphore::new(limits::PROVIDER_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let accepting = async {
        loop {
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
                return;
            };
            let Ok((stream, _)) = listener.accept().await else {
                tokio::task::yield_now().await; // out of descriptors: others may close meanwhile
                continue;
            };
            let (hub, acceptor, watcher) = (Arc::clone(&hub), acceptor.clone(), graceful.watcher());
            tokio::spawn(async move {
                connection(stream, acceptor, hub, watcher).await;
                drop(slot);
            });
        }
    };
    tokio::select! {
        () = accepting => {}
        () = told(stopped) => {}
    }
    drop(listener);
    graceful.shutdown().await;
}

async fn connection(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    hub: Arc<Hub>,
    watcher: Watcher,
) {
    let _ = stream.set_nodelay(true); // only a matter of speed
    match acceptor {
        None => speak(TokioIo::new(stream), hub, watcher).await,
        Some(acceptor) => {
            let handshake = tokio::time::timeout(PATIENCE, acceptor.accept(stream));
            if let Ok(Ok(stream)) = handshake.await {
                speak(TokioIo::new(stream), hub, watcher).await;
            }
        }
    }
}

/// One connection, with its own memory of provider tokens. A peer that does not speak HTTP/2 is
/// hung up on, as APNs does.
async fn speak<I>(io: I, hub: Arc<Hub>, watcher: Watcher)
where
    I: Read + Write + Unpin + Send + 'static,
{
    let tokens = Arc::new(Mutex::new(ConnectionTokens::default()));
    let service = service_fn(move |request| {
        let (hub, tokens) = (Arc::clone(&hub), Arc::clone(&tokens));
        async move { Ok::<_, Infallible>(answer(request, &hub, &tokens).await) }
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEP_ALIVE)
        .max_concurrent_streams(limits::PROVIDER_STREAMS)
        .max_header_list_size(limits::PROVIDER_HEADER_BYTES)
        .serve_connection(io, service);
    let _ = watcher.watch(connection).await; // a provider that breaks off did so for itself
}

async fn answer(
    request: http::Request<Incoming>,
    hub: &Hub,
    tokens: &Mutex<ConnectionTokens>,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = tokio::time::timeout(PATIENCE, read(Body::new(body))).await;
    let Ok(Some(body)) = body else {
        return blank(StatusCode::REQUEST_TIMEOUT);
    };
    let request = Request {
        method: head.method.as_str(),
        path: head.uri.path(),
        headers: &head.headers,
        body: &body,
    };
    let (apns_id, refusal) = hub.submit(request, tokens);
    respond(&apns_id, refusal)
}

/// Reads a body: none when its sender broke off, and no more than shows that it is too large.
async fn read(body: Body) -> Option<Vec<u8>> {
    let mut kept = Vec::new();
    let mut seen = 0;
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.ok()?;
        seen += chunk.len();
        let room = (limits::PAYLOAD_BYTES + 1).saturating_sub(kept.len());
        kept.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if seen > READ_AT_MOST {
            break;
        }
    }
    Some(kept)
}

/// `apns-unique-id` is what APNs' development environment adds.
fn respond(apns_id: &str, refusal: Option<Refusal>) -> Response<Body> {
    let status = refusal.map_or(200, |refusal| refusal.reason.status());
    let body = refusal.map_or_else(Body::empty, |refusal| Body::from(refusal.body()));
    Response::builder()
        .status(status)
        .header("apns-id", apns_id)
        .header("apns-unique-id", Uuid::new_v4().to_string())
        .body(body)
        .unwrap_or_else(|_| blank(StatusCode::INTERNAL_SERVER_ERROR))
}

fn blank(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

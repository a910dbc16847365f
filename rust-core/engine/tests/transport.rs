//! The built-in transport against a real server on loopback.
#![cfg(feature = "builtin-transport")]
#![allow(missing_docs, clippy::unwrap_used)]

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect},
    routing::{any, get},
};
use truebadge_engine::{
    Secret,
    transport::{BuiltinTransport, Method, Request, Response, Transport, TransportError},
};
use truebadge_protocol::limits::RESPONSE_BYTES;
use url::Url;

async fn serve() -> Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let routes = Router::new()
        .route("/echo", any(echo))
        .route(
            "/busy",
            get(|| async { (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "7")]) }),
        )
        .route("/elsewhere", get(|| async { Redirect::temporary("/echo") }))
        .route(
            "/largest",
            get(|| async { Body::from(vec![b' '; RESPONSE_BYTES]) }),
        )
        .route(
            "/too-large",
            get(|| async { Body::from(vec![b' '; RESPONSE_BYTES + 1]) }),
        )
        .route("/never", get(std::future::pending::<StatusCode>));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    url
}

async fn echo(method: axum::http::Method, headers: HeaderMap, body: String) -> impl IntoResponse {
    let header = |name: &str| {
        headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    };
    format!(
        "{method} {} {} {body}",
        header("authorization"),
        header("content-type")
    )
}

async fn send(
    base: &Url,
    method: Method,
    path: &str,
    body: Option<&str>,
) -> Result<Response, TransportError> {
    let request = Request {
        method,
        url: base.join(path).unwrap(),
        credentials: Secret::new("token"),
        body: body.map(|body| body.as_bytes().to_vec()),
        timeout: Duration::from_mins(1),
    };
    BuiltinTransport::new().send(request).await
}

#[tokio::test]
async fn a_request_carries_its_method_credentials_and_json() {
    let relay = serve().await;
    let sent = send(&relay, Method::Put, "echo", Some("{}")).await.unwrap();
    assert_eq!(sent.status, 200);
    assert_eq!(sent.body, b"PUT Bearer token application/json {}");
    let plain = send(&relay, Method::Get, "echo", None).await.unwrap();
    assert_eq!(plain.body, b"GET Bearer token  ");
}

#[tokio::test]
async fn a_relay_that_asks_for_a_pause_is_heard() {
    let answer = send(&serve().await, Method::Get, "busy", None)
        .await
        .unwrap();
    assert_eq!(
        (answer.status, answer.retry_after),
        (503, Some(Duration::from_secs(7)))
    );
}

#[tokio::test]
async fn credentials_do_not_follow_a_redirect() {
    let answer = send(&serve().await, Method::Get, "elsewhere", None)
        .await
        .unwrap();
    assert_eq!(answer.status, 307);
}

#[tokio::test]
async fn an_answer_is_read_up_to_its_bound_and_not_beyond() {
    let relay = serve().await;
    let largest = send(&relay, Method::Get, "largest", None).await.unwrap();
    assert_eq!(largest.body.len(), RESPONSE_BYTES);
    let refused = send(&relay, Method::Get, "too-large", None).await;
    assert_eq!(refused, Err(TransportError::TooLarge));
}

#[tokio::test]
async fn a_relay_that_nobody_serves_is_no_connection() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}/", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    drop(listener);
    assert_eq!(
        send(&nobody, Method::Get, "x", None).await,
        Err(TransportError::NoConnection)
    );
}

#[tokio::test]
async fn dropping_a_request_ends_it() {
    let relay = serve().await;
    let request = send(&relay, Method::Get, "never", None);
    let first = tokio::time::timeout(Duration::ZERO, request).await;
    assert!(first.is_err());
}

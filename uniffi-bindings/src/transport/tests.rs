#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicU32, Ordering};

use truebadge_engine::{
    Secret,
    transport::{Method, Transport as _, TransportError},
};

use super::*;

/// What a host may do with a reply.
type Does = fn(Arc<HttpReply>) -> Option<Arc<HttpReply>>;

/// A host that does this with the reply, keeps what it gives back, and counts cancellations.
#[derive(Debug)]
struct Double {
    does: Does,
    kept: Mutex<Option<Arc<HttpReply>>>,
    asked: Mutex<Option<HttpRequest>>,
    exchange: Arc<Cancelled>,
}

#[derive(Debug, Default)]
struct Cancelled(AtomicU32);

impl HttpExchange for Cancelled {
    fn cancel(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl HostTransport for Double {
    fn send(&self, request: HttpRequest, reply: Arc<HttpReply>) -> Arc<dyn HttpExchange> {
        *self.asked.lock().unwrap() = Some(request);
        *self.kept.lock().unwrap() = (self.does)(reply);
        Arc::clone(&self.exchange) as _
    }
}

fn host(does: Does) -> (Arc<Double>, Host<dyn HostTransport>) {
    let double = Arc::new(Double {
        does,
        kept: Mutex::default(),
        asked: Mutex::default(),
        exchange: Arc::default(),
    });
    (Arc::clone(&double), Host(double))
}

fn request(timeout: Duration) -> inner::Request {
    inner::Request {
        method: Method::Put,
        url: "https://relay.example/CANARY?a=%2F".parse().unwrap(),
        credentials: Secret::new("CANARY"),
        body: Some(b"CANARY".to_vec()),
        timeout,
    }
}

const PLENTY: Duration = Duration::from_mins(1);

fn answers(reply: &HttpReply, retry_after: &str, bytes: usize) {
    let response = HttpResponse {
        status: 503,
        retry_after: Some(retry_after.to_owned()),
        body: vec![b'x'; bytes],
    };
    reply.succeed(response).unwrap();
}

#[tokio::test]
async fn an_answer_comes_back_and_a_second_one_changes_nothing() {
    let (double, host) = host(|reply| {
        answers(&reply, "7", 3);
        reply.fail(HttpFailure::Broken).unwrap();
        Some(reply)
    });
    let answer = host.send(request(PLENTY)).await.unwrap();
    assert_eq!(
        (answer.status, answer.retry_after, answer.body.len()),
        (503, Some(Duration::from_secs(7)), 3)
    );
    let asked = double.asked.lock().unwrap().take().unwrap();
    assert_eq!(asked.method, "PUT");
    assert_eq!(asked.url, "https://relay.example/CANARY?a=%2F");
    assert_eq!(asked.credentials, "CANARY");
    assert_eq!(asked.timeout_ms, 60_000);
    assert!(!format!("{asked:?}").contains("CANARY"));
}

#[tokio::test]
async fn every_failure_and_a_dropped_reply_say_why_there_is_no_answer() {
    let cases: [(Does, TransportError); 3] = [
        (
            |reply| {
                reply.fail(HttpFailure::NotTrusted).unwrap();
                None
            },
            TransportError::NotTrusted,
        ),
        (|_| None, TransportError::Broken),
        (
            |reply| {
                answers(&reply, "soon", RESPONSE_BYTES + 1);
                None
            },
            TransportError::TooLarge,
        ),
    ];
    for (does, error) in cases {
        let (_, host) = host(does);
        assert_eq!(host.send(request(PLENTY)).await, Err(error));
    }
}

#[tokio::test]
async fn a_host_that_forgets_its_time_is_not_waited_for_and_its_request_is_cancelled() {
    let (double, host) = host(Some);
    let late = host.send(request(Duration::ZERO)).await;
    assert_eq!(late, Err(TransportError::TimedOut));
    assert_eq!(double.exchange.0.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_request_that_the_engine_drops_is_cancelled() {
    let (double, host) = host(Some);
    let mut sent = host.send(request(PLENTY));
    tokio::select! {
        biased;
        _ = &mut sent => unreachable!("nobody answers"),
        () = std::future::ready(()) => {}
    }
    assert_eq!(double.exchange.0.load(Ordering::Relaxed), 0);
    drop(sent);
    assert_eq!(double.exchange.0.load(Ordering::Relaxed), 1);
    // Its answer comes too late, and nobody minds.
    let reply = double.kept.lock().unwrap().take().unwrap();
    reply.fail(HttpFailure::Broken).unwrap();
}

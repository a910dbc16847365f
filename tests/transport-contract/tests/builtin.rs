//! The built-in transport keeps the contract.
#![allow(missing_docs, clippy::unwrap_used)]

use std::time::Duration;

use transport_contract::{
    Body, Case, Expected, Request, Server,
    case::{Cancel, Reason},
};
use truebadge_engine::{
    Secret,
    transport::{self, BuiltinTransport, Method, Response, Transport as _, TransportError},
};

#[tokio::test]
async fn the_builtin_transport_keeps_the_contract() {
    let server = Server::start().await.unwrap();
    let transport = BuiltinTransport::new();
    let mut broken = Vec::new();
    for case in &server.cases {
        println!("{}", case.name);
        let end = run(&transport, case).await;
        if end != case.expected {
            broken.push(format!(
                "{}: {end:?} instead of {:?}",
                case.name, case.expected
            ));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

async fn run(transport: &BuiltinTransport, case: &Case) -> Expected {
    if let Some(cancel) = &case.cancel {
        return cancelled(transport, &case.requests[0], cancel).await;
    }
    let (last, before) = case.requests.split_last().unwrap();
    for request in before {
        transport.send(sent(request)).await.unwrap();
    }
    ended(transport.send(sent(last)).await, &case.expected)
}

async fn cancelled(transport: &BuiltinTransport, request: &Request, cancel: &Cancel) -> Expected {
    tokio::select! {
        _ = transport.send(sent(request)) => panic!("nobody answers this"),
        arrived = transport.send(sent(&cancel.arrived)) => assert_eq!(arrived.unwrap().status, 200),
    }
    let gone = transport.send(sent(&cancel.gone)).await;
    ended(gone, &Expected::Error(Reason::Broken))
}

fn sent(request: &Request) -> transport::Request {
    transport::Request {
        method: match request.method {
            "GET" => Method::Get,
            "PUT" => Method::Put,
            "POST" => Method::Post,
            "DELETE" => Method::Delete,
            other => panic!("{other} is no method of the protocol"),
        },
        url: request.url.parse().unwrap(),
        credentials: Secret::new(request.credentials),
        body: request.body.as_ref().map(Body::bytes),
        timeout: request.timeout,
    }
}

/// What came of a request, in the case's words; a body of letters is told by its length.
fn ended(result: Result<Response, TransportError>, expected: &Expected) -> Expected {
    let reason = match result {
        Ok(response) => {
            let letters = matches!(
                expected,
                Expected::Answer { body: body @ Body::Letters(_), .. } if body.bytes() == response.body
            );
            return Expected::Answer {
                status: response.status,
                retry_after_s: response.retry_after.as_ref().map(Duration::as_secs),
                body: if letters {
                    Body::Letters(response.body.len())
                } else {
                    Body::Text(String::from_utf8_lossy(&response.body).into_owned())
                },
            };
        }
        Err(TransportError::NoConnection) => Reason::NoConnection,
        Err(TransportError::TimedOut) => Reason::TimedOut,
        Err(TransportError::NotTrusted) => Reason::NotTrusted,
        Err(TransportError::TooLarge) => Reason::TooLarge,
        Err(TransportError::Broken) => Reason::Broken,
        Err(TransportError::Status(status)) => panic!("a status is an answer: {status}"),
    };
    Expected::Error(reason)
}

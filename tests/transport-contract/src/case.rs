//! A case: what is sent, what the server does, what must come of it.

use std::time::Duration;

use serde::{Serialize, Serializer};

/// One thing that every transport must do.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    /// A sentence.
    pub name: &'static str,
    /// What is sent, each after the answer to the one before, all by one transport; it may be the
    /// one that ran the other cases.
    pub requests: Vec<Request>,
    /// The first request is never answered: cancel it when it has arrived.
    pub cancel: Option<Cancel>,
    /// What must come of the last request.
    pub expected: Expected,
    /// What the server does when it is asked.
    #[serde(skip)]
    pub play: Play,
}

/// What is sent.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    /// `GET`, `PUT`, `POST` or `DELETE`.
    pub method: &'static str,
    /// The whole address.
    pub url: String,
    /// The token for `Authorization: Bearer …`.
    pub credentials: &'static str,
    /// The JSON body.
    pub body: Option<Body>,
    /// Give up after this long.
    #[serde(rename = "timeout_ms", serialize_with = "milliseconds")]
    pub timeout: Duration,
}

/// Bytes, such that a list of cases stays short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// This text.
    Text(String),
    /// As many letters `x`.
    Letters(usize),
}

impl Body {
    /// The bytes.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.as_bytes().to_vec(),
            Self::Letters(number) => vec![b'x'; *number],
        }
    }
}

/// How a request is cancelled. Both are asked of the same transport, while the request is under way.
#[derive(Debug, Clone, Serialize)]
pub struct Cancel {
    /// Answers when the request has arrived: cancel it then.
    pub arrived: Request,
    /// Answers when the request's connection was closed.
    pub gone: Request,
}

/// What must come of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// This answer.
    Answer {
        /// The HTTP status.
        status: u16,
        /// The pause that the relay asked for, in seconds.
        retry_after_s: Option<u64>,
        /// The body.
        body: Body,
    },
    /// No answer, for this reason.
    Error(Reason),
}

/// Why there is no answer: the engine's `TransportError`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No such host, or nobody listens.
    NoConnection,
    /// The request's time ran out.
    TimedOut,
    /// TLS failed.
    NotTrusted,
    /// The answer is larger than a phone reads.
    TooLarge,
    /// The connection broke, or the answer is not HTTP.
    Broken,
}

/// What the server does with a request.
#[derive(Debug, Clone)]
pub enum Play {
    /// Answers with what came, and how many requests of this case came so far.
    Echo,
    /// Compresses its answer for a client that takes that.
    CompressIfAsked,
    /// These steps.
    Script(Vec<Step>),
}

/// A step of the server.
#[derive(Debug, Clone)]
pub enum Step {
    /// Send these bytes.
    Send(Vec<u8>),
    /// Send these bytes for ever, after a pause each time.
    Forever(Vec<u8>, Duration),
    /// Say nothing more until the client goes.
    Hold,
    /// Close the connection.
    Close,
}

fn milliseconds<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

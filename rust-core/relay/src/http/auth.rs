//! Who asks: a bearer token, a producer's or a device's.

use std::net::SocketAddr;

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::request::Parts,
};
use http::header::AUTHORIZATION;
use truebadge_protocol::ProblemKind;

use super::{ApiError, App};
use crate::{
    faults::{self, Fault},
    secret::Hash,
    store::{Credential, StoreError, TokenRow},
};

/// The app's backend asks.
#[derive(Debug, Clone, Copy)]
pub struct Producer;

/// A phone asks.
#[derive(Debug, Clone, Copy)]
pub struct Phone(pub TokenRow);

/// A phone asks, or one that has signed out already.
#[derive(Debug, Clone, Copy)]
pub struct AnyPhone(pub TokenRow);

impl FromRequestParts<App> for Producer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        match credential(parts, app).await? {
            Credential::Producer => Ok(Self),
            Credential::Device(_)
                if parts.method == http::Method::PUT && faults::is(Fault::PhoneWritesStates) =>
            {
                Ok(Self)
            }
            Credential::Device(_) | Credential::Ended(_) => Err(ApiError::new(
                ProblemKind::Forbidden,
                "A device token does not open this: use the producer key.",
            )),
        }
    }
}

impl FromRequestParts<App> for AnyPhone {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        match credential(parts, app).await? {
            Credential::Device(token) | Credential::Ended(token) => Ok(Self(token)),
            Credential::Producer => Err(ApiError::new(
                ProblemKind::Forbidden,
                "The producer key does not open this: use a device token.",
            )),
        }
    }
}

impl FromRequestParts<App> for Phone {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        match credential(parts, app).await? {
            Credential::Device(token) => Ok(Self(token)),
            Credential::Ended(_) => Err(StoreError::Gone.into()),
            Credential::Producer => Err(ApiError::new(
                ProblemKind::Forbidden,
                "The producer key does not open this: use a device token.",
            )),
        }
    }
}

async fn credential(parts: &Parts, app: &App) -> Result<Credential, ApiError> {
    let now = app.clock.now();
    let Some(secret) = bearer(parts) else {
        let detail = "Send the credentials as `Authorization: Bearer …`.";
        return Err(stranger(parts, app, now, detail));
    };
    let hash = Hash::of(secret);
    let known = if app.producer == Some(hash) {
        Some(Credential::Producer)
    } else {
        app.store(move |store, _| store.authenticate(&hash)).await?
    };
    let allowed = match known {
        None => {
            let detail = "These credentials are not known here. Get new ones.";
            return Err(stranger(parts, app, now, detail));
        }
        Some(Credential::Producer) => app.limiter.producer(&hash, now),
        Some(_) => app.limiter.device(&hash, now),
    };
    allowed.map_err(too_many)?;
    known.ok_or_else(|| ApiError::new(ProblemKind::Unauthorized, ""))
}

fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = value.split_once(' ')?;
    let secret = secret.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !secret.is_empty()).then_some(secret)
}

fn stranger(parts: &Parts, app: &App, now: u64, detail: &str) -> ApiError {
    let address = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let address = address.map(|ConnectInfo(address)| address.ip());
    match app.limiter.stranger(address, now) {
        Ok(()) => ApiError::new(ProblemKind::Unauthorized, detail),
        Err(seconds) => too_many(seconds),
    }
}

fn too_many(seconds: u64) -> ApiError {
    let detail = format!("Too many requests. Come back in {seconds} s.");
    ApiError::new(ProblemKind::TooManyRequests, detail).retry_after(seconds)
}

//! Errors as problem documents (RFC 9457).

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use truebadge_protocol::{Problem, ProblemKind};

use crate::{
    faults::{self, Fault},
    store::StoreError,
};

/// A problem on its way out.
#[derive(Debug, Clone)]
pub struct ApiError {
    problem: Box<Problem>,
    retry_after: Option<u64>,
}

impl ApiError {
    /// A problem of this kind, with a sentence that says what to do.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Problem::new(kind, detail).into()
    }

    /// A request that could not be understood, and where.
    pub fn malformed(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Problem::new(ProblemKind::Malformed, detail)
            .at(field)
            .into()
    }

    /// Come back after so many seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self {
            problem: Box::new(problem),
            retry_after: None,
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::new(
                ProblemKind::NotFound,
                "There is no such thing for these credentials.",
            ),
            StoreError::Gone => Self::new(
                ProblemKind::Gone,
                "The account or this device's registration has ended. Sign out.",
            ),
            StoreError::NotRegistered => Self::new(
                ProblemKind::Conflict,
                "Register the device first: PUT /v1/devices/{device}.",
            ),
            StoreError::Hole { expected, found } => Self::new(
                ProblemKind::Conflict,
                format!("Operation {found} leaves a hole: send {expected} first."),
            ),
            StoreError::KeyReused => Self::new(
                ProblemKind::Conflict,
                "This Idempotency-Key was used for another body. Use a new key.",
            ),
            StoreError::Busy => Self::new(
                ProblemKind::Unavailable,
                "The database is busy. Send the same request again.",
            )
            .retry_after(1),
            StoreError::Unusable(_) | StoreError::Failed(_) => {
                tracing::error!(%error, "a request failed");
                Self::new(
                    ProblemKind::Internal,
                    "The relay failed. Send the same request again.",
                )
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(&*self.problem)).into_response();
        if faults::is(Fault::ProblemWithoutType) {
            *response.body_mut() =
                r#"{"title":"An error","status":400,"detail":"It went wrong."}"#.into();
            response.headers_mut().remove(http::header::CONTENT_LENGTH);
        }
        let headers = response.headers_mut();
        let problem = HeaderValue::from_static("application/problem+json");
        if !faults::is(Fault::ProblemAsPlainJson) {
            headers.insert(CONTENT_TYPE, problem);
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

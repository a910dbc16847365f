//! The HTTP surface: every endpoint of `docs/PROTOCOL.md`.

mod auth;
mod backend;
mod blame;
mod error;
mod input;
mod limit;
mod phone;
mod server;

pub use error::ApiError;
pub use limit::{RateLimiter, RateLimits};
pub use server::serve;

use std::{sync::Arc, time::Instant};

use axum::{
    Json, Router,
    extract::{MatchedPath, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{delete, get, post, put},
};
use http::{HeaderValue, header::CACHE_CONTROL};
use tokio::sync::Notify;
use truebadge_protocol::{Problem, ProblemKind};

use crate::{
    clock::Clock,
    secret::Hash,
    store::{Store, StoreError},
};

/// Where calls to the store run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Work {
    /// On threads of their own, so that no request waits for the disk of another.
    #[default]
    Threads,
    /// On the caller's thread. Then a request whose body is there already is answered the first time
    /// that it is polled, without a runtime, timers or other threads:
    /// `router(app).oneshot(request).now_or_never()`.
    Inline,
}

/// What the endpoints share.
#[derive(Debug, Clone)]
pub struct App {
    /// The relay's state.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Clock,
    /// Rung when something may be due to be pushed.
    pub bell: Arc<Notify>,
    /// A producer key that is not in the store.
    pub producer: Option<Hash>,
    /// How often each credential may ask.
    pub limiter: Arc<RateLimiter>,
    /// Where calls to the store run.
    pub work: Work,
}

impl App {
    /// Calls the store without holding up the other requests.
    async fn store<T: Send + 'static>(
        &self,
        call: impl FnOnce(&dyn Store, u64) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let now = self.clock.now();
        if self.work == Work::Inline {
            return Ok(call(self.store.as_ref(), now)?);
        }
        let store = Arc::clone(&self.store);
        let answer = tokio::task::spawn_blocking(move || call(store.as_ref(), now)).await;
        Ok(answer.map_err(|error| StoreError::Failed(error.to_string()))??)
    }
}

/// Every route.
pub fn router(app: App) -> Router {
    let router = Router::new()
        .route("/healthz", get(health))
        .route("/v1/accounts/{account}/events", post(backend::events))
        .route(
            "/v1/accounts/{account}/conversations/{conversation}",
            put(backend::conversation),
        )
        .route(
            "/v1/accounts/{account}/device_tokens",
            post(backend::mint_token),
        )
        .route(
            "/v1/accounts/{account}/device_tokens/{token}",
            delete(backend::revoke_token),
        )
        .route(
            "/v1/devices/{device}",
            put(phone::register).delete(phone::sign_out),
        )
        .route("/v1/changes", get(phone::changes))
        .route("/v1/operations", post(phone::operations))
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(no_such_path)
        .layer(middleware::from_fn(log));
    #[cfg(feature = "faults")]
    let router = router.layer(middleware::from_fn_with_state(
        app.clone(),
        crate::faults::layer,
    ));
    router.with_state(app)
}

async fn health(State(app): State<App>) -> Result<Response, ApiError> {
    app.store(|store, _| store.check()).await?;
    let version = env!("CARGO_PKG_VERSION");
    let body = serde_json::json!({ "status": "ok", "version": version });
    Ok(Json(body).into_response())
}

/// Told apart from what does not exist, so that no phone signs out because its address is wrong.
async fn no_such_path() -> ApiError {
    let detail = "There is nothing at this path. Check the relay's address.";
    Problem::new(ProblemKind::NoSuchPath, detail).into()
}

async fn method_not_allowed() -> ApiError {
    let detail = "This path exists, but not with this method.";
    Problem::new(ProblemKind::MethodNotAllowed, detail).into()
}

/// Logs the route's pattern, never the path: that has account and device ids in it.
async fn log(route: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let took_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    let status = response.status().as_u16();
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    tracing::info!(%method, route, status, took_us, "request");
    response
}

//! Bodies, queries and paths, read within bounds; an error names the field.

use std::time::Duration;

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, RawPathParams, Request},
    http::request::Parts,
};
use http::{HeaderMap, header::CONTENT_TYPE};
use serde::de::DeserializeOwned;
use truebadge_protocol::{ProblemKind, ids::IdError, limits::REQUEST_BYTES};

use super::{ApiError, App, Work, blame};

/// A body that comes slower than this is given up.
const BODY_TIME: Duration = Duration::from_secs(30);

/// A JSON body, and its bytes.
#[derive(Debug)]
pub struct JsonBody<T>(pub T, pub Bytes);

impl<T: DeserializeOwned> FromRequest<App> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::new(
                ProblemKind::UnsupportedMediaType,
                "Send the body as `Content-Type: application/json`.",
            ));
        }
        let bytes = body(request, app.work).await?;
        Ok(Self(json(&bytes)?, bytes))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media = value.and_then(|value| value.split(';').next());
    media.is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
}

async fn body(request: Request, work: Work) -> Result<Bytes, ApiError> {
    let read = axum::body::to_bytes(request.into_body(), REQUEST_BYTES);
    let read = match work {
        Work::Threads => tokio::time::timeout(BODY_TIME, read).await,
        // There is no timer, and nothing to wait for.
        Work::Inline => Ok(read.await),
    };
    match read {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_too_large(&error) => Err(ApiError::new(
            ProblemKind::TooLarge,
            format!("A body has at most {REQUEST_BYTES} bytes. Send it in parts."),
        )),
        Ok(Err(_)) | Err(_) => Err(ApiError::new(
            ProblemKind::Malformed,
            "The body broke off. Send the request again.",
        )),
    }
}

fn is_too_large(error: &axum::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if error.to_string().contains("length limit") {
            return true;
        }
        source = error.source();
    }
    error.to_string().contains("length limit")
}

/// Reads JSON; an error names the field's path.
pub fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    // The reader would not look into texts that it skips.
    if let Err(error) = std::str::from_utf8(bytes) {
        return Err(not_understood(&error.to_string(), String::new()));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize::<_, T>(&mut reader);
    let error = match read {
        Ok(value) => match reader.end() {
            Ok(()) => return Ok(value),
            Err(error) => return Err(not_understood(&error.to_string(), String::new())),
        },
        Err(error) => error,
    };
    // Where the text is no JSON there is no field to name.
    let path = match error.path().to_string() {
        path if path == "." || error.inner().is_syntax() || error.inner().is_eof() => String::new(),
        path => path,
    };
    let path = blame::field::<T>(bytes, &path).unwrap_or(path);
    Err(not_understood(&error.inner().to_string(), path))
}

fn not_understood(why: &str, path: String) -> ApiError {
    let why: String = why.chars().take(300).collect();
    if path.is_empty() {
        ApiError::new(ProblemKind::Malformed, format!("The body: {why}."))
    } else {
        ApiError::malformed(path, format!("This field: {why}."))
    }
}

/// Reads a query string. Parameters without a value are as good as absent.
pub fn query<T: DeserializeOwned>(parts: &str) -> Result<T, ApiError> {
    let given: Vec<&str> = parts
        .split('&')
        .filter(|part| {
            part.split_once('=')
                .is_some_and(|(_, value)| !value.is_empty())
        })
        .collect();
    let given = given.join("&");
    let pairs = url::form_urlencoded::parse(given.as_bytes());
    let reader = serde_urlencoded::Deserializer::new(pairs);
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." {
            "query".to_owned()
        } else {
            path
        };
        ApiError::malformed(path, format!("This parameter: {}.", error.inner()))
    })
}

/// The names in the path.
#[derive(Debug)]
pub struct PathNames(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for PathNames {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let names = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::new(ProblemKind::Malformed, "The path is not UTF-8."))?;
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Ok(Self(names.iter().map(owned).collect()))
    }
}

impl PathNames {
    /// A name of the path.
    pub fn get<N: TryFrom<String, Error = IdError>>(&self, name: &str) -> Result<N, ApiError> {
        N::try_from(self.text(name).to_owned())
            .map_err(|error| ApiError::malformed(name, format!("This part of the path: {error}.")))
    }

    /// A part of the path as it is.
    pub fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }
}

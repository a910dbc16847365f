//! Errors: problem documents with a stable type, whatever is sent.

use futures_util::future::join_all;
use http::Method;
use serde_json::json;

use crate::{
    case::{Stop, Verdict, cases, ensure},
    scene::{Account, Scene, item},
    server::{Ask, Who},
};

cases! { "Errors";
    no_such_path, "errors.no-such-path", "A path that is none is a 404 `no-such-path`: it says nothing of the account.";
    wrong_method, "errors.wrong-method", "A wrong method is a 405 `method-not-allowed`.";
    head_and_options, "errors.head-and-options", "HEAD and OPTIONS are answered, and break nothing.";
    not_json, "errors.not-json", "A body that is no JSON is a 400 `malformed`.";
    not_an_object, "errors.not-an-object", "JSON of another shape is a 400 `malformed`.";
    media_type, "errors.media-type", "A body of another media type is a 415.";
    media_type_parameters, "errors.media-type-parameters", "`application/json; charset=utf-8` is JSON.";
    too_large, "errors.too-large", "A body of more than 1 MiB is a 413 `too-large`.";
    field, "errors.field", "An error in one field names it in `field`.";
    deep, "errors.deep", "Deep nesting is an error like any other, and the relay lives.";
    retry_after, "errors.retry-after", "A 429 says in `Retry-After` when to come back.";
}

const PATHS: [&str; 5] = [
    "/v1/accounts/none/events",
    "/v1/accounts/none/conversations/a",
    "/v1/accounts/none/device_tokens",
    "/v1/changes",
    "/v1/operations",
];

async fn no_such_path(scene: &Scene) -> Verdict {
    for path in ["/v1/nothing", "/v1/accounts", "/v2/changes"] {
        let ask = Ask::new(Method::GET, path, Who::Producer);
        scene.send(ask).await?.problem(404, "no-such-path")?;
    }
    Ok(())
}

async fn wrong_method(scene: &Scene) -> Verdict {
    let (account, phone) = scene.phone().await?;
    let producer = [
        (Method::GET, account.path("events")),
        (Method::POST, account.path("conversations/a")),
        (Method::PATCH, account.path("device_tokens")),
    ];
    for (method, path) in producer {
        let ask = Ask::new(method, path, Who::Producer);
        scene.send(ask).await?.problem(405, "method-not-allowed")?;
    }
    for (method, path) in [
        (Method::POST, "/v1/changes"),
        (Method::GET, "/v1/operations"),
    ] {
        let answer = phone.send(method, path, None).await?;
        answer.problem(405, "method-not-allowed")?;
    }
    Ok(())
}

async fn head_and_options(scene: &Scene) -> Verdict {
    let (account, phone) = scene.phone().await?;
    for path in PATHS {
        for method in [Method::HEAD, Method::OPTIONS, Method::TRACE] {
            let answer = scene.send(Ask::new(method, path, Who::Producer)).await?;
            let known = (200..500).contains(&answer.status);
            ensure(known, "an answer below 500", answer.status)?;
        }
    }
    account.items("a", &[1]).await?;
    phone.try_changes("").await?.status(200)
}

async fn post(
    scene: &Scene,
    account: &Account<'_>,
    body: impl Into<Vec<u8>>,
) -> Verdict<crate::server::Answer> {
    let ask = Ask::new(Method::POST, account.path("events"), Who::Producer);
    scene.send(ask.bytes("application/json", body)).await
}

async fn not_json(scene: &Scene) -> Verdict {
    let account = scene.account();
    let bodies: [&[u8]; 5] = [
        b"",
        b"{",
        b"nothing",
        b"{\"events\":[]} and more",
        b"{\"events\":[],\"a\":\"\xff\"}",
    ];
    for body in bodies {
        post(scene, &account, body)
            .await?
            .problem(400, "malformed")?;
    }
    Ok(())
}

async fn not_an_object(scene: &Scene) -> Verdict {
    let account = scene.account();
    for body in [
        "null",
        "[]",
        "7",
        "{}",
        "{\"events\":{}}",
        "{\"events\":[null]}",
        "{\"events\":[[]]}",
    ] {
        post(scene, &account, body)
            .await?
            .problem(400, "malformed")?;
    }
    Ok(())
}

async fn media_type(scene: &Scene) -> Verdict {
    let (account, phone) = scene.phone().await?;
    let body = json!({ "events": [item("a", 1)] }).to_string();
    for media in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
    ] {
        let ask = Ask::new(Method::POST, account.path("events"), Who::Producer);
        let answer = scene.send(ask.bytes(media, body.clone())).await?;
        answer.problem(415, "unsupported-media-type")?;
    }
    let ask = Ask::new(Method::POST, "/v1/operations", Who::Token(&phone.token));
    let answer = scene
        .send(ask.bytes("text/plain", "{\"operations\":[]}"))
        .await?;
    answer.problem(415, "unsupported-media-type")?;
    Ok(())
}

async fn media_type_parameters(scene: &Scene) -> Verdict {
    let body = json!({ "events": [item("a", 1)] }).to_string();
    let ask = Ask::new(Method::POST, scene.account().path("events"), Who::Producer);
    let answer = scene
        .send(ask.bytes("application/json; charset=utf-8", body))
        .await?;
    answer.status(200)
}

async fn too_large(scene: &Scene) -> Verdict {
    let (account, phone) = scene.phone().await?;
    let padding = "x".repeat(1 << 20);
    let body = json!({ "events": [item("a", 1)], "padding": padding }).to_string();
    post(scene, &account, body)
        .await?
        .problem(413, "too-large")?;
    let body = json!({ "operations": [], "padding": padding });
    let answer = phone
        .send(Method::POST, "/v1/operations", Some(&body))
        .await?;
    answer.problem(413, "too-large")?;
    phone.try_changes("").await?.status(200)
}

async fn field(scene: &Scene) -> Verdict {
    let account = scene.account();
    let events = json!([item("a", 1), { "type": "item", "conversation": "a", "position": -4 }]);
    let answer = account.try_events(&events, None).await?;
    let problem = answer.problem(400, "malformed")?;
    let field = problem["field"].as_str().unwrap_or_default();
    let names = field.contains("events") && field.contains("position");
    ensure(names, "field: events[1].position", &problem["field"])
}

async fn deep(scene: &Scene) -> Verdict {
    let account = scene.account();
    let deep = format!(
        "{{\"events\":{}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    post(scene, &account, deep)
        .await?
        .problem(400, "malformed")?;
    account.items("a", &[1]).await?;
    Ok(())
}

/// Asks as often as it takes, with a token of its own, so that nobody else has to wait.
async fn retry_after(scene: &Scene) -> Verdict {
    let (_, phone) = scene.phone().await?;
    for _ in 0..50 {
        let asks = (0..25).map(|_| {
            let mut ask = Ask::new(Method::GET, "/v1/changes", Who::Token(&phone.token));
            ask.patient = false;
            scene.send(ask)
        });
        for answer in join_all(asks).await {
            let answer = answer?;
            if answer.status != 429 && answer.status != 503 {
                continue;
            }
            let kind = if answer.status == 429 {
                "too-many-requests"
            } else {
                "unavailable"
            };
            answer.problem(answer.status, kind)?;
            // RFC 9110: seconds, or a date, such as "Tue, 24 Nov 2026 09:00:00 GMT".
            let after = answer.header("retry-after");
            let seconds = !after.is_empty() && after.bytes().all(|byte| byte.is_ascii_digit());
            let date = after.len() == 29 && after.ends_with(" GMT");
            if seconds || date {
                return Ok(());
            }
            return Err(answer.fail("Retry-After: seconds or a date", after));
        }
    }
    Err(Stop::NotRun(
        "no limit was met in 1,250 requests".to_owned(),
    ))
}

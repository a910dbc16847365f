//! Credentials: who may do what.

use http::Method;
use serde_json::{Value, json};

use crate::{
    case::{Verdict, cases, ensure, same},
    counting::Totals,
    scene::{Scene, item, mark, read_up_to},
    server::{Ask, Who},
};

cases! { "Credentials";
    none, "credentials.none", "Without credentials every endpoint answers 401.";
    unknown, "credentials.unknown", "Credentials that nobody was given are answered with 401 by every endpoint.";
    no_bearer, "credentials.no-bearer", "Credentials that are no bearer token are answered with 401.";
    phone_writes, "credentials.phone-writes", "A device token does not open what is for the producer key: 403.";
    producer_reads, "credentials.producer-reads", "The producer key does not open what is for device tokens: 403.";
    isolation, "credentials.isolation", "A device token sees its own account and nothing of another.";
    operations_stay, "credentials.operations-stay", "What the person does on one account changes no other.";
    first_device, "credentials.first-device", "A device token belongs to the first device that registers with it.";
}

/// The endpoints of the app's backend.
fn backend(account: &str) -> Vec<(Method, String, Option<Value>)> {
    let path = |rest: &str| format!("/v1/accounts/{account}/{rest}");
    let events = json!({ "events": [item("a", 1)] });
    vec![
        (Method::POST, path("events"), Some(events)),
        (
            Method::PUT,
            path("conversations/a"),
            Some(json!({ "unread": 1 })),
        ),
        (Method::POST, path("device_tokens"), None),
        (Method::DELETE, path("device_tokens/none"), None),
    ]
}

/// The endpoints of the phone.
fn phones(registration: &Value) -> Vec<(Method, String, Option<Value>)> {
    let operations = json!({ "operations": [] });
    vec![
        (
            Method::PUT,
            "/v1/devices/phone".to_owned(),
            Some(registration.clone()),
        ),
        (Method::DELETE, "/v1/devices/phone".to_owned(), None),
        (Method::GET, "/v1/changes?since=0".to_owned(), None),
        (Method::POST, "/v1/operations".to_owned(), Some(operations)),
    ]
}

async fn each(
    scene: &Scene,
    endpoints: Vec<(Method, String, Option<Value>)>,
    who: Who<'_>,
    status: u16,
    kind: &str,
) -> Verdict {
    for (method, path, body) in endpoints {
        let ask = Ask::new(method, path, who);
        let ask = match &body {
            Some(body) => ask.json(body),
            None => ask,
        };
        scene.send(ask).await?.problem(status, kind)?;
    }
    Ok(())
}

fn registration() -> Value {
    json!({ "environment": "sandbox", "topic": "com.example.app" })
}

async fn none(scene: &Scene) -> Verdict {
    each(
        scene,
        backend(&scene.fresh()),
        Who::Nobody,
        401,
        "unauthorized",
    )
    .await?;
    each(
        scene,
        phones(&registration()),
        Who::Nobody,
        401,
        "unauthorized",
    )
    .await
}

async fn unknown(scene: &Scene) -> Verdict {
    let stranger = Who::Token("nobody-was-ever-given-this-token");
    each(
        scene,
        backend(&scene.fresh()),
        stranger,
        401,
        "unauthorized",
    )
    .await?;
    each(
        scene,
        phones(&registration()),
        stranger,
        401,
        "unauthorized",
    )
    .await
}

async fn no_bearer(scene: &Scene) -> Verdict {
    for value in ["Basic dXNlcjpwYXNzd29yZA==", "Bearer", "Bearer "] {
        let ask = Ask::new(Method::GET, "/v1/changes", Who::Nobody).header("authorization", value);
        scene.send(ask).await?.problem(401, "unauthorized")?;
    }
    Ok(())
}

async fn phone_writes(scene: &Scene) -> Verdict {
    let (account, phone) = scene.phone().await?;
    let who = Who::Token(&phone.token);
    each(scene, backend(&account.name), who, 403, "forbidden").await
}

async fn producer_reads(scene: &Scene) -> Verdict {
    each(
        scene,
        phones(&registration()),
        Who::Producer,
        403,
        "forbidden",
    )
    .await
}

async fn isolation(scene: &Scene) -> Verdict {
    let (ada, mut hers) = scene.phone().await?;
    let (grace, mut other) = scene.phone().await?;
    ada.items("shared", &[1, 2]).await?;
    ada.items("hers", &[1]).await?;
    grace.items("shared", &[7]).await?;
    let page = other.sync().await?;
    same("conversations of the other account", 1, other.mirror.len())?;
    same(
        "the other account's totals",
        Totals::new(1, 0, 1),
        page.totals,
    )?;
    same("the other account's head", 1, page.head)?;
    let page = hers.sync().await?;
    same("the account's totals", Totals::new(3, 0, 2), page.totals)?;
    ensure(
        hers.route != other.route,
        "two accounts have two routes",
        &hers.route,
    )
}

async fn operations_stay(scene: &Scene) -> Verdict {
    let (ada, mut hers) = scene.phone().await?;
    let (grace, mut other) = scene.phone().await?;
    for account in [&ada, &grace] {
        account
            .events(json!([item("a", 1), mark("b", true)]))
            .await?;
    }
    hers.sync().await?;
    hers.act(read_up_to("a", 1)).await?;
    let page = other.sync().await?;
    same(
        "the other account's totals",
        Totals::new(2, 0, 2),
        page.totals,
    )?;
    same("operations of the other phone", 0, page.acknowledged)
}

async fn first_device(scene: &Scene) -> Verdict {
    let (_, phone) = scene.phone().await?;
    let mut second = phone.clone();
    second.device = scene.fresh();
    let answer = second.try_register(&second.registration).await?;
    answer.problem(404, "not-found")?;
    second.sign_out().await?.problem(404, "not-found")?;
    phone.try_changes("").await?.status(200)
}

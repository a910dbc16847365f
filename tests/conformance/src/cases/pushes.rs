//! The push: what it says, and to whom it is sent.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    apns::Push,
    case::{Verdict, cases, ensure, same},
    scene::{Account, Phone, Scene, item, mark, marked},
};

/// A server has so many tenths of a second to take note of what APNs answered.
const ASKED_AGAIN: u32 = 50;

cases! { "The push";
    headers, "pushes.headers", "Every push has the headers of its lane, as APNs demands them.";
    short_form, "pushes.short-form", "A push says route, epoch, counter, versions, totals and rows in the short form.";
    cumulative, "pushes.cumulative", "`c` holds all that changed above the cursor that the phone confirmed last.";
    flags, "pushes.flags", "A row's flags say level, mark and removal.";
    counter, "pushes.counter", "`i` is one more with each push, and `last_push` tells the newest.";
    operations, "pushes.operations", "`k` is the highest operation of the phone that the totals know.";
    too_many_rows, "pushes.too-many-rows", "When the rows do not fit, `c` is left out whole, and the payload stays within 4,096 bytes.";
    new_token, "pushes.new-token", "A changed push token replaces the old one.";
    signed_out, "pushes.signed-out", "Nothing is sent to a phone that signed out, or whose token was revoked.";
    dead_token, "pushes.dead-token", "A push token that APNs ended is not used again, and the phone is told why.";
}

/// A phone that has synced, with everything let through but what `change` takes away.
pub(super) async fn ready<'s>(
    account: &Account<'s>,
    change: impl FnOnce(&mut Value),
) -> Verdict<Phone<'s>> {
    let mut phone = account.signed_in(account.name.clone()).await?;
    change(&mut phone.registration);
    phone.register().await?;
    phone.sync().await?;
    // Asking again confirms what the first answer said.
    phone.sync().await?;
    Ok(phone)
}

fn numbers(push: &Push, field: &str) -> Verdict<u64> {
    let tb = push.tb()?;
    tb[field]
        .as_u64()
        .ok_or_else(|| push.fail(format!("tb.{field}: a number"), tb[field].to_string()))
}

fn rows(push: &Push) -> Verdict<Vec<Value>> {
    let tb = push.tb()?;
    let rows = tb["c"].as_array().cloned();
    rows.ok_or_else(|| push.fail("rows in `c`", tb["c"].to_string()))
}

async fn headers(scene: &Scene) -> Verdict {
    let apns = scene.apns()?;
    let account = scene.account();
    let phone = ready(&account, |_| {}).await?;
    let risen = account.items("a", &[1]).await?;
    apns.at(&phone.push_token, risen.head).await?;
    let mut event = item("b", 1);
    event["alert"] = json!({ "title": "Grace", "body": "Lunch?" });
    let alerted = account.events(json!([event])).await?;
    apns.at(&phone.push_token, alerted.head).await?;
    let fallen = account.read("a", 1).await?;
    apns.at(&phone.push_token, fallen.head).await?;
    for push in apns.all(&phone.push_token) {
        check_headers(&push)?;
    }
    Ok(())
}

pub(super) fn check_headers(push: &Push) -> Verdict {
    let envelope = push.envelope()?;
    let payload = push.payload()?;
    same("apns-topic", "com.example.app", envelope.topic.as_str())?;
    for name in ["apns-id", "apns-expiration", "apns-collapse-id"] {
        if push.header(name).is_empty() {
            return Err(push.fail(format!("a header {name}"), "none"));
        }
    }
    let token = push.provider_token()?;
    same(
        "the provider token's algorithm",
        "ES256",
        token["alg"].as_str().unwrap_or_default(),
    )?;
    let seen = (
        envelope.priority,
        payload.wakes(),
        payload.interacts(),
        payload.is_mutable(),
    );
    let right = if push.is_silent() {
        seen == (5, true, false, false)
    } else if payload.alert().is_some() {
        seen == (10, false, true, true)
    } else {
        seen == (10, true, true, false)
    };
    if right {
        return Ok(());
    }
    let expected = "priority, content-available, badge or alert, mutable-content of its lane";
    Err(push.fail(expected, format!("{seen:?}")))
}

async fn short_form(scene: &Scene) -> Verdict {
    let apns = scene.apns()?;
    let account = scene.account();
    account.items("old", &[1]).await?;
    let phone = ready(&account, |_| {}).await?;
    let mut mention = item("a", 9);
    mention["mention"] = true.into();
    let after = account.events(json!([mention])).await?;
    let push = apns.at(&phone.push_token, after.head).await?;
    ensure(
        push.body.len() <= 4096,
        "at most 4,096 bytes",
        push.body.len(),
    )?;
    let expected = json!({
        "r": phone.route, "e": phone.epoch, "i": 1, "p": 1, "v": 2, "n": [2, 1, 2], "k": 0,
        "c": [["a", 2, 1, 1, 9, 0, 0]] });
    let tb = push.tb()?;
    let fields = expected.as_object().into_iter().flatten();
    for (field, value) in fields {
        if tb[field] != *value {
            return Err(push.fail(format!("tb.{field}: {value}"), tb[field].to_string()));
        }
    }
    Ok(())
}

async fn cumulative(scene: &Scene) -> Verdict {
    let apns = scene.apns()?;
    let account = scene.account();
    account.items("z", &[1]).await?;
    let mut phone = ready(&account, |_| {}).await?;
    let first = account.items("a", &[1]).await?;
    apns.at(&phone.push_token, first.head).await?;
    // The phone says nothing of the first push.
    let second = account.items("b", &[1]).await?;
    let push = apns.at(&phone.push_token, second.head).await?;
    same("p: the confirmed cursor", 1, numbers(&push, "p")?)?;
    let ids: Vec<Value> = rows(&push)?.into_iter().map(|row| row[0].clone()).collect();
    same("conversations in c", vec![json!("a"), json!("b")], ids)?;
    phone.sync().await?;
    phone.sync().await?;
    let third = account.items("a", &[2]).await?;
    let push = apns.at(&phone.push_token, third.head).await?;
    same(
        "p: the newly confirmed cursor",
        second.head,
        numbers(&push, "p")?,
    )?;
    same("rows in c", 1, rows(&push)?.len())
}

async fn flags(scene: &Scene) -> Verdict {
    let apns = scene.apns()?;
    let account = scene.account();
    account.items("gone", &[1]).await?;
    let phone = ready(&account, |_| {}).await?;
    let after = account
        .events(json!([
            { "type": "level", "conversation": "muted", "level": "none" },
            { "type": "level", "conversation": "some", "level": "mentions" },
            mark("some", true), mark("marked", true),
            { "type": "removed", "conversation": "gone" }, item("plain", 1),
        ]))
        .await?;
    let push = apns.at(&phone.push_token, after.head).await?;
    let mut seen: Vec<(String, u64)> = Vec::new();
    for row in rows(&push)? {
        let (id, flags) = (row[0].as_str().unwrap_or_default(), row[6].as_u64());
        seen.push((id.to_owned(), flags.unwrap_or(99)));
    }
    seen.sort();
    let expected = [
        ("gone", 8),
        ("marked", 4),
        ("muted", 2),
        ("plain", 0),
        ("some", 5),
    ];
    let expected: Vec<(String, u64)> = expected.map(|(id, flags)| (id.to_owned(), flags)).to_vec();
    same("conversations and their flags", expected, seen)
}

async fn counter(scene: &Scene) -> Verdict {
    let apns = scene.apns()?;
    let account = scene.account();
    let phone = ready(&account, |_| {}).await?;
    for position in 1..=3 {
        let after = account.items("a", &[position]).await?;
        let push = apns.at(&phone.push_token, after.head).await?;
        same("i", position, numbers(&push, "i")?)?;
    }
    // The push is here, which does not say that its sender has its answer already.
    let mut page = phone.page(&phone.query()).await?;
    for _ in 0..ASKED_AGAIN {
        if page.last_push == 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        page = phone.page(&phone.query()).await?;
    }
    same("last_push", 3, page.last_push)
}

async fn operations(scene: &Scene) -> Verdict {
    let apns = scene.apns()?;
    let account = scene.account();
    let mut phone = ready(&account, |_| {}).await?;
    phone.act(marked("a", true)).await?;
    phone.act(marked("b", true)).await?;
    let after = account.items("c", &[1]).await?;
    let push = apns.at(&phone.push_token, after.head).await?;
    same("k", 2, numbers(&push, "k")?)
}

async fn too_many_rows(scene: &Scene) -> Verdict {
    let apns = scene.apns()?;
    let account = scene.account();
    account.items("z", &[1]).await?;
    let phone = ready(&account, |_| {}).await?;
    let events = (0..600).map(|index| item(&format!("conversation-{index}"), 1));
    let after = account.events(events.collect()).await?;
    let push = apns.at(&phone.push_token, after.head).await?;
    ensure(
        push.body.len() <= 4096,
        "at most 4,096 bytes",
        push.body.len(),
    )?;
    let tb = push.tb()?;
    if tb.get("c").is_some() {
        return Err(push.fail("no `c`", "some rows"));
    }
    same("n", &json!([601, 0, 601]), &tb["n"])
}

async fn new_token(scene: &Scene) -> Verdict {
    let apns = scene.apns()?;
    let account = scene.account();
    let mut phone = ready(&account, |_| {}).await?;
    let first = account.items("a", &[1]).await?;
    apns.at(&phone.push_token, first.head).await?;
    let old = std::mem::replace(&mut phone.push_token, crate::scene::random(32));
    phone.registration["push_token"] = phone.push_token.clone().into();
    phone.register().await?;
    let second = account.items("a", &[2]).await?;
    apns.at(&phone.push_token, second.head).await?;
    same("pushes to the old token", 1, apns.all(&old).len())
}

async fn signed_out(scene: &Scene) -> Verdict {
    let apns = scene.apns()?;
    let account = scene.account();
    let phone = ready(&account, |_| {}).await?;
    let (signed_out, revoked) = (account.phone().await?, account.phone().await?);
    signed_out.sign_out().await?.status(204)?;
    account.revoke(&revoked.token_id).await?.status(204)?;
    for position in 1..=2 {
        let after = account.items("a", &[position]).await?;
        // When this phone has its push, the others would have had theirs.
        apns.at(&phone.push_token, after.head).await?;
    }
    let count = |phone: &Phone<'_>| apns.all(&phone.push_token).len();
    same("pushes to the phone that signed out", 0, count(&signed_out))?;
    same(
        "pushes to the phone whose token was revoked",
        0,
        count(&revoked),
    )
}

async fn dead_token(scene: &Scene) -> Verdict {
    let apns = scene.apns()?;
    let account = scene.account();
    let mut phone = ready(&account, |_| {}).await?;
    let mut other = account.phone().await?;
    other.sync().await?;
    apns.refuse(&phone.push_token, 410, "Unregistered");
    let first = account.items("a", &[1]).await?;
    apns.at(&phone.push_token, first.head).await?;
    for position in 2..=3 {
        let after = account.items("a", &[position]).await?;
        apns.at(&other.push_token, after.head).await?;
    }
    same(
        "pushes to the token that ended",
        1,
        apns.all(&phone.push_token).len(),
    )?;
    let told = phone.try_changes("").await?.json(200)?;
    same(
        "push_token_ended",
        &json!("unregistered"),
        &told["push_token_ended"],
    )?;
    phone.registration["push_token"] = crate::scene::random(32).into();
    phone.register().await?;
    let told = phone.try_changes("").await?.json(200)?;
    same(
        "push_token_ended, with a new token",
        &Value::Null,
        &told["push_token_ended"],
    )
}

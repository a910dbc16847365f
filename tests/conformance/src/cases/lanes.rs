//! The lanes: what is painted, what alerts, and what is silent.

use serde_json::{Value, json};

use super::pushes::{check_headers, ready};
use crate::{
    apns::Push,
    case::{Verdict, cases, ensure, same},
    counting::Totals,
    scene::{Scene, item},
};

cases! { "The lanes";
    fall, "pushes.fall", "A fall of the badge is painted while no receipts show that silent pushes arrive.";
    silent_budget, "pushes.silent-budget", "There are at most 3 silent pushes an hour.";
    not_allowed, "pushes.badges-not-allowed", "Where badges are not allowed nothing is painted.";
    policy, "pushes.policy", "A painted number follows the phone's policy.";
    sum, "pushes.painted-sum", "Two accounts of one phone are painted with their sum.";
    alone, "pushes.not-sole", "One account of several that live elsewhere is not painted.";
    alert, "pushes.alert", "An alert shows its text and names its item, and does not replace other notifications.";
    alert_muted, "pushes.alert-muted", "A muted conversation alerts nobody.";
}

async fn fall(scene: &Scene) -> Verdict {
    let apns = scene.apns()?;
    let account = scene.account();
    account.items("a", &[1, 2]).await?;
    let phone = ready(&account, |_| {}).await?;
    let after = account.read("a", 1).await?;
    let push = apns.at(&phone.push_token, after.head).await?;
    let painted = push.badge()?;
    if painted == Some(1) && !push.is_silent() {
        return Ok(());
    }
    Err(push.fail("aps.badge: 1, on the painted lane", format!("{painted:?}")))
}

async fn silent_budget(scene: &Scene) -> Verdict {
    let apns = scene.apns()?;
    let account = scene.account();
    let phone = ready(&account, |_| {}).await?;
    for position in 1..=5 {
        let after = account.items("a", &[position]).await?;
        // One that waits for its budget is no fault; those after three are painted here.
        apns.at(&phone.push_token, after.head).await?;
    }
    let pushes = apns.all(&phone.push_token);
    let silent = pushes.iter().filter(|push| push.is_silent()).count();
    ensure(silent <= 3, "at most 3 silent pushes", silent)
}

async fn not_allowed(scene: &Scene) -> Verdict {
    let apns = scene.apns()?;
    let account = scene.account();
    account.items("a", &[1]).await?;
    let forbid =
        |registration: &mut Value| registration["conditions"]["badges_allowed"] = false.into();
    let phone = ready(&account, forbid).await?;
    let fallen = account.read("a", 1).await?;
    apns.at(&phone.push_token, fallen.head).await?;
    let risen = account.items("a", &[2]).await?;
    apns.at(&phone.push_token, risen.head).await?;
    no_badge(&apns.all(&phone.push_token))
}

fn no_badge(pushes: &[Push]) -> Verdict {
    for push in pushes {
        if let Some(badge) = push.badge()? {
            return Err(push.fail("no aps.badge", badge.to_string()));
        }
    }
    Ok(())
}

async fn policy(scene: &Scene) -> Verdict {
    let apns = scene.apns()?;
    for (policy, number) in [("conversations", 1), ("mentions", 2), ("messages", 3)] {
        let account = scene.account();
        let events = (1..=4).map(|at| {
            json!({ "type": "item", "conversation": "a", "position": at,
                                              "mention": at != 3 })
        });
        account.events(events.collect()).await?;
        account.items("b", &[1]).await?;
        let choose = |registration: &mut Value| {
            registration["policy"] = policy.into();
        };
        let phone = ready(&account, choose).await?;
        let after = account
            .events(json!([
                { "type": "read", "conversation": "a", "up_to": 1 },
                { "type": "read", "conversation": "b", "up_to": 1 }]))
            .await?;
        same("totals", Totals::new(3, 2, 1), after.totals)?;
        let push = apns.at(&phone.push_token, after.head).await?;
        same(
            &format!("aps.badge under {policy}"),
            Some(number),
            push.badge()?,
        )?;
    }
    Ok(())
}

async fn sum(scene: &Scene) -> Verdict {
    let apns = scene.apns()?;
    let (ada, work) = (scene.account(), scene.account());
    ada.items("a", &[1, 2]).await?;
    work.items("w", &[1, 2, 3]).await?;
    let shared = |registration: &mut Value| registration["sole_account"] = false.into();
    let first = ready(&ada, shared).await?;
    let mut second = work.signed_in(first.device.clone()).await?;
    second.registration = first.registration.clone();
    second.register().await?;
    second.sync().await?;
    let after = ada.read("a", 1).await?;
    let of_ada = |push: &Push| {
        push.tb()
            .is_ok_and(|tb| tb["r"] == first.route && tb["v"].as_u64() == Some(after.head))
    };
    let push = apns
        .find(&first.push_token, "of the account that fell", of_ada)
        .await?;
    same(
        "aps.badge: 1 of one account and 3 of the other",
        Some(4),
        push.badge()?,
    )
}

async fn alone(scene: &Scene) -> Verdict {
    let apns = scene.apns()?;
    let account = scene.account();
    account.items("a", &[1]).await?;
    let several = |registration: &mut Value| registration["sole_account"] = false.into();
    let phone = ready(&account, several).await?;
    let after = account.read("a", 1).await?;
    apns.at(&phone.push_token, after.head).await?;
    no_badge(&apns.all(&phone.push_token))
}

fn alerting(conversation: &str, position: u64) -> Value {
    let mut event = item(conversation, position);
    event["alert"] =
        json!({ "title": "Grace", "subtitle": "Team", "body": "Lunch?", "sound": "default" });
    event
}

async fn alert(scene: &Scene) -> Verdict {
    let apns = scene.apns()?;
    let account = scene.account();
    let phone = ready(&account, |_| {}).await?;
    account
        .events(json!([alerting("a", 5), alerting("a", 6)]))
        .await?;
    let mut collapse = Vec::new();
    for position in [5, 6] {
        let about = json!(["a", position]);
        let names = |push: &Push| push.tb().is_ok_and(|tb| tb["a"] == about);
        let what = format!("with a: {about}");
        let push = apns.find(&phone.push_token, &what, names).await?;
        let shown = push.json()?["aps"].take();
        let text = (
            shown["alert"]["title"].as_str(),
            shown["alert"]["body"].as_str(),
        );
        same("title and body", (Some("Grace"), Some("Lunch?")), text)?;
        same(
            "subtitle",
            Some("Team"),
            shown["alert"]["subtitle"].as_str(),
        )?;
        same(
            "sound and thread-id",
            (&json!("default"), &json!("a")),
            (&shown["sound"], &shown["thread-id"]),
        )?;
        same("mutable-content", &json!(1), &shown["mutable-content"])?;
        check_headers(&push)?;
        collapse.push(push.header("apns-collapse-id").to_owned());
    }
    let apart = collapse.first() != collapse.last();
    ensure(
        apart,
        "a collapse id for each notification",
        format!("{collapse:?}"),
    )
}

async fn alert_muted(scene: &Scene) -> Verdict {
    let apns = scene.apns()?;
    let account = scene.account();
    account.level("muted", "none").await?;
    let phone = ready(&account, |_| {}).await?;
    account
        .events(json!([alerting("muted", 1), alerting("loud", 1)]))
        .await?;
    let alert = |push: &Push| {
        push.json()
            .is_ok_and(|json| json["aps"]["alert"].is_object())
    };
    apns.find(&phone.push_token, "with an alert", alert).await?;
    let after = account.events(json!([alerting("loud", 2)])).await?;
    apns.at(&phone.push_token, after.head).await?;
    for push in apns.all(&phone.push_token) {
        if push.tb()?["a"][0] == "muted" {
            return Err(push.fail("no alert of a muted conversation", "one"));
        }
    }
    Ok(())
}

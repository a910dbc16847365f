//! Register, and sign out.

use serde_json::json;

use crate::{
    case::{Verdict, cases, ensure, same},
    scene::{Scene, random, read_up_to},
};

cases! { "Register";
    answer, "devices.answer", "The answer says the route, the epoch, the newest version and the relay's time.";
    again, "devices.again", "Registering again is the same as registering once.";
    token_changes, "devices.token-changes", "A changed push token is taken; the route stays.";
    least, "devices.least", "`environment` and `topic` are required, and enough.";
    two_phones, "devices.two-phones", "Two phones of an account have routes and operations of their own.";
    sign_out, "devices.sign-out", "After signing out the token answers 410 `gone`.";
    sign_out_again, "devices.sign-out-again", "Signing out may be sent again.";
    sign_out_late, "devices.sign-out-late", "A sign-out that comes late leaves what signed in after it.";
    sign_out_other, "devices.sign-out-other", "A phone signs out itself, no other device.";
    others_stay, "devices.others-stay", "When one phone signs out, the account's others stay.";
}

async fn answer(scene: &Scene) -> Verdict {
    let account = scene.account();
    let committed = account.items("a", &[1]).await?;
    let mut phone = account.phone().await?;
    let registered = phone.register().await?;
    same(
        "epoch",
        committed.epoch.as_str(),
        registered["epoch"].as_str().unwrap_or_default(),
    )?;
    same("head", Some(committed.head), registered["head"].as_u64())?;
    // Anything else is no time in milliseconds: 2020, 2100.
    let time = registered["server_time"].as_u64().unwrap_or(0);
    let plausible = (1_577_836_800_000..4_102_444_800_000).contains(&time);
    ensure(plausible, "server_time: Unix milliseconds", time)
}

async fn again(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("a", &[1]).await?;
    phone.sync().await?;
    phone.act(read_up_to("a", 1)).await?;
    let route = phone.route.clone();
    phone.register().await?;
    same("route", route, phone.route.clone())?;
    let page = phone.sync().await?;
    same("acknowledged", 1, page.acknowledged)
}

async fn token_changes(scene: &Scene) -> Verdict {
    let (_, mut phone) = scene.phone().await?;
    let route = phone.route.clone();
    phone.registration["push_token"] = random(32).into();
    phone.register().await?;
    same("route", &route, &phone.route)?;
    phone.registration["push_token"].take();
    phone.register().await?;
    same("route", &route, &phone.route)
}

async fn least(scene: &Scene) -> Verdict {
    let phone = scene.account().signed_in(scene.fresh()).await?;
    for wrong in [
        json!({ "environment": "sandbox" }),
        json!({ "topic": "com.example.app" }),
    ] {
        phone
            .try_register(&wrong)
            .await?
            .problem(400, "malformed")?;
    }
    let least = json!({ "environment": "production", "topic": "com.example.app" });
    phone.try_register(&least).await?.status(200)
}

async fn two_phones(scene: &Scene) -> Verdict {
    let (account, mut one) = scene.phone().await?;
    let mut two = account.phone().await?;
    ensure(one.route != two.route, "two routes", &one.route)?;
    account.items("a", &[1, 2]).await?;
    one.sync().await?;
    two.sync().await?;
    one.act(read_up_to("a", 1)).await?;
    let page = two.sync().await?;
    same("acknowledged to the other phone", 0, page.acknowledged)?;
    same("unread on the other phone", 1, two.row("a")?.unread)?;
    let applied = two.act(read_up_to("a", 2)).await?;
    same("operations of the other phone", vec![1], applied.numbers())
}

async fn sign_out(scene: &Scene) -> Verdict {
    let (_, phone) = scene.phone().await?;
    phone.sign_out().await?.status(204)?;
    phone.try_changes("").await?.problem(410, "gone")?;
    let answer = phone.try_operations(&[], &phone.query()).await?;
    answer.problem(410, "gone")?;
    let answer = phone.try_register(&phone.registration).await?;
    answer.problem(410, "gone")?;
    Ok(())
}

async fn sign_out_again(scene: &Scene) -> Verdict {
    let (_, phone) = scene.phone().await?;
    phone.sign_out().await?.status(204)?;
    phone.sign_out().await?.status(204)
}

async fn sign_out_late(scene: &Scene) -> Verdict {
    let (account, before) = scene.phone().await?;
    let mut after = account.signed_in(before.device.clone()).await?;
    after.register().await?;
    before.sign_out().await?.status(204)?;
    after.try_changes("").await?.status(200)?;
    before.try_changes("").await?.problem(410, "gone")?;
    Ok(())
}

async fn sign_out_other(scene: &Scene) -> Verdict {
    let (account, phone) = scene.phone().await?;
    let other = account.phone().await?;
    let mut wrong = phone.clone();
    wrong.device.clone_from(&other.device);
    wrong.sign_out().await?.problem(404, "not-found")?;
    other.try_changes("").await?.status(200)
}

async fn others_stay(scene: &Scene) -> Verdict {
    let (account, phone) = scene.phone().await?;
    let other = account.phone().await?;
    phone.sign_out().await?.status(204)?;
    other.try_changes("").await?.status(200)
}

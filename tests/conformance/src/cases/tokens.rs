//! Device tokens.

use crate::{
    case::{Verdict, cases, ensure, same},
    scene::{Scene, read_up_to},
};

cases! { "Device tokens";
    mint, "tokens.mint", "Each call mints another token with another id, and answers 201.";
    revoke, "tokens.revoke", "A revoked token is answered with 401.";
    others_stay, "tokens.others-stay", "Revoking one token leaves the account's others as they are.";
    unknown, "tokens.unknown", "Revoking what is not there is a 404, also when it is another account's.";
    goes_on, "tokens.goes-on", "With another token of the same account a phone's registration goes on where it was.";
}

async fn mint(scene: &Scene) -> Verdict {
    let account = scene.account();
    let (one, two) = (account.mint().await?, account.mint().await?);
    ensure(one.0 != two.0, "two ids", &one.0)?;
    ensure(one.1 != two.1, "two tokens", "the same twice")
}

async fn revoke(scene: &Scene) -> Verdict {
    let (account, phone) = scene.phone().await?;
    phone.try_changes("").await?.status(200)?;
    account.revoke(&phone.token_id).await?.status(204)?;
    phone.try_changes("").await?.problem(401, "unauthorized")?;
    let answer = phone.try_operations(&[], &phone.query()).await?;
    answer.problem(401, "unauthorized")?;
    let answer = phone.try_register(&phone.registration).await?;
    answer.problem(401, "unauthorized")?;
    Ok(())
}

async fn others_stay(scene: &Scene) -> Verdict {
    let (account, phone) = scene.phone().await?;
    let other = account.phone().await?;
    account.revoke(&phone.token_id).await?.status(204)?;
    other.try_changes("").await?.status(200)
}

async fn unknown(scene: &Scene) -> Verdict {
    let (account, phone) = scene.phone().await?;
    let stranger = scene.account();
    stranger.items("a", &[1]).await?;
    stranger
        .revoke(&phone.token_id)
        .await?
        .problem(404, "not-found")?;
    account.revoke("none").await?.problem(404, "not-found")?;
    phone.try_changes("").await?.status(200)
}

async fn goes_on(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("a", &[1]).await?;
    phone.sync().await?;
    phone.act(read_up_to("a", 1)).await?;
    account.revoke(&phone.token_id).await?.status(204)?;
    let mut again = account.signed_in(phone.device.clone()).await?;
    again.register().await?;
    same("route", &phone.route, &again.route)?;
    let page = again.sync().await?;
    same("acknowledged", 1, page.acknowledged)
}

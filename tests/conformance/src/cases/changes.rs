//! Ask what changed.

use serde_json::json;

use crate::{
    case::{Verdict, cases, ensure, same},
    counting::Totals,
    page::Query,
    scene::{Scene, item, mark},
};

cases! { "Ask what changed";
    nothing, "changes.nothing", "An account in which nothing happened has no rows, no totals and an empty digest.";
    only_newer, "changes.only-newer", "Only what changed above `since` is told.";
    nothing_new, "changes.nothing-new", "When nothing changed there are no rows, and `next` is `head`.";
    newest_state, "changes.newest-state", "However often a conversation changed, it is told once, in its newest state.";
    became_inactive, "changes.became-inactive", "What was read to the end is told, so that phones let go of it.";
    pages, "changes.pages", "Pages ascend, hold each conversation once, and come to everything.";
    one_by_one, "changes.one-by-one", "Pages of one row come to everything too.";
    page_sums, "changes.page-sums", "`head`, `totals` and `digest` are the whole account's on every page.";
    change_between, "changes.change-between-pages", "What changes between two pages is told in its newest state.";
    sums, "changes.sums", "`totals` and `digest` are what a recount over levels, marks and mentions gives.";
    epoch_stays, "changes.epoch-stays", "The epoch stays while the history goes on.";
    reads_confirm_nothing, "changes.asked-again", "The same question again gets the same answer.";
    bad_parameters, "changes.bad-parameters", "Parameters that are no numbers or too large are refused.";
    last_push, "changes.receipts", "Receipts of pushes that were never sent do no harm.";
}

async fn nothing(scene: &Scene) -> Verdict {
    let (_, mut phone) = scene.phone().await?;
    let page = phone.sync().await?;
    same(
        "rows, next and head",
        (0, 0, 0),
        (page.rows.len(), page.next, page.head),
    )?;
    same("totals", Totals::default(), page.totals)?;
    same("digest", "0000000000000000", page.digest.as_str())?;
    same(
        "acknowledged and last_push",
        (0, 0),
        (page.acknowledged, page.last_push),
    )
}

async fn only_newer(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account
        .events(json!([item("a", 1), item("b", 1), item("c", 1)]))
        .await?;
    phone.sync().await?;
    account.items("b", &[2]).await?;
    let page = phone.sync().await?;
    ensure(!page.reset, "no reset", "a reset")?;
    let ids: Vec<&str> = page.rows.iter().map(|row| row.id.as_str()).collect();
    same("conversations", vec!["b"], ids)
}

async fn nothing_new(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    let last = account.items("a", &[1]).await?;
    phone.sync().await?;
    let page = phone.sync().await?;
    same("reset and rows", (false, 0), (page.reset, page.rows.len()))?;
    same(
        "next and head",
        (last.head, last.head),
        (page.next, page.head),
    )
}

async fn newest_state(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("z", &[1]).await?;
    phone.sync().await?;
    for position in 1..=5 {
        account.items("a", &[position]).await?;
        account.items("b", &[position]).await?;
    }
    let last = account.read("a", 4).await?;
    let page = phone.sync().await?;
    same("rows", 2, page.rows.len())?;
    let row = phone.row("a")?;
    same(
        "unread and version",
        (1, last.head),
        (row.unread, row.version),
    )
}

async fn became_inactive(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.events(json!([item("a", 1), item("b", 1)])).await?;
    phone.sync().await?;
    account.read("a", 1).await?;
    let page = phone.sync().await?;
    same("rows", 1, page.rows.len())?;
    same(
        "unread of the row",
        0,
        page.rows.first().map_or(9, |row| row.unread),
    )?;
    same("active conversations", 1, phone.mirror.len())
}

async fn pages(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("first", &[1]).await?;
    phone.sync().await?;
    account
        .events((0..23).map(|index| item(&format!("c{index}"), 1)).collect())
        .await?;
    account
        .events(json!([item("c3", 2), item("c9", 2), item("first", 2)]))
        .await?;
    phone.sync_by(Some(5)).await?;
    same("conversations", 24, phone.mirror.len())?;
    same(
        "unread of one that changed twice",
        2,
        phone.row("c9")?.unread,
    )
}

async fn one_by_one(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account
        .events((0..7).map(|index| item(&format!("c{index}"), 1)).collect())
        .await?;
    phone.sync_by(Some(1)).await?;
    same("conversations", 7, phone.mirror.len())
}

async fn page_sums(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("a", &[1]).await?;
    phone.sync().await?;
    let last = account
        .events((0..9).map(|index| item(&format!("c{index}"), 1)).collect())
        .await?;
    let mut query = Query {
        limit: Some(4),
        ..phone.query()
    };
    let whole = phone.page(&phone.query()).await?;
    for more in [true, true, false] {
        let page = phone.page(&query).await?;
        same("more", more, page.more)?;
        same("head", last.head, page.head)?;
        same("totals", Totals::new(10, 0, 10), page.totals)?;
        same("digest, of all the pages", &whole.digest, &page.digest)?;
        query.since = Some(page.next);
    }
    Ok(())
}

async fn change_between(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("x", &[1]).await?;
    phone.sync().await?;
    account
        .events((0..6).map(|index| item(&format!("c{index}"), 1)).collect())
        .await?;
    let first = phone
        .page(&Query {
            limit: Some(3),
            ..phone.query()
        })
        .await?;
    // One that was told already, and one that comes next.
    account
        .events(json!([item("c0", 2), item("c4", 2)]))
        .await?;
    let mut query = Query {
        limit: Some(3),
        ..phone.query()
    };
    query.since = Some(first.next);
    let second = phone.page(&query).await?;
    let ids: Vec<&str> = second.rows.iter().map(|row| row.id.as_str()).collect();
    same(
        "conversations of the second page",
        vec!["c3", "c5", "c0"],
        ids,
    )?;
    phone.sync_by(Some(3)).await?;
    same(
        "unread",
        (2, 2),
        (phone.row("c0")?.unread, phone.row("c4")?.unread),
    )
}

async fn sums(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    for level in ["all", "mentions", "none"] {
        for (name, marked) in [("plain", false), ("marked", true)] {
            let id = format!("{name}-{level}");
            let mut mention = item(&id, 4);
            mention["mention"] = true.into();
            let level = json!({ "type": "level", "conversation": id, "level": level });
            let read = json!({ "type": "read", "conversation": id, "up_to": 2 });
            let events = json!([
                level,
                item(&id, 1),
                item(&id, 3),
                mention,
                read,
                mark(&id, marked)
            ]);
            account.events(events).await?;
            phone.sync().await?;
        }
    }
    let page = phone.sync().await?;
    same("totals", Totals::new(6, 4, 4), page.totals)
}

async fn epoch_stays(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    let first = phone.sync().await?;
    account.items("a", &[1]).await?;
    let second = phone.sync().await?;
    same("epoch", &first.epoch, &second.epoch)?;
    let third = phone
        .page(&Query {
            since: Some(0),
            ..Query::default()
        })
        .await?;
    same("epoch", first.epoch, third.epoch)
}

async fn reads_confirm_nothing(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("a", &[1]).await?;
    phone.sync().await?;
    account.items("b", &[1]).await?;
    let (first, again) = (
        phone.page(&phone.query()).await?,
        phone.page(&phone.query()).await?,
    );
    same("rows", first.rows, again.rows)?;
    phone.sync().await?;
    same("conversations", 2, phone.mirror.len())
}

async fn bad_parameters(scene: &Scene) -> Verdict {
    let (_, phone) = scene.phone().await?;
    let long = format!("epoch={}", "e".repeat(65));
    for wrong in [
        "since=-1",
        "since=x",
        "since=1.5",
        "since=9007199254740992",
        &long,
    ] {
        let answer = phone.try_changes(&format!("?{wrong}")).await?;
        answer.problem(400, "malformed")?;
    }
    Ok(())
}

async fn last_push(scene: &Scene) -> Verdict {
    let (_, mut phone) = scene.phone().await?;
    phone.sync().await?;
    let query = Query {
        received: vec![1, 2, 900],
        ..phone.query()
    };
    phone.page(&query).await?;
    Ok(())
}

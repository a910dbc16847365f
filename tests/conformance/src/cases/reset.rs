//! A reset: what it names, and when there is one.

use std::collections::BTreeSet;

use serde_json::json;

use crate::{
    case::{Verdict, cases, ensure, same},
    page::Query,
    scene::{Scene, item, mark},
};

cases! { "Ask what changed";
    since_0, "reset.since-0", "`since=0` is answered with a reset.";
    foreign_epoch, "reset.foreign-epoch", "A `since` of another epoch is answered with a reset.";
    beyond_head, "reset.beyond-head", "A `since` that the history never reached is answered with a reset.";
    names_all_active, "reset.names-all-active", "A reset names every active conversation, and no other.";
    in_pages, "reset.in-pages", "A reset in pages says so on the first, and comes to all active conversations.";
    while_changing, "reset.while-changing", "A reset in pages comes to the truth while the account changes.";
}

async fn since_0(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("a", &[1]).await?;
    let page = phone.sync().await?;
    ensure(page.reset, "reset: true", page.reset)?;
    let query = Query {
        since: Some(0),
        ..phone.query()
    };
    let page = phone.page(&query).await?;
    same("reset and rows", (true, 1), (page.reset, page.rows.len()))
}

async fn foreign_epoch(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.events(json!([item("a", 1), item("b", 1)])).await?;
    phone.sync().await?;
    let epoch = Some("another-history".to_owned());
    let page = phone
        .page(&Query {
            epoch,
            ..phone.query()
        })
        .await?;
    same("reset and rows", (true, 2), (page.reset, page.rows.len()))?;
    ensure(
        Some(&page.epoch) == phone.epoch.as_ref(),
        "the epoch of this history",
        page.epoch,
    )
}

async fn beyond_head(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("a", &[1]).await?;
    phone.sync().await?;
    let page = phone
        .page(&Query {
            since: Some(1000),
            ..phone.query()
        })
        .await?;
    same("reset and rows", (true, 1), (page.reset, page.rows.len()))
}

async fn names_all_active(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account
        .events(json!([
            item("unread", 1), item("read", 1), item("removed", 1), item("muted-and-read", 1),
            { "type": "read", "conversation": "read", "up_to": 1 },
            { "type": "removed", "conversation": "removed" },
            { "type": "read", "conversation": "muted-and-read", "up_to": 1 },
            { "type": "level", "conversation": "muted-and-read", "level": "none" },
            { "type": "level", "conversation": "mentions", "level": "mentions" },
            mark("marked", true), mark("unmarked", true), mark("unmarked", false),
        ]))
        .await?;
    let page = phone.sync().await?;
    let named: BTreeSet<&str> = page.rows.iter().map(|row| row.id.as_str()).collect();
    let active = BTreeSet::from(["unread", "muted-and-read", "mentions", "marked"]);
    same("conversations", active, named)
}

async fn in_pages(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account
        .events((0..11).map(|index| item(&format!("c{index}"), 1)).collect())
        .await?;
    account.read("c4", 1).await?;
    let first = phone
        .page(&Query {
            limit: Some(4),
            ..Query::default()
        })
        .await?;
    same(
        "reset and more of the first page",
        (true, true),
        (first.reset, first.more),
    )?;
    phone.sync_by(Some(4)).await?;
    same("active conversations", 10, phone.mirror.len())
}

async fn while_changing(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account
        .events((0..9).map(|index| item(&format!("c{index}"), 1)).collect())
        .await?;
    let first = phone
        .page(&Query {
            limit: Some(4),
            ..Query::default()
        })
        .await?;
    account.read("c1", 1).await?;
    account.removed("c7").await?;
    account.items("new", &[1]).await?;
    // As a phone that took the first page already.
    for row in &first.rows {
        phone.mirror.insert(row.id.clone(), row.clone());
    }
    phone.epoch = Some(first.epoch);
    phone.cursor = first.next;
    phone.sync_by(Some(4)).await?;
    same("active conversations", 8, phone.mirror.len())
}

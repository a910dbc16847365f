//! Or report whole states.

use serde_json::json;

use crate::{
    case::{Verdict, cases, same},
    counting::Totals,
    scene::{Scene, read_up_to},
};

cases! { "Or report whole states";
    state, "states.state", "A whole state is what phones see.";
    defaults, "states.defaults", "Absent fields are 0, `all` and false.";
    same_state, "states.same-state", "The same state again takes no version.";
    marker_rises, "states.marker-rises", "The read marker only rises.";
    phone_read, "states.phone-read", "A state that does not know of a read on a phone does not bring back what was read there.";
    replaces_items, "states.replaces-items", "A whole state replaces the items that were reported so far.";
}

async fn state(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    let state = json!({ "unread": 3, "mentions": 1, "newest": 815, "read_up_to": 812,
                        "level": "mentions", "marked_unread": true });
    let after = account.put("a", state).await?;
    same("conversations changed", 1, after.changed)?;
    same("totals", Totals::new(1, 1, 1), after.totals)?;
    phone.sync().await?;
    let row = phone.row("a")?;
    same("unread and mentions", (3, 1), (row.unread, row.mentions))?;
    same(
        "newest and marker",
        (815, 812),
        (row.newest, row.read_up_to),
    )?;
    same(
        "level and mark",
        ("mentions", true),
        (row.level.word(), row.marked_unread),
    )
}

async fn defaults(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    let full = json!({ "unread": 3, "mentions": 1, "level": "none", "marked_unread": true });
    account.put("a", full).await?;
    account.put("a", json!({ "unread": 2 })).await?;
    phone.sync().await?;
    let row = phone.row("a")?;
    same("unread and mentions", (2, 0), (row.unread, row.mentions))?;
    same(
        "level and mark",
        ("all", false),
        (row.level.word(), row.marked_unread),
    )
}

async fn same_state(scene: &Scene) -> Verdict {
    let account = scene.account();
    let state = json!({ "unread": 3, "newest": 15, "read_up_to": 12 });
    let first = account.put("a", state.clone()).await?;
    let again = account.put("a", state).await?;
    same(
        "head and changed",
        (first.head, 0),
        (again.head, again.changed),
    )
}

async fn marker_rises(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account
        .put("a", json!({ "unread": 1, "newest": 20, "read_up_to": 19 }))
        .await?;
    account
        .put("a", json!({ "unread": 1, "newest": 21, "read_up_to": 15 }))
        .await?;
    phone.sync().await?;
    same("read_up_to", 19, phone.row("a")?.read_up_to)
}

async fn phone_read(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    let state = json!({ "unread": 3, "newest": 10, "read_up_to": 7 });
    account.put("a", state.clone()).await?;
    phone.sync().await?;
    phone.act(read_up_to("a", 10)).await?;
    let after = account.put("a", state).await?;
    same("totals", Totals::default(), after.totals)
}

async fn replaces_items(scene: &Scene) -> Verdict {
    let account = scene.account();
    account.items("a", &[1, 2, 3]).await?;
    let after = account
        .put("a", json!({ "unread": 1, "newest": 3, "read_up_to": 2 }))
        .await?;
    same("totals", Totals::new(1, 0, 1), after.totals)?;
    let after = account
        .put("a", json!({ "unread": 0, "newest": 3, "read_up_to": 3 }))
        .await?;
    same("totals", Totals::default(), after.totals)
}

//! Report what happened.

use serde_json::{Value, json};

use crate::{
    case::{Verdict, cases, ensure, same},
    counting::Totals,
    scene::{Committed, Scene, item, mark},
};

cases! { "Report what happened";
    item_counts, "events.item", "An item above the read marker counts, and its position is the newest.";
    same_position, "events.same-position", "The same position twice is one item.";
    mention, "events.mention", "An item that mentions the person counts among the mentions too.";
    late_item, "events.late-item", "An item at or below the read marker never counts, whenever it arrives.";
    read, "events.read", "A read ends everything at or below it, and leaves what is above.";
    read_ahead, "events.read-ahead", "A read beyond the newest item holds for items that arrive afterwards below it.";
    lower_read, "events.lower-read", "A lower read marker than the present one changes nothing, also no mark by hand.";
    read_takes_mark, "events.read-takes-mark", "A read takes a mark by hand away.";
    read_items, "events.read-items", "Single items are read; the marker and a mark by hand stay.";
    read_item_again, "events.read-item-again", "An item that was read by itself does not count when it is reported again.";
    marks, "events.marked-unread", "A conversation is marked unread, and that is taken back.";
    level, "events.level", "A level is kept while items come and are read.";
    removed, "events.removed", "What is removed is told as removed, and a late item does not bring it back.";
    comes_back, "events.comes-back", "A new item brings a removed conversation back.";
    in_order, "events.in-order", "The events of a call are applied in their order.";
    together, "events.together", "When one event of a call is wrong, none of them is done.";
    key_again, "events.key-again", "The same key with the same body gets the first answer, and nothing is done twice.";
    key_other_body, "events.key-other-body", "The same key with another body is a 409, and nothing is done.";
    no_key, "events.no-key", "Without a key a call is applied again.";
}

async fn item_counts(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    let after = account.items("a", &[7]).await?;
    same("totals", Totals::new(1, 0, 1), after.totals)?;
    phone.sync().await?;
    let row = phone.row("a")?;
    same(
        "unread, newest and marker",
        (1, 7, 0),
        (row.unread, row.newest, row.read_up_to),
    )?;
    account.items("a", &[3]).await?;
    phone.sync().await?;
    let row = phone.row("a")?;
    same("unread and newest", (2, 7), (row.unread, row.newest))
}

async fn same_position(scene: &Scene) -> Verdict {
    let account = scene.account();
    account.items("a", &[1, 1]).await?;
    let after = account.items("a", &[1]).await?;
    same("totals", Totals::new(1, 0, 1), after.totals)?;
    let after = account.read("a", 1).await?;
    same("totals once it is read", Totals::default(), after.totals)
}

async fn mention(scene: &Scene) -> Verdict {
    let account = scene.account();
    let mut mention = item("a", 2);
    mention["mention"] = true.into();
    let after = account.events(json!([item("a", 1), mention])).await?;
    same("totals", Totals::new(2, 1, 1), after.totals)?;
    let after = account.read("a", 2).await?;
    same("totals once they are read", Totals::default(), after.totals)
}

async fn late_item(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("a", &[1, 9]).await?;
    let read = account.read("a", 8).await?;
    for late in [8, 5] {
        let after = account.items("a", &[late]).await?;
        same("totals after a late item", read.totals, after.totals)?;
    }
    phone.sync().await?;
    same("unread", 1, phone.row("a")?.unread)
}

async fn read(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("a", &[1, 2, 3]).await?;
    phone.sync().await?;
    let after = account.read("a", 2).await?;
    same("totals", Totals::new(1, 0, 1), after.totals)?;
    phone.sync().await?;
    let row = phone.row("a")?;
    same("unread and marker", (1, 2), (row.unread, row.read_up_to))?;
    let after = account.read("a", 3).await?;
    same("totals", Totals::default(), after.totals)?;
    phone.sync().await?;
    ensure(
        phone.mirror.is_empty(),
        "no active conversation",
        phone.mirror.len(),
    )
}

async fn read_ahead(scene: &Scene) -> Verdict {
    let account = scene.account();
    account.read("a", 10).await?;
    let after = account.items("a", &[4, 10, 11]).await?;
    same("totals", Totals::new(1, 0, 1), after.totals)
}

async fn lower_read(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("a", &[1, 2, 3]).await?;
    account.read("a", 2).await?;
    account.mark("a", true).await?;
    account.read("a", 1).await?;
    phone.sync().await?;
    let row = phone.row("a")?;
    same(
        "unread, marker and mark",
        (1, 2, true),
        (row.unread, row.read_up_to, row.marked_unread),
    )
}

async fn read_takes_mark(scene: &Scene) -> Verdict {
    let account = scene.account();
    account.items("a", &[1]).await?;
    account.read("a", 1).await?;
    account.mark("a", true).await?;
    let after = account.read("a", 1).await?;
    same("totals", Totals::default(), after.totals)
}

async fn read_items(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("a", &[1, 2, 3]).await?;
    account.mark("a", true).await?;
    let after = account.read_items("a", &[2, 3]).await?;
    same("totals", Totals::new(1, 0, 1), after.totals)?;
    phone.sync().await?;
    let row = phone.row("a")?;
    same(
        "unread, marker and mark",
        (1, 0, true),
        (row.unread, row.read_up_to, row.marked_unread),
    )
}

async fn read_item_again(scene: &Scene) -> Verdict {
    let account = scene.account();
    account.items("a", &[1, 2]).await?;
    account.read_items("a", &[2]).await?;
    let after = account.items("a", &[2]).await?;
    same("totals", Totals::new(1, 0, 1), after.totals)
}

async fn marks(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.mark("a", true).await?;
    phone.sync().await?;
    same("mark", true, phone.row("a")?.marked_unread)?;
    let after = account.mark("a", false).await?;
    same("totals", Totals::default(), after.totals)?;
    phone.sync().await?;
    ensure(
        phone.mirror.is_empty(),
        "no active conversation",
        phone.mirror.len(),
    )
}

async fn level(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.level("a", "none").await?;
    account.items("a", &[1]).await?;
    let after = account.read("a", 1).await?;
    same("totals", Totals::default(), after.totals)?;
    phone.sync().await?;
    same("level", "none", phone.row("a")?.level.word())
}

async fn removed(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("a", &[1, 5]).await?;
    account.items("b", &[1]).await?;
    phone.sync().await?;
    account.removed("a").await?;
    let page = phone.page(&phone.query()).await?;
    let told = page.rows.iter().any(|row| row.id == "a" && row.removed);
    ensure(
        told,
        "a row that says that it is removed",
        format!("{:?}", page.rows),
    )?;
    phone.sync().await?;
    let after = account.items("a", &[4, 5]).await?;
    same(
        "totals after late items",
        Totals::new(1, 0, 1),
        after.totals,
    )?;
    phone.sync().await?;
    same("active conversations", 1, phone.mirror.len())
}

async fn comes_back(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("a", &[1, 5]).await?;
    account.removed("a").await?;
    let after = account.items("a", &[6]).await?;
    same("totals", Totals::new(1, 0, 1), after.totals)?;
    phone.sync().await?;
    same("unread", 1, phone.row("a")?.unread)
}

async fn in_order(scene: &Scene) -> Verdict {
    let account = scene.account();
    let read = json!({ "type": "read", "conversation": "a", "up_to": 1 });
    let after = account
        .events(json!([
            item("a", 1),
            read,
            mark("a", true),
            mark("a", false)
        ]))
        .await?;
    same("totals", Totals::default(), after.totals)?;
    let after = account
        .events(json!([mark("b", false), mark("b", true)]))
        .await?;
    same("totals", Totals::new(1, 0, 1), after.totals)
}

async fn together(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("a", &[1]).await?;
    let wrong: [Value; 4] = [
        item("b", 0),
        json!({ "type": "read", "conversation": "b" }),
        json!({ "type": "level", "conversation": "b", "level": "loud" }),
        json!({ "type": "item", "conversation": "", "position": 1 }),
    ];
    for wrong in wrong {
        let events = json!([item("a", 2), mark("c", true), wrong]);
        account
            .try_events(&events, None)
            .await?
            .problem(400, "malformed")?;
    }
    let page = phone.sync().await?;
    same(
        "head and totals",
        (1, Totals::new(1, 0, 1)),
        (page.head, page.totals),
    )
}

async fn key_again(scene: &Scene) -> Verdict {
    let account = scene.account();
    let events = json!([mark("a", true), item("b", 1)]);
    let key = scene.fresh();
    let first = Committed::read(&account.try_events(&events, Some(&key)).await?)?;
    account.mark("a", false).await?;
    let again = Committed::read(&account.try_events(&events, Some(&key)).await?)?;
    same("the answer", &first, &again)?;
    let after = account.read("nothing", 0).await?;
    same(
        "totals: the mark did not come back",
        Totals::new(1, 0, 1),
        after.totals,
    )?;
    same("head", first.head + 1, after.head)
}

async fn key_other_body(scene: &Scene) -> Verdict {
    let account = scene.account();
    let key = scene.fresh();
    let first = json!([item("a", 1)]);
    account.try_events(&first, Some(&key)).await?.status(200)?;
    let other = json!([item("a", 2)]);
    account
        .try_events(&other, Some(&key))
        .await?
        .problem(409, "conflict")?;
    let after = account.items("a", &[1]).await?;
    same("totals", Totals::new(1, 0, 1), after.totals)
}

async fn no_key(scene: &Scene) -> Verdict {
    let account = scene.account();
    for marked in [true, false, true] {
        account.mark("a", marked).await?;
    }
    let after = account.mark("a", true).await?;
    same(
        "head and totals",
        (3, Totals::new(1, 0, 1)),
        (after.head, after.totals),
    )
}

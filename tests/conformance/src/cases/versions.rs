//! What is kept: versions, and what counts.

use serde_json::{Value, json};

use crate::{
    case::{Verdict, cases, ensure, same},
    counting::{Row, Totals},
    model::{Dice, Model},
    scene::{Scene, item, mark},
};

cases! { "What is kept";
    no_holes, "versions.no-holes", "Every change takes the next version: there are no holes and no doubles.";
    nothing_no_version, "versions.nothing-no-version", "What changes nothing takes no version.";
    rows_have_them, "versions.rows-have-them", "A row's version is the one at which this became its state.";
    answer, "versions.answer", "The answer says the epoch, the newest version, how many conversations changed, and the totals.";
    levels_count, "totals.levels", "Level `all` counts what is unread, `mentions` what mentions the person, `none` nothing.";
    marks_count, "totals.marks", "A mark by hand counts 1 where nothing else counts, and nothing at level `none`.";
    removed_count, "totals.removed", "What is removed counts nothing.";
    history, "totals.history", "A long mixed history comes to what a straightforward count says.";
}

async fn no_holes(scene: &Scene) -> Verdict {
    let account = scene.account();
    let steps: [Value; 9] = [
        item("a", 1),
        item("a", 2),
        item("b", 5),
        json!({ "type": "read", "conversation": "a", "up_to": 1 }),
        json!({ "type": "level", "conversation": "c", "level": "none" }),
        mark("a", true),
        json!({ "type": "read_items", "conversation": "b", "positions": [5] }),
        json!({ "type": "removed", "conversation": "a" }),
        item("b", 6),
    ];
    for (event, version) in steps.into_iter().zip(1_u64..) {
        let after = account.events(json!([event])).await?;
        same("head after one more change", version, after.head)?;
    }
    let put = account
        .put("d", json!({ "unread": 2, "newest": 9 }))
        .await?;
    same("head after a whole state", 10, put.head)
}

async fn nothing_no_version(scene: &Scene) -> Verdict {
    let account = scene.account();
    account.items("a", &[1, 2, 3]).await?;
    account.level("a", "mentions").await?;
    account.mark("b", true).await?;
    let before = account.read("a", 2).await?;
    let again = [
        account.read("a", 2).await?,
        account.read("a", 1).await?,
        account.items("a", &[1]).await?,
        account.items("a", &[3]).await?,
        account.read_items("a", &[1, 2]).await?,
        account.level("a", "mentions").await?,
        account.mark("b", true).await?,
        account.removed("nothing").await?,
    ];
    for after in again {
        same("head after what changes nothing", before.head, after.head)?;
        same("conversations changed", 0, after.changed)?;
    }
    Ok(())
}

async fn rows_have_them(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("a", &[1]).await?;
    account.items("b", &[1]).await?;
    let last = account.items("a", &[2]).await?;
    phone.sync().await?;
    same(
        "version of what changed last",
        last.head,
        phone.row("a")?.version,
    )?;
    same("version of what changed before", 2, phone.row("b")?.version)
}

async fn answer(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    let events = json!([
        item("a", 1),
        item("b", 1),
        item("b", 2),
        item("c", 4),
        item("c", 4)
    ]);
    let committed = account.events(events).await?;
    same("conversations changed", 3, committed.changed)?;
    same("totals", Totals::new(4, 0, 3), committed.totals)?;
    let page = phone.sync().await?;
    same("head, asked for by the phone", committed.head, page.head)?;
    same("epoch, asked for by the phone", committed.epoch, page.epoch)
}

async fn levels_count(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    let mut mention = item("a", 2);
    mention["mention"] = true.into();
    account.events(json!([item("a", 1), mention])).await?;
    let counts = [
        ("mentions", Totals::new(1, 1, 1)),
        ("none", Totals::default()),
        ("all", Totals::new(2, 1, 1)),
    ];
    for (level, totals) in counts {
        let after = account.level("a", level).await?;
        same(&format!("totals at level {level}"), totals, after.totals)?;
        phone.sync().await?;
        let row = phone.row("a")?;
        let unread = "unread and mentions of a conversation, whatever the level";
        same(unread, (2, 1), (row.unread, row.mentions))?;
        same("level", level, row.level.word())?;
    }
    Ok(())
}

async fn marks_count(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    let one = Totals::new(1, 0, 1);
    let marked = account.mark("a", true).await?;
    same("totals of a mark alone", one, marked.totals)?;
    phone.sync().await?;
    let row = phone.row("a")?;
    same(
        "mark and unread",
        (true, 0),
        (row.marked_unread, row.unread),
    )?;
    let item = account.items("a", &[1]).await?;
    same("totals of a mark and an item", one, item.totals)?;
    let mentions = account.level("a", "mentions").await?;
    same(
        "totals of a mark at level mentions, without mentions",
        one,
        mentions.totals,
    )?;
    let muted = account.level("a", "none").await?;
    same(
        "totals of a mark at level none",
        Totals::default(),
        muted.totals,
    )?;
    phone.sync().await?;
    same(
        "the mark at level none",
        true,
        phone.row("a")?.marked_unread,
    )?;
    account.level("a", "all").await?;
    let taken = account.mark("a", false).await?;
    same("totals when the mark was taken away", one, taken.totals)
}

async fn removed_count(scene: &Scene) -> Verdict {
    let account = scene.account();
    account.items("a", &[1, 2]).await?;
    account
        .events(json!([item("b", 1), mark("b", true)]))
        .await?;
    let after = account.removed("a").await?;
    same("totals", Totals::new(1, 0, 1), after.totals)?;
    let after = account.removed("b").await?;
    same("totals", Totals::default(), after.totals)
}

async fn history(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    let (mut model, mut dice) = (Model::default(), Dice::new(20_261_124));
    for round in 0..24 {
        let count = 1 + dice.below(20);
        let events: Value = (0..count).map(|_| model.next(&mut dice)).collect();
        let after = account.events(events).await?;
        let expected = model.active();
        same("totals after a round", Totals::of(&expected), after.totals)?;
        if round % 3 == 2 {
            phone.sync_by(Some(1 + dice.below(4))).await?;
            let without = |row: &Row| Row {
                version: 0,
                ..row.clone()
            };
            let seen: Vec<Row> = phone.mirror.values().map(without).collect();
            let expected_text = format!("rows: {expected:?}");
            ensure(seen == expected, expected_text, format!("rows: {seen:?}"))?;
        }
    }
    Ok(())
}

//! Report what the person did.

use serde_json::json;

use crate::{
    case::{Verdict, cases, ensure, same},
    counting::Totals,
    page::Query,
    scene::{Scene, item, mark, marked, numbered, read_up_to},
};

cases! { "Report what the person did";
    read, "operations.read-up-to", "A read on the phone counts for the account, and is told at its version.";
    by_maximum, "operations.by-maximum", "`read_up_to` merges by maximum: a lower one changes nothing.";
    read_items, "operations.read-items", "Single items are read; the marker stays.";
    mark_unread, "operations.marked-unread", "A conversation is marked unread on the phone, and that is taken back.";
    set_level, "operations.set-level", "A level is set on the phone.";
    unchanged, "operations.unchanged", "An operation that changes nothing takes no version and is in effect at the head.";
    again, "operations.again", "Sent again, operations are skipped, and nothing is done twice.";
    overlap, "operations.overlap", "Of a call that overlaps an earlier one only the new operations are applied.";
    hole, "operations.hole", "A number that leaves a hole is a 409, and nothing of the call is done.";
    acknowledged, "operations.acknowledged", "`acknowledged` is the highest number applied, in every answer.";
    number_0, "operations.number-0", "Numbers start at 1.";
    not_registered, "operations.not-registered", "Before the phone has registered, operations are a 409.";
    rejected, "operations.rejected", "An operation on what was removed is rejected, and those after it are applied.";
    rejected_again, "operations.rejected-again", "Sent again, an operation that was rejected is told as rejected again.";
    seen, "operations.seen", "A read that saw less than an explicit mark-unread does not undo it.";
    seen_unmark, "operations.seen-unmark", "A mark taken back that saw less than a newer mark does not undo that.";
    elsewhere, "operations.elsewhere", "Operations of another history are neither applied nor acknowledged, until they come as this one's.";
    own_mark, "operations.own-mark", "A mark that was made on the same phone is undone by a later read there.";
    answer_has_changes, "operations.changes", "The answer holds changes as `GET /v1/changes` gives them, operations included.";
    answer_has_pages, "operations.pages", "`limit` holds for the changes in the answer too.";
    others_learn, "operations.others-learn", "The account's other phones learn of it.";
}

async fn read(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("a", &[1, 2, 3]).await?;
    phone.sync().await?;
    let applied = phone.act(read_up_to("a", 2)).await?;
    same("applied", vec![(1, Some(4))], applied.applied)?;
    let row = phone.row("a")?;
    same(
        "version, marker and unread",
        (4, 2, 1),
        (row.version, row.read_up_to, row.unread),
    )?;
    same("totals", Totals::new(1, 0, 1), applied.page.totals)
}

async fn by_maximum(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("a", &[1, 2, 3]).await?;
    account.read("a", 2).await?;
    phone.sync().await?;
    let applied = phone.act(read_up_to("a", 1)).await?;
    same("head", 4, applied.page.head)?;
    let row = phone.row("a")?;
    same("marker and unread", (2, 1), (row.read_up_to, row.unread))
}

async fn read_items(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("a", &[1, 2, 3]).await?;
    phone.sync().await?;
    phone
        .act(json!({ "kind": "read_items", "conversation": "a", "positions": [1, 3] }))
        .await?;
    let row = phone.row("a")?;
    same("marker and unread", (0, 1), (row.read_up_to, row.unread))
}

async fn mark_unread(scene: &Scene) -> Verdict {
    let (_, mut phone) = scene.phone().await?;
    phone.sync().await?;
    let applied = phone.act(marked("a", true)).await?;
    same("totals", Totals::new(1, 0, 1), applied.page.totals)?;
    same("mark", true, phone.row("a")?.marked_unread)?;
    let applied = phone.act(marked("a", false)).await?;
    same("totals", Totals::default(), applied.page.totals)
}

async fn set_level(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("a", &[1]).await?;
    phone.sync().await?;
    let action = json!({ "kind": "set_level", "conversation": "a", "level": "none" });
    let applied = phone.act(action).await?;
    same("totals", Totals::default(), applied.page.totals)?;
    same("level", "none", phone.row("a")?.level.word())
}

async fn unchanged(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("a", &[1]).await?;
    account.read("a", 1).await?;
    phone.sync().await?;
    let applied = phone.act(read_up_to("a", 1)).await?;
    same("applied, at the head", vec![(1, Some(2))], applied.applied)?;
    same("head", 2, applied.page.head)
}

async fn again(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("a", &[1]).await?;
    phone.sync().await?;
    let operations = [
        phone.operation(1, read_up_to("a", 1)),
        phone.operation(1, marked("b", true)),
    ];
    let first = phone.operate(&operations).await?;
    same("operations applied", vec![1, 2], first.numbers())?;
    account.mark("b", false).await?;
    phone.sync().await?;
    let again = phone.operate(&operations).await?;
    same(
        "operations applied again",
        Vec::<u64>::new(),
        again.numbers(),
    )?;
    same("acknowledged", 2, again.page.acknowledged)?;
    same(
        "totals: the mark did not come back",
        Totals::default(),
        again.page.totals,
    )
}

async fn overlap(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("a", &[1, 2]).await?;
    phone.sync().await?;
    let one = phone.operation(2, marked("b", true));
    phone.operate(std::slice::from_ref(&one)).await?;
    account.mark("b", false).await?;
    let two = phone.operation(2, read_up_to("a", 2));
    let applied = phone.operate(&[one, two]).await?;
    same("operations applied", vec![2], applied.numbers())?;
    same("totals", Totals::default(), applied.page.totals)
}

async fn hole(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("a", &[1, 2, 3]).await?;
    phone.sync().await?;
    phone.act(read_up_to("a", 1)).await?;
    let query = phone.query();
    let ahead = [numbered(3, 3, read_up_to("a", 2))];
    phone
        .try_operations(&ahead, &query)
        .await?
        .problem(409, "conflict")?;
    let inside = [
        numbered(2, 3, read_up_to("a", 2)),
        numbered(4, 3, read_up_to("a", 3)),
    ];
    phone
        .try_operations(&inside, &query)
        .await?
        .problem(409, "conflict")?;
    let page = phone.sync().await?;
    same(
        "acknowledged and head",
        (1, 4),
        (page.acknowledged, page.head),
    )?;
    same("marker", 1, phone.row("a")?.read_up_to)?;
    phone.operations = 1;
    let applied = phone.act(read_up_to("a", 2)).await?;
    same("operations applied", vec![2], applied.numbers())
}

async fn acknowledged(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("a", &[1, 2, 3]).await?;
    let page = phone.sync().await?;
    same("acknowledged before the first", 0, page.acknowledged)?;
    for position in 1..=3 {
        let applied = phone.act(read_up_to("a", position)).await?;
        same(
            "acknowledged in the answer",
            position,
            applied.page.acknowledged,
        )?;
        let page = phone.sync().await?;
        same("acknowledged when asked", position, page.acknowledged)?;
    }
    Ok(())
}

async fn number_0(scene: &Scene) -> Verdict {
    let (_, mut phone) = scene.phone().await?;
    phone.sync().await?;
    let operation = numbered(0, 0, read_up_to("a", 1));
    let answer = phone.try_operations(&[operation], &phone.query()).await?;
    answer.problem(400, "malformed")?;
    Ok(())
}

async fn not_registered(scene: &Scene) -> Verdict {
    let phone = scene.account().signed_in(scene.fresh()).await?;
    let operation = numbered(1, 0, read_up_to("a", 1));
    let answer = phone.try_operations(&[operation], &phone.query()).await?;
    answer.problem(409, "conflict")?;
    Ok(())
}

async fn rejected(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account
        .events(json!([item("gone", 1), item("a", 1)]))
        .await?;
    phone.sync().await?;
    account.removed("gone").await?;
    let operations = [
        phone.operation(2, marked("gone", true)),
        phone.operation(2, read_up_to("a", 1)),
    ];
    let applied = phone.operate(&operations).await?;
    same(
        "operations applied or rejected",
        vec![1, 2],
        applied.numbers(),
    )?;
    let first = applied.applied.first().and_then(|(_, version)| *version);
    ensure(
        first.is_none(),
        "`rejected` for the first",
        format!("{first:?}"),
    )?;
    same("acknowledged", 2, applied.page.acknowledged)?;
    same("totals", Totals::default(), applied.page.totals)
}

async fn rejected_again(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account
        .events(json!([item("gone", 1), item("a", 1)]))
        .await?;
    account.removed("gone").await?;
    phone.sync().await?;
    let operations = [
        phone.operation(3, marked("gone", true)),
        phone.operation(3, read_up_to("a", 1)),
    ];
    phone.operate(&operations).await?;
    let again = phone.operate(&operations).await?;
    same("told again", vec![(1, None)], again.applied)?;
    same("acknowledged", 2, again.page.acknowledged)
}

async fn seen(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    let before = account.items("a", &[1]).await?.head;
    phone.sync().await?;
    let mark = account.mark("a", true).await?.head;
    let stale = phone.operation(before, read_up_to("a", 1));
    let applied = phone.operate(&[stale]).await?;
    same(
        "totals: the mark stays",
        Totals::new(1, 0, 1),
        applied.page.totals,
    )?;
    let row = phone.row("a")?;
    same(
        "mark and unread",
        (true, 0),
        (row.marked_unread, row.unread),
    )?;
    let informed = phone.operation(mark, read_up_to("a", 1));
    let applied = phone.operate(&[informed]).await?;
    same(
        "totals: the read saw the mark",
        Totals::default(),
        applied.page.totals,
    )
}

async fn seen_unmark(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    let before = account.mark("a", true).await?.head;
    phone.sync().await?;
    account.mark("a", false).await?;
    let newer = account.mark("a", true).await?.head;
    let stale = phone.operation(before, marked("a", false));
    let applied = phone.operate(&[stale]).await?;
    same(
        "totals: the mark stays",
        Totals::new(1, 0, 1),
        applied.page.totals,
    )?;
    let informed = phone.operation(newer, marked("a", false));
    let applied = phone.operate(&[informed]).await?;
    same(
        "totals: it saw the mark",
        Totals::default(),
        applied.page.totals,
    )
}

async fn elsewhere(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    let head = account.items("a", &[1, 2]).await?.head;
    let query = Query {
        epoch: Some(scene.fresh()),
        since: Some(head),
        ..Query::default()
    };
    let read = [phone.operation(0, read_up_to("a", 1))];
    let answer = phone.try_operations(&read, &query).await?;
    let told = answer.json(200)?;
    let told = (&told["applied"], &told["acknowledged"]);
    same("applied and acknowledged", (&json!([]), &json!(0)), told)?;
    phone.sync().await?;
    same("unread", 2, phone.row("a")?.unread)?;
    let applied = phone.operate(&read).await?;
    same("acknowledged", 1, applied.page.acknowledged)?;
    same("unread", 1, applied.page.totals.unread)
}

async fn own_mark(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    let before = account.items("a", &[1]).await?.head;
    phone.sync().await?;
    let offline = [
        phone.operation(before, marked("a", true)),
        phone.operation(before, read_up_to("a", 1)),
    ];
    let applied = phone.operate(&offline).await?;
    same("totals", Totals::default(), applied.page.totals)
}

async fn answer_has_changes(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account
        .events(json!([item("a", 1), item("b", 1), item("c", 1)]))
        .await?;
    phone.sync().await?;
    let query = phone.query();
    account
        .events(json!([item("b", 2), mark("c", true)]))
        .await?;
    let applied = phone.act(read_up_to("a", 1)).await?;
    let asked = phone.page(&query).await?;
    same("rows", asked.rows, applied.page.rows)?;
    same(
        "next and head",
        (asked.next, asked.head),
        (applied.page.next, applied.page.head),
    )?;
    same("totals", asked.totals, applied.page.totals)?;
    same("digest", asked.digest, applied.page.digest)
}

async fn answer_has_pages(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account
        .events((0..5).map(|index| item(&format!("c{index}"), 1)).collect())
        .await?;
    let query = Query {
        limit: Some(2),
        ..Query::default()
    };
    let operation = phone.operation(5, read_up_to("c0", 1));
    let answer = phone.try_operations(&[operation], &query).await?;
    let value = answer.json(200)?;
    let page = crate::page::Page::read(&value, &query)?;
    same("rows and more", (2, true), (page.rows.len(), page.more))?;
    same("totals", Totals::new(4, 0, 4), page.totals)?;
    phone.sync().await?;
    same("active conversations", 4, phone.mirror.len())
}

async fn others_learn(scene: &Scene) -> Verdict {
    let (account, mut one) = scene.phone().await?;
    let mut two = account.phone().await?;
    account.items("a", &[1]).await?;
    one.sync().await?;
    two.sync().await?;
    one.act(read_up_to("a", 1)).await?;
    let page = two.sync().await?;
    same("totals", Totals::default(), page.totals)?;
    ensure(
        two.mirror.is_empty(),
        "no active conversation",
        two.mirror.len(),
    )
}

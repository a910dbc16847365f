//! Bounds: what fits is taken, one more is refused whole.

use serde_json::{Value, json};

use crate::{
    case::{Verdict, cases, same},
    counting::Totals,
    scene::{Scene, item, numbered, random, read_up_to},
};

cases! { "Bounds";
    events, "bounds.events", "1,000 events are taken in a call; 1,001 are refused, and none of them is done.";
    positions, "bounds.positions", "1,000 positions are taken in one `read_items`; 1,001 are refused.";
    operations, "bounds.operations", "100 operations are taken in a call; 101 are refused, and none of them is done.";
    limit, "bounds.limit", "`limit` is 1 to 1,000.";
    default_limit, "bounds.default-limit", "Without `limit` a page has at most 500 rows.";
    received, "bounds.received", "256 push counters are taken in `received`; 257 and what is no number are refused.";
    alert, "bounds.alert", "A line of an alert has at most 1,024 bytes.";
    registration, "bounds.registration", "Push token, topic and app version are bounded, in letters and in length.";
    ids, "bounds.ids", "An operation's id has 1 to 64 bytes; a device's id at most 255.";
    key, "bounds.key", "An `Idempotency-Key` has at most 255 bytes.";
    mentions, "bounds.mentions", "In a whole state `unread` is required, and `mentions` is at most `unread`.";
    positions_from_one, "bounds.positions-from-one", "An item's position starts at 1.";
}

async fn events(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    let many = |count: u64| -> Value { (1..=count).map(|at| item("a", at)).collect() };
    account
        .try_events(&many(1001), None)
        .await?
        .problem(400, "malformed")?;
    let page = phone.sync().await?;
    same("head after a refused call", 0, page.head)?;
    account.events(many(1000)).await?;
    let page = phone.sync().await?;
    same("totals", Totals::new(1000, 0, 1), page.totals)
}

async fn positions(scene: &Scene) -> Verdict {
    let account = scene.account();
    account.items("a", &[1, 1001]).await?;
    let many = |count: u64| {
        let positions: Vec<u64> = (1..=count).collect();
        json!([{ "type": "read_items", "conversation": "a", "positions": positions }])
    };
    account
        .try_events(&many(1001), None)
        .await?
        .problem(400, "malformed")?;
    let after = account.events(many(1000)).await?;
    same("totals", Totals::new(1, 0, 1), after.totals)
}

async fn operations(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("a", &[200]).await?;
    phone.sync().await?;
    let many = |count: u64| -> Vec<Value> {
        (1..=count)
            .map(|number| numbered(number, 1, read_up_to("a", number)))
            .collect()
    };
    let answer = phone.try_operations(&many(101), &phone.query()).await?;
    answer.problem(400, "malformed")?;
    let page = phone.sync().await?;
    same("acknowledged after a refused call", 0, page.acknowledged)?;
    let applied = phone.operate(&many(100)).await?;
    same("operations applied", 100, applied.applied.len())
}

async fn limit(scene: &Scene) -> Verdict {
    let (_, phone) = scene.phone().await?;
    for wrong in ["0", "1001", "-1", "many", "1.5"] {
        let answer = phone.try_changes(&format!("?limit={wrong}")).await?;
        answer.problem(400, "malformed")?;
    }
    for right in ["1", "1000"] {
        phone
            .try_changes(&format!("?limit={right}"))
            .await?
            .status(200)?;
    }
    Ok(())
}

async fn default_limit(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account
        .events(
            (0..501)
                .map(|index| item(&format!("c{index}"), 1))
                .collect(),
        )
        .await?;
    let page = phone.page(&phone.query()).await?;
    same(
        "rows and `more` of the first page",
        (500, true),
        (page.rows.len(), page.more),
    )?;
    phone.sync().await?;
    same("conversations", 501, phone.mirror.len())
}

async fn received(scene: &Scene) -> Verdict {
    let (_, phone) = scene.phone().await?;
    let list = |count: u64| {
        let list: Vec<String> = (1..=count).map(|number| number.to_string()).collect();
        format!("?received={}", list.join(","))
    };
    phone.try_changes(&list(256)).await?.status(200)?;
    phone
        .try_changes(&list(257))
        .await?
        .problem(400, "malformed")?;
    for wrong in ["one", "1,two", "-1", "1;2", "9007199254740992"] {
        let answer = phone.try_changes(&format!("?received={wrong}")).await?;
        answer.problem(400, "malformed")?;
    }
    Ok(())
}

async fn alert(scene: &Scene) -> Verdict {
    let account = scene.account();
    for (length, taken) in [(1024, true), (1025, false)] {
        for line in ["title", "subtitle", "body", "sound"] {
            let mut event = item("a", 1);
            event["alert"] = json!({ line: "x".repeat(length) });
            let answer = account.try_events(&json!([event]), None).await?;
            if taken {
                answer.status(200)?;
            } else {
                answer.problem(400, "malformed")?;
            }
        }
    }
    Ok(())
}

async fn registration(scene: &Scene) -> Verdict {
    let (_, phone) = scene.phone().await?;
    let set = |field: &str, value: String| {
        let mut registration = phone.registration.clone();
        registration[field] = value.into();
        registration
    };
    let right = [
        ("push_token", random(256)),
        ("topic", "a".repeat(255)),
        ("app_version", "1".repeat(64)),
    ];
    for (field, value) in right {
        phone.try_register(&set(field, value)).await?.status(200)?;
    }
    let wrong = [
        ("push_token", format!("{}0", random(256))),
        ("push_token", "no hexadecimal".to_owned()),
        ("topic", "a".repeat(256)),
        ("topic", "com example".to_owned()),
        ("topic", String::new()),
        ("app_version", "1".repeat(65)),
    ];
    for (field, value) in wrong {
        let answer = phone.try_register(&set(field, value)).await?;
        answer.problem(400, "malformed")?;
    }
    Ok(())
}

async fn ids(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    phone.sync().await?;
    for (id, status) in [("", 400), (&"x".repeat(65), 400), (&"x".repeat(64), 200)] {
        let mut operation = numbered(1, 0, read_up_to("a", 1));
        operation["id"] = id.into();
        let answer = phone.try_operations(&[operation], &phone.query()).await?;
        answer.status(status)?;
    }
    let other = account.signed_in("d".repeat(256)).await?;
    let answer = other.try_register(&other.registration).await?;
    answer.problem(400, "malformed")?;
    Ok(())
}

async fn key(scene: &Scene) -> Verdict {
    let account = scene.account();
    let events = json!([item("a", 1)]);
    let answer = account.try_events(&events, Some(&"k".repeat(255))).await?;
    answer.status(200)?;
    let answer = account.try_events(&events, Some(&"k".repeat(256))).await?;
    answer.problem(400, "malformed")?;
    Ok(())
}

async fn mentions(scene: &Scene) -> Verdict {
    let account = scene.account();
    for wrong in [
        json!({}),
        json!({ "newest": 4 }),
        json!({ "unread": 1, "mentions": 2 }),
    ] {
        account
            .try_put("a", &wrong)
            .await?
            .problem(400, "malformed")?;
    }
    Ok(())
}

async fn positions_from_one(scene: &Scene) -> Verdict {
    let account = scene.account();
    let events = json!([item("a", 5), item("b", 0)]);
    account
        .try_events(&events, None)
        .await?
        .problem(400, "malformed")?;
    let after = account.items("b", &[1]).await?;
    same("head: nothing of a refused call was done", 1, after.head)
}

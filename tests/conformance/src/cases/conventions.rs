//! Conventions: fields, enumerations, numbers, names.

use http::Method;
use serde_json::{Value, json};

use crate::{
    case::{Verdict, cases, ensure, same},
    counting::NUMBER,
    page::Query,
    scene::{Committed, Phone, Scene, item, numbered, read_up_to},
    server::{Ask, Who},
};

cases! { "Conventions";
    unknown_fields, "conventions.unknown-fields", "Fields that the relay does not know are ignored, in every body.";
    unknown_event, "conventions.unknown-event", "An unknown event type is an error, and nothing of the call is done.";
    unknown_level, "conventions.unknown-level", "An unknown level is an error, in events and in whole states.";
    unknown_registration, "conventions.unknown-registration", "An unknown environment or policy is an error.";
    unknown_kind, "conventions.unknown-kind", "An unknown kind of operation is an error, and nothing of the call is done.";
    no_numbers, "conventions.no-numbers", "Negative numbers, fractions, texts and numbers from 2^53 on are refused.";
    largest_number, "conventions.largest-number", "A position of 2^53 - 1 comes back exactly.";
    no_names, "conventions.no-names", "Empty names and names with control characters are refused.";
    longest_name, "conventions.longest-name", "A conversation's id of 255 bytes is taken; one of 256 bytes is refused.";
    names_in_paths, "conventions.names-in-paths", "Names in a path are percent-encoded: spaces, slashes and other alphabets work.";
    names_by_bytes, "conventions.names-by-bytes", "Names are compared byte by byte: two spellings of one letter are two conversations.";
}

async fn unknown_fields(scene: &Scene) -> Verdict {
    let account = scene.account();
    let mut event = item("a", 1);
    event["colour"] = "blue".into();
    let body = json!({ "events": [event], "trace": { "id": [1, 2] } });
    let ask = Ask::new(Method::POST, account.path("events"), Who::Producer).json(&body);
    let committed = Committed::read(&scene.send(ask).await?)?;
    same("head", 1, committed.head)?;
    account
        .put("b", json!({ "unread": 1, "newest": 3, "extra": null }))
        .await?;
    let mut phone = account.phone().await?;
    let mut registration = phone.registration.clone();
    registration["model"] = "iPhone".into();
    registration["conditions"]["battery"] = 0.5.into();
    phone.try_register(&registration).await?.status(200)?;
    phone.sync().await?;
    let mut action = read_up_to("a", 1);
    action["mood"] = "good".into();
    let applied = phone.act(action).await?;
    same("operations applied", vec![1], applied.numbers())
}

async fn unknown_event(scene: &Scene) -> Verdict {
    let account = scene.account();
    account.items("a", &[1]).await?;
    let events = json!([item("a", 2), { "type": "exploded", "conversation": "a" }]);
    account
        .try_events(&events, None)
        .await?
        .problem(400, "malformed")?;
    let after = account.items("b", &[1]).await?;
    same("head after a refused call", 2, after.head)
}

async fn unknown_level(scene: &Scene) -> Verdict {
    let account = scene.account();
    let events = json!([{ "type": "level", "conversation": "a", "level": "loud" }]);
    account
        .try_events(&events, None)
        .await?
        .problem(400, "malformed")?;
    let state = json!({ "unread": 1, "level": "loud" });
    account
        .try_put("a", &state)
        .await?
        .problem(400, "malformed")?;
    Ok(())
}

async fn unknown_registration(scene: &Scene) -> Verdict {
    let (_, phone) = scene.phone().await?;
    for field in ["environment", "policy"] {
        let mut registration = phone.registration.clone();
        registration[field] = "else".into();
        phone
            .try_register(&registration)
            .await?
            .problem(400, "malformed")?;
    }
    Ok(())
}

async fn unknown_kind(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("a", &[1]).await?;
    phone.sync().await?;
    let operations = [
        numbered(1, 1, read_up_to("a", 1)),
        numbered(2, 1, json!({ "kind": "pin", "conversation": "a" })),
    ];
    let answer = phone.try_operations(&operations, &phone.query()).await?;
    answer.problem(400, "malformed")?;
    let page = phone.sync().await?;
    same("acknowledged after a refused call", 0, page.acknowledged)?;
    same("unread", 1, phone.row("a")?.unread)
}

async fn no_numbers(scene: &Scene) -> Verdict {
    let account = scene.account();
    for wrong in [
        json!(-1),
        json!(1.5),
        json!("1"),
        json!(NUMBER),
        Value::Null,
        json!([1]),
    ] {
        let events = json!([{ "type": "item", "conversation": "a", "position": wrong }]);
        let answer = account.try_events(&events, None).await?;
        answer.problem(400, "malformed")?;
        let answer = account.try_put("a", &json!({ "unread": wrong })).await?;
        answer.problem(400, "malformed")?;
    }
    let too_many = json!({ "unread": 1_u64 << 32 });
    account
        .try_put("a", &too_many)
        .await?
        .problem(400, "malformed")?;
    Ok(())
}

async fn largest_number(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("a", &[NUMBER - 1]).await?;
    phone.sync().await?;
    same("newest", NUMBER - 1, phone.row("a")?.newest)
}

async fn no_names(scene: &Scene) -> Verdict {
    let account = scene.account();
    for wrong in ["", "line\nbreak", "\u{0}", "\u{85}"] {
        let events = json!([item(wrong, 1)]);
        account
            .try_events(&events, None)
            .await?
            .problem(400, "malformed")?;
    }
    Ok(())
}

async fn longest_name(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    // 51 letters of five bytes: the bound is in bytes.
    let longest = "é€".repeat(51);
    same("bytes", 255, longest.len())?;
    account.items(&longest, &[1]).await?;
    phone.sync().await?;
    phone.row(&longest)?;
    let events = json!([item(&format!("{longest}a"), 1)]);
    account
        .try_events(&events, None)
        .await?
        .problem(400, "malformed")?;
    Ok(())
}

async fn names_in_paths(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    let names = [
        ("a%20b", "a b"),
        ("a%2Fb%3Fc", "a/b?c"),
        ("%E2%82%AC%25", "€%"),
    ];
    for (encoded, name) in names {
        account.put(encoded, json!({ "unread": 1 })).await?;
        phone.sync().await?;
        phone.row(name)?;
    }
    Ok(())
}

async fn names_by_bytes(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    for name in ["caf\u{e9}", "cafe\u{301}", "Cafe", "cafe", "cafe "] {
        account.items(name, &[1]).await?;
    }
    phone.sync().await?;
    same("conversations", 5, phone.mirror.len())?;
    check_empty_query(&phone).await
}

/// A phone that never synced names no epoch and no `since`.
async fn check_empty_query(phone: &Phone<'_>) -> Verdict {
    let page = phone.page(&Query::default()).await?;
    ensure(
        page.reset,
        "a reset without `epoch` and `since`",
        page.reset,
    )
}

//! Many at once.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::json;

use crate::{
    case::{Verdict, cases, ensure, same},
    counting::Totals,
    scene::{Committed, Scene, item, mark, marked, read_up_to},
};

cases! { "What is kept";
    writers, "concurrency.writers", "Parallel writers get versions without holes or doubles, and totals that add up.";
    reader, "concurrency.reader", "Who reads while others write sees sums that are true at the version it is told.";
    same_key, "concurrency.same-key", "A call that comes several times at once under one key is done once.";
    same_operations, "concurrency.same-operations", "Operations that come several times at once are applied once.";
}

async fn writers(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    let writers = (0..12_u64).map(|writer| {
        let account = account.clone();
        async move {
            let mut heads = Vec::new();
            for round in 1..=4 {
                // Half of them share a conversation.
                let conversation = format!("c{}", writer % 6);
                let position = writer * 100 + round;
                heads.push(account.items(&conversation, &[position]).await?.head);
            }
            Ok(heads)
        }
    });
    let heads: Verdict<Vec<Vec<u64>>> = join_all(writers).await.into_iter().collect();
    let heads: BTreeSet<u64> = heads?.into_iter().flatten().collect();
    let expected: BTreeSet<u64> = (1..=48).collect();
    same("the versions that the writers were told", expected, heads)?;
    let page = phone.sync().await?;
    same("head", 48, page.head)?;
    same("totals", Totals::new(48, 0, 6), page.totals)
}

async fn reader(scene: &Scene) -> Verdict {
    let (account, phone) = scene.phone().await?;
    let writing = async {
        for round in 1..=25 {
            let conversation = format!("c{}", round % 5);
            account.items(&conversation, &[round]).await?;
            if round % 4 == 0 {
                account.read(&conversation, round).await?;
            }
        }
        Ok(())
    };
    let reading = async {
        let mut phone = phone.clone();
        for _ in 0..25 {
            // It recounts.
            phone.sync_by(Some(3)).await?;
        }
        Ok(())
    };
    let (written, read) = futures_util::future::join(writing, reading).await;
    written.and(read)
}

async fn same_key(scene: &Scene) -> Verdict {
    let account = scene.account();
    account.items("z", &[1]).await?;
    let (key, events) = (
        scene.fresh(),
        json!([mark("a", true), mark("a", false), item("b", 1)]),
    );
    let calls = (0..8).map(|_| account.try_events(&events, Some(&key)));
    for answer in join_all(calls).await {
        let answer = answer?;
        // One that is still under way may be told so.
        if answer.status == 503 || answer.status == 409 {
            continue;
        }
        same("head", 4, Committed::read(&answer)?.head)?;
    }
    let after = account.items("z", &[1]).await?;
    same("head", 4, after.head)
}

async fn same_operations(scene: &Scene) -> Verdict {
    let (account, mut phone) = scene.phone().await?;
    account.items("a", &[1, 2]).await?;
    phone.sync().await?;
    let operations = [
        phone.operation(2, marked("b", true)),
        phone.operation(2, marked("b", false)),
        phone.operation(2, read_up_to("a", 1)),
    ];
    let query = phone.query();
    let calls = (0..6).map(|_| phone.try_operations(&operations, &query));
    let mut applied = 0;
    for answer in join_all(calls).await {
        let value = answer?.json(200)?;
        applied += value["applied"].as_array().map_or(0, Vec::len);
    }
    same("operations applied, over all calls", 3, applied)?;
    let page = phone.sync().await?;
    ensure(page.head == 5, "head 5", page.head)
}

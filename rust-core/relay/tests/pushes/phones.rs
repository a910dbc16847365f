//! Several phones and several accounts: whose number is painted where.

use serde_json::json;

use crate::{
    MINUTE,
    support::{Relay, item, registration},
};

#[tokio::test]
async fn what_one_phone_reads_is_pushed_to_the_account_s_other_phone() {
    let relay = Relay::start().await;
    relay.items("alice", "bob", &[1]).await;
    let mut phone = relay.phone("alice").await;
    let other = relay.mint("alice").await;
    let mut tablet = registration();
    tablet["push_token"] = json!("eeff");
    relay.register(&other, "tablet-1", &tablet).await;
    let path = "/v1/changes?since=0";
    relay.request("GET", path, Some(&other), None).await;
    let read = json!([{ "number": 1, "id": "a", "seen": 1, "kind": "read_up_to",
                        "conversation": "bob", "position": 1 }]);
    phone.operate(read).await;
    let pushes = relay.after(300).await;
    assert_eq!(pushes.len(), 1);
    assert_eq!(pushes[0].token, "eeff");
    assert_eq!(pushes[0].badge(), Some(0));
}

#[tokio::test]
async fn two_accounts_of_one_phone_are_painted_as_their_sum() {
    let relay = Relay::start().await;
    relay.items("alice", "bob", &[1, 2]).await;
    relay.items("work", "boss", &[1, 2, 3]).await;
    let mut shared = registration();
    shared["sole_account"] = json!(false);
    for account in ["alice", "work"] {
        let token = relay.mint(account).await;
        relay.register(&token, "phone-1", &shared).await;
        relay
            .request("GET", "/v1/changes?since=0", Some(&token), None)
            .await;
    }
    relay.read("work", "boss", 1).await;
    let push = relay.after(300).await.remove(0);
    assert_eq!((push.lane(), push.badge()), ("painted", Some(4)));
    assert_eq!(
        push.payload().totals.unread,
        2,
        "the totals are the account's own"
    );
}

#[tokio::test]
async fn a_second_account_ends_the_painting_of_one_that_says_it_is_the_only_one() {
    let relay = Relay::start().await;
    relay.items("alice", "bob", &[1, 2]).await;
    let phone = relay.phone("alice").await;
    let mut second = registration();
    second["sole_account"] = json!(false);
    let work = relay.mint("work").await;
    relay.register(&work, "phone-1", &second).await;
    relay.read("alice", "bob", 1).await;
    assert_eq!(relay.after(300).await[0].lane(), "silent");
    relay.register(&phone.token, "phone-1", &second).await;
    relay.read("alice", "bob", 2).await;
    assert_eq!(
        relay.after(300).await[0].lane(),
        "painted",
        "once it knows of the other"
    );
}

#[tokio::test]
async fn an_account_that_takes_no_part_in_the_badge_is_neither_painted_nor_in_the_way() {
    let relay = Relay::start().await;
    relay.items("alice", "bob", &[1, 2]).await;
    relay.items("work", "boss", &[1, 2, 3]).await;
    let phone = relay.phone("alice").await;
    let mut aside = registration();
    aside["sole_account"] = json!(false);
    aside["conditions"]["badges_allowed"] = json!(false);
    let work = relay.mint("work").await;
    relay.register(&work, "phone-1", &aside).await;
    let path = "/v1/changes?since=0";
    relay.request("GET", path, Some(&work), None).await;

    relay.read("alice", "bob", 1).await;
    let push = relay.after(300).await.remove(0);
    assert_eq!((push.lane(), push.badge()), ("painted", Some(1)));
    relay.read("work", "boss", 1).await;
    let push = relay.after(300).await.remove(0);
    assert_eq!((push.lane(), push.badge()), ("silent", None));
    let mut shown = item("boss", 4);
    shown["alert"] = json!({ "title": "Boss" });
    relay.events("work", json!([shown])).await;
    let push = relay.after(0).await.remove(0);
    assert_eq!((push.lane(), push.badge()), ("alert", None));

    // With two that take part, their sum is painted, still without the third.
    let mut shared = registration();
    shared["sole_account"] = json!(false);
    relay.register(&phone.token, "phone-1", &shared).await;
    relay.items("club", "news", &[1, 2, 3, 4]).await;
    let club = relay.mint("club").await;
    relay.register(&club, "phone-1", &shared).await;
    relay.request("GET", path, Some(&club), None).await;
    relay.read("club", "news", 1).await;
    let pushes = relay.after(300).await;
    let push = pushes.iter().find(|push| push.lane() == "painted").unwrap();
    assert_eq!(push.badge(), Some(4));
}

#[tokio::test]
async fn accounts_of_which_another_lives_elsewhere_are_not_painted() {
    let relay = Relay::start().await;
    let mut spread = registration();
    spread["sole_account"] = json!(false);
    spread["conditions"]["badges_allowed"] = json!(false);
    for account in ["alice", "work"] {
        relay.items(account, "bob", &[1, 2]).await;
        let token = relay.mint(account).await;
        relay.register(&token, "phone-1", &spread).await;
        let path = "/v1/changes?since=0";
        relay.request("GET", path, Some(&token), None).await;
    }
    relay.read("alice", "bob", 1).await;
    let push = relay.after(300).await.remove(0);
    assert_eq!((push.lane(), push.badge()), ("silent", None));
}

#[tokio::test]
async fn nobody_learns_another_s_number_by_using_its_device_id() {
    let relay = Relay::start().await;
    relay.items("alice", "bob", &[1, 2]).await;
    relay.items("mallory", "x", &[1, 2]).await;
    let mut shared = registration();
    shared["sole_account"] = json!(false);
    for (account, push_token) in [("alice", "aabb"), ("mallory", "ccdd")] {
        shared["push_token"] = json!(push_token);
        let token = relay.mint(account).await;
        relay.register(&token, "phone-1", &shared).await;
        relay
            .request("GET", "/v1/changes?since=0", Some(&token), None)
            .await;
    }
    relay.read("mallory", "x", 1).await;
    let push = relay.after(300).await.remove(0);
    assert_eq!((push.lane(), push.badge()), ("silent", None));
}

#[tokio::test]
async fn a_phone_that_signed_out_is_not_pushed_to() {
    let relay = Relay::start().await;
    let phone = relay.phone("alice").await;
    relay.items("alice", "bob", &[1]).await;
    let path = "/v1/devices/phone-1";
    assert_eq!(
        relay
            .request("DELETE", path, Some(&phone.token), None)
            .await
            .status,
        204
    );
    relay.items("alice", "bob", &[2]).await;
    assert!(relay.after(MINUTE).await.is_empty());
    let again = relay
        .request("DELETE", path, Some(&phone.token), None)
        .await;
    assert_eq!(again.status, 204, "signing out twice is signing out");
    let gone = relay
        .request("GET", "/v1/changes", Some(&phone.token), None)
        .await;
    assert_eq!(gone.status, 410);
}

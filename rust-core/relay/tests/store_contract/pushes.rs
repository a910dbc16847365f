//! What is due to be pushed.

use std::time::Duration;

use serde_json::json;
use truebadge_protocol::{
    PushPayload,
    messages::{PushEnvironment, PushTokenEnded},
};
use truebadge_relay::{
    planner::{Lane, Repeats, Rules},
    store::{Ask, Claim, Outgoing, Report},
};

use crate::world::{DAY, MINUTE, Make, NOW, World, device, item, read, version};

const QUIET: u64 = NOW + 300;

fn pushing(make: Make) -> World {
    make(Some(Rules {
        repeats: Repeats::After([60, 600, 7_200].map(Duration::from_secs).to_vec()),
        ..Rules::default()
    }))
}

fn payload(push: &Outgoing) -> PushPayload {
    PushPayload::parse(&push.payload).unwrap()
}

pub fn a_change_is_due_at_once_and_what_follows_when_the_burst_is_over(make: Make) {
    let world = pushing(make);
    assert_eq!(world.store.claim(NOW).unwrap(), Claim::Idle);
    let _phone = world.phone("phone");
    world.events(&[item("bob", 1)]);
    let push = world.push(NOW);
    assert_eq!(
        (push.lane, push.push_token.as_str()),
        (Lane::Painted, "aabb")
    );
    world.record(&push, &Report::Accepted, NOW);
    world.events(&[item("bob", 2)]);
    world.events(&[item("bob", 3)]);
    world.quiet(QUIET - 1);
    let said = payload(&world.push(QUIET));
    assert_eq!(
        (said.counter, said.version, said.totals.unread),
        (2, version(3), 3)
    );
}

pub fn without_a_way_to_send_nothing_is_due(make: Make) {
    let world = make(None);
    let _phone = world.phone("phone");
    world.events(&[item("bob", 1)]);
    assert_eq!(world.store.claim(NOW + DAY).unwrap(), Claim::Idle);
}

pub fn a_device_has_one_push_under_way(make: Make) {
    let world = pushing(make);
    let _phone = world.phone("phone");
    world.events(&[item("bob", 1)]);
    let push = world.push(QUIET);
    world.events(&[item("bob", 2)]);
    world.quiet(QUIET + MINUTE);
    world.record(&push, &Report::Accepted, QUIET);
    let next = world.push(QUIET + MINUTE);
    assert_eq!(
        (payload(&next).counter, payload(&next).totals.unread),
        (2, 2)
    );
}

pub fn what_apns_did_not_take_leaves_its_counter_to_the_next(make: Make) {
    let world = pushing(make);
    let mut phone = world.phone("phone");
    world.events(&[item("bob", 1)]);
    let push = world.push(QUIET);
    world.record(&push, &Report::Again(QUIET + MINUTE), QUIET);
    assert_eq!(phone.sync(&[]).last_push, 0);
    world.events(&[item("bob", 2)]);
    world.quiet(QUIET + MINUTE - 1);
    let push = world.push(QUIET + MINUTE);
    assert_eq!(push.key.counter, 1);
    world.record(&push, &Report::Refused("PayloadTooLarge".to_owned()), QUIET);
    world.events(&[item("bob", 3)]);
    let push = world.push(QUIET + 2 * MINUTE);
    assert_eq!(push.key.counter, 1);
    world.record(&push, &Report::Accepted, QUIET);
    assert_eq!(phone.sync(&[]).last_push, 1);
}

pub fn what_apns_may_have_taken_keeps_its_counter(make: Make) {
    let world = pushing(make);
    let mut phone = world.phone("phone");
    world.events(&[item("bob", 1)]);
    let push = world.push(QUIET);
    world.record(&push, &Report::Unknown(QUIET + MINUTE), QUIET);
    world.quiet(QUIET + MINUTE - 1);
    assert_eq!(world.push(QUIET + MINUTE).key.counter, 2);
    assert_eq!(phone.sync(&[]).last_push, 1, "the second is on its way");
}

pub fn what_was_under_way_when_the_relay_ended_is_due_again(make: Make) {
    let world = pushing(make);
    let _phone = world.phone("phone");
    world.events(&[item("bob", 1)]);
    let lost = world.push(QUIET);
    world.store.release_claims().unwrap();
    let push = world.push(QUIET);
    assert_eq!(push.key.counter, 2);
    world.record(&lost, &Report::Again(QUIET + DAY), QUIET);
    world.record(&push, &Report::Accepted, QUIET);
    world.quiet(QUIET + MINUTE - 1);
}

pub fn a_fall_is_due_again_until_it_is_acknowledged(make: Make) {
    let world = pushing(make);
    world.events(&[item("bob", 1)]);
    let mut phone = world.phone("phone");
    world.events(&[read("bob", 1)]);
    let mut now = QUIET;
    for wait in [MINUTE, 10 * MINUTE] {
        let push = world.push(now);
        assert_eq!(push.lane, Lane::Painted);
        world.record(&push, &Report::Accepted, now);
        world.quiet(now + wait - 1);
        now += wait;
    }
    let last = world.push(now);
    world.record(&last, &Report::Accepted, now);
    phone.since = version(1); // it did not ask, it only says what came
    phone.page(1, &[last.key.counter]);
    world.quiet(now + DAY);
}

pub fn each_notification_is_news_and_the_waits_begin_anew_after_it(make: Make) {
    let world = pushing(make);
    let _phone = world.phone("phone");
    world.events(&[1, 2, 3, 4, 5].map(alerting));
    for _ in 0..5 {
        let push = world.push(NOW);
        assert_eq!(push.lane, Lane::Alert);
        world.record(&push, &Report::Accepted, NOW);
    }
    world.quiet(NOW + MINUTE - 1);
    assert_eq!(world.push(NOW + MINUTE).lane, Lane::Painted);
}

pub fn what_is_not_acknowledged_is_sent_again_by_how_soon_the_phone_usually_does(make: Make) {
    let (second, later) = (1_000, NOW + MINUTE);
    let again_after = |sent: &dyn Fn(&World)| {
        let world = make(Some(Rules::default()));
        let mut phone = world.phone("phone");
        for (place, took) in [(1, 5), (2, 25), (3, 5)] {
            let now = NOW - place * MINUTE;
            world.events(&[item("bob", place)]);
            let push = world.push(later);
            world.record(&push, &Report::Accepted, now);
            phone.sync_at(now + took * second, &[push.key.counter]);
        }
        sent(&world);
        let push = world.push(later);
        world.record(&push, &Report::Accepted, later);
        let due = world.store.claim(later).unwrap();
        match due {
            Claim::Wait(at) => (push.lane, (at - later) / second),
            other => panic!("{other:?}"),
        }
    };
    let painted = again_after(&|world| drop(world.events(&[item("bob", 10)])));
    assert_eq!(
        painted,
        (Lane::Painted, 17),
        "three and a half times the median"
    );
    let alert = again_after(&|world| drop(world.events(&[alerting(10)])));
    assert_eq!(alert, (Lane::Alert, 25), "as the slowest of three");
}

pub fn what_an_answer_tells_in_place_of_a_push_is_sent_once_unless_the_phone_confirms_it(
    make: Make,
) {
    for confirms in [true, false] {
        let world = pushing(make);
        let mut phone = world.phone("phone");
        world.events(&[item("bob", 1)]);
        let push = world.push(NOW);
        world.record(&push, &Report::Accepted, NOW);
        assert!(!phone.sync(&[1]).confirm, "the push told it that");

        world.events(&[item("bob", 2)]);
        let since = phone.since;
        assert!(phone.sync(&[]).confirm);
        world.quiet(NOW + 9_000);
        if confirms {
            assert!(!phone.sync(&[]).confirm);
        } else {
            phone.since = since; // the answer was lost
            assert!(phone.sync(&[]).confirm, "once more");
            world.quiet(NOW + 9_000);
            let again = world.push(NOW + MINUTE);
            let told = (again.lane, payload(&again).totals.unread);
            assert_eq!(told, (Lane::Painted, 2));
            world.record(&again, &Report::Accepted, NOW + MINUTE);
            phone.sync(&[again.key.counter]);
        }
        world.quiet(NOW + DAY);
    }
}

pub fn a_push_that_may_come_after_a_confirmed_answer_is_painted_over(make: Make) {
    let world = pushing(make);
    let mut phone = world.phone("phone");
    world.events(&[item("bob", 1)]);
    let push = world.push(NOW);
    world.record(&push, &Report::Accepted, NOW);
    world.events(&[read("bob", 1)]);
    assert!(phone.sync(&[]).confirm);

    assert!(!phone.sync(&[]).confirm);

    let over = world.push(NOW + MINUTE);
    let told = (over.lane, payload(&over).totals.unread);
    assert_eq!(told, (Lane::Painted, 0), "the one that told 1 is late");
    world.record(&over, &Report::Accepted, NOW + MINUTE);
    world.quiet(NOW + DAY);
}

pub fn what_changes_after_a_confirmed_answer_is_pushed_as_soon_as_ever(make: Make) {
    let world = pushing(make);
    let mut phone = world.phone("phone");
    world.events(&[item("bob", 1)]);
    assert!(phone.sync(&[]).confirm);
    assert!(!phone.sync(&[]).confirm);

    world.events(&[item("bob", 2)]);

    assert_eq!(payload(&world.push(NOW)).totals.unread, 2);
}

pub fn what_changes_after_the_phone_named_a_push_that_is_under_way_is_pushed(make: Make) {
    for repeated in [false, true] {
        let world = pushing(make);
        let mut phone = world.phone("phone");
        world.events(&[item("bob", 1)]);
        let mut push = world.push(NOW);
        if repeated {
            world.record(&push, &Report::Accepted, NOW);
            push = world.push(NOW + MINUTE);
        }
        // It has come, with its row, and APNs' answer has not.
        phone.since = version(1);
        phone.sync(&[push.key.counter]);
        world.events(&[item("bob", 2)]);

        world.record(&push, &Report::Accepted, NOW + MINUTE);

        let next = world.push(NOW + 2 * MINUTE);
        assert_eq!(payload(&next).totals.unread, 2, "repeated: {repeated}");
    }
}

pub fn a_push_that_came_before_apns_said_so_does_not_hide_what_came_after_it(make: Make) {
    for report in [Report::Accepted, Report::Unknown(QUIET)] {
        for applied in [0, 1] {
            let world = pushing(make);
            let mut phone = world.phone("phone");
            world.events(&[item("bob", 1)]);
            let push = world.push(NOW);
            world.events(&[read("bob", 1)]);
            phone.since = version(applied);
            assert!(phone.sync(&[1]).confirm, "the icon shows 1, and 0 is true");
            // That answer was lost.
            world.record(&push, &report, NOW);
            let again = world.push(NOW + MINUTE);
            let told = (again.lane, payload(&again).totals.unread);
            assert_eq!(told, (Lane::Painted, 0));
        }
    }
}

pub fn an_answer_that_may_have_come_is_taken_back_like_a_push(make: Make) {
    for accepted_late in [false, true] {
        let world = pushing(make);
        let mut phone = world.phone("phone");
        world.events(&[item("bob", 1)]);
        let push = world.push(NOW);
        if !accepted_late {
            world.record(&push, &Report::Accepted, NOW);
        }
        world.events(&[read("bob", 1)]);
        assert!(phone.sync(&[1]).confirm);
        // It came, but the confirmation did not. What is true now is what the push told.
        if accepted_late {
            world.record(&push, &Report::Accepted, NOW);
        }
        world.events(&[item("bob", 2)]);
        let again = world.push(NOW + MINUTE);
        let told = (again.lane, payload(&again).totals.unread);
        assert_eq!(told, (Lane::Painted, 1), "the icon shows 0");
        world.record(&again, &Report::Accepted, NOW + MINUTE);
        phone.sync(&[again.key.counter]);
        world.quiet(NOW + DAY);
    }
}

pub fn an_answer_with_what_the_phone_did_is_taken_back_too(make: Make) {
    let world = pushing(make);
    let mut phone = world.phone("phone");
    world.events(&[item("bob", 1)]);
    phone.sync(&[]);
    phone.sync(&[]);
    world.events(&[item("bob", 2)]);
    let push = world.push(NOW + MINUTE);
    let operation = json!({ "number": 1, "id": "11111111-1111-4111-8111-111111111111", "seen": 1,
                            "kind": "read_up_to", "conversation": "bob", "position": 2 });
    assert!(phone.operate(&[operation]).unwrap().changes.confirm);
    // It came, but the confirmation did not. APNs says only now that it took the push.
    world.record(&push, &Report::Accepted, NOW + MINUTE);
    world.events(&[item("bob", 3), item("bob", 4)]);
    let again = world.push(NOW + 2 * MINUTE);
    assert_eq!(payload(&again).totals.unread, 2, "the icon shows 0");
}

pub fn what_an_answer_tells_in_place_of_a_push_waits_as_long_as_apns_said(make: Make) {
    let world = pushing(make);
    let mut phone = world.phone("phone");
    world.events(&[item("bob", 1)]);
    let push = world.push(NOW);
    world.record(&push, &Report::Again(NOW + 10 * MINUTE), NOW);
    assert!(phone.sync(&[]).confirm);
    world.quiet(NOW + 10 * MINUTE - 1);
    assert_eq!(world.push(NOW + 10 * MINUTE).key.counter, 1);
}

pub fn a_phone_whose_answers_are_all_lost_is_pushed_to_all_the_same(make: Make) {
    let world = pushing(make);
    let mut phone = world.phone("phone");
    let start = phone.since;
    world.events(&[item("bob", 1)]);
    for second in 0..70 {
        phone.since = start;
        assert!(phone.sync_at(NOW + second * 1_000, &[]).confirm);
    }
    assert_eq!(payload(&world.push(NOW + 70_000)).totals.unread, 1);
}

pub fn what_a_phone_does_itself_needs_no_confirmation(make: Make) {
    let world = pushing(make);
    let mut phone = world.phone("phone");
    world.events(&[item("bob", 1)]);
    let push = world.push(NOW);
    world.record(&push, &Report::Accepted, NOW);
    phone.sync(&[1]);
    let operation = json!({ "number": 1, "id": "11111111-1111-4111-8111-111111111111", "seen": 1,
                            "kind": "read_up_to", "conversation": "bob", "position": 1 });
    assert!(!phone.operate(&[operation]).unwrap().changes.confirm);
    world.quiet(NOW + DAY);
}

fn alerting(position: u64) -> serde_json::Value {
    let mut item = item("bob", position);
    item["alert"] = json!({ "body": "hello" });
    item
}

pub fn a_push_token_that_ended_is_told_and_not_used(make: Make) {
    let world = pushing(make);
    let mut phone = world.phone("phone");
    for position in [1, 3] {
        world.events(&[item("bob", position)]);
        let ended = Report::TokenEnded(PushTokenEnded::Unregistered);
        world.record(&world.push(QUIET), &ended, QUIET);
        world.events(&[item("bob", position + 1)]);
        world.quiet(QUIET + DAY);
        let told = phone.sync(&[]).push_token_ended;
        assert_eq!(told, Some(PushTokenEnded::Unregistered));
        world.register(phone.token, "phone");
        assert_eq!(phone.sync(&[]).push_token_ended, None);
    }
    world.events(&[item("bob", 5)]);
    assert_eq!(world.push(QUIET).push_token, "aabb");
}

pub fn a_notification_is_due_once_and_forgotten_after_a_day(make: Make) {
    let world = pushing(make);
    let _phone = world.phone("phone");
    let mut shown = item("bob", 1);
    shown["alert"] = json!({ "body": "hello" });
    world.events(&[shown.clone(), shown.clone()]);
    let push = world.push(NOW);
    assert_eq!(push.lane, Lane::Alert);
    world.record(&push, &Report::Accepted, NOW);
    world.quiet(NOW + MINUTE - 1);

    shown["position"] = json!(2);
    world.events(&[shown]);
    world.store.tidy(NOW + DAY - 1).unwrap();
    let push = world.push(NOW + DAY - 1);
    assert_eq!(push.lane, Lane::Alert);
    world.record(&push, &Report::Again(NOW + DAY), NOW);
    world.store.tidy(NOW + DAY).unwrap();
    assert_ne!(world.push(NOW + DAY).lane, Lane::Alert);
}

pub fn a_device_that_signed_out_is_owed_nothing(make: Make) {
    let world = pushing(make);
    let phone = world.phone("phone");
    world.events(&[item("bob", 1)]);
    let push = world.push(QUIET);
    world.events(&[item("bob", 2)]);
    world.store.sign_out(phone.token, &device("phone")).unwrap();
    world.record(&push, &Report::Again(QUIET), QUIET);
    assert_eq!(world.store.claim(QUIET + DAY).unwrap(), Claim::Idle);
}

pub fn a_push_token_of_the_other_environment_is_found_there(make: Make) {
    let world = pushing(make);
    let mut phone = world.phone("phone");
    let unknown = Report::TokenEnded(PushTokenEnded::BadDeviceToken);
    world.events(&[item("bob", 1)]);
    let push = world.push(NOW);
    assert_eq!(push.environment, PushEnvironment::Sandbox);
    world.record(&push, &unknown, NOW);
    let push = world.push(NOW);
    assert_eq!(push.environment, PushEnvironment::Production);
    assert_eq!(push.key.counter, 1, "the first was not taken");
    world.record(&push, &Report::Accepted, NOW);
    assert_eq!(phone.sync(&[]).push_token_ended, None);

    world.register(phone.token, "phone"); // as it says at every start, and still wrong
    world.events(&[item("bob", 2)]);
    let push = world.push(QUIET);
    assert_eq!(push.environment, PushEnvironment::Production);
    world.record(&push, &unknown, QUIET);
    assert_eq!(
        phone.sync(&[]).push_token_ended,
        Some(PushTokenEnded::BadDeviceToken),
        "neither knows it now"
    );
    world.events(&[item("bob", 3)]);
    world.quiet(QUIET + DAY);
}

pub fn what_apns_says_of_a_push_token_holds_for_all_accounts_of_the_phone(make: Make) {
    let world = pushing(make);
    let _phone = world.phone("phone");
    let token = world.token_of("work", "another token");
    world.register(token, "phone");
    world.events(&[item("bob", 1)]);
    world.events_of("work", &[item("eve", 1)]);
    let push = world.push(NOW);
    let ended = Report::TokenEnded(PushTokenEnded::Unregistered);
    world.record(&push, &ended, NOW);
    assert_eq!(world.store.claim(NOW + DAY).unwrap(), Claim::Idle);
    let told = world.store.changes(token, &Ask::default(), NOW).unwrap();
    assert_eq!(told.push_token_ended, Some(PushTokenEnded::Unregistered));
}

pub fn a_burst_that_ends_where_it_began_forgets_no_fall(make: Make) {
    let world = pushing(make);
    world.events(&[item("bob", 1)]);
    let _phone = world.phone("phone");
    world.events(&[read("bob", 1)]);
    let fall = world.push(NOW);
    world.record(&fall, &Report::Accepted, NOW);
    world.events(&[item("bob", 2)]);
    world.events(&[read("bob", 2)]);
    world.quiet(NOW + MINUTE - 1);
    world.quiet(NOW + MINUTE);
    let again = world.push(NOW + 2 * MINUTE);
    assert_eq!(
        (again.lane, payload(&again).totals.unread),
        (Lane::Painted, 0)
    );
}

pub fn what_may_have_arrived_is_taken_back_also_after_a_restart(make: Make) {
    for restarted in [false, true] {
        let world = pushing(make);
        let mut phone = world.phone("phone");
        world.events(&[item("bob", 1)]);
        let push = world.push(NOW);
        if restarted {
            world.store.release_claims().unwrap();
        } else {
            world.record(&push, &Report::Unknown(NOW + MINUTE), NOW);
        }
        world.events(&[read("bob", 1)]);
        let back = world.push(NOW + MINUTE);
        assert_eq!(
            (back.lane, payload(&back).totals.unread),
            (Lane::Painted, 0),
            "the phone may show 1"
        );
        world.record(&back, &Report::Again(NOW + 2 * MINUTE), NOW);
        assert_eq!(phone.sync(&[]).totals.unread, 0);
        assert!(!phone.sync(&[]).confirm, "it has told that it knows");
        world.quiet(NOW + 2 * MINUTE - 1);
        let once_more = world.push(NOW + DAY);
        assert_eq!(
            (once_more.lane, payload(&once_more).totals.unread),
            (Lane::Painted, 0),
            "the push that told 1 may still have come after the answer"
        );
        world.record(&once_more, &Report::Accepted, NOW + DAY);
        world.quiet(NOW + 2 * DAY);
    }
}

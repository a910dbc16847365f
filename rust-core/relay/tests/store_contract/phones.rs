//! What phones ask.

use serde_json::json;
use truebadge_protocol::{Digest, Epoch, Totals, Version};

use crate::world::{Make, account, item, read, version};

pub fn a_phone_learns_everything_page_by_page(make: Make) {
    let world = make(None);
    for name in ["a", "b", "c", "d", "a"] {
        world.events(&[item(name, 1), item(name, 2)]);
    }
    let mut phone = world.phone("phone");
    world.events(&[item("b", 3), read("a", 2), item("c", 3)]);
    let mut rows = Vec::new();
    loop {
        let page = phone.page(1, &[]);
        assert!(page.changes.len() == 1 && !page.reset);
        assert_eq!((page.head, page.totals.unread), (version(11), 8));
        rows.extend(page.changes);
        if !page.more {
            break;
        }
    }
    let names: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(names, ["b", "a", "c"], "each once, ascending");
    assert_eq!(phone.since, version(11));
    assert_eq!(phone.sync(&[]).changes, []);
}

pub fn a_reset_names_active_conversations_only(make: Make) {
    let world = make(None);
    world.events(&[item("a", 1), item("b", 1), read("b", 1), item("c", 1)]);
    world.events(&[json!({ "type": "removed", "conversation": "c" })]);
    let mut phone = world.phone("phone");
    phone.since = Version::ZERO;
    let page = phone.sync(&[]);
    assert!(page.reset);
    assert_eq!(page.changes.len(), 1);
    assert_eq!(page.totals, Totals::of(&page.changes));
    assert_eq!(page.digest, Digest::of(&page.changes));
}

pub fn a_cursor_of_another_history_starts_over(make: Make) {
    let world = make(None);
    world.events(&[item("a", 1)]);
    let mut phone = world.phone("phone");
    let own = phone.epoch.clone();
    for (epoch, since) in [
        (None, 1),
        (Some(Epoch::new("another").unwrap()), 1),
        (own, 2),
    ] {
        (phone.epoch, phone.since) = (epoch, version(since));
        let page = phone.sync(&[]);
        assert_eq!((page.reset, page.changes.len()), (true, 1));
    }
}

pub fn after_a_restored_backup_the_numbers_of_operations_go_on(make: Make) {
    let world = make(None);
    world.events(&[item("a", 1), item("a", 2)]);
    let mut phone = world.phone("phone");
    let before = phone.epoch.clone();
    assert_eq!(world.store.restart_histories().unwrap(), 1);
    let page = phone.sync(&[]);
    assert!(page.reset && Some(page.epoch) != before);
    assert_eq!((page.totals.unread, page.acknowledged), (2, 0));
    let later = |number: u64, position: u64| {
        json!({ "number": number, "id": "o", "seen": 2, "kind": "read_up_to",
                "conversation": "a", "position": position })
    };
    let applied = phone.operate(&[later(41, 1), later(42, 2)]).unwrap();
    assert_eq!(
        (applied.applied.len(), applied.changes.acknowledged),
        (2, 42)
    );
    let again = phone.operate(&[later(41, 1), later(42, 2)]).unwrap();
    assert_eq!(again.applied, []);
    assert_eq!(again.changes.totals.unread, 0);
}

pub fn registering_again_is_registering_once(make: Make) {
    let world = make(None);
    let phone = world.phone("phone");
    world.register(phone.token, "phone");
    let detail = world.store.account(&account("alice")).unwrap();
    assert_eq!((detail.devices.len(), detail.summary.devices), (1, 1));
    assert!(detail.devices[0].has_push_token);
    assert_eq!(detail.devices[0].cursor, Some(Version::ZERO));
}

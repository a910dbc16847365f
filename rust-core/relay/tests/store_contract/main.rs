//! What every store must do, whatever it keeps its rows in. Another store is held to it by one more
//! module in [`contract`].
#![allow(clippy::unwrap_used)]

mod commits;
mod credentials;
mod operations;
mod phones;
mod pushes;
mod world;

use truebadge_relay::{planner::Rules, store::sqlite::SqliteStore};
use world::World;

fn in_memory(rules: Option<Rules>) -> World {
    World::new(SqliteStore::in_memory(rules).unwrap(), None)
}

fn on_disk(rules: Option<Rules>) -> World {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("relay.db"), rules).unwrap();
    World::new(store, Some(folder))
}

macro_rules! contract {
    ($($part:ident::{$($sentence:ident),* $(,)?}),* $(,)?) => {
        contract!(@in_memory; $($($part $sentence)*)*);
        contract!(@on_disk; $($($part $sentence)*)*);
    };
    (@$store:ident; $($part:ident $sentence:ident)*) => {
        mod $store {
            $(#[test]
            fn $sentence() {
                crate::$part::$sentence(crate::$store);
            })*
        }
    };
}

contract! {
    credentials::{
        only_what_was_added_opens_anything,
        a_device_token_belongs_to_the_first_device_that_registers_with_it,
        a_revoked_token_opens_nothing_and_its_device_goes_on_with_another,
        signing_out_ends_the_token_and_doing_it_twice_does_nothing,
        a_sign_out_that_comes_late_leaves_what_signed_in_after_it,
        what_belongs_to_a_removed_account_has_ended,
    },
    commits::{
        events_of_a_call_commit_in_order_and_versions_have_no_holes,
        a_call_that_changes_nothing_takes_no_version,
        an_idempotency_key_is_answered_as_before_for_a_day,
        accounts_know_nothing_of_each_other,
        calls_at_the_same_time_take_versions_of_their_own,
    },
    phones::{
        a_phone_learns_everything_page_by_page,
        a_reset_names_active_conversations_only,
        a_cursor_of_another_history_starts_over,
        after_a_restored_backup_the_numbers_of_operations_go_on,
        registering_again_is_registering_once,
    },
    operations::{
        each_is_applied_once,
        a_hole_undoes_the_whole_call,
        a_phone_that_has_not_registered_sends_none,
        on_what_was_removed_they_are_rejected_and_count_as_done,
        what_was_refused_is_told_again_to_who_sends_it_again,
        refusals_are_remembered_for_256_numbers,
        an_operation_of_another_history_takes_no_number_of_this_one,
        what_they_read_before_it_was_reported_does_not_count,
        conversations_that_only_phones_name_are_bounded,
        items_that_are_read_before_they_are_reported_are_bounded,
        items_that_are_read_one_by_one_are_bounded,
    },
    pushes::{
        a_push_token_of_the_other_environment_is_found_there,
        what_apns_says_of_a_push_token_holds_for_all_accounts_of_the_phone,
        a_burst_that_ends_where_it_began_forgets_no_fall,
        what_may_have_arrived_is_taken_back_also_after_a_restart,
        a_change_is_due_at_once_and_what_follows_when_the_burst_is_over,
        without_a_way_to_send_nothing_is_due,
        a_device_has_one_push_under_way,
        what_apns_did_not_take_leaves_its_counter_to_the_next,
        what_apns_may_have_taken_keeps_its_counter,
        what_was_under_way_when_the_relay_ended_is_due_again,
        a_fall_is_due_again_until_it_is_acknowledged,
        what_an_answer_tells_in_place_of_a_push_is_sent_once_unless_the_phone_confirms_it,
        a_push_that_may_come_after_a_confirmed_answer_is_painted_over,
        what_changes_after_a_confirmed_answer_is_pushed_as_soon_as_ever,
        what_changes_after_the_phone_named_a_push_that_is_under_way_is_pushed,
        an_answer_that_may_have_come_is_taken_back_like_a_push,
        an_answer_with_what_the_phone_did_is_taken_back_too,
        what_an_answer_tells_in_place_of_a_push_waits_as_long_as_apns_said,
        a_phone_whose_answers_are_all_lost_is_pushed_to_all_the_same,
        a_push_that_came_before_apns_said_so_does_not_hide_what_came_after_it,
        what_a_phone_does_itself_needs_no_confirmation,
        each_notification_is_news_and_the_waits_begin_anew_after_it,
        what_is_not_acknowledged_is_sent_again_by_how_soon_the_phone_usually_does,
        a_push_token_that_ended_is_told_and_not_used,
        a_notification_is_due_once_and_forgotten_after_a_day,
        a_device_that_signed_out_is_owed_nothing,
    },
}

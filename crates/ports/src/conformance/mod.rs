//! The suite that every [`crate::Store`] must pass.
//!
//! An adapter's tests say how to open an empty store, and get a test for each case:
//!
//! ```ignore
//! mainstay_ports::store_conformance_suite!(open);
//!
//! fn open(application: Arc<Application>) -> Opened {
//!     Opened { store: Arc::new(MyStore::new(application)), guard: Box::new(()) }
//! }
//! ```
//!
//! The adapter's package needs `tokio` with its macros and its multi-threaded runtime for that.

#![allow(clippy::unwrap_used, reason = "a broken expectation is a failed test")]
#![allow(missing_docs, reason = "the name of a case says what it checks")]

mod batch;
mod checks;
mod concurrency;
mod deletion;
pub mod everything;
mod feed;
mod isolation;
mod many;
mod paging;
mod query;
mod receipts;
mod records;
mod rules;
mod trimming;
mod validation;
pub mod wake;
mod world;

use crate::Store;
use mainstay_model::Application;
use std::any::Any;
use std::sync::Arc;

/// Opens an empty store for an application.
pub type Open = fn(Arc<Application>) -> Opened;

/// An open store, and what must outlive it (as a temporary folder).
pub struct Opened {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Dropped after the store.
    pub guard: Box<dyn Any + Send + Sync>,
}

/// Makes the list of cases known in two forms: as functions in [`cases`], and as the macro that an adapter's tests call. A case that
/// is written but not listed is dead code, of which the compiler warns.
macro_rules! suite {
    ($dollar:tt $($module:ident: $($case:ident),+;)+) => {
        /// The cases. Each panics when the store does not do as it must.
        pub mod cases {
            $(pub use super::$module::{$($case),+};)+
        }

        /// Makes a test of each case of the suite, for the stores that the function `$open` opens. See [`crate::conformance`].
        #[macro_export]
        macro_rules! store_conformance_suite {
            ($dollar open:path) => {
                $($(
                    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                    async fn $case() {
                        $dollar crate::conformance::cases::$case($dollar open).await;
                    }
                )+)+
            };
        }
    };
}

suite! { $
    records:
        a_created_record_is_read_back,
        a_value_of_every_type_survives,
        an_id_is_used_once,
        an_update_changes_what_it_names,
        an_update_to_the_same_changes_nothing,
        a_version_that_differs_stops_a_write,
        a_requirement_stops_an_update,
        put_creates_or_replaces,
        time_does_not_run_backwards_for_a_record;
    rules:
        what_one_may_not_see_is_not_there,
        a_rule_forbids_what_one_may_see,
        a_rule_walks_relations,
        a_field_rule_guards_its_field,
        an_outcome_says_what_the_caller_may_see,
        the_engine_needs_no_rule;
    validation:
        a_required_field_has_a_value,
        a_check_holds,
        an_immutable_field_stays,
        a_ref_points_to_a_live_record,
        live_records_differ_in_unique_fields,
        null_is_never_a_duplicate_alone;
    deletion:
        a_deleted_record_is_out_of_sight_until_restored,
        a_deleted_record_frees_its_unique_values,
        deletion_and_restoration_cascade,
        a_tree_is_deleted_and_restored_as_one,
        a_record_that_points_to_two_is_restored_once,
        a_ref_can_become_null,
        a_ref_can_restrict,
        a_hard_deletion_leaves_nothing,
        what_is_not_deleted_is_not_restored,
        a_purge_removes_deleted_records_alone;
    batch:
        later_steps_see_earlier_ones,
        all_steps_or_none,
        a_batch_has_no_duplicates_either,
        a_batch_names_every_refused_step,
        nothing_stands_on_what_a_refused_batch_wrote;
    many:
        what_matches_is_updated,
        each_match_is_touched_once,
        what_comes_to_match_meanwhile_is_not_touched,
        a_match_is_seen_by_who_asks,
        one_refusal_refuses_all,
        fields_keep_their_own_rules_in_many,
        more_matches_than_allowed_are_refused,
        a_match_may_go_with_another,
        a_match_that_is_restricted_refuses_all,
        a_patch_is_merged_into_each_document;
    receipts:
        a_receipt_is_there_when_its_transaction_is,
        a_receipt_that_is_there_refuses_everything,
        a_receipt_that_cannot_be_made_refuses_everything,
        one_of_many_receipts_wins,
        each_receipt_keeps_its_own_position,
        a_receipt_need_not_keep_a_position;
    query:
        a_filter_selects,
        a_filter_walks_relations,
        a_query_selects_ids,
        a_question_serves_all_accounts,
        a_flag_answers_for_each_record,
        a_closed_question_is_answered,
        a_count_ignores_the_page,
        an_answer_has_a_position;
    paging:
        an_order_is_total,
        null_comes_first_when_ascending,
        pages_join_without_gap_or_repetition,
        pages_lie_between_two_places,
        a_page_is_stable_under_inserts;
    feed:
        the_feed_tells_every_change_in_order,
        a_change_has_the_record_before_and_after,
        a_refused_transaction_leaves_no_change,
        the_feed_has_no_secrets,
        internal_models_are_not_in_the_feed,
        what_nodes_remember_is_announced_without_its_record,
        what_was_touched_is_told_up_to_the_end,
        the_feed_is_read_in_portions,
        a_position_that_cannot_be_served_is_reset,
        a_waiter_is_woken;
    trimming:
        old_changes_are_trimmed,
        a_large_feed_is_trimmed,
        numbers_go_on_behind_a_trimmed_feed,
        a_clock_that_was_ahead_keeps_changes_longer;
    concurrency:
        concurrent_writes_all_count,
        one_of_many_duplicates_wins,
        no_update_is_lost,
        a_record_is_purged_once,
        a_write_is_seen_by_the_next_query;
    checks:
        a_record_that_was_read_is_as_it_was,
        a_check_tells_nothing_of_what_one_may_not_see,
        as_many_match_as_are_expected,
        a_fence_that_fell_refuses_everything,
        no_write_follows_one_of_a_later_holder,
        a_version_that_differs_stops_a_restoration;
    isolation:
        no_write_is_dirty,
        no_read_is_of_a_part,
        of_two_who_read_one_writes,
        a_checked_record_keeps_writes_from_skew,
        serializable_searches_keep_writes_from_skew,
        a_serializable_search_finds_no_phantom,
        serializable_transactions_take_effect;
}

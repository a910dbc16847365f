//! Whatever happened before, one undisturbed wake makes the badge true (L1). On the way there every
//! number that is set is some state that the relay committed, with what this phone did and the relay
//! has not counted laid over it (S1), never an older one than before (S2); nothing read here comes back
//! (S4); rows, totals and digest always belong together (S5); and in the end each operation took effect, or
//! the app was told that it was refused (S3).
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;

use proptest::prelude::*;
use support::{Committed, Fault, Phone, alice, conversation};
use truebadge_engine::Process;
use truebadge_protocol::{
    ConversationState, Digest, Level, OperationId, Totals, Version, messages::Action,
};

#[derive(Debug, Clone)]
enum Step {
    Arrive(u8, u32),
    ReadElsewhere(u8),
    MarkElsewhere(u8),
    /// All but this many items.
    ReadHere(u8, u32),
    ReadAllHere,
    LevelHere(u8, Level),
    MarkHere(u8, bool),
    /// A push is sent, based on this share of the head, with its rows or without.
    Send(u8, bool),
    /// One of the pushes sent so far is delivered, perhaps not for the first time, to the app or to
    /// its extension.
    Deliver(prop::sample::Index, bool),
    Refresh(Vec<Option<Fault>>),
    Restart,
    Restore,
    /// From now on the relay refuses what the phone did, or takes it again.
    Refuse(bool),
}

fn fault() -> impl Strategy<Value = Option<Fault>> {
    prop_oneof![
        3 => Just(None),
        1 => Just(Some(Fault::Lost)),
        1 => Just(Some(Fault::AnswerLost)),
        1 => Just(Some(Fault::Status(503, None))),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let id = 0..3u8;
    prop_oneof![
        4 => (id.clone(), 1..4u32).prop_map(|(id, items)| Step::Arrive(id, items)),
        2 => id.clone().prop_map(Step::ReadElsewhere),
        1 => id.clone().prop_map(Step::MarkElsewhere),
        3 => (id.clone(), prop_oneof![3 => Just(0u32), 1 => 1..3u32])
            .prop_map(|(id, left)| Step::ReadHere(id, left)),
        1 => Just(Step::ReadAllHere),
        1 => (id.clone(), prop_oneof![Just(Level::All), Just(Level::None)])
            .prop_map(|(id, level)| Step::LevelHere(id, level)),
        1 => (id, any::<bool>()).prop_map(|(id, marked)| Step::MarkHere(id, marked)),
        3 => (0..=100u8, prop::bool::weighted(0.8)).prop_map(|(base, rows)| Step::Send(base, rows)),
        4 => (any::<prop::sample::Index>(), any::<bool>())
            .prop_map(|(which, extension)| Step::Deliver(which, extension)),
        3 => proptest::collection::vec(fault(), 0..4).prop_map(Step::Refresh),
        1 => Just(Step::Restart),
        1 => Just(Step::Restore),
        2 => any::<bool>().prop_map(Step::Refuse),
    ]
}

struct Run {
    phone: Phone,
    sent: Vec<Vec<u8>>,
    counter: u64,
    /// What the person did here, in order.
    done: Vec<(OperationId, Action, Version)>,
    /// How many of the numbers that were set have been looked at.
    looked_at: usize,
    /// The oldest of the relay's states that the last number can stem from.
    behind: usize,
    /// How many numbers had been set when the step began.
    before_step: usize,
    /// The person acted while totals were shown whose rows had not come: until they come, the number is
    /// an estimate.
    estimated: bool,
}

impl Run {
    async fn step(&mut self, step: Step) {
        self.before_step = self.set();
        let name = |id: u8| format!("conversation {id}");
        let relay = self.phone.relay.clone();
        match step {
            Step::Arrive(id, items) => relay.arrive(&name(id), items),
            Step::ReadElsewhere(id) => relay.read_elsewhere(&name(id)),
            Step::MarkElsewhere(id) => relay.mark_elsewhere(&name(id)),
            Step::ReadHere(id, left) => self.read_here(&name(id), left).await,
            Step::ReadAllHere => {
                self.act(|phone| _ = phone.engine.mark_all_read(&alice()).unwrap())
                    .await;
            }
            Step::LevelHere(id, level) => {
                let id = conversation(&name(id));
                self.act(|phone| _ = phone.engine.set_level(&alice(), &id, level).unwrap())
                    .await;
            }
            Step::MarkHere(id, marked) => {
                self.act(|phone| _ = phone.mark_here(&name(id), marked))
                    .await;
            }
            Step::Send(share, rows) => {
                self.counter += 1;
                let head = relay.0.lock().unwrap().now.head;
                let base = head * u64::from(share) / 100;
                self.sent.push(if rows {
                    relay.push(self.counter, base)
                } else {
                    relay.push_without_rows(self.counter, base)
                });
            }
            Step::Deliver(which, extension) if !self.sent.is_empty() => {
                let bytes = which.get(&self.sent).clone();
                // Without time for the network: what the push itself does is on trial here.
                let budget = std::time::Duration::from_secs(2);
                if extension {
                    let extension = self.phone.beside(Process::Extension);
                    extension.engine.handle_push(bytes, budget).await;
                } else {
                    self.phone.engine.handle_push(bytes, budget).await;
                }
            }
            Step::Deliver(..) => {}
            Step::Refresh(faults) => {
                self.phone.refresh_with_faults(&faults).await;
                relay.0.lock().unwrap().faults.clear();
            }
            Step::Restart => self.phone = self.phone.beside(Process::App),
            Step::Restore => {
                let mut state = relay.0.lock().unwrap();
                state.epoch = format!("{}'", state.epoch.chars().take(40).collect::<String>());
            }
            Step::Refuse(refuses) => {
                relay.0.lock().unwrap().rejects_with = refuses.then(|| "{id}".to_owned());
            }
        }
    }

    /// How many numbers have been set.
    fn set(&self) -> usize {
        self.phone.icon.set.lock().unwrap().len()
    }

    /// The person does something. What that makes needless before it is sent counts as never done.
    async fn act(&mut self, act: impl FnOnce(&Phone)) {
        let waited = self.outbox();
        act(&self.phone);
        self.did().await;
        let wait = self.outbox();
        let is_there = |id: &OperationId| wait.contains(id) || !waited.contains(id);
        self.done.retain(|(id, ..)| is_there(id));
    }

    fn outbox(&self) -> BTreeSet<OperationId> {
        let store = rusqlite::Connection::open(self.phone.store()).unwrap();
        let mut statement = store.prepare("SELECT id FROM operations").unwrap();
        let ids = statement.query_map([], |row| row.get::<_, String>(0));
        let ids = ids.unwrap().map(Result::unwrap);
        ids.map(|id| OperationId::new(id).unwrap()).collect()
    }

    /// Each operation took effect, or the app was told that it was refused, and nothing of that twice.
    fn nothing_is_lost(&self) {
        let relay = self.phone.relay.0.lock().unwrap();
        let rejected = self.phone.engine.rejected_operations().unwrap();
        let in_one_history = relay.epoch == "epoch-1";
        for (id, ..) in &self.done {
            let applied = relay.in_order.iter().filter(|one| *one == id).count();
            let told = rejected.iter().filter(|one| one.reason == id.as_str());
            let outcomes = applied + told.count();
            assert!(outcomes > 0, "{id:?} was lost");
            // What an earlier history confirmed may be sent to the next one too.
            assert!(
                outcomes == 1 || !in_one_history,
                "{id:?} has {outcomes} outcomes"
            );
        }
    }

    /// Notes the operations that the engine has just recorded.
    async fn did(&mut self) {
        // Zero is shown in the background: not after what comes next.
        let before = self.before_step;
        if self.phone.engine.badge().unwrap().known {
            let shown = |phone: &Phone| phone.icon.set.lock().unwrap().len() > before;
            self.phone.until(shown).await;
        }
        self.estimated |= !self.phone.engine.accounts().unwrap()[0].complete;
        let store = rusqlite::Connection::open(self.phone.store()).unwrap();
        let sql = "SELECT id, conversation, kind, position, marked, level, seen FROM operations
                   ORDER BY number";
        let mut statement = store.prepare(sql).unwrap();
        let recorded = statement.query_map([], |row| {
            let conversation = conversation(&row.get::<_, String>(1)?);
            let action = match row.get::<_, String>(2)?.as_str() {
                "read_up_to" => Action::ReadUpTo {
                    conversation,
                    position: support::position(row.get(3)?),
                },
                "marked_unread" => Action::MarkedUnread {
                    conversation,
                    marked: row.get(4)?,
                },
                _ => Action::SetLevel {
                    conversation,
                    level: Level::from_code(row.get(5)?).unwrap(),
                },
            };
            let id = OperationId::new(row.get::<_, String>(0)?).unwrap();
            Ok((id, action, support::version(row.get(6)?)))
        });
        for (id, action, seen) in recorded.unwrap().map(Result::unwrap) {
            if self.done.iter().all(|(known, ..)| *known != id) {
                self.done.push((id, action, seen));
            }
        }
    }

    /// The number that one of the relay's states gives with this phone's own operations over it.
    fn number(&self, state: &Committed) -> u32 {
        let mut state = state.clone();
        let (applied, refused) = (state.applied.clone(), state.refused.clone());
        for (id, action, seen) in &self.done {
            if !applied.contains(id) && !refused.contains(id) {
                state.apply(action, *seen);
            }
        }
        u32::try_from(Totals::of(state.rows.values()).unread).unwrap()
    }

    fn every_number_is_a_state_of_the_relay_and_none_older_than_the_last(&mut self) {
        let set = self.phone.icon.set.lock().unwrap().clone();
        if self.estimated {
            self.estimated = !self.phone.engine.accounts().unwrap()[0].complete;
            self.looked_at = set.len();
            return;
        }
        let past = self.phone.relay.0.lock().unwrap().past.clone();
        for number in &set[self.looked_at..] {
            let from = past
                .iter()
                .skip(self.behind)
                .position(|state| self.number(state) == *number);
            let numbers: Vec<_> = past.iter().map(|state| self.number(state)).collect();
            let behind = self.behind;
            assert!(
                from.is_some(),
                "{number} is no state from {behind} on: {numbers:?}"
            );
            self.behind += from.unwrap();
        }
        self.looked_at = set.len();
    }

    /// The person reads all of a conversation but its newest `left` items.
    async fn read_here(&mut self, id: &str, left: u32) {
        let id = conversation(id);
        let views = self.phone.engine.conversations(&alice()).unwrap();
        let Some(view) = views.into_iter().find(|view| view.state.id == id) else {
            return;
        };
        let left = left.min(view.state.unread);
        let up_to = support::position(view.state.newest.get() - u64::from(left));
        self.act(|phone| _ = phone.read_here(id.as_str(), up_to.get(), left))
            .await;
        let after = self.phone.engine.conversations(&alice()).unwrap();
        let shown = after.iter().find(|view| view.state.id == id);
        assert!(
            shown.is_none_or(|view| view.state.unread <= left),
            "read here, and still shown"
        );
    }

    fn rows_totals_and_digest_belong_together(&self) {
        let store = rusqlite::Connection::open(self.phone.store()).unwrap();
        let rows = rows(&store);
        let sql = "SELECT unread, mentions, conversations, digest FROM accounts";
        let (totals, digest) = store
            .query_row(sql, [], |row| {
                let totals = Totals {
                    unread: row.get(0)?,
                    mentions: row.get(1)?,
                    conversations: row.get(2)?,
                };
                Ok((
                    totals,
                    Digest::from_bits(row.get::<_, i64>(3)?.cast_unsigned()),
                ))
            })
            .unwrap();
        assert_eq!(totals, Totals::of(&rows));
        assert_eq!(digest, Digest::of(&rows));
    }
}

fn rows(store: &rusqlite::Connection) -> Vec<ConversationState> {
    let sql = "SELECT id, version, unread, newest, read_up_to, marked_unread, level FROM rows";
    let mut statement = store.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| {
        let id: String = row.get(0)?;
        Ok(ConversationState {
            version: support::version(row.get(1)?),
            unread: row.get(2)?,
            newest: support::position(row.get(3)?),
            read_up_to: support::position(row.get(4)?),
            marked_unread: row.get(5)?,
            level: Level::from_code(row.get(6)?).unwrap(),
            ..ConversationState::empty(conversation(&id))
        })
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// Lives through the steps, and looks after each of them. Gives the run to look at its end.
async fn live(life: (Vec<Step>, usize), look: impl Fn(&mut Run)) -> Run {
    let (steps, page) = life;
    let mut run = Run {
        phone: Phone::synced().await,
        sent: Vec::new(),
        counter: 0,
        done: Vec::new(),
        looked_at: 0,
        behind: 0,
        before_step: 0,
        estimated: false,
    };
    run.looked_at = run.phone.icon.set.lock().unwrap().len();
    run.phone.relay.0.lock().unwrap().page = page;
    for step in steps {
        run.step(step).await;
        look(&mut run);
    }
    run
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// What happens, and how many rows the relay puts on a page.
fn life() -> impl Strategy<Value = (Vec<Step>, usize)> {
    let steps = proptest::collection::vec(step(), 1..30);
    let in_one_history = |(mut steps, restores, page): (Vec<Step>, bool, usize)| {
        // What one history refused, another may take: in a life with several, nothing is refused.
        steps.retain(|step| match step {
            Step::Restore => restores,
            Step::Refuse(_) => !restores,
            _ => true,
        });
        (steps, page)
    };
    let pages = prop_oneof![Just(1), Just(2), Just(500)];
    (steps, any::<bool>(), pages).prop_map(in_one_history)
}

/// Each life is a whole phone: fewer of them than proptest's default, unless asked for.
fn cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES");
    asked.map_or(64, |cases| cases.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn s1_s2_every_number_is_a_state_of_the_relay_and_none_older_than_the_last(life in life()) {
        block_on(live(life, Run::every_number_is_a_state_of_the_relay_and_none_older_than_the_last));
    }

    #[test]
    fn s5_rows_totals_and_digest_belong_together_at_every_moment(life in life()) {
        block_on(live(life, |run| run.rows_totals_and_digest_belong_together()));
    }

    #[test]
    fn l1_one_undisturbed_wake_makes_the_badge_true_and_empties_the_outbox(life in life()) {
        block_on(async {
            let run = live(life, |_| {}).await;
            let outcome = run.phone.refresh().await;
            assert_eq!(outcome.error, None);
            assert!(outcome.badge.unwrap().complete);
            let truth = u32::try_from(run.phone.relay.truth().unread).unwrap();
            assert_eq!(run.phone.icon(), Some(truth));
            assert_eq!(run.phone.engine.accounts().unwrap()[0].pending, 0);
        });
    }

    #[test]
    fn s3_each_operation_takes_effect_or_is_told_to_be_refused(life in life()) {
        block_on(async {
            let run = live(life, |_| {}).await;
            run.phone.refresh().await;
            run.nothing_is_lost();
        });
    }
}

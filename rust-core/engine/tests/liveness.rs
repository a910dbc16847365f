//! Whatever happened before, one undisturbed wake makes the badge true (L1), and on the way there
//! rows, totals and digest always belong together (S5) and nothing read here comes back (S4).
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use proptest::prelude::*;
use support::{Fault, Phone, alice, conversation};
use truebadge_engine::Process;
use truebadge_protocol::{ConversationState, Digest, Totals};

#[derive(Debug, Clone)]
enum Step {
    Arrive(u8, u32),
    ReadElsewhere(u8),
    MarkElsewhere(u8),
    ReadHere(u8),
    MarkHere(u8, bool),
    /// A push is sent, based on this share of the head.
    Send(u8),
    /// One of the pushes sent so far is delivered, perhaps not for the first time.
    Deliver(prop::sample::Index),
    Refresh(Vec<Option<Fault>>),
    Restart,
    Restore,
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
        3 => id.clone().prop_map(Step::ReadHere),
        1 => (id, any::<bool>()).prop_map(|(id, marked)| Step::MarkHere(id, marked)),
        3 => (0..=100u8).prop_map(Step::Send),
        4 => any::<prop::sample::Index>().prop_map(Step::Deliver),
        3 => proptest::collection::vec(fault(), 0..4).prop_map(Step::Refresh),
        1 => Just(Step::Restart),
        1 => Just(Step::Restore),
    ]
}

struct Run {
    phone: Phone,
    sent: Vec<Vec<u8>>,
    counter: u64,
}

impl Run {
    async fn step(&mut self, step: Step) {
        let name = |id: u8| format!("conversation {id}");
        let relay = self.phone.relay.clone();
        match step {
            Step::Arrive(id, items) => relay.arrive(&name(id), items),
            Step::ReadElsewhere(id) => relay.read_elsewhere(&name(id)),
            Step::MarkElsewhere(id) => relay.mark_elsewhere(&name(id)),
            Step::ReadHere(id) => self.read_here(&name(id)),
            Step::MarkHere(id, marked) => {
                self.phone
                    .engine
                    .mark_unread(&alice(), &conversation(&name(id)), marked)
                    .unwrap();
            }
            Step::Send(share) => {
                self.counter += 1;
                let head = relay.0.lock().unwrap().head;
                self.sent
                    .push(relay.push(self.counter, head * u64::from(share) / 100));
            }
            Step::Deliver(which) if !self.sent.is_empty() => {
                let bytes = which.get(&self.sent).clone();
                // Without time for the network: what the push itself does is on trial here.
                let budget = std::time::Duration::from_secs(2);
                self.phone.engine.handle_push(bytes, budget).await;
            }
            Step::Deliver(_) => {}
            Step::Refresh(faults) => {
                self.phone.refresh_with_faults(&faults).await;
                relay.0.lock().unwrap().faults.clear();
            }
            Step::Restart => self.phone = self.phone.again(Process::App),
            Step::Restore => {
                let mut state = relay.0.lock().unwrap();
                state.epoch = format!("{}'", state.epoch.chars().take(40).collect::<String>());
            }
        }
    }

    fn read_here(&self, id: &str) {
        let id = conversation(id);
        let views = self.phone.engine.conversations(&alice()).unwrap();
        let Some(view) = views.into_iter().find(|view| view.state.id == id) else {
            return;
        };
        self.phone
            .engine
            .mark_read(&alice(), &id, view.state.newest, 0)
            .unwrap();
        let after = self.phone.engine.conversations(&alice()).unwrap();
        let shown = after.iter().find(|view| view.state.id == id);
        assert!(
            shown.is_none_or(|view| view.state.unread == 0),
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
    let sql = "SELECT id, version, unread, newest, read_up_to, marked_unread FROM rows";
    let mut statement = store.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| {
        let id: String = row.get(0)?;
        Ok(ConversationState {
            version: support::version(row.get(1)?),
            unread: row.get(2)?,
            newest: support::position(row.get(3)?),
            read_up_to: support::position(row.get(4)?),
            marked_unread: row.get(5)?,
            ..ConversationState::empty(conversation(&id))
        })
    });
    rows.unwrap().map(Result::unwrap).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn one_undisturbed_wake_makes_the_badge_true(steps in proptest::collection::vec(step(), 1..30)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut run = Run { phone: Phone::synced().await, sent: Vec::new(), counter: 0 };
            for step in steps {
                run.step(step).await;
                run.rows_totals_and_digest_belong_together();
            }
            let outcome = run.phone.refresh().await;
            assert_eq!(outcome.error, None);
            assert!(outcome.badge.unwrap().complete);
            let truth = u32::try_from(run.phone.relay.truth().unread).unwrap();
            assert_eq!(run.phone.icon(), Some(truth));
            assert_eq!(run.phone.engine.accounts().unwrap()[0].pending, 0);
        });
    }
}

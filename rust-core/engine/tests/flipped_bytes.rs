//! A store whose bytes storage has lost or changed, anywhere.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::fs;

use proptest::prelude::*;
use support::life::{Life, SCHEMA, kept};
use truebadge_engine::Process;

/// What happens to the file. Places are in millionths of its length.
#[derive(Debug, Clone)]
enum Harm {
    Flip(usize, u8),
    /// A page reads as zeros.
    Blank(usize),
    /// A page reads as another one.
    Stray(usize, usize),
    Cut(usize),
}

const PAGE: usize = 4096;

impl Harm {
    fn befall(&self, bytes: &mut Vec<u8>) {
        let length = bytes.len();
        let place = |millionths: usize| millionths * length / 1_000_000;
        let page = |millionths: usize| place(millionths) / PAGE * PAGE;
        match *self {
            _ if length < PAGE => {}
            Self::Flip(at, bits) => bytes[place(at)] ^= bits,
            Self::Blank(at) => {
                let end = length.min(page(at) + PAGE);
                bytes[page(at)..end].fill(0);
            }
            Self::Stray(from, to) => {
                let end = length
                    .min(page(from) + PAGE)
                    .min(page(from) + length - page(to));
                bytes.copy_within(page(from)..end, page(to));
            }
            Self::Cut(at) => bytes.truncate(place(at)),
        }
    }
}

fn harm() -> impl Strategy<Value = Harm> {
    let place = || 0..1_000_000_usize;
    prop_oneof![
        12 => (place(), 1..=255_u8).prop_map(|(at, bits)| Harm::Flip(at, bits)),
        // Where SQLite's own header and the first table are.
        4 => (0..2_000_usize, 1..=255_u8).prop_map(|(at, bits)| Harm::Flip(at, bits)),
        1 => place().prop_map(Harm::Blank),
        1 => (place(), place()).prop_map(|(from, to)| Harm::Stray(from, to)),
        1 => place().prop_map(Harm::Cut),
    ]
}

/// A phone whose store was harmed, beside which is the accounts' copy, and what the person had chosen.
async fn harmed(harms: &[Harm], by: Process) -> (Life, Vec<String>) {
    let life = Life::until(SCHEMA).await;
    life.phone.engine.resume();
    let chosen = choices(&life);
    life.phone.engine.suspend();
    let mut bytes = fs::read(kept(SCHEMA)).unwrap();
    for harm in harms {
        harm.befall(&mut bytes);
    }
    fs::write(life.phone.store(), bytes).unwrap();
    (life.opened_by(by), chosen)
}

/// What the person chose, which no relay knows: where harm changed it to something that could have
/// been chosen, nobody can tell.
fn choices(life: &Life) -> Vec<String> {
    let engine = &life.phone.engine;
    let accounts = engine.accounts().unwrap();
    let mut choices: Vec<_> = accounts
        .iter()
        .map(|one| {
            let (account, relay) = (one.account.as_str(), &one.relay);
            format!("{account} {relay} {} {}", one.participates, one.signed_out)
        })
        .collect();
    choices.push(format!("{:?}", engine.policy().unwrap()));
    choices
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(future)
}

/// Each case is a whole phone: fewer of them than proptest's default, unless asked for.
fn cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES");
    asked.map_or(32, |cases| cases.parse().unwrap())
}

#[test]
fn l2_an_index_of_the_accounts_that_is_lost_hides_none_of_them() {
    block_on(async {
        // The page of one index reads as that of another.
        let (life, _) = harmed(&[Harm::Stray(235_295, 176_471)], Process::App).await;

        let outcome = life.phone.refresh().await;

        assert_eq!(life.phone.icon(), Some(life.truth()), "{outcome:?}");
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn l2_whichever_bytes_are_lost_one_wake_of_the_app_ends_with_the_truth(
        harms in proptest::collection::vec(harm(), 1..12),
    ) {
        block_on(async {
            let (life, chosen) = harmed(&harms, Process::App).await;

            let outcome = life.phone.refresh().await;

            if choices(&life) == chosen {
                let truth = Some(life.truth());
                prop_assert_eq!(life.phone.icon(), truth, "{:?}", outcome);
            } else {
                prop_assert!(life.phone.engine.repair().is_ok());
            }
            Ok(())
        })?;
    }

    #[test]
    fn s8_whichever_bytes_are_lost_the_extension_deletes_nothing(
        harms in proptest::collection::vec(harm(), 1..12),
    ) {
        block_on(async {
            let (life, _) = harmed(&harms, Process::Extension).await;
            let before = life.phone.files();

            let outcome = life.phone.push(&life.home.push(1, 5)).await;

            let after = life.phone.files();
            prop_assert!(before.keys().eq(after.keys()), "{:?} to {:?}", before, after);
            let untouched = before == after || outcome.badge.is_some();
            prop_assert!(untouched, "{:?}", outcome);
            Ok(())
        })?;
    }
}

//! W2: 100,000 changes, from the JSON of a relay's pages.
//!
//! A relay sends each conversation once, in its newest state. So 100,000 changes that touched 1,000 conversations
//! travel as 1,000 rows; *coalesced* measures those, and *each in its own conversation* the 100,000 rows that
//! nothing can be left out of.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use truebadge_engine::{Cause, Process};

use super::{Place, name};
use crate::{
    measure::Contestant,
    phone::{Answer, Phone},
    raw::{Page, Raw},
    served::Served,
};

/// Conversations that the coalesced changes touch.
const COALESCED: usize = 1_000;
/// A catch-up takes as long as thousands of pushes.
const EVERY: usize = 8;

/// The contestants.
pub fn catch_up(place: &Place, changes: usize) -> Result<Vec<Contestant>> {
    let base = name("W2", "SQLite with serde_json", place);
    Ok(vec![
        contestant(base.clone(), None, raw(place, &base, changes, true)?),
        contestant(
            name("W2", "SQLite, rows given", place),
            Some(&base),
            raw(place, "w2-given", changes, false)?,
        ),
        contestant(
            name("W2", "engine", place),
            Some(&base),
            engine(place, "w2", changes, changes)?,
        ),
        contestant(
            name("W2 coalesced", "engine", place),
            None,
            engine(place, "w2-coalesced", COALESCED, changes)?,
        ),
    ])
}

fn contestant(
    name: String,
    base: Option<&str>,
    run: impl FnMut() -> Result<Duration> + 'static,
) -> Contestant {
    Contestant::new(name, base, [1, EVERY], run)
}

/// The whole refresh, with every request and everything that it writes; only the network is left out.
fn engine(
    place: &Place,
    directory: &str,
    conversations: usize,
    changes: usize,
) -> Result<impl FnMut() -> Result<Duration> + use<>> {
    let phone = Phone::new(&place.directory(directory)?, Process::App)?;
    let served = Served::new("ada", conversations)?;
    let mut served = phone.sign_in("ada", served, Cause::Foreground)?;
    Ok(move || {
        let since = served.head();
        for _ in 0..changes / conversations {
            served.read_in_each(conversations)?;
        }
        let pages = Answer::Ready(served.pages(since)?, served.registered()?);
        phone.answer("ada", pages);
        let begun = Instant::now();
        phone.refresh(Cause::Operation)?;
        let time = begun.elapsed();
        phone.must_show(served.badge())?;
        Ok(time)
    })
}

/// The same pages, one transaction for each; or their rows, given as they are.
fn raw(
    place: &Place,
    file: &str,
    changes: usize,
    from_json: bool,
) -> Result<impl FnMut() -> Result<Duration> + use<>> {
    let mut served = Served::new("ada", changes)?;
    let file = place.directory.join(format!("{file}.sqlite"));
    Raw::create(&file, &[])?;
    let raw = Raw::open(&file)?;
    Ok(move || {
        let since = served.head();
        served.read_in_each(changes)?;
        let pages = ordered(served.pages(since)?);
        let parsed: Result<Vec<Page<'_>>, _> = pages.iter().map(|page| Page::read(page)).collect();
        let parsed = parsed?;
        let begun = Instant::now();
        if from_json {
            for page in &pages {
                raw.put_page(page)?;
            }
        } else {
            for page in &parsed {
                raw.put_all(page.rows())?;
            }
        }
        let time = begun.elapsed();
        ensure!(!pages.is_empty(), "there were no pages");
        Ok(time)
    })
}

fn ordered(pages: HashMap<u64, Vec<u8>>) -> Vec<Vec<u8>> {
    let mut pages: Vec<_> = pages.into_iter().collect();
    pages.sort_unstable_by_key(|(since, _)| *since);
    pages.into_iter().map(|(_, page)| page).collect()
}

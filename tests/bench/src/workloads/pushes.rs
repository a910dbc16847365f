//! W1, W1d, W1o and W5: a push, from its bytes to the number on the icon.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use truebadge_engine::{Cause, Disposition, Process};

use super::{Place, name};
use crate::{
    measure::Contestant,
    phone::Phone,
    raw::{Raw, Row},
    served::Served,
};

/// Conversations of the account in all but W5.
const CONVERSATIONS: usize = 1_000;
/// Pushes in each round.
const TIMES: usize = 50;

/// Those with 1,000 conversations: the store open, a duplicate, and with open and close.
pub fn pushes(place: &Place) -> Result<Vec<Contestant>> {
    let base = name("W1", "SQLite", place);
    let opening = name("W1o", "SQLite", place);
    let duplicate = name("W1d", "engine", place);
    Ok(vec![
        contestant(base.clone(), None, raw(place, &base, CONVERSATIONS)?),
        contestant(
            name("W1", "engine", place),
            Some(&base),
            engine(place, "w1", CONVERSATIONS, Cause::Foreground)?,
        ),
        contestant(duplicate, Some(&base), duplicates(place)?),
        contestant(opening.clone(), None, raw_opening(place)?),
        contestant(
            name("W1o", "engine", place),
            Some(&opening),
            engine(place, "w1o", CONVERSATIONS, Cause::Launch)?,
        ),
    ])
}

/// W5: the same at several sizes of account.
pub fn sizes(place: &Place, sizes: &[usize]) -> Result<Vec<Contestant>> {
    let mut contestants: Vec<Contestant> = Vec::new();
    for size in sizes {
        let (base, who) = (
            name(&format!("W5 {size}"), "SQLite", place),
            name(&format!("W5 {size}"), "engine", place),
        );
        let runs = raw(place, &base, *size)?;
        contestants.push(contestant(base.clone(), None, runs));
        let runs = engine(place, &who, *size, Cause::Foreground)?;
        contestants.push(contestant(who, Some(&base), runs));
    }
    Ok(contestants)
}

fn contestant(
    name: String,
    base: Option<&str>,
    run: impl FnMut() -> Result<Duration> + 'static,
) -> Contestant {
    Contestant::new(name, base, [TIMES, 1], run)
}

/// The engine: after a launch in the background it opens and closes for each push, in the foreground it
/// stays open.
fn engine(
    place: &Place,
    directory: &str,
    conversations: usize,
    cause: Cause,
) -> Result<impl FnMut() -> Result<Duration> + use<>> {
    let phone = Phone::new(&place.directory(directory)?, Process::App)?;
    let mut served = phone.sign_in("ada", Served::new("ada", conversations)?, cause)?;
    Ok(move || {
        let changed = served.read_one()?;
        let push = served.push(changed)?;
        let begun = Instant::now();
        let receipt = phone.receive(&push)?;
        let time = begun.elapsed();
        ensure!(receipt.disposition == Disposition::Applied, "not applied");
        phone.must_show(served.badge())?;
        Ok(time)
    })
}

/// A push that came already.
fn duplicates(place: &Place) -> Result<impl FnMut() -> Result<Duration> + use<>> {
    let phone = Phone::new(&place.directory("w1d")?, Process::App)?;
    let served = Served::new("ada", CONVERSATIONS)?;
    let mut served = phone.sign_in("ada", served, Cause::Foreground)?;
    Ok(move || {
        let changed = served.read_one()?;
        let push = served.push(changed)?;
        phone.receive(&push)?;
        let begun = Instant::now();
        let receipt = phone.receive(&push)?;
        let time = begun.elapsed();
        ensure!(receipt.disposition == Disposition::Stale, "not a duplicate");
        phone.must_show(served.badge())?;
        Ok(time)
    })
}

fn raw(
    place: &Place,
    file: &str,
    conversations: usize,
) -> Result<impl FnMut() -> Result<Duration> + use<>> {
    let mut served = Served::new("ada", conversations)?;
    let raw = Raw::open(&created(place, file, &served)?)?;
    Ok(move || {
        let (changed, difference) = next(&mut served)?;
        let row = Row::of(&served.rows()[changed]);
        let begun = Instant::now();
        let total = raw.advance(row, difference)?;
        let time = begun.elapsed();
        ensure!(total == served.badge(), "SQLite has another total");
        Ok(time)
    })
}

fn raw_opening(place: &Place) -> Result<impl FnMut() -> Result<Duration> + use<>> {
    let mut served = Served::new("ada", CONVERSATIONS)?;
    let file = created(place, "raw-opening", &served)?;
    Ok(move || {
        let (changed, difference) = next(&mut served)?;
        let row = Row::of(&served.rows()[changed]);
        let begun = Instant::now();
        let raw = Raw::open(&file)?;
        let total = raw.advance(row, difference)?;
        drop(raw);
        let time = begun.elapsed();
        ensure!(total == served.badge(), "SQLite has another total");
        Ok(time)
    })
}

fn created(place: &Place, file: &str, served: &Served) -> Result<PathBuf> {
    let file = place.directory.join(format!("{file}.sqlite"));
    Raw::create(&file, served.rows())?;
    Ok(file)
}

/// The next change, and what it adds to the total.
fn next(served: &mut Served) -> Result<(usize, i64)> {
    let before = served.badge().cast_signed();
    let changed = served.read_one()?;
    Ok((changed, served.badge().cast_signed() - before))
}

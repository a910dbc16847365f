//! What this program does as another process, for the workloads that need one.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::Path,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use truebadge_engine::{Cause, EngineError, Process};

use crate::{
    count,
    phone::{Answer, Phone},
    raw::{Busy, Raw, Row},
    workloads::{memory, two},
};

/// Does what the words say, and prints what it found.
pub fn run(words: &[String]) -> Result<()> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["read", directory] => timed(|| Phone::new(directory.as_ref(), Process::App)?.badge()),
        ["read-raw", file] => timed(|| Raw::open_and_read(file.as_ref())),
        ["memory-pushes", directory] => memory_of_pushes(directory.as_ref()),
        ["memory-catch-up", directory] => memory_of_a_catch_up(directory.as_ref()),
        ["count", what, directory] => count::run(what, directory.as_ref()),
        ["write", directory, pushes, process] => write(directory, pushes, process),
        ["write-raw", file, id] => write_raw(file.as_ref(), id),
        _ => bail!("no such errand: {words:?}"),
    }
}

/// Prints nanoseconds.
fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<()> {
    let begun = Instant::now();
    let done = work()?;
    println!("{}", begun.elapsed().as_nanos());
    drop(done);
    Ok(())
}

/// Prints kilobytes: the whole process once the store is open, and what the pushes added.
fn memory_of_pushes(directory: &Path) -> Result<()> {
    let phone = Phone::new(&directory.join(memory::STORE), Process::App)?;
    phone.stay_open()?;
    let open = anonymous()?;
    for push in pushes(&directory.join(memory::PUSHES))? {
        phone.receive(&push?)?;
    }
    println!("{open} {}", anonymous()?.saturating_sub(open));
    Ok(())
}

/// Prints kilobytes: what a catch-up adds to the open store, at its highest.
fn memory_of_a_catch_up(directory: &Path) -> Result<()> {
    let phone = Phone::new(&directory.join(memory::STORE), Process::App)?;
    phone.badge()?;
    phone.answer("ada", Answer::Files(directory.join(memory::PAGES)));
    let open = anonymous()?;
    let (highest, over) = (AtomicU64::new(open), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                highest.fetch_max(anonymous().unwrap_or(0), Ordering::Relaxed);
                thread::sleep(Duration::from_millis(1));
            }
        });
        let result = phone.refresh(Cause::Foreground);
        over.store(true, Ordering::Relaxed);
        result
    })?;
    println!("{}", highest.into_inner() - open);
    Ok(())
}

/// Kilobytes of this process that are in memory and in no file.
fn anonymous() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let line = line.context("this system does not tell a process' anonymous memory")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// Pushes of a file, one on each line.
pub fn pushes(file: &Path) -> Result<impl Iterator<Item = std::io::Result<Vec<u8>>> + use<>> {
    Ok(BufReader::new(File::open(file)?).split(b'\n'))
}

/// Receives pushes while another process does the same. Prints the longest time of one in nanoseconds; one that
/// gave up counts as long as it waited.
fn write(directory: &str, file: &str, process: &str) -> Result<()> {
    let process = match process {
        "app" => Process::App,
        _ => Process::Extension,
    };
    let phone = Phone::new(directory.as_ref(), process)?;
    let pushes: Result<Vec<_>, _> = pushes(file.as_ref())?.collect();
    let pushes = pushes?;
    longest(pushes.iter().map(|push| {
        let received = phone.receive(push).map(drop);
        received.or_else(|error| match error.downcast_ref() {
            Some(EngineError::Busy) => Ok(()),
            _ => Err(error),
        })
    }))
}

/// The same for the base.
fn write_raw(file: &Path, id: &str) -> Result<()> {
    longest((1..=two::WRITES).map(|version| {
        let row = Row {
            id,
            version,
            unread: 1,
            mentions: 0,
            newest: 1,
            read_up_to: 0,
        };
        let written = Raw::open(file).and_then(|raw| raw.advance(row, 0).map(drop));
        written.or_else(|error| error.downcast_ref::<Busy>().map(|_| ()).ok_or(error))
    }))
}

fn longest(mut writes: impl Iterator<Item = Result<()>>) -> Result<()> {
    let mut longest = Duration::ZERO;
    two::meet()?;
    loop {
        let begun = Instant::now();
        let Some(written) = writes.next() else { break };
        longest = longest.max(begun.elapsed());
        written?;
        thread::sleep(two::PAUSE);
    }
    println!("{}", longest.as_nanos());
    Ok(())
}

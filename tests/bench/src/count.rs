//! What is counted under valgrind, in a process of its own: only what [`counted`] runs, or all of it for a catch-up,
//! which the engine does on a thread of its own.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use truebadge_engine::{Cause, Disposition, Process};
use truebadge_protocol::ConversationState;

use crate::{
    child::pushes,
    phone::{Answer, Phone},
    raw::{Raw, Row},
    served::Served,
    workloads::memory::{PAGES, PUSHES, STORE},
};

/// The base's file beside the store.
pub const RAW: &str = "raw.sqlite";
/// Conversations of the account.
pub const CONVERSATIONS: usize = 1_000;
/// Pushes that are counted.
pub const TIMES: usize = 200;

/// Instructions are counted while this runs. It has a name that valgrind can be told.
#[inline(never)]
fn counted(work: &mut dyn FnMut() -> Result<()>) -> Result<()> {
    work()
}

/// Does once what is counted.
pub fn run(what: &str, directory: &Path) -> Result<()> {
    let phone = || Phone::new(&directory.join(STORE), Process::App);
    match what {
        "push" | "wake" => receive(what, &phone()?, directory),
        "start" => counted(&mut || phone()?.badge().map(drop)),
        "catch-up" => {
            let phone = phone()?;
            phone.answer("ada", Answer::Files(directory.join(PAGES)));
            phone.refresh(Cause::Foreground)
        }
        "push-raw" | "wake-raw" => write(what, &directory.join(RAW)),
        "start-raw" => counted(&mut || Raw::open_and_read(&directory.join(RAW)).map(drop)),
        "catch-up-raw" => catch_up(directory),
        _ => bail!("nothing is called {what}"),
    }
}

fn receive(what: &str, phone: &Phone, directory: &Path) -> Result<()> {
    if what != "wake" {
        phone.stay_open()?;
    }
    for push in pushes(&directory.join(PUSHES))?.take(TIMES) {
        let push = push?;
        let mut found = None;
        counted(&mut || {
            found = Some(phone.receive(&push)?.disposition);
            Ok(())
        })?;
        ensure!(found == Some(Disposition::Applied), "a push was {found:?}");
    }
    Ok(())
}

fn write(what: &str, file: &Path) -> Result<()> {
    let mut served = Served::new("ada", CONVERSATIONS)?;
    let open = Raw::open(file)?;
    for _ in 0..TIMES {
        let changed = served.read_one()?;
        let row: &ConversationState = &served.rows()[changed];
        counted(&mut || {
            if what == "push-raw" {
                open.advance(Row::of(row), -1)?;
            } else {
                Raw::open(file)?.advance(Row::of(row), -1)?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn catch_up(directory: &Path) -> Result<()> {
    let raw = Raw::open(&directory.join(RAW))?;
    for page in std::fs::read_dir(directory.join(PAGES))? {
        let page = page?.path();
        if page.file_name().is_some_and(|name| name != "registered") {
            raw.put_page(&std::fs::read(page)?)?;
        }
    }
    Ok(())
}

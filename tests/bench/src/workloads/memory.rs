//! W7: anonymous resident memory, which is what iOS counts against an extension: after the store was opened,
//! what 5,000 pushes add to that, and what a catch-up adds at its highest.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
};

use anyhow::{Context, Result};
use serde::Serialize;
use truebadge_engine::{Cause, Process};

use super::{Place, start::child};
use crate::{phone::Phone, served::Served};

/// What lies in the directory that the other process is given.
pub const STORE: &str = "store";
/// Pushes, one on each line.
pub const PUSHES: &str = "pushes";
/// Pages by the version that each is asked for with, and the answer to a registration.
pub const PAGES: &str = "pages";

/// Pushes after which memory must not have grown.
const COUNT: usize = 5_000;
/// Conversations of the account, but for the catch-up's.
const CONVERSATIONS: usize = 1_000;

/// Kilobytes.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Memory {
    /// Of the whole process, when the store is open.
    pub open: u64,
    /// Added by 5,000 pushes.
    pub growth: u64,
    /// Added by a catch-up, at its highest.
    pub catch_up: u64,
}

/// Measures it, each in a process of its own.
pub fn memory(place: &Place, changes: usize, program: &Path) -> Result<Memory> {
    let after_pushes = place.directory("w7-pushes")?;
    prepare_pushes(&after_pushes, COUNT)?;
    let told = child(program, &["memory-pushes".as_ref(), after_pushes.as_ref()])?;
    let mut told = told.split_whitespace();
    let mut next = || told.next()?.parse().ok();
    let (open, growth) = next().zip(next()).context("no two numbers were told")?;
    let catching_up = place.directory("w7-catch-up")?;
    prepare_pages(&catching_up, changes)?;
    let told = child(program, &["memory-catch-up".as_ref(), catching_up.as_ref()])?;
    Ok(Memory {
        open,
        growth,
        catch_up: told.trim().parse()?,
    })
}

/// A store in which nothing happened since the first sync, and so many pushes for it.
pub fn prepare_pushes(directory: &Path, count: usize) -> Result<()> {
    let mut served = signed_in(directory, CONVERSATIONS)?;
    let mut file = BufWriter::new(File::create(directory.join(PUSHES))?);
    for _ in 0..count {
        let changed = served.read_one()?;
        file.write_all(&served.push(changed)?)?;
        file.write_all(b"\n")?;
    }
    Ok(file.flush()?)
}

/// A store that is behind by so many changes, each in a conversation of its own, and the pages that tell of them.
pub fn prepare_pages(directory: &Path, changes: usize) -> Result<()> {
    let mut served = signed_in(directory, changes)?;
    let since = served.head();
    served.read_in_each(changes)?;
    let pages = directory.join(PAGES);
    fs::create_dir(&pages)?;
    for (since, page) in served.pages(since)? {
        fs::write(pages.join(since.to_string()), page)?;
    }
    Ok(fs::write(pages.join("registered"), served.registered()?)?)
}

fn signed_in(directory: &Path, conversations: usize) -> Result<Served> {
    let store = directory.join(STORE);
    fs::create_dir(&store)?;
    let phone = Phone::new(&store, Process::App)?;
    phone.sign_in("ada", Served::new("ada", conversations)?, Cause::Launch)
}

//! W3: a new process opens the store and reads the number.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use truebadge_engine::{Cause, Process};

use super::{Place, name};
use crate::{measure::Contestant, phone::Phone, raw::Raw, served::Served};

const CONVERSATIONS: usize = 1_000;

/// The contestants. Warm: the file is in the system's cache, the process has just begun.
pub fn start(place: &Place, program: &Path) -> Result<Vec<Contestant>> {
    let served = Served::new("ada", CONVERSATIONS)?;
    let file = place.directory.join("w3.sqlite");
    Raw::create(&file, served.rows())?;
    let directory = place.directory("w3")?;
    let phone = Phone::new(&directory, Process::App)?;
    phone.sign_in("ada", served, Cause::Launch)?;
    let base = name("W3", "SQLite", place);
    let engine = name("W3", "engine", place);
    Ok(vec![
        contestant(base.clone(), None, program, "read-raw", file),
        contestant(engine, Some(&base), program, "read", directory),
    ])
}

fn contestant(
    name: String,
    base: Option<&str>,
    program: &Path,
    what: &'static str,
    store: PathBuf,
) -> Contestant {
    let program = program.to_owned();
    Contestant::new(name, base, [3, 1], move || {
        let told = child(&program, &[what.as_ref(), store.as_ref()])?;
        Ok(Duration::from_nanos(told.trim().parse()?))
    })
}

/// Runs this program as another process, and gives what it printed.
pub fn child(program: &Path, arguments: &[&Path]) -> Result<String> {
    let output = Command::new(program)
        .arg("child")
        .args(arguments)
        .output()
        .context("the other process did not begin")?;
    ensure!(
        output.status.success(),
        "the other process failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

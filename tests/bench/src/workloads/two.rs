//! W4: the app and its extension receive pushes at the same time, for an account each. What counts is the longest
//! that one of them waits, its own work included.

use std::{
    fs::File,
    io::{BufWriter, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use truebadge_engine::{Cause, Process};

use super::{Place, name};
use crate::{measure::Contestant, phone::Phone, raw::Raw, served::Served};

/// Writes of each process.
pub const WRITES: u64 = 200;
/// Conversations of each account.
const CONVERSATIONS: usize = 200;
/// The writes of two processes take as long as thousands of pushes.
const EVERY: usize = 5;
/// Between two of them: pushes come no faster.
pub const PAUSE: Duration = Duration::from_millis(1);

/// Tells the parent that this process is ready, and waits until both are.
pub fn meet() -> Result<()> {
    println!("ready");
    let mut go = [0];
    Ok(std::io::stdin().read_exact(&mut go)?)
}

/// The contestants.
pub fn two(place: &Place, program: &Path) -> Result<Vec<Contestant>> {
    let base = name("W4", "SQLite", place);
    Ok(vec![
        contestant(base.clone(), None, raw(place, program)?),
        contestant(
            name("W4", "engine", place),
            Some(&base),
            engine(place, program)?,
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

fn raw(place: &Place, program: &Path) -> Result<impl FnMut() -> Result<Duration> + use<>> {
    let file = place.directory.join("w4.sqlite");
    let served = Served::new("ada", CONVERSATIONS)?;
    Raw::create(&file, served.rows())?;
    let program = program.to_owned();
    Ok(move || {
        let write = |row: usize| {
            let id = served.rows()[row].id.as_str();
            begin(
                &program,
                &["write-raw".as_ref(), file.as_ref(), id.as_ref()],
            )
        };
        longest([write(0)?, write(1)?])
    })
}

fn engine(place: &Place, program: &Path) -> Result<impl FnMut() -> Result<Duration> + use<>> {
    let directory = place.directory("w4")?;
    let phone = Phone::new(&directory, Process::App)?;
    let mut accounts = Vec::new();
    for (name, process) in [("ada", "app"), ("bob", "extension")] {
        let served = phone.sign_in(name, Served::new(name, CONVERSATIONS)?, Cause::Launch)?;
        accounts.push((served, directory.join(name), process));
    }
    drop(phone);
    let program = program.to_owned();
    Ok(move || {
        let mut children = Vec::new();
        for (served, file, process) in &mut accounts {
            write_pushes(served, file)?;
            let words: [&Path; 4] = [
                "write".as_ref(),
                directory.as_ref(),
                file.as_ref(),
                process.as_ref(),
            ];
            children.push(begin(&program, &words)?);
        }
        let children = <[Child; 2]>::try_from(children)
            .ok()
            .context("two accounts")?;
        longest(children)
    })
}

fn write_pushes(served: &mut Served, file: &PathBuf) -> Result<()> {
    let mut file = BufWriter::new(File::create(file)?);
    for _ in 0..WRITES {
        let changed = served.read_one()?;
        file.write_all(&served.push(changed)?)?;
        file.write_all(b"\n")?;
    }
    Ok(file.flush()?)
}

fn begin(program: &Path, words: &[&Path]) -> Result<Child> {
    let mut command = Command::new(program);
    command.arg("child").args(words);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command.spawn().context("the other process did not begin")
}

/// Lets both go on once both are ready, and gives the longest wait of the two.
fn longest(mut children: [Child; 2]) -> Result<Duration> {
    for child in &mut children {
        let mut ready = [0; 6];
        child
            .stdout
            .as_mut()
            .context("piped")?
            .read_exact(&mut ready)?;
    }
    for child in &mut children {
        child.stdin.as_mut().context("piped")?.write_all(b"!")?;
    }
    let mut longest = Duration::ZERO;
    for child in children {
        let output = child.wait_with_output()?;
        ensure!(output.status.success(), "the other process failed");
        let told = String::from_utf8(output.stdout)?;
        longest = longest.max(Duration::from_nanos(told.trim().parse()?));
    }
    Ok(longest)
}

//! The app's icon as a file. Each number that is set is appended by one write, so the order of the
//! lines is the order in which the processes set them, and the last line is what the icon shows.

use std::{
    fs::File,
    io::{self, Write as _},
    path::Path,
};

/// A number that was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Set {
    /// By which process.
    pub pid: u32,
    /// The process' own count of numbers that it set.
    pub sequence: u64,
    /// The order that it was carrying out, counted from 1.
    pub order: u64,
    /// The number.
    pub badge: u32,
}

/// Appends.
pub fn append(mut file: &File, set: Set) -> io::Result<()> {
    let Set {
        pid,
        sequence,
        order,
        badge,
    } = set;
    file.write_all(format!("{pid} {sequence} {order} {badge}\n").as_bytes())
}

/// Opens for appending.
pub fn open(path: &Path) -> io::Result<File> {
    File::options().create(true).append(true).open(path)
}

/// Every number that was set, oldest first.
pub fn read(path: &Path) -> Vec<Set> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().map(set).collect()
}

fn set(line: &str) -> Set {
    let mut numbers = line.split(' ').map(|word| word.parse::<u64>().unwrap());
    let mut next = || numbers.next().unwrap();
    Set {
        pid: next().try_into().unwrap(),
        sequence: next(),
        order: next(),
        badge: next().try_into().unwrap(),
    }
}

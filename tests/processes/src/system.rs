//! What Linux says of a process.

use std::{collections::BTreeSet, fs, os::unix::fs::MetadataExt as _, path::Path};

/// The files in `folder` on which a process holds a lock, by the system's own table. A file that
/// was deleted is no longer in the folder, but then nobody can wait for it either.
pub fn locked(pid: u32, folder: &Path) -> BTreeSet<String> {
    // `3: POSIX  ADVISORY  READ 5433 08:01:131090 128 128`: the fifth is the process, the sixth the
    // device and inode. A line with `->` is somebody who waits.
    let table = fs::read_to_string("/proc/locks").unwrap();
    let pid = pid.to_string();
    let inodes: BTreeSet<&str> = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|words| words.get(4) == Some(&pid.as_str()))
        .filter_map(|words| words.get(5).copied())
        .collect();
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .filter(|entry| inodes.contains(name_of(&entry.metadata().unwrap()).as_str()))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// `major:minor:inode`, as the table writes it.
fn name_of(file: &fs::Metadata) -> String {
    let (device, inode) = (file.dev(), file.ino());
    let major = (device >> 8) & 0xfff;
    let minor = (device & 0xff) | ((device >> 12) & 0xfff00);
    format!("{major:02x}:{minor:02x}:{inode}")
}

/// The files in `folder` that a process has open.
pub fn open(pid: u32, folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    entries
        .filter_map(|entry| fs::read_link(entry.unwrap().path()).ok())
        .filter_map(|path| Some(path.strip_prefix(folder).ok()?.display().to_string()))
        .collect()
}

/// A field of `/proc/<pid>/status` in KiB: `VmHWM` is the most memory that the process had in RAM at
/// a time, `RssFile` is what it has now of files that are mapped, its program's first of all.
pub fn memory(pid: u32, field: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

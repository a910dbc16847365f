//! Which network a phone has, over the week.

use simphone::{Path, Time};

/// From each moment on, this network.
#[derive(Clone, Debug)]
pub(super) struct Network(Vec<(Time, Path)>);

impl Network {
    /// Wi-Fi, all the time.
    pub(super) fn new() -> Self {
        Self(vec![(Time::ZERO, Path::Wifi)])
    }

    /// What there is at a moment.
    pub(super) fn at(&self, time: Time) -> Path {
        let after = self.0.partition_point(|(from, _)| *from <= time);
        after
            .checked_sub(1)
            .map_or(Path::Wifi, |last| self.0[last].1)
    }

    /// Another one for a while; then what would have been there without.
    pub(super) fn between(&mut self, from: Time, until: Time, path: Path) {
        let afterwards = self.at(until);
        self.0.retain(|(time, _)| *time < from || *time > until);
        self.0.push((from, path));
        self.0.push((until, afterwards));
        self.0.sort_by_key(|(time, _)| *time);
    }

    /// The moments at which it changes.
    pub(super) fn changes(&self) -> impl Iterator<Item = (Time, Path)> {
        let before = std::iter::once(Path::Wifi).chain(self.0.iter().map(|(_, path)| *path));
        let changes = before
            .zip(&self.0)
            .filter(|(before, (_, path))| before != path);
        changes.map(|(_, change)| *change)
    }
}

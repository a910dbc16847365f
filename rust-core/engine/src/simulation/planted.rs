//! Which bug the calling thread has, and what bugs are called.

use std::{cell::Cell, fmt, str::FromStr};

use super::Bug;

thread_local! {
    static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
}

/// From now on the engine has this bug on this thread; none when there is none.
pub fn plant(bug: Option<Bug>) {
    PLANTED.set(bug);
}

/// Whether the engine has this bug.
pub(crate) fn is(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}

/// Its name in kebab-case, as on a command line.
impl fmt::Display for Bug {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut kebab = String::new();
        for letter in self.name().chars() {
            if letter.is_uppercase() && !kebab.is_empty() {
                kebab.push('-');
            }
            kebab.push(letter.to_ascii_lowercase());
        }
        formatter.pad(&kebab)
    }
}

/// There is no such bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such bug")]
pub struct UnknownBug;

impl FromStr for Bug {
    type Err = UnknownBug;

    fn from_str(name: &str) -> Result<Self, UnknownBug> {
        let named = |bug: &&Self| bug.to_string() == name;
        Self::ALL.iter().find(named).copied().ok_or(UnknownBug)
    }
}

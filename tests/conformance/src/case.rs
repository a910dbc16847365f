//! What a case is, and how one ends.

use std::{fmt, future::Future, pin::Pin};

use crate::scene::Scene;

/// How a case, or a step of it, ends.
pub type Verdict<T = ()> = Result<T, Stop>;

/// Why a case does not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The relay did something else than the protocol says.
    Failed {
        /// What the protocol asks for.
        expected: String,
        /// What the relay did.
        seen: String,
        /// The request and the answer that show it, if it is not simply the last one.
        exchange: Option<String>,
    },
    /// It could not be tried here; the sentence says what it would take.
    NotRun(String),
}

impl Stop {
    /// The relay did something else.
    pub fn failed(expected: impl Into<String>, seen: impl Into<String>) -> Self {
        Self::Failed {
            expected: expected.into(),
            seen: seen.into(),
            exchange: None,
        }
    }
}

/// Fails unless this holds; says what was seen.
pub fn ensure(holds: bool, expected: impl Into<String>, seen: impl fmt::Display) -> Verdict {
    if holds {
        Ok(())
    } else {
        Err(Stop::failed(expected, seen.to_string()))
    }
}

/// Fails unless both are the same; `what` names what is compared.
#[allow(clippy::needless_pass_by_value)] // so that a call reads as a sentence
pub fn same<T: PartialEq + fmt::Debug>(what: &str, expected: T, seen: T) -> Verdict {
    if expected == seen {
        Ok(())
    } else {
        let (expected, seen) = (format!("{expected:?}"), format!("{seen:?}"));
        Err(Stop::failed(
            format!("{what}: {expected}"),
            format!("{what}: {seen}"),
        ))
    }
}

/// What a case does.
pub type Body = for<'s> fn(&'s Scene) -> Pin<Box<dyn Future<Output = Verdict> + Send + 's>>;

/// One thing that the protocol says, and how to see whether a relay keeps it.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// Its stable name: `group.what-holds`.
    pub id: &'static str,
    /// What holds, in one sentence.
    pub sentence: &'static str,
    /// The section of `docs/PROTOCOL.md` that says so.
    pub section: &'static str,
    /// What it does.
    pub body: Body,
}

/// A group's cases: the section, then `function, "id", "sentence";` for each.
macro_rules! cases {
    ($section:literal; $($function:ident, $id:literal, $sentence:literal;)+) => {
        /// The cases of this group.
        pub fn all() -> Vec<$crate::case::Case> {
            vec![$($crate::case::Case {
                id: $id,
                sentence: $sentence,
                section: $section,
                body: |scene| Box::pin($function(scene)),
            }),+]
        }
    };
}
pub(crate) use cases;

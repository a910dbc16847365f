//! Names and numbers. Names are bounded and print as a short fingerprint, so that one that reaches
//! a log tells nobody what it is; numbers stay below 2^53.

use std::fmt;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::limits::{ID_BYTES, NUMBER, SHORT_ID_BYTES};

/// Why a name or a number was refused. It does not repeat the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text is empty.
    #[error("it must not be empty")]
    Empty,
    /// The text is longer than its bound.
    #[error("it must be at most {0} bytes long")]
    TooLong(usize),
    /// The text has control characters.
    #[error("it must not contain control characters")]
    Control,
    /// The number is 2^53 or more.
    #[error("it must be below 2^53")]
    TooLarge,
}

/// What [`checked`] says of control characters (Unicode's category Cc), for the schema.
#[cfg(feature = "schema")]
const NO_CONTROLS: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident, $bound:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(try_from = "String", into = "String")]
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        #[cfg_attr(
            feature = "schema",
            schemars(extend("minLength" = 1, "maxLength" = $bound, "pattern" = NO_CONTROLS))
        )]
        pub struct $name(String);

        impl $name {
            /// Checks the bound of this name: not empty, no control characters, not too long.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                checked(text.into(), $bound).map(Self)
            }

            /// The name itself. Not for logs: print the value with `{:?}` there.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                let fingerprint = xxh3_64(self.0.as_bytes()) & 0xff_ffff;
                write!(formatter, concat!(stringify!($name), "(#{:06x})"), fingerprint)
            }
        }
    )*};
}

names! {
    /// An identity on a relay.
    AccountId, ID_BYTES;
    /// What is read as one: a chat, a mailbox, a thread, a channel.
    ConversationId, ID_BYTES;
    /// A phone: random, kept on it, the same for all of its accounts on a relay.
    DeviceId, ID_BYTES;
    /// A random name for a device's account; in a push it says nothing to others.
    Route, SHORT_ID_BYTES;
    /// A random name for one unbroken history; a restored server starts a new one.
    Epoch, SHORT_ID_BYTES;
    /// A random name for an operation.
    OperationId, SHORT_ID_BYTES;
}

fn checked(text: String, bound: usize) -> Result<String, IdError> {
    if text.is_empty() {
        Err(IdError::Empty)
    } else if text.len() > bound {
        Err(IdError::TooLong(bound))
    } else if text.chars().any(char::is_control) {
        Err(IdError::Control)
    } else {
        Ok(text)
    }
}

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(try_from = "u64", into = "u64")]
        #[cfg_attr(feature = "schema", schemars(with = "u64"))]
        #[cfg_attr(feature = "schema", schemars(extend("maximum" = NUMBER - 1)))]
        pub struct $name(u64);

        impl $name {
            /// Before everything.
            pub const ZERO: Self = Self(0);

            /// Checks that the number is below 2^53.
            pub const fn new(number: u64) -> Result<Self, IdError> {
                if number < NUMBER { Ok(Self(number)) } else { Err(IdError::TooLarge) }
            }

            /// The number.
            pub const fn get(self) -> u64 {
                self.0
            }

            /// The one after this; the largest stays where it is.
            #[must_use]
            pub const fn next(self) -> Self {
                if self.0 + 1 < NUMBER { Self(self.0 + 1) } else { self }
            }
        }

        impl TryFrom<u64> for $name {
            type Error = IdError;
            fn try_from(number: u64) -> Result<Self, IdError> {
                Self::new(number)
            }
        }

        impl From<$name> for u64 {
            fn from(number: $name) -> u64 {
                number.0
            }
        }
    )*};
}

numbers! {
    /// An account's commit number: every change to a conversation takes the next one.
    Version;
    /// Orders the items of one conversation; larger is newer.
    Position;
}

//! The order-free hash by which a mirror is compared with its server.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use xxhash_rust::xxh3::xxh3_64;

use crate::ConversationState;

/// The wrapping sum of the hashes of all active rows. Zero for an empty set.
///
/// Both ends keep it incrementally: [`Digest::replacing`] takes a row's old hash out and its new
/// one in. On the wire it is 16 lower-case hexadecimal digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(with = "String", extend("pattern" = "^[0-9a-f]{16}$"))
)]
pub struct Digest(u64);

impl Digest {
    /// The digest of no rows.
    pub const EMPTY: Self = Self(0);

    /// The digest with this sum, as a store keeps it.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The sum itself.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// One row's part: the XXH3 64-bit hash, seed 0, of its canonical bytes. Zero for a row that is
    /// not active.
    pub fn of_row(state: &ConversationState) -> Self {
        if state.is_active() {
            Self(xxh3_64(&canonical(state)))
        } else {
            Self::EMPTY
        }
    }

    /// Recounts a set of rows.
    pub fn of<'a>(states: impl IntoIterator<Item = &'a ConversationState>) -> Self {
        states.into_iter().fold(Self::EMPTY, |sum, row| {
            sum.replacing(Self::EMPTY, Self::of_row(row))
        })
    }

    /// This digest with `old` taken out and `new` put in.
    #[must_use]
    pub const fn replacing(self, old: Self, new: Self) -> Self {
        Self(self.0.wrapping_sub(old.0).wrapping_add(new.0))
    }
}

/// Id length (u16), id (UTF-8), version (u64), unread (u32), mentions (u32), newest (u64),
/// `read_up_to` (u64), level (u8), marked unread (u8); all little-endian.
fn canonical(state: &ConversationState) -> Vec<u8> {
    let id = state.id.as_str().as_bytes();
    // An id is at most 255 bytes long (`limits::ID_BYTES`).
    let length = u16::try_from(id.len()).unwrap_or(u16::MAX);
    let mut bytes = Vec::with_capacity(2 + id.len() + 8 + 4 + 4 + 8 + 8 + 1 + 1);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(id);
    bytes.extend_from_slice(&state.version.get().to_le_bytes());
    bytes.extend_from_slice(&state.unread.to_le_bytes());
    bytes.extend_from_slice(&state.mentions.to_le_bytes());
    bytes.extend_from_slice(&state.newest.get().to_le_bytes());
    bytes.extend_from_slice(&state.read_up_to.get().to_le_bytes());
    bytes.push(state.level.code());
    bytes.push(u8::from(state.marked_unread));
    bytes
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Digest({self})")
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let hexadecimal = text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
        hexadecimal
            .then(|| u64::from_str_radix(&text, 16).ok())
            .flatten()
            .map(Self)
            .ok_or_else(|| D::Error::custom("a digest is 16 hexadecimal digits"))
    }
}

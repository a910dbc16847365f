//! The push: what APNs carries, read from untrusted bytes and written within 4,096 of them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    ConversationId, ConversationState, Epoch, Level, Position, Route, Totals, Version, bounded,
    limits::{NUMBER, PAYLOAD_BYTES, PAYLOAD_DEPTH, PUSH_ROWS},
};

const MARKED_UNREAD: u8 = 4;
const REMOVED: u8 = 8;

/// The `tb` part of a payload.
///
/// Pushes are cumulative: `base` is the cursor that the device last confirmed, so whichever push
/// arrives repairs all those lost before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushPayload {
    /// `r`: which of the device's accounts this is for.
    pub route: Route,
    /// `e`: the history that the versions belong to.
    pub epoch: Epoch,
    /// `i`: this device's push counter, one more with each push sent.
    pub counter: u64,
    /// `p`: `rows` holds every row that changed above this version.
    pub base: Version,
    /// `v`: the version at which `totals` are true.
    pub version: Version,
    /// `n`: the account's totals at `version`.
    pub totals: Totals,
    /// `k`: the highest operation of this device that is in them.
    pub acknowledged: u64,
    /// `c`: the rows, each in its newest state; without them the phone must sync.
    pub rows: Option<Vec<ConversationState>>,
    /// `a`: the item that an alert push is about, so that its notification can be removed once it
    /// is read.
    pub item: Option<(ConversationId, Position)>,
}

/// Why bytes are not a TrueBadge payload. Repeats nothing of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// Longer than APNs carries.
    #[error("the payload is {0} bytes long, more than APNs carries")]
    TooLarge(usize),
    /// Not JSON, or JSON of another shape, or nested deeper than 64 levels. The number says where
    /// reading stopped.
    #[error("the payload is not TrueBadge JSON (at byte {0})")]
    NotUnderstood(usize),
    /// JSON without a `tb` part: somebody else's push.
    #[error("the payload has no TrueBadge part")]
    NotOurs,
    /// A number or flag that no sender of this version writes.
    #[error("the payload's {0} is out of range")]
    OutOfRange(&'static str),
}

/// Why a payload could not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// Even without rows it is longer than APNs carries: the alert's text must be shorter.
    #[error("the payload would be {0} bytes long, more than the 4,096 that APNs carries")]
    TooLarge(usize),
}

/// The whole payload; what is not ours in it is ignored.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "PushPayload"))]
pub(crate) struct Envelope {
    #[serde(default, deserialize_with = "optional_part")]
    tb: Option<Short>,
}

/// `TrueBadge`'s part of a payload.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "PushPart"))]
struct Short {
    /// Which of the device's accounts this is for.
    r: Route,
    /// The history that the versions belong to.
    e: Epoch,
    /// This device's push counter, one more with each push sent.
    #[cfg_attr(feature = "schema", schemars(range(max = NUMBER - 1)))]
    i: u64,
    /// `c` holds every row that changed above this version.
    p: Version,
    /// The version at which `n` is true; not below `p`.
    v: Version,
    /// The account's totals at `v`: unread, mentions, conversations.
    n: (u64, u64, u64),
    /// The highest operation of this device that is in them.
    #[cfg_attr(feature = "schema", schemars(range(max = NUMBER - 1)))]
    k: u64,
    /// The rows, each in its newest state; without them the phone must sync.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "optional_rows"
    )]
    #[cfg_attr(feature = "schema", schemars(length(max = PUSH_ROWS)))]
    c: Option<Vec<Row>>,
    /// The conversation and position of the item that an alert push is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    a: Option<(ConversationId, Position)>,
}

/// Id, version, unread, mentions, newest, read marker, flags. Flags: level (0 all, 1 mentions,
/// 2 none) + 4 if marked unread + 8 if removed.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "PushRow"))]
struct Row(ConversationId, Version, u32, u32, Position, Position, u8);

fn optional_part<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Short>, D::Error> {
    #[derive(Deserialize)]
    struct Part(#[serde(deserialize_with = "bounded::object")] Short);
    Ok(Option::<Part>::deserialize(deserializer)?.map(|part| part.0))
}

fn optional_rows<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Row>>, D::Error> {
    #[derive(Deserialize)]
    struct Rows(#[serde(deserialize_with = "bounded::list::<_, _, PUSH_ROWS>")] Vec<Row>);
    Ok(Option::<Rows>::deserialize(deserializer)?.map(|rows| rows.0))
}

/// Where nesting exceeds its bound, if it does. Fields that nobody knows are skipped unread, so
/// this is the only place that sees how deep they are.
fn too_deep(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    bytes.iter().position(|byte| {
        match (in_text, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_text = !in_text,
            (false, b'[' | b'{') => depth += 1,
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > PAYLOAD_DEPTH
    })
}

fn read(bytes: &[u8]) -> Result<Envelope, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let envelope = bounded::object(&mut deserializer)?;
    deserializer.end()?;
    Ok(envelope)
}

/// The byte at which reading stopped, from the line and column that serde_json counts from 1.
fn offset(bytes: &[u8], error: &serde_json::Error) -> usize {
    let lines_before = error.line().saturating_sub(1);
    let before: usize = bytes
        .split_inclusive(|byte| *byte == b'\n')
        .take(lines_before)
        .map(<[u8]>::len)
        .sum();
    before + error.column()
}

impl PushPayload {
    /// Reads a payload as APNs delivered it. Never panics; what it allocates is bounded by the
    /// payload's 4,096 bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, PayloadError> {
        if bytes.len() > PAYLOAD_BYTES {
            return Err(PayloadError::TooLarge(bytes.len()));
        }
        if let Some(at) = too_deep(bytes) {
            return Err(PayloadError::NotUnderstood(at));
        }
        let envelope =
            read(bytes).map_err(|error| PayloadError::NotUnderstood(offset(bytes, &error)))?;
        envelope.tb.ok_or(PayloadError::NotOurs)?.into_payload()
    }

    /// Writes the whole payload: `aps` and the `tb` part. Rows that do not fit are left out, so
    /// that the phone knows it must sync.
    pub fn compose(&self, aps: &Aps) -> Result<Vec<u8>, ComposeError> {
        let mut whole = Composed {
            aps,
            tb: Short::of(self),
        };
        let mut bytes = encode(&whole);
        if bytes.len() > PAYLOAD_BYTES && whole.tb.c.take().is_some() {
            bytes = encode(&whole);
        }
        if bytes.len() > PAYLOAD_BYTES {
            Err(ComposeError::TooLarge(bytes.len()))
        } else {
            Ok(bytes)
        }
    }
}

/// The part of a payload that iOS itself reads (Apple, "Generating a remote notification").
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Aps {
    /// What the notification shows; without it nothing is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert: Option<AlertText>,
    /// The number that iOS paints by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub badge: Option<u32>,
    /// The sound's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sound: Option<String>,
    /// Groups notifications: the conversation's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread_id: Option<String>,
    /// Asks iOS to start the app.
    #[serde(serialize_with = "as_one", skip_serializing_if = "std::ops::Not::not")]
    pub content_available: bool,
    /// Asks iOS to start the notification service extension.
    #[serde(serialize_with = "as_one", skip_serializing_if = "std::ops::Not::not")]
    pub mutable_content: bool,
}

/// An alert's words.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct AlertText {
    /// First line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Second line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subtitle: Option<String>,
    /// The text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

impl fmt::Debug for Aps {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Aps")
            .field("alert", &self.alert)
            .field("badge", &self.badge)
            .field("sound", &self.sound.is_some())
            .field("thread_id", &self.thread_id.as_ref().map(|_| "redacted"))
            .field("content_available", &self.content_available)
            .field("mutable_content", &self.mutable_content)
            .finish()
    }
}

impl fmt::Debug for AlertText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AlertText(redacted)")
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature is serde's"
)]
fn as_one<S: serde::Serializer>(_: &bool, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(1)
}

#[derive(Serialize)]
struct Composed<'a> {
    aps: &'a Aps,
    tb: Short,
}

fn encode(whole: &Composed<'_>) -> Vec<u8> {
    serde_json::to_vec(whole).expect("plain structs with string keys always become JSON")
}

impl Short {
    fn of(payload: &PushPayload) -> Self {
        let totals = payload.totals;
        Self {
            r: payload.route.clone(),
            e: payload.epoch.clone(),
            i: payload.counter,
            p: payload.base,
            v: payload.version,
            n: (totals.unread, totals.mentions, totals.conversations),
            k: payload.acknowledged,
            c: payload
                .rows
                .as_ref()
                .map(|rows| rows.iter().map(Row::of).collect()),
            a: payload.item.clone(),
        }
    }

    fn into_payload(self) -> Result<PushPayload, PayloadError> {
        let (unread, mentions, conversations) = self.n;
        let numbers = [
            ("i", self.i),
            ("k", self.k),
            ("n[0]", unread),
            ("n[1]", mentions),
            ("n[2]", conversations),
        ];
        if let Some((name, _)) = numbers.iter().find(|(_, number)| *number >= NUMBER) {
            return Err(PayloadError::OutOfRange(name));
        }
        if self.p > self.v {
            return Err(PayloadError::OutOfRange("p"));
        }
        let (rows, version) = (self.c, self.v);
        let rows = rows
            .map(|rows| {
                rows.into_iter()
                    .map(|row| row.into_state(version))
                    .collect()
            })
            .map(|rows: Option<Vec<_>>| rows.ok_or(PayloadError::OutOfRange("c")))
            .transpose()?;
        Ok(PushPayload {
            route: self.r,
            epoch: self.e,
            counter: self.i,
            base: self.p,
            version: self.v,
            totals: Totals {
                unread,
                mentions,
                conversations,
            },
            acknowledged: self.k,
            rows,
            item: self.a,
        })
    }
}

impl Row {
    fn of(state: &ConversationState) -> Self {
        let marked = if state.marked_unread {
            MARKED_UNREAD
        } else {
            0
        };
        let removed = if state.removed { REMOVED } else { 0 };
        Self(
            state.id.clone(),
            state.version,
            state.unread,
            state.mentions,
            state.newest,
            state.read_up_to,
            state.level.code() | marked | removed,
        )
    }

    /// The state that it stands for; none when it has unknown flags or is newer than its push.
    fn into_state(self, newest_version: Version) -> Option<ConversationState> {
        let Self(id, version, unread, mentions, newest, read_up_to, flags) = self;
        if flags & !(3 | MARKED_UNREAD | REMOVED) != 0 || version > newest_version {
            return None;
        }
        Some(ConversationState {
            id,
            version,
            unread,
            mentions,
            newest,
            read_up_to,
            level: Level::from_code(flags & 3)?,
            marked_unread: flags & MARKED_UNREAD != 0,
            removed: flags & REMOVED != 0,
        })
    }
}

//! The short form that travels: one letter a field, one list a row.

use serde::{Deserialize, Deserializer, Serialize};

use super::{PayloadError, PushPayload};
use crate::{
    ConversationId, ConversationState, Epoch, Level, Position, Route, Totals, Version, bounded,
    limits::{NUMBER, PAYLOAD_DEPTH, PUSH_ROWS},
};

const MARKED_UNREAD: u8 = 4;
const REMOVED: u8 = 8;

/// The whole payload; what is not ours in it is ignored.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "PushPayload"))]
pub(crate) struct Envelope {
    #[serde(default, deserialize_with = "optional_part")]
    pub(super) tb: Option<Short>,
}

/// What a payload says to TrueBadge.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "PushPart"))]
pub(super) struct Short {
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
    pub(super) c: Option<Vec<Row>>,
    /// The conversation and position of the item that an alert push is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    a: Option<(ConversationId, Position)>,
    /// The relay sends it again until it hears that it came: the phone is to sync after it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    s: bool,
}

/// Id, version, unread, mentions, newest, read marker, flags. Flags: level (0 all, 1 mentions,
/// 2 none) + 4 if marked unread + 8 if removed.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "PushRow"))]
pub(super) struct Row(
    ConversationId,
    Version,
    #[cfg_attr(feature = "schema", schemars(range(max = u32::MAX)))] u32,
    #[cfg_attr(feature = "schema", schemars(range(max = u32::MAX)))] u32,
    Position,
    Position,
    #[cfg_attr(feature = "schema", schemars(range(max = 14)))] u8,
);

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
pub(super) fn too_deep(bytes: &[u8]) -> Option<usize> {
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

pub(super) fn read(bytes: &[u8]) -> Result<Envelope, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let envelope = bounded::object(&mut deserializer)?;
    deserializer.end()?;
    Ok(envelope)
}

/// The byte at which reading stopped, from the line and column that serde_json counts from 1.
pub(super) fn offset(bytes: &[u8], error: &serde_json::Error) -> usize {
    let lines_before = error.line().saturating_sub(1);
    let before: usize = bytes
        .split_inclusive(|byte| *byte == b'\n')
        .take(lines_before)
        .map(<[u8]>::len)
        .sum();
    before + error.column()
}

impl Short {
    pub(super) fn of(payload: &PushPayload) -> Self {
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
            s: payload.sync_wanted,
        }
    }

    pub(super) fn into_payload(self) -> Result<PushPayload, PayloadError> {
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
            sync_wanted: self.s,
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

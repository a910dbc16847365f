//! Every bound of the wire, in one place. Both ends refuse what is larger.

/// Longest account, conversation or device id, in bytes of UTF-8. Matrix room ids fit (255).
pub const ID_BYTES: usize = 255;
/// Longest route, epoch or operation id, in bytes.
pub const SHORT_ID_BYTES: usize = 64;
/// Versions, positions and counters stay below this, so that every JSON parser keeps them exact
/// (RFC 8259, section 6: integers up to 2^53 − 1 interoperate).
pub const NUMBER: u64 = 1 << 53;
/// Largest APNs payload, in bytes (Apple, "Generating a remote notification").
pub const PAYLOAD_BYTES: usize = 4096;
/// Deepest nesting of a payload. No common JSON parser's default is lower, so both ends agree.
pub const PAYLOAD_DEPTH: usize = 64;
/// Most events in one `POST …/events`.
pub const EVENTS: usize = 1000;
/// Most positions in one `read_items`.
pub const POSITIONS: usize = 1000;
/// Most operations in one `POST /v1/operations`.
pub const OPERATIONS: usize = 100;
/// Most rows in one page of changes.
pub const CHANGES: usize = 1000;
/// Rows in a page when the request names no limit.
pub const CHANGES_DEFAULT: usize = 500;
/// Most push counters that one request may acknowledge.
pub const RECEIPTS: usize = 256;
/// Most active rows that a push can carry (each takes more than ten bytes of [`PAYLOAD_BYTES`]).
pub const PUSH_ROWS: usize = 400;
/// Longest text of an alert's title, subtitle, body or sound, in bytes.
pub const ALERT_TEXT_BYTES: usize = 1024;
/// Longest APNs device token, in hexadecimal digits. Apple fixes no length.
pub const PUSH_TOKEN_DIGITS: usize = 512;
/// Longest APNs topic (a bundle identifier), in bytes.
pub const TOPIC_BYTES: usize = 255;
/// Largest request body that a relay reads, in bytes.
pub const REQUEST_BYTES: usize = 1 << 20;
/// Largest response body that a phone reads, in bytes.
pub const RESPONSE_BYTES: usize = 4 << 20;

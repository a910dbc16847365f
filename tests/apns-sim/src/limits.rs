//! What this server holds at most, each with its reason. Everything that comes from outside is
//! bounded by one of these.

/// Largest payload of a remote notification, in bytes (Apple, "Generating a remote notification").
pub const PAYLOAD_BYTES: usize = 4_096;

/// Longest `apns-collapse-id`, in bytes (Apple, "Sending notification requests to APNs").
pub const COLLAPSE_ID_BYTES: usize = 64;

/// Longest notification storage, in seconds: 30 days (Apple, "Viewing the status of push
/// notifications using Metrics and APNs": up to 30 days).
pub const STORAGE_SECONDS: u64 = 30 * 24 * 60 * 60;

/// Oldest provider token, in seconds (Apple, "Establishing a token-based connection to APNs").
pub const PROVIDER_TOKEN_AGE_SECONDS: u64 = 60 * 60;

/// Least time between two provider tokens, in seconds (the same page).
pub const PROVIDER_TOKEN_RENEWAL_SECONDS: u64 = 20 * 60;

/// How far ahead of our clock a provider's may run, in seconds. Apple does not publish its own.
pub const CLOCK_SKEW_SECONDS: u64 = 5 * 60;

/// Longest provider token that is looked at, in bytes. Real ones have about 200.
pub const PROVIDER_TOKEN_BYTES: usize = 2_048;

/// Longest device token in a path, in hex digits. Apple: at most 100 bytes, today 32.
pub const DEVICE_TOKEN_DIGITS: usize = 200;

/// Longest name of an install, in characters.
pub const INSTALL_CHARS: usize = 64;

/// Longest topic, in characters: bundle identifiers have at most 155 (App Store Connect).
pub const TOPIC_CHARS: usize = 155;

/// Device tokens that are remembered, dead ones included.
pub const DEVICES: usize = 4_096;

/// Frames that wait for a phone that does not read; with more it counts as away.
pub const FRAMES_IN_FLIGHT: usize = 256;

/// Largest WebSocket message that a phone may send. Phones have nothing to say.
pub const PHONE_MESSAGE_BYTES: usize = 1_024;

/// Pushes that `GET /control/pushes` remembers.
pub const JOURNAL: usize = 1_024;

/// Fault rules at a time.
pub const FAULT_RULES: usize = 64;

/// Largest body of a control request, in bytes.
pub const CONTROL_BYTES: usize = 16 * 1_024;

/// Provider connections at a time.
pub const PROVIDER_CONNECTIONS: usize = 256;

/// Streams on one provider connection at a time; Apple's server announces 1,000.
pub const PROVIDER_STREAMS: u32 = 1_000;

/// Largest header list of a provider request, in bytes.
pub const PROVIDER_HEADER_BYTES: u32 = 16 * 1_024;

/// Pushes that wait for `simctl`.
pub const SIMULATOR_QUEUE: usize = 64;

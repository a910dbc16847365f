//! The server half of TrueBadge: keeps the true state, answers sync, decides what to push.
#![forbid(unsafe_code)]

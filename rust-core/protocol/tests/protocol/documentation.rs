//! Placeholder until PROTOCOL.md is there.

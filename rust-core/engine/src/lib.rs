//! The core that runs on the phone: payloads, mirror, sync, outbox, badge.
#![forbid(unsafe_code)]

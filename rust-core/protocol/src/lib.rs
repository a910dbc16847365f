//! The wire types of TrueBadge.
#![forbid(unsafe_code)]

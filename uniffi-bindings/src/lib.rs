//! What Swift sees of the TrueBadge engine, through UniFFI.

//! Bugs that are planted, to see whether the properties find them.

use truebadge_relay::faults::Fault;

/// A bug.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Planted {
    /// None.
    #[default]
    Nothing,
    /// One of the relay's.
    Relay(Fault),
}

impl Planted {
    /// Plants it on this thread.
    pub fn plant(self) {}

    /// The relay's, if it is one.
    pub fn relay(self) -> Option<Fault> {
        match self {
            Self::Relay(fault) => Some(fault),
            Self::Nothing => None,
        }
    }
}

//! The words of the read-state model that only the phone needs; the others come from the protocol.

pub use truebadge_protocol::{
    AccountId, BadgePolicy, ConversationId, ConversationState, DeviceId, Digest, Epoch, Level,
    OperationId, Position, Route, Totals, Version,
};

/// How much of one account's history this phone knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mirror {
    /// The history that the cursor belongs to; none before the first completed sync.
    pub epoch: Option<Epoch>,
    /// The version up to which the mirror knows everything.
    pub cursor: Version,
    /// What the mirror's rows add up to.
    pub totals: Totals,
    /// The digest of the mirror's rows.
    pub digest: Digest,
    /// The newest totals that the server told, when they are newer than the cursor.
    pub ahead: Option<Ahead>,
}

/// Totals that the server told at a version which the mirror has not reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ahead {
    /// The history that `version` belongs to: another one than the mirror's during a reset.
    pub epoch: Epoch,
    /// The version at which the totals are true.
    pub version: Version,
    /// The totals.
    pub totals: Totals,
    /// The highest operation of this device that is in them.
    pub acknowledged: u64,
}

impl Mirror {
    /// Takes totals that the server told, unless it knows newer ones of the same history.
    pub fn hear(&mut self, told: Ahead) {
        let known = self.epoch.as_ref() == Some(&told.epoch) && told.version <= self.cursor;
        let newer = match &self.ahead {
            Some(ahead) => ahead.epoch != told.epoch || ahead.version <= told.version,
            None => true,
        };
        if !known && newer {
            self.ahead = Some(told);
        }
    }

    /// Moves the cursor, and forgets totals that it has reached.
    pub fn advance(&mut self, cursor: Version) {
        self.cursor = self.cursor.max(cursor);
        let reached = |ahead: &Ahead| {
            self.epoch.as_ref() == Some(&ahead.epoch) && ahead.version <= self.cursor
        };
        if self.ahead.as_ref().is_some_and(reached) {
            self.ahead = None;
        }
    }

    /// Whether the server ever told anything: before that, what the account adds up to is unknown,
    /// which is not zero.
    pub fn is_heard_of(&self) -> bool {
        self.epoch.is_some() || self.ahead.is_some()
    }

    /// Whether the mirror knows everything that the server told of.
    pub fn is_complete(&self) -> bool {
        self.epoch.is_some() && self.ahead.is_none()
    }
}

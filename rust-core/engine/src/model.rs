//! The words of the read-state model that only the phone needs; the others come from the protocol.

pub use truebadge_protocol::{
    AccountId, BadgePolicy, ConversationId, ConversationState, DeviceId, Digest, Epoch, Level,
    OperationId, Position, Route, Totals, Version,
};

use crate::simulation::{Bug, is};

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
    /// What the server told of that the mirror has not reached.
    pub ahead: Option<Ahead>,
}

/// The newest version that the server told of, above the mirror's cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ahead {
    /// The history that `version` belongs to: another one than the mirror's during a reset.
    pub epoch: Epoch,
    /// The version.
    pub version: Version,
    /// Totals that are newer than the mirror's, where some can be shown.
    pub told: Option<Told>,
}

/// Totals that the server told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// The version at which they are true.
    pub version: Version,
    /// The totals.
    pub totals: Totals,
}

impl Mirror {
    /// Takes what the server told, unless it knows newer of the same history. Whether its totals are
    /// those that are shown now.
    ///
    /// `countable`: no operation is pending that the totals do not hold. Where one is, nobody can say
    /// what it does to totals whose rows are not here: the conversation may have changed meanwhile. Then
    /// the number stays on the state that it came from, until the rows are here (S1).
    pub fn hear(&mut self, epoch: &Epoch, told: Told, countable: bool) -> bool {
        let version = told.version;
        let known = self.epoch.as_ref() == Some(epoch) && version <= self.cursor;
        let known = known && !is(Bug::StalePushApplied);
        let newer = match &self.ahead {
            Some(ahead) => ahead.epoch != *epoch || ahead.version <= version,
            None => true,
        };
        if known || !newer {
            return false;
        }
        let countable = countable || is(Bug::ToldOverPending);
        let before = self.ahead.take().and_then(|ahead| ahead.told);
        self.ahead = Some(Ahead {
            epoch: epoch.clone(),
            version,
            told: if countable { Some(told) } else { before },
        });
        countable
    }

    /// Takes totals although the rows that are here should have made them: the rows are wrong, so that
    /// nothing else can be shown. Whether it did not know newer.
    pub fn distrust(&mut self, epoch: &Epoch, told: Told) -> bool {
        let newer = |ahead: &Ahead| ahead.epoch == *epoch && ahead.version > told.version;
        if self.ahead.as_ref().is_some_and(newer) {
            return false;
        }
        self.ahead = Some(Ahead {
            epoch: epoch.clone(),
            version: told.version,
            told: Some(told),
        });
        true
    }

    /// Begins anew with what a reset brought.
    pub fn restart(&mut self, epoch: &Epoch, cursor: Version) {
        self.epoch = Some(epoch.clone());
        self.cursor = Version::ZERO;
        self.ahead.take_if(|ahead| ahead.epoch != *epoch);
        self.advance(cursor);
    }

    /// Moves the cursor, and forgets what it has reached.
    pub fn advance(&mut self, cursor: Version) {
        self.cursor = self.cursor.max(cursor);
        let reached = |ahead: &Ahead| {
            self.epoch.as_ref() == Some(&ahead.epoch) && ahead.version <= self.cursor
        };
        if self.ahead.as_ref().is_some_and(reached) {
            self.ahead = None;
        }
        if let Some(ahead) = &mut self.ahead
            && self.epoch.as_ref() == Some(&ahead.epoch)
        {
            ahead.told.take_if(|told| told.version <= self.cursor);
        }
    }

    /// Whether the server ever told anything: before that, what the account adds up to is unknown,
    /// which is not zero.
    pub fn is_heard_of(&self) -> bool {
        self.epoch.is_some() || self.told().is_some()
    }

    /// Totals that are shown instead of the mirror's own.
    pub fn told(&self) -> Option<Told> {
        self.ahead.as_ref().and_then(|ahead| ahead.told)
    }

    /// Whether the mirror knows everything that the server told of.
    pub fn is_complete(&self) -> bool {
        self.epoch.is_some() && self.ahead.is_none()
    }
}

//! Between what crosses and the engine's own types, in one place.

use std::fmt::Display;

use truebadge_engine as inner;
use truebadge_protocol::{
    AccountId, ConversationId, DeviceId, Position, Route, Version, ids::IdError,
    limits::PUSH_TOKEN_DIGITS, messages, state,
};

use crate::{
    Account, AtZero, BadgePolicy, BadgeState, Conditions, Configuration, Conversation,
    DeliveredNotification, Disposition, Level, Process, PushCounters, PushEnvironment,
    PushTokenEnded, RejectedOperation, Totals, TrueBadgeError, WakeCause, WakeOutcome,
};

fn checked<T>(name: &'static str, value: Result<T, impl Display>) -> Result<T, TrueBadgeError> {
    value.map_err(|wrong| TrueBadgeError::argument(name, wrong))
}

pub(crate) fn account(id: String) -> Result<AccountId, TrueBadgeError> {
    checked("account", AccountId::new(id))
}

pub(crate) fn conversation(id: String) -> Result<ConversationId, TrueBadgeError> {
    checked("conversation", ConversationId::new(id))
}

pub(crate) fn position(number: u64) -> Result<Position, TrueBadgeError> {
    checked("position", Position::new(number))
}

/// APNs' token as the relay wants it: in hexadecimal.
pub(crate) fn push_token(token: &[u8]) -> Result<String, TrueBadgeError> {
    if token.is_empty() || token.len() > PUSH_TOKEN_DIGITS / 2 {
        let wrong = format!("it must have 1 to {} bytes", PUSH_TOKEN_DIGITS / 2);
        return Err(TrueBadgeError::argument("push token", wrong));
    }
    let mut digits = String::with_capacity(token.len() * 2);
    for byte in token {
        for half in [byte >> 4, byte & 15] {
            digits.extend(char::from_digit(half.into(), 16));
        }
    }
    Ok(digits)
}

/// Both ways between two enumerations with the same names.
macro_rules! same {
    ($outer:ident = $inner:path { $($name:ident),* }) => {
        impl From<$inner> for $outer {
            fn from(value: $inner) -> Self {
                match value { $(<$inner>::$name => Self::$name),* }
            }
        }
        impl From<$outer> for $inner {
            fn from(value: $outer) -> Self {
                match value { $($outer::$name => Self::$name),* }
            }
        }
    };
}

same!(
    PushEnvironment = messages::PushEnvironment {
        Sandbox,
        Production
    }
);
same!(Process = inner::Process { App, Extension });
same!(
    PushTokenEnded = messages::PushTokenEnded {
        BadDeviceToken,
        DeviceTokenNotForTopic,
        Unregistered,
        Unknown
    }
);
same!(AtZero = inner::AtZero { Keep, Clear });
same!(
    WakeCause = inner::Cause {
        Launch,
        Push,
        Extension,
        Foreground,
        BackgroundRefresh,
        NetworkBack,
        LowPowerModeEnded,
        Operation
    }
);
same!(
    Disposition = inner::Disposition {
        Malformed,
        NotForUs,
        EpochChanged,
        Stale,
        Applied,
        Diverged,
        Gap
    }
);
same!(
    BadgePolicy = state::BadgePolicy {
        Messages,
        Conversations,
        Mentions,
        Off
    }
);
same!(
    Level = state::Level {
        All,
        Mentions,
        None
    }
);

impl TryFrom<Configuration> for inner::Configuration {
    type Error = TrueBadgeError;

    fn try_from(from: Configuration) -> Result<Self, TrueBadgeError> {
        Ok(Self {
            directory: from.directory.into(),
            device: checked("device", DeviceId::new(from.device))?,
            topic: from.topic,
            environment: from.environment.into(),
            app_version: from.app_version,
            process: from.process.into(),
            at_zero: from.at_zero.into(),
        })
    }
}

impl Conditions {
    /// What is not known here is as it was told `before`.
    pub(crate) fn after(self, before: messages::Conditions) -> messages::Conditions {
        messages::Conditions {
            badges_allowed: self.badges_allowed,
            alerts_allowed: self.alerts_allowed,
            background_refresh: self.background_refresh.unwrap_or(before.background_refresh),
            low_power_mode: self.low_power_mode,
        }
    }
}

impl From<inner::BadgeState> for BadgeState {
    fn from(from: inner::BadgeState) -> Self {
        Self {
            badge: from.badge,
            generation: from.generation,
            complete: from.complete,
            known: from.known,
        }
    }
}

impl From<inner::PushCounters> for PushCounters {
    fn from(from: inner::PushCounters) -> Self {
        Self {
            sent: from.sent,
            received: from.received,
        }
    }
}

impl From<state::Totals> for Totals {
    fn from(from: state::Totals) -> Self {
        Self {
            unread: from.unread,
            mentions: from.mentions,
            conversations: from.conversations,
        }
    }
}

impl From<inner::AccountView> for Account {
    fn from(from: inner::AccountView) -> Self {
        Self {
            account: from.account.into(),
            relay: from.relay.into(),
            totals: from.totals.into(),
            participates: from.participates,
            signed_out: from.signed_out,
            complete: from.complete,
            pending: u32::try_from(from.pending).unwrap_or(u32::MAX),
            pushes: from.pushes.into(),
            push_token_ended: from.push_token_ended.map(Into::into),
            synced_at_ms: from.synced_at.map(|moment| moment.0),
        }
    }
}

impl Conversation {
    pub(crate) fn of(account: &AccountId, from: inner::ConversationView) -> Self {
        let state = from.state;
        Self {
            account: account.as_str().to_owned(),
            id: state.id.into(),
            version: state.version.get(),
            unread: state.unread,
            mentions: state.mentions,
            newest: state.newest.get(),
            read_up_to: state.read_up_to.get(),
            level: state.level.into(),
            marked_unread: state.marked_unread,
            pending: from.pending,
        }
    }
}

impl TryFrom<DeliveredNotification> for inner::bridge::DeliveredNotification {
    type Error = IdError;

    fn try_from(from: DeliveredNotification) -> Result<Self, IdError> {
        Ok(Self {
            identifier: from.identifier,
            route: from.route.map(Route::new).transpose()?,
            conversation: ConversationId::new(from.conversation)?,
            position: from.position.map(Position::new).transpose()?,
            version: from.version.map(Version::new).transpose()?,
        })
    }
}

impl From<inner::RejectedOperation> for RejectedOperation {
    fn from(from: inner::RejectedOperation) -> Self {
        Self {
            sequence: from.sequence,
            account: from.account.into(),
            number: from.number,
            conversation: from.conversation.into(),
            reason: from.reason,
        }
    }
}

impl From<inner::WakeOutcome> for WakeOutcome {
    fn from(from: inner::WakeOutcome) -> Self {
        Self {
            cause: from.cause.into(),
            disposition: from.disposition.map(Into::into),
            badge: from.badge.map(Into::into),
            shown: from.shown,
            synced: from.synced,
            removed: from.removed,
            rejected: from.rejected.into_iter().map(Into::into).collect(),
            signed_out: from.signed_out.into_iter().map(Into::into).collect(),
            credentials_wanted: from
                .credentials_wanted
                .into_iter()
                .map(Into::into)
                .collect(),
            push_token_wanted: from.push_token_wanted,
            rebuilt: from.rebuilt,
            // The engine has logged it, in the middle of the wake.
            error: from.error.as_ref().map(TrueBadgeError::of),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_push_token_travels_in_hexadecimal() {
        assert_eq!(push_token(&[0x00, 0x0f, 0xa0, 0xff]).unwrap(), "000fa0ff");
    }

    #[test]
    fn a_push_token_without_bytes_or_with_too_many_is_a_wrong_call() {
        for wrong in [vec![], vec![0; PUSH_TOKEN_DIGITS / 2 + 1]] {
            assert!(matches!(
                push_token(&wrong),
                Err(TrueBadgeError::FixCall { .. })
            ));
        }
    }

    #[test]
    fn names_and_numbers_that_no_relay_takes_are_refused_by_name() {
        let refused = [
            account(String::new()).unwrap_err(),
            conversation("a\nb".to_owned()).unwrap_err(),
            position(1 << 53).unwrap_err(),
        ];
        for (error, name) in refused
            .into_iter()
            .zip(["account", "conversation", "position"])
        {
            assert!(error.to_string().contains(name), "{error}");
        }
    }

    #[test]
    fn a_notification_of_no_conversation_is_somebody_elses() {
        let notification = DeliveredNotification {
            identifier: "1".to_owned(),
            route: None,
            conversation: String::new(),
            position: None,
            version: None,
        };
        assert!(inner::bridge::DeliveredNotification::try_from(notification).is_err());
    }
}

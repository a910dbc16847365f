//! Single values: the badge and its generation, the policy, what the phone told of itself.

use std::time::Duration;

use rusqlite::{OptionalExtension, ToSql, params, types::FromSql};
use serde::{Serialize, de::DeserializeOwned};
use truebadge_protocol::{
    BadgePolicy, DeviceId,
    limits::{NUMBER, PUSH_TOKEN_DIGITS},
    messages::Conditions,
};

use super::{Account, Tx};
use crate::{
    EngineError, Timestamp, badge,
    engine::BadgeState,
    simulation::{Bug, is},
};

/// No badge is held longer.
const HELD_AT_MOST: Duration = Duration::from_hours(24);

/// Whether this can be APNs' token: hexadecimal, of a length that relays take.
pub fn is_push_token(token: &str) -> bool {
    let length = 1..=PUSH_TOKEN_DIGITS;
    length.contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl Tx<'_> {
    fn setting<T: FromSql>(&self, name: &str) -> Result<Option<T>, EngineError> {
        let mut statement = self
            .transaction
            .prepare_cached("SELECT value FROM settings WHERE name = ?1")?;
        Ok(statement
            .query_row([name], |row| row.get(0))
            .optional()?
            .flatten())
    }

    fn set_setting(&self, name: &str, value: impl ToSql) -> Result<(), EngineError> {
        let mut statement = self.transaction.prepare_cached(
            "INSERT INTO settings (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )?;
        statement.execute(params![name, value])?;
        Ok(())
    }

    fn json_setting<T: DeserializeOwned + Default>(&self, name: &str) -> Result<T, EngineError> {
        match self.setting::<String>(name)? {
            None => Ok(T::default()),
            Some(text) => serde_json::from_str(&text).map_err(|_| EngineError::StoreDamaged),
        }
    }

    fn set_json_setting<T: Serialize>(&self, name: &str, value: &T) -> Result<(), EngineError> {
        let text = serde_json::to_string(value).map_err(|_| EngineError::StoreDamaged)?;
        self.set_setting(name, text)
    }

    /// Which number the badge shows.
    pub fn policy(&self) -> Result<BadgePolicy, EngineError> {
        self.json_setting("policy")
    }

    /// Changes which number the badge shows.
    pub fn set_policy(&self, policy: BadgePolicy) -> Result<(), EngineError> {
        self.set_json_setting("policy", &policy)
    }

    /// The phone that the store was last used on.
    pub fn device(&self) -> Result<Option<DeviceId>, EngineError> {
        let device: Option<String> = self.setting("device")?;
        device
            .map(|device| DeviceId::new(device).map_err(|_| EngineError::StoreDamaged))
            .transpose()
    }

    /// Makes the store this phone's, whose icon may show anything.
    pub fn set_device(&self, device: &DeviceId) -> Result<(), EngineError> {
        self.set_confirmed(false)?;
        self.set_setting("device", device.as_str())
    }

    /// APNs' token in hexadecimal.
    pub fn push_token(&self) -> Result<Option<String>, EngineError> {
        let token: Option<String> = self.setting("push_token")?;
        if token.as_deref().is_none_or(is_push_token) {
            Ok(token)
        } else {
            Err(EngineError::StoreDamaged)
        }
    }

    /// Remembers APNs' token.
    pub fn set_push_token(&self, token: Option<&str>) -> Result<(), EngineError> {
        self.set_setting("push_token", token)
    }

    /// What the phone's settings let through.
    pub fn conditions(&self) -> Result<Conditions, EngineError> {
        self.json_setting("conditions")
    }

    /// Remembers what the phone's settings let through.
    ///
    /// Where badges were forbidden, or are now, iOS may have forgotten the number.
    pub fn set_conditions(&self, conditions: Conditions) -> Result<(), EngineError> {
        if conditions.badges_allowed != self.conditions()?.badges_allowed {
            self.set_confirmed(false)?;
        }
        self.set_json_setting("conditions", &conditions)
    }

    /// When a malformed push may next cause a sync.
    pub fn malformed_sync_at(&self) -> Result<Timestamp, EngineError> {
        Ok(Timestamp(self.setting("malformed_sync_at")?.unwrap_or(0)))
    }

    /// Sets when a malformed push may next cause a sync.
    pub fn set_malformed_sync_at(&self, at: Timestamp) -> Result<(), EngineError> {
        self.set_setting("malformed_sync_at", at.0)
    }

    /// When the host may next be asked for a push token.
    pub fn push_token_wanted_at(&self) -> Result<Timestamp, EngineError> {
        Ok(Timestamp(
            self.setting("push_token_wanted_at")?.unwrap_or(0),
        ))
    }

    /// Sets when the host may next be asked for a push token.
    pub fn set_push_token_wanted_at(&self, at: Timestamp) -> Result<(), EngineError> {
        self.set_setting("push_token_wanted_at", at.0)
    }

    /// The badge as the last write left it.
    pub fn badge(&self) -> Result<BadgeState, EngineError> {
        // One look at each: for a list of names SQLite would make a table of its own first.
        let mut statement = self.transaction.prepare_cached(
            "SELECT (SELECT value FROM settings WHERE name = 'badge'),
                    (SELECT value FROM settings WHERE name = 'generation'),
                    (SELECT value FROM settings WHERE name = 'complete'),
                    (SELECT value FROM settings WHERE name = 'known')",
        )?;
        let state = statement.query_row([], |row| {
            Ok(BadgeState {
                badge: row.get::<_, Option<_>>(0)?.unwrap_or(0),
                generation: row.get::<_, Option<_>>(1)?.unwrap_or(0),
                complete: row.get::<_, Option<_>>(2)?.unwrap_or(true),
                known: row.get::<_, Option<_>>(3)?.unwrap_or(false),
            })
        })?;
        if state.generation < NUMBER {
            Ok(state)
        } else {
            Err(EngineError::StoreDamaged)
        }
    }

    fn set_badge(&self, state: BadgeState) -> Result<(), EngineError> {
        let mut statement = self.transaction.prepare_cached(
            "INSERT INTO settings (name, value)
             VALUES ('badge', ?1), ('generation', ?2), ('complete', ?3), ('known', ?4)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )?;
        statement.execute(params![
            state.badge,
            state.generation,
            state.complete,
            state.known
        ])?;
        Ok(())
    }

    /// Whether iOS took the badge as the last write left it. A push may have painted a newer number
    /// over it since, without our code.
    pub fn is_confirmed(&self) -> Result<bool, EngineError> {
        Ok(self.setting("confirmed")?.unwrap_or(false))
    }

    /// iOS took a badge, if no other one was counted meanwhile.
    pub fn confirm(&self, taken: BadgeState) -> Result<(), EngineError> {
        // A store that is damaged is left alone.
        self.accounts()?;
        let now = self.badge()?;
        if now.known && now.badge == taken.badge && !self.is_confirmed()? {
            self.set_confirmed(true)?;
        }
        Ok(())
    }

    /// Says whether the icon is known to show the badge.
    pub fn set_confirmed(&self, confirmed: bool) -> Result<(), EngineError> {
        self.set_setting("confirmed", confirmed)
    }

    /// Leaves the icon as it is until every account that takes part was heard of: what it shows
    /// came from a mirror that is lost, and a sum without some of the accounts would be an older
    /// truth than that (S1, S2). Ends by itself after `HELD_AT_MOST`.
    pub fn hold_badge(&self, now: Timestamp) -> Result<(), EngineError> {
        self.set_setting("held_since", now.0)
    }

    /// Ends a hold, whatever was heard.
    pub(super) fn release_badge(&self) -> Result<(), EngineError> {
        self.set_setting("held_since", None::<i64>)
    }

    /// Ends a hold that has lasted too long: one account whose relay is never heard of must not stop
    /// the badge of the others for good.
    pub fn end_old_hold(&self, now: Timestamp) -> Result<(), EngineError> {
        let since: Option<i64> = self.setting("held_since")?;
        let over = |since| {
            Timestamp(since)
                .after(HELD_AT_MOST)
                .has_come(now, HELD_AT_MOST)
        };
        if since.is_some_and(over) {
            self.release_badge()?;
        }
        Ok(())
    }

    /// Makes the next generation follow this one.
    pub fn begin_generations(&self, after: u32) -> Result<(), EngineError> {
        self.set_setting("generation", after)
    }

    /// Counts the badge anew and gives it the next generation, in the transaction of the change
    /// that caused it (S5).
    ///
    /// An account that nothing was ever heard of adds nothing. When that is so for all that take part,
    /// and this store never knew a number, the number is unknown and not zero: the icon may show what
    /// an earlier installation, or the app before it had this engine, left there.
    pub fn recount_badge(&self) -> Result<BadgeState, EngineError> {
        let mut accounts = self.accounts()?;
        let counts = |one: &Account| !one.signed_out || is(Bug::EndedAccountCounts);
        accounts.retain(|account| account.participates && counts(account));
        let policy = self.policy()?;
        let mut totals = Vec::new();
        for account in &accounts {
            totals.push(self.account_totals(account)?);
        }
        totals.truncate(if is(Bug::OneAccountCounts) {
            1
        } else {
            totals.len()
        });
        let before = self.badge()?;
        let mut state = BadgeState {
            badge: badge::badge(policy, totals),
            generation: before.generation + 1,
            complete: accounts.iter().all(|account| account.mirror.is_complete()),
            known: policy == BadgePolicy::Off || self.is_known(&accounts, before)?,
        };
        if is(Bug::IncrementsInsteadOfStates) && state.badge > before.badge {
            state.badge = before.badge + 1;
        }
        state.known &= !is(Bug::SetOnlyWhenChanged) || state.badge != before.badge;
        self.set_badge(state)?;
        if state.badge != before.badge {
            self.set_confirmed(false)?;
        }
        Ok(state)
    }

    fn is_known(&self, accounts: &[Account], before: BadgeState) -> Result<bool, EngineError> {
        let heard = |account: &Account| account.mirror.is_heard_of();
        let held = self.setting::<i64>("held_since")?.is_some();
        // A store that was made anew and lost its accounts too knows of nothing.
        let lost = held && self.accounts()?.is_empty();
        if accounts.iter().all(heard) && !lost {
            if held {
                self.release_badge()?;
            }
            return Ok(true);
        }
        Ok(!held && (accounts.iter().any(heard) || before.known))
    }
}

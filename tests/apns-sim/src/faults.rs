//! Planted faults: what a real network and a real APNs do now and then, on demand. Pure.

use serde::{Deserialize, Serialize};

use crate::devices::PushToken;
use crate::headers::PushType;
use crate::limits;
use crate::reason::Reason;

/// One rule: the next so many matching pushes are lost, doubled, or refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fault {
    /// So many are answered with 200 and then lost.
    pub drop: u32,
    /// So many are delivered twice; only counted where the phone is attached.
    pub duplicate: u32,
    /// So many are refused with `reason`.
    pub refuse: u32,
    /// Why they are refused; `ServiceUnavailable` unless told.
    pub reason: Option<Reason>,
    /// Only pushes of this type.
    pub push_type: Option<PushType>,
    /// Only pushes to this token.
    pub push_token: Option<PushToken>,
}

impl Fault {
    fn matches(&self, token: &PushToken, push_type: PushType) -> bool {
        self.push_type.is_none_or(|only| only == push_type)
            && self.push_token.as_ref().is_none_or(|only| only == token)
    }

    const fn is_spent(&self) -> bool {
        self.drop == 0 && self.duplicate == 0 && self.refuse == 0
    }
}

/// Too many rules at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are as many fault rules as this server holds: DELETE /control/faults first")]
pub struct TooManyRules;

/// The rules in force, oldest first. A rule that is used up goes away.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Adds a rule.
    pub fn add(&mut self, fault: Fault) -> Result<(), TooManyRules> {
        if self.0.len() >= limits::FAULT_RULES {
            return Err(TooManyRules);
        }
        if !fault.is_spent() {
            self.0.push(fault);
        }
        Ok(())
    }

    /// Ends them all.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// What is left of them.
    pub fn remaining(&self) -> &[Fault] {
        &self.0
    }

    /// Whether this push is to be refused, and why.
    pub fn refuses(&mut self, token: &PushToken, push_type: PushType) -> Option<Reason> {
        let mut reason = Reason::ServiceUnavailable;
        let refused = self.spend(token, push_type, |fault| {
            reason = fault.reason.unwrap_or(Reason::ServiceUnavailable);
            &mut fault.refuse
        });
        refused.then_some(reason)
    }

    /// Whether this push is to be lost.
    pub fn drops(&mut self, token: &PushToken, push_type: PushType) -> bool {
        self.spend(token, push_type, |fault| &mut fault.drop)
    }

    /// Whether this push is to arrive twice.
    pub fn duplicates(&mut self, token: &PushToken, push_type: PushType) -> bool {
        self.spend(token, push_type, |fault| &mut fault.duplicate)
    }

    fn spend(
        &mut self,
        token: &PushToken,
        push_type: PushType,
        mut count: impl FnMut(&mut Fault) -> &mut u32,
    ) -> bool {
        let spent = self
            .0
            .iter_mut()
            .filter(|fault| fault.matches(token, push_type))
            .any(|fault| match count(fault) {
                0 => false,
                left => {
                    *left -= 1;
                    true
                }
            });
        self.0.retain(|fault| !fault.is_spent());
        spent
    }
}

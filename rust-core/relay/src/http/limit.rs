//! How often each credential may ask. Pure: the time is an argument.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

/// Requests in a minute. A caller that was quiet may spend a minute's worth at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    /// For each producer key.
    pub producer: u32,
    /// For each device token.
    pub device: u32,
    /// For each address that shows no credentials, or unknown ones.
    pub stranger: u32,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            producer: 60_000,
            device: 600,
            stranger: 120,
        }
    }
}

/// Callers remembered at a time.
const CALLERS: usize = 65_536;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Caller {
    Credential([u8; 32]),
    Address(Option<IpAddr>),
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// Requests left, in thousandths.
    left: u64,
    at: u64,
}

/// One token bucket for each caller.
#[derive(Debug, Default)]
pub struct RateLimiter {
    limits: RateLimits,
    buckets: Mutex<HashMap<Caller, Bucket>>,
}

impl RateLimiter {
    /// A limiter with these limits.
    pub fn new(limits: RateLimits) -> Self {
        Self {
            limits,
            buckets: Mutex::default(),
        }
    }

    /// One request of a producer key.
    pub fn producer(&self, hash: &crate::secret::Hash, now: u64) -> Result<(), u64> {
        self.take(Caller::Credential(*hash.bytes()), self.limits.producer, now)
    }

    /// One request of a device token.
    pub fn device(&self, hash: &crate::secret::Hash, now: u64) -> Result<(), u64> {
        self.take(Caller::Credential(*hash.bytes()), self.limits.device, now)
    }

    /// One request without credentials that the relay knows.
    pub fn stranger(&self, address: Option<IpAddr>, now: u64) -> Result<(), u64> {
        self.take(Caller::Address(address), self.limits.stranger, now)
    }

    /// Takes one request; otherwise tells after how many seconds there will be one.
    fn take(&self, caller: Caller, per_minute: u32, now: u64) -> Result<(), u64> {
        let full = u64::from(per_minute) * 1000;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= CALLERS && !buckets.contains_key(&caller) {
            // Who was quiet for a minute has a full bucket: the same as a new one.
            buckets.retain(|_, bucket| bucket.at + 60_000 > now);
            if buckets.len() >= CALLERS {
                buckets.clear();
            }
        }
        let bucket = buckets.entry(caller).or_insert(Bucket {
            left: full,
            at: now,
        });
        let refill = now
            .saturating_sub(bucket.at)
            .saturating_mul(u64::from(per_minute))
            / 60;
        bucket.left = bucket.left.saturating_add(refill).min(full);
        bucket.at = now;
        if bucket.left >= 1000 {
            bucket.left -= 1000;
            return Ok(());
        }
        let missing = 1000 - bucket.left;
        let wait_ms = (missing * 60).div_ceil(u64::from(per_minute).max(1));
        Err(wait_ms.div_ceil(1000).max(1))
    }
}

//! Digest, totals and badge against values that our code did not compute.

use serde::Deserialize;
use truebadge_protocol::{BadgePolicy, ConversationState, Digest, Totals};

use crate::fixtures;

#[derive(Deserialize)]
struct DigestFile {
    vectors: Vec<DigestVector>,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct DigestVector {
    name: String,
    rows: Vec<HashedRow>,
    digest: Digest,
}

#[derive(Deserialize)]
struct HashedRow {
    #[serde(flatten)]
    state: ConversationState,
    canonical: Option<String>,
    hash: Digest,
}

#[derive(Deserialize)]
struct Step {
    name: String,
    old: Option<ConversationState>,
    new: ConversationState,
    digest: Digest,
}

#[test]
fn digests_are_those_of_the_golden_vectors() {
    let file: DigestFile = fixtures::read("digest.json");
    assert!(file.vectors.len() >= 20, "the vectors are there");
    for vector in file.vectors {
        for row in &vector.rows {
            assert_eq!(Digest::of_row(&row.state), row.hash, "{}", vector.name);
            assert_eq!(
                row.state.is_active(),
                row.canonical.is_some(),
                "{}",
                vector.name
            );
        }
        let digest = Digest::of(vector.rows.iter().map(|row| &row.state));
        assert_eq!(digest, vector.digest, "{}", vector.name);
        assert_eq!(digest.to_string().len(), 16, "{}", vector.name);
    }
}

#[test]
fn a_digest_kept_row_by_row_follows_the_golden_steps() {
    let file: DigestFile = fixtures::read("digest.json");
    let mut digest = Digest::EMPTY;
    for step in file.steps {
        let old = step.old.as_ref().map_or(Digest::EMPTY, Digest::of_row);
        digest = digest.replacing(old, Digest::of_row(&step.new));
        assert_eq!(digest, step.digest, "{}", step.name);
    }
    assert_eq!(digest, Digest::EMPTY, "the last step empties the set");
}

#[derive(Deserialize)]
struct TotalsFile {
    vectors: Vec<TotalsVector>,
    accounts: Vec<AccountsVector>,
}

#[derive(Deserialize)]
struct TotalsVector {
    name: String,
    rows: Vec<ConversationState>,
    totals: Totals,
    badge: Badges,
}

#[derive(Deserialize)]
struct AccountsVector {
    name: String,
    totals: Vec<Totals>,
    badge: Badges,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Badges {
    messages: u32,
    conversations: u32,
    mentions: u32,
    off: u32,
}

impl Badges {
    fn of(totals: Totals) -> Self {
        Self {
            messages: BadgePolicy::Messages.badge(totals),
            conversations: BadgePolicy::Conversations.badge(totals),
            mentions: BadgePolicy::Mentions.badge(totals),
            off: BadgePolicy::Off.badge(totals),
        }
    }
}

#[test]
fn totals_and_badges_are_those_of_the_golden_vectors() {
    let file: TotalsFile = fixtures::read("totals.json");
    assert!(file.vectors.len() >= 20, "the vectors are there");
    for vector in file.vectors {
        let totals = Totals::of(&vector.rows);
        assert_eq!(totals, vector.totals, "{}", vector.name);
        assert_eq!(Badges::of(totals), vector.badge, "{}", vector.name);
    }
}

#[test]
fn a_phones_badge_is_the_sum_over_its_accounts() {
    let file: TotalsFile = fixtures::read("totals.json");
    for vector in file.accounts {
        let totals = vector.totals.iter().copied().sum();
        assert_eq!(Badges::of(totals), vector.badge, "{}", vector.name);
    }
}

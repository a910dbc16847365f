//! Which provider tokens APNs takes, and for how long.

#![allow(clippy::unwrap_used)]

mod support;

use apns_sim::reason::Reason;
use apns_sim::token::{ConnectionTokens, KeyError};
use apns_sim::{ProviderKey, limits};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use support::{
    KEY_ID, NOW, TEAM, World, http2_client, new_key, provider_key, provider_token, sign,
};

/// A connection that checks tokens made with one key.
struct Connection {
    pem: String,
    key: ProviderKey,
    tokens: ConnectionTokens,
}

impl Connection {
    fn new() -> Self {
        let pem = new_key();
        Self {
            key: provider_key(&pem),
            pem,
            tokens: ConnectionTokens::default(),
        }
    }

    fn check(&mut self, token: &str, now: u64) -> Result<(), Reason> {
        let header = format!("bearer {token}");
        self.tokens.check(Some(&header), &self.key, now)
    }

    fn claims(&mut self, kid: Option<&str>, claims: &Value) -> Result<(), Reason> {
        let token = sign(&self.pem, kid, claims);
        self.check(&token, NOW)
    }
}

#[test]
fn a_token_lives_for_an_hour() {
    let mut connection = Connection::new();
    let token = provider_token(&connection.pem, NOW);
    assert_eq!(connection.check(&token, NOW), Ok(()));
    assert_eq!(connection.check(&token, NOW + 3_600), Ok(()));
    let late = connection.check(&token, NOW + 3_601);
    assert_eq!(late, Err(Reason::ExpiredProviderToken));
}

#[test]
fn an_old_token_is_refused_on_a_new_connection_too() {
    let mut connection = Connection::new();
    let token = provider_token(&connection.pem, NOW - 3_601);
    assert_eq!(
        connection.check(&token, NOW),
        Err(Reason::ExpiredProviderToken)
    );
}

#[test]
fn a_connection_takes_a_new_token_every_twenty_minutes() {
    let mut connection = Connection::new();
    let first = provider_token(&connection.pem, NOW);
    let second = provider_token(&connection.pem, NOW + 600);
    let third = provider_token(&connection.pem, NOW + 1_200);
    let too_many = Err(Reason::TooManyProviderTokenUpdates);
    assert_eq!(connection.check(&first, NOW), Ok(()));
    assert_eq!(connection.check(&second, NOW + 600), too_many);
    assert_eq!(connection.check(&second, NOW + 1_199), too_many);
    assert_eq!(connection.check(&first, NOW + 1_199), Ok(()));
    assert_eq!(connection.check(&third, NOW + 1_200), Ok(()));
    assert_eq!(connection.check(&second, NOW + 1_201), too_many);
}

#[test]
fn a_provider_whose_clock_runs_ahead_a_little_is_served() {
    let mut connection = Connection::new();
    let ahead = provider_token(&connection.pem, NOW + limits::CLOCK_SKEW_SECONDS);
    assert_eq!(connection.check(&ahead, NOW), Ok(()));
    let mut connection = Connection::new();
    let far = provider_token(&connection.pem, NOW + limits::CLOCK_SKEW_SECONDS + 1);
    assert_eq!(
        connection.check(&far, NOW),
        Err(Reason::InvalidProviderToken)
    );
}

#[test]
fn the_claims_and_the_key_id_must_be_the_ones_expected() {
    let invalid = Err(Reason::InvalidProviderToken);
    let mut connection = Connection::new();
    let good = json!({ "iss": TEAM, "iat": NOW });
    assert_eq!(connection.claims(None, &good), invalid);
    assert_eq!(connection.claims(Some("OTHERKEY00"), &good), invalid);
    for claims in [
        json!({ "iss": "OTHERTEAM0", "iat": NOW }),
        json!({ "iat": NOW }),
        json!({ "iss": TEAM }),
        json!({ "iss": TEAM, "iat": "now" }),
        json!({ "iss": TEAM, "iat": -1 }),
        json!({ "iss": TEAM, "iat": 1e300 }),
    ] {
        assert_eq!(
            connection.claims(Some(KEY_ID), &claims),
            invalid,
            "{claims}"
        );
    }
    assert_eq!(
        connection.claims(Some(KEY_ID), &good),
        Ok(()),
        "refused ones left no trace"
    );
}

#[test]
fn a_signature_by_another_key_or_another_algorithm_is_refused() {
    let invalid = Err(Reason::InvalidProviderToken);
    let mut connection = Connection::new();
    let forged = provider_token(&new_key(), NOW);
    assert_eq!(connection.check(&forged, NOW), invalid);

    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some(KEY_ID.to_owned());
    let claims = json!({ "iss": TEAM, "iat": NOW });
    let secret = EncodingKey::from_secret(connection.pem.as_bytes());
    let symmetric = jsonwebtoken::encode(&header, &claims, &secret).unwrap();
    assert_eq!(connection.check(&symmetric, NOW), invalid);
}

#[test]
fn a_token_that_was_changed_after_signing_is_refused() {
    let mut connection = Connection::new();
    let token = provider_token(&connection.pem, NOW);
    let other = provider_token(&connection.pem, NOW + 1);
    let (head, _) = token.rsplit_once('.').unwrap();
    let (_, signature) = other.rsplit_once('.').unwrap();
    let mixed = format!("{head}.{signature}");
    assert_eq!(
        connection.check(&mixed, NOW),
        Err(Reason::InvalidProviderToken)
    );
}

#[test]
fn the_public_part_of_the_key_is_enough() {
    let pair = rcgen::KeyPair::generate().unwrap();
    let public = rcgen::PublicKeyData::subject_public_key_info(&pair);
    let base64 = base64_lines(&public);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{base64}-----END PUBLIC KEY-----\n");
    let key = provider_key(&pem);
    let token = provider_token(&pair.serialize_pem(), NOW);
    let header = format!("bearer {token}");
    assert_eq!(
        ConnectionTokens::default().check(Some(&header), &key, NOW),
        Ok(())
    );
}

fn base64_lines(bytes: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(bytes);
    let lines = text
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8_lossy(line).into_owned());
    lines.map(|line| line + "\n").collect()
}

#[test]
fn a_key_that_is_none_says_what_to_give() {
    let error = |pem: &str| ProviderKey::from_pem(TEAM, KEY_ID, pem).unwrap_err();
    assert_eq!(error("hello"), KeyError::NotPem);
    assert_eq!(error(""), KeyError::NotPem);
    let broken = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert_eq!(error(broken), KeyError::NotP256);
    assert!(KeyError::NotPem.to_string().contains(".p8"));
}

#[test]
fn a_key_never_shows_in_debug_output() {
    let pem = new_key();
    let shown = format!("{:?}", provider_key(&pem));
    assert!(shown.contains(TEAM) && shown.contains(KEY_ID));
    assert_eq!(
        shown.len(),
        "ProviderKey { team_id: \"TEAMID1234\", key_id: \"KEYID12345\", .. }".len()
    );
}

#[tokio::test]
async fn over_http_a_token_expires_and_renews_as_time_passes() {
    let world = World::start().await;
    let phone = world.phone("phone").await;
    let renewed = |at: u64| format!("bearer {}", provider_token(&world.pem, at));
    let push = world.silent(&phone.token);
    push.clone().send().await.accepted();
    world.later(600);
    let early = push.clone().header("authorization", &renewed(NOW + 600));
    early.send().await.is(429, "TooManyProviderTokenUpdates");
    world.later(3_001);
    push.clone().send().await.is(403, "ExpiredProviderToken");
    push.header("authorization", &renewed(NOW + 3_601))
        .send()
        .await
        .accepted();
}

#[tokio::test]
async fn a_provider_that_starts_anew_with_a_new_token_is_served() {
    let world = World::start().await;
    let phone = world.phone("phone").await;
    world.silent(&phone.token).send().await.accepted();
    world.later(1);
    let token = format!("bearer {}", provider_token(&world.pem, NOW + 1));
    let restarted = world.silent(&phone.token).header("authorization", &token);
    restarted.client(&http2_client()).send().await.accepted();
}

//! The client against a push service that checks what Apple checks.
#![allow(clippy::unwrap_used)]

use apns_sim::{Config, ProviderKey, Running, Server, tls::Identity};
use truebadge_protocol::messages::{PushEnvironment, PushTokenEnded};
use truebadge_relay::{
    apns::{Answer, Client, Endpoints, ProviderTokens, generate_key},
    clock::Clock,
    planner::Lane,
    store::{Outgoing, PushKey},
};

const TOPIC: &str = "com.example.app";

struct World {
    key: String,
    running: Running,
    certificate: Option<String>,
}

impl World {
    async fn start(tls: bool) -> Self {
        let key = generate_key().unwrap();
        let provider = ProviderKey::from_pem("TEAMID1234", "KEYID12345", &key).unwrap();
        let mut config = Config::new(provider, vec![TOPIC.to_owned()]);
        let identity = tls.then(|| Identity::generate(&[]).unwrap());
        let certificate = identity
            .as_ref()
            .map(|identity| identity.certificate_pem().to_owned());
        config.tls = identity;
        let running = Server::start(config).await.unwrap();
        Self {
            key,
            running,
            certificate,
        }
    }

    fn client(&self, key: &str, key_id: &str, authority: Option<&str>) -> Client {
        let tokens = ProviderTokens::new(key.as_bytes(), key_id, "TEAMID1234").unwrap();
        let endpoints = Endpoints::both(&self.running.provider_url).unwrap();
        Client::new(endpoints, tokens, authority.map(str::as_bytes)).unwrap()
    }
}

/// To a device that the service does not know: it says so only once everything else is right.
fn push(topic: &str, payload: &str) -> Outgoing {
    Outgoing {
        key: PushKey {
            device: 1,
            counter: 1,
        },
        lane: Lane::Silent,
        push_token: "00112233".to_owned(),
        environment: PushEnvironment::Sandbox,
        topic: topic.to_owned(),
        collapse_id: "route".to_owned(),
        attempts: 0,
        payload: payload.as_bytes().to_vec(),
    }
}

fn good() -> Outgoing {
    push(TOPIC, r#"{"aps":{"content-available":1}}"#)
}

fn now() -> u64 {
    Clock::system().now() / 1000
}

fn unknown_device() -> Answer {
    Answer::TokenEnded(PushTokenEnded::BadDeviceToken)
}

#[tokio::test]
async fn a_signed_push_is_understood_in_cleartext_and_over_tls() {
    for tls in [false, true] {
        let world = World::start(tls).await;
        let client = world.client(&world.key, "KEYID12345", world.certificate.as_deref());
        assert_eq!(
            client.send(&good(), now()).await,
            unknown_device(),
            "tls: {tls}"
        );
    }
}

#[tokio::test]
async fn a_service_whose_certificate_is_not_trusted_gets_nothing() {
    let world = World::start(true).await;
    let other = Identity::generate(&[]).unwrap();
    let client = world.client(&world.key, "KEYID12345", Some(other.certificate_pem()));
    let answer = client.send(&good(), now()).await;
    assert!(matches!(answer, Answer::Again { .. }), "{answer:?}");
}

#[tokio::test]
async fn a_key_that_the_service_does_not_know_is_the_operator_s_to_correct() {
    let world = World::start(false).await;
    for (key, key_id) in [
        (generate_key().unwrap(), "KEYID12345"),
        (world.key.clone(), "OTHERKEY12"),
    ] {
        let client = world.client(&key, key_id, None);
        let answer = client.send(&good(), now()).await;
        assert!(matches!(answer, Answer::Misconfigured(_)), "{answer:?}");
    }
}

#[tokio::test]
async fn a_clock_that_is_an_hour_slow_is_the_operator_s_to_correct() {
    let world = World::start(false).await;
    let client = world.client(&world.key, "KEYID12345", None);
    let answer = client.send(&good(), now() - 2 * 3600).await;
    assert!(matches!(answer, Answer::Misconfigured(_)), "{answer:?}");
}

#[tokio::test]
async fn a_push_that_breaks_apple_s_rules_is_refused_for_good() {
    let world = World::start(false).await;
    let client = world.client(&world.key, "KEYID12345", None);
    let large = format!(
        r#"{{"aps":{{"content-available":1}},"x":"{}"}}"#,
        "x".repeat(4096)
    );
    let answer = client.send(&push(TOPIC, &large), now()).await;
    assert_eq!(answer, Answer::Refused("PayloadTooLarge".to_owned()));
}

#[tokio::test]
async fn a_service_that_is_not_there_is_tried_again() {
    let world = World::start(false).await;
    let client = world.client(&world.key, "KEYID12345", None);
    world.running.shutdown().await;
    let answer = client.send(&good(), now()).await;
    assert!(matches!(answer, Answer::Again { .. }), "{answer:?}");
}

#[tokio::test]
async fn a_service_that_breaks_off_may_have_taken_the_push() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let service = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        // Until the push itself is among what came.
        let (mut came, mut part) = (Vec::new(), [0; 1024]);
        while !came
            .windows(17)
            .any(|window| window == b"content-available")
        {
            let bytes = tokio::io::AsyncReadExt::read(&mut stream, &mut part);
            let bytes = bytes.await.unwrap();
            assert!(bytes > 0);
            came.extend_from_slice(&part[..bytes]);
        }
    });
    let key = generate_key().unwrap();
    let tokens = ProviderTokens::new(key.as_bytes(), "KEYID12345", "TEAMID1234").unwrap();
    let client = Client::new(Endpoints::both(&address).unwrap(), tokens, None).unwrap();
    let answer = client.send(&good(), now()).await;
    assert!(matches!(answer, Answer::Unknown { .. }), "{answer:?}");
    service.await.unwrap();
}

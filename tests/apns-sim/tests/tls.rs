//! Encryption for providers, and that nothing goes over a network without it.

#![allow(clippy::unwrap_used)]

mod support;

use std::net::SocketAddr;

use apns_sim::tls::Identity;
use apns_sim::{Config, Server, StartError};
use support::{TOPIC, World, http2_client, new_key, provider_key};

fn trusting(pem: &str) -> reqwest::Client {
    http2_client(); // installs the cryptography
    let certificate = reqwest::Certificate::from_pem(pem.as_bytes()).unwrap();
    let builder = reqwest::Client::builder().tls_certs_only([certificate]);
    builder.build().unwrap()
}

#[tokio::test]
async fn a_provider_that_trusts_the_certificate_pushes_over_tls() {
    let identity = Identity::generate(&[]).unwrap();
    let pem = identity.certificate_pem().to_owned();
    let world = World::configured(|config| config.tls = Some(identity)).await;
    assert!(world.running.provider_url.starts_with("https://127.0.0.1:"));
    let mut phone = world.phone("phone").await;
    let push = world.painted(&phone.token, 3).client(&trusting(&pem));
    push.send().await.accepted(); // over HTTP/2, agreed on by ALPN
    assert_eq!(phone.push().await["badge"], 3);
}

#[tokio::test]
async fn a_provider_that_trusts_another_certificate_does_not_push() {
    let identity = Identity::generate(&[]).unwrap();
    let world = World::configured(|config| config.tls = Some(identity)).await;
    let other = Identity::generate(&[]).unwrap();
    let client = trusting(other.certificate_pem());
    let url = format!("{}/3/device/00", world.running.provider_url);
    assert!(client.post(url).send().await.is_err());
}

#[tokio::test]
async fn cleartext_is_only_for_loopback() {
    let everywhere = SocketAddr::from(([0, 0, 0, 0], 0));
    let config = || Config::new(provider_key(&new_key()), vec![TOPIC.to_owned()]);

    let mut open = config();
    open.provider = everywhere;
    let refused = Server::start(open).await.unwrap_err();
    assert!(matches!(refused, StartError::Cleartext(_)), "{refused}");

    let mut open = config();
    open.phones = everywhere;
    open.tls = Some(Identity::generate(&[]).unwrap());
    let refused = Server::start(open).await.unwrap_err();
    assert!(
        matches!(refused, StartError::Cleartext(_)),
        "phones never speak TLS here"
    );

    let mut encrypted = config();
    encrypted.provider = everywhere;
    encrypted.tls = Some(Identity::generate(&[]).unwrap());
    Server::start(encrypted).await.unwrap().shutdown().await;
}

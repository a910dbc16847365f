//! `serve`.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use serde_json::json;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::{Notify, watch},
};

use super::{Correct, Output};
use crate::{
    apns::{Client, Endpoints, ProviderTokens},
    clock::Clock,
    config::Settings,
    driver::Driver,
    http::{self, App, RateLimiter, Work},
    secret::Hash,
    store::{Store, sqlite::SqliteStore},
    tidy,
};

/// Requests and pushes that are under way when the relay is stopped get so long to end.
const GRACE: Duration = Duration::from_secs(10);
/// Shortest producer key that is accepted from a file or the environment.
const KEY_BYTES: usize = 24;

/// Serves until stopped.
pub fn serve(database: &Path, settings: &Settings, output: Output) -> anyhow::Result<()> {
    let client = client(settings)?;
    let rules = settings.rules().map_err(Correct)?;
    let store = SqliteStore::open(database, client.is_some().then_some(rules));
    #[cfg(feature = "faults")]
    let store = store.map(|store| store.with_fault(settings.fault));
    let store: Arc<dyn Store> = Arc::new(store.map_err(Correct::from)?);
    let producer = producer_key(settings)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")?;
    let served = runtime.block_on(async {
        let listener = listen(settings.address()).await?;
        let app = App {
            store,
            clock: Clock::system(),
            bell: Arc::new(Notify::new()),
            producer,
            limiter: Arc::new(RateLimiter::new(settings.limits())),
            work: Work::Threads,
        };
        run(listener, app, client, output).await
    });
    runtime.shutdown_timeout(Duration::from_secs(1));
    served
}

async fn run(
    listener: TcpListener,
    app: App,
    client: Option<Client>,
    output: Output,
) -> anyhow::Result<()> {
    app.store.release_claims()?;
    let (stopper, stop) = watch::channel(false);
    let store = Arc::clone(&app.store);
    tokio::spawn(tidy::run(store, app.clock.clone(), stop.clone()));
    let pushing = if let Some(client) = client {
        let (store, bell) = (Arc::clone(&app.store), Arc::clone(&app.bell));
        let driver = Driver::new(store, client, app.clock.clone(), bell);
        Some(tokio::spawn(driver.run(stop.clone())))
    } else {
        tracing::warn!("no pushes are sent: set --apns-key, --apns-key-id and --apns-team-id");
        None
    };
    let signals = stopped()?;
    let url = format!("http://{}", listener.local_addr()?);
    let line = json!({ "event": "listening", "url": url });
    output.line(&line, &format!("listening on {url}"))?;
    let serving = tokio::spawn(http::serve(listener, app, stop));
    signals.await;
    tracing::info!("stopping");
    stopper.send_replace(true);
    let ended = tokio::time::timeout(GRACE, async {
        if let Some(pushing) = pushing {
            pushing.await?;
        }
        anyhow::Ok(serving.await?)
    });
    match ended.await {
        Ok(ended) => ended,
        Err(_) => Ok(()), // the rest is in the database, and will be sent when serving again
    }
}

/// Ends with SIGINT or SIGTERM.
fn stopped() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Correct> {
    TcpListener::bind(address).await.map_err(|error| {
        let what = match error.kind() {
            std::io::ErrorKind::AddrInUse => "is in use: stop the program that has it, or",
            _ => "cannot be listened on:",
        };
        Correct(format!(
            "{address} {what} name another address with --listen"
        ))
    })
}

/// The client for APNs, if it is configured.
fn client(settings: &Settings) -> Result<Option<Client>, Correct> {
    let (key, key_id, team_id) = match (
        &settings.apns_key,
        &settings.apns_key_id,
        &settings.apns_team_id,
    ) {
        (Some(key), Some(key_id), Some(team_id)) => (key, key_id, team_id),
        (None, None, None) if settings.apns_endpoint.is_some() || settings.apns_ca.is_some() => {
            let what = "--apns-endpoint and --apns-ca say where pushes go, but there is no key to send \
                        any with: set --apns-key, --apns-key-id and --apns-team-id too";
            return Err(Correct(what.to_owned()));
        }
        (None, None, None) => return Ok(None),
        _ => {
            let what = "--apns-key, --apns-key-id and --apns-team-id go together: set all three";
            return Err(Correct(what.to_owned()));
        }
    };
    let pem = read(key, "the APNs key")?;
    let tokens = ProviderTokens::new(&pem, key_id, team_id)
        .map_err(|error| Correct(format!("{} cannot be used: {error}", key.display())))?;
    let endpoints = match &settings.apns_endpoint {
        Some(address) => Endpoints::both(address),
        None => Endpoints::apple(),
    };
    let authority = settings.apns_ca.as_deref();
    let authority = authority
        .map(|path| read(path, "the CA file"))
        .transpose()?;
    endpoints
        .and_then(|endpoints| Client::new(endpoints, tokens, authority.as_deref()))
        .map(Some)
        .map_err(|error| Correct(error.to_string()))
}

/// A producer key that is configured, not in the database.
fn producer_key(settings: &Settings) -> Result<Option<Hash>, Correct> {
    let key = match &settings.producer_key_file {
        Some(path) => String::from_utf8(read(path, "the producer key")?)
            .map_err(|_| Correct(format!("{} is not text", path.display())))?,
        None => match std::env::var("TRUEBADGE_PRODUCER_KEY") {
            Ok(key) => key,
            Err(_) => return Ok(None),
        },
    };
    let key = key.trim();
    if key.len() < KEY_BYTES {
        let what = format!(
            "the producer key is shorter than {KEY_BYTES} characters: make one with \
             `truebadge-relay keygen`"
        );
        return Err(Correct(what));
    }
    Ok(Some(Hash::of(key)))
}

fn read(path: &Path, what: &str) -> Result<Vec<u8>, Correct> {
    std::fs::read(path)
        .map_err(|error| Correct(format!("{what} {} cannot be read: {error}", path.display())))
}

//! Plays the cases: one listener in cleartext, one with TLS that nobody trusts, one that never says
//! a word, and one at which the runner of the list asks what the others saw.

use std::{collections::HashMap, io, net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use rcgen::{CertificateParams, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    io::{
        AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufStream,
    },
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    case::{Case, Play, Step},
    cases,
    http::{self, Came, answer},
};

/// The first byte of a TLS connection (RFC 8446, section 5.1: a handshake record).
const TLS: u8 = 22;

/// Where the listeners are, as `http://HOST:PORT` or `https://HOST:PORT`.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// Plays the cases.
    pub plain: String,
    /// Plays them with TLS, under a certificate that was made on the spot.
    pub tls: String,
    /// Takes connections and says nothing.
    pub silent_tls: String,
    /// Nobody listens here.
    pub nobody: String,
    /// Answers `/arrived/CASE`, `/gone/CASE` and `/close/CASE` when that is so.
    pub control: String,
}

/// A server that plays all cases, until it is dropped. Each case can be run once.
#[derive(Debug)]
pub struct Server {
    /// The cases.
    pub cases: Vec<Case>,
    listeners: JoinSet<io::Result<()>>,
}

impl Server {
    /// Starts to listen on loopback, at ports that the system chooses.
    pub async fn start() -> anyhow::Result<Self> {
        let (plain, plain_at) = listen().await?;
        let (tls, tls_at) = listen().await?;
        let (silent, silent_at) = listen().await?;
        let (control, control_at) = listen().await?;
        let (nobody, nobody_at) = listen().await?;
        drop(nobody);
        let cases = cases::all(&Addresses {
            plain: format!("http://{plain_at}"),
            tls: format!("https://{tls_at}"),
            silent_tls: format!("https://{silent_at}"),
            nobody: format!("http://{nobody_at}"),
            control: format!("http://{control_at}"),
        });
        let stage = Arc::new(Stage::new(&cases));
        let acceptor = acceptor().context("cannot make a certificate")?;
        let mut listeners = JoinSet::new();
        let actors = Arc::clone(&stage);
        listeners.spawn(each(plain, move |connection| {
            Arc::clone(&actors).act(connection)
        }));
        let actors = Arc::clone(&stage);
        listeners.spawn(each(tls, move |connection| {
            let (acceptor, stage) = (acceptor.clone(), Arc::clone(&actors));
            async move { stage.act(acceptor.accept(connection).await?).await }
        }));
        listeners.spawn(each(silent, |connection| async move {
            wait_for_end(&mut BufStream::new(connection)).await
        }));
        listeners.spawn(each(control, move |connection| {
            Arc::clone(&stage).tell(connection)
        }));
        Ok(Self { cases, listeners })
    }

    /// Serves until a listener fails, and says why.
    pub async fn run(mut self) -> anyhow::Result<()> {
        match self.listeners.join_next().await {
            Some(ended) => Ok(ended??),
            None => Ok(()),
        }
    }
}

async fn listen() -> anyhow::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.context("cannot listen on loopback")?;
    let at = listener.local_addr()?;
    Ok((listener, at))
}

/// A task for each connection; all of them end with the listener.
async fn each<F, W>(listener: TcpListener, serve: F) -> io::Result<()>
where
    F: Fn(TcpStream) -> W,
    W: Future<Output = io::Result<()>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        let (connection, _) = listener.accept().await?;
        connection.set_nodelay(true)?;
        connections.spawn(serve(connection));
        // A client that goes in the middle is what some cases are about.
        while connections.try_join_next().is_some() {}
    }
}

fn acceptor() -> anyhow::Result<TlsAcceptor> {
    let pair = KeyPair::generate()?;
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names)?.self_signed(&pair)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(pair.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// What is played, and what was seen.
struct Stage(HashMap<&'static str, Scene>);

struct Scene {
    play: Play,
    arrived: watch::Sender<u64>,
    /// How many connections that a request of this case came over are open.
    open: watch::Sender<u64>,
    /// Grows when those connections have to be closed.
    close: watch::Sender<u64>,
}

impl Stage {
    fn new(cases: &[Case]) -> Self {
        let scene = |case: &Case| Scene {
            play: case.play.clone(),
            arrived: watch::Sender::new(0),
            open: watch::Sender::new(0),
            close: watch::Sender::new(0),
        };
        Self(cases.iter().map(|case| (case.name, scene(case))).collect())
    }

    /// A connection to the server of a case.
    async fn act(
        self: Arc<Self>,
        connection: impl AsyncRead + AsyncWrite + Unpin + Send,
    ) -> io::Result<()> {
        let mut connection = BufStream::new(connection);
        if connection.fill_buf().await?.first() == Some(&TLS) {
            return send(&mut connection, &answer(400, "", b"this is HTTP")).await;
        }
        let mut seen: Option<Open<'_>> = None;
        loop {
            let came = match &seen {
                None => http::read(&mut connection).await?,
                Some(open) => tokio::select! {
                    came = http::read(&mut connection) => came?,
                    () = open.has_to_close() => None,
                },
            };
            let Some(came) = came else { return Ok(()) };
            let Some(scene) = self.0.get(came.names().0) else {
                send(&mut connection, &answer(404, "", b"no such case")).await?;
                continue;
            };
            seen.get_or_insert_with(|| Open::new(scene));
            scene.arrived.send_modify(|number| *number += 1);
            if !scene.perform(&mut connection, &came).await? {
                return Ok(());
            }
        }
    }

    /// A connection of the runner of the list.
    async fn tell(self: Arc<Self>, connection: TcpStream) -> io::Result<()> {
        let mut connection = BufStream::new(connection);
        while let Some(came) = http::read(&mut connection).await? {
            let (what, case) = came.names();
            let scene = self.0.get(case).ok_or(io::ErrorKind::NotFound)?;
            if what == "close" {
                scene.close.send_modify(|number| *number += 1);
            }
            let seen = if what == "arrived" {
                scene
                    .arrived
                    .subscribe()
                    .wait_for(|number| *number > 0)
                    .await
                    .is_ok()
            } else {
                scene
                    .open
                    .subscribe()
                    .wait_for(|number| *number == 0)
                    .await
                    .is_ok()
            };
            debug_assert!(seen, "the stage holds the other end");
            send(&mut connection, &answer(200, "", what.as_bytes())).await?;
        }
        Ok(())
    }
}

impl Scene {
    /// Answers a request. `false`: the connection has to be closed.
    async fn perform<C>(&self, connection: &mut C, came: &Came) -> io::Result<bool>
    where
        C: AsyncBufRead + AsyncWrite + Unpin,
    {
        match &self.play {
            Play::Echo => send(connection, &self.echo(came)).await?,
            Play::CompressIfAsked => send(connection, &compressed_if_asked(came)).await?,
            Play::Script(steps) => {
                for step in steps {
                    match step {
                        Step::Send(bytes) => send(connection, bytes).await?,
                        Step::Forever(bytes, pause) => loop {
                            send(connection, bytes).await?;
                            tokio::time::sleep(*pause).await;
                        },
                        Step::Hold => {
                            wait_for_end(connection).await?;
                            return Ok(false);
                        }
                        Step::Close => return Ok(false),
                    }
                }
            }
        }
        Ok(true)
    }

    fn echo(&self, came: &Came) -> Vec<u8> {
        let number = *self.arrived.borrow();
        let rest = came.target.splitn(3, '/').nth(2).unwrap_or_default();
        let header = |name| came.header(name).unwrap_or("-");
        let body = match std::str::from_utf8(&came.body) {
            Ok(text @ "{\"up_to\":7}") => text.to_owned(),
            _ => format!("{} bytes", came.body.len()),
        };
        let text = format!(
            "{number} {} {rest} {} {} {} {body}",
            came.method,
            header("authorization"),
            header("content-type"),
            header("cookie"),
        );
        let headers = "set-cookie: kept=1; Path=/\r\ncache-control: max-age=3600\r\n";
        answer(200, headers, text.as_bytes())
    }
}

/// The text `plain`, in gzip for whoever takes that.
fn compressed_if_asked(came: &Came) -> Vec<u8> {
    const GZIP: &[u8] =
        b"\x1f\x8b\x08\0\0\0\0\0\x02\x03\x2b\xc8\x49\xcc\xcc\x03\0\xcf\x62\x20\x19\x05\0\0\0";
    match came.header("accept-encoding") {
        Some(takes) if takes.contains("gzip") => answer(200, "content-encoding: gzip\r\n", GZIP),
        _ => answer(200, "", b"plain"),
    }
}

/// Counts a connection as open while it lives.
struct Open<'a> {
    scene: &'a Scene,
    closings: u64,
}

impl<'a> Open<'a> {
    fn new(scene: &'a Scene) -> Self {
        scene.open.send_modify(|number| *number += 1);
        let closings = *scene.close.borrow();
        Self { scene, closings }
    }

    async fn has_to_close(&self) {
        let mut close = self.scene.close.subscribe();
        let asked = close.wait_for(|number| *number > self.closings).await;
        debug_assert!(asked.is_ok(), "the scene holds the other end");
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.scene.open.send_modify(|number| *number -= 1);
    }
}

async fn send(to: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    to.write_all(bytes).await?;
    to.flush().await
}

/// Waits until the client goes, whatever it says meanwhile.
async fn wait_for_end(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<()> {
    loop {
        let came = from.fill_buf().await?.len();
        if came == 0 {
            return Ok(());
        }
        from.consume(came);
    }
}

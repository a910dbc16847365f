//! The connection to APNs. A task of its own keeps it: it attaches while that is wanted, and
//! attaches again, with growing pauses, when the connection breaks.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures_util::StreamExt as _;
use serde::Deserialize;
use tokio::{
    net::TcpStream,
    sync::{mpsc, watch},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, protocol::WebSocketConfig},
};

/// Largest frame: a payload of 4,096 bytes with every byte escaped, and what is around it.
const FRAME_BYTES: usize = 64 * 1024;
/// How long a connection, a greeting or a farewell may take.
const PATIENCE: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A push, as iOS takes it apart.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PushFrame {
    /// Its `apns-id`.
    pub apns_id: String,
    /// The number that iOS paints by itself.
    #[serde(default)]
    pub badge: Option<u32>,
    /// What iOS shows; its text does not matter here.
    #[serde(default)]
    pub alert: Option<serde::de::IgnoredAny>,
    /// What iOS groups the notification by: the conversation.
    #[serde(default)]
    pub thread_id: Option<String>,
    /// Notifications with the same one replace each other.
    #[serde(default)]
    pub collapse_id: Option<String>,
    /// iOS starts the app.
    #[serde(default)]
    pub wake: bool,
    /// iOS starts the notification service extension.
    #[serde(default)]
    pub extension: bool,
    /// The payload's JSON text.
    pub payload: String,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Frame {
    Registered { push_token: String },
    Push(Box<PushFrame>),
}

/// What APNs tells the phone.
#[derive(Debug, Clone, PartialEq)]
pub enum FromApns {
    /// Attached, with this token.
    Attached(String),
    /// A push.
    Push(Box<PushFrame>),
    /// Detached, as wanted.
    Away,
    /// Not reachable, or it said what no APNs says; it is tried again.
    Trouble(String),
}

/// The phone's end of the connection.
#[derive(Debug)]
pub struct Apns {
    wanted: watch::Sender<bool>,
    said: mpsc::Receiver<FromApns>,
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

impl Apns {
    /// Attaches to apns-sim's phones listener as an install of an app. Needs a tokio runtime.
    pub fn attach(base: &str, topic: &str, install: &str) -> anyhow::Result<Self> {
        let base = base
            .strip_prefix("http://")
            .map(|rest| rest.trim_end_matches('/'))
            .context("--apns is an address such as http://127.0.0.1:2198")?;
        let address = format!("ws://{base}/phones/{topic}/{install}");
        let (wanted, wanting) = watch::channel(true);
        let (tell, said) = mpsc::channel(64);
        let line = Line {
            address,
            wanting,
            tell,
        };
        tokio::spawn(line.keep());
        Ok(Self { wanted, said })
    }

    /// Attach, or detach.
    pub fn want(&self, attached: bool) {
        self.wanted.send_replace(attached);
    }

    /// What APNs says next.
    pub async fn next(&mut self) -> FromApns {
        match self.said.recv().await {
            Some(said) => said,
            None => std::future::pending().await, // the runtime is ending
        }
    }
}

struct Line {
    address: String,
    wanting: watch::Receiver<bool>,
    tell: mpsc::Sender<FromApns>,
}

/// Why a conversation ended.
enum End {
    /// The phone does not want it any more.
    Unwanted,
    /// It broke.
    Broken(anyhow::Error),
}

impl Line {
    async fn keep(mut self) {
        let mut pause = FIRST_PAUSE;
        while until(&mut self.wanting, true).await {
            let begun = Instant::now();
            let End::Broken(error) = self.converse().await else {
                pause = FIRST_PAUSE;
                continue;
            };
            if begun.elapsed() > LONGEST_PAUSE {
                pause = FIRST_PAUSE; // it held for a while: this is a new trouble
            }
            if pause == FIRST_PAUSE {
                let sentence = format!("no connection to APNs, trying again: {error:#}");
                self.say(FromApns::Trouble(sentence)).await;
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = until(&mut self.wanting, false) => self.say(FromApns::Away).await,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn say(&self, what: FromApns) {
        let _ = self.tell.send(what).await; // nobody listens: the phone is ending
    }

    async fn converse(&mut self) -> End {
        let (mut socket, token) = match self.connect().await {
            Ok(connected) => connected,
            Err(error) => return End::Broken(error),
        };
        self.say(FromApns::Attached(token)).await;
        if let Some(error) = self.listen(&mut socket).await {
            return End::Broken(error);
        }
        // The farewell's answer means that APNs knows; a push that crosses it is kept there.
        let farewell = async {
            if socket.close(None).await.is_ok() {
                while let Some(Ok(_)) = socket.next().await {}
            }
        };
        let _ = tokio::time::timeout(PATIENCE, farewell).await;
        self.say(FromApns::Away).await;
        End::Unwanted
    }

    async fn connect(&self) -> anyhow::Result<(Socket, String)> {
        let config = WebSocketConfig::default()
            .max_message_size(Some(FRAME_BYTES))
            .max_frame_size(Some(FRAME_BYTES));
        let connecting = async {
            let (mut socket, _) =
                tokio_tungstenite::connect_async_with_config(&self.address, Some(config), true)
                    .await?;
            match next_frame(&mut socket).await? {
                Frame::Registered { push_token } => Ok((socket, push_token)),
                Frame::Push(_) => anyhow::bail!("it sent a push before the token"),
            }
        };
        tokio::time::timeout(PATIENCE, connecting)
            .await
            .context("it did not answer")?
    }

    /// Passes pushes on until the phone wants no more of them, or the connection breaks.
    async fn listen(&mut self, socket: &mut Socket) -> Option<anyhow::Error> {
        loop {
            let frame = tokio::select! {
                frame = next_frame(socket) => frame,
                _ = until(&mut self.wanting, false) => return None,
            };
            match frame {
                Ok(Frame::Push(push)) => self.say(FromApns::Push(push)).await,
                Ok(Frame::Registered { push_token }) => {
                    self.say(FromApns::Attached(push_token)).await;
                }
                Err(error) => return Some(error),
            }
        }
    }
}

/// Waits until this is wanted; false when nobody can want anything any more.
async fn until(wanting: &mut watch::Receiver<bool>, attached: bool) -> bool {
    wanting.wait_for(|wanted| *wanted == attached).await.is_ok()
}

async fn next_frame(socket: &mut Socket) -> anyhow::Result<Frame> {
    loop {
        let message = socket.next().await.context("it hung up")??;
        match message {
            Message::Text(text) => {
                return serde_json::from_str(&text).context("it sent an unknown frame");
            }
            Message::Close(_) => anyhow::bail!("it hung up"),
            _ => {} // pings are answered by themselves
        }
    }
}

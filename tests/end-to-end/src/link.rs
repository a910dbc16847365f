//! A phone's way to the relay, which can be cut and mended.

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Passes connections on to the relay while it is up. Dropping it ends them.
#[derive(Debug)]
pub struct Link {
    /// The address that stands for the relay's.
    pub url: String,
    up: watch::Sender<bool>,
}

impl Link {
    /// A way to what listens there, up.
    pub async fn to(relay: &str) -> anyhow::Result<Self> {
        let relay = relay.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (up, is_up) = watch::channel(true);
        tokio::spawn(pass_on(listener, relay, is_up));
        Ok(Self { url, up })
    }

    /// Cuts every connection, and lets no new one through.
    pub fn cut(&self) {
        self.up.send_replace(false);
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        self.up.send_replace(true);
    }
}

async fn pass_on(listener: TcpListener, relay: String, mut up: watch::Receiver<bool>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            changed = up.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return, // the link was dropped
            },
        };
        let Ok((mut phone, _)) = accepted else { return };
        if !*up.borrow() {
            continue;
        }
        let (relay, mut up) = (relay.clone(), up.clone());
        tokio::spawn(async move {
            let passing = async {
                let mut relay = TcpStream::connect(relay).await?;
                copy_bidirectional(&mut phone, &mut relay).await
            };
            tokio::select! {
                _ = passing => {}
                _ = up.wait_for(|up| !up) => {}
            }
        });
    }
}

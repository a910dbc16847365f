//! A phone's process as the test holds it.

use std::{
    io::{BufRead as _, BufReader, Lines, Write as _},
    path::{Path, PathBuf},
    process::{ChildStdin, ChildStdout, Command, Stdio},
    thread::JoinHandle,
};

use truebadge_protocol::DeviceId;

use crate::{
    host::DEVICE,
    obey::Role,
    orders::{Done, Line, Order},
    relay::Relay,
};

/// A trust store of one certificate, of which nobody has the key.
const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/authority.pem");

/// What a phone's processes have in common.
#[derive(Debug, Clone)]
pub struct Phone {
    /// The program `phone-process`.
    pub program: PathBuf,
    /// The folder of the store.
    pub store: PathBuf,
    /// The icon.
    pub icon: PathBuf,
    /// The phone's name.
    pub device: DeviceId,
    /// Its device token.
    pub token: Option<String>,
    /// Rows in a page.
    pub page: Option<u32>,
    /// The relay's address.
    pub relay: String,
    /// The account.
    pub account: String,
}

impl Phone {
    /// A phone in this folder, without a store, that may talk to this relay.
    pub fn new(program: &str, folder: &Path, relay: &Relay) -> Self {
        let store = folder.join("store");
        std::fs::create_dir_all(&store).unwrap();
        Self {
            program: program.into(),
            store,
            icon: folder.join("icon"),
            device: DeviceId::new(DEVICE).unwrap(),
            token: Some(relay.mint()),
            page: None,
            relay: relay.url.clone(),
            account: relay.account.as_str().to_owned(),
        }
    }

    /// Starts one of its processes.
    pub fn start(&self, role: Role) -> Child {
        let mut command = Command::new(&self.program);
        let role = match role {
            Role::App => "app",
            Role::Extension => "extension",
        };
        command.args(["--process", role, "--account", &self.account]);
        command.args(["--device", self.device.as_str(), "--relay", &self.relay]);
        command.arg("--store").arg(&self.store);
        command.arg("--icon").arg(&self.icon);
        if let Some(token) = &self.token {
            command.args(["--token", token]);
        }
        if let Some(page) = self.page {
            command.args(["--page", &page.to_string()]);
        }
        command.env("NO_PROXY", "127.0.0.1"); // everything is on this machine
        // There is no TLS here, and to read the system's hundred certificates takes an unoptimized
        // program longer than all the rest of its life.
        command
            .env("SSL_CERT_FILE", AUTHORITY)
            .env_remove("SSL_CERT_DIR");
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Child {
            input: process.stdin.take(),
            lines: BufReader::new(process.stdout.take().unwrap()).lines(),
            process,
        }
    }
}

/// A running phone's process. Dropping it kills it.
#[derive(Debug)]
pub struct Child {
    process: std::process::Child,
    input: Option<ChildStdin>,
    lines: Printed,
}

type Printed = Lines<BufReader<ChildStdout>>;

impl Child {
    /// Its number.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Gives an order. It is carried out after those before it.
    pub fn send(&mut self, order: &Order) {
        let input = self.input.as_mut().unwrap();
        write(input, order).unwrap();
    }

    /// Gives orders from a thread of their own, until the phone takes no more. Its input stays open
    /// until the thread is joined.
    pub fn feed(&mut self, orders: Vec<Order>) -> JoinHandle<Option<ChildStdin>> {
        let mut input = self.input.take();
        std::thread::spawn(move || {
            if let Some(input) = &mut input {
                // A phone that was killed takes none.
                let _ = orders.iter().try_for_each(|order| write(input, order));
            }
            input
        })
    }

    /// The next line that it prints; none when it has ended.
    pub fn line(&mut self) -> Option<Line> {
        next(&mut self.lines)
    }

    /// Reads what it prints in a thread of its own until it ends, so that it never waits. Orders can
    /// be given meanwhile through what comes first; without it there are no more.
    pub fn listen(mut self) -> (Orders, JoinHandle<Vec<Line>>) {
        let orders = Orders(self.input.take().unwrap());
        let listener = std::thread::spawn(move || {
            let printed = std::iter::from_fn(|| self.line()).collect();
            let ended = self.process.wait().unwrap();
            assert!(ended.success(), "the phone ended: {ended}");
            printed
        });
        (orders, listener)
    }

    /// Gives an order, and waits until it is carried out.
    pub fn obey(&mut self, order: &Order) -> Done {
        self.send(order);
        self.done()
    }

    /// What became of the next order.
    pub fn done(&mut self) -> Done {
        loop {
            match self.line() {
                Some(Line::Done(done)) => return done,
                Some(_) => {}
                None => panic!("the phone ended: {:?}", self.process.wait()),
            }
        }
    }

    /// SIGKILL; gives what it had printed and nobody had read yet.
    pub fn kill(&mut self) -> Vec<Line> {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        std::iter::from_fn(|| self.line()).collect()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The way to a phone that is listened to.
#[derive(Debug)]
pub struct Orders(ChildStdin);

impl Orders {
    /// Gives an order. Waits while the phone is behind with too many.
    pub fn give(&mut self, order: &Order) {
        write(&mut self.0, order).unwrap();
    }
}

fn next(lines: &mut Printed) -> Option<Line> {
    let line = lines.next()?.unwrap();
    Some(serde_json::from_str(&line).unwrap_or_else(|_| panic!("the phone printed {line}")))
}

fn write(input: &mut ChildStdin, order: &Order) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(order)?;
    line.push(b'\n');
    input.write_all(&line)
}

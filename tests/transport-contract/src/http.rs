//! As much of HTTP/1.1 as the server must read.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};

/// Longest line of a request's head.
const LINE: u64 = 16 * 1024;
/// Most lines of a request's head.
const LINES: usize = 100;

/// A request that came.
#[derive(Debug, Default)]
pub(crate) struct Came {
    pub(crate) method: String,
    pub(crate) target: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Came {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The first part of the path, which names the case, and the second.
    pub(crate) fn names(&self) -> (&str, &str) {
        let path = self.target.split('?').next().unwrap_or_default();
        let mut parts = path.split('/').skip(1);
        (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
        )
    }
}

/// The next request; none when the client has gone.
pub(crate) async fn read(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Came>> {
    let Some(first) = line(from).await? else {
        return Ok(None);
    };
    let mut words = first.split(' ').map(str::to_owned);
    let mut came = Came {
        method: words.next().unwrap_or_default(),
        target: words.next().unwrap_or_default(),
        ..Came::default()
    };
    for _ in 0..LINES {
        let line = line(from).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if line.is_empty() {
            let length = came.header("content-length").unwrap_or("0");
            let length = length.parse().map_err(|_| io::ErrorKind::InvalidData)?;
            from.take(length).read_to_end(&mut came.body).await?;
            return Ok(Some(came));
        }
        let (name, value) = line.split_once(':').ok_or(io::ErrorKind::InvalidData)?;
        came.headers
            .push((name.to_lowercase(), value.trim().to_owned()));
    }
    Err(io::ErrorKind::InvalidData.into())
}

async fn line(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<String>> {
    let mut line = String::new();
    if from.take(LINE).read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// An answer with a body of known length, after which the connection stays open.
pub(crate) fn answer(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut bytes =
        format!("HTTP/1.1 {status} Answer\r\n{headers}content-length: {length}\r\n\r\n")
            .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

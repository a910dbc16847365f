//! A request and its answer, for a report: bounded, and with the secrets out.

use std::fmt::Write;

use http::HeaderMap;

/// Of a body, so much is kept.
const KEPT: usize = 64 * 1024;
/// Of a body, so much is shown.
const SHOWN: usize = 1500;

/// A request, and the answer to it if one came.
#[derive(Debug, Clone, Default)]
pub struct Exchange {
    /// Method and path.
    pub request: String,
    /// Whose credentials went along.
    pub credentials: &'static str,
    /// The other headers that say something.
    pub headers: Vec<(String, String)>,
    /// The request's body.
    pub body: String,
    /// The answer's status.
    pub status: Option<u16>,
    /// The answer's headers that say something.
    pub answer_headers: Vec<(String, String)>,
    /// The answer's body, or why none came.
    pub answer: String,
}

impl Exchange {
    /// Takes over the answer.
    pub fn answered(&mut self, status: u16, headers: &HeaderMap, body: &[u8]) {
        self.status = Some(status);
        self.answer = kept(body);
        let telling = ["content-type", "retry-after", "allow", "www-authenticate"];
        self.answer_headers = telling
            .iter()
            .filter_map(|name| {
                let value = headers.get(*name)?.to_str().ok()?;
                Some(((*name).to_owned(), value.to_owned()))
            })
            .collect();
    }

    /// As lines of text, with everything still in them: see [`without`].
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a text cannot fail.
        let _ = writeln!(text, "> {}", self.request);
        if !self.credentials.is_empty() {
            let _ = writeln!(text, "> authorization: Bearer <{}>", self.credentials);
        }
        for (name, value) in &self.headers {
            let _ = writeln!(text, "> {name}: {value}");
        }
        if !self.body.is_empty() {
            let _ = writeln!(text, "> {}", one_line(&self.body));
        }
        match self.status {
            Some(status) => {
                let _ = writeln!(text, "< {status}");
            }
            None => text.push_str("< no answer\n"),
        }
        for (name, value) in &self.answer_headers {
            let _ = writeln!(text, "< {name}: {value}");
        }
        if !self.answer.is_empty() {
            let _ = writeln!(text, "< {}", one_line(&self.answer));
        }
        text
    }
}

/// What is kept of a body.
pub fn kept(body: &[u8]) -> String {
    let part = body.get(..KEPT).unwrap_or(body);
    String::from_utf8_lossy(part).into_owned()
}

/// Without line breaks and other control characters.
pub fn one_line(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(plain).collect()
}

/// What may be shown of a text: secrets are replaced, then each line is cut.
pub fn without(text: &str, secrets: &[String]) -> String {
    let replaced = secrets.iter().fold(text.to_owned(), |text, secret| {
        text.replace(secret.as_str(), "<secret>")
    });
    let lines: Vec<String> = replaced.lines().map(cut).collect();
    lines.join("\n")
}

fn cut(line: &str) -> String {
    if line.len() <= SHOWN {
        return line.to_owned();
    }
    let end = line.floor_char_boundary(SHOWN);
    format!("{}… ({} bytes in all)", &line[..end], line.len())
}

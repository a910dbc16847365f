//! A page of changes, taken apart strictly: what holds for every page is checked on every page.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    case::{Verdict, ensure, same},
    counting::{Row, Totals, name, number},
};

/// What was asked for.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// `epoch`.
    pub epoch: Option<String>,
    /// `since`.
    pub since: Option<u64>,
    /// `limit`.
    pub limit: Option<u64>,
    /// `received`.
    pub received: Vec<u64>,
}

impl Query {
    /// As it stands behind the path.
    pub fn text(&self) -> String {
        let mut parts = Vec::new();
        if let Some(epoch) = &self.epoch {
            let epoch: String = url::form_urlencoded::byte_serialize(epoch.as_bytes()).collect();
            parts.push(format!("epoch={epoch}"));
        }
        parts.extend(self.since.map(|since| format!("since={since}")));
        parts.extend(self.limit.map(|limit| format!("limit={limit}")));
        if !self.received.is_empty() {
            let list: Vec<String> = self.received.iter().map(u64::to_string).collect();
            parts.push(format!("received={}", list.join(",")));
        }
        if parts.is_empty() {
            return String::new();
        }
        format!("?{}", parts.join("&"))
    }
}

/// A page of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // the fields of the protocol's answer
pub struct Page {
    pub epoch: String,
    pub reset: bool,
    pub rows: Vec<Row>,
    pub next: u64,
    pub head: u64,
    pub more: bool,
    pub totals: Totals,
    pub digest: String,
    pub acknowledged: u64,
    pub last_push: u64,
}

impl Page {
    /// Takes an answer apart, and checks what holds for each page.
    pub fn read(value: &Value, query: &Query) -> Verdict<Self> {
        let boolean = |field: &str| -> Verdict<bool> {
            let seen = &value[field];
            ensure(seen.is_boolean(), format!("{field}: true or false"), seen)?;
            Ok(seen == true)
        };
        let changes = value["changes"].as_array();
        ensure(changes.is_some(), "changes: a list", &value["changes"])?;
        let rows = changes.into_iter().flatten().map(Row::read);
        let page = Self {
            epoch: name(&value["epoch"], 64, "epoch")?,
            reset: boolean("reset")?,
            rows: rows.collect::<Verdict<_>>()?,
            next: number(&value["next"], "next")?,
            head: number(&value["head"], "head")?,
            more: boolean("more")?,
            totals: Totals::read(&value["totals"])?,
            digest: name(&value["digest"], 16, "digest")?,
            acknowledged: number(&value["acknowledged"], "acknowledged")?,
            last_push: number(&value["last_push"], "last_push")?,
        };
        number(&value["server_time"], "server_time")?;
        page.check(query)?;
        Ok(page)
    }

    fn check(&self, query: &Query) -> Verdict {
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let written = self.digest.len() == 16 && self.digest.bytes().all(hex);
        let expected = "digest: 16 lower-case hexadecimal digits";
        ensure(written, expected, &self.digest)?;
        let most = query.limit.unwrap_or(500);
        let count = self.rows.len();
        let within = u64::try_from(count).is_ok_and(|count| count <= most);
        ensure(within, format!("at most {most} rows"), count)?;
        let versions: Vec<u64> = self.rows.iter().map(|row| row.version).collect();
        let ascending = versions.is_sorted_by(|one, other| one < other);
        ensure(
            ascending,
            "rows in ascending version",
            format!("{versions:?}"),
        )?;
        let ids: BTreeSet<&str> = self.rows.iter().map(|row| row.id.as_str()).collect();
        same("conversations in a page, each once", count, ids.len())?;
        let last = versions.last().copied().unwrap_or(0);
        let past = "no row beyond `head`";
        ensure(
            last <= self.head,
            past,
            format!("{last} beyond {}", self.head),
        )?;
        if self.more {
            same(
                "`next` of a page that has more: its last row",
                last,
                self.next,
            )?;
        } else {
            same("`next` of the last page: `head`", self.head, self.next)?;
        }
        if self.reset {
            let inactive = self.rows.iter().find(|row| !row.is_active());
            let expected = "a reset's rows: active conversations only";
            return ensure(inactive.is_none(), expected, format!("{inactive:?}"));
        }
        let since = query.since.unwrap_or(0);
        let above = versions.first().is_none_or(|first| *first > since);
        ensure(
            above,
            format!("rows above {since}"),
            format!("{versions:?}"),
        )
    }
}

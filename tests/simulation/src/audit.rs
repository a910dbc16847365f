//! Looks into the phone's store from beside, as nobody does in production: what the operations hold,
//! whether sums and rows belong together, whether anybody holds a lock.

use std::{
    path::{Path, PathBuf},
    rc::Rc,
};

use rusqlite::{Connection, OpenFlags, Row};
use truebadge_engine::{
    overlay::{Before, PendingKind, PendingOperation},
    simulation::{Commits, MemoryStore},
};
use truebadge_protocol::{
    BadgePolicy, ConversationId, ConversationState, Digest, Level, Position, Totals, Version,
    messages::Action,
};

use crate::ground::Ground;

/// A connection of our own, which holds no lock between two looks.
#[derive(Debug)]
pub struct Audit {
    path: PathBuf,
    /// Looks into the store in memory, while the store is there.
    memory: Option<Memory>,
    file: Option<Connection>,
    seen: Seen,
}

#[derive(Debug)]
struct Memory {
    connection: Rc<Connection>,
    commits: Commits,
}

/// What was read since somebody last wrote.
#[derive(Debug, Default)]
struct Seen {
    /// How often something had been committed.
    commits: Option<u64>,
    accounts: Option<Rc<[AccountRow]>>,
    operations: Option<Rc<[Recorded]>>,
    sums: Option<Result<(), String>>,
}

/// An account as the store has it.
#[derive(Debug, Clone)]
pub struct AccountRow {
    /// Its name on the phone.
    pub account: String,
    /// It counts.
    pub counts: bool,
    /// Its mirror knows all that its relay told of.
    pub complete: bool,
    /// The version that its mirror has reached; none before its first sync.
    pub cursor: Option<u64>,
    /// The digest of its mirror.
    pub digest: Digest,
    key: i64,
    /// What its mirror adds up to.
    totals: Totals,
}

impl AccountRow {
    /// Its mirror is still the same.
    pub fn is_mirrored_as(&self, other: &Self) -> bool {
        (self.key, self.cursor, self.digest) == (other.key, other.cursor, other.digest)
    }
}

/// An operation that was recorded.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Whose it is.
    pub account: String,
    /// Its id.
    pub id: String,
    /// Where.
    pub conversation: ConversationId,
    /// As it is laid over the base.
    pub pending: PendingOperation,
    /// As the relay is told.
    pub action: Action,
}

impl Audit {
    /// Of this ground's store, which lies in memory or in a file from now on.
    pub fn of(ground: &Ground, in_file: bool) -> Self {
        ground.phone.begin_use();
        if in_file {
            MemoryStore::end_use();
        }
        Self {
            path: ground.directory.path().join("truebadge.sqlite"),
            memory: (!in_file).then(|| Memory {
                connection: Rc::clone(&ground.looker),
                commits: ground.phone.commits(),
            }),
            file: None,
            seen: Seen::default(),
        }
    }

    /// The store lies in a file from now on, if it did not yet. Not while a process has it open: false
    /// then.
    pub fn move_to_file(&mut self, ground: &Ground) -> bool {
        if self.memory.is_none() {
            return true;
        }
        if ground.phone.is_open() || ground.phone.write_to(&self.path).is_err() {
            return false;
        }
        MemoryStore::end_use();
        self.memory = None;
        true
    }

    /// The file was replaced.
    pub fn forget(&mut self) {
        (self.file, self.seen) = (None, Seen::default());
    }

    /// The file of the store.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn connection(&mut self) -> Option<&Connection> {
        if let Some(memory) = &self.memory {
            return Some(&memory.connection);
        }
        if self.file.is_none() {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let opened = Connection::open_with_flags(&self.path, flags).ok()?;
            opened.set_prepared_statement_cache_capacity(32);
            self.file = Some(opened);
        }
        self.file.as_ref()
    }

    fn all<T>(&mut self, sql: &str, read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>) -> Vec<T> {
        let Some(connection) = self.connection() else {
            return Vec::new();
        };
        let rows = || -> rusqlite::Result<Vec<T>> {
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_map([], read)?.collect()
        };
        // A store that is not there yet, or that was damaged on purpose, has nothing to say.
        rows().unwrap_or_default()
    }

    /// Forgets what was read before somebody wrote. A file is always read again: bytes of it may have
    /// been damaged behind SQLite's back.
    fn refresh(&mut self) {
        let commits = self.memory.as_ref().map(|memory| memory.commits.count());
        if commits.is_none() || commits != self.seen.commits {
            self.seen = Seen {
                commits,
                ..Seen::default()
            };
        }
    }

    /// The accounts.
    pub fn accounts(&mut self) -> Rc<[AccountRow]> {
        self.refresh();
        if let Some(known) = &self.seen.accounts {
            return Rc::clone(known);
        }
        let sql = "SELECT account, participates AND NOT signed_out,
                   epoch IS NOT NULL AND ahead_epoch IS NULL,
                   iif(epoch IS NULL, NULL, cursor), digest, key, unread, mentions, conversations
                   FROM accounts";
        let read = self.all(sql, |row| {
            Ok(AccountRow {
                account: row.get(0)?,
                counts: row.get(1)?,
                complete: row.get(2)?,
                cursor: row.get(3)?,
                digest: digest(row, 4)?,
                key: row.get(5)?,
                // Of a damaged store the rest is of use without them.
                totals: totals(row, 6).unwrap_or_default(),
            })
        });
        let read: Rc<[_]> = read.into();
        self.seen.accounts = Some(Rc::clone(&read));
        read
    }

    /// What the badge counts, if that was chosen.
    pub fn policy(&mut self) -> Option<BadgePolicy> {
        let sql = "SELECT value FROM settings WHERE name = 'policy'";
        let found = self.all(sql, |row| row.get::<_, String>(0));
        let text = found.into_iter().next()?;
        serde_json::from_str(&text).ok()
    }

    /// The outbox.
    pub fn operations(&mut self) -> Rc<[Recorded]> {
        self.refresh();
        if let Some(known) = &self.seen.operations {
            return Rc::clone(known);
        }
        // Not by an index, which damage may have hit and the phone does not use.
        let sql = "SELECT accounts.account, number, id, conversation, kind, position, positions,
                   remaining, marked, level, seen, base_unread, base_mentions, base_marked
                   FROM operations JOIN accounts ON accounts.key = operations.account
                   ORDER BY +accounts.account, number";
        let read: Rc<[_]> = self.all(sql, recorded).into();
        self.seen.operations = Some(Rc::clone(&read));
        read
    }

    /// Whether each account's totals and digest are those of its rows (S5); otherwise what differs.
    pub fn sums(&mut self) -> Result<(), String> {
        let accounts = self.accounts();
        if let Some(known) = &self.seen.sums {
            return known.clone();
        }
        let rows = self.rows();
        let sums = accounts.iter().try_for_each(|one| {
            let own = || of(&rows, one.key);
            let (counted, hashed) = (Totals::of(own()), Digest::of(own()));
            if (one.totals, one.digest) == (counted, hashed) {
                return Ok(());
            }
            let (name, totals, digest) = (&one.account, one.totals, one.digest);
            Err(format!(
                "{name} has {totals:?} {digest:?}, its rows {counted:?} {hashed:?}"
            ))
        });
        self.seen.sums = Some(sums.clone());
        sums
    }

    /// The rows of every mirror, each with its account's key.
    fn rows(&mut self) -> Vec<(i64, ConversationState)> {
        let sql = "SELECT account, id, version, unread, mentions, newest, read_up_to, level,
                   marked_unread, removed FROM rows";
        self.all(sql, |row| Ok((row.get(0)?, state(row)?)))
    }

    /// The number in the store is what its rows add up to (S5); nothing is said while something is
    /// pending, or while totals are shown whose rows have not come.
    pub fn number(&mut self, policy: BadgePolicy) -> Result<(), String> {
        let accounts = self.accounts();
        if !self.operations().is_empty() || accounts.iter().any(|one| !one.complete) {
            return Ok(());
        }
        let kept = self.all("SELECT value FROM settings WHERE name = 'badge'", |row| {
            row.get::<_, u32>(0)
        });
        let Some(kept) = kept.first() else {
            return Ok(());
        };
        let counted = accounts.iter().filter(|one| one.counts);
        let number = policy.badge(counted.map(|one| one.totals).sum());
        if number == *kept {
            return Ok(());
        }
        Err(format!(
            "the store has the number {kept}, and its rows add up to {number}"
        ))
    }

    /// Makes an account's mirror differ from the relay's, as a mistake in it might: a row is gone, and
    /// the sums agree with what is left. The account as it is then, if there was one.
    pub fn diverge(&mut self) -> Option<AccountRow> {
        let sql = "SELECT account, id FROM rows LIMIT 1";
        let (account, id) = self
            .all(sql, |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
            })
            .pop()?;
        let mut left = self.rows();
        left.retain(|(_, state)| state.id.as_str() != id);
        let left = || of(&left, account);
        let (sum, digest) = (Totals::of(left()), Digest::of(left()));
        let connection = self.connection()?;
        let gone = connection.execute(
            "DELETE FROM rows WHERE account = ?1 AND id = ?2",
            (account, id),
        );
        let sql = "UPDATE accounts SET unread = ?2, mentions = ?3, conversations = ?4, digest = ?5
                   WHERE key = ?1";
        let sums = (
            account,
            sum.unread,
            sum.mentions,
            sum.conversations,
            digest.bits().cast_signed(),
        );
        let done = gone.is_ok() && connection.execute(sql, sums).is_ok();
        self.seen = Seen::default();
        let rows = self.accounts();
        rows.iter().find(|row| done && row.key == account).cloned()
    }

    /// Whether somebody else holds a lock on the store (S6).
    pub fn is_locked(&mut self) -> bool {
        let Some(connection) = self.connection() else {
            return false;
        };
        let run = |sql: &str| connection.prepare_cached(sql)?.execute([]);
        let locked = run("BEGIN EXCLUSIVE").and_then(|_| run("ROLLBACK"));
        let busy = Some(rusqlite::ErrorCode::DatabaseBusy);
        locked.is_err_and(|error| error.sqlite_error_code() == busy)
    }
}

/// The rows of an account.
fn of(rows: &[(i64, ConversationState)], key: i64) -> impl Iterator<Item = &ConversationState> {
    let own = rows.iter().filter(move |(of, _)| *of == key);
    own.map(|(_, state)| state)
}

fn recorded(row: &Row<'_>) -> rusqlite::Result<Recorded> {
    let conversation = conversation(&row.get::<_, String>(3)?);
    let at = position(row.get(5)?);
    let remaining = row.get(7)?;
    let marked = row.get(8)?;
    let level = Level::from_code(row.get(9)?).unwrap_or_default();
    let here = conversation.clone();
    let (kind, action) = match row.get::<_, String>(4)?.as_str() {
        "read_up_to" => (
            PendingKind::ReadUpTo {
                position: at,
                remaining,
            },
            Action::ReadUpTo {
                conversation: here,
                position: at,
            },
        ),
        "read_items" => {
            let json: String = row.get(6)?;
            (
                PendingKind::ReadItems {
                    last: at,
                    remaining,
                },
                Action::ReadItems {
                    conversation: here,
                    positions: serde_json::from_str(&json).unwrap_or_default(),
                },
            )
        }
        "marked_unread" => (
            PendingKind::MarkedUnread { marked },
            Action::MarkedUnread {
                conversation: here,
                marked,
            },
        ),
        _ => (
            PendingKind::SetLevel { level },
            Action::SetLevel {
                conversation: here,
                level,
            },
        ),
    };
    let pending = PendingOperation {
        number: row.get(1)?,
        seen: Version::new(row.get(10)?).unwrap_or(Version::ZERO),
        before: Before {
            unread: row.get(11)?,
            mentions: row.get(12)?,
            marked: row.get(13)?,
        },
        applied: None,
        kind,
    };
    Ok(Recorded {
        account: row.get(0)?,
        id: row.get(2)?,
        conversation,
        pending,
        action,
    })
}

fn state(row: &Row<'_>) -> rusqlite::Result<ConversationState> {
    Ok(ConversationState {
        version: Version::new(row.get(2)?).unwrap_or(Version::ZERO),
        unread: row.get(3)?,
        mentions: row.get(4)?,
        newest: position(row.get(5)?),
        read_up_to: position(row.get(6)?),
        level: Level::from_code(row.get(7)?).unwrap_or_default(),
        marked_unread: row.get(8)?,
        removed: row.get(9)?,
        ..ConversationState::empty(conversation(&row.get::<_, String>(1)?))
    })
}

fn digest(row: &Row<'_>, column: usize) -> rusqlite::Result<Digest> {
    Ok(Digest::from_bits(
        row.get::<_, i64>(column)?.cast_unsigned(),
    ))
}

fn totals(row: &Row<'_>, first: usize) -> rusqlite::Result<Totals> {
    Ok(Totals {
        unread: row.get(first)?,
        mentions: row.get(first + 1)?,
        conversations: row.get(first + 2)?,
    })
}

fn position(number: u64) -> Position {
    Position::new(number).unwrap_or(Position::ZERO)
}

fn conversation(name: &str) -> ConversationId {
    // Every name here comes from the plan, which makes good ones only.
    ConversationId::new(name).unwrap_or_else(|_| unreachable!("{name} is a name"))
}

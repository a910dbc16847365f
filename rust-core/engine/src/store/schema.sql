CREATE TABLE settings (
    name TEXT PRIMARY KEY NOT NULL,
    value ANY
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL UNIQUE,
    relay TEXT NOT NULL,
    participates INTEGER NOT NULL DEFAULT 1,
    signed_out INTEGER NOT NULL DEFAULT 0,
    route TEXT UNIQUE,
    epoch TEXT,
    cursor INTEGER NOT NULL DEFAULT 0,
    unread INTEGER NOT NULL DEFAULT 0,
    mentions INTEGER NOT NULL DEFAULT 0,
    conversations INTEGER NOT NULL DEFAULT 0,
    digest INTEGER NOT NULL DEFAULT 0,
    ahead_epoch TEXT,
    ahead_version INTEGER NOT NULL DEFAULT 0,
    ahead_unread INTEGER NOT NULL DEFAULT 0,
    ahead_mentions INTEGER NOT NULL DEFAULT 0,
    ahead_conversations INTEGER NOT NULL DEFAULT 0,
    staging_epoch TEXT,
    staging_next INTEGER NOT NULL DEFAULT 0,
    reset_wanted INTEGER NOT NULL DEFAULT 0,
    next_operation INTEGER NOT NULL DEFAULT 1,
    registration TEXT,
    registered_at INTEGER NOT NULL DEFAULT 0,
    retry_at INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    staging_reset INTEGER NOT NULL DEFAULT 1,
    ahead_told INTEGER,
    push_received INTEGER NOT NULL DEFAULT 0,
    push_sent INTEGER NOT NULL DEFAULT 0,
    push_token_ended TEXT,
    synced_at INTEGER NOT NULL DEFAULT 0,
    failed_at INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Active conversations as the server had committed them at the cursor, and nothing else.
CREATE TABLE rows (
    account INTEGER NOT NULL REFERENCES accounts (key) ON DELETE CASCADE,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    unread INTEGER NOT NULL,
    mentions INTEGER NOT NULL,
    newest INTEGER NOT NULL,
    read_up_to INTEGER NOT NULL,
    level INTEGER NOT NULL,
    marked_unread INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

-- Rows of a reset that has not completed: never mixed into `rows`.
CREATE TABLE staged (
    account INTEGER NOT NULL REFERENCES accounts (key) ON DELETE CASCADE,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    unread INTEGER NOT NULL,
    mentions INTEGER NOT NULL,
    newest INTEGER NOT NULL,
    read_up_to INTEGER NOT NULL,
    level INTEGER NOT NULL,
    marked_unread INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

-- What is newer than the cursor, until nothing is missing between.
CREATE TABLE early (
    account INTEGER NOT NULL REFERENCES accounts (key) ON DELETE CASCADE,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    unread INTEGER NOT NULL,
    mentions INTEGER NOT NULL,
    newest INTEGER NOT NULL,
    read_up_to INTEGER NOT NULL,
    level INTEGER NOT NULL,
    marked_unread INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    PRIMARY KEY (account, id, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE operations (
    account INTEGER NOT NULL REFERENCES accounts (key) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    id TEXT NOT NULL,
    conversation TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('read_up_to', 'read_items', 'marked_unread', 'set_level')),
    position INTEGER NOT NULL DEFAULT 0,
    positions TEXT,
    remaining INTEGER NOT NULL DEFAULT 0,
    marked INTEGER NOT NULL DEFAULT 0,
    level INTEGER NOT NULL DEFAULT 0,
    seen INTEGER NOT NULL,
    base_unread INTEGER NOT NULL,
    base_mentions INTEGER,
    base_marked INTEGER NOT NULL DEFAULT 0,
    sent INTEGER NOT NULL DEFAULT 0,
    applied INTEGER,
    heard INTEGER NOT NULL DEFAULT 0,
    told INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (account, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX operations_by_conversation ON operations (account, conversation, number);

CREATE TABLE receipts (
    account INTEGER NOT NULL REFERENCES accounts (key) ON DELETE CASCADE,
    counter INTEGER NOT NULL,
    PRIMARY KEY (account, counter)
) STRICT, WITHOUT ROWID;

-- Operations that a relay refused, until the app says that it took note.
CREATE TABLE rejections (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL REFERENCES accounts (key) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    conversation TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;

-- Accounts that were signed out here, until their relay knows.
CREATE TABLE departures (
    account TEXT PRIMARY KEY NOT NULL,
    relay TEXT NOT NULL,
    route TEXT,
    since INTEGER NOT NULL,
    retry_at INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

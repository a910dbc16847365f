-- The relay's database, as the migrations leave it. Times are Unix milliseconds.

CREATE TABLE producer_keys(
    hash BLOB PRIMARY KEY,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    epoch TEXT NOT NULL,
    -- The newest version; what counts at it; the digest's 64 bits.
    head INTEGER NOT NULL DEFAULT 0,
    unread INTEGER NOT NULL DEFAULT 0,
    mentions INTEGER NOT NULL DEFAULT 0,
    conversations INTEGER NOT NULL DEFAULT 0,
    digest INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE conversations(
    account INTEGER NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    unread INTEGER NOT NULL,
    mentions INTEGER NOT NULL,
    newest INTEGER NOT NULL,
    read_up_to INTEGER NOT NULL,
    level INTEGER NOT NULL,
    marked_unread INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    -- The version at which it was last marked unread by hand.
    marked_at INTEGER NOT NULL,
    -- The device whose operation marked it; none when an event did, or when it is not marked.
    marked_by TEXT,
    -- What a backend that counts by itself said.
    told_unread INTEGER NOT NULL,
    told_mentions INTEGER NOT NULL,
    told_newest INTEGER NOT NULL,
    -- How many unread rows of `items` it has.
    items INTEGER NOT NULL,
    item_mentions INTEGER NOT NULL,
    -- The backend has named it, not only a phone.
    reported INTEGER NOT NULL,
    PRIMARY KEY(account, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX conversations_by_version ON conversations(account, version);

-- Phones may name so many only.
CREATE INDEX conversations_of_phones ON conversations(account) WHERE reported = 0;

-- Items above their conversation's read marker. Those read one by one stay, so that they do not
-- count when they are reported again.
CREATE TABLE items(
    account INTEGER NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    conversation TEXT NOT NULL,
    position INTEGER NOT NULL,
    mention INTEGER NOT NULL,
    read INTEGER NOT NULL,
    -- The backend has named it; otherwise it was read ahead.
    reported INTEGER NOT NULL,
    PRIMARY KEY(account, conversation, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX items_read_ahead ON items(account) WHERE reported = 0;

CREATE TABLE idempotency(
    account INTEGER NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    key BLOB NOT NULL,
    body BLOB NOT NULL,
    answer TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY(account, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_age ON idempotency(created_at);

CREATE TABLE device_tokens(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    hash BLOB NOT NULL UNIQUE,
    -- Without an account: the account was removed.
    account INTEGER REFERENCES accounts(id) ON DELETE SET NULL,
    -- The first device that registered with it.
    device TEXT,
    -- The device signed out with it.
    ended INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX device_tokens_by_account ON device_tokens(account);

-- A phone's registration for one account.
CREATE TABLE devices(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    device TEXT NOT NULL,
    route TEXT NOT NULL UNIQUE,
    push_token TEXT,
    -- One more whenever `push_token` or `environment` changes.
    token_generation INTEGER NOT NULL DEFAULT 0,
    -- Why APNs ended the last one.
    token_ended TEXT,
    environment TEXT NOT NULL,
    -- Another environment than the registration's, which APNs did not know the token in.
    found TEXT,
    topic TEXT NOT NULL,
    policy TEXT NOT NULL,
    sole_account INTEGER NOT NULL,
    badges_allowed INTEGER NOT NULL,
    alerts_allowed INTEGER NOT NULL,
    background_refresh INTEGER NOT NULL,
    low_power_mode INTEGER NOT NULL,
    app_version TEXT NOT NULL,
    -- The cursor that it last confirmed; none before the first sync.
    cursor INTEGER,
    -- The highest version that an answer gave it wholly.
    served INTEGER NOT NULL DEFAULT 0,
    -- The highest operation applied or rejected; unknown after a backup was restored.
    acknowledged INTEGER DEFAULT 0,
    -- The counter of the newest push, and of the one that is being sent.
    last_push INTEGER NOT NULL DEFAULT 0,
    -- APNs did not take a push: before this nothing else is tried for the device.
    held_until INTEGER NOT NULL DEFAULT 0,
    in_flight INTEGER,
    -- The totals that it was last told, by a push or an answer.
    told_unread INTEGER NOT NULL DEFAULT 0,
    told_mentions INTEGER NOT NULL DEFAULT 0,
    told_conversations INTEGER NOT NULL DEFAULT 0,
    -- The version of an answer that told it something else since, in place of a push, and of which nobody
    -- knows whether it came; 0 for none.
    unconfirmed INTEGER NOT NULL DEFAULT 0,
    UNIQUE(account, device)
) STRICT;

CREATE INDEX devices_by_device ON devices(device);

-- Operations that were refused: whoever sends one again is told again.
CREATE TABLE refusals(
    device INTEGER NOT NULL REFERENCES devices(id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    -- The operation's id: a phone that lost its store may use the number for another.
    operation TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY(device, number)
) STRICT, WITHOUT ROWID;

-- What the badge lanes owe a device.
CREATE TABLE schedule(
    device INTEGER PRIMARY KEY REFERENCES devices(id) ON DELETE CASCADE,
    -- Without a time it rests until the next change.
    due_at INTEGER,
    -- When the burst began that is not pushed yet.
    burst_at INTEGER,
    -- One more with each change.
    changes INTEGER NOT NULL DEFAULT 0,
    -- The version that was sent and is not acknowledged; how often it was sent again.
    owed INTEGER,
    repeats INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX schedule_by_time ON schedule(due_at);

-- Notifications to be sent. A row goes, with its text, once it was sent.
CREATE TABLE alerts(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    device INTEGER NOT NULL REFERENCES devices(id) ON DELETE CASCADE,
    conversation TEXT NOT NULL,
    position INTEGER NOT NULL,
    alert TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX alerts_by_time ON alerts(due_at);
CREATE INDEX alerts_by_device ON alerts(device, id);

-- The newest pushes to each device, for receipts, budget and trust.
CREATE TABLE pushes(
    device INTEGER NOT NULL REFERENCES devices(id) ON DELETE CASCADE,
    counter INTEGER NOT NULL,
    lane TEXT NOT NULL,
    alert INTEGER,
    -- What it told: the totals at a version.
    version INTEGER NOT NULL,
    unread INTEGER NOT NULL,
    mentions INTEGER NOT NULL,
    conversations INTEGER NOT NULL,
    -- The schedule's state when it was taken.
    changes INTEGER NOT NULL,
    -- What is owed once it was sent, as in `schedule`; none when nothing is.
    repeats INTEGER,
    token_generation INTEGER NOT NULL,
    claimed_at INTEGER NOT NULL,
    sent_at INTEGER,
    status TEXT NOT NULL,
    received_at INTEGER,
    PRIMARY KEY(device, counter)
) STRICT, WITHOUT ROWID;

-- Operations on single items and on levels; whether totals that were told hold them; what relays refused,
-- until the app took note of it; devices that relays must still be told to forget; and pushes that were sent
-- against those that came.

ALTER TABLE operations RENAME TO operations_1;

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

INSERT INTO operations (account, number, id, conversation, kind, position, remaining, marked, seen,
                        base_unread, base_mentions, sent, applied, told)
SELECT account, number, id, conversation, kind, position, remaining, marked, seen,
       base_unread, base_mentions, sent, applied,
       sent > 0 AND number <= (SELECT ahead_acknowledged FROM accounts WHERE key = operations_1.account)
FROM operations_1;

DROP TABLE operations_1;
ALTER TABLE accounts DROP COLUMN ahead_acknowledged;

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

-- `rows` is what the server had committed at the cursor, and nothing else; what is newer waits in
-- `early` until nothing is missing between. A mirror that mixed the two is fetched anew.
ALTER TABLE accounts ADD COLUMN staging_reset INTEGER NOT NULL DEFAULT 1;
ALTER TABLE accounts ADD COLUMN ahead_told INTEGER;
UPDATE accounts SET ahead_told = ahead_version WHERE ahead_epoch IS NOT NULL;
UPDATE accounts SET reset_wanted = 1
WHERE EXISTS (SELECT 1 FROM rows WHERE rows.account = accounts.key AND rows.version > accounts.cursor);

DROP INDEX rows_by_version;
DROP INDEX rows_inactive;
DELETE FROM rows WHERE active = 0;
ALTER TABLE rows DROP COLUMN active;
DELETE FROM staged WHERE active = 0;
ALTER TABLE staged DROP COLUMN active;

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

-- The highest push counter that came, the highest that the relay says it sent, and why APNs refused
-- the push token, where the relay says that it did.
ALTER TABLE accounts ADD COLUMN push_received INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN push_sent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN push_token_ended TEXT;

-- When a relay was last heard to the end: a push tells only some of what an answer does.
ALTER TABLE accounts ADD COLUMN synced_at INTEGER NOT NULL DEFAULT 0;

-- A pause that begins in what is still to come was made by a clock that has since been set back.
ALTER TABLE accounts ADD COLUMN failed_at INTEGER NOT NULL DEFAULT 0;

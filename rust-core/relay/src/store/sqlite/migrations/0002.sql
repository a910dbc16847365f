-- Answers that tell a number in place of a push are confirmed.
ALTER TABLE devices ADD COLUMN unconfirmed INTEGER NOT NULL DEFAULT 0;

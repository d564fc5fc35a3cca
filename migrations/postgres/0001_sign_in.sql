-- Every name begins with latchkey_, so that a team's own tables can live beside them. Times are
-- unix milliseconds. The same tables as in migrations/sqlite, with BYTEA for BLOB.

CREATE TABLE latchkey_users (
    id         TEXT   NOT NULL PRIMARY KEY,
    address    TEXT   NOT NULL UNIQUE,
    password   TEXT,
    created_at BIGINT NOT NULL
);

-- Whom an operator keeps out: a user of the team's own table by id (the address is the one they had
-- then), or, with an empty user_id, an address.
CREATE TABLE latchkey_bans (
    user_id    TEXT   NOT NULL,
    address    TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, address)
);
CREATE INDEX latchkey_bans_address ON latchkey_bans (address, user_id);

-- One attempt to sign in, with everything the caller asked for: a fresh mail is made of it. The
-- secrets it was mailed with are in latchkey_auth_credentials, one generation for each mail that
-- carried new ones; only the newest generation signs in.
CREATE TABLE latchkey_auth_requests (
    id           TEXT   NOT NULL PRIMARY KEY,
    address      TEXT   NOT NULL,
    mode         TEXT   NOT NULL,
    template     TEXT   NOT NULL,
    destination  TEXT   NOT NULL,
    state        TEXT,
    link_base    TEXT,
    variables    TEXT   NOT NULL,
    user_agent   TEXT   NOT NULL,
    ip_prefix    TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    generation   BIGINT NOT NULL,
    code_salt    BYTEA  NOT NULL,
    code_tries   BIGINT NOT NULL,
    expires_in   BIGINT NOT NULL,
    last_mail_at BIGINT NOT NULL,
    -- 1 when its newest mail carries a link in place of codes that are paused or switched off.
    unlocks      BIGINT NOT NULL,
    ended_at     BIGINT,
    ended_by     TEXT
);
CREATE INDEX latchkey_auth_requests_pending ON latchkey_auth_requests (address) WHERE ended_at IS NULL;
CREATE INDEX latchkey_auth_requests_expiry ON latchkey_auth_requests (expires_at);

CREATE TABLE latchkey_auth_credentials (
    auth_request_id TEXT   NOT NULL REFERENCES latchkey_auth_requests (id) ON DELETE CASCADE,
    generation      BIGINT NOT NULL,
    link_hash       BYTEA  NOT NULL UNIQUE,
    -- How it was hashed, and the hash.
    code_hash       TEXT   NOT NULL,
    expires_at      BIGINT NOT NULL,
    PRIMARY KEY (auth_request_id, generation)
);

-- Tries of codes and passwords that have not succeeded: too many in a bucket pause them. A bucket
-- is an address, or an address and a device that has signed in to it before. Buckets are compared as
-- bytes, whatever order of texts the database has: all of one address stand beside each other.
CREATE TABLE latchkey_failed_tries (
    id      TEXT   NOT NULL PRIMARY KEY,
    bucket  TEXT   COLLATE "C" NOT NULL,
    network TEXT   NOT NULL,
    at      BIGINT NOT NULL
);
CREATE INDEX latchkey_failed_tries_bucket ON latchkey_failed_tries (bucket, at);
CREATE INDEX latchkey_failed_tries_age ON latchkey_failed_tries (at);

-- user_id is of `latchkey_users`, or of the team's own table when [users] maps one; hence no
-- foreign key.
CREATE TABLE latchkey_sessions (
    id           TEXT   NOT NULL PRIMARY KEY,
    user_id      TEXT   NOT NULL,
    address      TEXT   NOT NULL,
    -- What the address is called in the audit table: the dashboard finds both in one read.
    subject      TEXT   NOT NULL,
    -- The browser, by the id in its device cookie: its next sign-in replaces this row.
    device       TEXT   NOT NULL,
    user_agent   TEXT   NOT NULL,
    ip_prefix    TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    -- When the last token that was issued for it ends: nobody can use it longer.
    token_expires_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    revoked_at   BIGINT
);
-- The latest of one's sessions stand in their index in order: nothing is sorted to find them.
CREATE INDEX latchkey_sessions_latest ON latchkey_sessions (user_id, created_at);
CREATE INDEX latchkey_sessions_expiry ON latchkey_sessions (expires_at);
CREATE INDEX latchkey_sessions_revoked ON latchkey_sessions (revoked_at) WHERE revoked_at IS NOT NULL;

-- Devices that signed in to an address up to this time are known there no more: its owner, or an
-- operator, has put everybody out. `subject` is what the address is called in the audit table.
CREATE TABLE latchkey_distrust (
    subject TEXT   NOT NULL PRIMARY KEY,
    at      BIGINT NOT NULL
);
CREATE INDEX latchkey_distrust_age ON latchkey_distrust (at);

-- Mails waiting to be sent, and for an hour those that were: the limits of a bucket count these
-- rows. Sign-in mails (rank 0: somebody sits and waits for it) go before notices (rank 1). A worker
-- that takes a mail leases it: it notes when, and moves due_at to when the lease ends; if the worker
-- dies the mail is due again. Only who holds the lease (attempts is its number) writes what became
-- of the mail. state: queued; sent; failed, when it was refused for its recipient's sake; unsent,
-- when it was given up for any other reason.
CREATE TABLE latchkey_outbox (
    id              TEXT   NOT NULL PRIMARY KEY,
    auth_request_id TEXT   NOT NULL,
    address         TEXT   NOT NULL,
    bucket          TEXT   COLLATE "C" NOT NULL,
    rank            BIGINT NOT NULL,
    state           TEXT   NOT NULL,
    payload         BYTEA,
    attempts        BIGINT NOT NULL,
    due_at          BIGINT NOT NULL,
    leased_at       BIGINT,
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    sent_at         BIGINT,
    last_error      TEXT,
    -- The correlation id of the request that asked for the mail: what becomes of the mail is told
    -- under it.
    request_id      TEXT   NOT NULL
);
CREATE INDEX latchkey_outbox_due ON latchkey_outbox (rank, due_at) WHERE state = 'queued';
CREATE INDEX latchkey_outbox_bucket ON latchkey_outbox (bucket, created_at);
CREATE INDEX latchkey_outbox_latest ON latchkey_outbox (auth_request_id, created_at);
CREATE INDEX latchkey_outbox_expiry ON latchkey_outbox (expires_at);

-- What happened in the flow, a row for each event. No secrets; the address is masked, and `subject`
-- (an HMAC of it under a key of the server) finds what happened to one address again.
CREATE TABLE latchkey_audit_events (
    id         BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         BIGINT  NOT NULL,
    event      TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    request_id TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    address    TEXT    NOT NULL,
    user_id    TEXT,
    user_agent TEXT    NOT NULL,
    ip_prefix  TEXT    NOT NULL,
    -- Which list of its owner's page it stands in: 'account', 'attempts', or '' for none.
    list       TEXT   NOT NULL
);
CREATE INDEX latchkey_audit_events_subject ON latchkey_audit_events (subject, list, at);
CREATE INDEX latchkey_audit_events_age ON latchkey_audit_events (at);

-- What a client may still do, where several instances share the database: each reserves some of it
-- at a time. Nanoseconds; full_at is when all of it is there again. Not logged: it is a minute's
-- worth, and nobody waits for the disk to write it.
CREATE UNLOGGED TABLE latchkey_allowances (
    name    TEXT   NOT NULL PRIMARY KEY,
    step    BIGINT NOT NULL,
    full_at BIGINT NOT NULL,
    taken   BIGINT NOT NULL
);
CREATE INDEX latchkey_allowances_full ON latchkey_allowances (full_at);

-- Times are unix milliseconds. The same tables as in migrations/postgres, with BLOB for BYTEA.

CREATE TABLE users (
    id          TEXT   NOT NULL PRIMARY KEY,
    address     TEXT   NOT NULL UNIQUE,
    password    TEXT,
    created_at  BIGINT NOT NULL,
    disabled_at BIGINT
);

-- One attempt to sign in, with everything the caller asked for: a fresh mail is made of it. The secrets it was mailed with are in auth_credentials, one generation for each mail that
-- carried new ones; only the newest generation signs in.
CREATE TABLE auth_requests (
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
    code_salt    BLOB   NOT NULL,
    code_tries   BIGINT NOT NULL,
    expires_in   BIGINT NOT NULL,
    last_mail_at BIGINT NOT NULL,
    ended_at     BIGINT,
    ended_by     TEXT
);
CREATE INDEX auth_requests_pending ON auth_requests (address) WHERE ended_at IS NULL;
CREATE INDEX auth_requests_expiry ON auth_requests (expires_at);

CREATE TABLE auth_credentials (
    auth_request_id TEXT   NOT NULL REFERENCES auth_requests (id) ON DELETE CASCADE,
    generation      BIGINT NOT NULL,
    link_hash       BLOB   NOT NULL UNIQUE,
    code_hash       BLOB   NOT NULL,
    expires_at      BIGINT NOT NULL,
    PRIMARY KEY (auth_request_id, generation)
);

-- Tries of codes and passwords that have not succeeded: too many in a bucket pause them. A bucket is an address, or an
-- address and a device that has signed in to it before.
CREATE TABLE failed_tries (
    id     TEXT   NOT NULL PRIMARY KEY,
    bucket TEXT   NOT NULL,
    at     BIGINT NOT NULL
);
CREATE INDEX failed_tries_bucket ON failed_tries (bucket, at);
CREATE INDEX failed_tries_age ON failed_tries (at);

-- user_id is of `users`, or of the team's own table when [users] maps one; hence no foreign key.
CREATE TABLE sessions (
    id           TEXT   NOT NULL PRIMARY KEY,
    user_id      TEXT   NOT NULL,
    address      TEXT   NOT NULL,
    user_agent   TEXT   NOT NULL,
    ip_prefix    TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    revoked_at   BIGINT
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);
CREATE INDEX sessions_revoked ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;

-- Mails waiting to be sent, and for an hour those that were: the limits of a bucket count these rows.
-- due_at is also the lease: a worker that claims a mail moves it forward, and if the worker dies the mail is due again.
CREATE TABLE outbox (
    id              TEXT   NOT NULL PRIMARY KEY,
    auth_request_id TEXT   NOT NULL,
    address         TEXT   NOT NULL,
    bucket          TEXT   NOT NULL,
    state           TEXT   NOT NULL,
    payload         BLOB,
    attempts        BIGINT NOT NULL,
    due_at          BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    sent_at         BIGINT,
    last_error      TEXT
);
CREATE INDEX outbox_due ON outbox (due_at) WHERE state = 'queued';
CREATE INDEX outbox_bucket ON outbox (bucket, created_at);
CREATE INDEX outbox_auth_request ON outbox (auth_request_id);
CREATE INDEX outbox_expiry ON outbox (expires_at);

-- Other apps (OpenID Connect): the keys that sign for them, what they ask for, and what they hold.

-- How the session began: link, code, password, match. Empty for sessions of before.
ALTER TABLE latchkey_sessions ADD COLUMN method TEXT NOT NULL DEFAULT '';

-- Keys that sign tokens for others, each sealed under the server's secret. The newest of an
-- algorithm whose signs_from has come signs; the others are published, so that what they signed or
-- will sign verifies.
CREATE TABLE latchkey_signing_keys (
    kid        TEXT   NOT NULL PRIMARY KEY,
    algorithm  TEXT   NOT NULL,
    sealed     BLOB   NOT NULL,
    created_at BIGINT NOT NULL,
    signs_from BIGINT NOT NULL
);

-- What an app asked for, until the user is back from signing in. The browser that brought it holds
-- the id in a cookie. parameters is JSON.
CREATE TABLE latchkey_authorizations (
    id         TEXT   NOT NULL PRIMARY KEY,
    app_id     TEXT   NOT NULL,
    parameters TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX latchkey_authorizations_expiry ON latchkey_authorizations (expires_at);

-- What an app was given for a user in a session: first a code that works once, then tokens. All of
-- it ends with ended_at, or with the session's revocation. generation counts the refresh tokens.
CREATE TABLE latchkey_grants (
    id              TEXT   NOT NULL PRIMARY KEY,
    app_id          TEXT   NOT NULL,
    user_id         TEXT   NOT NULL,
    address         TEXT   NOT NULL,
    session_id      TEXT   NOT NULL,
    method          TEXT   NOT NULL,
    signed_in_at    BIGINT NOT NULL,
    scopes          TEXT   NOT NULL,
    nonce           TEXT,
    redirect_uri    TEXT   NOT NULL,
    challenge       TEXT,
    code_hash       BLOB   NOT NULL,
    code_expires_at BIGINT NOT NULL,
    code_used_at    BIGINT,
    generation      BIGINT NOT NULL,
    rotated_at      BIGINT,
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    ended_at        BIGINT
);
CREATE UNIQUE INDEX latchkey_grants_code ON latchkey_grants (code_hash);
CREATE INDEX latchkey_grants_user ON latchkey_grants (user_id);
CREATE INDEX latchkey_grants_session ON latchkey_grants (session_id);
CREATE INDEX latchkey_grants_expiry ON latchkey_grants (expires_at);

-- Which apps of others may know a user, and how much.
CREATE TABLE latchkey_consents (
    user_id TEXT   NOT NULL,
    app_id  TEXT   NOT NULL,
    scopes  TEXT   NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (user_id, app_id)
);

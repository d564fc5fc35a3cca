-- Codes that let a browser in at a host which a proxy guards with our sign-in. Each works once.
-- state is the hash of what that browser keeps in a cookie of the host.
CREATE TABLE latchkey_entry_codes (
    code_hash  BLOB   NOT NULL PRIMARY KEY,
    host       TEXT   NOT NULL,
    session_id TEXT   NOT NULL,
    state      TEXT   NOT NULL,
    wanted     TEXT   NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX latchkey_entry_codes_expiry ON latchkey_entry_codes (expires_at);

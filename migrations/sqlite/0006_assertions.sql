-- Tokens with which apps have proved who they are (RFC 7523), until they expire: each counts once,
-- on whichever instance. name is a hash of the app and of the token's own name.
CREATE TABLE latchkey_assertions (
    name       BLOB  NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX latchkey_assertions_expiry ON latchkey_assertions (expires_at);

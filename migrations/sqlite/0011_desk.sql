-- The operator of the desk who did what an event tells of, and why, in their own words.
ALTER TABLE latchkey_audit_events ADD COLUMN operator TEXT;
ALTER TABLE latchkey_audit_events ADD COLUMN note TEXT NOT NULL DEFAULT '';

-- Operators who were added by `latchkey desk invite`, beside those of the policy file.
CREATE TABLE latchkey_operators (
    address  TEXT   NOT NULL PRIMARY KEY,
    role     TEXT   NOT NULL,
    added_at BIGINT NOT NULL
);

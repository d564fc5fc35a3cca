-- What happened in the flow, a row for each event. No secrets; the address is masked, and `subject` (an HMAC of it under a
-- key of the server) finds what happened to one address again.
CREATE TABLE audit_events (
    id         BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         BIGINT  NOT NULL,
    event      TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    request_id TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    address    TEXT    NOT NULL,
    user_id    TEXT,
    user_agent TEXT    NOT NULL,
    ip_prefix  TEXT    NOT NULL
);
CREATE INDEX audit_events_subject ON audit_events (subject, at);
CREATE INDEX audit_events_age ON audit_events (at);

-- The correlation id of the request that asked for the mail: what becomes of the mail is told under it.
ALTER TABLE outbox ADD COLUMN request_id TEXT NOT NULL DEFAULT '';

-- Milliseconds from the ask to what happened, of a sign-in and of a mail that a transport accepted.
-- NULL if nobody asked. opens is 1 if a mail's link was followed, or its code tried, for the first
-- time by this.
ALTER TABLE latchkey_audit_events ADD COLUMN took BIGINT;
ALTER TABLE latchkey_audit_events ADD COLUMN opens BIGINT;

-- The newest generation of its mails that was opened by anybody: a link followed, or a code tried.
ALTER TABLE latchkey_auth_requests ADD COLUMN opened BIGINT NOT NULL DEFAULT 0;

-- How often what happened, by the hour and by the day that begins at a time: each event of the
-- audit table is counted here once. span is the length of the hour or the day, in milliseconds.
CREATE TABLE latchkey_counters (
    span  BIGINT NOT NULL,
    at    BIGINT NOT NULL,
    name  TEXT   NOT NULL,
    -- A domain, an app, a method, a reason, or the longest time of a class; '' for all together.
    label TEXT   NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (span, at, name, label)
);

-- Seals of the audit table, each over the events after_id < id <= last_id: digest is a hash of
-- their columns, mac a code under a key of the server over the seal and the mac of the one before.
-- So no event can be changed, removed or added without the key. Only the newest seal ever grows.
CREATE TABLE latchkey_audit_seals (
    position  BIGINT NOT NULL PRIMARY KEY,
    -- Which columns the digest covers, and how.
    form      BIGINT NOT NULL,
    after_id  BIGINT NOT NULL,
    last_id   BIGINT NOT NULL,
    events    BIGINT NOT NULL,
    begun_at  BIGINT NOT NULL,
    -- The latest time of its events.
    until_at  BIGINT NOT NULL,
    -- 1 if the head was not one of ours when it was made.
    is_broken BIGINT NOT NULL,
    digest    TEXT   NOT NULL,
    -- Four digits of the digest after each event.
    marks     TEXT   NOT NULL,
    mac       TEXT   NOT NULL
);

-- The one row that says where the chain of seals ends, with the last event that is counted and
-- sealed, and where it begins: at the last seal that was purged, and its last event; at first, at
-- the last event from before there were seals. signature is a code over all that, so that no seal
-- can be taken off an end.
CREATE TABLE latchkey_audit_head (
    id           BIGINT NOT NULL PRIMARY KEY,
    position     BIGINT NOT NULL,
    last_id      BIGINT NOT NULL,
    mac          TEXT   NOT NULL,
    cut_position BIGINT NOT NULL,
    cut_id       BIGINT NOT NULL,
    cut_mac      TEXT   NOT NULL,
    signature    TEXT   NOT NULL
);
INSERT INTO latchkey_audit_head
    SELECT 1, 0, COALESCE(MAX(id), 0), '', 0, COALESCE(MAX(id), 0), '', ''
    FROM latchkey_audit_events;

-- The transport that a mail is sent by, from just before that until its row is deleted: no other may
-- send it while it may have been accepted. message_id is what a provider calls the mail. delayed_by
-- is whose fault a delay is: session (we are refused), for_now (it is), unsure (nobody knows).
-- More states: returned, when it bounced after it was accepted; suppressed, when earlier ones did.
ALTER TABLE latchkey_outbox ADD COLUMN transport TEXT;
ALTER TABLE latchkey_outbox ADD COLUMN message_id TEXT;
ALTER TABLE latchkey_outbox ADD COLUMN delayed_by TEXT;
CREATE INDEX latchkey_outbox_message ON latchkey_outbox (message_id)
    WHERE message_id IS NOT NULL;

-- Addresses whose mails came back (hard), or whose owner called one spam (complaint): they get no
-- more until expires_at, if there is one, except the one that is asked for at tried_at.
CREATE TABLE latchkey_suppressions (
    address    TEXT   NOT NULL PRIMARY KEY,
    kind       TEXT   NOT NULL,
    -- The words of the server that refused it, with the address masked.
    said       TEXT   NOT NULL,
    transport  TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    tried_at   BIGINT
);
CREATE INDEX latchkey_suppressions_expiry ON latchkey_suppressions (expires_at)
    WHERE expires_at IS NOT NULL;

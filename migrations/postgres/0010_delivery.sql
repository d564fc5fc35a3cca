-- The transport that a mail is sent by, from just before that until its row is deleted: no other may
-- send it while it may have been accepted. message_id is what a provider calls the mail.
ALTER TABLE latchkey_outbox ADD COLUMN transport TEXT;
ALTER TABLE latchkey_outbox ADD COLUMN message_id TEXT;

-- The app that asked, with a token of its own, for what happened. NULL if none did.
ALTER TABLE latchkey_audit_events ADD COLUMN app_id TEXT;

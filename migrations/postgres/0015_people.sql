-- People as operators look for them: by the beginning of an address, or of its domain. The copy of
-- the address is needed because its own index is in the order of the database's language.
ALTER TABLE latchkey_users
    ADD COLUMN found_by TEXT COLLATE "C" GENERATED ALWAYS AS (address) STORED,
    ADD COLUMN domain TEXT COLLATE "C" GENERATED ALWAYS AS (split_part(address, '@', 2)) STORED;
CREATE INDEX latchkey_users_found_by ON latchkey_users (found_by);
CREATE INDEX latchkey_users_domain ON latchkey_users (domain, found_by);

-- What happened in one request, by the id that its answer and its error page show. Events that only
-- follow another of the same person and request are found by that one: a sign-in writes the index
-- half as often.
CREATE INDEX latchkey_audit_events_request ON latchkey_audit_events (request_id)
    WHERE request_id <> '' AND event NOT IN ('mail.sent', 'session.issued');

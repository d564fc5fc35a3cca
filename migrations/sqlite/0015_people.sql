-- People as operators look for them: by the beginning of an address, or of its domain. PostgreSQL
-- needs the copy of the address, whose own index is in the order of the database's language.
ALTER TABLE latchkey_users ADD COLUMN found_by TEXT GENERATED ALWAYS AS (address) VIRTUAL;
ALTER TABLE latchkey_users ADD COLUMN domain TEXT
    GENERATED ALWAYS AS (substr(address, instr(address, '@') + 1)) VIRTUAL;
CREATE INDEX latchkey_users_found_by ON latchkey_users (found_by);
CREATE INDEX latchkey_users_domain ON latchkey_users (domain, found_by);

-- What happened in one request, by the id that its answer and its error page show. Events that only
-- follow another of the same person and request are found by that one: a sign-in writes the index
-- half as often.
CREATE INDEX latchkey_audit_events_request ON latchkey_audit_events (request_id)
    WHERE request_id <> '' AND event NOT IN ('mail.sent', 'session.issued');

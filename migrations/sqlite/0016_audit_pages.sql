-- Acts of operators, and events that are not part of every sign-in, by time. The four events that
-- are (values/event.rs, Event::is_frequent) are found by time alone: a sign-in writes none of these
-- indexes.
CREATE INDEX latchkey_audit_events_desk ON latchkey_audit_events (at)
    WHERE operator IS NOT NULL;
CREATE INDEX latchkey_audit_events_operator ON latchkey_audit_events (operator, at)
    WHERE operator IS NOT NULL;
CREATE INDEX latchkey_audit_events_rare ON latchkey_audit_events (event, at)
    WHERE event NOT IN ('auth.requested', 'auth.verified', 'mail.sent', 'session.issued');

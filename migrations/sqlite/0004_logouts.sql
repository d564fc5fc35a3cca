-- Apps are told when a session ends (OpenID Connect Back-Channel Logout 1.0).

-- Session that a grant began in, once another has replaced it: its app knows it by that id.
ALTER TABLE latchkey_grants ADD COLUMN sid TEXT;
CREATE INDEX latchkey_grants_address ON latchkey_grants (address);

-- Logouts that apps are still to be told of: one for each session that an app knows. attempts is also the
-- number of the lease.
CREATE TABLE latchkey_logouts (
    id         TEXT   NOT NULL PRIMARY KEY,
    app_id     TEXT   NOT NULL,
    user_id    TEXT   NOT NULL,
    sid        TEXT   NOT NULL,
    attempts   BIGINT NOT NULL,
    due_at     BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX latchkey_logouts_due ON latchkey_logouts (due_at);
CREATE INDEX latchkey_logouts_app ON latchkey_logouts (app_id, due_at);

-- Triggers, so that no statement that revokes a session or bans a user, of ours or typed by hand, can
-- leave it out. An app is told even if its tokens have ended before: its own session has not.
CREATE TRIGGER latchkey_session_revoked AFTER UPDATE OF revoked_at ON latchkey_sessions
WHEN OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL
BEGIN
    INSERT INTO latchkey_logouts (id, app_id, user_id, sid, attempts, due_at, created_at)
    SELECT MIN(id), app_id, user_id, COALESCE(sid, session_id), 0, NEW.revoked_at, NEW.revoked_at
    FROM latchkey_grants
    WHERE session_id = NEW.id AND code_used_at IS NOT NULL
    GROUP BY app_id, user_id, COALESCE(sid, session_id)
    ON CONFLICT DO NOTHING;
END;

-- A ban without a user_id is of an address.
CREATE TRIGGER latchkey_ban_set AFTER INSERT ON latchkey_bans
BEGIN
    INSERT INTO latchkey_logouts (id, app_id, user_id, sid, attempts, due_at, created_at)
    SELECT MIN(g.id), g.app_id, g.user_id, COALESCE(g.sid, g.session_id), 0, NEW.created_at,
        NEW.created_at
    FROM latchkey_grants g JOIN latchkey_sessions s ON s.id = g.session_id
    WHERE (NEW.user_id <> '' AND g.user_id = NEW.user_id
        OR NEW.user_id = '' AND g.address = NEW.address)
        AND g.code_used_at IS NOT NULL AND s.revoked_at IS NULL
    GROUP BY g.app_id, g.user_id, COALESCE(g.sid, g.session_id)
    ON CONFLICT DO NOTHING;
END;

-- People whom somebody has invited: whatever the rules for new people say, they may sign in until
-- expires_at. invited_by is an operator's address, app: and an app's id, or command. mails is the
-- number of the newest mail: only its link and its code accept. The link holds the sealed id and
-- that number, so nothing of it is here; code_tries are the wrong codes since that mail.
CREATE TABLE latchkey_invitations (
    id           TEXT   NOT NULL PRIMARY KEY,
    address      TEXT   NOT NULL,
    invited_by   TEXT   NOT NULL,
    note         TEXT   NOT NULL,
    language     TEXT   NOT NULL,
    -- Seconds, from each mail on.
    expires_in   BIGINT NOT NULL,
    code_salt    BLOB   NOT NULL,
    code_hash    TEXT   NOT NULL,
    code_tries   BIGINT NOT NULL,
    mails        BIGINT NOT NULL,
    last_mail_at BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    accepted_at  BIGINT,
    withdrawn_at BIGINT
);
CREATE INDEX latchkey_invitations_address ON latchkey_invitations (address, created_at);
CREATE INDEX latchkey_invitations_latest ON latchkey_invitations (created_at, id);
CREATE INDEX latchkey_invitations_expiry ON latchkey_invitations (expires_at)
    WHERE accepted_at IS NULL;

-- People who asked for a mail while sign-up has a waitlist.
CREATE TABLE latchkey_waitlist (
    address        TEXT   NOT NULL PRIMARY KEY,
    language       TEXT   NOT NULL,
    first_asked_at BIGINT NOT NULL,
    last_asked_at  BIGINT NOT NULL,
    times          BIGINT NOT NULL
);
CREATE INDEX latchkey_waitlist_first ON latchkey_waitlist (first_asked_at, address);
CREATE INDEX latchkey_waitlist_last ON latchkey_waitlist (last_asked_at);

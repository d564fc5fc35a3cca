-- Keys of the policy that operators have laid over the file. The value is as TOML has it. Keys that
-- were set in one act have the same version.
CREATE TABLE latchkey_overrides (
    key     TEXT   NOT NULL PRIMARY KEY,
    value   TEXT   NOT NULL,
    set_by  TEXT   NOT NULL,
    reason  TEXT   NOT NULL,
    at      BIGINT NOT NULL,
    version BIGINT NOT NULL
);

-- One row. Its version grows with each act on overrides: instances look at it to notice one. file
-- is the policy that the file and the variables last made, as JSON, without secrets.
CREATE TABLE latchkey_policy (
    one     BIGINT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    file    TEXT   NOT NULL
);
INSERT INTO latchkey_policy (one, version, file) VALUES (1, 0, '');

-- What was changed: kind is set or taken_back (an override, by changed_by), or file. NULL: the key
-- had, or has, no value.
CREATE TABLE latchkey_policy_changes (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         BIGINT NOT NULL,
    kind       TEXT   NOT NULL,
    key        TEXT   NOT NULL,
    old        TEXT,
    new        TEXT,
    changed_by TEXT   NOT NULL,
    reason     TEXT   NOT NULL
);
CREATE INDEX latchkey_policy_changes_age ON latchkey_policy_changes (at);

-- The policy in force from a time on, as JSON, without secrets.
CREATE TABLE latchkey_policy_states (
    id     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at     BIGINT NOT NULL,
    policy TEXT   NOT NULL
);
CREATE INDEX latchkey_policy_states_age ON latchkey_policy_states (at, id);

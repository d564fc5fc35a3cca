-- What the address of a session is called in the audit table: the dashboard finds both in one read.
ALTER TABLE sessions ADD COLUMN subject TEXT NOT NULL DEFAULT '';

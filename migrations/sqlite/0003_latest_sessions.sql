-- The latest of one's sessions stand in their index in order: nothing is sorted to find them. One table for each migration, and
-- first what needs the stronger lock, so that it waits for sign-ins in progress and never they for it and it for them.
DROP INDEX sessions_user;
CREATE INDEX sessions_latest ON sessions (user_id, created_at);

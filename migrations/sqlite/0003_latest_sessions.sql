-- The latest of one's sessions stand in their index in order: nothing is sorted to find them.
DROP INDEX sessions_user;
CREATE INDEX sessions_latest ON sessions (user_id, created_at);

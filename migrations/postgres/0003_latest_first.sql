-- The latest of one's sessions, and of the mails of an auth request, stand in their index in order: nothing is sorted to find them.
CREATE INDEX sessions_latest ON sessions (user_id, created_at);
DROP INDEX sessions_user;
CREATE INDEX outbox_latest ON outbox (auth_request_id, created_at);
DROP INDEX outbox_auth_request;

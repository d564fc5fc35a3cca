-- The same for the mails of an auth request.
DROP INDEX outbox_auth_request;
CREATE INDEX outbox_latest ON outbox (auth_request_id, created_at);

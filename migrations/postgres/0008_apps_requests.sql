-- Sign-ins that an app asks for on its own user's behalf: the app alone may use them up.
ALTER TABLE latchkey_auth_requests ADD COLUMN app_id TEXT;
-- Wrong codes that were tried since the newest mail, each as an HMAC, with a space after each: the
-- same wrong code again is no further try.
ALTER TABLE latchkey_auth_requests ADD COLUMN wrong_guesses TEXT NOT NULL DEFAULT '';

-- What an app is told of its own requests, of all addresses or of one, the latest first.
CREATE INDEX latchkey_auth_requests_app ON latchkey_auth_requests (app_id, created_at, id)
    WHERE app_id IS NOT NULL;
CREATE INDEX latchkey_auth_requests_app_address
    ON latchkey_auth_requests (app_id, address, created_at, id) WHERE app_id IS NOT NULL;

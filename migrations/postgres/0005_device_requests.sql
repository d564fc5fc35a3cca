-- Devices without a browser that ask for a sign-in (RFC 8628), until a user has answered on another
-- device and the device has fetched its tokens. Both codes are kept as hashes: device_hash is
-- SHA-256 of 256 random bits, user_code an HMAC, because it is short. interval_seconds is how long
-- the device has to wait between two polls; it grows when it does not. A request that was answered
-- without a grant_id was denied.
CREATE TABLE latchkey_device_requests (
    device_hash      BYTEA  NOT NULL PRIMARY KEY,
    user_code        TEXT   NOT NULL,
    app_id           TEXT   NOT NULL,
    scopes           TEXT   NOT NULL,
    interval_seconds BIGINT NOT NULL,
    polled_at        BIGINT,
    answered_at      BIGINT,
    grant_id         TEXT,
    created_at       BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL
);
CREATE UNIQUE INDEX latchkey_device_requests_user_code ON latchkey_device_requests (user_code);
CREATE INDEX latchkey_device_requests_expiry ON latchkey_device_requests (expires_at);

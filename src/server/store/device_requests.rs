//! Requests of devices without a browser (RFC 8628), until a user has answered them.

use sqlx::FromRow;

use super::{
    Durability, Store,
    grants::{INSERT_GRANT, NewGrant},
    statement::values,
};
use crate::server::ground::{clock::Millis, error::Error};

/// A request that begins.
pub struct NewDeviceRequest<'a> {
    pub device_hash: &'a [u8],
    pub user_code: &'a str,
    pub app_id: &'a str,
    pub scopes: &'a str,
    pub interval_seconds: i64,
    pub at: Millis,
    pub expires_at: Millis,
}

/// A request of a device.
#[derive(Clone, Debug, FromRow)]
pub struct DeviceRequest {
    pub device_hash: Vec<u8>,
    pub app_id: String,
    pub scopes: String,
    /// Seconds that the device waits between two polls.
    pub interval_seconds: i64,
    pub polled_at: Option<Millis>,
    pub answered_at: Option<Millis>,
    /// Grant of the user who allowed it.
    pub grant_id: Option<String>,
    pub expires_at: Millis,
}

/// Adds a request, unless another has its user code.
pub const INSERT_DEVICE_REQUEST: &str = "INSERT INTO latchkey_device_requests \
    (device_hash, user_code, app_id, scopes, interval_seconds, created_at, expires_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (user_code) DO NOTHING";
pub const DEVICE_REQUEST: &str = "SELECT device_hash, app_id, scopes, interval_seconds, \
    polled_at, answered_at, grant_id, expires_at FROM latchkey_device_requests \
    WHERE device_hash = $1 AND app_id = $2";
/// The request of a user code that waits for its answer.
pub const DEVICE_REQUEST_OF_USER_CODE: &str = "SELECT device_hash, app_id, scopes, \
    interval_seconds, polled_at, answered_at, grant_id, expires_at FROM latchkey_device_requests \
    WHERE user_code = $1 AND answered_at IS NULL AND expires_at > $2";
pub const POLL: &str = "UPDATE latchkey_device_requests \
    SET polled_at = $1, interval_seconds = $2 WHERE device_hash = $3";
pub const ANSWER: &str = "UPDATE latchkey_device_requests SET answered_at = $1, grant_id = $2 \
    WHERE device_hash = $3 AND answered_at IS NULL AND expires_at > $1";

impl Store {
    /// Keeps a request of a device. Returns false if its user code is taken.
    pub async fn keep_device_request(&self, new: &NewDeviceRequest<'_>) -> Result<bool, Error> {
        let NewDeviceRequest {
            device_hash,
            user_code,
            app_id,
            scopes,
            interval_seconds,
            at,
            expires_at,
        } = *new;
        let row = values![device_hash, user_code, app_id, scopes, interval_seconds, at, expires_at];
        Ok(self.execute(INSERT_DEVICE_REQUEST, &row).await? > 0)
    }

    /// Notes that a device has polled, and how long it waits from now on. Returns its request as it
    /// was before; `None` if the app has no such request, or it was purged.
    pub async fn poll_device_request(
        &self,
        device_hash: &[u8],
        app_id: &str,
        now: Millis,
        interval: impl Fn(&DeviceRequest) -> i64,
    ) -> Result<Option<DeviceRequest>, Error> {
        let there: Option<DeviceRequest> =
            self.first(DEVICE_REQUEST, &values![device_hash, app_id]).await?;
        // Made-up codes write nothing.
        if there.is_none() {
            return Ok(None);
        }
        self.transaction(Durability::ProcessEnd, None, async |tx| {
            let found = tx.first(DEVICE_REQUEST, &values![device_hash, app_id]).await?;
            if let Some(found) = &found {
                tx.execute(POLL, &values![now, interval(found), device_hash]).await?;
            }
            Ok(found)
        })
        .await
    }

    /// Returns the request of a user code, if it waits for its answer.
    pub async fn device_request(
        &self,
        user_code: &str,
        now: Millis,
    ) -> Result<Option<DeviceRequest>, Error> {
        self.first(DEVICE_REQUEST_OF_USER_CODE, &values![user_code, now]).await
    }

    /// Answers a request: with a grant, whose code is the device's, or without. Returns false if it
    /// was answered before or has expired. Fails if the session of the grant has ended.
    pub async fn answer_device_request(
        &self,
        device_hash: &[u8],
        grant: Option<&NewGrant<'_>>,
        now: Millis,
    ) -> Result<bool, Error> {
        let answer = values![now, grant.map(|grant| grant.id), device_hash];
        self.transaction(Durability::PowerCut, None, async |tx| {
            if tx.execute(ANSWER, &answer).await? == 0 {
                return Ok(false);
            }
            match grant {
                Some(grant) if tx.execute(INSERT_GRANT, &grant.values()).await? == 0 => {
                    Err(Error::Unauthenticated)
                }
                _ => Ok(true),
            }
        })
        .await
    }
}

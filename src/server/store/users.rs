//! Latchkey's own users, and their passwords.

use sqlx::FromRow;

use super::{
    AuditEvent, NewSession, SURVIVES_THE_PROCESS, Store, finish, read, sessions::begin_session,
    trust::DISTRUST, write,
};
use crate::server::ground::{clock::Millis, error::Error};

/// A try of a code or a password, counted when it has failed.
pub struct FailedTry<'a> {
    pub id: &'a str,
    /// Whose allowance it takes from.
    pub bucket: &'a str,
    /// Where it comes from.
    pub network: &'a str,
    pub at: Millis,
}

/// A password that was right when it was held against what was kept.
pub struct RightPassword<'a> {
    pub user_id: &'a str,
    pub kept: &'a str,
    /// What to keep of it from now on.
    pub renewed: Option<&'a str>,
}

/// A mail or a try that was taken from an allowance, and the network that took it.
#[derive(Clone, Debug, FromRow)]
pub struct Taken {
    pub at: Millis,
    pub network: String,
}

/// The tries in a bucket that failed in the day before `$at`, newest first.
macro_rules! failed_tries {
    ($db:expr, $bucket:expr, $at:expr) => {{
        let tries: Vec<$crate::server::store::Taken> = sqlx::query_as(
            "SELECT at, network FROM latchkey_failed_tries WHERE bucket = $1 AND at > $2 ORDER BY at DESC LIMIT 1000",
        )
        .bind($bucket)
        .bind($at - $crate::server::ground::clock::DAY)
        .fetch_all($db)
        .await?;
        tries
    }};
}
pub(super) use failed_tries;

pub(super) const INSERT_TRY: &str =
    "INSERT INTO latchkey_failed_tries (id, bucket, network, at) VALUES ($1, $2, $3, $4)";

impl Store {
    /// The tries in a bucket that failed in the last day, newest first.
    pub async fn failed_tries(&self, bucket: &str, now: Millis) -> Result<Vec<Taken>, Error> {
        Ok(read!(self, db => failed_tries!(db, bucket, now)))
    }

    /// Whether a user of this address exists and is not kept out.
    pub async fn is_user(&self, address: &str) -> Result<bool, Error> {
        let user = "SELECT id FROM latchkey_users WHERE address = $1 \
            AND NOT EXISTS (SELECT 1 FROM latchkey_bans b WHERE b.user_id = '' AND b.address = $1)";
        let user: Option<String> =
            read!(self, db => sqlx::query_scalar(user).bind(address).fetch_optional(db).await?);
        Ok(user.is_some())
    }

    /// The id of the user with this address, kept out or not.
    pub async fn user_id(&self, address: &str) -> Result<Option<String>, Error> {
        Ok(
            read!(self, db => sqlx::query_scalar("SELECT id FROM latchkey_users WHERE address = $1").bind(address).fetch_optional(db).await?),
        )
    }

    /// Deletes a user with all sessions, all that could still sign in and every mail, and notes the
    /// event. Auth requests that have ended and tries that failed are purged a day after their
    /// time, as they always are.
    pub async fn delete_user(
        &self,
        user_id: &str,
        address: &str,
        event: &AuditEvent,
    ) -> Result<(), Error> {
        write!(self, of address, tx => {
            finish!(
                tx,
                DISTRUST => [&event.subject, event.at, user_id],
                "DELETE FROM latchkey_sessions WHERE user_id = $1" => [user_id],
                "DELETE FROM latchkey_auth_requests WHERE address = $1 AND ended_at IS NULL" => [address],
                // Whatever device it was asked for on: no address holds a space.
                "DELETE FROM latchkey_outbox WHERE bucket = $1 OR bucket > $1 || ' ' AND bucket < $1 || '!'" => [address],
                "DELETE FROM latchkey_users WHERE id = $1" => [user_id];
                note event, &event.user_id
            );
        });
        Ok(())
    }

    /// The id and the password hash (PHC string) of the user with this address, if they are not kept
    /// out.
    pub async fn password(&self, address: &str) -> Result<Option<(String, Option<String>)>, Error> {
        let user = "SELECT id, password FROM latchkey_users WHERE address = $1 \
            AND NOT EXISTS (SELECT 1 FROM latchkey_bans b WHERE b.user_id = '' AND b.address = $1)";
        Ok(read!(self, db => sqlx::query_as(user).bind(address).fetch_optional(db).await?))
    }

    /// Counts a wrong try of a password against an address, known or not.
    pub async fn spend_password_try(
        &self,
        address: &str,
        failed_try: &FailedTry<'_>,
        allow: impl Fn(&[Taken]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        write!(self, SURVIVES_THE_PROCESS, of address, tx => {
            allow(&failed_tries!(&mut *tx, failed_try.bucket, failed_try.at))?;
            finish!(tx, INSERT_TRY => [failed_try.id, failed_try.bucket, failed_try.network, failed_try.at]);
        });
        Ok(())
    }

    /// Begins a session by a password, and revokes the one the browser had. Not if the password was
    /// changed or removed, or its user disabled, while it was looked at.
    pub async fn begin_session(
        &self,
        address: &str,
        failed_try: &FailedTry<'_>,
        allow: impl Fn(&[Taken]) -> Result<(), Error>,
        right: &RightPassword<'_>,
        session: &NewSession<'_>,
        now: Millis,
    ) -> Result<bool, Error> {
        let RightPassword { user_id, kept, renewed } = right;
        Ok(write!(self, of address, tx => {
            allow(&failed_tries!(&mut *tx, failed_try.bucket, failed_try.at))?;
            let unchanged = "SELECT 1 FROM latchkey_users \
                WHERE id = $1 AND password = $2 AND NOT EXISTS \
                (SELECT 1 FROM latchkey_bans b WHERE b.user_id = '' AND b.address = $3)";
            let unchanged = sqlx::query(unchanged).bind(user_id).bind(kept).bind(address);
            if unchanged.fetch_optional(&mut *tx).await?.is_none() {
                return Ok(false);
            }
            if let Some(renewed) = renewed {
                let renew = "UPDATE latchkey_users SET password = $1 WHERE id = $2";
                sqlx::query(renew).bind(renewed).bind(user_id).execute(&mut *tx).await?;
            }
            begin_session!(tx, session, user_id, address, now, request: "", is_new: false);
            true
        }))
    }
}

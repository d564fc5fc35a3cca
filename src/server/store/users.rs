//! Latchkey's own users, and their passwords.

use super::{
    AuditEvent, Dialect, NewSession, SURVIVES_THE_PROCESS, Store, execute, finish, read, sessions::begin_session, write,
};
use crate::{error::Error, server::clock::Millis};

/// A try of a code or a password: counted as failed before it is looked at, forgiven once it succeeds.
pub struct FailedTry<'a> {
    pub id: &'a str,
    /// Whose allowance it takes from.
    pub bucket: &'a str,
    pub at: Millis,
}

/// Counts a try against its bucket, if `allow` does, who sees when earlier ones failed, newest first.
macro_rules! note_try {
    ($tx:ident, $failed_try:expr, $allow:expr) => {
        let failed_at: Vec<Millis> =
            sqlx::query_scalar("SELECT at FROM failed_tries WHERE bucket = $1 AND at > $2 ORDER BY at DESC LIMIT 1000")
                .bind($failed_try.bucket)
                .bind($failed_try.at - $crate::server::clock::DAY)
                .fetch_all(&mut *$tx)
                .await?;
        $allow(&failed_at)?;
        $crate::server::store::finish!(
            $tx,
            "INSERT INTO failed_tries (id, bucket, at) VALUES ($1, $2, $3)" => [$failed_try.id, $failed_try.bucket, $failed_try.at]
        );
    };
}
pub(super) use note_try;

impl Store {
    /// Whether a user of this address exists and is not disabled.
    pub async fn is_user(&self, address: &str) -> Result<bool, Error> {
        let user: Option<String> = read!(self, db => {
            sqlx::query_scalar("SELECT id FROM users WHERE address = $1 AND disabled_at IS NULL").bind(address).fetch_optional(db).await?
        });
        Ok(user.is_some())
    }

    /// The id of the user with this address, disabled or not.
    pub async fn user_id(&self, address: &str) -> Result<Option<String>, Error> {
        Ok(
            read!(self, db => sqlx::query_scalar("SELECT id FROM users WHERE address = $1").bind(address).fetch_optional(db).await?),
        )
    }

    /// Disables the user with this address; an unknown one is written down as disabled, under `id`.
    pub async fn disable_user(&self, id: &str, address: &str, now: Millis) -> Result<(), Error> {
        let disable = "INSERT INTO users (id, address, created_at, disabled_at) VALUES ($1, $2, $3, $3) \
            ON CONFLICT (address) DO UPDATE SET disabled_at = excluded.disabled_at";
        execute!(self, disable, id, address, now);
        Ok(())
    }

    /// The user with this address is disabled no more. Whether there was one.
    pub async fn enable_user(&self, address: &str) -> Result<bool, Error> {
        Ok(execute!(self, "UPDATE users SET disabled_at = NULL WHERE address = $1", address) > 0)
    }

    /// Deletes a user with all sessions, all that could still sign in and every mail, and notes the event. Auth requests that have
    /// ended and tries that failed are purged a day after their time, as they always are.
    pub async fn delete_user(&self, user_id: &str, address: &str, event: &AuditEvent) -> Result<(), Error> {
        write!(self, tx => {
            tx.lock_address(address).await?;
            finish!(
                tx,
                "DELETE FROM sessions WHERE user_id = $1" => [user_id],
                "DELETE FROM auth_requests WHERE address = $1 AND ended_at IS NULL" => [address],
                // Whatever device it was asked for on: no address holds a space.
                "DELETE FROM outbox WHERE bucket = $1 OR bucket > $1 || ' ' AND bucket < $1 || '!'" => [address],
                "DELETE FROM users WHERE id = $1" => [user_id];
                note event, &event.user_id
            );
        });
        Ok(())
    }

    /// Whether somebody disabled the user of this address; an unknown one is not.
    pub async fn is_disabled(&self, address: &str) -> Result<bool, Error> {
        let disabled: Option<String> = read!(self, db => {
            sqlx::query_scalar("SELECT id FROM users WHERE address = $1 AND disabled_at IS NOT NULL").bind(address).fetch_optional(db).await?
        });
        Ok(disabled.is_some())
    }

    /// The id and the password hash (PHC string) of the user with this address.
    pub async fn password(&self, address: &str) -> Result<Option<(String, Option<String>)>, Error> {
        Ok(read!(self, db => {
            sqlx::query_as("SELECT id, password FROM users WHERE address = $1 AND disabled_at IS NULL").bind(address).fetch_optional(db).await?
        }))
    }

    /// Counts a try of a password against an address, known or not.
    pub async fn spend_password_try(
        &self,
        address: &str,
        failed_try: &FailedTry<'_>,
        allow: impl Fn(&[Millis]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        write!(self, SURVIVES_THE_PROCESS, tx => {
            tx.lock_address(address).await?;
            note_try!(tx, failed_try, allow);
        });
        Ok(())
    }

    /// Begins a session for a user who is known already, and revokes the one the browser had.
    pub async fn begin_session(&self, user_id: &str, address: &str, session: &NewSession<'_>, now: Millis) -> Result<(), Error> {
        write!(self, tx => {
            begin_session!(tx, session, user_id, address, now, is_new: false);
        });
        Ok(())
    }

    /// Sets or removes the password hash of a user.
    pub async fn set_password(&self, user_id: &str, password: Option<&str>) -> Result<(), Error> {
        write!(self, tx => {
            sqlx::query("UPDATE users SET password = $1 WHERE id = $2").bind(password).bind(user_id).execute(&mut *tx).await?;
        });
        Ok(())
    }
}

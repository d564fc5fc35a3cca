//! Latchkey's own users and their passwords.

use super::{
    AuditEvent, Durability, Store,
    grants::{DELETE_CONSENTS, DELETE_GRANTS},
    invitations::DELETE_INVITATIONS,
    sessions::REVOKE_OTHERS,
    statement::{Statement, values},
    trust::distrust,
    waitlist::LEAVE_WAITLIST,
};
use crate::server::{ground::error::Error, values::address::Address};

/// Reads the password of the user with an address, unless the address is banned.
pub const PASSWORD: &str = "SELECT password FROM latchkey_users WHERE address = $1 \
    AND NOT EXISTS (SELECT 1 FROM latchkey_bans b WHERE b.user_id = '' AND b.address = $1)";
pub const USER_ID: &str = "SELECT id FROM latchkey_users WHERE address = $1";
pub const RENEW_PASSWORD: &str = "UPDATE latchkey_users SET password = $1 WHERE id = $2";
pub const DELETE_SESSIONS: &str = "DELETE FROM latchkey_sessions WHERE user_id = $1";
pub const DELETE_REQUESTS: &str =
    "DELETE FROM latchkey_auth_requests WHERE address = $1 AND ended_at IS NULL";
/// Deletes mails of the address, whichever device asked for them: a device's bucket is the address,
/// a space and an id, and no address contains a space.
pub const DELETE_MAILS: &str = "DELETE FROM latchkey_outbox \
    WHERE bucket = $1 OR bucket > $1 || ' ' AND bucket < $1 || '!'";
pub const DELETE_USER: &str = "DELETE FROM latchkey_users WHERE id = $1";

impl Store {
    /// Returns the id of the user with this address, banned or not.
    pub async fn user_id(&self, address: &Address) -> Result<Option<String>, Error> {
        let found: Option<(String,)> = self.first(USER_ID, &values![address]).await?;
        Ok(found.map(|(id,)| id))
    }

    /// Deletes a user with all sessions, everything that could still sign in and every mail, and
    /// writes the event. Ended auth requests and failed tries are purged a day after their time, as
    /// always.
    pub async fn delete_user(
        &self,
        user_id: &str,
        address: &Address,
        event: &AuditEvent,
    ) -> Result<(), Error> {
        let statements = [
            distrust(&event.subject, event.at, user_id),
            Statement::new(DELETE_GRANTS, values![user_id]),
            Statement::new(DELETE_CONSENTS, values![user_id]),
            Statement::new(DELETE_SESSIONS, values![user_id]),
            Statement::new(DELETE_REQUESTS, values![address]),
            Statement::new(DELETE_MAILS, values![address]),
            Statement::new(DELETE_INVITATIONS, values![address]),
            Statement::new(LEAVE_WAITLIST, values![address]),
            Statement::new(DELETE_USER, values![user_id]),
            event.insert(),
        ];
        self.transaction(Durability::PowerCut, Some(address), async |tx| {
            // So that apps are told.
            tx.revoked(REVOKE_OTHERS, event.at, user_id, "").await?;
            tx.finish(&statements).await
        })
        .await
    }

    /// Returns the password hash (PHC string) of the user with this address; `None` if banned.
    pub async fn password(&self, address: &Address) -> Result<Option<String>, Error> {
        let found: Option<(Option<String>,)> = self.first(PASSWORD, &values![address]).await?;
        Ok(found.and_then(|(password,)| password))
    }

    /// True if the user with this address has a password and is not banned.
    pub async fn has_password(&self, address: &Address) -> Result<bool, Error> {
        Ok(self.password(address).await?.is_some())
    }
}

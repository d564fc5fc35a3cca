//! Latchkey's own users and the bans, as an operator adds and lists them.

use sqlx::FromRow;
use std::sync::LazyLock;

use super::{
    AuditEvent, Durability, Store,
    invitations::ACCEPT_INVITATIONS,
    people::users_that,
    statement::{Statement, values},
    waitlist::LEAVE_WAITLIST,
};
use crate::server::{
    ground::{clock::Millis, error::Error},
    values::address::Address,
};

/// A user to add, and the audit event to write for it.
#[derive(Debug)]
pub struct NewUser {
    pub id: String,
    pub address: Address,
    pub event: AuditEvent,
}

#[derive(Debug, FromRow)]
pub struct User {
    pub id: String,
    pub address: Address,
    pub created_at: Millis,
    pub is_banned: bool,
}

/// A ban of an address or, with a `user_id`, of a user of the team's own table.
#[derive(Debug, FromRow)]
pub struct Ban {
    pub user_id: String,
    pub address: Address,
    pub created_at: Millis,
}

pub const ADD_USER: &str = "INSERT INTO latchkey_users (id, address, created_at) \
    VALUES ($1, $2, $3) ON CONFLICT (address) DO NOTHING";
pub static USERS: LazyLock<String> =
    LazyLock::new(|| users_that("u.address > $1 ORDER BY u.address LIMIT 1000"));
/// The address of a user: the one it has here, or the one of its latest session, for a user of the
/// team's own table.
pub const ADDRESS_OF_USER: &str = "SELECT address FROM latchkey_users WHERE id = $1 \
    UNION ALL SELECT address FROM (SELECT address FROM latchkey_sessions WHERE user_id = $1 \
    ORDER BY created_at DESC LIMIT 1) AS latest";
pub const BANS: &str = "SELECT user_id, address, created_at FROM latchkey_bans \
    WHERE (address, user_id) > ($1, $2) ORDER BY address, user_id LIMIT 1000";

impl Store {
    /// Adds the users that do not exist yet, all in one transaction. Returns how many were new.
    ///
    /// The transaction waits for no address lock, because it holds hundreds of addresses. A user
    /// who signs in for the first time at the same moment gets an error and has to try again.
    pub async fn add_users(&self, users: &[NewUser]) -> Result<u64, Error> {
        self.transaction(Durability::PowerCut, None, async |tx| {
            let mut added = 0;
            for NewUser { id, address, event } in users {
                if tx.execute(ADD_USER, &values![id, address, event.at]).await? > 0 {
                    // Whoever is a user signs in by a mail of their own, and waits no longer.
                    tx.run(&[
                        Statement::new(LEAVE_WAITLIST, values![address]),
                        Statement::new(ACCEPT_INVITATIONS, values![event.at, address]),
                        event.insert(),
                    ])
                    .await?;
                    added += 1;
                }
            }
            Ok(added)
        })
        .await
    }

    /// Returns the address of a user, as far as it is known here.
    pub async fn address_of_user(&self, id: &str) -> Result<Option<Address>, Error> {
        let found: Option<(Address,)> = self.first(ADDRESS_OF_USER, &values![id]).await?;
        Ok(found.map(|(address,)| address))
    }

    /// Returns the next thousand users after `address`, ordered by address.
    pub async fn users_after(&self, address: &str) -> Result<Vec<User>, Error> {
        self.all(&USERS, &values![address]).await
    }

    /// Returns the next thousand bans after `address` and `user_id`, in that order.
    pub async fn bans_after(&self, address: &str, user_id: &str) -> Result<Vec<Ban>, Error> {
        self.all(BANS, &values![address, user_id]).await
    }
}

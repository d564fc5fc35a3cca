//! Latchkey's own users and whom it keeps out, as an operator adds and lists them.

use sqlx::FromRow;

use super::{AuditEvent, Durability, Store, statement::values};
use crate::server::ground::{clock::Millis, error::Error};

/// A user to be, and what is noted of it.
#[derive(Debug)]
pub struct NewUser {
    pub id: String,
    pub address: String,
    pub event: AuditEvent,
}

/// A user.
#[derive(Debug, FromRow)]
pub struct User {
    pub id: String,
    pub address: String,
    pub created_at: Millis,
    pub is_banned: bool,
}

/// A ban: of an address, or with an id of the user of the team's own table.
#[derive(Debug, FromRow)]
pub struct Ban {
    pub user_id: String,
    pub address: String,
    pub created_at: Millis,
}

pub const ADD_USER: &str = "INSERT INTO latchkey_users (id, address, created_at) \
    VALUES ($1, $2, $3) ON CONFLICT (address) DO NOTHING";
pub const USERS: &str = "SELECT u.id, u.address, u.created_at, \
    EXISTS (SELECT 1 FROM latchkey_bans b WHERE b.user_id = '' AND b.address = u.address) \
    AS is_banned FROM latchkey_users u WHERE u.address > $1 ORDER BY u.address LIMIT 1000";
pub const BANS: &str = "SELECT user_id, address, created_at FROM latchkey_bans \
    WHERE (address, user_id) > ($1, $2) ORDER BY address, user_id LIMIT 1000";

impl Store {
    /// Adds those who are not there yet, all in one step. How many were new.
    ///
    /// Who signs in for the first time at this very moment is told to come back: with hundreds of
    /// them in one step no turn of an address is waited for.
    pub async fn add_users(&self, users: &[NewUser]) -> Result<u64, Error> {
        self.transaction(Durability::PowerCut, None, async |tx| {
            let mut added = 0;
            for NewUser { id, address, event } in users {
                if tx.execute(ADD_USER, &values![id, address, event.at]).await? > 0 {
                    tx.run(&[event.insert()]).await?;
                    added += 1;
                }
            }
            Ok(added)
        })
        .await
    }

    /// The next thousand users, in the order of their addresses.
    pub async fn users_after(&self, address: &str) -> Result<Vec<User>, Error> {
        self.all(USERS, &values![address]).await
    }

    /// The next thousand bans, in the order of their addresses and ids.
    pub async fn bans_after(&self, address: &str, user_id: &str) -> Result<Vec<Ban>, Error> {
        self.all(BANS, &values![address, user_id]).await
    }
}

//! Latchkey's own users and whom it keeps out, as an operator adds and lists them.

use sqlx::FromRow;

use super::{AuditEvent, Store, read, run_all, write};
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

impl Store {
    /// Adds those who are not there yet, all in one step. How many were new.
    ///
    /// Who signs in for the first time at this very moment is told to come back: with hundreds of
    /// them in one step no turn of an address is waited for.
    pub async fn add_users(&self, users: &[NewUser]) -> Result<u64, Error> {
        let add = "INSERT INTO latchkey_users (id, address, created_at) VALUES ($1, $2, $3) \
            ON CONFLICT (address) DO NOTHING";
        Ok(write!(self, tx => {
            let mut added = 0;
            for NewUser { id, address, event } in users {
                let add = sqlx::query(add).bind(id).bind(address).bind(event.at);
                if add.execute(&mut *tx).await?.rows_affected() > 0 {
                    run_all!(tx; note event, &event.user_id);
                    added += 1;
                }
            }
            added
        }))
    }

    /// The next thousand users, in the order of their addresses.
    pub async fn users_after(&self, address: &str) -> Result<Vec<User>, Error> {
        let users = "SELECT u.id, u.address, u.created_at, EXISTS (SELECT 1 FROM latchkey_bans b \
            WHERE b.user_id = '' AND b.address = u.address) AS is_banned \
            FROM latchkey_users u WHERE u.address > $1 ORDER BY u.address LIMIT 1000";
        Ok(read!(self, db => sqlx::query_as(users).bind(address).fetch_all(db).await?))
    }

    /// The next thousand bans, in the order of their addresses and ids.
    pub async fn bans_after(&self, address: &str, user_id: &str) -> Result<Vec<Ban>, Error> {
        let bans = "SELECT user_id, address, created_at FROM latchkey_bans \
            WHERE (address, user_id) > ($1, $2) ORDER BY address, user_id LIMIT 1000";
        Ok(read!(self, db => sqlx::query_as(bans).bind(address).bind(user_id).fetch_all(db).await?))
    }
}

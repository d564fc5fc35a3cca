//! Bans: whom an operator keeps out.
//!
//! A ban is keyed by what makes somebody the same person tomorrow. In a table of the team's own that
//! is the id: the address may be given to somebody else, who is not meant, and a new address must
//! not let the person in. Among Latchkey's own users, and of who has not come yet, it is the
//! address: there is nothing else to know them by. Hence two kinds of rows, by `user_id` (the
//! address beside it is the one they had then, and binds nobody) and, with no `user_id`, by
//! address. A ban makes no user, and the end of one leaves none behind.

use super::{
    AuditEvent, Durability, Store,
    statement::{Statement, values},
};
use crate::server::ground::{clock::Millis, error::Error};

pub const BAN: &str = "INSERT INTO latchkey_bans (user_id, address, created_at) \
    VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
pub const LIFT: &str = "DELETE FROM latchkey_bans \
    WHERE user_id = $1 OR address = $2 AND (user_id = '' OR $1 IS NULL)";
pub const FIND_BAN: &str = "SELECT address FROM latchkey_bans \
    WHERE user_id = $1 OR user_id = '' AND address = $2 LIMIT 1";

impl Store {
    /// Keeps a user of the team's own table out, by id, or without one an address.
    pub async fn ban(
        &self,
        user_id: Option<&str>,
        address: &str,
        now: Millis,
        event: &AuditEvent,
    ) -> Result<(), Error> {
        let ban = values![user_id.unwrap_or_default(), address, now];
        self.transaction(Durability::PowerCut, None, async |tx| {
            tx.finish(&[Statement::new(BAN, ban), event.insert()]).await
        })
        .await
    }

    /// Lifts the ban of an address and of the user who has it; where nobody has it, of the user who
    /// had it when they were banned. Whether there was one.
    pub async fn lift_ban(
        &self,
        user_id: Option<&str>,
        address: &str,
        event: &AuditEvent,
    ) -> Result<bool, Error> {
        let both = [Statement::new(LIFT, values![user_id, address]), event.insert()];
        Ok(self.execute_and_then(Durability::PowerCut, &both).await? > 0)
    }

    /// Whether an address is kept out, or the user of the team's own table who has it.
    pub async fn is_banned(&self, user_id: Option<&str>, address: &str) -> Result<bool, Error> {
        let found: Option<(String,)> = self.first(FIND_BAN, &values![user_id, address]).await?;
        Ok(found.is_some())
    }
}

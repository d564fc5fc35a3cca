//! Bans that an operator sets.
//!
//! A ban is keyed by what identifies a person in the long run. For a user of the team's own table
//! that is the id: the address may later belong to somebody else, who must not be banned, and a new
//! address must not let the banned user in. For Latchkey's own users, and for people who have not
//! signed in yet, it is the address: nothing else is known of them. So there are two kinds of rows.
//! A row with a `user_id` bans that id; its address is the one the user had at the time, and is not
//! banned by it. A row without a `user_id` bans the address. A ban creates no user, and lifting one
//! leaves no user behind.

use super::{
    AuditEvent, Durability, Store,
    statement::{Statement, values},
};
use crate::server::{
    ground::{clock::Millis, error::Error},
    values::address::Address,
};

pub const BAN: &str = "INSERT INTO latchkey_bans (user_id, address, created_at) \
    VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
pub const LIFT: &str = "DELETE FROM latchkey_bans \
    WHERE user_id = $1 OR address = $2 AND (user_id = '' OR $1 IS NULL)";
pub const FIND_BAN: &str = "SELECT address FROM latchkey_bans \
    WHERE user_id = $1 OR user_id = '' AND address = $2 LIMIT 1";

/// Returns the condition that an address is banned.
pub(super) fn banned(address: &str) -> String {
    format!("EXISTS (SELECT 1 FROM latchkey_bans b WHERE b.user_id = '' AND b.address = {address})")
}

impl Store {
    /// Bans a user of the team's own table by id or, without an id, an address.
    pub async fn ban(
        &self,
        user_id: Option<&str>,
        address: &Address,
        now: Millis,
        event: &AuditEvent,
    ) -> Result<(), Error> {
        let ban = values![user_id.unwrap_or_default(), address, now];
        self.transaction(Durability::PowerCut, None, async |tx| {
            tx.finish(&[Statement::new(BAN, ban), event.insert()]).await
        })
        .await
    }

    /// Lifts the ban of an address and of the user who has it. If nobody has the address, lifts the
    /// bans of users who had it when they were banned. Returns false if there was no ban.
    pub async fn lift_ban(
        &self,
        user_id: Option<&str>,
        address: &Address,
        event: &AuditEvent,
    ) -> Result<bool, Error> {
        let both = [Statement::new(LIFT, values![user_id, address]), event.insert()];
        Ok(self.execute_and_then(Durability::PowerCut, &both).await? > 0)
    }

    /// True if the address is banned, or the user of the team's own table who has it.
    pub async fn is_banned(&self, user_id: Option<&str>, address: &Address) -> Result<bool, Error> {
        let found: Option<(String,)> = self.first(FIND_BAN, &values![user_id, address]).await?;
        Ok(found.is_some())
    }
}

//! Addresses that get no mail for a while, because earlier ones came back.

use sqlx::FromRow;

use super::{
    AuditEvent, Durability, Store,
    statement::{Statement, values},
};
use crate::server::{
    ground::{clock::Millis, error::Error},
    values::address::Address,
};

/// An address that gets no mail.
#[derive(Clone, Debug, FromRow)]
pub struct Suppression {
    pub address: Address,
    /// `hard` or `complaint`.
    pub kind: String,
    /// Words of the server that refused the mail, with the address masked.
    pub said: String,
    pub transport: String,
    pub created_at: Millis,
    /// `None`: until it is lifted.
    pub expires_at: Option<Millis>,
    /// Time at which somebody last asked for a mail all the same.
    pub tried_at: Option<Millis>,
}

pub const SUPPRESS: &str = "INSERT INTO latchkey_suppressions \
    (address, kind, said, transport, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6) \
    ON CONFLICT (address) DO UPDATE SET kind = excluded.kind, said = excluded.said, \
    transport = excluded.transport, created_at = excluded.created_at, \
    expires_at = excluded.expires_at \
    WHERE latchkey_suppressions.expires_at IS NOT NULL OR excluded.expires_at IS NULL";
pub const SUPPRESSION: &str = "SELECT address, kind, said, transport, created_at, expires_at, \
    tried_at FROM latchkey_suppressions \
    WHERE address = $1 AND (expires_at IS NULL OR expires_at > $2)";
pub const SUPPRESSIONS: &str = "SELECT address, kind, said, transport, created_at, expires_at, \
    tried_at FROM latchkey_suppressions \
    WHERE address > $1 AND (expires_at IS NULL OR expires_at > $2) ORDER BY address LIMIT $3";
pub const COUNT_SUPPRESSIONS: &str = "SELECT COUNT(*), \
    COUNT(CASE WHEN kind = 'complaint' THEN 1 END) FROM latchkey_suppressions \
    WHERE expires_at IS NULL OR expires_at > $1";
pub const TRY_AGAIN: &str = "UPDATE latchkey_suppressions SET tried_at = $1 \
    WHERE address = $2 AND (tried_at IS NULL OR tried_at < $3)";
pub const UNTRY: &str = "UPDATE latchkey_suppressions SET tried_at = $1 \
    WHERE address = $2 AND tried_at = $3";
pub const LIFT_SUPPRESSION: &str = "DELETE FROM latchkey_suppressions WHERE address = $1";

impl Suppression {
    /// Returns the statement that writes it, in place of an earlier one of its address. One that has
    /// no end stays in place of one that has.
    pub(super) fn insert(&self) -> Statement<'_> {
        let Suppression { address, kind, said, transport, created_at, expires_at, .. } = self;
        Statement::new(SUPPRESS, values![address, kind, said, transport, *created_at, *expires_at])
    }
}

impl Store {
    /// Holds back the mails to an address.
    pub async fn suppress(&self, suppression: &Suppression) -> Result<(), Error> {
        let Statement { sql, values } = suppression.insert();
        self.execute(sql, &values).await.map(drop)
    }

    /// Returns why an address gets no mail at `now`; `None` if it does.
    pub async fn suppression(
        &self,
        address: &Address,
        now: Millis,
    ) -> Result<Option<Suppression>, Error> {
        self.first(SUPPRESSION, &values![address, now]).await
    }

    /// Returns those in force, by address, after `after`.
    pub async fn suppressions(
        &self,
        after: &str,
        now: Millis,
        limit: i64,
    ) -> Result<Vec<Suppression>, Error> {
        self.all(SUPPRESSIONS, &values![after, now, limit]).await
    }

    /// Returns how many are in force, and how many of them are for complaints.
    pub async fn count_suppressions(&self, now: Millis) -> Result<(i64, i64), Error> {
        self.one(COUNT_SUPPRESSIONS, &values![now]).await
    }

    /// Lets one mail through, unless one was let through since `since`. Returns false then.
    pub async fn try_again(
        &self,
        address: &Address,
        since: Millis,
        now: Millis,
    ) -> Result<bool, Error> {
        Ok(self.execute(TRY_AGAIN, &values![now, address, since]).await? > 0)
    }

    /// Takes back a `try_again` of `tried_at` that came to nothing.
    pub async fn untry(
        &self,
        address: &Address,
        earlier: Option<Millis>,
        tried_at: Millis,
    ) -> Result<(), Error> {
        self.execute(UNTRY, &values![earlier, address, tried_at]).await.map(drop)
    }

    /// Lets mails through again. Returns false if nothing held them back.
    pub async fn lift_suppression(
        &self,
        address: &Address,
        event: &AuditEvent,
    ) -> Result<bool, Error> {
        let both = [Statement::new(LIFT_SUPPRESSION, values![address]), event.insert()];
        Ok(self.execute_and_then(Durability::PowerCut, &both).await? > 0)
    }
}

//! People who asked for a mail while sign-up has a waitlist.

use sqlx::FromRow;

use super::{
    AuditEvent, Durability, NewMail, Store,
    invitations::IS_ADMITTED,
    statement::{Statement, values},
};
use crate::server::{
    ground::{
        clock::{HOUR, Millis},
        error::Error,
    },
    values::address::Address,
};

/// People on one page of the waitlist. The statement reads one more, which tells that there are
/// more.
pub const WAITING_ON_A_PAGE: usize = 100;

/// Somebody on the waitlist.
#[derive(Clone, Debug, FromRow)]
pub struct Waiting {
    pub address: Address,
    /// Tag of the language that they first asked in.
    pub language: String,
    pub first_asked_at: Millis,
    pub last_asked_at: Millis,
    pub times: i64,
}

/// Outcome of asking while there is a waitlist.
#[derive(Debug, PartialEq, Eq)]
pub enum Listed {
    New,
    Before,
    /// As many as allowed have joined in the last hour.
    Full,
}

pub const ASK_AGAIN: &str = "UPDATE latchkey_waitlist \
    SET last_asked_at = $1, times = times + 1 WHERE address = $2";
pub const JOINED_SINCE: &str = "SELECT COUNT(*) FROM \
    (SELECT 1 FROM latchkey_waitlist WHERE first_asked_at > $1 LIMIT 10000) AS joined";
pub const JOIN_WAITLIST: &str = "INSERT INTO latchkey_waitlist \
    (address, language, first_asked_at, last_asked_at, times) VALUES ($1, $2, $3, $3, 1)";
pub const WAITING_OF: &str = "SELECT address, language, first_asked_at, last_asked_at, times \
    FROM latchkey_waitlist WHERE address = $1";
/// A page after a time and an address, those who have waited longest first.
pub const WAITLIST: &str = "SELECT address, language, first_asked_at, last_asked_at, times \
    FROM latchkey_waitlist WHERE (first_asked_at, address) > ($1, $2) \
    ORDER BY first_asked_at, address LIMIT 101";
pub const LEAVE_WAITLIST: &str = "DELETE FROM latchkey_waitlist WHERE address = $1";

impl Store {
    /// Notes that an address asked. If it has not before, writes its mail and the event, unless
    /// `most` have joined in the last hour.
    pub async fn join_waitlist(
        &self,
        address: &Address,
        language: &str,
        most: i64,
        mail: &NewMail<'_>,
        event: &AuditEvent,
    ) -> Result<Listed, Error> {
        let now = event.at;
        self.transaction(Durability::ProcessEnd, Some(address), async |tx| {
            // Somebody invited or added since the mail was withheld waits for nothing.
            let admitted: Option<(i32,)> = tx.first(&IS_ADMITTED, &values![address, now]).await?;
            if admitted.is_some() {
                return Ok(Listed::Before);
            }
            if tx.execute(ASK_AGAIN, &values![now, address]).await? > 0 {
                return Ok(Listed::Before);
            }
            let joined: Option<(i64,)> = tx.first(JOINED_SINCE, &values![now - HOUR]).await?;
            if joined.is_some_and(|(joined,)| joined >= most) {
                return Ok(Listed::Full);
            }
            let join = values![address, language, now];
            tx.finish(&[
                Statement::new(JOIN_WAITLIST, join),
                mail.insert(address, event),
                event.insert(),
            ])
            .await?;
            Ok(Listed::New)
        })
        .await
    }

    /// Takes an address off the waitlist and writes the event. Returns false if it was not there.
    pub async fn leave_waitlist(
        &self,
        address: &Address,
        event: &AuditEvent,
    ) -> Result<bool, Error> {
        self.transaction(Durability::PowerCut, Some(address), async |tx| {
            if tx.execute(LEAVE_WAITLIST, &values![address]).await? == 0 {
                return Ok(false);
            }
            tx.finish(&[event.insert()]).await?;
            Ok(true)
        })
        .await
    }

    /// Returns an address on the waitlist.
    pub async fn waiting(&self, address: &Address) -> Result<Option<Waiting>, Error> {
        self.first(WAITING_OF, &values![address]).await
    }

    /// Returns those of a page of the waitlist after a time and an address, those who have waited
    /// longest first, and one more.
    pub async fn waitlist_after(
        &self,
        after: Millis,
        after_address: &str,
    ) -> Result<Vec<Waiting>, Error> {
        self.all(WAITLIST, &values![after, after_address]).await
    }
}

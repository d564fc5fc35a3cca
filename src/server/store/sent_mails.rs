//! Mails that a transport has accepted, and what is reported of them later.

use sqlx::FromRow;

use super::{
    AuditEvent, Durability, Store, Suppression,
    assertions::USE_ASSERTION,
    statement::{Statement, values},
};
use crate::server::{
    ground::{clock::Millis, error::Error},
    values::address::Address,
};

/// A mail that a transport has accepted.
#[derive(Clone, Debug, FromRow)]
pub struct SentMail {
    pub id: String,
    pub address: Address,
    /// Correlation id of the request that asked for it.
    pub request_id: String,
    /// Transport that accepted it.
    pub transport: String,
    /// True if it was last reported to be on its way still.
    pub is_delayed: bool,
}

/// Name of a report, which counts once until a time.
#[derive(Clone, Copy, Debug)]
pub struct Used<'a> {
    pub name: &'a [u8],
    pub until: Millis,
}

pub const SENT_MAIL: &str = "SELECT id, address, request_id, transport, \
    state = 'sent' AND delayed_by IS NOT NULL AS is_delayed FROM latchkey_outbox \
    WHERE id = $1 AND transport IS NOT NULL AND state <> 'queued'";
pub const SENT_MAIL_OF_PROVIDER: &str = "SELECT id, address, request_id, transport, \
    state = 'sent' AND delayed_by IS NOT NULL AS is_delayed FROM latchkey_outbox \
    WHERE message_id = $1 AND transport = $2";
pub const RETURN_MAIL: &str = "UPDATE latchkey_outbox SET state = 'returned', last_error = $1 \
    WHERE id = $2 AND state <> 'queued'";
pub const DELAY_SENT_MAIL: &str = "UPDATE latchkey_outbox SET delayed_by = 'for_now', \
    last_error = $1 WHERE id = $2 AND state = 'sent'";
pub const DELIVER_MAIL: &str = "UPDATE latchkey_outbox SET delayed_by = NULL, last_error = NULL \
    WHERE id = $1 AND state = 'sent'";

/// Report about a mail that was accepted.
pub enum Reported<'a> {
    /// It came back; if its address is dead, that gets no more for a while.
    Returned(Option<&'a Suppression>),
    /// It was called spam: it arrived, and its address gets no more.
    Complaint(&'a Suppression),
    /// It is still on its way.
    Delayed,
}

impl Store {
    /// Returns a mail by our own id.
    pub async fn sent_mail(&self, id: &str) -> Result<Option<SentMail>, Error> {
        self.first(SENT_MAIL, &values![id]).await
    }

    /// Returns a mail by the id that a transport gave it.
    pub async fn sent_mail_of(
        &self,
        transport: &str,
        message_id: &str,
    ) -> Result<Option<SentMail>, Error> {
        self.first(SENT_MAIL_OF_PROVIDER, &values![message_id, transport]).await
    }

    /// Writes down that a mail which was late has arrived.
    pub async fn mail_delivered(&self, id: &str) -> Result<(), Error> {
        self.execute(DELIVER_MAIL, &values![id]).await.map(drop)
    }

    /// Writes down a report, its consequences and its event, in one step. Returns false, and writes
    /// nothing, if its name was used before.
    pub async fn mail_reported(
        &self,
        mail: &SentMail,
        reported: &Reported<'_>,
        once: Option<Used<'_>>,
        event: &AuditEvent,
    ) -> Result<bool, Error> {
        let (said, id) = (&event.reason, &mail.id);
        let statements = match reported {
            Reported::Returned(suppression) => {
                let first = [Statement::new(RETURN_MAIL, values![said, id]), event.insert()];
                first.into_iter().chain(suppression.map(Suppression::insert)).collect()
            }
            Reported::Complaint(suppression) => vec![suppression.insert(), event.insert()],
            Reported::Delayed => {
                vec![Statement::new(DELAY_SENT_MAIL, values![said, id]), event.insert()]
            }
        };
        self.transaction(Durability::PowerCut, None, async |tx| {
            if let Some(Used { name, until }) = once
                && tx.execute(USE_ASSERTION, &values![name, until]).await? == 0
            {
                return Ok(false);
            }
            tx.finish(&statements).await?;
            Ok(true)
        })
        .await
    }
}

//! Mails that a transport has accepted, and what is reported of them later.

use sqlx::FromRow;

use super::{
    AuditEvent, Durability, Store, Suppression,
    statement::{Statement, values},
};
use crate::server::{ground::error::Error, values::address::Address};

/// A mail that a transport has accepted.
#[derive(Clone, Debug, FromRow)]
pub struct SentMail {
    pub id: String,
    pub address: Address,
    /// Correlation id of the request that asked for it.
    pub request_id: String,
}

pub const SENT_MAIL: &str = "SELECT id, address, request_id FROM latchkey_outbox \
    WHERE id = $1 AND state <> 'queued'";
pub const SENT_MAIL_OF_PROVIDER: &str = "SELECT id, address, request_id FROM latchkey_outbox \
    WHERE message_id = $1 AND transport = $2";
pub const RETURN_MAIL: &str = "UPDATE latchkey_outbox SET state = 'returned', last_error = $1 \
    WHERE id = $2 AND state <> 'queued'";
pub const DELAY_SENT_MAIL: &str = "UPDATE latchkey_outbox SET delayed_by = 'for_now', \
    last_error = $1 WHERE id = $2 AND state = 'sent'";

/// What is reported of a mail that was accepted.
pub enum Reported<'a> {
    /// It came back, and with a suppression its address gets no more for a while.
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

    /// Writes down a report, its consequences and its event, in one step.
    pub async fn mail_reported(
        &self,
        mail: &SentMail,
        reported: &Reported<'_>,
        event: &AuditEvent,
    ) -> Result<(), Error> {
        let (said, id) = (&event.reason, &mail.id);
        let mut statements = Vec::with_capacity(3);
        match reported {
            Reported::Returned(suppression) => {
                statements.push(Statement::new(RETURN_MAIL, values![said, id]));
                statements.extend(suppression.map(Suppression::insert));
            }
            Reported::Complaint(suppression) => statements.push(suppression.insert()),
            Reported::Delayed => {
                statements.push(Statement::new(DELAY_SENT_MAIL, values![said, id]));
            }
        }
        statements.push(event.insert());
        self.transaction(Durability::PowerCut, None, async |tx| tx.finish(&statements).await).await
    }
}

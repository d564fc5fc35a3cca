//! Mails on their way to the outbox.

use super::Auth;
use crate::server::{
    ground::{clock::Millis, error::Error},
    mail::letter::Letter,
    store::{AuditEvent, NewMail, QueuedMail},
};

/// A mail ready for the outbox.
pub struct SealedMail {
    mail_id: String,
    /// Whose allowance it takes from.
    bucket: String,
    rank: i64,
    payload: Vec<u8>,
    expires_at: Millis,
}

impl SealedMail {
    /// Under an id of its own, worth sending until `expires_at`.
    pub fn new(
        auth: &Auth,
        letter: &Letter,
        bucket: String,
        expires_at: Millis,
    ) -> Result<Self, Error> {
        let mail_id = auth.random.id()?;
        let rank = letter.rank();
        let payload = letter.seal(&auth.keys, &auth.random, &mail_id)?;
        Ok(SealedMail { mail_id, bucket, rank, payload, expires_at })
    }

    /// The mail as the database takes it. `auth_request_id`: empty, when it belongs to none.
    pub fn new_mail<'a>(&'a self, auth_request_id: &'a str, handed_over: bool) -> NewMail<'a> {
        let SealedMail { mail_id: id, bucket, rank, payload, expires_at } = self;
        let (rank, expires_at) = (*rank, *expires_at);
        NewMail { id, auth_request_id, bucket, rank, payload, expires_at, handed_over }
    }

    /// Whose allowance it takes from.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The mail as the worker takes it.
    pub fn queued(self, address: &str, event: &AuditEvent) -> QueuedMail {
        let SealedMail { mail_id: id, payload, expires_at, .. } = self;
        let (address, request_id) = (address.to_owned(), event.request_id.clone());
        QueuedMail {
            id,
            address,
            payload,
            attempts: 1,
            leased_at: event.at,
            expires_at,
            created_at: event.at,
            request_id,
        }
    }
}

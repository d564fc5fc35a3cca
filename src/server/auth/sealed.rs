//! Mails sealed for the outbox.

use super::Auth;
use crate::server::{
    ground::{clock::Millis, error::Error},
    mail::letter::Letter,
    store::{AuditEvent, NewMail, QueuedMail},
    values::address::Address,
};

/// Mail ready for the outbox.
pub struct SealedMail {
    mail_id: String,
    /// Allowance that the mail counts against.
    bucket: String,
    rank: i64,
    payload: Vec<u8>,
    expires_at: Millis,
}

impl SealedMail {
    /// Seals a letter under a new mail id, worth sending until `expires_at`.
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

    /// Returns the mail as the database takes it. `auth_request_id` is empty if it belongs to no
    /// auth request.
    pub fn new_mail<'a>(&'a self, auth_request_id: &'a str, is_leased: bool) -> NewMail<'a> {
        let SealedMail { mail_id: id, bucket, rank, payload, expires_at } = self;
        let (rank, expires_at) = (*rank, *expires_at);
        NewMail { id, auth_request_id, bucket, rank, payload, expires_at, is_leased }
    }

    /// Returns the allowance that the mail counts against.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Returns the mail as the worker takes it.
    pub fn queued(self, address: &Address, event: &AuditEvent) -> QueuedMail {
        let SealedMail { mail_id: id, payload, expires_at, rank, .. } = self;
        let (address, request_id) = (address.clone(), event.request_id.clone());
        QueuedMail {
            id,
            address,
            payload,
            attempts: 1,
            leased_at: event.at,
            expires_at,
            created_at: event.at,
            request_id,
            transport: None,
            rank,
        }
    }
}

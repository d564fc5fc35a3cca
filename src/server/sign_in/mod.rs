//! The heart: from an address to a session. No HTTP, no Leptos, no SQL; pages, server functions and API all end here.

pub mod address;
pub mod code;
pub mod destination;
pub mod limits;
pub mod link;
pub mod request;

use std::sync::Arc;
use tokio::sync::Notify;

use super::{
    clock::{Clock, Millis, SECOND},
    config::{Policy, PublicUrl},
    keys::Keys,
    random::Random,
    store::{AuthRequest, Completed, NewSession, Store},
};
use crate::error::Error;

/// What every step of a sign-in needs.
#[derive(Debug)]
pub struct Core {
    pub store: Store,
    pub clock: Clock,
    pub random: Random,
    pub keys: Keys,
    pub policy: Policy,
    pub public_url: PublicUrl,
    /// Wakes the outbox worker when there is a mail to send.
    pub mail_queued: Arc<Notify>,
}

/// What a browser (or another caller) showed of itself.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    /// Ids of the auth requests it began: the origin binding.
    pub held: Vec<String>,
    /// The session it had, which a sign-in replaces.
    pub session_id: Option<String>,
    pub user_agent: String,
}

/// A session that has just begun.
#[derive(Debug)]
pub struct SignedIn {
    pub session_id: String,
    pub user_id: String,
    pub address: String,
    pub destination: String,
    pub passwordless_type: String,
    pub issued_at: Millis,
    pub session_expires_at: Millis,
}

impl Core {
    /// Turns an auth request whose link or code was right into a session, once. `late` is what to say when somebody
    /// was faster.
    async fn complete(&self, request: &AuthRequest, browser: &Browser, late: Error) -> Result<SignedIn, Error> {
        let now = self.clock.now();
        let session_id = self.random.id()?;
        let session_expires_at = now + Millis::from(self.policy.session.max_age) * SECOND;
        let session = NewSession { id: &session_id, user_agent: &browser.user_agent, expires_at: session_expires_at };
        let user_id = self.random.id()?;
        match self.store.complete(request, &user_id, &session, browser.session_id.as_deref(), now).await? {
            Completed::Late => Err(late),
            Completed::Disabled => {
                tracing::info!(event = "auth.failed", reason = "user disabled", address = %address::masked(&request.address));
                Err(Error::Unauthenticated)
            }
            Completed::SignedIn { user_id } => {
                tracing::info!(event = "auth.verified", address = %address::masked(&request.address));
                tracing::info!(event = "session.issued", user_id);
                Ok(SignedIn {
                    session_id,
                    user_id,
                    address: request.address.clone(),
                    destination: request.destination.clone(),
                    passwordless_type: request.mode.clone(),
                    issued_at: now,
                    session_expires_at,
                })
            }
        }
    }
}

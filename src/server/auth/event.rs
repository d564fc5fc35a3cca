//! What happens in the flow, told once: each event is an audit row, a log line and a counter.

use metrics::counter;

use super::{Client, Core};
use crate::server::{store::AuditEvent, values::address::masked};

pub const AUTH_REQUESTED: &str = "auth.requested";
pub const AUTH_VERIFIED: &str = "auth.verified";
pub const AUTH_FAILED: &str = "auth.failed";
pub const AUTH_CANCELLED: &str = "auth.cancelled";
pub const SESSION_ISSUED: &str = "session.issued";
pub const SESSION_REVOKED: &str = "session.revoked";
/// Its owner said that it was not them who began it.
pub const SESSION_DISPUTED: &str = "session.disputed";
pub const PASSWORD_SET: &str = "password.set";
pub const PASSWORD_REMOVED: &str = "password.removed";
pub const USER_ADDED: &str = "user.added";
pub const USER_DELETED: &str = "user.deleted";
pub const USER_DISABLED: &str = "user.disabled";
pub const USER_ENABLED: &str = "user.enabled";
pub const MAIL_SENT: &str = "mail.sent";
pub const MAIL_DELAYED: &str = "mail.delayed";
pub const MAIL_FAILED: &str = "mail.failed";

/// The lists of the page on which people see what happened to their address.
const ACCOUNT: &str = "account";
const ATTEMPTS: &str = "attempts";

/// The reason of a mail that its address may not have.
pub const WITHHELD: &str = "not_a_user";

impl Core {
    /// An event of now. `address` as it is; it is masked here.
    pub fn event(&self, event: &str, address: Option<&str>, client: &Client) -> AuditEvent {
        AuditEvent {
            at: self.clock.now(),
            event: event.to_owned(),
            reason: String::new(),
            request_id: client.request_id.clone(),
            subject: address
                .and_then(|address| self.keys.subjects(address).next())
                .unwrap_or_default(),
            address: address.map(masked).unwrap_or_default(),
            user_id: None,
            user_agent: client.user_agent.clone(),
            ip_prefix: client.ip_prefix.clone(),
        }
    }
}

impl AuditEvent {
    pub fn because(self, reason: &str) -> Self {
        AuditEvent { reason: reason.to_owned(), ..self }
    }

    /// The list of its owner's page that it stands in, if any. What strangers can cause has one of its
    /// own: however much of it there is, it washes nothing away.
    pub fn list(&self) -> &'static str {
        match self.event.as_str() {
            SESSION_ISSUED | SESSION_REVOKED | SESSION_DISPUTED | PASSWORD_SET
            | PASSWORD_REMOVED => ACCOUNT,
            AUTH_REQUESTED | AUTH_FAILED | AUTH_CANCELLED => ATTEMPTS,
            _ => "",
        }
    }

    pub fn of_user(self, user_id: &str) -> Self {
        AuditEvent { user_id: Some(user_id.to_owned()), ..self }
    }

    /// Tells log and counters, once the row is written.
    pub fn tell(&self) {
        let AuditEvent { event, reason, address, user_id, .. } = self;
        // A mail server's words are its own: as a label, each would be a series.
        let label = if event == AUTH_FAILED { reason.clone() } else { String::new() };
        counter!("latchkey_events_total", "event" => event.clone(), "reason" => label).increment(1);
        match event.as_str() {
            MAIL_DELAYED => tracing::warn!(event, reason, address),
            // Who floods us with addresses that may not have a mail must not fill the log with
            // errors.
            MAIL_FAILED if reason != WITHHELD => tracing::error!(event, reason, address),
            _ => tracing::info!(event, reason, address, user_id),
        }
    }
}

//! What happens in the flow, told once: each event is a log line and a counter.

use metrics::counter;

use super::sign_in::address::masked;

/// An event, with what may be told of it: no secret, and addresses masked.
#[derive(Debug)]
pub enum Event<'a> {
    AuthRequested {
        address: &'a str,
    },
    AuthVerified {
        address: &'a str,
    },
    /// `reason` is an error's code.
    AuthFailed {
        reason: &'static str,
        address: Option<&'a str>,
    },
    SessionIssued {
        user_id: &'a str,
    },
    SessionRevoked {
        user_id: &'a str,
    },
    MailSent {
        address: &'a str,
        attempts: i64,
    },
    MailDelayed {
        address: &'a str,
        attempts: i64,
        why: &'a str,
    },
    MailFailed {
        address: &'a str,
        attempts: i64,
        why: &'a str,
    },
}

impl Event<'_> {
    fn name(&self) -> &'static str {
        match self {
            Event::AuthRequested { .. } => "auth.requested",
            Event::AuthVerified { .. } => "auth.verified",
            Event::AuthFailed { .. } => "auth.failed",
            Event::SessionIssued { .. } => "session.issued",
            Event::SessionRevoked { .. } => "session.revoked",
            Event::MailSent { .. } => "mail.sent",
            Event::MailDelayed { .. } => "mail.delayed",
            Event::MailFailed { .. } => "mail.failed",
        }
    }

    /// Tells the log and counts.
    pub fn record(self) {
        let event = self.name();
        let reason = if let Event::AuthFailed { reason, .. } = self { reason } else { "" };
        counter!("latchkey_events_total", "event" => event, "reason" => reason).increment(1);
        match self {
            Event::AuthRequested { address } | Event::AuthVerified { address } => {
                tracing::info!(event, address = masked(address))
            }
            Event::AuthFailed { reason, address } => tracing::info!(event, reason, address = address.map(masked)),
            Event::SessionIssued { user_id } | Event::SessionRevoked { user_id } => tracing::info!(event, user_id),
            Event::MailSent { address, attempts } => tracing::info!(event, address = masked(address), attempts),
            Event::MailDelayed { address, attempts, why } => tracing::warn!(event, address = masked(address), attempts, why),
            Event::MailFailed { address, attempts, why } => tracing::error!(event, address = masked(address), attempts, why),
        }
    }
}

//! Reports of what happens in the flow, in one place: each event is an audit row, a log line and a
//! counter.

use metrics::counter;

use super::{Auth, Client};
use crate::server::{
    ground::clock::Millis,
    store::AuditEvent,
    values::{
        address::{Address, masked},
        event::{Event, Reason},
    },
};

impl Auth {
    /// Creates an event at the current time. Expects the full `address` and masks it.
    pub fn event(&self, event: Event, address: Option<&Address>, client: &Client) -> AuditEvent {
        AuditEvent {
            at: self.clock.now(),
            event,
            reason: String::new(),
            request_id: client.request_id.clone(),
            subject: address
                .and_then(|address| self.keys.subjects(address.as_str()).next())
                .unwrap_or_default(),
            address: address.map(|address| masked(address.as_str())).unwrap_or_default(),
            user_id: None,
            user_agent: client.user_agent.clone(),
            ip_prefix: client.ip_prefix.clone(),
            app_id: client.app.clone(),
            operator: None,
            note: String::new(),
            took: None,
            opens: false,
        }
    }
}

impl AuditEvent {
    pub fn because(self, reason: Reason) -> Self {
        AuditEvent { reason: reason.to_string(), ..self }
    }

    pub fn of_user(self, user_id: &str) -> Self {
        AuditEvent { user_id: Some(user_id.to_owned()), ..self }
    }

    /// Notes the time since the ask. A wall clock may have been set back meanwhile.
    pub fn since(self, asked_at: Millis) -> Self {
        AuditEvent { took: Some((self.at - asked_at).max(0)), ..self }
    }

    /// Notes whether a mail was opened by it for the first time.
    pub fn opening(self, opens: bool) -> Self {
        AuditEvent { opens, ..self }
    }

    /// Writes the log line and increments the counter. Call it once the row is written.
    pub fn emit(&self) {
        let AuditEvent { event, reason, address, user_id, app_id: app, operator, .. } = self;
        let name = event.name();
        // A mail server's reply is free text: as a label, each one would create a new time series.
        let label = if *event == Event::AuthFailed { reason.clone() } else { String::new() };
        counter!("latchkey_events_total", "event" => name, "reason" => label).increment(1);
        match event {
            Event::MailDelayed | Event::MailReturned | Event::MailComplaint => {
                tracing::warn!(event = name, reason, address);
            }
            // A flood of addresses that may not receive mail must not fill the log with errors.
            Event::MailFailed if !Reason::withholds(reason) => {
                tracing::error!(event = name, reason, address);
            }
            _ => tracing::info!(event = name, reason, address, user_id, app, operator),
        }
    }
}

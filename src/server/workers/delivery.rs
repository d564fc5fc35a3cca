//! The delivery of one mail from the outbox.

use metrics::{counter, histogram};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;
use tracing::Instrument;

use super::outbox::{DATABASE, Outbox, ticking, within};
use crate::server::{
    auth::{Client, worker_queue::Slot},
    ground::{
        clock::{MINUTE, Millis, SECOND},
        error::Error,
        logging::span_of,
    },
    mail::{letter::Letter, masking, send_error::SendError},
    store::{self, AuditEvent, Ending, QueuedMail},
    values::event::{Event, Reason},
};

/// Duration of a lease, in this process.
const LEASE: Duration = Duration::from_millis(store::LEASE as u64);
/// Time that the mail server may take for one mail.
const SENDING: Duration = Duration::from_secs(45);
/// A lease older than this is renewed before sending begins: what is left of a younger one is more
/// than [`SENDING`], so that no worker sends a mail whose lease it has lost.
const FRESH: Duration = Duration::from_secs(8);
/// The first wait after a refusal. Each further refusal doubles it, up to [`LAST_RETRY`].
const FIRST_RETRY: Millis = 2 * SECOND;
const LAST_RETRY: Millis = MINUTE;
/// Attempts after which the wait stops growing for a mail that another instance may be able to
/// open, until there have been three times as many.
const LEFT_TO_OTHERS: i64 = 4;

/// Result of an attempt to send a mail.
enum Outcome {
    Sent,
    /// The address may not receive it: it belongs to no user, or to a banned one.
    Withheld,
    Refused(SendError),
    /// The database did not answer.
    Stuck(Error),
    /// Its link and code have expired.
    TooLate,
    /// Sealed with a key that this instance does not have, or by a newer version: another instance
    /// may be able to send it.
    Unopened,
}

impl Outbox {
    /// Sends one mail and records the result. If the result cannot be recorded while the lease
    /// lasts, the mail is sent again later.
    pub(super) async fn deliver(self: Arc<Self>, mail: QueuedMail, slot: Slot) {
        let span = span_of(&mail.request_id);
        async {
            let Some((mail, outcome)) = self.attempt(mail, slot.since).await else { return };
            let mut tick = ticking();
            while self.auth.clock.monotonic().saturating_sub(slot.since) < LEASE {
                tick.tick().await;
                match within(DATABASE, self.settle(&mail, &outcome)).await {
                    Ok(()) => return,
                    Err(error) => {
                        tracing::warn!(
                            %error,
                            "what became of a mail could not be written down; trying again"
                        );
                    }
                }
            }
            tracing::warn!("what became of a mail is not written down; it may come twice");
        }
        .instrument(span)
        .await;
    }

    /// Sends a mail. Returns the result and the mail with its current lease, or `None` if another
    /// worker has the lease.
    async fn attempt(&self, mail: QueuedMail, since: Duration) -> Option<(QueuedMail, Outcome)> {
        let letter = match self.prepare(&mail).await {
            Ok(letter) => letter,
            Err(outcome) => return Some((mail, outcome)),
        };
        let (now, held) =
            (self.auth.clock.now(), self.auth.clock.monotonic().saturating_sub(since));
        // The wall clock may have been set, and other workers go by it.
        let mail =
            if held < FRESH && (now - mail.leased_at).unsigned_abs() < FRESH.as_millis() as u64 {
                mail
            } else {
                match within(DATABASE, self.auth.store.hold_mail(&mail, now)).await {
                    Ok(Some(held)) => held,
                    // Sent or leased by another worker.
                    Ok(None) => return None,
                    Err(error) => return Some((mail, Outcome::Stuck(error))),
                }
            };
        let policy = self.auth.policy();
        let composed = {
            let (id, to) = (&mail.id, &mail.address);
            self.templates.mail(id, to, &letter, &policy, &self.from, &self.auth.public_url, now)
        };
        let sent = match composed {
            Ok(composed) => timeout(SENDING, self.transport.send(composed)).await,
            Err(error) => Ok(Err(SendError::OfMail(error.to_string()))),
        };
        let slow = || SendError::ForNow("the mail server took too long".to_owned());
        Some(match sent.unwrap_or_else(|_| Err(slow())) {
            Ok(()) => (mail, Outcome::Sent),
            Err(send_error) => (mail, Outcome::Refused(send_error)),
        })
    }

    /// Returns the content of a mail, if it is to be sent now.
    async fn prepare(&self, mail: &QueuedMail) -> Result<Letter, Outcome> {
        if self.auth.clock.now() >= mail.expires_at {
            return Err(Outcome::TooLate);
        }
        let letter = Letter::open(&self.auth.keys, &mail.id, &mail.payload);
        let letter = letter.ok_or(Outcome::Unopened)?;
        // Not checked earlier: the answer to a request must be the same for every address, so only
        // here is it decided whether a mail is sent.
        match within(DATABASE, self.auth.may_receive(&mail.address)).await {
            Ok(true) => Ok(letter),
            Ok(false) => Err(Outcome::Withheld),
            Err(error) => Err(Outcome::Stuck(error)),
        }
    }

    /// Records the result of a mail and logs it; writes and logs no event if the lease is lost.
    async fn settle(&self, mail: &QueuedMail, outcome: &Outcome) -> Result<(), Error> {
        let why = match outcome {
            Outcome::Sent => "",
            Outcome::Withheld => &Reason::NotAUser.to_string(),
            Outcome::TooLate => "its link and code expired before it could be sent",
            Outcome::Unopened => {
                "this instance cannot open it: its secret is not in SESSION_JWT_SECRET here, or a \
                 newer version sealed it"
            }
            Outcome::Refused(send_error) => &send_error.to_string(),
            Outcome::Stuck(error) => &error.to_string(),
        };
        let store = &self.auth.store;
        let (event, is_ours) = match outcome {
            Outcome::Unopened
            | Outcome::Stuck(_)
            | Outcome::Refused(SendError::ForNow(_) | SendError::OfUs(_)) => {
                let event = self.event(
                    Event::MailDelayed,
                    mail,
                    &format!("attempt {}: {why}", mail.attempts),
                );
                let due = event.at + self.retry_after(mail, outcome)?;
                let is_ours = store.mail_delayed(mail.lease(), due, &event).await?;
                (event, is_ours)
            }
            _ => {
                // A withheld mail must look sent to the requester.
                let (name, ending) = match outcome {
                    Outcome::Sent => (Event::MailSent, Ending::Sent),
                    Outcome::Withheld => (Event::MailFailed, Ending::Sent),
                    Outcome::Refused(SendError::OfRecipient(_)) => {
                        (Event::MailFailed, Ending::Failed)
                    }
                    _ => (Event::MailFailed, Ending::Unsent),
                };
                let event = self.event(name, mail, why);
                let is_ours = store.mail_ended(mail.lease(), ending, &event).await?;
                (event, is_ours)
            }
        };
        self.report(mail, outcome, &event);
        if is_ours {
            event.emit();
        } else {
            tracing::warn!(
                "the lease of a mail was lost meanwhile: what became of it is for another to say"
            );
        }
        Ok(())
    }

    /// Updates the health of the mail server and the metrics, and logs a mail that cannot be
    /// opened.
    fn report(&self, mail: &QueuedMail, outcome: &Outcome, event: &AuditEvent) {
        match outcome {
            Outcome::Sent => {
                self.health.works();
                histogram!("latchkey_mail_seconds")
                    .record((event.at - mail.created_at) as f64 / SECOND as f64);
            }
            Outcome::Refused(send_error) => {
                counter!("latchkey_mail_refusals_total", "of" => send_error.name()).increment(1);
                match send_error {
                    SendError::OfUs(_) => {
                        self.health.refused(&event.reason);
                        self.auth.outbox.set_backlog(true);
                    }
                    SendError::OfRecipient(_) => self.health.works(),
                    SendError::ForNow(_) | SendError::OfMail(_) => {}
                }
            }
            Outcome::Unopened => {
                counter!("latchkey_mails_unopened_total").increment(1);
                tracing::error!(
                    id = mail.id,
                    "{}; it is left for another until it expires",
                    event.reason
                );
            }
            Outcome::Withheld | Outcome::TooLate | Outcome::Stuck(_) => {}
        }
    }

    /// Makes the audit event of a mail. The address is masked in `why` too, because mail servers
    /// tend to repeat it in their answers.
    fn event(&self, name: Event, mail: &QueuedMail, why: &str) -> AuditEvent {
        let client = Client { request_id: mail.request_id.clone(), ..Client::default() };
        let why = masking::without(&mail.address, why);
        self.auth.event(name, Some(&mail.address), &client).because(Reason::Said(why))
    }

    /// Returns how long to wait before the next attempt. The wait doubles each time, with up to
    /// half of it added at random, so that a mail server that comes back is not flooded by everyone
    /// at once.
    fn retry_after(&self, mail: &QueuedMail, outcome: &Outcome) -> Result<Millis, Error> {
        let attempts = match outcome {
            // Not the mail's fault, and the session with the mail server has its own wait.
            Outcome::Refused(SendError::OfUs(_)) => return Ok(0),
            Outcome::Unopened if mail.attempts < 3 * LEFT_TO_OTHERS => {
                mail.attempts.min(LEFT_TO_OTHERS)
            }
            _ => mail.attempts,
        };
        let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(10);
        let wait = (FIRST_RETRY << doublings).min(LAST_RETRY);
        let jitter = Millis::from(u16::from_le_bytes(self.auth.random.bytes()?));
        Ok(wait + wait * jitter / (2 * Millis::from(u16::MAX)))
    }
}

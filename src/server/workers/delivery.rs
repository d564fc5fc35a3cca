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
    mail::{
        compose::Composed, letter::Letter, masking, send_error::SendError,
        transports::NamedTransport,
    },
    store::{self, AuditEvent, By, Ending, QueuedMail},
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

/// Time within which a mail is of somebody who asks again: the one before has not helped.
const ASKS_AGAIN: Millis = 15 * MINUTE;

/// Result of an attempt to send a mail.
enum Outcome {
    /// A transport accepted it.
    Sent(Accepted),
    /// The address may not receive it: it belongs to no user, or to a banned one.
    Withheld,
    /// A transport refused it, or nobody knows; `None` if none could be asked.
    Refused(Option<String>, SendError),
    /// The database did not answer.
    Stuck(Error),
    /// Its link and code have expired.
    TooLate,
    /// Sealed with a key that this instance does not have, or by a newer version: another instance
    /// may be able to send it.
    Unopened,
}

/// Acceptance of a mail.
struct Accepted {
    /// Name of the transport.
    by: String,
    /// Id that the provider gave the mail.
    message_id: Option<String>,
}

/// A leased mail.
struct Held {
    mail: QueuedMail,
    /// Time on the monotonic clock at which its lease began.
    since: Duration,
    /// Transport that may have accepted it in an earlier attempt: what it says now proves nothing
    /// about that, so no other may send it.
    bound: Option<String>,
}

impl Outcome {
    /// Returns the transport that may have accepted a delayed mail, now or earlier.
    fn bound<'a>(&'a self, held: &'a Held) -> Option<&'a str> {
        match self {
            Outcome::Refused(Some(by), SendError::Unsure(_)) => Some(by),
            _ => held.bound.as_deref(),
        }
    }

    /// Returns the transport that a mail ended by.
    fn by(&self) -> By<'_> {
        match self {
            Outcome::Sent(Accepted { by, message_id }) => {
                By { transport: Some(by), message_id: message_id.as_deref() }
            }
            Outcome::Refused(by, _) => By { transport: by.as_deref(), message_id: None },
            _ => By::default(),
        }
    }
}

impl Outbox {
    /// Sends one mail and records the result. If the result cannot be recorded while the lease
    /// lasts, the mail is sent again later.
    pub(super) async fn deliver(self: Arc<Self>, mail: QueuedMail, slot: Slot) {
        let span = span_of(&mail.request_id);
        async {
            let bound = mail.transport.clone();
            let mut held = Held { mail, since: slot.since, bound };
            let Some(outcome) = self.attempt(&mut held).await else { return };
            let mut tick = ticking();
            while self.auth.clock.monotonic().saturating_sub(held.since) < LEASE {
                tick.tick().await;
                match within(DATABASE, self.settle(&held, &outcome)).await {
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

    /// Sends a mail by the first transport that accepts it. Returns `None` if another worker has
    /// the lease.
    async fn attempt(&self, held: &mut Held) -> Option<Outcome> {
        let letter = match self.prepare(&held.mail).await {
            Ok(letter) => letter,
            Err(outcome) => return Some(outcome),
        };
        let (mail, policy, now) = (&held.mail, self.auth.policy(), self.auth.clock.now());
        let composed = {
            let (id, to) = (&mail.id, &mail.address);
            self.templates.mail(id, to, &letter, &policy, &self.from, &self.auth.public_url, now)
        };
        let composed = match composed {
            Ok(composed) => composed,
            Err(error) => {
                let error = SendError::OfMail(error.to_string());
                return Some(Outcome::Refused(None, error));
            }
        };
        let earlier = match self.earlier(mail, &letter).await {
            Ok(earlier) => earlier,
            Err(error) => return Some(Outcome::Stuck(error)),
        };
        let (bound, earlier) = (held.bound.as_deref(), earlier.as_deref());
        let order = self.transports.order(&mail.address, bound, earlier);
        let mut refused = None;
        for to in order {
            // One that refuses us is passed over, until it is time to try it again.
            if !to.health.may_be_tried() {
                continue;
            }
            match within(DATABASE, self.hold(held, to)).await {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Outcome::Stuck(error)),
            }
            let sent = self.send(&held.mail, to, composed.clone()).await;
            let by = Some(to.name().to_owned());
            match sent {
                Ok(accepted) => return Some(Outcome::Sent(accepted)),
                Err(error @ (SendError::OfUs(_) | SendError::ForNow(_))) => {
                    refused = Some(Outcome::Refused(by, error));
                }
                Err(error) => return Some(Outcome::Refused(by, error)),
            }
        }
        let none = || SendError::OfUs("no transport takes mails from us at the moment".to_owned());
        Some(refused.unwrap_or_else(|| Outcome::Refused(None, none())))
    }

    /// Returns the transport of the last mail of somebody who now asks again.
    async fn earlier(&self, mail: &QueuedMail, letter: &Letter) -> Result<Option<String>, Error> {
        if !self.transports.are_several() || !matches!(letter, Letter::SignIn(_)) {
            return Ok(None);
        }
        let since = mail.created_at - ASKS_AGAIN;
        within(DATABASE, self.auth.store.transport_before(mail, since)).await
    }

    /// Makes sure that the lease lasts as long as sending may take, and notes the transport, if
    /// there are several: it may have accepted the mail when this process ends. Returns false if
    /// another worker has the lease.
    async fn hold(&self, held: &mut Held, to: &NamedTransport) -> Result<bool, Error> {
        let (now, at) = (self.auth.clock.now(), self.auth.clock.monotonic());
        // The wall clock may have been set, and other workers go by it.
        let is_fresh = at.saturating_sub(held.since) < FRESH
            && (now - held.mail.leased_at).unsigned_abs() < FRESH.as_millis() as u64;
        if !is_fresh {
            // `None`: sent or leased by another worker.
            let Some(mail) = self.auth.store.hold_mail(&held.mail, now).await? else {
                return Ok(false);
            };
            (held.mail, held.since) = (mail, at);
        }
        let is_noted = held.mail.transport.as_deref() == Some(to.name());
        if !self.transports.are_several() || is_noted {
            return Ok(true);
        }
        let is_ours = self.auth.store.bind_mail(held.mail.lease(), to.name()).await?;
        held.mail.transport = Some(to.name().to_owned());
        Ok(is_ours)
    }

    /// Sends a mail by a transport, and notes what that says about its health.
    async fn send(
        &self,
        mail: &QueuedMail,
        to: &NamedTransport,
        composed: Composed,
    ) -> Result<Accepted, SendError> {
        let sent = timeout(SENDING, to.transport.send(&mail.id, composed)).await;
        // Nobody knows how far it got.
        let slow = || SendError::Unsure("the transport took too long".to_owned());
        let sent = sent.unwrap_or_else(|_| Err(slow()));
        match &sent {
            Ok(_) | Err(SendError::OfRecipient(_)) => to.health.works(),
            Err(SendError::OfUs(why)) => {
                to.health.refused(&masking::without(&mail.address, why));
                self.auth.outbox.set_backlog(!self.transports.are_well());
            }
            Err(_) => {}
        }
        if let Err(error) = &sent {
            let (by, of) = (to.name().to_owned(), error.name());
            counter!("latchkey_mail_refusals_total", "transport" => by, "of" => of).increment(1);
        }
        sent.map(|message_id| Accepted { by: to.name().to_owned(), message_id })
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
    async fn settle(&self, held: &Held, outcome: &Outcome) -> Result<(), Error> {
        let mail = &held.mail;
        let why = match outcome {
            Outcome::Sent(_) => "",
            Outcome::Withheld => &Reason::NotAUser.to_string(),
            Outcome::TooLate => "its link and code expired before it could be sent",
            Outcome::Unopened => {
                "this instance cannot open it: its secret is not in SESSION_JWT_SECRET here, or a \
                 newer version sealed it"
            }
            Outcome::Refused(_, send_error) => &send_error.to_string(),
            Outcome::Stuck(error) => &error.to_string(),
        };
        let store = &self.auth.store;
        let (event, is_ours) = match outcome {
            Outcome::Unopened
            | Outcome::Stuck(_)
            | Outcome::Refused(
                _,
                SendError::ForNow(_) | SendError::OfUs(_) | SendError::Unsure(_),
            ) => {
                let event = self.event(
                    Event::MailDelayed,
                    mail,
                    &format!("attempt {}: {why}", mail.attempts),
                );
                let due = event.at + self.retry_after(mail, outcome)?;
                let bound = outcome.bound(held);
                let is_ours = store.mail_delayed(mail.lease(), due, bound, &event).await?;
                (event, is_ours)
            }
            _ => {
                // A withheld mail must look sent to the requester.
                let (name, ending) = match outcome {
                    Outcome::Sent(_) => (Event::MailSent, Ending::Sent),
                    Outcome::Withheld => (Event::MailFailed, Ending::Sent),
                    Outcome::Refused(_, SendError::OfRecipient(_)) => {
                        (Event::MailFailed, Ending::Failed)
                    }
                    _ => (Event::MailFailed, Ending::Unsent),
                };
                let event = self.event(name, mail, why);
                let is_ours = store.mail_ended(mail.lease(), ending, outcome.by(), &event).await?;
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

    /// Updates the metrics, and logs a mail that cannot be opened.
    fn report(&self, mail: &QueuedMail, outcome: &Outcome, event: &AuditEvent) {
        match outcome {
            Outcome::Sent(_) => {
                histogram!("latchkey_mail_seconds")
                    .record((event.at - mail.created_at) as f64 / SECOND as f64);
            }
            Outcome::Unopened => {
                counter!("latchkey_mails_unopened_total").increment(1);
                tracing::error!(
                    id = mail.id,
                    "{}; it is left for another until it expires",
                    event.reason
                );
            }
            Outcome::Refused(..) | Outcome::Withheld | Outcome::TooLate | Outcome::Stuck(_) => {}
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
            // Not the mail's fault: all wait until a transport may be tried again.
            Outcome::Refused(_, SendError::OfUs(_)) if !self.transports.are_well() => return Ok(0),
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

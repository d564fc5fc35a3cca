//! The outcome of an attempt to send a mail: what is written down, logged and counted of it.

use metrics::{counter, histogram};
use std::time::Duration;

use super::outbox::Outbox;
use crate::server::{
    auth::{Client, suppression::Why, waitlist},
    ground::{
        clock::{MINUTE, Millis, SECOND},
        error::Error,
        words::Language,
    },
    mail::{
        masking,
        numbers::Fate,
        send_error::{SendError, UNSURE},
    },
    store::{AuditEvent, Delay, Ending, MailEnd, QueuedMail, SIGN_IN},
    values::event::{Event, Reason},
};

/// The first wait after a refusal. Each further refusal doubles it, up to [`LAST_RETRY`].
const FIRST_RETRY: Millis = 2 * SECOND;
const LAST_RETRY: Millis = MINUTE;
/// Attempts after which the wait stops growing for a mail that another instance may be able to
/// open, until there have been three times as many.
const LEFT_TO_OTHERS: i64 = 4;

/// Result of an attempt to send a mail.
pub(super) enum Outcome {
    /// A transport accepted it.
    Sent(Accepted),
    /// The address may not receive it: it belongs to no user, to a banned one, or to a test person.
    /// `asked_in` is the language of somebody who asked to sign in, and may join the waitlist.
    Withheld { why: Reason, asked_in: Option<Language> },
    /// Earlier mails to the address came back, in these words.
    HeldBack(String),
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
pub(super) struct Accepted {
    /// Name of the transport.
    pub by: String,
    /// Id that the provider gave the mail.
    pub message_id: Option<String>,
}

/// A leased mail.
pub(super) struct Held {
    pub mail: QueuedMail,
    /// Time on the monotonic clock at which its lease began.
    pub since: Duration,
    /// Transport that may have accepted it in an earlier attempt: what it says now proves nothing
    /// about that, so no other may send it.
    pub bound: Option<String>,
}

impl Outcome {
    /// Returns the reason for the audit.
    fn why(&self) -> String {
        match self {
            Outcome::Sent(_) => String::new(),
            Outcome::Withheld { why, .. } => why.to_string(),
            // The words of the server alone: whoever waits for the mail is told them.
            Outcome::HeldBack(said) => said.clone(),
            Outcome::TooLate => "its link and code expired before it could be sent".to_owned(),
            Outcome::Unopened => {
                "this instance cannot open it: its secret is not in SESSION_JWT_SECRET here, or a \
                 newer version sealed it"
                    .to_owned()
            }
            Outcome::Refused(_, send_error) => send_error.to_string(),
            Outcome::Stuck(error) => error.to_string(),
        }
    }

    /// Returns whose fault a delay is, if it is a transport's or the recipient's server's; `None`
    /// if the mail has ended.
    fn delayed_by(&self) -> Option<Option<&'static str>> {
        match self {
            Outcome::Unopened | Outcome::Stuck(_) => Some(None),
            Outcome::Refused(
                _,
                error @ (SendError::ForNow(_) | SendError::OfUs(_) | SendError::Unsure(_)),
            ) => Some(Some(error.name())),
            _ => None,
        }
    }

    /// Returns the transport that may have accepted a delayed mail, now or earlier.
    fn bound<'a>(&'a self, held: &'a Held) -> Option<&'a str> {
        match self {
            Outcome::Refused(Some(by), SendError::Unsure(_)) => Some(by),
            _ => held.bound.as_deref(),
        }
    }
}

impl Outbox {
    /// Records the result of a mail and logs it; writes and logs no event if the lease is lost.
    pub(super) async fn settle(&self, held: &Held, outcome: &Outcome) -> Result<(), Error> {
        let mail = &held.mail;
        let (event, is_ours) = match outcome.delayed_by() {
            Some(by) => {
                let why = format!("attempt {}: {}", mail.attempts, outcome.why());
                let event = self.event(Event::MailDelayed, mail, &why);
                let bound = outcome.bound(held);
                let due = event.at + self.retry_after(mail, bound, outcome)?;
                // Whatever it says now: the transport may have accepted it, and no other is asked
                // unless the person asks again.
                let by = by.map(|by| if bound.is_some() { UNSURE } else { by });
                let delay = Delay { due, bound, by };
                let is_ours = self.auth.store.mail_delayed(mail.lease(), delay, &event).await?;
                (event, is_ours)
            }
            None => self.end(mail, outcome).await?,
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

    /// Records that a mail ended. Returns the event, and false if the lease is lost.
    async fn end(&self, mail: &QueuedMail, outcome: &Outcome) -> Result<(AuditEvent, bool), Error> {
        let name = match outcome {
            Outcome::Sent(_) => Event::MailSent,
            _ => Event::MailFailed,
        };
        let mut event = self.event(name, mail, &outcome.why());
        // Nobody asked for a notice.
        if mail.rank == SIGN_IN && name == Event::MailSent {
            event = event.since(mail.created_at);
        }
        let end = match outcome {
            Outcome::Sent(Accepted { by, message_id }) => MailEnd {
                transport: Some(by),
                message_id: message_id.as_deref(),
                ..Ending::Sent.into()
            },
            // A withheld mail must look sent to the requester.
            Outcome::Withheld { .. } => Ending::Sent.into(),
            Outcome::HeldBack(_) => Ending::Suppressed.into(),
            Outcome::Refused(by, SendError::OfRecipient(_)) => {
                MailEnd { transport: by.as_deref(), ..Ending::Failed.into() }
            }
            Outcome::Refused(by, _) => {
                MailEnd { transport: by.as_deref(), ..Ending::Unsent.into() }
            }
            _ => Ending::Unsent.into(),
        };
        // Written first, as below. It is noted twice if the end cannot be written: that is rare.
        if let Outcome::Withheld { asked_in: Some(language), .. } = outcome {
            waitlist::put(&self.auth, &mail.address, *language, &mail.request_id).await?;
        }
        // The provider sends nothing to that address any more, until it is asked to. Written first:
        // once the mail has ended, nobody would try this again.
        if let Outcome::Refused(Some(by), SendError::OfRecipient(_)) = outcome
            && self.transports.named(by).is_some_and(|by| by.entry.keeps_list())
        {
            let (address, said) = (&mail.address, &event.reason);
            let suppression = Why::Returned.suppression(address, by, said, event.at);
            self.auth.store.suppress(&suppression).await?;
        }
        let is_ours = self.auth.store.mail_ended(mail.lease(), end, &event).await?;
        Ok((event, is_ours))
    }

    /// Updates the metrics, as far as the answer of a transport has not done so, and logs a mail
    /// that cannot be opened.
    fn report(&self, mail: &QueuedMail, outcome: &Outcome, event: &AuditEvent) {
        let count = |fate| self.auth.numbers.count(None, &mail.address, fate);
        match outcome {
            Outcome::Sent(Accepted { by, .. }) => {
                histogram!("latchkey_mail_seconds", "transport" => by.clone())
                    .record((event.at - mail.created_at) as f64 / SECOND as f64);
            }
            Outcome::Withheld { .. } => count(Fate::Withheld),
            Outcome::HeldBack(_) => count(Fate::HeldBack),
            Outcome::TooLate => count(Fate::Expired),
            Outcome::Refused(None, SendError::OfMail(_)) => count(Fate::Failed),
            Outcome::Unopened => {
                counter!("latchkey_mails_unopened_total").increment(1);
                tracing::error!(
                    id = mail.id,
                    "{}; it is left for another until it expires",
                    event.reason
                );
            }
            Outcome::Refused(..) | Outcome::Stuck(_) => {}
        }
    }

    /// Makes the audit event of a mail. The address is masked in `why` too, and links and codes are
    /// removed, because mail servers tend to repeat them in their answers.
    fn event(&self, name: Event, mail: &QueuedMail, why: &str) -> AuditEvent {
        let client = Client { request_id: mail.request_id.clone(), ..Client::default() };
        let why = masking::of_server(&mail.address, why);
        self.auth.event(name, Some(&mail.address), &client).because(Reason::Said(why))
    }

    /// Returns how long to wait before the next attempt. The wait doubles each time, with up to
    /// half of it added at random, so that a mail server that comes back is not flooded by everyone
    /// at once.
    fn retry_after(
        &self,
        mail: &QueuedMail,
        bound: Option<&str>,
        outcome: &Outcome,
    ) -> Result<Millis, Error> {
        // Not the mail's fault: all wait until a transport of theirs may be tried again.
        if let Outcome::Refused(by, SendError::OfUs(_)) = outcome {
            match self.in_use().wait(&mail.address, bound) {
                // Rounded up: nothing is to be tried a moment too early.
                Some(wait) => {
                    let wait = wait.as_micros().div_ceil(1_000);
                    return Ok(Millis::try_from(wait).unwrap_or(LAST_RETRY));
                }
                // None could be asked, and by now one takes mails again.
                None if by.is_none() => return Ok(0),
                None => {}
            }
        }
        let attempts = match outcome {
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

//! The delivery of one mail from the outbox.

use metrics::counter;
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;
use tracing::Instrument;

use super::{
    outbox::{DATABASE, Outbox, ticking, within},
    outcome::{Accepted, Held, Outcome},
};
use crate::server::{
    auth::{suppression::Passage, worker_queue::Slot},
    ground::{
        clock::{MINUTE, Millis},
        error::Error,
        logging::span_of,
    },
    mail::{
        compose::Composed, letter::Letter, masking, numbers::Fate, send_error::SendError,
        transports::NamedTransport,
    },
    store::{self, QueuedMail},
    values::event::Reason,
};

/// Duration of a lease, in this process.
const LEASE: Duration = Duration::from_millis(store::LEASE as u64);
/// Time that the mail server may take for one mail.
const SENDING: Duration = Duration::from_secs(45);
/// Time that a provider may take to clear its list of an address.
const LIFTING: Duration = Duration::from_secs(10);
/// A lease older than this is renewed before sending begins: what is left of a younger one is more
/// than [`SENDING`], so that no worker sends a mail whose lease it has lost.
const FRESH: Duration = Duration::from_secs(8);

/// Time within which a mail is of somebody who asks again: the one before has not helped.
const ASKS_AGAIN: Millis = 15 * MINUTE;

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
        let (letter, is_asked_for) = match self.prepare(&held.mail).await {
            Ok(prepared) => prepared,
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
        let order = self.in_use().order(&mail.address, bound, earlier);
        let mut refused = None;
        for (place, to) in order.into_iter().enumerate() {
            // One that refuses us is passed over, until it is time to try it again.
            if !to.health.may_be_tried() {
                continue;
            }
            // Before the lease is looked at: it has to last for the sending.
            if is_asked_for {
                self.lift_at(to, &held.mail).await;
            }
            match within(DATABASE, self.hold(held, to)).await {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Outcome::Stuck(error)),
            }
            let sent = self.send(&held.mail, to, composed.clone()).await;
            let by = Some(to.name().to_owned());
            match sent {
                Ok(accepted) => {
                    if place > 0 {
                        to.count_taken_over();
                    }
                    return Some(Outcome::Sent(accepted));
                }
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
            Err(error @ (SendError::OfUs(why) | SendError::Unsure(why))) => {
                let why = masking::of_server(&mail.address, why);
                match error {
                    // Alone, it is asked again: no other could take over.
                    SendError::Unsure(_) if self.transports.are_several() => to.health.unsure(&why),
                    SendError::Unsure(_) => {}
                    _ => to.health.refused(&why),
                }
                self.auth.outbox.set_backlog(!self.in_use().are_well());
            }
            Err(_) => {}
        }
        let fate = sent.as_ref().err().map_or(Fate::Sent, Fate::from);
        self.auth.numbers.count(Some(to.name()), &mail.address, fate);
        if let Err(error) = &sent {
            let (by, of) = (to.name().to_owned(), error.name());
            counter!("latchkey_mail_refusals_total", "transport" => by, "of" => of).increment(1);
        }
        sent.map(|message_id| Accepted { by: to.name().to_owned(), message_id })
    }

    /// Takes the recipient off the provider's own list of those who get no mail. If that fails, the
    /// provider will say so about the mail.
    async fn lift_at(&self, to: &NamedTransport, mail: &QueuedMail) {
        let slow = || SendError::ForNow("the transport took too long".to_owned());
        let lifted = timeout(LIFTING, to.transport.lift(&mail.address)).await;
        if let Err(error) = lifted.unwrap_or_else(|_| Err(slow())) {
            let why = masking::of_server(&mail.address, &error.to_string());
            tracing::warn!(transport = to.name(), why, "the provider's own list is unchanged");
        }
    }

    /// Returns the content of a mail, if it is to be sent now, and whether it was asked for
    /// although mails to its address are held back.
    async fn prepare(&self, mail: &QueuedMail) -> Result<(Letter, bool), Outcome> {
        if self.auth.clock.now() >= mail.expires_at {
            return Err(Outcome::TooLate);
        }
        let letter = Letter::open(&self.auth.keys, &mail.id, &mail.payload);
        let letter = letter.ok_or(Outcome::Unopened)?;
        // Not checked earlier: the answer to a request must be the same for every address, so only
        // here is it decided whether a mail is sent.
        match within(DATABASE, self.auth.why_withheld(&mail.address, &letter)).await {
            Ok(None) => {}
            Ok(Some(why)) => {
                let asks = matches!(letter, Letter::SignIn(_)) && why == Reason::NotAUser;
                let asked_in = asks.then(|| letter.language());
                return Err(Outcome::Withheld { why, asked_in });
            }
            Err(error) => return Err(Outcome::Stuck(error)),
        }
        match within(DATABASE, self.auth.passage(&mail.address, mail.created_at)).await {
            Ok(Passage::Free) => Ok((letter, false)),
            Ok(Passage::AskedFor) => Ok((letter, true)),
            Ok(Passage::HeldBack(said)) => Err(Outcome::HeldBack(said)),
            Err(error) => Err(Outcome::Stuck(error)),
        }
    }
}

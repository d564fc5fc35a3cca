//! The outbox worker: takes the mails that are due from the database and hands them to the
//! transport.

use lettre::message::Mailbox;
use metrics::histogram;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};
use tracing::Instrument;

use super::{
    templates::Templates,
    transport::{Refusal, Transport},
};
use crate::{
    error::Error,
    server::{
        clock::{MINUTE, Millis, SECOND},
        event::{MAIL_DELAYED, MAIL_FAILED, MAIL_SENT, WITHHELD},
        sign_in::{Client, Core, address::masked, payload::Payload},
        store::{AuditEvent, QueuedMail},
        telemetry::span_of,
    },
};

/// How many mails travel at once.
pub const AT_ONCE: usize = 8;
/// The longest wait between looks at the outbox, for mails that other instances or retries have
/// made due.
const POLL: Duration = Duration::from_secs(1);
/// The first wait after a refusal; doubled with each more, up to the last.
const FIRST_RETRY: Millis = 2 * SECOND;
const LAST_RETRY: Millis = MINUTE;

/// What became of a mail that nothing stood in the way of.
enum Outcome {
    Sent,
    /// Its address may not have one: nobody's, or a disabled user's.
    Withheld,
}

/// What a worker needs beside the core.
#[derive(Debug)]
pub struct Outbox {
    pub core: Arc<Core>,
    pub transport: Transport,
    pub templates: Arc<Templates>,
    pub from: Mailbox,
}

impl Outbox {
    /// Sends what is handed over and what is due, until `stop` says otherwise; mails in hand are
    /// finished first. One that takes long holds up no other, as long as there are fewer than
    /// [`AT_ONCE`] of its kind.
    pub async fn run(
        self: Arc<Self>,
        mut handed_over: mpsc::Receiver<QueuedMail>,
        mut stop: watch::Receiver<bool>,
    ) {
        // Tasks, not futures of this one: while it waits for the database they go on, or they would
        // keep it waiting.
        let mut in_hand = JoinSet::new();
        let mut look = true;
        while !*stop.borrow() {
            let free = AT_ONCE - in_hand.len();
            if look && free > 0 {
                let mails = self.claim(free).await;
                look = mails.len() == free; // there may be more
                mails.into_iter().for_each(|mail| drop(in_hand.spawn(self.clone().deliver(mail))));
            }
            tokio::select! {
                Some(_) = in_hand.join_next() => {}
                Some(mail) = handed_over.recv(), if in_hand.len() < AT_ONCE => drop(in_hand.spawn(self.clone().deliver(mail))),
                () = self.core.mail_queued.notified() => look = true,
                () = tokio::time::sleep(POLL) => look = true,
                _ = stop.changed() => {}
            }
        }
        handed_over.close();
        while let Some(mail) = handed_over.recv().await {
            in_hand.spawn(self.clone().deliver(mail));
        }
        while in_hand.join_next().await.is_some() {}
    }

    async fn claim(&self, most: usize) -> Vec<QueuedMail> {
        let now = self.core.clock.now();
        self.core.store.claim_mails(now, most as i64).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the outbox cannot be read; trying again");
            Vec::new()
        })
    }

    /// Sends one mail. Should what became of it not be written down, its lease runs out and it is
    /// tried again.
    async fn deliver(self: Arc<Self>, mail: QueuedMail) {
        let span = span_of(&mail.request_id);
        if let Err(error) = self.settle(&mail).instrument(span).await {
            tracing::warn!(%error, "what became of a mail could not be written down; it may come twice");
        }
    }

    /// Sends one mail and writes down what became of it.
    async fn settle(&self, mail: &QueuedMail) -> Result<(), Error> {
        let store = &self.core.store;
        let event = match self.attempt(mail).await {
            Ok(Outcome::Sent) => {
                let event = self.event(MAIL_SENT, mail, "");
                store.mail_sent(&mail.id, &event).await?;
                histogram!("latchkey_mail_seconds")
                    .record((event.at - mail.created_at) as f64 / SECOND as f64);
                event
            }
            // As far as anyone can see who asked, it was sent.
            Ok(Outcome::Withheld) => {
                let event = self.event(MAIL_FAILED, mail, WITHHELD);
                store.mail_sent(&mail.id, &event).await?;
                event
            }
            Err(Refusal::ForGood(why)) => {
                let event = self.event(MAIL_FAILED, mail, &why);
                store.mail_failed(&mail.id, &event).await?;
                event
            }
            Err(Refusal::ForNow(why)) => {
                let event =
                    self.event(MAIL_DELAYED, mail, &format!("attempt {}: {why}", mail.attempts));
                store
                    .mail_delayed(&mail.id, event.at + self.retry_after(mail.attempts)?, &event)
                    .await?;
                event
            }
        };
        event.tell();
        Ok(())
    }

    /// Mail servers like to repeat the address; it is masked in their words, too.
    fn event(&self, name: &str, mail: &QueuedMail, why: &str) -> AuditEvent {
        let client = Client { request_id: mail.request_id.clone(), ..Client::default() };
        let why = why.replace(&mail.address, &masked(&mail.address));
        self.core.event(name, Some(&mail.address), &client).because(&why)
    }

    async fn attempt(&self, mail: &QueuedMail) -> Result<Outcome, Refusal> {
        let for_good = |why: &str| Refusal::ForGood(why.to_owned());
        let now = self.core.clock.now();
        if now >= mail.expires_at {
            return Err(for_good("its link and code expired before it could be sent"));
        }
        let payload = Payload::open(&self.core.keys, &mail.id, &mail.payload);
        let payload = payload.ok_or_else(|| {
            for_good("it was sealed with a secret that is no longer in SESSION_JWT_SECRET")
        })?;
        // Not earlier: a request is answered alike whoever it is for, and only here is it decided
        // whether there is a mail.
        match self.core.may_receive(&mail.address).await {
            Ok(true) => {}
            Ok(false) => return Ok(Outcome::Withheld),
            Err(error) => return Err(Refusal::ForNow(error.to_string())),
        }
        let policy = self.core.policy();
        let composed =
            self.templates.mail(mail, &payload, &policy, &self.from, &self.core.public_url, now);
        let composed = composed.map_err(|error| for_good(&error.to_string()))?;
        self.transport.send(composed).await.map(|()| Outcome::Sent)
    }

    /// Twice as long each time, with up to half more at random, so that a mail server that comes
    /// back is not met by everyone at once.
    fn retry_after(&self, attempts: i64) -> Result<Millis, Error> {
        let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(10);
        let wait = (FIRST_RETRY << doublings).min(LAST_RETRY);
        let jitter = Millis::from(u16::from_le_bytes(self.core.random.bytes()?));
        Ok(wait + wait * jitter / (2 * Millis::from(u16::MAX)))
    }
}

//! The dev mailbox, which receives mails in development when there is no `SMTP_URL`.

use lettre::message::Mailbox;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use super::{compose::Composed, templates::Templates};
use crate::server::{
    config::Policy,
    ground::{
        clock::{Clock, Millis},
        words::{Language, speaking},
    },
    values::public_url::PublicUrl,
};

/// Number of mails the mailbox keeps.
const KEPT: usize = 50;

/// A mailbox that keeps the last mails, newest first.
#[derive(Clone, Debug)]
pub struct DevMailbox {
    mails: Arc<Mutex<VecDeque<Received>>>,
    /// Templates for samples.
    templates: Arc<Templates>,
    pub from: Mailbox,
    clock: Clock,
}

/// A mail that arrived.
#[derive(Clone, Debug)]
pub struct Received {
    pub number: usize,
    pub at: Millis,
    pub mail: Composed,
}

impl DevMailbox {
    pub fn new(templates: Arc<Templates>, from: Mailbox, clock: Clock) -> Self {
        DevMailbox { mails: Arc::default(), templates, from, clock }
    }

    pub fn put(&self, mail: Composed) {
        let mut mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        let number = mails.front().map_or(1, |newest| newest.number + 1);
        mails.push_front(Received { number, at: self.clock.now(), mail });
        mails.truncate(KEPT);
    }

    /// Returns the mails it keeps, newest first.
    pub fn all(&self) -> Vec<Received> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Returns the mail with this number, or a sample like `sign_in-de`.
    pub fn get(&self, wanted: &str, policy: &Policy, public_url: &PublicUrl) -> Option<Composed> {
        if let Some((kind, language)) =
            wanted.split_once('-').and_then(|(kind, tag)| Some((kind, Language::of_tag(tag)?)))
        {
            let now = self.clock.now();
            let sample = || self.templates.sample(kind, policy, &self.from, public_url, now);
            return speaking(language, sample)
                .inspect_err(|error| tracing::error!(%error, "no sample"))
                .ok();
        }
        self.all()
            .into_iter()
            .find_map(|received| (received.number.to_string() == wanted).then_some(received.mail))
    }
}

//! The transports of mails, in the order in which they are tried, each with its health.

use metrics::{Counter, counter};
use std::{sync::Arc, time::Duration};

use super::{
    dev_mailbox::DevMailbox, dkim::Dkim, health::Health, masking, send_error::SendError,
    transport::Transport,
};
use crate::server::{
    config::{
        ConfigError, Settings,
        transports::{MailTransport, TransportName},
    },
    ground::clock::Clock,
    values::address::Address,
};

/// The transports of this server.
#[derive(Debug)]
pub struct Transports(Vec<NamedTransport>);

/// The transports that get new mails.
#[derive(Debug)]
pub struct InUse<'a> {
    all: &'a Transports,
    in_use: Vec<&'a NamedTransport>,
}

/// A transport with its entry in the policy and its health.
#[derive(Debug)]
pub struct NamedTransport {
    pub entry: MailTransport,
    pub transport: Transport,
    pub health: Health,
}

impl NamedTransport {
    fn new(entry: MailTransport, transport: Transport, clock: &Clock) -> Self {
        let health = Health::new(entry.name.as_str(), clock.clone());
        let named = NamedTransport { entry, transport, health };
        // From zero, so that Prometheus sees the first one.
        named.taken_over().increment(0);
        named
    }

    pub fn name(&self) -> &str {
        self.entry.name.as_str()
    }

    /// Counts a mail that it accepted after those before it did not.
    pub fn count_taken_over(&self) {
        self.taken_over().increment(1);
    }

    fn taken_over(&self) -> Counter {
        counter!("latchkey_mails_taken_over_total", "transport" => self.name().to_owned())
    }
}

impl Transports {
    /// Creates a client for each transport. `dkim` signs what goes to mail servers.
    pub fn open(settings: &Settings, dkim: &Arc<Dkim>, clock: &Clock) -> Result<Self, ConfigError> {
        let open = |entry: &MailTransport| {
            let transport = Transport::open(entry, settings, dkim, clock)?;
            Ok(NamedTransport::new(entry.clone(), transport, clock))
        };
        settings.transports.iter().map(open).collect::<Result<_, _>>().map(Transports)
    }

    /// Creates the dev mailbox as the only transport.
    pub fn dev(mailbox: DevMailbox, clock: &Clock) -> Self {
        let (entry, transport) = (MailTransport::dev_mailbox(), Transport::Dev(mailbox));
        Transports(vec![NamedTransport::new(entry, transport, clock)])
    }

    pub fn iter(&self) -> impl Iterator<Item = &NamedTransport> {
        self.0.iter()
    }

    /// Returns the transport of this name.
    pub fn named(&self, name: &str) -> Option<&NamedTransport> {
        self.iter().find(|transport| transport.name() == name)
    }

    /// True if a mail may go by one transport or by another.
    pub fn are_several(&self) -> bool {
        self.0.len() > 1
    }

    /// Returns the transports without those that are passed over. If that leaves none for
    /// everybody, because the file names some that are opened at the next start, all are in use: a
    /// mail goes by a bad one rather than nowhere.
    pub fn without(&self, passed_over: &[TransportName]) -> InUse<'_> {
        let is_left = |it: &&NamedTransport| !passed_over.contains(&it.entry.name);
        let mut in_use: Vec<_> = self.iter().filter(is_left).collect();
        if in_use.iter().all(|transport| !transport.entry.domains.is_empty()) {
            in_use = self.iter().collect();
        }
        InUse { all: self, in_use }
    }

    /// Takes an address off the list that each provider keeps of those it sends nothing to. Returns
    /// for each of them whether it was there, or why the list is unchanged.
    pub async fn lift(&self, address: &Address) -> Vec<(&str, Result<bool, String>)> {
        let mut lifted = Vec::new();
        for named in self.iter().filter(|named| named.entry.keeps_list()) {
            let outcome = named.transport.lift(address).await;
            let why = |error: SendError| masking::of_server(address, &error.to_string());
            lifted.push((named.name(), outcome.map_err(why)));
        }
        lifted
    }

    /// Lets one mail at once try each transport that refuses us, without the rest of its wait.
    pub fn may_be_tried_now(&self) {
        self.iter().for_each(|transport| transport.health.may_be_tried_now());
    }

    /// Closes idle connections. Called from time to time.
    pub fn close_idle(&self) {
        self.iter().for_each(|transport| transport.transport.close_idle());
    }
}

impl<'a> InUse<'a> {
    /// Returns the transports that a mail to `address` may go by, in the order in which they are
    /// to be tried: those for its domain first. `bound` is the one that may have accepted it
    /// already: no other may be asked. `earlier` is the one that took the last mail of whoever asks
    /// again: it comes last, because that mail has not helped.
    pub fn order(
        &self,
        address: &Address,
        bound: Option<&str>,
        earlier: Option<&str>,
    ) -> Vec<&'a NamedTransport> {
        if let Some(bound) = bound.and_then(|name| self.all.named(name)) {
            return vec![bound];
        }
        let is_for = |transport: &&&NamedTransport| transport.entry.is_for(address);
        let mut order: Vec<_> = self.in_use.iter().filter(is_for).copied().collect();
        // Stable, so that what is equal stays in the order of the policy.
        order.sort_by_key(|transport| {
            (earlier == Some(transport.name()), transport.entry.domains.is_empty())
        });
        order
    }

    /// True if one of them takes mails, as far as we know.
    pub fn are_well(&self) -> bool {
        self.in_use.iter().any(|transport| transport.health.is_well())
    }

    /// Returns how many of `free` mails may be taken up at the moment. While all transports refuse
    /// us, one mail at a time tries. While one is well, all are taken up: only their addresses say
    /// whether it is theirs.
    pub fn room(&self, free: usize) -> usize {
        let may_try = || self.in_use.iter().any(|it| it.health.wait() == Duration::ZERO);
        match self.are_well() {
            true => free,
            false => usize::from(may_try()).min(free),
        }
    }

    /// Returns how long a mail has to wait until one of its transports may be tried; `None` if one
    /// is well. See `order` for `bound`.
    pub fn wait(&self, address: &Address, bound: Option<&str>) -> Option<Duration> {
        let order = self.order(address, bound, None);
        if order.iter().any(|transport| transport.health.is_well()) {
            return None;
        }
        // Left due, because it is not taken up before, and another instance may fare better.
        if self.room(1) == 0 {
            return Some(Duration::ZERO);
        }
        order.iter().map(|transport| transport.health.wait()).min()
    }
}

//! The numbers of mails for `/metrics`: what became of them, by transport and recipient domain.
//!
//! They are kept here and not by the recorder of `ground::metrics`, which forgets no series: every
//! domain that somebody made up would stay. A domain that is no longer among the busiest loses its
//! series, and begins at zero if it comes back, as every counter does at a restart; its mails count
//! for [`OTHER`] from then on.

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{busiest::Busiest, send_error::SendError};
use crate::server::{ground::clock::Clock, values::address::Address};

/// Domains that are not among the busiest, together.
const OTHER: &str = "other";
/// Transport of mails that none said anything about. No transport has this name.
const NONE: &str = "";
/// Number of fates.
const FATES: usize = 10;

/// The result of a mail, or of one try to send it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A transport accepted it.
    Sent,
    /// It was refused for now, before or after it was accepted, or nobody knows.
    Delayed,
    /// The transport refused us.
    RefusedUs,
    /// Its recipient was refused for good.
    Refused,
    /// It can never be sent.
    Failed,
    /// It came back after it was accepted.
    Returned,
    /// Its recipient called it spam.
    Complaint,
    /// Its link and code expired before a transport accepted it.
    Expired,
    /// Earlier mails to its address came back.
    HeldBack,
    /// Its address may not receive it.
    Withheld,
}

impl Fate {
    /// Fates that a transport may report.
    const BY_TRANSPORT: [Fate; 7] = [
        Fate::Sent,
        Fate::Delayed,
        Fate::RefusedUs,
        Fate::Refused,
        Fate::Failed,
        Fate::Returned,
        Fate::Complaint,
    ];
    /// Fates of mails without one.
    const WITHOUT: [Fate; 4] = [Fate::Failed, Fate::Expired, Fate::HeldBack, Fate::Withheld];

    /// Returns the name for metric labels.
    fn name(self) -> &'static str {
        match self {
            Fate::Sent => "sent",
            Fate::Delayed => "delayed",
            Fate::RefusedUs => "refused_us",
            Fate::Refused => "refused",
            Fate::Failed => "failed",
            Fate::Returned => "returned",
            Fate::Complaint => "complaint",
            Fate::Expired => "expired",
            Fate::HeldBack => "held_back",
            Fate::Withheld => "withheld",
        }
    }

    /// Reports whether it is the end of a mail that was to be sent: each such mail weighs once for
    /// its domain, however often it is tried.
    fn weighs(self) -> bool {
        matches!(self, Fate::Sent | Fate::Refused | Fate::Failed | Fate::Expired)
    }
}

impl From<&SendError> for Fate {
    fn from(error: &SendError) -> Self {
        match error {
            SendError::OfUs(_) => Fate::RefusedUs,
            SendError::ForNow(_) | SendError::Unsure(_) => Fate::Delayed,
            SendError::OfRecipient(_) => Fate::Refused,
            SendError::OfMail(_) => Fate::Failed,
        }
    }
}

/// Counts of each fate, by transport.
type Counts = BTreeMap<String, [u64; FATES]>;

/// The numbers of this process.
#[derive(Debug)]
pub struct Numbers {
    clock: Clock,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    busiest: Busiest<Counts>,
    other: Counts,
}

impl Numbers {
    pub fn new(clock: Clock) -> Self {
        let numbers = Numbers { clock, table: Mutex::default() };
        numbers.begin(NONE);
        numbers
    }

    /// Counts from zero for a transport: a series that begins at one hides its first mail from
    /// Prometheus.
    pub fn begin(&self, transport: &str) {
        self.lock().other.entry(transport.to_owned()).or_default();
    }

    /// Counts what became of a mail to `address`; `transport` is the one that said so.
    pub fn count(&self, transport: Option<&str>, address: &Address, fate: Fate) {
        let (_, domain) = address.local_and_domain();
        let Table { busiest, other } = &mut *self.lock();
        if fate.weighs() {
            busiest.weigh(domain, self.clock.monotonic());
        }
        let counts = busiest.of(domain).unwrap_or(other);
        let transport = transport.unwrap_or(NONE);
        let counts = match counts.get_mut(transport) {
            Some(counts) => counts,
            None => counts.entry(transport.to_owned()).or_default(),
        };
        counts[fate as usize] += 1;
    }

    /// Returns the numbers in the text format of Prometheus.
    pub fn text(&self) -> String {
        let mut text =
            "# HELP latchkey_mails_total What became of mails, or of tries to send them.\n\
                        # TYPE latchkey_mails_total counter\n"
                .to_owned();
        let table = self.lock();
        let domains = table.busiest.iter().chain([(OTHER, &table.other)]);
        for (domain, (transport, counts)) in
            domains.flat_map(|(domain, counts)| counts.iter().map(move |counts| (domain, counts)))
        {
            let (transport, fates) = match transport.as_str() {
                NONE => ("none", &Fate::WITHOUT[..]),
                name => (name, &Fate::BY_TRANSPORT[..]),
            };
            for fate in fates {
                let (result, count) = (fate.name(), counts[*fate as usize]);
                // Neither a name in the policy nor an address has a character to escape.
                let _ = writeln!(
                    text,
                    "latchkey_mails_total{{transport=\"{transport}\",domain=\"{domain}\",\
                     result=\"{result}\"}} {count}"
                );
            }
        }
        text
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::mail::busiest::SHOWN;
    use std::collections::BTreeSet;

    fn numbers() -> Numbers {
        Numbers::new(Clock::manual(0))
    }

    fn count(numbers: &Numbers, transport: Option<&str>, domain: &str, fate: Fate) {
        let address = Address::parse(&format!("ada@{domain}")).unwrap();
        numbers.count(transport, &address, fate);
    }

    fn told(numbers: &Numbers, line: &str) -> bool {
        numbers.text().lines().any(|told| told == format!("latchkey_mails_total{{{line}"))
    }

    #[test]
    fn each_fate_is_counted_under_its_transport_and_domain() {
        let numbers = numbers();
        numbers.begin("own");
        assert!(told(&numbers, "transport=\"own\",domain=\"other\",result=\"complaint\"} 0"));
        count(&numbers, Some("own"), "example.com", Fate::Sent);
        count(&numbers, Some("own"), "example.com", Fate::Complaint);
        count(&numbers, None, "example.com", Fate::HeldBack);
        count(&numbers, None, "example.net", Fate::Withheld);
        for line in [
            "transport=\"own\",domain=\"example.com\",result=\"sent\"} 1",
            "transport=\"own\",domain=\"example.com\",result=\"complaint\"} 1",
            "transport=\"own\",domain=\"example.com\",result=\"returned\"} 0",
            "transport=\"none\",domain=\"example.com\",result=\"held_back\"} 1",
            // Nothing was to be sent there, so it is not among the busiest.
            "transport=\"none\",domain=\"other\",result=\"withheld\"} 1",
        ] {
            assert!(told(&numbers, line), "{line}: {}", numbers.text());
        }
    }

    #[test]
    fn a_transport_has_at_most_21_domains_however_many_there_are() {
        let numbers = numbers();
        for n in 0..5_000 {
            count(&numbers, Some("own"), &format!("made-up{n}.example"), Fate::Sent);
        }
        let text = numbers.text();
        let domains: BTreeSet<&str> = text
            .lines()
            .filter_map(|line| line.split("domain=\"").nth(1)?.split('"').next())
            .collect();
        assert_eq!(domains.len(), SHOWN + 1);
        assert!(told(&numbers, "transport=\"own\",domain=\"other\",result=\"sent\"} 4980"));
    }
}

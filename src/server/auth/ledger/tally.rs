//! Counts of settled events, by hour and by day.

use std::collections::{BTreeMap, HashSet};

use crate::server::{
    ground::{
        clock::{DAY, HOUR, Millis},
        error::Error,
    },
    store::{AuditRow, Count, Store},
    values::event::{Event, Reason},
};

/// Name of the counters whose labels are the domains with a place, by their weight.
const DOMAINS: &str = "domain";
/// Label of domains that have no place of their own.
pub const OTHERS: &str = "others";
/// Domains that get a place in an hour or a day, beside the hundred busiest of the one before: a
/// flood of made-up domains adds no more rows, and takes no place from one that has mails.
const NEW_DOMAINS: usize = 100;

/// The longest times of the classes in which times are counted, in milliseconds: steps of a third
/// at most, which is near enough for a median, from a mail server's answer to a code's expiry.
pub const LIMITS: [Millis; 34] = [
    50, 100, 200, 300, 400, 500, 750, 1_000, 1_500, 2_000, 3_000, 4_000, 5_000, 6_000, 8_000,
    10_000, 12_000, 15_000, 20_000, 25_000, 30_000, 40_000, 50_000, 60_000, 80_000, 100_000,
    120_000, 150_000, 180_000, 240_000, 300_000, 600_000, 1_800_000, 3_600_000,
];

/// Something that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counter {
    /// A mail was asked for.
    Asked,
    /// A transport accepted a sign-in mail.
    Sent,
    /// A mail was opened for the first time, by anybody.
    Opened,
    /// Somebody has proved an address.
    SignedIn,
    /// A sign-in or a mail was refused.
    Refused,
    /// A mail was not sent.
    Failed,
    /// A mail was not sent at once.
    Delayed,
    /// A mail came back.
    Returned,
    /// A mail was called spam.
    Complaint,
}

impl Counter {
    /// Returns the name of the counter of all together, which begins the names of the others.
    pub fn name(self) -> &'static str {
        match self {
            Counter::Asked => "asked",
            Counter::Sent => "sent",
            Counter::Opened => "opened",
            Counter::SignedIn => "signed_in",
            Counter::Refused => "refused",
            Counter::Failed => "failed",
            Counter::Delayed => "delayed",
            Counter::Returned => "returned",
            Counter::Complaint => "complaint",
        }
    }

    /// Returns the name of the counters by the labels of one kind: `domain`, `app`, `method`,
    /// `reason` or `took`.
    pub fn by(self, kind: &str) -> String {
        format!("{}.{kind}", self.name())
    }

    /// Returns the counter of an event, if it is counted.
    fn of(event: Event, row: &AuditRow) -> Option<Self> {
        match event {
            Event::AuthRequested => Some(Counter::Asked),
            // A notice, which nobody asked for, took no time.
            Event::MailSent => row.took.map(|_| Counter::Sent),
            Event::AuthVerified => Some(Counter::SignedIn),
            Event::AuthFailed => Some(Counter::Refused),
            // It looks sent to whoever asked, and was not to be sent.
            Event::MailFailed if Reason::withholds(&row.reason) => None,
            Event::MailFailed => Some(Counter::Failed),
            Event::MailDelayed => Some(Counter::Delayed),
            Event::MailReturned => Some(Counter::Returned),
            Event::MailComplaint => Some(Counter::Complaint),
            _ => None,
        }
    }
}

/// Counts that are not written yet: by span, time, name and label.
#[derive(Debug, Default)]
pub struct Tally {
    counts: BTreeMap<(Millis, Millis, String, String), i64>,
    /// Those whose label is a domain.
    domains: BTreeMap<(Millis, Millis, String, String), i64>,
}

impl Tally {
    /// Counts an event. One that only a newer version knows is not counted.
    pub fn add(&mut self, row: &AuditRow) {
        let Some(event) = Event::named(&row.event) else { return };
        let domain = row.address.rsplit_once('@').map(|(_, domain)| domain);
        if row.opens.is_some() {
            self.count(row.at, Counter::Opened, domain);
        }
        let Some(counter) = Counter::of(event, row) else { return };
        // Refusals are told by reason, not by domain.
        self.count(row.at, counter, domain.filter(|_| counter != Counter::Refused));
        let mut one = |kind: &str, label: &str| self.one(row.at, counter.by(kind), label);
        match counter {
            Counter::Asked => one("app", row.app_id.as_deref().unwrap_or_default()),
            Counter::SignedIn => {
                one("app", row.app_id.as_deref().unwrap_or_default());
                one("method", &row.reason);
            }
            Counter::Refused => one("reason", &row.reason),
            _ => {}
        }
        if let Some(took) = row.took {
            let class = LIMITS.iter().find(|limit| took <= **limit);
            one("took", &class.map(Millis::to_string).unwrap_or_default());
        }
        if let (Some(domain), Counter::Asked | Counter::SignedIn) = (domain, counter) {
            self.of_domain(row.at, DOMAINS.to_owned(), domain);
        }
    }

    fn count(&mut self, at: Millis, counter: Counter, domain: Option<&str>) {
        self.one(at, counter.name().to_owned(), "");
        if let Some(domain) = domain {
            self.of_domain(at, counter.by("domain"), domain);
        }
    }

    fn one(&mut self, at: Millis, name: String, label: &str) {
        for span in [HOUR, DAY] {
            let begun = at.div_euclid(span) * span;
            *self.counts.entry((span, begun, name.clone(), label.to_owned())).or_default() += 1;
        }
    }

    fn of_domain(&mut self, at: Millis, name: String, domain: &str) {
        for span in [HOUR, DAY] {
            let begun = at.div_euclid(span) * span;
            *self.domains.entry((span, begun, name.clone(), domain.to_owned())).or_default() += 1;
        }
    }

    /// Returns the counts to write, those of domains without a place under one label.
    pub async fn counts(self, store: &Store) -> Result<Vec<Count>, Error> {
        let Tally { mut counts, domains } = self;
        let mut places: BTreeMap<(Millis, Millis), Places> = BTreeMap::new();
        for ((span, at, name, domain), count) in domains {
            let places = match places.remove(&(span, at)) {
                Some(known) => places.entry((span, at)).or_insert(known),
                None => places.entry((span, at)).or_insert(Places::of(store, span, at).await?),
            };
            let label = if places.admit(&domain) { domain } else { OTHERS.to_owned() };
            // Its own row of this name is what keeps its place.
            counts.entry((span, at, DOMAINS.to_owned(), label.clone())).or_default();
            *counts.entry((span, at, name, label)).or_default() += count;
        }
        let count = |((span, at, name, label), count)| Count { span, at, name, label, count };
        Ok(counts.into_iter().map(count).collect())
    }
}

/// The domains with a place of their own in an hour or a day.
struct Places {
    taken: HashSet<String>,
    kept: HashSet<String>,
    new: usize,
}

impl Places {
    async fn of(store: &Store, span: Millis, at: Millis) -> Result<Self, Error> {
        let taken: HashSet<String> = store.domains_of(span, at).await?.into_iter().collect();
        let mut kept: HashSet<String> = store.busiest_before(span, at).await?.into_iter().collect();
        kept.insert(OTHERS.to_owned());
        let new = taken.difference(&kept).count();
        Ok(Places { taken, kept, new })
    }

    /// Gives a domain a place, if it has none and there is one. Returns false if it has none.
    fn admit(&mut self, domain: &str) -> bool {
        if self.taken.contains(domain) || self.kept.contains(domain) {
            return true;
        }
        if self.new >= NEW_DOMAINS {
            return false;
        }
        self.new += 1;
        self.taken.insert(domain.to_owned());
        true
    }
}

/// Returns the time, in milliseconds, that this share of events took at most, of classes by their
/// longest time; `None` without events. Times within a class count as spread evenly.
pub fn quantile(classes: &[(Option<Millis>, i64)], share: f64) -> Option<Millis> {
    let total: i64 = classes.iter().map(|(_, count)| count).sum();
    if total == 0 {
        return None;
    }
    let (wanted, mut below) = (share * total as f64, 0.0);
    for (n, limit) in LIMITS.into_iter().enumerate() {
        let of_class = classes.iter().filter(|(class, _)| *class == Some(limit));
        let count = of_class.map(|(_, count)| count).sum::<i64>() as f64;
        if count > 0.0 && below + count >= wanted {
            let shortest = n.checked_sub(1).map_or(0, |n| LIMITS[n]) as f64;
            let part = (wanted - below) / count;
            return Some((shortest + part * (limit as f64 - shortest)).round() as Millis);
        }
        below += count;
    }
    Some(LIMITS[LIMITS.len() - 1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::ground::clock::SECOND;

    #[test]
    fn a_median_is_found_among_classes() {
        assert_eq!(quantile(&[], 0.5), None);
        // Ten in the class of 8 to 10 seconds, ten in that of 20 to 25.
        let classes = [(Some(10 * SECOND), 10), (Some(25 * SECOND), 10)];
        assert_eq!(quantile(&classes, 0.25), Some(9 * SECOND));
        assert_eq!(quantile(&classes, 0.5), Some(10 * SECOND));
        assert_eq!(quantile(&classes, 0.95), Some(24_500));
        assert_eq!(quantile(&[(None, 3)], 0.5), Some(3_600 * SECOND), "longer than all classes");
    }
}

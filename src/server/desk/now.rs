//! Numbers of the page Now: how sign-ins and mails go, from the counters alone.

use std::collections::BTreeMap;

use crate::server::{
    auth::{
        Auth,
        ledger::{Counter, OTHERS, quantile},
    },
    ground::{
        clock::{DAY, HOUR, Millis},
        error::Error,
    },
    store::Sum,
    values::event::Method,
};

/// Domains that the page lists.
const DOMAINS_SHOWN: usize = 20;
/// Share of complaints, of mails that were sent, from which Gmail and Yahoo hold mails of a sender
/// back (their rules for senders, 2024).
pub const COMPLAINT_LINE: f64 = 0.003;

/// Time that the page is about, which ends now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Range {
    #[default]
    Day,
    Week,
    Month,
}

impl Range {
    pub const ALL: [Range; 3] = [Range::Day, Range::Week, Range::Month];

    /// Returns the name in the query of the page.
    pub fn name(self) -> &'static str {
        match self {
            Range::Day => "day",
            Range::Week => "week",
            Range::Month => "month",
        }
    }

    /// Returns the range of this name, a day for anything else.
    pub fn named(name: &str) -> Self {
        Range::ALL.into_iter().find(|range| range.name() == name).unwrap_or_default()
    }

    /// Returns the length of its parts, and their number, the one that has begun included.
    fn parts(self) -> (Millis, i64) {
        match self {
            Range::Day => (HOUR, 24),
            Range::Week => (DAY, 7),
            Range::Month => (DAY, 30),
        }
    }
}

/// Counts of an hour or a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    pub at: Millis,
    pub asked: i64,
    pub signed_in: i64,
}

/// Counts of a recipient domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfDomain {
    /// `None` for all that have no place of their own.
    pub domain: Option<String>,
    pub asked: i64,
    pub sent: i64,
    pub opened: i64,
    pub signed_in: i64,
    pub returned: i64,
    pub complaints: i64,
}

/// Median and 95th percentile of a time, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Took {
    pub median: Millis,
    pub p95: Millis,
}

/// Mails that wait to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    pub mails: i64,
    /// Time at which the oldest was queued.
    pub oldest: Option<Millis>,
}

/// Numbers of the page.
#[derive(Debug)]
pub struct Now {
    /// Length of a part.
    pub span: Millis,
    pub parts: Vec<Part>,
    pub asked: i64,
    pub sent: i64,
    pub opened: i64,
    /// Sign-ins by a mail: by its link, its code, or the number.
    pub signed_in: i64,
    pub returned: i64,
    pub complaints: i64,
    pub to_session: Option<Took>,
    pub to_mail_server: Option<Took>,
    pub domains: Vec<OfDomain>,
    /// Sign-ins by method, the most first.
    pub methods: Vec<(String, i64)>,
    /// Mails that were asked for and sign-ins, by app; no id for those of the sign-in page.
    pub apps: Vec<(String, i64, i64)>,
    /// Refusals by reason, the most first.
    pub refusals: Vec<(String, i64)>,
    pub queue: Queue,
}

/// Returns a part of a whole, 0 of nothing.
pub fn share(part: i64, whole: i64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Reads the numbers of a range that ends now.
pub async fn read(auth: &Auth, range: Range) -> Result<Now, Error> {
    let (span, number) = range.parts();
    let last = auth.clock.now().div_euclid(span) * span;
    let since = last - (number - 1) * span;
    let (sums, course, queued) = tokio::try_join!(
        auth.store.sums(span, since),
        auth.store.course(span, since),
        auth.store.queued_mails(),
    )?;
    let sums = Sums(sums);
    let mut parts: Vec<Part> =
        (0..number).map(|n| Part { at: since + n * span, ..Part::default() }).collect();
    for (at, name, count) in course {
        let part = parts.iter_mut().find(|part| part.at == at);
        match part {
            Some(part) if name == Counter::Asked.name() => part.asked = count,
            Some(part) if name == Counter::SignedIn.name() => part.signed_in = count,
            _ => {}
        }
    }
    let methods = sums.by(&Counter::SignedIn.by("method"));
    let is_of_mail = |method: &str| {
        matches!(Method::named(method), Some(Method::Link | Method::Code | Method::Match))
    };
    let of_mail = methods.iter().filter(|(method, _)| is_of_mail(method));
    Ok(Now {
        span,
        parts,
        asked: sums.all(Counter::Asked),
        sent: sums.all(Counter::Sent),
        opened: sums.all(Counter::Opened),
        signed_in: of_mail.map(|(_, count)| count).sum(),
        returned: sums.all(Counter::Returned),
        complaints: sums.all(Counter::Complaint),
        to_session: sums.took(Counter::SignedIn),
        to_mail_server: sums.took(Counter::Sent),
        domains: sums.domains(),
        apps: sums.apps(),
        refusals: sums.by(&Counter::Refused.by("reason")),
        methods,
        queue: Queue {
            mails: queued.iter().map(|(_, count, _)| count).sum(),
            oldest: queued.iter().map(|(.., at)| *at).min(),
        },
    })
}

/// A count of a domain.
type Field = fn(&mut OfDomain) -> &mut i64;

/// All counters of a range.
struct Sums(Vec<Sum>);

impl Sums {
    fn all(&self, counter: Counter) -> i64 {
        self.of(counter.name()).map(|(_, count)| count).sum()
    }

    fn of<'a>(&'a self, name: &str) -> impl Iterator<Item = (&'a str, i64)> {
        let named = self.0.iter().filter(move |sum| sum.name == name);
        named.map(|sum| (sum.label.as_str(), sum.count))
    }

    /// Returns counts by label, the most first.
    fn by(&self, name: &str) -> Vec<(String, i64)> {
        let mut counts: Vec<(String, i64)> =
            self.of(name).map(|(label, count)| (label.to_owned(), count)).collect();
        counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        counts
    }

    fn took(&self, counter: Counter) -> Option<Took> {
        let classes: Vec<(Option<Millis>, i64)> = self
            .of(&counter.by("took"))
            .map(|(longest, count)| (longest.parse().ok(), count))
            .collect();
        Some(Took { median: quantile(&classes, 0.5)?, p95: quantile(&classes, 0.95)? })
    }

    fn apps(&self) -> Vec<(String, i64, i64)> {
        let mut apps: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        for (app, count) in self.of(&Counter::Asked.by("app")) {
            apps.entry(app).or_default().0 = count;
        }
        for (app, count) in self.of(&Counter::SignedIn.by("app")) {
            apps.entry(app).or_default().1 = count;
        }
        let mut apps: Vec<_> = apps
            .into_iter()
            .map(|(app, (asked, signed_in))| (app.to_owned(), asked, signed_in))
            .collect();
        apps.sort_by_key(|(_, asked, _)| -asked);
        apps
    }

    /// Returns the domains with the most mails, and the others in one.
    fn domains(&self) -> Vec<OfDomain> {
        let mut found: BTreeMap<&str, OfDomain> = BTreeMap::new();
        let fields: [(Counter, Field); 6] = [
            (Counter::Asked, |of| &mut of.asked),
            (Counter::Sent, |of| &mut of.sent),
            (Counter::Opened, |of| &mut of.opened),
            (Counter::SignedIn, |of| &mut of.signed_in),
            (Counter::Returned, |of| &mut of.returned),
            (Counter::Complaint, |of| &mut of.complaints),
        ];
        for (counter, field) in fields {
            for (domain, count) in self.of(&counter.by("domain")) {
                *field(found.entry(domain).or_default()) += count;
            }
        }
        let mut others = found.remove(OTHERS);
        let mut domains: Vec<OfDomain> = found
            .into_iter()
            .map(|(domain, of)| OfDomain { domain: Some(domain.to_owned()), ..of })
            .collect();
        domains.sort_by_key(|of| -of.asked);
        let rest = domains.split_off(DOMAINS_SHOWN.min(domains.len()));
        for of in &rest {
            let others = others.get_or_insert_default();
            for (_, field) in fields {
                let mut of = of.clone();
                *field(others) += *field(&mut of);
            }
        }
        domains.extend(others);
        domains
    }
}

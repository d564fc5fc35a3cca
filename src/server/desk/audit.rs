//! The audit table at the desk: what happened, and which operator did what.

use url::form_urlencoded;

use super::{
    operator::Operator,
    person,
    place::{Neighbours, PageAt},
};
use crate::server::{
    auth::{
        Auth,
        export::{Export, Format, Wanted},
    },
    config::desk::Role,
    ground::{
        clock::{MINUTE, Millis, rfc_3339},
        error::Error,
        timestamp,
        words::say,
    },
    store::{AUDIT_ROWS_ON_A_PAGE, AuditEvent, AuditRow, By, EventsWanted},
    values::{
        address::Address,
        event::{Event, Reason},
    },
};

/// Most that the clocks of two instances may differ.
const CLOCKS: Millis = MINUTE;
/// Most characters of an operator's name that the event of an export keeps: no address has more.
const LONGEST_NAME: usize = 254;
/// Name of the filter for acts of all operators.
pub const ANY_OPERATOR: &str = "*";

/// Filters as they were typed. An empty one is none.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Name of an event.
    pub event: String,
    /// Address of a person.
    pub address: String,
    /// Name of an operator, or [`ANY_OPERATOR`].
    pub operator: String,
    /// Times, as [`timestamp::parse`] takes them.
    pub since: String,
    pub until: String,
}

impl Asked {
    /// Reads the filters of a query. Others in it are ignored.
    pub fn of_query(query: &str) -> Self {
        let mut asked = Asked::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let field = match &*name {
                "event" => &mut asked.event,
                "address" => &mut asked.address,
                "operator" => &mut asked.operator,
                "since" => &mut asked.since,
                "until" => &mut asked.until,
                _ => continue,
            };
            *field = value.into_owned();
        }
        asked
    }

    /// Returns the query of these filters; empty for none.
    pub fn query(&self) -> String {
        let filters = [
            ("event", &self.event),
            ("address", &self.address),
            ("operator", &self.operator),
            ("since", &self.since),
            ("until", &self.until),
        ];
        let set = filters.into_iter().filter(|(_, value)| !value.is_empty());
        form_urlencoded::Serializer::new(String::new()).extend_pairs(set).finish()
    }
}

/// Events that an operator wants to see.
#[derive(Clone, Debug)]
pub struct Filter {
    pub event: Option<Event>,
    pub address: Option<Address>,
    pub by: By,
    pub since: Millis,
    pub until: Millis,
}

impl Filter {
    /// Parses what was typed. Times that are ago count from `now`.
    pub fn parse(asked: &Asked, now: Millis) -> Result<Self, Error> {
        let time = |text: &str, none: Millis| match text.trim() {
            "" => Ok(none),
            text => timestamp::parse(text, now).map_err(|_| Error::invalid(say!("detail-no-time"))),
        };
        let event = match asked.event.trim() {
            "" => None,
            name => {
                Some(Event::named(name).ok_or_else(|| Error::invalid(say!("detail-no-event")))?)
            }
        };
        let address = match asked.address.trim() {
            "" => None,
            text => Some(Address::parse(text)?),
        };
        Ok(Filter {
            event,
            address,
            by: match asked.operator.trim() {
                "" => By::Anybody,
                ANY_OPERATOR => By::AnyOperator,
                name => By::Operator(name.to_owned()),
            },
            since: time(&asked.since, 0)?,
            until: time(&asked.until, Millis::MAX)?,
        })
    }
}

impl Filter {
    /// Returns the filter as the audit table keeps it: without the address, which it masks.
    fn in_words(&self) -> String {
        let event = self.event.map(|event| format!("event {}", event.name()));
        let by = match &self.by {
            By::Anybody => None,
            By::AnyOperator => Some("by operators".to_owned()),
            By::Operator(name) => {
                let name = name.chars().filter(|c| !c.is_control()).take(LONGEST_NAME);
                Some(format!("by {}", name.collect::<String>()))
            }
        };
        let since = (self.since > 0).then(|| format!("since {}", rfc_3339(self.since)));
        let until = (self.until < Millis::MAX).then(|| format!("until {}", rfc_3339(self.until)));
        let parts: Vec<String> = [event, by, since, until].into_iter().flatten().collect();
        parts.join(", ")
    }
}

/// Events, the latest first.
#[derive(Debug)]
pub struct Page {
    pub events: Vec<AuditRow>,
    pub pages: Neighbours,
}

/// Returns a page of the events that the filter lets pass. Those of one person are what their page
/// shows, so to ask for them is to open the person.
pub async fn page(
    auth: &Auth,
    operator: &Operator,
    filter: &Filter,
    page: PageAt,
) -> Result<Page, Error> {
    operator.may(auth, Role::Look).await?;
    let subjects: Vec<String> = match &filter.address {
        Some(address) => {
            person::record_opening(auth, operator, address).await?;
            auth.keys.subjects(address.as_str()).collect()
        }
        None => Vec::new(),
    };
    let wanted = EventsWanted {
        stretch: page.stretch(filter.since, filter.until),
        event: filter.event,
        by: &filter.by,
        subjects: &subjects,
    };
    let mut events = auth.store.page_of_events(&wanted).await?;
    let pages = Neighbours::of(page, &mut events, AUDIT_ROWS_ON_A_PAGE);
    Ok(Page { events, pages })
}

/// Begins an export of all events that the filter lets pass, oldest first, up to the time at which
/// it was begun: one that is held open tells nothing of what happens later. An event by itself
/// tells that it was begun.
pub async fn export(
    auth: &Auth,
    operator: &Operator,
    filter: &Filter,
    format: Format,
) -> Result<Export, Error> {
    operator.may(auth, Role::Look).await?;
    let event = auth.event(Event::AuditExported, filter.address.as_ref(), &operator.client);
    let event = AuditEvent {
        operator: Some(operator.name.clone()),
        note: filter.in_words(),
        ..event.because(Reason::Operator)
    };
    auth.store.note(&event).await?;
    event.emit();
    let wanted = Wanted {
        since: filter.since,
        until: filter.until.min(event.at + CLOCKS),
        address: filter.address.clone(),
        events: filter.event.map(|event| event.name().to_owned()).into_iter().collect(),
        by: filter.by.clone(),
    };
    Ok(Export::new(auth, wanted, format))
}

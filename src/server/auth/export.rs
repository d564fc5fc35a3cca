//! Events of the audit table as lines for other programs, a thousand at a time.

use serde_json::{Value, json};

use super::Auth;
use crate::server::{
    ground::{
        clock::{Millis, rfc_3339},
        csv::{field, harmless},
        error::Error,
    },
    store::{AuditRow, By, Events},
    values::address::Address,
};

/// Format of the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A line of names, then one for each event, for spreadsheets.
    Csv,
    /// A JSON object for each event.
    Jsonl,
}

/// Columns, in the order of CSV.
const COLUMNS: [&str; 16] = [
    "id",
    "at",
    "event",
    "reason",
    "request_id",
    "subject",
    "address",
    "user_id",
    "user_agent",
    "ip_prefix",
    "app_id",
    "operator",
    "note",
    "list",
    "took",
    "opens",
];

/// Events to export.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub since: Millis,
    pub until: Millis,
    /// Only those of this person.
    pub address: Option<Address>,
    /// Names of events. All events if empty.
    pub events: Vec<String>,
    pub by: By,
}

impl Wanted {
    fn has(&self, row: &AuditRow) -> bool {
        let is_by = match &self.by {
            By::Anybody => true,
            By::AnyOperator => row.operator.is_some(),
            By::Operator(name) => row.operator.as_ref() == Some(name),
        };
        is_by && (self.events.is_empty() || self.events.contains(&row.event))
    }
}

/// An export in progress. It holds no connection between its chunks.
#[derive(Debug)]
pub struct Export {
    wanted: Wanted,
    format: Format,
    /// Subjects that are left, the next one last.
    subjects: Vec<Option<String>>,
    page: Option<Events>,
    has_begun: bool,
}

impl Export {
    pub fn new(auth: &Auth, wanted: Wanted, format: Format) -> Self {
        // An address has one pseudonym for each secret in force. Events under the oldest secret
        // come first.
        let subjects = match &wanted.address {
            Some(address) => auth.keys.subjects(address.as_str()).map(Some).collect(),
            None => vec![None],
        };
        Export { wanted, format, subjects, page: None, has_begun: false }
    }

    /// Returns the next lines; `None` at the end. A chunk may be empty: a thousand events were
    /// read, and none of them is wanted.
    pub async fn next(&mut self, auth: &Auth) -> Result<Option<String>, Error> {
        let mut lines = String::new();
        if !std::mem::replace(&mut self.has_begun, true) && self.format == Format::Csv {
            lines = COLUMNS.join(",") + "\r\n";
        }
        let page = match self.page.take() {
            Some(page) => page,
            None => match self.subjects.pop() {
                Some(subject) => {
                    let Wanted { since, until, .. } = self.wanted;
                    let of_desk = self.wanted.by != By::Anybody;
                    Events { since, after: 0, until, subject, of_desk }
                }
                None => return Ok(None),
            },
        };
        let rows = auth.store.events(&page).await?;
        if let Some(last) = rows.last() {
            self.page = Some(Events { since: last.at, after: last.id, ..page });
        }
        for row in rows.iter().filter(|row| self.wanted.has(row)) {
            lines.push_str(&line(row, self.format));
        }
        Ok(Some(lines))
    }
}

/// Returns the line of an event, with its end.
fn line(row: &AuditRow, format: Format) -> String {
    let AuditRow { id, event, reason, request_id, subject, address, .. } = row;
    let AuditRow {
        user_id, user_agent, ip_prefix, app_id, list, operator, note, took, opens, ..
    } = row;
    let values = [
        json!(id),
        json!(rfc_3339(row.at)),
        json!(event),
        json!(reason),
        json!(request_id),
        json!(subject),
        json!(address),
        json!(user_id),
        json!(user_agent),
        json!(ip_prefix),
        json!(app_id),
        json!(operator),
        json!(note),
        json!(list),
        json!(took),
        json!(opens),
    ];
    match format {
        Format::Jsonl => {
            let object: serde_json::Map<String, Value> =
                COLUMNS.into_iter().map(str::to_owned).zip(values).collect();
            Value::Object(object).to_string() + "\n"
        }
        Format::Csv => {
            let cells = values.iter().map(|value| match value {
                Value::Null => String::new(),
                Value::String(text) => harmless(text),
                number => field(&number.to_string()),
            });
            cells.collect::<Vec<_>>().join(",") + "\r\n"
        }
    }
}

//! Command of an operator that exports the audit table for other programs: JSON, one event per
//! line.

use clap::Subcommand;
use serde_json::json;
use std::io::{self, Write};
use time::{Date, Month, Time};

use super::{stdout, written};
use crate::server::{
    auth::Auth,
    ground::{
        clock::{DAY, HOUR, MINUTE, Millis, SECOND, rfc_3339},
        error::Error,
    },
    store::{AuditRow, Events},
    values::address::Address,
};

#[derive(Subcommand)]
pub enum Audit {
    /// Export events, one JSON object per line. Times are given like 2026-01-31,
    /// 2026-01-31T12:00:00Z, 12h or 7d (ago).
    Export {
        #[arg(long, default_value = "1970-01-01")]
        since: String,
        #[arg(long)]
        until: Option<String>,
        /// Export only the events of this address.
        #[arg(long)]
        address: Option<String>,
        /// Export only events of this name, like auth.failed. Can be given several times.
        #[arg(long)]
        event: Vec<String>,
    },
}

/// Filter for the events to export.
#[derive(Debug)]
struct Filter {
    since: Millis,
    until: Millis,
    address: Option<Address>,
    /// Names of events. All events if empty.
    events: Vec<String>,
}

/// Error that ended an export early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Store(#[from] Error),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Runs a command, and prints its result.
pub async fn run(auth: &Auth, command: Audit) -> Result<(), Box<dyn std::error::Error>> {
    let Audit::Export { since, until, address, event } = command;
    let now = auth.clock.now();
    let filter = Filter {
        since: time(&since, now)?,
        until: until.map_or(Ok(Millis::MAX), |until| time(&until, now))?,
        address: address.as_deref().map(Address::parse).transpose()?,
        events: event,
    };
    written(write(auth, &filter, &mut stdout()).await)
}

/// Writes the events that match `filter`, oldest first, and returns their number.
async fn write(auth: &Auth, filter: &Filter, out: &mut impl Write) -> Result<usize, ExportError> {
    // An address has one pseudonym for each secret in force. Events under the oldest secret come
    // first.
    let mut subjects: Vec<Option<String>> = match &filter.address {
        Some(address) => auth.keys.subjects(address.as_str()).map(Some).collect(),
        None => vec![None],
    };
    subjects.reverse();
    let mut count = 0;
    for subject in subjects {
        let mut page = Events { since: filter.since, after: 0, until: filter.until, subject };
        loop {
            let rows = auth.store.events(&page).await?;
            let Some(last) = rows.last() else { break };
            (page.since, page.after) = (last.at, last.id);
            let is_wanted =
                |row: &&AuditRow| filter.events.is_empty() || filter.events.contains(&row.event);
            for row in rows.iter().filter(is_wanted) {
                writeln!(out, "{}", line(row))?;
                count += 1;
            }
        }
    }
    out.flush()?;
    Ok(count)
}

fn line(row: &AuditRow) -> String {
    let AuditRow { id, event, reason, request_id, subject, address, .. } = row;
    let AuditRow { user_id, user_agent, ip_prefix, app_id, operator, note, .. } = row;
    json!({
        "id": id, "at": rfc_3339(row.at), "event": event, "reason": reason,
        "request_id": request_id, "subject": subject, "address": address, "user_id": user_id,
        "user_agent": user_agent, "ip_prefix": ip_prefix, "app_id": app_id,
        "operator": operator, "note": note,
    })
    .to_string()
}

/// Parses a time that an operator gave, in UTC: `2026-01-31`, `2026-01-31T12:00:00Z`, or ago, as
/// `30m`, `12h`, `7d`.
fn time(text: &str, now: Millis) -> Result<Millis, String> {
    let wrong = || format!("{text:?} is no time: give 2026-01-31, 2026-01-31T12:00:00Z, 12h or 7d");
    let ago = |unit: char, length: Millis| {
        let number: Millis = text.strip_suffix(unit)?.parse().ok()?;
        (number >= 0).then(|| now.saturating_sub(number.saturating_mul(length)))
    };
    let named = || {
        let (date, time) = text.split_once('T').unwrap_or((text, "00:00:00Z"));
        let [year, month, day] = numbers(date, '-')?[..] else { return None };
        let [hour, minute, second] = numbers(time.strip_suffix('Z')?, ':')?[..] else {
            return None;
        };
        let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
        let date = Date::from_calendar_date(year, month, u8::try_from(day).ok()?).ok()?;
        let [hour, minute, second] = [hour, minute, second].map(u8::try_from);
        let time = Time::from_hms(hour.ok()?, minute.ok()?, second.ok()?).ok()?;
        Some(date.with_time(time).assume_utc().unix_timestamp() * SECOND)
    };
    ago('d', DAY)
        .or_else(|| ago('h', HOUR))
        .or_else(|| ago('m', MINUTE))
        .or_else(named)
        .ok_or_else(wrong)
}

fn numbers(text: &str, separator: char) -> Option<Vec<i32>> {
    text.split(separator).map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_date_or_a_duration_before_now() {
        let noon = 1_767_268_800_000;
        for (text, at) in [
            ("2026-01-01T12:00:00Z", noon),
            ("2026-01-01", noon - 12 * HOUR),
            ("30m", noon - 30 * MINUTE),
            ("12h", noon - 12 * HOUR),
            ("7d", noon - 7 * DAY),
        ] {
            assert_eq!(time(text, noon), Ok(at), "{text}");
        }
        for text in ["", "yesterday", "2026-13-01", "2026-02-30", "-1d", "2026-01-01T12:00:00", "7"]
        {
            assert!(time(text, noon).is_err(), "{text}");
        }
        assert_eq!(rfc_3339(noon + 7), "2026-01-01T12:00:00.007Z");
    }
}

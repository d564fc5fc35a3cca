//! Reports of what became of mails after a transport had accepted them: bounces and complaints,
//! from providers' webhooks and from mail servers. They are verified, and brought into one form.
//!
//! Everything here is a function of its arguments: time, secrets and what was received come in,
//! reports come out. What a report means for an address is decided by whoever asks.

pub mod dsn;
pub mod http;
pub mod mailgun;
mod mime;
pub mod postmark;
mod read;
pub mod resend;
pub mod return_path;
pub mod sendgrid;
pub mod ses;
mod sns;
pub mod standard_webhooks;
mod status;
mod topic;

pub use read::{Hook, Outcome, Provider};

use serde_json::Value;
use std::fmt;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::server::{
    ground::{
        clock::{MINUTE, Millis},
        unicode::is_invisible,
    },
    mail::masking,
    values::address::{Address, masked},
};

/// Time that a provider's clock may be ahead of ours.
const AHEAD: Millis = 5 * MINUTE;
/// Most characters that are kept of a server's words.
const MOST_SAID: usize = 500;
/// Most octets of a name that a provider gave: of a mail, or of a message to us.
const LONGEST_NAME: usize = 256;

/// A report of what became of a mail after a transport had accepted it.
#[derive(Clone, PartialEq, Eq)]
pub struct Report {
    pub mail: MailRef,
    /// Address as the report writes it. Whom the mail went to is known from the mail itself, and
    /// only that is to be believed: whoever can report about one mail could name any address.
    pub recipient: Option<String>,
    pub kind: Kind,
    /// Words of the server, one line of at most 500 characters, without control characters, links
    /// and codes, with addresses masked.
    pub said: String,
    /// Name of this report, under which a second copy is known.
    pub once: Option<Once>,
    /// Time that the provider signed, or now where it signs none.
    pub at: Millis,
}

/// The mail that a report is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailRef {
    /// Id that the provider gave the mail when it accepted it.
    OfProvider(String),
    /// Id of ours, that of the outbox.
    Ours(String),
}

/// The fate of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The address does not exist, or takes no mail for good.
    Hard,
    /// It did not arrive and is not tried again, for a reason that may pass: a full mailbox, a
    /// policy, a server in trouble.
    Soft,
    /// It has not arrived yet, and is still tried. One mail may be late several times, and arrive.
    Delayed,
    /// The person called it spam, or asked for no more mails.
    Complaint,
    Delivered,
}

impl Kind {
    /// Returns the name for metric labels, and for the JSON of the transport `http`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Hard => "hard",
            Kind::Soft => "soft",
            Kind::Delayed => "delayed",
            Kind::Complaint => "complaint",
            Kind::Delivered => "delivered",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        let all = [Kind::Hard, Kind::Soft, Kind::Delayed, Kind::Complaint, Kind::Delivered];
        all.into_iter().find(|kind| kind.name() == name)
    }
}

/// The name of a report that is to be acted on once, unique within its provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    pub id: String,
    /// Time until which the name has to be kept. A copy that comes later is refused as stale, or is
    /// past the provider's last retry.
    pub until: Millis,
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let recipient = self.recipient.as_deref().map(masked);
        f.debug_struct("Report")
            .field("mail", &self.mail)
            .field("recipient", &recipient)
            .field("kind", &self.kind)
            .field("said", &self.said)
            .field("once", &self.once)
            .field("at", &self.at)
            .finish()
    }
}

/// The reason that a report was not believed or not understood, as a sentence for whoever sends it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HookError {
    /// Not from whom it claims to be. Status 401.
    #[error("{0}")]
    Forged(&'static str),
    /// Signed too long ago, or in the future. Status 401.
    #[error(
        "The time that was signed is too far from now: compare both clocks, and check that nothing \
         on the way keeps requests back."
    )]
    Stale,
    /// Not in the provider's format. Status 400. Repeats nothing of what was received.
    #[error("{0}")]
    Unreadable(String),
}

impl HookError {
    /// Names for metric labels.
    pub const NAMES: [&str; 3] = ["forged", "stale", "unreadable"];

    pub fn name(&self) -> &'static str {
        let [forged, stale, unreadable] = Self::NAMES;
        match self {
            HookError::Forged(_) => forged,
            HookError::Stale => stale,
            HookError::Unreadable(_) => unreadable,
        }
    }
}

impl Report {
    fn new(mail: MailRef, recipient: &str, kind: Kind, said: &str, at: Millis) -> Self {
        let recipient = Some(recipient.trim()).filter(|recipient| !recipient.is_empty());
        let said = line(said, recipient);
        Report { mail, recipient: recipient.map(str::to_owned), kind, said, once: None, at }
    }

    fn once(self, id: impl Into<String>, until: Millis) -> Self {
        Report { once: Some(Once { id: id.into(), until }), ..self }
    }
}

/// Names each of several reports that came under one name.
fn numbered(reports: Vec<Report>, id: &str, until: Millis) -> Vec<Report> {
    let named = |(n, report): (usize, Report)| match n {
        0 => report.once(id, until),
        n => report.once(format!("{id}#{n}"), until),
    };
    reports.into_iter().enumerate().map(named).collect()
}

/// Returns `said` as one short line without control and invisible characters, and without the
/// addresses and secrets of a mail, which servers like to repeat.
fn line(said: &str, recipient: Option<&str>) -> String {
    let start: String = said.chars().take(4 * MOST_SAID).collect();
    let visible = |c: char| if c.is_control() || is_invisible(c) { ' ' } else { c };
    let start: String = start.chars().map(visible).collect();
    let words = masking::without_secrets(&start);
    let address = recipient.and_then(|recipient| Address::parse(recipient).ok());
    let words = match address {
        Some(address) => masking::without(&address, &words),
        None => words,
    };
    let words = masking::without_any(&words);
    words.chars().take(MOST_SAID).collect()
}

/// Refuses what was signed before `oldest` ago, or in the future.
fn check_time(at: Millis, now: Millis, oldest: Millis) -> Result<(), HookError> {
    let is_fresh = at >= now.saturating_sub(oldest) && at <= now.saturating_add(AHEAD);
    if is_fresh { Ok(()) } else { Err(HookError::Stale) }
}

/// Parses a time as `2026-11-29T12:00:00.123Z` (RFC 3339).
fn time_of(text: &str) -> Option<Millis> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    Millis::try_from(time.unix_timestamp_nanos() / 1_000_000).ok()
}

/// Parses `body`, which should be `what`. The error tells only where it is wrong: a body names
/// people.
fn json(body: &[u8], what: &str) -> Result<Value, HookError> {
    serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        HookError::Unreadable(format!(
            "The body should be {what} in JSON, and is none from line {line}, column {column}."
        ))
    })
}

/// Returns the text at `pointer` (RFC 6901), or nothing.
fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Returns the mail that a provider means by `id`. Some write it as a Message-ID, in angle brackets
/// here and without them there.
fn of_provider(id: &str) -> Option<MailRef> {
    let id = id.trim().trim_start_matches('<').trim_end_matches('>');
    let is_name = !id.is_empty() && id.len() <= LONGEST_NAME && !id.contains(char::is_control);
    is_name.then(|| MailRef::OfProvider(id.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_server_are_one_short_line_that_names_nobody() {
        let said = "550-5.1.1 <ada@example.com>:\r\n550 5.1.1\u{0}no\u{202e}such user";
        let report = |said: &str| {
            let mail = MailRef::Ours("id".to_owned());
            Report::new(mail, " ada@example.com ", Kind::Hard, said, 0)
        };
        assert_eq!(report(said).said, "550-5.1.1 <a***@example.com>: 550 5.1.1 no such user");
        assert_eq!(report("to eve@example.net: full").said, "to e***@example.net: full");
        assert_eq!(report(&"é ".repeat(9_000)).said.chars().count(), MOST_SAID);
        assert_eq!(report("").recipient.as_deref(), Some("ada@example.com"));
        assert!(!format!("{:?}", report(said)).contains("ada@"));
    }

    #[test]
    fn several_reports_of_one_message_have_names_of_their_own() {
        let report = Report::new(MailRef::Ours("id".to_owned()), "", Kind::Soft, "", 0);
        let named = numbered(vec![report.clone(), report], "message", 7);
        let ids: Vec<_> = named.iter().map(|report| report.once.clone().unwrap().id).collect();
        assert_eq!(ids, ["message", "message#1"]);
        assert_eq!(named[0].recipient, None);
    }

    #[test]
    fn a_time_is_refused_on_either_side_of_its_window() {
        for (at, result) in [
            (1_000_000, Ok(())),
            (1_000_000 - 60_000, Ok(())),
            (1_000_000 - 60_001, Err(HookError::Stale)),
            (1_000_000 + AHEAD, Ok(())),
            (1_000_000 + AHEAD + 1, Err(HookError::Stale)),
            (Millis::MAX, Err(HookError::Stale)),
            (Millis::MIN, Err(HookError::Stale)),
        ] {
            assert_eq!(check_time(at, 1_000_000, MINUTE), result, "{at}");
        }
    }
}

//! Reports that mail servers send as mails: that one was not delivered (RFC 3464, and RFC 6533 for
//! addresses of any script), and that somebody called one spam (RFC 5965).
//!
//! The mail that a report is about is known by its return path, which carries a code of ours
//! ([`return_path`](super::return_path)), or by the Message-ID of the mail that is returned with
//! the report: its id is random, and nobody but its recipient saw it.

use data_encoding::BASE64URL_NOPAD as BASE64URL;

use super::{
    Kind, LONGEST_NAME, MailRef, Report,
    mime::{Entity, Fields},
    numbered, return_path,
    status::refused,
};
use crate::server::ground::{
    clock::{DAY, Millis},
    keys::Keys,
};

/// Most bytes of a mail that are read. A report comes before the mail that it returns.
pub const MOST_BYTES: usize = 256 * 1024;
/// Depth at which a report is looked for: lists and gateways wrap it.
const DEPTH: usize = 2;
/// Most recipients that are read of a report. Our mails have one.
const MOST_RECIPIENTS: usize = 16;
/// Time that the name of a report is kept, for a mailbox that is read again.
const KEPT: Millis = 7 * DAY;

/// Header fields in which mail servers keep the address that a mail was sent to.
const SENT_TO: [&str; 6] =
    ["delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to", "to"];

/// The part of a report that says what became of a mail.
const STATUS: [&str; 2] = ["message/delivery-status", "message/global-delivery-status"];

/// The reason that a mail gives no report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoReport {
    /// An automatic reply, a receipt, spam, or a letter.
    #[error("the mail is no report of a mail server")]
    Other,
    #[error("the report names no mail of ours: it has neither our return path nor our Message-ID")]
    NotOurs,
}

/// Reads a mail that came back. `sent_to` is the address that it was sent to, where the mail server
/// says so apart from the mail.
pub fn read(
    mail: &[u8],
    sent_to: Option<&str>,
    keys: &Keys,
    now: Millis,
) -> Result<Vec<Report>, NoReport> {
    let mail = Entity::parse(mail.get(..MOST_BYTES).unwrap_or(mail));
    let parts = report(&mail, DEPTH).ok_or(NoReport::Other)?;
    let part = |kinds: &[&str]| parts.iter().find(|part| part.is(kinds)).map(Entity::text);
    let status = part(&STATUS);
    let feedback = part(&["message/feedback-report"]);
    let groups = Fields::groups(&status.or(feedback).ok_or(NoReport::Other)?);
    let returned = part(&[
        "message/rfc822",
        "message/global",
        "message/rfc822-headers",
        "message/global-headers",
        "text/rfc822-headers",
    ]);
    let returned = returned.map(|returned| Fields::read(&returned)).unwrap_or_default();
    let id = about(&mail.fields, sent_to, &groups, &returned, keys).ok_or(NoReport::NotOurs)?;
    let notification = part(&["text/plain"]).unwrap_or_default();
    let reports = groups.iter().filter_map(|group| {
        let (recipient, kind, said) = fate(group, &notification)?;
        Some(Report::new(MailRef::Ours(id.clone()), &recipient, kind, &said, now))
    });
    let reports = reports.take(MOST_RECIPIENTS).collect();
    let name = mail.fields.get("message-id");
    let is_name = !name.is_empty() && name.len() <= LONGEST_NAME;
    Ok(if is_name { numbered(reports, name, now.saturating_add(KEPT)) } else { reports })
}

/// Returns the parts of the report that a mail is, or that it wraps. A mail that is attached to
/// another is not meant. OpenSMTPD calls its reports multipart/mixed.
fn report<'a>(entity: &Entity<'a>, depth: usize) -> Option<Vec<Entity<'a>>> {
    if !entity.is_multipart() {
        return None;
    }
    let parts = entity.parts();
    if entity.is(&["multipart/report"]) || parts.iter().any(|part| part.is(&STATUS)) {
        return Some(parts);
    }
    (depth > 0).then(|| parts.iter().find_map(|part| report(part, depth - 1)))?
}

/// Returns our id of the mail that a report is about.
fn about(
    header: &Fields,
    sent_to: Option<&str>,
    groups: &[Fields],
    returned: &Fields,
    keys: &Keys,
) -> Option<String> {
    let headers = SENT_TO.iter().flat_map(|name| header.all(name));
    // The sender of the mail, as Postfix, feedback reports and the returned mail name it.
    let senders = groups
        .iter()
        .flat_map(|group| group.all("original-mail-from").chain(group.all("x-postfix-sender")))
        .chain(returned.all("return-path"));
    let of_path = sent_to
        .into_iter()
        .chain(headers)
        .chain(senders)
        .flat_map(|text| text.split([' ', '<', '>', ',', ';', '"', '(', ')']))
        .find_map(|word| return_path::parse(keys, word));
    of_path.or_else(|| {
        let id = returned.get("message-id").trim_start_matches('<').split('@').next()?;
        let is_ours = BASE64URL.decode(id.as_bytes()).is_ok_and(|bytes| bytes.len() == 16);
        is_ours.then(|| id.to_owned())
    })
}

/// Returns recipient, kind and the server's words of a group of fields, if it tells of a fate.
/// `notification` is the part of the report for people.
fn fate(group: &Fields, notification: &str) -> Option<(String, Kind, String)> {
    let feedback = group.get("feedback-type").to_ascii_lowercase();
    if !feedback.is_empty() {
        // RFC 5965, 7.3: types that are not known count as "other". These are known, and nobody's
        // complaint: one taken back, and findings of programs (RFC 6591).
        let is_complaint = !["not-spam", "auth-failure", "virus"].contains(&feedback.as_str());
        let recipient = match group.get("original-rcpt-to") {
            "" => group.get("removal-recipient"),
            recipient => recipient,
        };
        return is_complaint.then(|| (address(recipient), Kind::Complaint, feedback));
    }
    let recipient = address(match group.get("final-recipient") {
        "" => group.get("original-recipient"),
        recipient => recipient,
    });
    let diagnostic = match group.get("diagnostic-code") {
        "" => told(notification, &recipient),
        diagnostic => diagnostic,
    };
    let status = group.get("status");
    let action = group.get("action").split_whitespace().next().unwrap_or_default();
    let kind = match action.to_ascii_lowercase().as_str() {
        "failed" => refused(status, diagnostic),
        "delayed" => Kind::Delayed,
        "delivered" => Kind::Delivered,
        // "relayed" and "expanded": gone on to where nobody reports.
        _ => return None,
    };
    let said = match untyped(diagnostic) {
        "" => format!("status {status}"),
        said => said.to_owned(),
    };
    let said = match untyped(group.get("remote-mta")) {
        "" => said,
        server => format!("{said} (from {server})"),
    };
    Some((recipient, kind, said))
}

/// Returns what the server said about a recipient, from the part of a report for people: OpenSMTPD
/// has it nowhere else, in a line such as `ada@example.com: 550 5.1.1 no such mailbox`.
fn told<'a>(notification: &'a str, recipient: &str) -> &'a str {
    let about = |line: &'a str| line.strip_prefix(recipient)?.strip_prefix(": ");
    notification.lines().find_map(about).unwrap_or_default().trim()
}

/// Returns an address of a report without its type (`rfc822;`) and angle brackets.
fn address(text: &str) -> String {
    untyped(text).trim_start_matches('<').trim_end_matches('>').to_owned()
}

/// Returns a value without the type before it: `smtp; 550 no` is `550 no`.
fn untyped(text: &str) -> &str {
    let is_type = |kind: &str| {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !kind.is_empty() && kind.bytes().all(is_part)
    };
    match text.split_once(';') {
        Some((kind, rest)) if is_type(kind.trim()) => rest.trim(),
        _ => text.trim(),
    }
}

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

//! Reports of what became of mails after a transport had accepted them.

use metrics::counter;
use sha2::{Digest, Sha256};
use std::time::Duration;

use super::{Auth, Client, suppression::Why};
use crate::server::{
    ground::{
        clock::{MINUTE, Millis},
        error::Error,
    },
    mail::{
        masking,
        numbers::Fate,
        reports::{
            Kind, MailRef, Report,
            dsn::{self, NoReport},
        },
    },
    store::{Reported, SentMail, Used},
    values::event::{Event, Reason},
};

/// Time that the worker may take to write down the id of a mail that a provider has just accepted,
/// before a report about it is one of a mail that is not ours.
const SETTLING: Duration = Duration::from_secs(1);
/// Age of a report that may be about such a mail.
const RECENT: Millis = MINUTE;

/// Acts on reports that were verified: writes down what became of each mail, tells whoever waits for
/// it, and holds back further mails to an address that is dead or complains. `transport` is the one
/// that reports; `None` for a mail server's own report about a mail of ours. Reports of mails that
/// we never sent, and second copies, change nothing.
pub async fn take(auth: &Auth, transport: Option<&str>, reports: Vec<Report>) -> Result<(), Error> {
    let mut early = Vec::new();
    for report in reports {
        match find(auth, transport, &report).await? {
            Some(mail) => write(auth, &mail, &report).await?,
            None if auth.clock.now() - report.at < RECENT => early.push(report),
            None => count(None, &report),
        }
    }
    if early.is_empty() {
        return Ok(());
    }
    tokio::time::sleep(SETTLING).await;
    for report in early {
        match find(auth, transport, &report).await? {
            Some(mail) => write(auth, &mail, &report).await?,
            None => count(None, &report),
        }
    }
    Ok(())
}

/// Acts on a mail that came back, which was sent to the address `to`, if that is known apart from
/// the mail. Returns how many reports it has. Anything else that arrives there, such as an automatic
/// reply, changes nothing.
pub async fn take_mail(
    auth: &Auth,
    mail: &[u8],
    to: Option<&str>,
) -> Result<Result<usize, NoReport>, Error> {
    let reports = match dsn::read(mail, to, &auth.keys, auth.clock.now()) {
        Ok(reports) => reports,
        Err(why) => return Ok(Err(why)),
    };
    let count = reports.len();
    take(auth, None, reports).await?;
    Ok(Ok(count))
}

/// Returns the mail of a report, if it is ours.
async fn find(
    auth: &Auth,
    transport: Option<&str>,
    report: &Report,
) -> Result<Option<SentMail>, Error> {
    let mail = match (&report.mail, transport) {
        (MailRef::Ours(id), _) => auth.store.sent_mail(id).await?,
        (MailRef::OfProvider(id), Some(by)) => auth.store.sent_mail_of(by, id).await?,
        (MailRef::OfProvider(_), None) => None,
    };
    // A provider knows only of the mails that it was given.
    Ok(mail.filter(|mail| transport.is_none_or(|by| mail.transport == by)))
}

/// Counts a report that is acted on; `None` for one about no mail of ours.
fn count(transport: Option<&str>, report: &Report) {
    let by = transport.unwrap_or("none").to_owned();
    let kind = report.kind.name();
    counter!("latchkey_mail_reports_total", "transport" => by, "kind" => kind).increment(1);
}

async fn write(auth: &Auth, mail: &SentMail, report: &Report) -> Result<(), Error> {
    if report.kind == Kind::Delivered {
        // The mail is late no longer. Nothing else waits for this news.
        if mail.is_delayed {
            auth.store.mail_delivered(&mail.id).await?;
        }
        count(Some(&mail.transport), report);
        return Ok(());
    }
    let said = masking::without(&mail.address, &report.said);
    let held = |why: Why| why.suppression(&mail.address, &mail.transport, &said, auth.clock.now());
    let (returned, complaint) = (held(Why::Returned), held(Why::Complaint));
    let (event, fate, reported) = match report.kind {
        Kind::Hard => (Event::MailReturned, Fate::Returned, Reported::Returned(Some(&returned))),
        Kind::Soft => (Event::MailReturned, Fate::Returned, Reported::Returned(None)),
        Kind::Complaint => (Event::MailComplaint, Fate::Complaint, Reported::Complaint(&complaint)),
        Kind::Delayed | Kind::Delivered => (Event::MailDelayed, Fate::Delayed, Reported::Delayed),
    };
    let client = Client { request_id: mail.request_id.clone(), ..Client::default() };
    let event = auth.event(event, Some(&mail.address), &client).because(Reason::Said(said));
    let name;
    let once = match &report.once {
        Some(once) => {
            name = Sha256::digest(format!("{} {}", mail.transport, once.id));
            Some(Used { name: &name, until: once.until })
        }
        None => None,
    };
    if auth.store.mail_reported(mail, &reported, once, &event).await? {
        count(Some(&mail.transport), report);
        event.emit();
        auth.numbers.count(Some(&mail.transport), &mail.address, fate);
    }
    Ok(())
}

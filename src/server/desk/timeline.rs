//! The timeline of a person: every step from the ask to the session, in plain words.

use super::{
    place::{Neighbours, PageAt},
    policy_then::{PoliciesThen, PolicyThen},
};
use crate::server::{
    auth::told::{refused, told},
    ground::{
        clock::{MINUTE, Millis, rfc_3339},
        error::Kind,
        user_agent::describe,
        words::{duration, say},
    },
    mail::masking,
    store::{AuditRow, EVENTS_ON_A_PAGE, MailOfPerson},
    values::{
        event::{Event, Reason},
        network,
    },
};

/// A step, as operators read it.
#[derive(Clone, Debug)]
pub struct Line {
    pub at: Millis,
    pub what: String,
    /// Browser and network of whoever did it; empty if nobody did.
    pub from: String,
    /// Words of a mail server or of an operator, as they were said; empty if there are none.
    pub said: String,
    /// Operator who did it.
    pub operator: Option<String>,
    pub request_id: String,
    /// True for what kept somebody out.
    pub is_trouble: bool,
    /// For an ask: the policy in force then, if it was another than now.
    pub policy_then: Option<PolicyThen>,
}

/// A page of steps, the latest first.
#[derive(Debug, Default)]
pub struct Timeline {
    pub lines: Vec<Line>,
    pub pages: Neighbours,
}

impl Timeline {
    /// Makes a page of events, the latest first, of which there may be one more than fit.
    pub fn of(
        mut rows: Vec<AuditRow>,
        page: PageAt,
        mails: &[MailOfPerson],
        policies: &PoliciesThen,
    ) -> Self {
        let pages = Neighbours::of(page, &mut rows, EVENTS_ON_A_PAGE);
        let began = |row: &AuditRow| {
            let issued = Event::SessionIssued.name();
            rows.iter().any(|other| other.event == issued && other.request_id == row.request_id)
        };
        // A proof and the session that it began are one step.
        let is_step = |row: &&AuditRow| row.event != Event::AuthVerified.name() || !began(row);
        let line = |row| Line { policy_then: policies.at(row), ..Line::of(row, mails) };
        Timeline { lines: rows.iter().filter(is_step).map(line).collect(), pages }
    }

    /// Returns the steps as plain text, the earliest first, for a ticket: no whole address, and no
    /// secret, as there is none in an event.
    pub fn text(&self) -> String {
        self.lines.iter().rev().map(|line| format!("{}\n", line.text())).collect()
    }
}

impl Line {
    /// Makes a line of an event alone. `mails` tell what was asked for.
    pub fn of(row: &AuditRow, mails: &[MailOfPerson]) -> Self {
        let event = Event::named(&row.event);
        let is_of_server = matches!(
            event,
            Some(
                Event::MailDelayed | Event::MailFailed | Event::MailReturned | Event::MailComplaint
            )
        );
        let is_withheld = Reason::withholds(&row.reason);
        let said = match (row.note.is_empty(), is_of_server && !is_withheld) {
            (false, _) => row.note.clone(),
            (true, true) => row.reason.clone(),
            (true, false) => String::new(),
        };
        let has_client = !row.ip_prefix.is_empty() && row.ip_prefix != network::DESK;
        let place = || format!("{}, {}", describe(&row.user_agent), network::shown(&row.ip_prefix));
        Line {
            at: row.at,
            what: what(event, row, mails),
            from: if has_client && row.operator.is_none() { place() } else { String::new() },
            said,
            operator: row.operator.clone(),
            request_id: row.request_id.clone(),
            is_trouble: is_of_server || event == Some(Event::AuthFailed),
            policy_then: None,
        }
    }

    fn text(&self) -> String {
        let by = self.operator.as_deref().map(|name| say!("timeline-by", name = name));
        // An operator's reason may name somebody; a ticket is read by more people than the desk.
        let said = masking::without_any(&self.said.replace('\n', " "));
        let said = Some(said).filter(|said| !said.is_empty());
        let parts = [
            Some(self.what.clone()),
            Some(self.from.clone()).filter(|from| !from.is_empty()),
            by,
            said.map(|said| format!("“{said}”")),
            self.policy_then.as_ref().map(PolicyThen::sentence),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        format!("{}  {}", moment(self.at), parts.join(" · "))
    }
}

/// Returns a time to the second, like `2026-01-31 12:00:00 UTC`.
pub fn moment(at: Millis) -> String {
    let text = rfc_3339(at);
    format!("{} UTC", text.get(..19).unwrap_or(&text).replace('T', " "))
}

/// Returns the mail that an event asked for.
fn mail_of<'a>(row: &AuditRow, mails: &'a [MailOfPerson]) -> Option<&'a MailOfPerson> {
    let is_it = |mail: &&MailOfPerson| {
        mail.request_id == row.request_id && (mail.created_at - row.at).abs() < MINUTE
    };
    mails.iter().find(is_it)
}

/// Says what happened, in words of the page's language. An event that only a newer version knows is
/// called by its name.
fn what(event: Option<Event>, row: &AuditRow, mails: &[MailOfPerson]) -> String {
    let Some(event) = event else { return row.event.clone() };
    let is_test = row.reason == Reason::TestPerson.to_string();
    match event {
        Event::AuthRequested => match mail_of(row, mails).and_then(terms) {
            Some((mode, lifetime)) => {
                say!("timeline-asked-for", mode = mode, lifetime = lifetime)
            }
            None => say!("activity-requested"),
        },
        Event::AuthFailed if row.reason == Reason::NotAUser.to_string() => {
            say!("timeline-not-admitted")
        }
        Event::SessionIssued if is_test => say!("timeline-test-person"),
        Event::AuthVerified => say!("timeline-verified"),
        Event::MailSent => say!("timeline-mail-sent"),
        Event::MailDelayed => say!("timeline-mail-delayed"),
        Event::MailFailed if is_test => say!("timeline-mail-of-test-person"),
        Event::MailFailed if Reason::withholds(&row.reason) => say!("timeline-mail-withheld"),
        Event::MailFailed => say!("timeline-mail-failed"),
        Event::MailReturned => say!("timeline-mail-returned"),
        Event::MailComplaint => say!("timeline-mail-complaint"),
        Event::SuppressionLifted => say!("timeline-suppression-lifted"),
        Event::UserAdded => say!("timeline-user-added"),
        Event::UserDeleted => say!("timeline-user-deleted"),
        Event::UserDisabled => say!("timeline-user-disabled"),
        Event::UserEnabled => say!("timeline-user-enabled"),
        Event::CodesPaused => say!("timeline-codes-paused"),
        Event::DeskOpened => say!("timeline-opened"),
        Event::DeskMail => say!("timeline-desk-mail"),
        Event::LinkOpened => say!("timeline-link-opened"),
        Event::UserInvited => say!("timeline-invited"),
        Event::InvitationResent => say!("timeline-invitation-resent"),
        Event::InvitationWithdrawn => say!("timeline-invitation-withdrawn"),
        Event::InvitationAccepted => say!("timeline-invitation-accepted"),
        Event::WaitlistJoined => say!("timeline-waitlist"),
        Event::WaitlistRemoved => say!("timeline-waitlist-removed"),
        Event::OperatorAdded => say!("timeline-operator-added"),
        Event::OperatorRemoved => say!("timeline-operator-removed"),
        Event::OperatorRefused => say!("timeline-operator-refused"),
        Event::AuditExported => say!("timeline-exported"),
        _ => told(&row.event, &row.reason).unwrap_or_else(|| row.event.clone()),
    }
}

/// Returns what a mail carries and for how long that is good, while its auth request is kept.
fn terms(mail: &MailOfPerson) -> Option<(String, String)> {
    let seconds = u64::try_from(mail.expires_in?).ok()?;
    Some((mail.mode.clone()?, duration(seconds)))
}

/// The state of a person now, as far as it may be why they do not get in.
#[derive(Debug)]
pub struct Obstacles<'a> {
    pub banned_since: Option<Millis>,
    /// Time until which codes are paused for everybody who is new.
    pub codes_paused_until: Option<Millis>,
    /// Words of the server, if mails are held back.
    pub held_back: Option<&'a str>,
    /// Days that events are kept.
    pub keep_days: u32,
}

fn is_success(row: &AuditRow) -> bool {
    [Event::AuthVerified, Event::SessionIssued].iter().any(|event| event.name() == row.event)
}

/// Says in one sentence why the last try to sign in did not succeed, or that it did.
pub fn diagnosis(rows: &[AuditRow], obstacles: &Obstacles<'_>) -> String {
    if let Some(since) = obstacles.banned_since {
        return say!("diagnosis-disabled", when = moment(since));
    }
    let own = |row: &&AuditRow| row.operator.is_none();
    let asked_with = |row: &AuditRow| {
        let asked = Event::AuthRequested.name();
        rows.iter().find(|other| other.event == asked && other.request_id == row.request_id)
    };
    let succeeded = rows.iter().filter(own).find(|row| is_success(row)).map(|row| (row.at, row.id));
    let is_refusal = |row: &&AuditRow| {
        [Event::AuthFailed, Event::AuthCancelled].iter().any(|event| event.name() == row.event)
    };
    let last_refusal = rows.iter().filter(own).find(is_refusal).map(|row| (row.at, row.id));
    // A report about a mail whose link or code has signed in meanwhile is news no more. That
    // it was accepted is written down when the database has time, and says nothing of later tries.
    let decisive = |row: &&AuditRow| match Event::named(&row.event) {
        Some(Event::MailSent) => {
            let asked = asked_with(row).unwrap_or(row);
            Some((asked.at, asked.id)) > succeeded.max(last_refusal)
        }
        Some(
            Event::MailDelayed | Event::MailFailed | Event::MailReturned | Event::MailComplaint,
        ) => {
            let asked = asked_with(row).unwrap_or(row);
            Some((asked.at, asked.id)) > succeeded
        }
        Some(Event::AuthRequested | Event::AuthFailed | Event::AuthCancelled) => true,
        _ => is_success(row),
    };
    let Some(last) = rows.iter().filter(own).find(decisive) else {
        return say!("diagnosis-nothing", days = obstacles.keep_days);
    };
    // The time at which its mail was asked for: that is how people speak of it.
    let asked = asked_with(last);
    let mail = moment(asked.map_or(last.at, |asked| asked.at));
    let said = match last.reason.as_str() {
        "" => say!("mail-said-nothing"),
        said => said.to_owned(),
    };
    let when = moment(last.at);
    match Event::named(&last.event) {
        Some(Event::AuthVerified | Event::SessionIssued) => {
            say!("diagnosis-signed-in", when = when)
        }
        Some(Event::AuthCancelled) => say!("diagnosis-cancelled", when = when),
        Some(Event::AuthFailed) => {
            match (Kind::named(&last.reason), obstacles.codes_paused_until) {
                (
                    Some(Kind::CodesPaused | Kind::TooManyAttempts | Kind::CodeWrong),
                    Some(until),
                ) => {
                    say!("diagnosis-paused", until = moment(until))
                }
                (None, _) if last.reason == Reason::NotAUser.to_string() => {
                    say!("diagnosis-not-admitted", when = when)
                }
                (kind, _) => say!("diagnosis-refused", when = when, what = refused(kind)),
            }
        }
        Some(Event::MailReturned) => say!("diagnosis-returned", mail = mail, said = said),
        Some(Event::MailComplaint) => say!("diagnosis-complaint", mail = mail),
        Some(Event::MailDelayed) => say!("diagnosis-delayed", mail = mail, said = said),
        Some(Event::MailFailed) if last.reason == Reason::NotAUser.to_string() => {
            say!("diagnosis-withheld", mail = mail)
        }
        Some(Event::MailFailed) if Reason::withholds(&last.reason) => {
            say!("diagnosis-test", mail = mail)
        }
        Some(Event::MailFailed) => match obstacles.held_back {
            Some(said) => say!("diagnosis-held-back", mail = mail, said = said),
            None => say!("diagnosis-failed", mail = mail, said = said),
        },
        Some(Event::MailSent) => say!("diagnosis-unused", mail = mail),
        _ => say!("diagnosis-waits", mail = mail),
    }
}

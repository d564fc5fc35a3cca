//! One person at the desk: what holds for them now, what happened, and what an operator does for
//! them. Nobody is impersonated: no act gives an operator a session of somebody else.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    find,
    operator::{self, ActReason, Operator, act_named},
    place::PageAt,
    policy_then::PoliciesThen,
    timeline::{Obstacles, Timeline, diagnosis},
};
use crate::server::{
    auth::{
        Auth, Client, Requester,
        limits::{self, LimitsLeft},
        request,
        terms::Ask,
    },
    config::desk::Role,
    ground::{
        clock::{MINUTE, Millis},
        error::Error,
        mode::Mode,
        words::say,
    },
    mail::transports::Transports,
    store::{AuditEvent, AuditRow, SessionLine, Suppression},
    values::{
        address::{Address, masked},
        event::{Event, Reason},
        network,
    },
};

/// Path of the pages about people.
pub const PEOPLE: &str = "/desk/people";

/// Returns the path of the page about the person of `key`.
pub fn path_of(key: &str) -> String {
    format!("{PEOPLE}/{}", utf8_percent_encode(key, NON_ALPHANUMERIC))
}

/// Time within which an operator who opens a person again is not recorded again.
const OPEN: Millis = 15 * MINUTE;

/// A person, with all that is known of them.
#[derive(Debug)]
pub struct Person {
    pub key: String,
    pub address: Address,
    pub user_id: Option<String>,
    /// Time at which the user was created; `None` for one of the team's own table, and for nobody.
    pub since: Option<Millis>,
    /// True if users are the team's own.
    pub is_mapped: bool,
    pub is_test_person: bool,
    /// Role at the desk.
    pub role: Option<Role>,
    pub last_sign_in: Option<Millis>,
    pub sessions: Vec<SessionLine>,
    /// Names of the apps with access, with the time of each.
    pub apps: Vec<(String, Millis)>,
    pub suppression: Option<Suppression>,
    pub banned_since: Option<Millis>,
    pub limits: LimitsLeft,
    /// Attempts of mails that wait to be sent.
    pub waiting: Vec<i64>,
    pub timeline: Timeline,
    pub diagnosis: String,
}

/// Opens a person for an operator, which is an event by itself, at a page of the timeline.
pub async fn open(
    auth: &Auth,
    operator: &Operator,
    key: &str,
    page: PageAt,
) -> Result<Person, Error> {
    operator.may(auth, Role::Look).await?;
    let address = find::address_of(auth, key).await?;
    record_opening(auth, operator, &address).await?;
    let now = auth.clock.now();
    let user_id = auth.user_id_of(&address).await?;
    let user = match auth.team_users {
        None => auth.store.user_by_address(&address).await?,
        Some(_) => None,
    };
    let (mut sessions, mut apps, mut last_sign_in) = (Vec::new(), Vec::new(), None);
    let policy = auth.policy();
    if let Some(user_id) = &user_id {
        sessions = auth.store.sessions_of_user(user_id, now).await?;
        let access = auth.store.access(user_id, now).await?;
        apps = access.into_iter().map(|(id, at)| (policy.app_name(&id).to_owned(), at)).collect();
        last_sign_in = auth.store.last_sign_in(user_id).await?;
    }
    let suppression = auth.store.suppression(&address, now).await?;
    let banned_since = auth.store.banned_since(user_id.as_deref(), &address).await?;
    let (mails, tries) = (
        auth.store.mails_in_bucket(address.as_str(), now).await?,
        auth.store.failed_tries(address.as_str(), now).await?,
    );
    let limits = limits::left(&policy.limits, &mails, &tries, now);
    let mails = auth.store.mails_of_address(&address).await?;
    let newest = match page {
        PageAt::Newest => None,
        PageAt::Before(_) | PageAt::After(_) => Some(rows(auth, &address, PageAt::Newest).await?),
    };
    let rows = rows(auth, &address, page).await?;
    let policies = PoliciesThen::of(auth, &address, &rows).await?;
    let pause = limits.codes_paused.iter().find(|pause| pause.network.is_none());
    let obstacles = Obstacles {
        banned_since,
        codes_paused_until: pause.map(|pause| pause.until),
        held_back: suppression.as_ref().map(|suppression| suppression.said.as_str()),
        keep_days: policy.audit.keep_days,
    };
    // The last try is on the first page, whichever was asked for.
    let diagnosis = diagnosis(newest.as_ref().unwrap_or(&rows), &obstacles);
    let waiting = mails.iter().filter(|mail| mail.state == "queued").map(|mail| mail.attempts);
    Ok(Person {
        key: find::key_of(auth, &address)?,
        role: operator::role_of(auth, &address).await?,
        since: user.map(|user| user.created_at),
        is_mapped: auth.team_users.is_some(),
        is_test_person: policy.test_person(&address).is_some(),
        waiting: waiting.collect(),
        timeline: Timeline::of(rows, page, &mails, &policies),
        address,
        user_id,
        last_sign_in,
        sessions,
        apps,
        suppression,
        banned_since,
        limits,
        diagnosis,
    })
}

impl Person {
    /// Returns the timeline as plain text for a ticket, with the address masked.
    pub fn ticket(&self) -> String {
        let id = self.user_id.as_deref().unwrap_or("–");
        let who = say!("ticket-who", address = masked(self.address.as_str()), id = id);
        format!("{who}\n{}\n\n{}", self.diagnosis, self.timeline.text())
    }
}

/// Returns the events of a page of a timeline, the latest first. After a rotation of the secrets an
/// address has one subject under each.
async fn rows(auth: &Auth, address: &Address, page: PageAt) -> Result<Vec<AuditRow>, Error> {
    let subjects = auth.keys.subjects(address.as_str());
    auth.store.timeline(subjects, page.stretch(0, Millis::MAX)).await
}

/// Records that an operator looks at a person, once for each visit.
pub(super) async fn record_opening(
    auth: &Auth,
    operator: &Operator,
    address: &Address,
) -> Result<(), Error> {
    let event = auth.event(Event::DeskOpened, Some(address), &operator.client);
    let event = event.because(Reason::Operator);
    let event = AuditEvent { operator: Some(operator.name.clone()), ..event };
    if !auth.store.was_opened(&event.subject, &operator.name, event.at - OPEN).await? {
        auth.store.note(&event).await?;
        event.emit();
    }
    Ok(())
}

/// An act of an operator for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    SendMail,
    EndSessions,
    PauseCodes,
    LiftSuppression,
    Disable,
    Enable,
    Delete,
}

impl Act {
    pub const ALL: [Act; 7] = [
        Act::SendMail,
        Act::EndSessions,
        Act::PauseCodes,
        Act::LiftSuppression,
        Act::Disable,
        Act::Enable,
        Act::Delete,
    ];

    /// Returns its name in forms.
    pub fn name(self) -> &'static str {
        match self {
            Act::SendMail => "send-mail",
            Act::EndSessions => "end-sessions",
            Act::PauseCodes => "pause-codes",
            Act::LiftSuppression => "lift-suppression",
            Act::Disable => "disable",
            Act::Enable => "enable",
            Act::Delete => "delete",
        }
    }

    /// Parses the name of an act.
    pub fn parse(name: &str) -> Result<Self, Error> {
        act_named(&Act::ALL, Act::name, name)
    }

    /// Returns the role that it takes.
    pub fn role(self) -> Role {
        if self == Act::Delete { Role::Steer } else { Role::Help }
    }

    /// Reports whether an operator may do it to their own account: nothing that keeps them out, and
    /// no mail that nobody asked for at the sign-in page.
    pub fn is_for_oneself(self) -> bool {
        !matches!(self, Act::Disable | Act::Delete | Act::PauseCodes | Act::SendMail)
    }
}

/// Does an act for the person of `key`, once the operator's role, sign-in and relation to that
/// person allow it. The caller has parsed the reason.
pub async fn act(
    auth: &Auth,
    transports: &Transports,
    operator: &Operator,
    reason: &ActReason,
    key: &str,
    act: Act,
) -> Result<(), Error> {
    operator.may_change(auth, act.role()).await?;
    let address = &find::address_of(auth, key).await?;
    let known = operator::of_user(auth, address).await?;
    let is_own = |theirs: &Address| operator.address.as_ref() == Some(theirs);
    let is_oneself = is_own(address) || known.iter().any(|(theirs, _)| is_own(theirs));
    if is_oneself && !act.is_for_oneself() {
        return Err(Error::invalid(say!("detail-not-yourself")));
    }
    if let Some(theirs) = known.into_iter().map(|(_, role)| role).max() {
        operator.may(auth, theirs).await?;
    }
    let happened = |event: Event| {
        let row = operator.event(auth, event, Some(address), reason);
        // Its owner sees it on a page that tells where everything came from: not the operator's.
        match event.list() {
            "" => row,
            _ => {
                AuditEvent { user_agent: String::new(), ip_prefix: network::DESK.to_owned(), ..row }
            }
        }
    };
    match act {
        Act::SendMail => send_mail(auth, operator, address, happened(Event::DeskMail)).await,
        Act::EndSessions => match auth.end_sessions_of(address, &happened).await? {
            0 => Err(Error::invalid(say!("detail-no-sessions"))),
            _ => Ok(()),
        },
        Act::PauseCodes => auth.pause_codes(address, &happened).await,
        Act::LiftSuppression => {
            let lifted = auth.lift_everywhere(transports, address, &happened).await?;
            match lifted.unchanged.as_slice() {
                [] if lifted.did_nothing() => Err(Error::invalid(say!("detail-not-held-back"))),
                [] => Ok(()),
                lists => {
                    let lists = lists.join("; ");
                    Err(Error::invalid(say!("detail-provider-list", lists = lists)))
                }
            }
        }
        Act::Disable => auth.disable(address, &happened).await,
        Act::Enable => auth.enable(address, &happened).await,
        Act::Delete => auth.delete_user_of(address, &happened).await,
    }
}

/// Sends a sign-in mail that nobody asked for at the sign-in page. Its link opens in any browser,
/// where its owner confirms it, because the browser that asked is the operator's, who gets nothing.
/// It has no code: there would be no window to type it in.
async fn send_mail(
    auth: &Auth,
    operator: &Operator,
    address: &Address,
    event: AuditEvent,
) -> Result<(), Error> {
    if !auth.policy().auth.mode.has_link() {
        return Err(Error::invalid(say!("detail-desk-mail-needs-links")));
    }
    // An operator may know what nobody learns at the sign-in page.
    if auth.is_test_person(address) || !auth.may_sign_in(address).await? {
        return Err(Error::invalid(say!("detail-desk-mail-to-nobody")));
    }
    if auth.store.suppression(address, auth.clock.now()).await?.is_some() {
        return Err(Error::invalid(say!("detail-desk-mail-held-back")));
    }
    operator.one_more_mail(auth).await?;
    let client = Client {
        ip_prefix: network::DESK.to_owned(),
        request_id: operator.client.request_id.clone(),
        ..Client::default()
    };
    let requester = Requester { client, ..Requester::default() };
    let email = address.as_str().to_owned();
    let ask = Ask { email, mode: Some(Mode::Link), ..Ask::default() };
    request::start_by(auth, &ask, &requester, Some(&event)).await.map(drop)
}

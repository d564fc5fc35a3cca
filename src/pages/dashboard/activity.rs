//! Recent events of an account, in words.

use leptos::prelude::*;

use crate::server::{
    ground::{
        clock::Millis,
        error::Kind,
        user_agent::describe,
        words::{ago, say},
    },
    store::{ATTEMPTS_SHOWN, EventLine},
    values::{
        event::{Event, Method},
        network,
    },
};

/// Describes an event to the owner of the address. `None` for events that are in neither list.
fn said(event: &EventLine) -> Option<String> {
    Some(match Event::named(&event.event)? {
        Event::AuthRequested => say!("activity-requested"),
        Event::AuthCancelled => say!("activity-cancelled"),
        Event::AuthApproved => say!("activity-approved"),
        Event::AuthFailed => refused(Kind::named(&event.reason)),
        Event::SessionIssued => match Method::named(&event.reason) {
            Some(Method::Link) => say!("activity-signed-in-link"),
            Some(Method::Code | Method::FixedCode) => say!("activity-signed-in-code"),
            Some(Method::Password) => say!("activity-signed-in-password"),
            Some(Method::Match) => say!("activity-signed-in-match"),
            None => say!("activity-signed-in"),
        },
        Event::SessionRevoked => say!("activity-signed-out"),
        Event::SessionDisputed => say!("activity-disputed"),
        Event::PasswordSet => say!("activity-password-set"),
        Event::PasswordRemoved => say!("activity-password-removed"),
        Event::AuthVerified
        | Event::UserAdded
        | Event::UserDeleted
        | Event::UserDisabled
        | Event::UserEnabled
        | Event::UserInvited
        | Event::InvitationResent
        | Event::InvitationWithdrawn
        | Event::InvitationAccepted
        | Event::WaitlistJoined
        | Event::MailSent
        | Event::MailDelayed
        | Event::MailFailed
        | Event::MailReturned
        | Event::MailComplaint
        | Event::LinkOpened
        | Event::SuppressionLifted
        | Event::OperatorAdded
        | Event::OperatorRemoved
        | Event::OperatorRefused
        | Event::PolicySteered => return None,
    })
}

/// Describes a refused sign-in by the kind of its error.
fn refused(kind: Option<Kind>) -> String {
    match kind {
        Some(Kind::CodeWrong | Kind::InvitationWrong) => say!("activity-code-wrong"),
        Some(Kind::PasswordWrong) => say!("activity-password-wrong"),
        Some(Kind::NumberWrong) => say!("activity-number-wrong"),
        Some(Kind::TooManyAttempts | Kind::CodesPaused) => say!("activity-too-many"),
        Some(Kind::RateLimited) => say!("activity-rate-limited"),
        Some(Kind::WrongBrowser) => say!("activity-wrong-browser"),
        Some(
            Kind::LinkInvalid
            | Kind::LinkExpired
            | Kind::LinkUsed
            | Kind::LinkSuperseded
            | Kind::InvitationOver,
        ) => say!("activity-old-link"),
        Some(Kind::CodeExpired | Kind::CodeSuperseded) => say!("activity-old-code"),
        Some(
            Kind::InvalidEmail
            | Kind::MissingField
            | Kind::InvalidRequest
            | Kind::Unauthenticated
            | Kind::AppNeeded
            | Kind::RequestUnknown
            | Kind::ForbiddenOrigin
            | Kind::Forbidden
            | Kind::FreshSignInNeeded
            | Kind::NotFound
            | Kind::PayloadTooLarge
            | Kind::Unavailable
            | Kind::Internal,
        )
        | None => say!("activity-refused"),
    }
}

/// Lists recent sign-ins, sign-outs and password changes. One that was not the user's stands out
/// here, and no attempt by a stranger can push it off the list.
pub fn account_section(events: &[EventLine], now: Millis) -> impl IntoView + use<> {
    let rows =
        events.iter().filter_map(|event| Some(event_row(said(event)?, event, now))).collect();
    events_section(say!("recent-activity"), rows)
}

/// Lists what was asked for and refused in the last week: one line for each kind, with a count, and
/// the place and time of the latest.
pub fn attempts_section(events: &[EventLine], now: Millis) -> impl IntoView + use<> {
    let mut kinds: Vec<(String, &EventLine, usize)> = Vec::new();
    for event in events {
        let Some(said) = said(event) else { continue };
        match kinds.iter_mut().find(|(kind, ..)| *kind == said) {
            Some((_, _, count)) => *count += 1,
            None => kinds.push((said, event, 1)),
        }
    }
    let are_all = events.len() < ATTEMPTS_SHOWN;
    let rows = kinds.into_iter().map(|(what, latest, n)| {
        let what = match n {
            1 => what,
            n if are_all => say!("activity-times", what = what, n = n),
            n => say!("activity-times-at-least", what = what, n = n),
        };
        event_row(what, latest, now)
    });
    let rows: Vec<AnyView> = rows.collect();
    (!rows.is_empty()).then(|| events_section(say!("recent-attempts"), rows))
}

fn events_section(heading: String, rows: Vec<AnyView>) -> impl IntoView + use<> {
    view! {
        <section>
            <h2>{heading}</h2>
            <ul class="events">{rows}</ul>
        </section>
    }
}

fn event_row(what: String, event: &EventLine, now: Millis) -> AnyView {
    view! {
        <li class=is_alarming(event).then_some("alarm")>
            <span>{what}</span>
            <span class="soft">
                {format!("{}\u{a0}· ", describe(&event.user_agent))}
                <bdi>{network::shown(&event.ip_prefix)}</bdi>
            </span>
            <span class="soft">{ago(event.at, now)}</span>
        </li>
    }
    .into_any()
}

/// True for what a stranger at the account would cause: it stands out.
fn is_alarming(event: &EventLine) -> bool {
    let kind = Kind::named(&event.reason);
    match Event::named(&event.event) {
        Some(Event::AuthFailed) => matches!(
            kind,
            Some(
                Kind::CodeWrong
                    | Kind::PasswordWrong
                    | Kind::NumberWrong
                    | Kind::TooManyAttempts
                    | Kind::CodesPaused
                    | Kind::WrongBrowser
            )
        ),
        event => event == Some(Event::SessionDisputed),
    }
}

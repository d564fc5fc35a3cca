//! Recent events of an account, in words.

use leptos::prelude::*;

use crate::server::{
    auth::told::told,
    ground::{
        clock::Millis,
        error::Kind,
        user_agent::describe,
        words::{ago, say},
    },
    store::{ATTEMPTS_SHOWN, EventLine},
    values::{event::Event, network},
};

/// Lists recent sign-ins, sign-outs and password changes. One that was not the user's stands out
/// here, and no attempt by a stranger can push it off the list.
pub fn account_section(events: &[EventLine], now: Millis) -> impl IntoView + use<> {
    let rows = events
        .iter()
        .filter_map(|event| Some(event_row(told(&event.event, &event.reason)?, event, now)))
        .collect();
    events_section(say!("recent-activity"), rows)
}

/// Lists what was asked for and refused in the last week: one line for each kind, with a count, and
/// the place and time of the latest.
pub fn attempts_section(events: &[EventLine], now: Millis) -> impl IntoView + use<> {
    let mut kinds: Vec<(String, &EventLine, usize)> = Vec::new();
    for event in events {
        let Some(said) = told(&event.event, &event.reason) else { continue };
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

//! GET `/dashboard`: who you are, and where you are signed in.

use leptos::prelude::*;

use super::frame::{Frame, load, refusal};
use crate::server::{
    auth::{
        event::{
            AUTH_CANCELLED, AUTH_REQUESTED, PASSWORD_REMOVED, PASSWORD_SET, SESSION_DISPUTED,
            SESSION_ISSUED, SESSION_REVOKED,
        },
        session::Session,
    },
    config::Passwords,
    ground::{
        clock::{MINUTE, Millis},
        error::Error,
        user_agent::describe,
        words::{ago, say},
    },
    http::page_data::Visit,
    store::{ATTEMPTS_SHOWN, Line, Overview},
    values::shown::shown,
};

#[component]
pub fn DashboardPage() -> impl IntoView {
    load(Box::pin(dashboard()))
}

async fn dashboard() -> Result<AnyView, Error> {
    let visit = Visit::current()?;
    // The guard has run: without a session nobody gets here.
    let (Some(session), Some(overview)) = (visit.session.clone(), visit.overview.clone()) else {
        return Err(Error::Unauthenticated);
    };
    let (core, now) = (&visit.state.core, visit.state.core.clock.now());
    let Overview { sessions, activity: events, attempts: tried } = &*overview;
    let refused = refusal(&visit);
    let several = sessions.len() > 1;
    let rows = sessions.iter().map(|row| session_row(&session, row, now)).collect_view();
    let (activity, attempts) = (activity(events, now), attempts(tried, now));
    let passwords = match visit.policy().auth.passwords {
        Passwords::Optional => Some(password_form(&visit, &session).await?),
        Passwords::Off => None,
    };
    let deletion = core.mapped_users.is_none().then(|| deletion_form(session.is_recent(core)));
    Ok(view! {
        <Frame title=say!("dashboard")>
            <h1>{say!("signed-in")}</h1>
            <p>{say!("signed-in-as")} " " <strong class="address" translate="no">{shown(&session.row.address)}</strong></p>
            {refused}
            <div class="actions">
                {sign_out_button("", say!("sign-out"))}
                {several.then(|| sign_out_button("others", say!("sign-out-elsewhere")))}
                {several.then(|| sign_out_button("all", say!("sign-out-everywhere")))}
            </div>
            <section>
                <h2>{say!("your-sessions")}</h2>
                <ul class="sessions">{rows}</ul>
            </section>
            {activity}
            {attempts}
            {passwords}
            {deletion}
        </Frame>
    }
    .into_any())
}

fn sign_out_button(which: &'static str, label: String) -> impl IntoView {
    view! {
        <form method="post" action="/actions/sign-out">
            <input type="hidden" name="which" value=which />
            <button class="secondary" type="submit">
                {label}
            </button>
        </form>
    }
}

fn session_row(this: &Session, row: &Line, now: Millis) -> impl IntoView + use<> {
    let is_this = row.name == this.row.id;
    let seen = if is_this || now - row.at < 2 * MINUTE {
        say!("in-use-now")
    } else {
        say!("last-used", ago = ago(row.at, now))
    };
    let browser = describe(&row.user_agent);
    let end_it =
        (!is_this).then(|| (row.name.clone(), say!("end-session-in", browser = browser.as_str())));
    view! {
        <li>
            <div>
                <strong>{browser}</strong>
                {is_this.then(|| view! { <span class="badge">{say!("this-session")}</span> })}
                <p class="soft">
                    <bdi>{row.ip_prefix.clone()}</bdi>
                    {format!(" · {seen} · {}", say!("begun", ago = ago(row.begun_at, now)))}
                </p>
            </div>
            {end_it
                .map(|(id, label)| {
                    view! {
                        <form method="post" action="/actions/sign-out">
                            <input type="hidden" name="which" value=id />
                            <button class="secondary" type="submit" aria-label=label>
                                {say!("end-session")}
                            </button>
                        </form>
                    }
                })}
        </li>
    }
}

/// What an event says to whose address it is.
fn said(event: &Line) -> String {
    match (event.name.as_str(), event.reason.as_str()) {
        (AUTH_REQUESTED, _) => say!("activity-requested"),
        (AUTH_CANCELLED, _) => say!("activity-cancelled"),
        (SESSION_ISSUED, "link") => say!("activity-signed-in-link"),
        (SESSION_ISSUED, "code") => say!("activity-signed-in-code"),
        (SESSION_ISSUED, _) => say!("activity-signed-in-password"),
        (SESSION_REVOKED, _) => say!("activity-signed-out"),
        (SESSION_DISPUTED, _) => say!("activity-disputed"),
        (PASSWORD_SET, _) => say!("activity-password-set"),
        (PASSWORD_REMOVED, _) => say!("activity-password-removed"),
        (_, "code_wrong") => say!("activity-code-wrong"),
        (_, "password_wrong") => say!("activity-password-wrong"),
        (_, "too_many_attempts" | "codes_paused") => say!("activity-too-many"),
        (_, "rate_limited") => say!("activity-rate-limited"),
        (_, "wrong_browser") => say!("activity-wrong-browser"),
        (_, reason) if reason.starts_with("link_") => say!("activity-old-link"),
        (_, reason) if reason.starts_with("code_") => say!("activity-old-code"),
        _ => say!("activity-refused"),
    }
}

/// The sign-ins, sign-outs and changes of a password of late: one that was not yours stands out
/// here, and nothing that a stranger does takes its place.
fn activity(events: &[Line], now: Millis) -> impl IntoView + use<> {
    let rows = events.iter().map(|event| event_row(said(event), event, now)).collect();
    events_section(say!("recent-activity"), rows)
}

/// What was asked for and refused in the last week: a line for each kind, with a count, where and
/// when it was last.
fn attempts(events: &[Line], now: Millis) -> impl IntoView + use<> {
    let mut kinds: Vec<(String, &Line, usize)> = Vec::new();
    for event in events {
        let said = said(event);
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
            <ul class="sessions">{rows}</ul>
        </section>
    }
}

fn event_row(what: String, event: &Line, now: Millis) -> AnyView {
    view! {
        <li>
            <div>
                <strong>{what}</strong>
                <p class="soft">
                    {format!("{} · ", describe(&event.user_agent))}
                    <bdi>{event.ip_prefix.clone()}</bdi> {format!(" · {}", ago(event.at, now))}
                </p>
            </div>
        </li>
    }
    .into_any()
}

/// Sets, changes or removes the password, soon after signing in.
async fn password_form(visit: &Visit, session: &Session) -> Result<AnyView, Error> {
    let core = &visit.state.core;
    let kept = core.store.password(&session.row.address).await?;
    let has_one = kept.is_some_and(|(_, password)| password.is_some());
    if !session.is_recent(core) {
        let state = if has_one { say!("password-kept") } else { say!("no-password") };
        return Ok(view! {
            <section>
                <h2>{say!("password")}</h2>
                <p class="soft">{state} " " {say!("needs-fresh-sign-in")}</p>
            </section>
        }
        .into_any());
    }
    Ok(view! {
        <section>
            <h2>{say!("password")}</h2>
            <p class="soft">{say!("password-optional")}</p>
            <form class="form" method="post" action="/actions/set-password">
                // Shown: password managers pass a hidden field over, and then keep the password
                // for nobody.
                <label for="username">{say!("address")}</label>
                <input
                    id="username"
                    name="username"
                    autocomplete="username"
                    value=session.row.address.clone()
                    readonly
                />
                <label class="second" for="password">
                    {if has_one { say!("new-password") } else { say!("password") }}
                </label>
                <input
                    id="password"
                    name="password"
                    type="password"
                    autocomplete="new-password"
                    minlength="8"
                    maxlength="128"
                    required
                />
                <p class="actions">
                    <button class="primary" type="submit">
                        {say!("keep-password")}
                    </button>
                </p>
            </form>
            {has_one
                .then(|| {
                    view! {
                        <form method="post" action="/actions/set-password">
                            <button class="secondary" type="submit">
                                {say!("remove-password")}
                            </button>
                        </form>
                    }
                })}
        </section>
    }
    .into_any())
}

/// Deletes the account, soon after signing in and after a second look.
fn deletion_form(is_recent: bool) -> impl IntoView {
    let way_on = if is_recent {
        view! {
            <form method="post" action="/actions/delete-account">
                <button class="secondary danger" type="submit">
                    {say!("delete-account-confirm")}
                </button>
            </form>
        }
        .into_any()
    } else {
        view! { <p class="soft">{say!("needs-fresh-sign-in")}</p> }.into_any()
    };
    view! {
        <section>
            <details>
                <summary>{say!("delete-account")}</summary>
                <p>{say!("delete-account-explained")}</p>
                {way_on}
            </details>
        </section>
    }
}

//! GET `/dashboard`: who you are, and where you are signed in.

use leptos::prelude::*;

use super::frame::{Frame, load, refusal};
use crate::{
    error::{Error, duration},
    server::{
        caller::describe,
        clock::{MINUTE, Millis, seconds_until},
        config::Passwords,
        event::{AUTH_REQUESTED, SESSION_ISSUED, SESSION_REVOKED},
        page_data::Visit,
        session::Session,
        sign_in::password,
        store::{AuditEvent, SessionRow},
    },
};

#[component]
pub fn DashboardPage() -> impl IntoView {
    load(dashboard())
}

async fn dashboard() -> Result<AnyView, Error> {
    let visit = Visit::current()?;
    // The guard has run: without a session nobody gets here.
    let session = visit.session.clone().ok_or(Error::Unauthenticated)?;
    let (core, now) = (&visit.state.core, visit.state.core.clock.now());
    let sessions = core.store.sessions_of(&session.row.user_id, now);
    let (sessions, events) = tokio::try_join!(sessions, core.activity(&session.row.address))?;
    let refused = refusal(&visit);
    let several = sessions.len() > 1;
    let rows = sessions.into_iter().map(|row| session_row(&visit, &session, row)).collect_view();
    let activity = activity(events, now);
    let passwords = match visit.policy().auth.passwords {
        Passwords::Optional => Some(password_form(&visit, &session).await?),
        Passwords::Off => None,
    };
    Ok(view! {
        <Frame title="Dashboard">
            <h1>"You are signed in"</h1>
            <p>"As " <strong class="address">{session.row.address.clone()}</strong></p>
            {refused}
            <div class="actions">
                {sign_out_button("", "Sign out", "secondary")}
                {several.then(|| sign_out_button("others", "Sign out elsewhere", "secondary"))}
                {several.then(|| sign_out_button("all", "Sign out everywhere", "secondary"))}
            </div>
            <section>
                <h2>"Your sessions"</h2>
                <ul class="sessions">{rows}</ul>
            </section>
            {activity}
            {passwords}
        </Frame>
    }
    .into_any())
}

fn sign_out_button(which: &'static str, label: &'static str, class: &'static str) -> impl IntoView {
    view! {
        <form method="post" action="/actions/sign-out">
            <input type="hidden" name="which" value=which />
            <button class=class type="submit">
                {label}
            </button>
        </form>
    }
}

fn session_row(visit: &Visit, this: &Session, row: SessionRow) -> impl IntoView + use<> {
    let now = visit.state.core.clock.now();
    let is_this = row.id == this.row.id;
    let seen = if is_this || now - row.last_seen_at < 2 * MINUTE {
        "in use now".to_owned()
    } else {
        format!("last used {}", ago(row.last_seen_at, now))
    };
    let browser = describe(&row.user_agent);
    let label = format!("End the session in {browser}");
    view! {
        <li>
            <div>
                <strong>{browser}</strong>
                {is_this.then(|| view! { <span class="badge">"this one"</span> })}
                <p class="soft">{format!("{} · {seen} · begun {}", row.ip_prefix, ago(row.created_at, now))}</p>
            </div>
            {(!is_this)
                .then(|| {
                    view! {
                        <form method="post" action="/actions/sign-out">
                            <input type="hidden" name="which" value=row.id />
                            <button class="secondary" type="submit" aria-label=label>
                                "End"
                            </button>
                        </form>
                    }
                })}
        </li>
    }
}

fn ago(at: Millis, now: Millis) -> String {
    format!("{} ago", duration(seconds_until(at, now)))
}

/// What happened to this address lately: a mail or a try that was not yours stands out here.
fn activity(events: Vec<AuditEvent>, now: Millis) -> impl IntoView {
    let rows = events.into_iter().map(|event| {
        let what = match (event.event.as_str(), event.reason.as_str()) {
            (AUTH_REQUESTED, _) => "A sign-in mail was asked for".to_owned(),
            (SESSION_ISSUED, by) => format!("Signed in by {by}"),
            (SESSION_REVOKED, _) => "Signed out".to_owned(),
            (_, "code_wrong") => "A wrong code was typed".to_owned(),
            (_, "password_wrong") => "A wrong password was typed".to_owned(),
            (_, "too_many_attempts" | "codes_paused") => "Codes were tried too often".to_owned(),
            (_, "rate_limited") => "More mails were asked for than are sent".to_owned(),
            (_, "wrong_browser") => "A link was opened in another browser".to_owned(),
            (_, reason) if reason.starts_with("link_") => "A link that works no more was opened".to_owned(),
            (_, reason) if reason.starts_with("code_") => "A code that works no more was typed".to_owned(),
            _ => "A sign-in was refused".to_owned(),
        };
        view! {
            <li>
                <div>
                    <strong>{what}</strong>
                    <p class="soft">{format!("{} · {} · {}", describe(&event.user_agent), event.ip_prefix, ago(event.at, now))}</p>
                </div>
            </li>
        }
    });
    view! {
        <section>
            <h2>"Recent activity"</h2>
            <ul class="sessions">{rows.collect_view()}</ul>
        </section>
    }
}

/// Sets, changes or removes the password, soon after signing in.
async fn password_form(visit: &Visit, session: &Session) -> Result<AnyView, Error> {
    let core = &visit.state.core;
    let kept = core.store.password(&session.row.address).await?;
    let has_one = kept.is_some_and(|(_, password)| password.is_some());
    if core.clock.now() - session.row.created_at > password::RECENT {
        let state = if has_one { "You have a password." } else { "You have no password." };
        return Ok(view! {
            <section>
                <h2>"Password"</h2>
                <p class="soft">{state} " To change that, sign out and in again first."</p>
            </section>
        }
        .into_any());
    }
    Ok(view! {
        <section>
            <h2>"Password"</h2>
            <p class="soft">"Optional. With one, you can sign in without opening your mail."</p>
            <form class="form" method="post" action="/actions/set-password">
                <input type="hidden" name="username" autocomplete="username" value=session.row.address.clone() />
                <label for="password">{if has_one { "New password" } else { "Password" }}</label>
                <input id="password" name="password" type="password" autocomplete="new-password" minlength="8" maxlength="128" required />
                <p class="actions">
                    <button class="primary" type="submit">
                        "Keep it"
                    </button>
                </p>
            </form>
            {has_one
                .then(|| {
                    view! {
                        <form method="post" action="/actions/set-password">
                            <button class="secondary" type="submit">
                                "Remove the password"
                            </button>
                        </form>
                    }
                })}
        </section>
    }
    .into_any())
}

//! GET `/dashboard`: the user's address, and where they are signed in.

use leptos::prelude::*;

use super::frame::{Frame, address, load, refusal};
use crate::server::{
    auth::session::Session,
    config::{Passwords, apps::App},
    ground::{
        clock::{MINUTE, Millis},
        error::{Error, Kind},
        user_agent::describe,
        words::{ago, say},
    },
    http::page_context::PageContext,
    store::{ATTEMPTS_SHOWN, Activity, EventLine, SessionLine},
    values::{
        address::Address,
        event::{Event, Method},
        shown::shown,
    },
};

#[component]
pub fn DashboardPage() -> impl IntoView {
    load(Box::pin(dashboard()))
}

async fn dashboard() -> Result<AnyView, Error> {
    let context = PageContext::current()?;
    // The guard has run: no request gets here without a session.
    let (Some(session), Some(activity)) = (context.session.clone(), context.activity.clone())
    else {
        return Err(Error::Unauthenticated);
    };
    let (auth, now) = (&context.state.auth, context.state.auth.clock.now());
    let Activity { sessions, account, attempts } = &*activity;
    let refused = refusal(&context);
    let several = sessions.len() > 1;
    let rows = sessions.iter().map(|row| session_row(&session, row, now)).collect_view();
    let apps = context.state.apps.access(&session).await?;
    let apps = (!apps.is_empty()).then(|| apps_section(apps, now));
    let (account, attempts) = (account_section(account, now), attempts_section(attempts, now));
    let passwords = match context.policy().auth.passwords {
        Passwords::Optional => Some(password_form(&context, &session).await?),
        Passwords::Off => None,
    };
    let deletion = auth.team_users.is_none().then(|| deletion_form(session.is_recent(auth)));
    Ok(view! {
        <Frame title=say!("dashboard")>
            <header class="account">
                <span class="initial" aria-hidden="true">
                    {initial(&session.row.address)}
                </span>
                <div>
                    <h1>{say!("dashboard")}</h1>
                    {address(&session.row.address)}
                </div>
                {sign_out_button("", "secondary", say!("sign-out"))}
            </header>
            {refused}
            <section>
                <h2>{say!("your-devices")}</h2>
                <ul class="sessions">{rows}</ul>
                {several.then(more_sign_outs)}
            </section>
            {apps}
            {account}
            {attempts}
            {passwords}
            {deletion}
        </Frame>
    }
    .into_any())
}

/// Returns the letter that stands for a user.
fn initial(address: &Address) -> String {
    shown(address).chars().take(1).flat_map(char::to_uppercase).collect()
}

fn sign_out_button(which: &'static str, class: &'static str, label: String) -> impl IntoView {
    view! {
        <form method="post" action="/actions/sign-out">
            <input type="hidden" name="which" value=which />
            <button class=class type="submit">
                {label}
            </button>
        </form>
    }
}

fn more_sign_outs() -> impl IntoView {
    view! {
        <div class="actions">
            {sign_out_button("others", "inline", say!("sign-out-elsewhere"))}
            {sign_out_button("all", "inline", say!("sign-out-everywhere"))}
        </div>
    }
}

fn session_row(this: &Session, row: &SessionLine, now: Millis) -> impl IntoView + use<> {
    let is_this = row.id == this.row.id;
    let seen = if is_this || now - row.last_seen_at < 2 * MINUTE {
        say!("in-use-now")
    } else {
        say!("last-used", ago = ago(row.last_seen_at, now))
    };
    let browser = describe(&row.user_agent);
    let end_it =
        (!is_this).then(|| (row.id.clone(), say!("end-session-in", browser = browser.as_str())));
    view! {
        <li>
            <div>
                <strong>{browser}</strong>
                {is_this.then(|| view! { <span class="badge">{say!("this-device")}</span> })}
                <p class="soft">
                    <bdi>{say!("ip", network = row.ip_prefix.as_str())}</bdi>
                    {format!("\u{a0}· {seen}\u{a0}· {}", say!("begun", ago = ago(row.begun_at, now)))}
                </p>
            </div>
            {end_it
                .map(|(id, label)| {
                    view! {
                        <form method="post" action="/actions/sign-out">
                            <input type="hidden" name="which" value=id />
                            <button class="secondary" type="submit" aria-label=label>
                                {say!("sign-out")}
                            </button>
                        </form>
                    }
                })}
        </li>
    }
}

/// Lists the apps that have access, each with a button that ends it.
fn apps_section(apps: Vec<(App, Millis)>, now: Millis) -> impl IntoView {
    let row = |(app, since): (App, Millis)| {
        let name = app.shown().to_owned();
        let label = say!("end-app-of", app = name.as_str());
        let since = say!("app-since", ago = ago(since, now));
        view! {
            <li>
                <div>
                    <strong>{name}</strong>
                    <p class="soft">{since}</p>
                </div>
                <form method="post" action="/actions/end-app">
                    <input type="hidden" name="app" value=String::from(app.id) />
                    <button class="secondary" type="submit" aria-label=label>
                        {say!("end-app")}
                    </button>
                </form>
            </li>
        }
    };
    view! {
        <section>
            <h2>{say!("your-apps")}</h2>
            <ul class="sessions">{apps.into_iter().map(row).collect_view()}</ul>
        </section>
    }
}

/// Describes an event to the owner of the address. `None` for events that are in neither list.
fn said(event: &EventLine) -> Option<String> {
    Some(match Event::named(&event.event)? {
        Event::AuthRequested => say!("activity-requested"),
        Event::AuthCancelled => say!("activity-cancelled"),
        Event::AuthApproved => say!("activity-approved"),
        Event::AuthFailed => refused(Kind::named(&event.reason)),
        Event::SessionIssued => match Method::named(&event.reason) {
            Some(Method::Link) => say!("activity-signed-in-link"),
            Some(Method::Code) => say!("activity-signed-in-code"),
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
        | Event::MailSent
        | Event::MailDelayed
        | Event::MailFailed => return None,
    })
}

/// Describes a refused sign-in by the kind of its error.
fn refused(kind: Option<Kind>) -> String {
    match kind {
        Some(Kind::CodeWrong) => say!("activity-code-wrong"),
        Some(Kind::PasswordWrong) => say!("activity-password-wrong"),
        Some(Kind::NumberWrong) => say!("activity-number-wrong"),
        Some(Kind::TooManyAttempts | Kind::CodesPaused) => say!("activity-too-many"),
        Some(Kind::RateLimited) => say!("activity-rate-limited"),
        Some(Kind::WrongBrowser) => say!("activity-wrong-browser"),
        Some(Kind::LinkInvalid | Kind::LinkExpired | Kind::LinkUsed | Kind::LinkSuperseded) => {
            say!("activity-old-link")
        }
        Some(Kind::CodeExpired | Kind::CodeSuperseded) => say!("activity-old-code"),
        Some(
            Kind::InvalidEmail
            | Kind::MissingField
            | Kind::InvalidRequest
            | Kind::Unauthenticated
            | Kind::ForbiddenOrigin
            | Kind::PayloadTooLarge
            | Kind::Unavailable
            | Kind::Internal,
        )
        | None => say!("activity-refused"),
    }
}

/// Lists recent sign-ins, sign-outs and password changes. One that was not the user's stands out
/// here, and no attempt by a stranger can push it off the list.
fn account_section(events: &[EventLine], now: Millis) -> impl IntoView + use<> {
    let rows =
        events.iter().filter_map(|event| Some(event_row(said(event)?, event, now))).collect();
    events_section(say!("recent-activity"), rows)
}

/// Lists what was asked for and refused in the last week: one line for each kind, with a count, and
/// the place and time of the latest.
fn attempts_section(events: &[EventLine], now: Millis) -> impl IntoView + use<> {
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
                <bdi>{say!("ip", network = event.ip_prefix.as_str())}</bdi>
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

/// The form that sets, changes or removes the password. It is offered only soon after signing in.
async fn password_form(context: &PageContext, session: &Session) -> Result<AnyView, Error> {
    let auth = &context.state.auth;
    let has_one = auth.store.has_password(&session.row.address).await?;
    if !session.is_recent(auth) {
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
                // Shown, because password managers skip a hidden field and would then save the
                // password without a username.
                <label for="username">{say!("address")}</label>
                <input
                    id="username"
                    name="username"
                    autocomplete="username"
                    value=session.row.address.as_str().to_owned()
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

/// The form that deletes the account. It is offered only soon after signing in, and has to be
/// unfolded first.
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
            <h2>{say!("danger")}</h2>
            <details>
                <summary>{say!("delete-account")}</summary>
                <p>{say!("delete-account-explained")}</p>
                {way_on}
            </details>
        </section>
    }
}

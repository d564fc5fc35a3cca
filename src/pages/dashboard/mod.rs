//! GET `/dashboard`: the user's address, and where they are signed in.

mod account;
mod activity;

use leptos::prelude::*;

use self::{
    account::{deletion_form, password_form},
    activity::{account_section, attempts_section},
};
use super::frame::{Frame, address, load, refusal};
use crate::server::{
    auth::session::Session,
    config::{Passwords, apps::App},
    ground::{
        clock::{MINUTE, Millis},
        error::Error,
        user_agent::describe,
        words::{ago, say},
    },
    http::page_context::PageContext,
    store::{Activity, SessionLine},
    values::{address::Address, network, shown::shown},
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

/// A form of one button. With `aria_label` the button is read out as that instead of its label.
fn form_button(
    action: &'static str,
    (name, value): (&'static str, String),
    class: &'static str,
    label: String,
    aria_label: Option<String>,
) -> impl IntoView {
    view! {
        <form method="post" action=action>
            <input type="hidden" name=name value=value />
            <button class=class type="submit" aria-label=aria_label>
                {label}
            </button>
        </form>
    }
}

fn sign_out_button(which: &str, class: &'static str, label: String) -> impl IntoView + use<> {
    form_button("/actions/sign-out", ("which", which.to_owned()), class, label, None)
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
    let end_it = (!is_this).then(|| {
        let label = say!("end-session-in", browser = browser.as_str());
        let which = ("which", row.id.clone());
        form_button("/actions/sign-out", which, "secondary", say!("sign-out"), Some(label))
    });
    view! {
        <li>
            <div>
                <strong>{browser}</strong>
                {is_this.then(|| view! { <span class="badge">{say!("this-device")}</span> })}
                <p class="soft">
                    <bdi>{network::shown(&row.ip_prefix)}</bdi>
                    {format!("\u{a0}· {seen}\u{a0}· {}", say!("begun", ago = ago(row.begun_at, now)))}
                </p>
            </div>
            {end_it}
        </li>
    }
}

/// Lists the apps that have access, each with a button that ends it.
fn apps_section(apps: Vec<(App, Millis)>, now: Millis) -> impl IntoView {
    let row = |(app, since): (App, Millis)| {
        let name = app.shown().to_owned();
        let label = say!("end-app-of", app = name.as_str());
        let since = say!("app-since", ago = ago(since, now));
        let app = ("app", String::from(app.id));
        let end_button =
            form_button("/actions/end-app", app, "secondary", say!("end-app"), Some(label));
        view! {
            <li>
                <div>
                    <strong>{name}</strong>
                    <p class="soft">{since}</p>
                </div>
                {end_button}
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

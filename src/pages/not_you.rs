//! GET `/login/not-you?request=`, `?session=` and `?password_change=`: the page for recipients of a
//! mail about something they did not do. Opening it changes nothing; its button does.

use leptos::prelude::*;

use super::frame::{Frame, facts, load, notice, refusal};
use crate::server::{
    auth::dispute::{Disputed, DisputedSignIn},
    config::Passwords,
    ground::{error::Error, words::say},
    http::page_context::PageContext,
};

#[component]
pub fn NotYouPage() -> impl IntoView {
    load(Box::pin(not_you_page()))
}

async fn not_you_page() -> Result<AnyView, Error> {
    let context = PageContext::current()?;
    match context.query("stopped").as_deref() {
        None => {}
        Some("request") => return Ok(notice(say!("stopped-title"), say!("stopped-explained"))),
        Some(_) => return Ok(notice(say!("put-out-title"), say!("put-out-explained"))),
    }
    let [request, session, change] =
        ["request", "session", "password_change"].map(|name| context.query(name));
    let (what, token) = Disputed::of(request, session, change);
    Ok(match what.find(&context.state.auth, &token).await? {
        Some(found) => question(&context, what, token, found),
        None => notice(say!("too-late-title"), say!("too-late-explained")),
    })
}

/// A checkbox, ticked at first, for something else to end.
fn choice(name: &'static str, label: String) -> AnyView {
    view! {
        <label class="choice">
            <input type="checkbox" name=name value="true" checked />
            {label}
        </label>
    }
    .into_any()
}

/// A page that shows who began it and when, with a button that ends it.
fn question(
    context: &PageContext,
    what: Disputed,
    token: String,
    found: DisputedSignIn,
) -> AnyView {
    let facts = facts(context, &found.address, &found.user_agent, &found.network, found.begun_at);
    let refused = refusal(context);
    let (explained, press) = match what {
        Disputed::Request => (say!("not-you-explained"), say!("stop-it")),
        Disputed::Session => (say!("not-you-session-explained"), say!("put-them-out")),
        Disputed::PasswordChange => (say!("not-you-password-explained"), say!("put-them-out")),
    };
    // Only the owner can know whether the other sessions and the password are theirs.
    let everywhere =
        (what != Disputed::Request).then(|| choice("everywhere", say!("end-all-others")));
    let passwords = context.policy().auth.passwords == Passwords::Optional;
    let password = (what == Disputed::Session && passwords)
        .then(|| choice("remove_password", say!("remove-password-if-any")));
    view! {
        <Frame title=say!("not-you-title")>
            <h1>{say!("not-you-title")}</h1>
            <p>{explained}</p>
            {facts}
            {refused}
            <form class="form" method="post" action="/actions/not-you">
                <input type="hidden" name=what.name() value=token />
                {everywhere}
                {password}
                <button class="primary" type="submit">
                    {press}
                </button>
            </form>
        </Frame>
    }
    .into_any()
}

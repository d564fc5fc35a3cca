//! GET `/login/confirm?link_token=`: the page of a link that does not sign in here.

use leptos::prelude::*;

use super::frame::{Frame, facts, load, refusal};
use crate::{
    server::{
        auth::link::{self, LinkToken},
        config::SameBrowser,
        ground::{error::Error, words::say},
        http::page_context::PageContext,
        store::AuthRequest,
    },
    wire::Refusal,
};

#[component]
pub fn ConfirmPage() -> impl IntoView {
    load(Box::pin(confirm_page()))
}

async fn confirm_page() -> Result<AnyView, Error> {
    let context = PageContext::current()?;
    let text = context.query("link_token").unwrap_or_default();
    let token = match LinkToken::parse(&text) {
        Ok(token) => token,
        Err(error) => return Ok(explanation(&context, error, None)),
    };
    let text = token.encode();
    match link::judge(&context.state.auth, &token, &context.requester()).await {
        Ok(_) => Ok(still_good(&context, &text)),
        Err(error @ (Error::Unavailable | Error::Internal)) => Err(error),
        Err(Error::WrongBrowser { .. })
            if context.policy().auth.same_browser == SameBrowser::Confirm =>
        {
            let origin = link::mailed_credential(&context.state.auth, &token).await?;
            Ok(question(&context, &origin.request, &text))
        }
        Err(error) => {
            let can_send = !matches!(error, Error::LinkInvalid);
            Ok(explanation(&context, error, can_send.then_some(text)))
        }
    }
}

/// A page for a link that would sign in but met another obstacle: too many attempts from this
/// network, or the database. It is no redirect, which would lead back here as long as the obstacle
/// lasts.
fn still_good(context: &PageContext, token: &str) -> AnyView {
    let flash = context.flash();
    if let Some(error) = &flash.error {
        context.set_status_of(error);
    }
    let sentence = flash.error.map(|error| view! { <p>{error.message}</p> });
    let link = format!("/api/auth/verify?link_token={token}");
    view! {
        <Frame title=say!("one-more-press")>
            <h1>{say!("one-more-press")}</h1>
            {sentence}
            <p>{say!("link-still-works")}</p>
            <p>
                <a class="primary" href=link>
                    {say!("sign-in")}
                </a>
            </p>
        </Frame>
    }
    .into_any()
}

/// A page that says why the link does not sign in, and what to do next.
fn explanation(context: &PageContext, error: Error, token: Option<String>) -> AnyView {
    let refusal_shown = Refusal::from(error.clone());
    context.set_status_of(&refusal_shown);
    let refused = refusal(context);
    let heading = match error {
        Error::WrongBrowser { .. } => say!("open-where-asked"),
        Error::LinkExpired => say!("link-expired-title"),
        Error::LinkUsed => say!("link-used-title"),
        Error::LinkSuperseded => say!("newer-mail-title"),
        _ => say!("link-invalid-title"),
    };
    let way_on = match token {
        Some(token) => view! {
            <form class="form" method="post" action="/actions/resend-from-link">
                <input type="hidden" name="link_token" value=token />
                <button class="primary" type="submit">
                    {say!("fresh-mail")}
                </button>
            </form>
        }
        .into_any(),
        None => view! {
            <p>
                <a class="primary" href="/login">
                    {say!("ask-for-fresh-mail")}
                </a>
            </p>
        }
        .into_any(),
    };
    view! {
        <Frame title=heading.clone()>
            <h1>{heading}</h1>
            <p>{refusal_shown.message}</p>
            {refused}
            {way_on}
        </Frame>
    }
    .into_any()
}

/// A page that shows who asked and when, with a button that signs in this browser instead of
/// theirs.
fn question(context: &PageContext, request: &AuthRequest, token: &str) -> AnyView {
    let refused = refusal(context);
    let facts = facts(
        context,
        &request.address,
        &request.user_agent,
        &request.ip_prefix,
        request.created_at,
    );
    let token = token.to_owned();
    view! {
        <Frame title=say!("sign-in-here-title")>
            <h1>{say!("sign-in-here-title")}</h1>
            <p>{say!("asked-in-another-browser")}</p>
            {facts}
            {refused}
            <form class="form" method="post" action="/actions/confirm-link">
                <input type="hidden" name="link_token" value=token />
                <button class="primary" type="submit">
                    {say!("sign-in-here")}
                </button>
            </form>
        </Frame>
    }
    .into_any()
}

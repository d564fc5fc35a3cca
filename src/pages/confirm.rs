//! GET `/login/confirm?link_token=`: what to do with a link that does not sign in here.

use leptos::prelude::*;

use super::{TroublePage, frame::Frame};
use crate::{
    error::{Error, duration},
    server::{
        caller::describe,
        clock::seconds_until,
        config::SameBrowser,
        page_data::Visit,
        sign_in::link::{self, LinkToken},
        store::AuthRequest,
    },
};

#[component]
pub fn ConfirmPage() -> impl IntoView {
    Suspend::new(async move {
        match confirm_page().await {
            Ok(page) => page,
            Err(error) => view! { <TroublePage error /> }.into_any(),
        }
    })
}

async fn confirm_page() -> Result<AnyView, Error> {
    let visit = Visit::current()?;
    let text = visit.query("link_token").unwrap_or_default();
    let token = match LinkToken::parse(&text) {
        Ok(token) => token,
        Err(error) => return Ok(explanation(&visit, error, None)),
    };
    match link::judge(&visit.state.core, &token, &visit.browser().await?).await {
        Ok(_) => {
            // It works after all: this browser asked for it.
            visit.redirect(&format!("/api/auth/verify?link_token={text}"));
            Ok(().into_any())
        }
        Err(error @ (Error::Unavailable | Error::Internal)) => Err(error),
        Err(Error::WrongBrowser) if visit.policy().auth.same_browser == SameBrowser::Confirm => {
            let origin = link::origin(&visit.state.core, &token).await?;
            Ok(question(&visit, &origin.request, &text))
        }
        Err(error) => {
            let can_send = !matches!(error, Error::LinkInvalid);
            Ok(explanation(&visit, error, can_send.then_some(text)))
        }
    }
}

/// Why the link does not sign in, and the way on.
fn explanation(visit: &Visit, error: Error, token: Option<String>) -> AnyView {
    visit.set_status_of(&error);
    let refused = visit.flash().error.map(|error| error.to_string());
    let heading = match error {
        Error::WrongBrowser => "Open it where you asked for it",
        Error::LinkExpired => "This link has expired",
        Error::LinkUsed => "This link was used already",
        Error::LinkSuperseded => "There is a newer mail",
        _ => "This link is not valid",
    };
    let way_on = match token {
        Some(token) => view! {
            <form class="form" method="post" action="/actions/resend-from-link">
                <input type="hidden" name="link_token" value=token />
                <button class="primary" type="submit">
                    "Send a fresh mail"
                </button>
            </form>
        }
        .into_any(),
        None => view! {
            <p>
                <a class="primary" href="/login">
                    "Ask for a fresh mail"
                </a>
            </p>
        }
        .into_any(),
    };
    view! {
        <Frame title=heading>
            <h1>{heading}</h1>
            <p>{error.to_string()}</p>
            {refused
                .map(|sentence| {
                    view! {
                        <p class="message" role="alert">
                            {sentence}
                        </p>
                    }
                })}
            {way_on}
        </Frame>
    }
    .into_any()
}

/// Who asked and when, and a button that signs this browser in instead of theirs.
fn question(visit: &Visit, request: &AuthRequest, token: &str) -> AnyView {
    let refused = visit.flash().error.map(|error| error.to_string());
    let asked = format!("{} ago", duration(seconds_until(request.created_at, visit.state.core.clock.now())));
    let (address, token) = (request.address.clone(), token.to_owned());
    let browser = format!("{}, from {}", describe(&request.user_agent), request.ip_prefix);
    view! {
        <Frame title="Sign in here?">
            <h1>"Sign in here?"</h1>
            <p>"This link was asked for in another browser. Go on only if that was you."</p>
            <dl class="facts">
                <dt>"Address"</dt>
                <dd class="address">{address}</dd>
                <dt>"Asked in"</dt>
                <dd>{browser}</dd>
                <dt>"When"</dt>
                <dd>{asked}</dd>
            </dl>
            {refused
                .map(|sentence| {
                    view! {
                        <p class="message" role="alert">
                            {sentence}
                        </p>
                    }
                })}
            <form class="form" method="post" action="/actions/confirm-link">
                <input type="hidden" name="link_token" value=token />
                <button class="primary" type="submit">
                    "Sign in here"
                </button>
            </form>
        </Frame>
    }
    .into_any()
}

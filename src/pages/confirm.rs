//! GET `/login/confirm?link_token=`: what to do with a link that does not sign in here.

use leptos::prelude::*;

use super::{TroublePage, frame::Frame};
use crate::{
    error::Error,
    server::{
        page_data::Visit,
        sign_in::link::{self, LinkToken},
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
    let token = visit.query("link_token").unwrap_or_default();
    let flash = visit.flash();
    let judged = match LinkToken::parse(&token) {
        Ok(token) => link::judge(&visit.state.core, &token, &visit.browser().await?).await.map(|_| ()),
        Err(error) => Err(error),
    };
    let error = match judged {
        Ok(()) => {
            // It works after all: this browser asked for it.
            visit.redirect(&format!("/api/auth/verify?link_token={token}"));
            return Ok(().into_any());
        }
        Err(error @ (Error::Unavailable | Error::Internal)) => return Err(error),
        Err(error) => error,
    };
    visit.set_status_of(&error);
    let heading = match error {
        Error::WrongBrowser => "Open it where you asked for it",
        Error::LinkExpired => "This link has expired",
        Error::LinkUsed => "This link was used already",
        Error::LinkSuperseded => "There is a newer mail",
        _ => "This link is not valid",
    };
    let can_send = !matches!(error, Error::LinkInvalid);
    let sentence = error.to_string();
    let refused = flash.error.map(|error| error.to_string());
    Ok(view! {
        <Frame title=heading>
            <h1>{heading}</h1>
            <p>{sentence}</p>
            {refused.map(|sentence| view! { <p class="message" role="alert">{sentence}</p> })}
            {if can_send {
                view! {
                    <form class="form" method="post" action="/actions/resend-from-link">
                        <input type="hidden" name="link_token" value=token />
                        <button class="primary" type="submit">"Send a fresh mail"</button>
                    </form>
                }
                    .into_any()
            } else {
                view! { <p><a class="primary" href="/login">"Ask for a fresh mail"</a></p> }.into_any()
            }}
        </Frame>
    }
    .into_any())
}

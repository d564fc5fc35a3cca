//! GET `/device`, `/device?user_code=`: signs a device without a browser in, by the code that it
//! shows.

use leptos::prelude::*;

use super::frame::{Frame, address, asked, load, notice};
use crate::{
    components::Message,
    server::{
        apps::device_requests::{Asking, UserCode},
        auth::session::Session,
        ground::{error::Error, words::say},
        http::page_context::PageContext,
    },
};

#[component]
pub fn DevicePage() -> impl IntoView {
    load(Box::pin(device_page()))
}

async fn device_page() -> Result<AnyView, Error> {
    let context = PageContext::current()?;
    match context.query("answer").as_deref() {
        Some("allowed") => {
            return Ok(notice(say!("device-allowed"), say!("device-allowed-explained")));
        }
        Some("denied") => {
            return Ok(notice(say!("device-denied"), say!("device-denied-explained")));
        }
        _ => {}
    }
    let session = context.session.clone().ok_or(Error::Unauthenticated)?;
    let flash = context.flash();
    if let Some(error) = flash.error {
        context.set_status_of(&error);
        return Ok(field(&session, flash.typed, error.message));
    }
    let typed = context.query("user_code").unwrap_or_default();
    // A prefetch tries no code, and another site's page uses up no tries.
    let headers = &context.caller.headers;
    let is_cross_site = headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
    if typed.is_empty() || context.caller.only_looks || is_cross_site {
        return Ok(field(&session, typed, String::new()));
    }
    match asking(&context, &session, &typed).await {
        Ok((code, asking)) => Ok(question(&session, &code, &asking)),
        Err(error @ (Error::Unavailable | Error::Internal)) => Err(error),
        Err(error) => {
            let message = error.to_string();
            context.set_status_of(&error.into());
            Ok(field(&session, typed, message))
        }
    }
}

async fn asking(
    context: &PageContext,
    session: &Session,
    typed: &str,
) -> Result<(UserCode, Asking), Error> {
    let (code, client) = (UserCode::parse(typed)?, context.caller.client());
    let asking = context.state.apps.asking(&code, session, &client).await?;
    Ok((code, asking))
}

/// The page that asks for the code. Its form brings the code back here, as the device's own link
/// does.
fn field(session: &Session, typed: String, error: String) -> AnyView {
    let user = address(&session.row.address);
    let is_wrong = (!error.is_empty()).then_some("true");
    view! {
        <Frame title=say!("device-title")>
            <h1>{say!("device-title")}</h1>
            <p>{say!("device-explained")}</p>
            <form class="form" method="get" action="/device">
                <label for="user_code">{say!("device-code")}</label>
                <input
                    id="user_code"
                    class="number"
                    name="user_code"
                    value=typed
                    type="text"
                    autocomplete="off"
                    autocapitalize="characters"
                    spellcheck="false"
                    maxlength="40"
                    autofocus
                    required
                    aria-describedby="code-message"
                    aria-invalid=is_wrong
                />
                <Message id="code-message" text=error />
                <button class="primary" type="submit">
                    {say!("go-on")}
                </button>
            </form>
            <p class="soft hint">
                {say!("signed-in-already")} " " {user}
            </p>
        </Frame>
    }
    .into_any()
}

/// The page that asks whether the device may be signed in. It is always asked, and says what to
/// look for: somebody else may have begun there, and sent the code (RFC 8628, 5.4).
fn question(session: &Session, code: &UserCode, asking: &Asking) -> AnyView {
    let app = asking.app.shown();
    let heading = say!("device-confirm-title", app = app);
    let explained = say!("consent-explained", app = app);
    let (user, told) = (address(&session.row.address), asked(&asking.scopes));
    let (shown, posted) = (code.shown(), code.shown());
    view! {
        <Frame title=heading.clone()>
            <h1>{heading}</h1>
            <p>{say!("signed-in-already")} " " {user}</p>
            <p class="number">
                {say!("device-code")} " " <strong translate="no" dir="ltr">{shown}</strong>
            </p>
            <p>{explained}</p>
            {told}
            <p class="boxed">{say!("device-warning")}</p>
            <form class="form" method="post" action="/actions/answer-device">
                <input type="hidden" name="user_code" value=posted />
                <button class="primary" type="submit" name="allow" value="true">
                    {say!("consent-allow")}
                </button>
                <button class="secondary" type="submit">
                    {say!("consent-deny")}
                </button>
            </form>
        </Frame>
    }
    .into_any()
}

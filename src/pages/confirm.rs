//! GET `/login/confirm?link_token=`: the page of a link that does not sign in here.

use leptos::prelude::*;

use super::frame::{Frame, facts, load, notice, refusal};
use crate::{
    server::{
        auth::{
            link::{self, LinkToken},
            matching,
        },
        ground::{
            error::{Error, Kind},
            mode::Mode,
            words::say,
        },
        http::page_context::PageContext,
        store::{AuthRequest, Ended},
        values::network,
    },
    wire::Refusal,
};

#[component]
pub fn ConfirmPage() -> impl IntoView {
    load(Box::pin(confirm_page()))
}

async fn confirm_page() -> Result<AnyView, Error> {
    let context = PageContext::current()?;
    let stopped = context.flash().error.filter(|error| error.code == Kind::NumberWrong.code());
    if let Some(error) = stopped {
        context.set_status_of(&error);
        return Ok(notice(say!("stopped-title"), error.message));
    }
    let text = context.query("link_token").unwrap_or_default();
    let token = match LinkToken::parse(&text) {
        Ok(token) => token,
        Err(error) => return Ok(explanation(&context, error, None)),
    };
    let text = token.encode();
    if context.query("matched").is_some() && is_matched(&context, &token).await? {
        return Ok(notice(say!("matched-title"), say!("matched-explained")));
    }
    match link::judge(&context.state.auth, &token, &context.requester()).await {
        Ok(_) => Ok(still_good(&context, &text)),
        Err(error @ (Error::Unavailable | Error::Internal)) => Err(error),
        Err(error @ Error::WrongBrowser { mode }) => {
            let request = link::mailed_credential(&context.state.auth, &token, None).await?.request;
            let auth = &context.state.auth;
            if link::opens_anywhere(auth, &request) {
                return Ok(question(&context, &request, &text));
            }
            if matching::shown(auth, &request).is_some() {
                return number_question(&context, &request, &text);
            }
            context.set_status_of(&error.into());
            Ok(different_browser(&context, &request, mode, &text))
        }
        Err(Error::LinkInvalid) => Ok(explanation(&context, Error::LinkInvalid, None)),
        Err(error) => {
            let request = link::mailed_credential(&context.state.auth, &token, None).await?.request;
            Ok(explanation(&context, error, Some((request, text))))
        }
    }
}

async fn is_matched(context: &PageContext, token: &LinkToken) -> Result<bool, Error> {
    let credential = link::mailed_credential(&context.state.auth, token, None).await?;
    let request = credential.request;
    let is_on = matches!(request.ended(), None | Some(Ended::SignedIn | Ended::Refused));
    Ok(request.matched_at.is_some() && is_on)
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

/// A page that says why the link does not sign in, and what to do next: a fresh mail to the same
/// address, which the page shows, because a link may be somebody else's.
fn explanation(
    context: &PageContext,
    error: Error,
    link: Option<(AuthRequest, String)>,
) -> AnyView {
    let refused = refusal(context);
    let (heading, sentence) = match error {
        Error::LinkExpired => (say!("link-expired-title"), say!("link-expired")),
        Error::LinkUsed => (say!("link-used-title"), say!("link-used")),
        Error::LinkSuperseded => (say!("newer-mail-title"), say!("newer-mail")),
        Error::LinkInvalid => (say!("link-invalid-title"), say!("link-invalid")),
        ref other => (say!("did-not-work"), other.to_string()),
    };
    context.set_status_of(&Refusal::from(error));
    let way_on = match link {
        Some((request, token)) => view! {
            {facts_of(context, &request)}
            {fresh_mail_form(token, "primary", say!("fresh-mail"))}
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
            <p>{sentence}</p>
            {refused}
            {way_on}
        </Frame>
    }
    .into_any()
}

/// The form that asks for a mail in this browser, to the address of the link.
fn fresh_mail_form(token: String, class: &'static str, press: String) -> impl IntoView {
    view! {
        <form class="form" method="post" action="/actions/resend-from-link">
            <input type="hidden" name="link_token" value=token />
            <button class=class type="submit">
                {press}
            </button>
        </form>
    }
}

/// A page for a link that was opened in another browser than it was asked for in: where that was,
/// and the two ways on.
fn different_browser(
    context: &PageContext,
    request: &AuthRequest,
    mode: Mode,
    token: &str,
) -> AnyView {
    let (refused, facts) = (refusal(context), facts_of(context, request));
    let way_on = fresh_mail_form(token.to_owned(), "secondary", say!("sign-in-on-this-device"));
    view! {
        <Frame title=say!("different-browser-title")>
            <h1>{say!("different-browser-title")}</h1>
            <p>{say!("different-browser")}</p>
            {facts}
            <p class="lead">{say!("back-to-that-window", mode = mode.to_string())}</p>
            {refused}
            {way_on}
            <p class="soft hint">{say!("sign-in-on-this-device-explained")}</p>
        </Frame>
    }
    .into_any()
}

fn facts_of(context: &PageContext, request: &AuthRequest) -> impl IntoView + use<> {
    let AuthRequest { address, user_agent, ip_prefix, created_at, .. } = request;
    facts(context, address, user_agent, ip_prefix, *created_at)
}

/// A page that shows who asked and when, and asks for the number that their window shows. Who sees
/// no such window stops the sign-in with the second button.
fn number_question(
    context: &PageContext,
    request: &AuthRequest,
    token: &str,
) -> Result<AnyView, Error> {
    let (refused, facts) = (refusal(context), facts_of(context, request));
    let stop = matching::stop_token(&context.state.auth, request)?;
    let way_on = fresh_mail_form(token.to_owned(), "inline", say!("sign-in-on-this-device"));
    let token = token.to_owned();
    Ok(view! {
        <Frame title=say!("different-browser-title")>
            <h1>{say!("different-browser-title")}</h1>
            <p>{say!("match-explained")}</p>
            {facts}
            {refused}
            <form class="form" method="post" action="/actions/match-number">
                <input type="hidden" name="link_token" value=token />
                <label for="number">{say!("match-number")}</label>
                <input
                    id="number"
                    class="number"
                    name="number"
                    type="text"
                    inputmode="numeric"
                    autocomplete="off"
                    autofocus
                    required
                />
                <button class="primary" type="submit">
                    {say!("match-press")}
                </button>
            </form>
            <form class="form" method="post" action="/actions/not-you">
                <input type="hidden" name="request" value=stop />
                <button class="secondary danger" type="submit">
                    {say!("match-stop")}
                </button>
            </form>
            {way_on}
        </Frame>
    }
    .into_any())
}

/// A page that shows who asked and when, with a button that signs in this browser instead of
/// theirs.
fn question(context: &PageContext, request: &AuthRequest, token: &str) -> AnyView {
    let refused = refusal(context);
    let facts = facts_of(context, request);
    let token = token.to_owned();
    let brand = context.policy().brand.name.clone();
    let explained = match request.ip_prefix == network::DESK {
        true => say!("sent-by-operator", brand = brand),
        false => say!("asked-in-another-browser"),
    };
    view! {
        <Frame title=say!("sign-in-here-title")>
            <h1>{say!("sign-in-here-title")}</h1>
            <p>{explained}</p>
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

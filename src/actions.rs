//! Server functions behind the forms of the pages. They are thin: each calls `server::auth` and
//! returns the page to go to next.
//!
//! The forms post here with and without JavaScript; `server::http::form_posts` handles the
//! difference.

mod account;
mod apps;
pub mod desk;

use leptos::{prelude::*, server_fn::codec::GetUrl};

#[cfg(feature = "ssr")]
use crate::server::{
    auth::{
        SignedIn,
        code::{self, Code},
        invitation_proofs,
        link::{self, LinkToken},
        mail_standing::{self, MailStanding},
        matching, password,
        request::{self, Started},
        suppression,
        terms::Ask,
    },
    ground::{error::Error, words::Language},
    http::{cookies, form_posts, page_context::PageContext},
    store::Ended,
    values::destination,
};
use crate::wire::{Next, Refusal, Standing};

/// Asks for a mail to `email`, or signs in if a password is given. A password is an error if the
/// policy has none. `next` is the page that the person wants to go to. `with_password` is the
/// second button of the page without JavaScript.
#[server(prefix = "/actions", endpoint = "sign-in")]
pub async fn sign_in(
    email: Option<String>,
    password: Option<String>,
    next: Option<String>,
    with_password: Option<bool>,
) -> Result<Next, Refusal> {
    let context = PageContext::current()?;
    let (email, next) = (email.unwrap_or_default(), next.unwrap_or_default());
    let password = password.unwrap_or_default();
    form_posts::come_back_to(&login(&next), &email);
    if !password.is_empty() {
        let requester = context.requester_with_session().await?;
        let begun =
            password::verify(&context.state.auth, &email, &password, Some(&next), &requester)
                .await?;
        return Ok(signed_in(&context, begun));
    }
    if with_password == Some(true) {
        return Err(Error::missing("password").into());
    }
    let requester = context.requester();
    let ask = Ask { email, next: Some(next), has_window: true, ..Ask::default() };
    let started = request::start(&context.state.auth, &ask, &requester).await?;
    Ok(to_code_page(&context, &requester.held, &started))
}

/// Asks for a fresh mail for the auth request shown on the page.
#[server(prefix = "/actions", endpoint = "resend-passwordless")]
pub async fn resend_passwordless(request: Option<String>) -> Result<Next, Refusal> {
    let context = PageContext::current()?;
    form_posts::come_back_to(&code_page(request.as_deref()), "");
    let requester = context.requester();
    let id = cookies::pick(&requester.held, request.as_deref())
        .ok_or_else(|| Error::missing("auth_request_id"))?;
    let started = request::resend(&context.state.auth, id, &requester).await?;
    Ok(to_code_page(&context, &requester.held, &started))
}

/// Asks for a fresh mail in place of a link that no longer works.
#[server(prefix = "/actions", endpoint = "resend-from-link")]
pub async fn resend_from_link(link_token: Option<String>) -> Result<Next, Refusal> {
    let context = PageContext::current()?;
    let token = LinkToken::parse(&link_token.unwrap_or_default())?;
    form_posts::come_back_to(&format!("/login/confirm?link_token={}", token.encode()), "");
    let requester = context.requester();
    let started = request::start_from_link(&context.state.auth, &token, &requester).await?;
    Ok(to_code_page(&context, &requester.held, &started))
}

/// Signs in this browser with a link that another browser asked for, if the policy allows that.
#[server(prefix = "/actions", endpoint = "confirm-link")]
pub async fn confirm_link(link_token: Option<String>) -> Result<Next, Refusal> {
    let context = PageContext::current()?;
    let token = LinkToken::parse(&link_token.unwrap_or_default())?;
    form_posts::come_back_to(&format!("/login/confirm?link_token={}", token.encode()), "");
    let requester = context.requester_with_session().await?;
    let begun = link::confirm(&context.state.auth, &token, &requester).await?;
    Ok(signed_in(&context, begun))
}

/// Approves the sign-in that waits in another window, by the number that it shows, if the policy
/// allows that. This browser is not signed in.
#[server(prefix = "/actions", endpoint = "match-number")]
pub async fn match_number(
    link_token: Option<String>,
    number: Option<String>,
) -> Result<Next, Refusal> {
    let context = PageContext::current()?;
    let token = LinkToken::parse(&link_token.unwrap_or_default())?;
    let here = format!("/login/confirm?link_token={}", token.encode());
    form_posts::come_back_to(&here, "");
    let requester = context.requester();
    let number = number.unwrap_or_default();
    matching::approve(&context.state.auth, &token, &number, &requester).await?;
    Ok(Next { location: format!("{here}&matched=true") })
}

/// Signs in with the code that was mailed for the auth request shown on the page.
#[server(prefix = "/actions", endpoint = "verify-code")]
pub async fn verify_code(request: Option<String>, code: Option<String>) -> Result<Next, Refusal> {
    let context = PageContext::current()?;
    form_posts::come_back_to(&code_page(request.as_deref()), "");
    let requester = context.requester_with_session().await?;
    let id = cookies::pick(&requester.held, request.as_deref())
        .ok_or_else(|| Error::missing("auth_request_id"))?;
    let code = Code::parse(&code.unwrap_or_default())?;
    let begun = code::verify(&context.state.auth, id, &code, &requester).await?;
    Ok(signed_in(&context, begun))
}

/// Accepts the invitation of a link: signs in this browser as the invited address.
#[server(prefix = "/actions", endpoint = "accept-invitation")]
pub async fn accept_invitation(token: Option<String>) -> Result<Next, Refusal> {
    let context = PageContext::current()?;
    let token = token.unwrap_or_default();
    form_posts::come_back_to(&destination::with_query("/login/invitation", "token", &token), "");
    let requester = context.requester_with_session().await?;
    let begun = invitation_proofs::accept(&context.state.auth, &token, &requester).await?;
    Ok(signed_in(&context, begun))
}

/// Accepts the invitation of an address by the code of its mail: signs in this browser.
#[server(prefix = "/actions", endpoint = "accept-invitation-code")]
pub async fn accept_invitation_code(
    email: Option<String>,
    code: Option<String>,
) -> Result<Next, Refusal> {
    let context = PageContext::current()?;
    let email = email.unwrap_or_default();
    form_posts::come_back_to("/login/invitation", &email);
    if email.trim().is_empty() {
        return Err(Error::missing("email").into());
    }
    let code = Code::parse(&code.unwrap_or_default())?;
    let requester = context.requester_with_session().await?;
    let auth = &context.state.auth;
    let begun = invitation_proofs::accept_by_code(auth, &email, &code, &requester).await?;
    Ok(signed_in(&context, begun))
}

/// Returns the page to go to if the sign-in that a page waits for has happened in the meantime, by
/// the link in another tab. If the auth request is over otherwise, that is the code page itself,
/// which explains why. Also returns the problem with the mail, if there is one.
#[server(prefix = "/actions", endpoint = "progress", input = GetUrl)]
pub async fn progress(request: Option<String>) -> Result<Standing, Refusal> {
    let context = PageContext::current()?;
    let Some(pending) = context.pending(request.as_deref()).await? else {
        return Ok(Standing::default());
    };
    let mail =
        mail_standing::of_request(&context.state.auth, &pending, &context.requester()).await?;
    // The page itself signs in once the number was typed elsewhere, and says why it is over.
    let has_news = match pending.ended() {
        None => matching::is_approved(&context.state.auth, &pending),
        Some(ended) => ended != Ended::SignedIn,
    };
    let reloaded = has_news.then(|| code_page(request.as_deref()));
    let MailStanding { is_sent, trouble, may_try } = mail;
    let trouble = Some(trouble).filter(|trouble| !trouble.is_empty());
    let location = context.onward(&pending).await?.or(reloaded);
    Ok(Standing { location, trouble, may_try, is_sent })
}

/// Sends another mail for the auth request shown on the page, although earlier ones came back.
#[server(prefix = "/actions", endpoint = "try-again")]
pub async fn try_again(request: Option<String>) -> Result<Next, Refusal> {
    let context = PageContext::current()?;
    form_posts::come_back_to(&code_page(request.as_deref()), "");
    let requester = context.requester();
    let id = cookies::pick(&requester.held, request.as_deref())
        .ok_or_else(|| Error::missing("auth_request_id"))?;
    let started = suppression::try_again(&context.state.auth, id, &requester).await?;
    Ok(to_code_page(&context, &requester.held, &started))
}

/// Stores the language that a person chose, and returns to the page where they chose it.
#[server(prefix = "/actions", endpoint = "set-language")]
pub async fn set_language(language: Option<String>, back: Option<String>) -> Result<Next, Refusal> {
    let context = PageContext::current()?;
    let back = destination::parse(context.state.public_url().url(), back.as_deref());
    form_posts::come_back_to(&back, "");
    let language = Language::of_tag(&language.unwrap_or_default())
        .ok_or_else(|| Error::missing("language"))?;
    context.set_cookie(context.state.cookies.set_language(language.tag()));
    Ok(Next { location: back })
}

#[cfg(feature = "ssr")]
fn login(next: &str) -> String {
    if next.is_empty() {
        return "/login".to_owned();
    }
    destination::with_query("/login", "next", next)
}

#[cfg(feature = "ssr")]
fn code_page(handle: Option<&str>) -> String {
    match handle
        .filter(|handle| !handle.is_empty() && handle.chars().all(|c| c.is_ascii_hexdigit()))
    {
        Some(handle) => format!("/login/code?request={handle}"),
        None => "/login/code".to_owned(),
    }
}

#[cfg(feature = "ssr")]
fn to_code_page(context: &PageContext, held: &[String], started: &Started) -> Next {
    context.set_cookie(context.state.cookies.hold(held, &started.auth_request_id));
    Next { location: code_page(Some(&cookies::handle(&started.auth_request_id))) }
}

#[cfg(feature = "ssr")]
fn signed_out(context: &PageContext) {
    context.state.cookies.signed_out().into_iter().for_each(|cookie| context.set_cookie(cookie));
}

/// Stores new device entries in this browser, if they changed.
#[cfg(feature = "ssr")]
fn remember(context: &PageContext, devices: Option<Vec<String>>) {
    if let Some(devices) = devices {
        context.set_cookie(context.state.cookies.remember(&devices));
    }
}

#[cfg(feature = "ssr")]
fn signed_in(context: &PageContext, signed_in: SignedIn) -> Next {
    for cookie in context.state.cookies.signed_in(&signed_in) {
        context.set_cookie(cookie);
    }
    Next { location: signed_in.destination }
}

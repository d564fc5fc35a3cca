//! Server functions: what the pages' forms do. Thin: each calls `server::sign_in` and says where to go next.
//!
//! The forms post here with and without JavaScript; what differs is in `server::forms`.

use leptos::{prelude::*, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};

use crate::error::Error;
#[cfg(feature = "ssr")]
use crate::server::{
    cookies, forms,
    page_data::Visit,
    session,
    sign_in::{
        SignedIn,
        code::{self, Code},
        link::LinkToken,
        request::{self, Started},
    },
};

/// Where a form that succeeded goes on to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Next {
    /// A path of this site.
    pub location: String,
}

/// How the sign-in that a page waits for stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Standing {
    /// Set once this browser is signed in.
    pub location: Option<String>,
}

/// Asks for a mail to `email`. `next` is where the person wants to go.
#[server(prefix = "/actions", endpoint = "send-passwordless")]
pub async fn send_passwordless(email: Option<String>, next: Option<String>) -> Result<Next, Error> {
    let visit = Visit::current()?;
    let (email, next) = (email.unwrap_or_default(), next.unwrap_or_default());
    forms::come_back_to(&login(&next), &email);
    let browser = visit.browser().await?;
    let started = request::start(&visit.state.core, &email, Some(&next), &browser).await?;
    Ok(to_code_page(&visit, &browser.held, &started))
}

/// Asks for a fresh mail for the auth request that the page shows.
#[server(prefix = "/actions", endpoint = "resend-passwordless")]
pub async fn resend_passwordless(request: Option<String>) -> Result<Next, Error> {
    let visit = Visit::current()?;
    forms::come_back_to(&code_page(request.as_deref()), "");
    let browser = visit.browser().await?;
    let id = cookies::pick(&browser.held, request.as_deref()).ok_or_else(|| Error::missing("auth_request_id"))?;
    let started = request::resend(&visit.state.core, id, &browser).await?;
    Ok(to_code_page(&visit, &browser.held, &started))
}

/// Asks for a fresh mail in place of a link that no longer works.
#[server(prefix = "/actions", endpoint = "resend-from-link")]
pub async fn resend_from_link(link_token: Option<String>) -> Result<Next, Error> {
    let visit = Visit::current()?;
    let token = LinkToken::parse(&link_token.unwrap_or_default())?;
    forms::come_back_to(&format!("/login/confirm?link_token={}", token.encode()), "");
    let browser = visit.browser().await?;
    let started = request::start_from_link(&visit.state.core, &token, &browser).await?;
    Ok(to_code_page(&visit, &browser.held, &started))
}

/// Signs in with the code that was mailed for the auth request that the page shows.
#[server(prefix = "/actions", endpoint = "verify-code")]
pub async fn verify_code(request: Option<String>, code: Option<String>) -> Result<Next, Error> {
    let visit = Visit::current()?;
    forms::come_back_to(&code_page(request.as_deref()), "");
    let browser = visit.browser().await?;
    let id = cookies::pick(&browser.held, request.as_deref()).ok_or_else(|| Error::missing("auth_request_id"))?;
    let code = Code::parse(&code.unwrap_or_default())?;
    let signed_in = code::verify(&visit.state.core, id, &code, &browser).await?;
    begin_session(&visit, &signed_in)
}

/// Whether the sign-in that a page waits for has happened meanwhile, by the link in another tab.
#[server(prefix = "/actions", endpoint = "progress", input = GetUrl)]
pub async fn progress(request: Option<String>) -> Result<Standing, Error> {
    let visit = Visit::current()?;
    let location = match visit.pending(request.as_deref()).await? {
        Some(pending) => visit.onward(&pending).await?,
        None => None,
    };
    Ok(Standing { location })
}

/// Ends the session, or all sessions of its user.
#[server(prefix = "/actions", endpoint = "sign-out")]
pub async fn sign_out(everywhere: Option<bool>) -> Result<Next, Error> {
    let visit = Visit::current()?;
    forms::come_back_to("/login", "");
    let session = visit.present_session().await?.ok_or(Error::Unauthenticated)?;
    session::end(&visit.state.core, &session, everywhere.unwrap_or(false)).await?;
    visit.set_cookie(visit.state.cookies.clear_session());
    Ok(Next { location: "/login".to_owned() })
}

#[cfg(feature = "ssr")]
fn login(next: &str) -> String {
    if next.is_empty() {
        return "/login".to_owned();
    }
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
    format!("/login?{query}")
}

#[cfg(feature = "ssr")]
fn code_page(handle: Option<&str>) -> String {
    match handle.filter(|handle| !handle.is_empty() && handle.chars().all(|c| c.is_ascii_hexdigit())) {
        Some(handle) => format!("/login/code?request={handle}"),
        None => "/login/code".to_owned(),
    }
}

#[cfg(feature = "ssr")]
fn to_code_page(visit: &Visit, held: &[String], started: &Started) -> Next {
    visit.set_cookie(visit.state.cookies.hold(held, &started.auth_request_id));
    Next { location: code_page(Some(&cookies::handle(&started.auth_request_id))) }
}

#[cfg(feature = "ssr")]
fn begin_session(visit: &Visit, signed_in: &SignedIn) -> Result<Next, Error> {
    let token = session::issue(&visit.state.core, &signed_in.session_id, &signed_in.user_id, signed_in.session_expires_at)?;
    visit.set_cookie(visit.state.cookies.set_session(&token.jwt, token.ttl));
    Ok(Next { location: signed_in.destination.clone() })
}

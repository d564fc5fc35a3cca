//! Server functions of the pages that other apps and devices lead to.

use leptos::prelude::*;

#[cfg(feature = "ssr")]
use super::signed_out;
#[cfg(feature = "ssr")]
use crate::server::{
    apps::{
        authorize,
        denial::Denial,
        device_requests::{self, UserCode},
        params::Params,
    },
    auth::session::{self, SessionsToEnd},
    ground::{error::Error, words::say},
    http::{form_posts, page_context::PageContext},
    values::destination,
};
use crate::wire::{Next, Refusal};

/// Goes on with the request of an app, after the user has said whether it may know them.
#[server(prefix = "/actions", endpoint = "answer-app")]
pub async fn answer_app(request: Option<String>, allow: Option<bool>) -> Result<Next, Refusal> {
    let context = PageContext::current()?;
    let id = request.unwrap_or_default();
    form_posts::come_back_to(&authorize::path_of(&id), "");
    let session = context.present_session().await?.ok_or(Error::Unauthenticated)?;
    let waiting = context.app_request(Some(&id)).await?;
    let waiting = waiting.ok_or_else(|| Error::invalid(say!("detail-no-app-request")))?;
    if allow == Some(true) {
        context.state.apps.allow(&waiting, &session).await?;
        return Ok(Next { location: waiting.path() });
    }
    Ok(Next { location: format!("{}&denied=true", waiting.path()) })
}

/// Answers a device that shows `user_code`: allows it to be signed in, or not.
#[server(prefix = "/actions", endpoint = "answer-device")]
pub async fn answer_device(
    user_code: Option<String>,
    allow: Option<bool>,
) -> Result<Next, Refusal> {
    let context = PageContext::current()?;
    let typed = user_code.unwrap_or_default();
    form_posts::come_back_to(device_requests::PAGE, &typed);
    let session = context.present_session().await?.ok_or(Error::Unauthenticated)?;
    let (apps, code) = (&context.state.apps, UserCode::parse(&typed)?);
    let asking = apps.asking(&code, &session, &context.caller.client()).await?;
    let allow = allow.unwrap_or_default();
    apps.answer_device(&asking, &session, allow).await?;
    let answer = if allow { "allowed" } else { "denied" };
    Ok(Next { location: destination::with_query(device_requests::PAGE, "answer", answer) })
}

/// Ends the access of an app to the signed-in user.
#[server(prefix = "/actions", endpoint = "end-app")]
pub async fn end_app(app: Option<String>) -> Result<Next, Refusal> {
    let context = PageContext::current()?;
    form_posts::come_back_to("/dashboard", "");
    let session = context.present_session().await?.ok_or(Error::Unauthenticated)?;
    context.state.apps.end_access(&session, &app.unwrap_or_default()).await?;
    Ok(Next { location: "/dashboard".to_owned() })
}

/// Signs the user out for an app, and leads back to it. `of` holds the parameters that the app
/// sent.
#[server(prefix = "/actions", endpoint = "leave-app")]
pub async fn leave_app(of: Option<String>) -> Result<Next, Refusal> {
    let context = PageContext::current()?;
    let refused = |denial: Denial| Error::invalid(denial.description);
    let params = Params::parse(of.unwrap_or_default().as_bytes()).map_err(refused)?;
    let leave = context.state.apps.read_leave(&params).await.map_err(refused)?;
    if let Some(session) = context.present_session().await? {
        let client = context.caller.client();
        session::end(&context.state.auth, &session, &SessionsToEnd::This, &client).await?;
        signed_out(&context);
    }
    Ok(Next { location: leave.onward.unwrap_or_else(|| "/login?signed_out=true".to_owned()) })
}

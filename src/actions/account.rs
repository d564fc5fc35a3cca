//! Server functions of the dashboard, and of those whom a mail surprises.

use leptos::prelude::*;

#[cfg(feature = "ssr")]
use super::{remember, signed_out};
#[cfg(feature = "ssr")]
use crate::server::{
    auth::{
        device,
        dispute::{AlsoEnd, Disputed},
        password,
        session::{self, SessionsToEnd},
    },
    ground::error::Error,
    http::{form_posts, page_context::PageContext},
    values::destination,
};
use crate::wire::{Next, Refusal};

/// Ends sessions: this one if `which` is empty, else the `others`, `all`, or the one with that id.
/// Leads to the sign-in page if this one is among them.
#[server(prefix = "/actions", endpoint = "sign-out")]
pub async fn sign_out(which: Option<String>) -> Result<Next, Refusal> {
    let context = PageContext::current()?;
    form_posts::come_back_to("/dashboard", "");
    let session = context.present_session().await?.ok_or(Error::Unauthenticated)?;
    let (auth, requester) = (&context.state.auth, context.requester());
    let which = match which.as_deref().unwrap_or_default() {
        "" => SessionsToEnd::This,
        "others" => SessionsToEnd::Others,
        "all" => SessionsToEnd::All,
        id if id == session.row.id => SessionsToEnd::This,
        id => SessionsToEnd::One(id.to_owned()),
    };
    let end = session::end(auth, &session, &which, &requester.client);
    if matches!(which, SessionsToEnd::This | SessionsToEnd::All) {
        end.await?;
        signed_out(&context);
        return Ok(Next { location: "/login?signed_out=true".to_owned() });
    }
    let kept = device::all_but_this(auth, &session.row.address, &requester, end).await?;
    remember(&context, kept);
    Ok(Next { location: "/dashboard".to_owned() })
}

/// Sets the password of the signed-in user, or removes it if it is empty; their other sessions end.
#[server(prefix = "/actions", endpoint = "set-password")]
pub async fn set_password(password: Option<String>) -> Result<Next, Refusal> {
    let context = PageContext::current()?;
    form_posts::come_back_to("/dashboard", "");
    let session = context.present_session().await?.ok_or(Error::Unauthenticated)?;
    let (auth, requester) = (&context.state.auth, context.requester());
    let password = password.unwrap_or_default();
    let set = password::set(auth, &session, &password, &requester.client);
    remember(&context, device::all_but_this(auth, &session.row.address, &requester, set).await?);
    Ok(Next { location: "/dashboard".to_owned() })
}

/// Stops a sign-in that somebody else asked for, or ends the access of somebody who began a session
/// or set a password. The owner of the address gets here from a mail. `everywhere` ends every
/// session, `remove_password` also removes the password.
#[server(prefix = "/actions", endpoint = "not-you")]
pub async fn not_you(
    request: Option<String>,
    session: Option<String>,
    password_change: Option<String>,
    everywhere: Option<bool>,
    remove_password: Option<bool>,
) -> Result<Next, Refusal> {
    let context = PageContext::current()?;
    let page = |name, value| destination::with_query("/login/not-you", name, value);
    let (what, token) = Disputed::of(request, session, password_change);
    let also_end = AlsoEnd {
        everywhere: everywhere.unwrap_or_default(),
        remove_password: remove_password.unwrap_or_default(),
    };
    let here = page(what.name(), &token);
    form_posts::come_back_to(&here, "");
    let stopped =
        what.stop(&context.state.auth, &token, also_end, &context.caller.client()).await?;
    Ok(Next { location: if stopped { page("stopped", what.name()) } else { here } })
}

/// Deletes the account of the signed-in user, if they signed in recently.
#[server(prefix = "/actions", endpoint = "delete-account")]
pub async fn delete_account() -> Result<Next, Refusal> {
    let context = PageContext::current()?;
    form_posts::come_back_to("/dashboard", "");
    let session = context.present_session().await?.ok_or(Error::Unauthenticated)?;
    session::delete_account(&context.state.auth, &session, &context.caller.client()).await?;
    signed_out(&context);
    Ok(Next { location: "/goodbye".to_owned() })
}

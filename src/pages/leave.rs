//! GET `/oauth/leave?of=`: asks before an app signs the user out here.

use leptos::prelude::*;

use super::frame::{Frame, address, load};
use crate::server::{
    apps::{denial::Denial, params::Params},
    ground::{error::Error, words::say},
    http::page_context::PageContext,
};

#[component]
pub fn LeavePage() -> impl IntoView {
    load(Box::pin(leave_page()))
}

async fn leave_page() -> Result<AnyView, Error> {
    let context = PageContext::current()?;
    let of = context.query("of").unwrap_or_default();
    let refused = |denial: Denial| Error::invalid(denial.description);
    let params = Params::parse(of.as_bytes()).map_err(refused)?;
    let leave = context.state.apps.read_leave(&params).await.map_err(refused)?;
    let Some(session) = context.present_session().await? else {
        context.redirect("/login?signed_out=true");
        return Ok(().into_any());
    };
    let policy = context.policy();
    let heading = say!("leave-title", brand = policy.brand.name.as_str());
    let app = leave.app.map(|app| say!("leave-app", app = app.shown().to_owned()));
    Ok(view! {
        <Frame title=heading.clone()>
            <h1>{heading}</h1>
            <p>{app} " " {say!("signed-in-already")} " " {address(&session.row.address)}</p>
            <form class="form" method="post" action="/actions/leave-app">
                <input type="hidden" name="of" value=of />
                <button class="primary" type="submit">
                    {say!("sign-out")}
                </button>
                <a class="secondary" href="/">
                    {say!("leave-stay")}
                </a>
            </form>
        </Frame>
    }
    .into_any())
}

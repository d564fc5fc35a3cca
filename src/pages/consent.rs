//! GET `/oauth/consent?request=`: asks whether an app of others may know the user.

use leptos::prelude::*;

use super::frame::{Frame, address, asked, load};
use crate::server::{
    ground::{error::Error, words::say},
    http::page_context::PageContext,
};

#[component]
pub fn ConsentPage() -> impl IntoView {
    load(Box::pin(consent_page()))
}

async fn consent_page() -> Result<AnyView, Error> {
    let context = PageContext::current()?;
    let Some(waiting) = context.app_request(context.query("request").as_deref()).await? else {
        return Err(Error::invalid(say!("detail-no-app-request")));
    };
    let Some(session) = context.present_session().await? else {
        context.redirect(&waiting.path());
        return Ok(().into_any());
    };
    let (app, told) = (waiting.app.shown().to_owned(), asked(&waiting.ask.scopes));
    let heading = say!("consent-title", app = app.as_str());
    let explained = say!("consent-explained", app = app.as_str());
    Ok(view! {
        <Frame title=heading.clone()>
            <h1>{heading}</h1>
            <p>{say!("signed-in-already")} " " {address(&session.row.address)}</p>
            <p>{explained}</p>
            {told}
            <form class="form" method="post" action="/actions/answer-app">
                <input type="hidden" name="request" value=waiting.id />
                <button class="primary" type="submit" name="allow" value="true">
                    {say!("consent-allow")}
                </button>
                <button class="secondary" type="submit">
                    {say!("consent-deny")}
                </button>
            </form>
        </Frame>
    }
    .into_any())
}

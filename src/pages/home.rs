//! GET `/`: the dashboard when signed in, else the sign-in page.

use leptos::prelude::*;

use super::frame::load;
use crate::server::{ground::error::Error, http::page_context::PageContext};

#[component]
pub fn Home() -> impl IntoView {
    load(Box::pin(home()))
}

async fn home() -> Result<AnyView, Error> {
    let context = PageContext::current()?;
    let session = context.present_session().await?;
    context.redirect(if session.is_some() { "/dashboard" } else { "/login" });
    Ok(().into_any())
}

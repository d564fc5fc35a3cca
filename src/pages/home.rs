//! GET `/`: the dashboard when signed in, else the sign-in page.

use leptos::prelude::*;

use super::frame::load;
use crate::server::{ground::error::Error, http::page_data::Visit};

#[component]
pub fn Home() -> impl IntoView {
    load(Box::pin(home()))
}

async fn home() -> Result<AnyView, Error> {
    let visit = Visit::current()?;
    let session = visit.present_session().await?;
    visit.redirect(if session.is_some() { "/dashboard" } else { "/login" });
    Ok(().into_any())
}

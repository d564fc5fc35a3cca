//! GET `/`: the dashboard when signed in, else the sign-in page.

use leptos::prelude::*;

use super::TroublePage;
use crate::server::page_data::Visit;

#[component]
pub fn Home() -> impl IntoView {
    Suspend::new(async move {
        let visit = match Visit::current() {
            Ok(visit) => visit,
            Err(error) => return view! { <TroublePage error /> }.into_any(),
        };
        match visit.present_session().await {
            Ok(session) => {
                visit.redirect(if session.is_some() { "/dashboard" } else { "/login" });
                ().into_any()
            }
            Err(error) => view! { <TroublePage error /> }.into_any(),
        }
    })
}

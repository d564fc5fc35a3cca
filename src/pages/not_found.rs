//! Any path that does not exist.

use leptos::prelude::*;

use super::frame::Frame;
use crate::server::page_data::Visit;

#[component]
pub fn NotFound() -> impl IntoView {
    if let Ok(visit) = Visit::current() {
        visit.set_not_found();
    }
    view! {
        <Frame title="Not found">
            <h1>"There is no such page"</h1>
            <p>"The address may be mistyped, or the page has moved."</p>
            <p><a class="primary" href="/">"Go to the start"</a></p>
        </Frame>
    }
}

//! What stands in place of a page that cannot be shown.

use leptos::prelude::*;

use super::frame::Frame;
use crate::{error::Error, server::page_data::Visit};

#[component]
pub fn TroublePage(error: Error) -> impl IntoView {
    if let Ok(visit) = Visit::current() {
        visit.set_status_of(&error);
    }
    view! {
        <Frame title="Sorry">
            <h1>"Sorry, that did not work"</h1>
            <p>{error.to_string()}</p>
            <p><a class="primary" href="/">"Try again"</a></p>
        </Frame>
    }
}

//! The page of paths that do not exist.

use leptos::prelude::*;

use super::frame::Frame;
use crate::server::{ground::words::say, http::page_context::PageContext};

#[component]
pub fn NotFound() -> impl IntoView {
    if let Ok(context) = PageContext::current() {
        context.set_not_found();
    }
    view! {
        <Frame title=say!("not-found")>
            <h1>{say!("no-such-page")}</h1>
            <p>{say!("no-such-page-explained")}</p>
            <p><a class="primary" href="/">{say!("to-the-start")}</a></p>
        </Frame>
    }
}

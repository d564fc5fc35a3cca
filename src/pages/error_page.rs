//! The page shown in place of one that failed.

use leptos::prelude::*;

use super::frame::Frame;
use crate::{
    server::{
        ground::{error::Error, words::say},
        http::page_context::PageContext,
    },
    wire::Refusal,
};

#[component]
pub fn ErrorPage(error: Error) -> impl IntoView {
    let refusal = Refusal::from(error);
    if let Ok(context) = PageContext::current() {
        context.set_status_of(&refusal);
    }
    view! {
        <Frame title=say!("sorry")>
            <h1>{say!("did-not-work")}</h1>
            <p>{refusal.message}</p>
            <p><a class="primary" href="/">{say!("try-again")}</a></p>
        </Frame>
    }
}

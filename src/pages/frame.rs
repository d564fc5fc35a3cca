//! What every page has around its content.

use leptos::prelude::*;
use leptos_meta::Title;
use std::future::Future;

use super::TroublePage;
use crate::{error::Error, server::page_data::Visit};

/// The brand above one card.
#[component]
pub fn Frame(#[prop(into)] title: String, children: Children) -> impl IntoView {
    let brand = Visit::current().map(|visit| visit.policy().brand.name.clone()).unwrap_or_default();
    view! {
        <Title text=title />
        <main class="page">
            <p class="brand">
                <a href="/">
                    <img src="/favicon.svg" alt="" width="32" height="32" />
                    {brand}
                </a>
            </p>
            <div class="card">{children()}</div>
        </main>
    }
}

/// A page that has to ask the database first; what goes wrong there is a page, too.
pub fn load(page: impl Future<Output = Result<AnyView, Error>> + Send + 'static) -> impl IntoView {
    Suspend::new(async move { page.await.unwrap_or_else(|error| view! { <TroublePage error /> }.into_any()) })
}

/// Why the last form without JavaScript was sent back to this page, if one was.
pub fn refusal(visit: &Visit) -> impl IntoView + use<> {
    visit.flash().error.map(|error| {
        view! {
            <p class="message" role="alert">
                {error.to_string()}
            </p>
        }
    })
}

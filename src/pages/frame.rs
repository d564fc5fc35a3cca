//! What every page has around its content.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::server::page_data::Visit;

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

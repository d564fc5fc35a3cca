//! GET `/login?next=`: the sign-in page.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::frame::Frame;
use crate::{components::LoginForm, server::page_data::Visit};

#[component]
pub fn LoginPage() -> impl IntoView {
    let next = use_query_map().with_untracked(|query| query.get("next")).unwrap_or_default();
    let visit = Visit::current().ok();
    let brand = visit.as_ref().map(|visit| visit.state.core.policy.brand.name.clone()).unwrap_or_default();
    let flash = visit.map(|visit| visit.flash()).unwrap_or_default();
    let error = flash.error.map(|error| error.to_string()).unwrap_or_default();
    view! {
        <Frame title="Sign in">
            <h1>{format!("Sign in to {brand}")}</h1>
            <p class="soft">"We send you a link and a code. No password needed."</p>
            <LoginForm next email=flash.typed error />
        </Frame>
    }
}

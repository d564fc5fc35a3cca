//! GET `/login?next=`: the sign-in page.

use leptos::prelude::*;

use super::frame::Frame;
use crate::{components::LoginForm, server::page_data::Visit};

#[component]
pub fn LoginPage() -> impl IntoView {
    let visit = Visit::current().ok();
    let next = visit.as_ref().and_then(|visit| visit.query("next")).unwrap_or_default();
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

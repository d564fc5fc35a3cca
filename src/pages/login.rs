//! GET `/login?next=`: the sign-in page.

use leptos::prelude::*;

use super::frame::Frame;
use crate::{
    components::LoginForm,
    error::Error,
    server::{config::Passwords, page_data::Visit, sign_in::mode::Mode},
};

#[component]
pub fn LoginPage() -> impl IntoView {
    let visit = Visit::current().ok();
    let next = visit.as_ref().and_then(|visit| visit.query("next")).unwrap_or_default();
    let brand = visit.as_ref().map(|visit| visit.policy().brand.name.clone()).unwrap_or_default();
    let passwords = visit.as_ref().is_some_and(|visit| visit.policy().auth.passwords == Passwords::Optional);
    let mode = visit.as_ref().map(|visit| visit.policy().auth.mode).unwrap_or_default();
    let promise = match mode {
        Mode::Link => "We send you a link. No password needed.",
        Mode::Otp => "We send you a code. No password needed.",
        Mode::LinkOtp => "We send you a link and a code. No password needed.",
    };
    let flash = visit.map(|visit| visit.flash()).unwrap_or_default();
    // Having to sign in is no fault of what is in the field.
    let (notice, error) = match flash.error {
        Some(error @ Error::Unauthenticated) => (error.to_string(), String::new()),
        error => (String::new(), error.map(|error| error.to_string()).unwrap_or_default()),
    };
    let notice = (!notice.is_empty()).then(|| view! { <p role="status">{notice}</p> });
    view! {
        <Frame title="Sign in">
            <h1>{format!("Sign in to {brand}")}</h1>
            <p class="soft">{promise}</p>
            {notice}
            <LoginForm next email=flash.typed error passwords />
        </Frame>
    }
}

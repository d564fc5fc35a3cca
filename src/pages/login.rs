//! GET `/login?next=`: the sign-in page.

use leptos::prelude::*;

use super::frame::Frame;
use crate::{
    components::{BLANK, LoginForm, LoginWords},
    error::Error,
    server::{config::Passwords, page_data::Visit, sign_in::mode::Mode, words::say},
};

#[component]
pub fn LoginPage() -> impl IntoView {
    let visit = Visit::current().ok();
    let next = visit.as_ref().and_then(|visit| visit.query("next")).unwrap_or_default();
    let brand = visit.as_ref().map(|visit| visit.policy().brand.name.clone()).unwrap_or_default();
    let passwords =
        visit.as_ref().is_some_and(|visit| visit.policy().auth.passwords == Passwords::Optional);
    let mode = visit.as_ref().map(|visit| visit.policy().auth.mode).unwrap_or_default();
    let promise = match mode {
        Mode::Link => say!("promise-link"),
        Mode::Otp => say!("promise-code"),
        Mode::LinkOtp => say!("promise-both"),
    };
    let flash = visit.map(|visit| visit.flash()).unwrap_or_default();
    // Having to sign in is no fault of what is in the field.
    let (notice, error) = match flash.error {
        Some(error) if error.code == Error::Unauthenticated.code() => {
            (error.message, String::new())
        }
        error => (String::new(), error.map(|error| error.message).unwrap_or_default()),
    };
    let notice = (!notice.is_empty()).then(|| view! { <p role="status">{notice}</p> });
    view! {
        <Frame title=say!("sign-in")>
            <h1>{say!("sign-in-to", brand = brand)}</h1>
            <p class="soft">{promise}</p>
            {notice}
            <LoginForm next email=flash.typed error passwords words=words(mode) />
        </Frame>
    }
}

fn words(mode: Mode) -> LoginWords {
    LoginWords {
        address: say!("address"),
        example: say!("address-example"),
        password: say!("password-if-any"),
        send: if mode == Mode::Otp { say!("send-code") } else { say!("send-link") },
        sign_in: say!("sign-in"),
        with_password: say!("sign-in-with-password"),
        again_in: say!("try-again-in", time = BLANK.to_string()),
        did_you_mean: say!("did-you-mean", address = BLANK.to_string()),
        no_address: Error::InvalidEmail.to_string(),
        unreachable: Error::Unavailable.to_string(),
    }
}

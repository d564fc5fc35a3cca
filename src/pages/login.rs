//! GET `/login?next=`: the sign-in page.

use leptos::prelude::*;

use super::frame::Frame;
use crate::{
    components::{BLANK, LoginAlive, LoginWords, Message},
    server::{
        config::Passwords,
        ground::{error::Error, mode::Mode, words::say},
        http::page_context::PageContext,
    },
};

#[component]
pub fn LoginPage() -> impl IntoView {
    let context = PageContext::current().ok();
    let next = context.as_ref().and_then(|context| context.query("next")).unwrap_or_default();
    let brand =
        context.as_ref().map(|context| context.policy().brand.name.clone()).unwrap_or_default();
    let passwords = context
        .as_ref()
        .is_some_and(|context| context.policy().auth.passwords == Passwords::Optional);
    let mode = context.as_ref().map(|context| context.policy().auth.mode).unwrap_or_default();
    let promise = match mode {
        Mode::Link => say!("promise-link"),
        Mode::Otp => say!("promise-code"),
        Mode::LinkOtp => say!("promise-both"),
    };
    let flash = context.map(|context| context.flash()).unwrap_or_default();
    // Having to sign in is not an error of the field.
    let (notice, error) = match flash.error {
        Some(error) if error.code == Error::Unauthenticated.code() => {
            (error.message, String::new())
        }
        error => (String::new(), error.map(|error| error.message).unwrap_or_default()),
    };
    let notice = (!notice.is_empty()).then(|| view! { <p role="status">{notice}</p> });
    view! {
        <Frame title=say!("sign-in")>
            <LoginAlive words=words(mode) />
            <h1>{say!("sign-in-to", brand = brand)}</h1>
            <p class="soft">{promise}</p>
            {notice}
            {form(next, flash.typed, error, passwords, mode)}
        </Frame>
    }
}

/// The form for an address, and for a password if there are passwords. `components::LoginAlive`
/// finds its parts by their ids.
fn form(
    next: String,
    email: String,
    error: String,
    passwords: bool,
    mode: Mode,
) -> impl IntoView + use<> {
    let password = passwords.then(|| {
        view! {
            <label class="second" for="password">
                {say!("password-if-any")}
            </label>
            <input
                id="password"
                name="password"
                type="password"
                autocomplete="current-password"
                aria-describedby="email-message"
            />
        }
    });
    let with_password = passwords.then(|| {
        view! {
            <button id="with-password" class="secondary" type="submit" name="with_password" value="true">
                {say!("sign-in-with-password")}
            </button>
        }
    });
    view! {
        <form id="login" class="form" method="post" action="/actions/sign-in" novalidate>
            <input id="next" type="hidden" name="next" value=next />
            <label for="email">{say!("address")}</label>
            <input
                id="email"
                name="email"
                type="email"
                inputmode="email"
                autocomplete=if passwords { "username" } else { "email" }
                autocapitalize="none"
                spellcheck="false"
                placeholder=say!("address-example")
                autofocus
                required
                aria-describedby="email-message"
                aria-invalid=(!error.is_empty()).then_some("true")
                value=email
            />
            {password}
            <div class="told">
                <Message id="email-message" text=error />
                <p role="status">
                    <button id="meant" class="inline" type="button" hidden />
                </p>
            </div>
            <button id="send" class="primary" type="submit">
                {send(mode)}
            </button>
            {with_password}
        </form>
    }
}

fn send(mode: Mode) -> String {
    if mode == Mode::Otp { say!("send-code") } else { say!("send-link") }
}

fn words(mode: Mode) -> LoginWords {
    LoginWords {
        send: send(mode),
        sign_in: say!("sign-in"),
        again_in: say!("try-again-in", time = BLANK.to_string()),
        did_you_mean: say!("did-you-mean", address = BLANK.to_string()),
        no_address: Error::InvalidEmail.to_string(),
        offline: say!("offline"),
    }
}

//! The script of the sign-in page's form.

use leptos::{leptos_dom::helpers::set_interval_with_handle, prelude::*};
use std::time::Duration;

use super::{
    NOTHING,
    browser::{
        after, data, focus, go, is_prefilled, keep, left, on, on_return, select, set, set_value,
        shows, text, value, work,
    },
    message::told,
    spelling::{is_plausible, suggestion},
    words::{counting, filled},
};
use crate::actions::sign_in;

/// Brings the form of `pages::login` to life. It works without the script; with it, the form shows
/// errors in place, keeps everything that was typed, and has a single button that says what it will
/// do.
#[island]
pub fn LoginAlive() -> impl IntoView {
    keep(wake);
    NOTHING
}

/// Returns a word of the page.
fn word(name: &str) -> String {
    data("login", name)
}

fn wake() {
    let password = RwSignal::new(value("password"));
    let error = told("email-message", "email");
    // The words of the button while it works; empty at other times.
    let doing = RwSignal::new(String::new());
    on_return(move || doing.set(String::new()));
    // The address that the user probably meant.
    let meant = RwSignal::new(String::new());
    // The address for which they were asked whether they meant another.
    let asked_about = RwSignal::new(String::new());
    // Seconds until the same address may be tried again. The button counts them down, because a
    // screen reader would read a changing message out every second.
    let wait = RwSignal::new(0);
    let until = RwSignal::new(0.0);
    let tick = move || {
        let left = left(until.get_untracked());
        if left != wait.get_untracked() {
            wait.set(left);
        }
    };
    let _ = set_interval_with_handle(tick, Duration::from_millis(250));
    // The address that the user came back to change.
    if is_prefilled("email") && text("email-message").trim().is_empty() {
        select("email");
    }

    // Without the script the form cannot adapt to what was typed, so it has a button for each way
    // to sign in. Here one is enough.
    set("with-password", "hidden", Some(""));
    keep(move || {
        set("send", "aria-busy", doing.with(|doing| !doing.is_empty()).then_some("true"));
    });
    keep(move || set("send", "disabled", (wait.get() != 0).then_some("")));
    let idle = text("send");
    shows("send", idle.clone(), move || match (doing.get(), wait.get()) {
        (doing, _) if !doing.is_empty() => doing,
        (_, 0) if password.get().is_empty() => idle.clone(),
        (_, 0) => word("data-sign-in"),
        (_, left) => counting(&word("data-again-in"), left),
    });
    shows("meant", String::new(), move || match meant.get() {
        nothing if nothing.is_empty() => nothing,
        address => filled(&word("data-did-you-mean"), &address),
    });
    keep(move || {
        set("meant", "hidden", meant.with(|meant| meant.is_empty()).then_some(""));
    });

    on("input", "email", move |_| {
        until.set(0.0);
        meant.set(String::new());
    });
    // On change, when the user is done with the field, not while they type.
    on("change", "email", move |_| {
        let typed = value("email");
        let typed = typed.trim();
        meant.set(suggestion(typed).unwrap_or_default());
        error.set(if typed.is_empty() || is_plausible(typed) {
            String::new()
        } else {
            word("data-no-address")
        });
    });
    on("input", "password", move |_| password.set(value("password")));
    on("click", "meant", move |_| {
        set_value("email", &meant.get_untracked());
        meant.set(String::new());
        error.set(String::new());
        focus("email");
    });
    on("submit", "login", move |event| {
        let typed = value("email").trim().to_owned();
        let suggestion = suggestion(&typed).filter(|_| asked_about.get_untracked() != typed);
        if let Some(suggestion) = suggestion {
            // Enter and the button send at once: asked only beside the field, next to nobody would
            // see the question before the mail has gone to a stranger. Sent again, it is meant.
            asked_about.set(typed);
            meant.set(suggestion);
            set("meant", "hidden", None);
            focus("meant");
        } else if doing.get_untracked().is_empty() {
            let password = value("password");
            let (now, then) = match password.is_empty() {
                true => ("data-sending", "data-sent"),
                false => ("data-checking", "data-welcome"),
            };
            doing.set(word(now));
            error.set(String::new());
            work(async move {
                let next = value("next");
                match sign_in(Some(value("email")), Some(password), Some(next), None).await {
                    Ok(next) => {
                        doing.set(word(then));
                        go(&next.location);
                    }
                    Err(refusal) => {
                        until.set(after(refusal.retry_after.unwrap_or(0)));
                        error.set(refusal.said(&word("data-offline")));
                        doing.set(String::new());
                        focus(if value("password").is_empty() { "email" } else { "password" });
                    }
                }
            });
        }
        event.prevent_default();
    });
}

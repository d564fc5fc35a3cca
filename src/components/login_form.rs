//! The form of the sign-in page.

use leptos::{ev::SubmitEvent, leptos_dom::helpers::set_interval_with_handle, prelude::*, task::spawn_local};
use std::time::Duration;

use super::{
    Message,
    browser::{focus, go, now, value},
};
use crate::{actions::sign_in, error::duration};

/// Asks for an address, and for a password where there are passwords. Works as a plain form; alive, it shows errors in
/// place, loses nothing that was typed, and has one button that says what it will do.
#[island]
pub fn LoginForm(
    /// Where the person wants to go.
    next: String,
    /// What was typed before, when the form comes back with an error.
    email: String,
    /// What was wrong with it, or nothing.
    error: String,
    /// Whether there are passwords.
    passwords: bool,
) -> impl IntoView {
    let password = RwSignal::new(String::new());
    let error = RwSignal::new(error);
    let busy = RwSignal::new(false);
    // Without the script nobody can see what was typed, so there is a button for each way.
    let alive = RwSignal::new(false);
    Effect::new(move |_| {
        alive.set(true);
        password.set(value("password"));
    });
    // Seconds until the same address may be tried again: the button counts them down, as a message that changes would be read
    // out every second.
    let wait = RwSignal::new(0);
    let until = RwSignal::new(0.0);
    Effect::new(move |_| {
        let count = move || {
            let left = ((until.get_untracked() - now()) / 1_000.0).ceil().max(0.0) as u64;
            if left != wait.get_untracked() {
                wait.set(left);
            }
        };
        let counting = set_interval_with_handle(count, Duration::from_millis(250));
        on_cleanup(move || counting.into_iter().for_each(|timer| timer.clear()));
    });
    let onward = next.clone();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        error.set(String::new());
        let next = onward.clone();
        spawn_local(async move {
            match sign_in(Some(value("email")), Some(value("password")), Some(next), None).await {
                Ok(next) => go(&next.location),
                Err(refusal) => {
                    until.set(now() + refusal.retry_after().unwrap_or(0) as f64 * 1_000.0);
                    error.set(refusal.to_string());
                    busy.set(false);
                    focus(if value("password").is_empty() { "email" } else { "password" });
                }
            }
        });
    };
    view! {
        <form class="form" method="post" action="/actions/sign-in" novalidate on:submit=submit>
            <input type="hidden" name="next" value=next />
            <label for="email">"E-mail address"</label>
            <input
                id="email"
                name="email"
                type="email"
                inputmode="email"
                autocomplete=if passwords { "username" } else { "email" }
                autocapitalize="none"
                spellcheck="false"
                placeholder="you@example.com"
                autofocus
                required
                aria-describedby="email-message"
                aria-invalid=move || (!error.get().is_empty()).then_some("true")
                on:input=move |_| until.set(0.0)
                value=email
            />
            {passwords
                .then(|| {
                    view! {
                        <label class="second" for="password">
                            "Password, if you have set one"
                        </label>
                        <input
                            id="password"
                            name="password"
                            type="password"
                            autocomplete="current-password"
                            aria-describedby="email-message"
                            on:input:target=move |event| password.set(event.target().value())
                        />
                    }
                })}
            <Message id="email-message" text=error />
            <button
                class="primary"
                type="submit"
                aria-busy=move || busy.get().then_some("true")
                disabled=move || wait.get() != 0
            >
                {move || match wait.get() {
                    0 if password.get().is_empty() => "Send magic link".to_owned(),
                    0 => "Sign in".to_owned(),
                    left => format!("Try again in {}", duration(left)),
                }}
            </button>
            {passwords
                .then(|| {
                    view! {
                        <button
                            class="secondary"
                            type="submit"
                            name="with_password"
                            value="true"
                            hidden=move || alive.get()
                        >
                            "Sign in with password"
                        </button>
                    }
                })}
        </form>
    }
}

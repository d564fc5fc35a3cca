//! The form of the sign-in page.

use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};

use super::{
    Message,
    browser::{focus, go, value},
};
use crate::actions::sign_in;

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
            <button class="primary" type="submit" aria-busy=move || busy.get().then_some("true")>
                {move || if password.get().is_empty() { "Send magic link" } else { "Sign in" }}
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

//! The form of the sign-in page.

use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};

use super::{
    Message,
    browser::{focus, go},
};
use crate::actions::send_passwordless;

/// Asks for an address. Works as a plain form; alive, it shows errors in place and loses nothing that was typed.
#[island]
pub fn LoginForm(
    /// Where the person wants to go.
    next: String,
    /// What was typed before, when the form comes back with an error.
    email: String,
    /// What was wrong with it, or nothing.
    error: String,
) -> impl IntoView {
    let email = RwSignal::new(email);
    let error = RwSignal::new(error);
    let busy = RwSignal::new(false);
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
            match send_passwordless(Some(email.get_untracked()), Some(next)).await {
                Ok(next) => go(&next.location),
                Err(refusal) => {
                    error.set(refusal.to_string());
                    busy.set(false);
                    focus("email");
                }
            }
        });
    };
    view! {
        <form class="form" method="post" action="/actions/send-passwordless" novalidate on:submit=submit>
            <input type="hidden" name="next" value=next />
            <label for="email">"E-mail address"</label>
            <input
                id="email"
                name="email"
                type="email"
                inputmode="email"
                autocomplete="email"
                autocapitalize="none"
                spellcheck="false"
                placeholder="you@example.com"
                autofocus
                required
                aria-describedby="email-message"
                aria-invalid=move || (!error.get().is_empty()).then_some("true")
                value=email.get_untracked()
                on:input:target=move |event| email.set(event.target().value())
            />
            <Message id="email-message" text=error />
            <button class="primary" type="submit" aria-busy=move || busy.get().then_some("true")>
                "Send magic link"
            </button>
        </form>
    }
}

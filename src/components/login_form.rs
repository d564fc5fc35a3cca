//! The form of the sign-in page.

use leptos::{
    ev::SubmitEvent, leptos_dom::helpers::set_interval_with_handle, prelude::*, task::spawn_local,
};
use std::time::Duration;

use super::{
    Message,
    browser::{focus, go, now, set_value, value},
    spelling::{is_plausible, suggestion},
    words::{LoginWords, counting, filled},
};
use crate::actions::sign_in;

/// Asks for an address, and for a password where there are passwords. Works as a plain form; alive,
/// it shows errors in place, loses nothing that was typed, and has one button that says what it
/// will do.
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
    words: LoginWords,
) -> impl IntoView {
    let password = RwSignal::new(String::new());
    let error = RwSignal::new(error);
    let busy = RwSignal::new(false);
    // The address that was probably meant.
    let meant = RwSignal::new(String::new());
    // Without the script nobody can see what was typed, so there is a button for each way.
    let alive = RwSignal::new(false);
    Effect::new(move |_| {
        alive.set(true);
        password.set(value("password"));
    });
    // Seconds until the same address may be tried again: the button counts them down, as a message
    // that changes would be read out every second.
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
    let (onward, unreachable) = (next.clone(), words.unreachable);
    // Once the person is done with the field, not while they type.
    let look = move |_| {
        let typed = value("email");
        let typed = typed.trim();
        meant.set(suggestion(typed).unwrap_or_default());
        error.set(if typed.is_empty() || is_plausible(typed) {
            String::new()
        } else {
            words.no_address.clone()
        });
    };
    let take = move |_| {
        set_value("email", &meant.get_untracked());
        meant.set(String::new());
        error.set(String::new());
        focus("email");
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        error.set(String::new());
        let (next, unreachable) = (onward.clone(), unreachable.clone());
        spawn_local(async move {
            match sign_in(Some(value("email")), Some(value("password")), Some(next), None).await {
                Ok(next) => go(&next.location),
                Err(refusal) => {
                    until.set(now() + refusal.retry_after.unwrap_or(0) as f64 * 1_000.0);
                    error.set(if refusal.message.is_empty() {
                        unreachable
                    } else {
                        refusal.message
                    });
                    busy.set(false);
                    focus(if value("password").is_empty() { "email" } else { "password" });
                }
            }
        });
    };
    view! {
        <form class="form" method="post" action="/actions/sign-in" novalidate on:submit=submit>
            <input type="hidden" name="next" value=next />
            <label for="email">{words.address}</label>
            <input
                id="email"
                name="email"
                type="email"
                inputmode="email"
                autocomplete=if passwords { "username" } else { "email" }
                autocapitalize="none"
                spellcheck="false"
                placeholder=words.example
                autofocus
                required
                aria-describedby="email-message"
                aria-invalid=move || (!error.get().is_empty()).then_some("true")
                on:input=move |_| {
                    until.set(0.0);
                    meant.set(String::new());
                }
                on:change=look
                value=email
            />
            {passwords
                .then(|| {
                    view! {
                        <label class="second" for="password">
                            {words.password}
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
            <div class="told">
                <Message id="email-message" text=error />
                <p role="status">
                    {move || {
                        let meant = meant.get();
                        (!meant.is_empty())
                            .then(|| {
                                view! {
                                    <button class="inline" type="button" on:click=take>
                                        {filled(&words.did_you_mean, &meant)}
                                    </button>
                                }
                            })
                    }}
                </p>
            </div>
            <button
                class="primary"
                type="submit"
                aria-busy=move || busy.get().then_some("true")
                disabled=move || wait.get() != 0
            >
                {move || match wait.get() {
                    0 if password.get().is_empty() => words.send.clone(),
                    0 => words.sign_in.clone(),
                    left => counting(&words.again_in, left),
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
                            {words.with_password}
                        </button>
                    }
                })}
        </form>
    }
}

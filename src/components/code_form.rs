//! The forms of the "check your inbox" page.

use leptos::{
    ev::SubmitEvent, leptos_dom::helpers::set_interval_with_handle, prelude::*, task::spawn_local,
};
use std::time::Duration;

use super::{
    Message,
    browser::{focus, go, now, value},
    words::{CodeWords, counting},
};
use crate::{
    actions::{progress, resend_passwordless, verify_code},
    refusal::Refusal,
};

/// Seconds between looks whether the link was opened in another tab.
const LOOK: u64 = 2;

/// Takes the code, sends a fresh mail, and finishes by itself when the link is opened elsewhere in
/// this browser.
#[island]
pub fn CodeForm(
    /// Which of the browser's auth requests this page is about.
    request: String,
    /// Seconds until link and code expire.
    expires_in: u64,
    /// Seconds until another mail may be asked for.
    resend_in: u64,
    /// What there is to say about the mail, or nothing.
    trouble: String,
    /// What was wrong with the last form, or nothing.
    error: String,
    /// Whether the mail has a code.
    has_code: bool,
    words: CodeWords,
) -> impl IntoView {
    let error = RwSignal::new(error);
    let trouble = RwSignal::new(trouble);
    let busy = RwSignal::new(false);
    // Whether the code that stands there was refused. Whoever presses the button after it was sent
    // by itself must not lose another try to it.
    let refused = RwSignal::new(false);
    // Until the script runs nothing counts down, and nothing may be disabled for good.
    let expires_in_now = RwSignal::new(expires_in);
    let resend_in_now = RwSignal::new(0);
    let handle = StoredValue::new(request.clone());

    Effect::new(move |_| {
        let began = now();
        let left = move |seconds: u64| seconds.saturating_sub(((now() - began) / 1_000.0) as u64);
        resend_in_now.set(resend_in);
        let ticking = set_interval_with_handle(
            move || {
                expires_in_now.set(left(expires_in));
                resend_in_now.set(left(resend_in));
            },
            Duration::from_secs(1),
        );
        let looking = set_interval_with_handle(
            move || {
                if left(expires_in) == 0 {
                    return;
                }
                spawn_local(async move {
                    if let Ok(standing) = progress(Some(handle.get_value())).await {
                        trouble.set(standing.trouble.unwrap_or_default());
                        standing.location.inspect(|location| go(location));
                    }
                });
            },
            Duration::from_secs(LOOK),
        );
        on_cleanup(move || {
            for timer in [ticking, looking].into_iter().flatten() {
                timer.clear();
            }
        });
    });

    let unreachable = StoredValue::new(words.unreachable);
    let said = move |refusal: Refusal| match refusal.message {
        nothing if nothing.is_empty() => unreachable.get_value(),
        sentence => sentence,
    };
    let verify = move || {
        if busy.get_untracked() || refused.get_untracked() {
            return;
        }
        busy.set(true);
        error.set(String::new());
        spawn_local(async move {
            match verify_code(Some(handle.get_value()), Some(value("code"))).await {
                Ok(next) => go(&next.location),
                Err(refusal) => {
                    refused.set(refusal.attempts_left.is_some());
                    // No more tries: the page as it is now has no field for them.
                    if (refusal.status, refusal.retry_after) == (429, None) {
                        go("");
                    }
                    error.set(said(refusal));
                    busy.set(false);
                    focus("code");
                }
            }
        });
    };
    let resend = move |event: SubmitEvent| {
        event.prevent_default();
        error.set(String::new());
        spawn_local(async move {
            match resend_passwordless(Some(handle.get_value())).await {
                Ok(next) => go(&next.location),
                Err(refusal) => {
                    if let Some(seconds) = refusal.retry_after {
                        resend_in_now.set(seconds);
                    }
                    error.set(said(refusal));
                }
            }
        });
    };
    let code_form = has_code.then(|| {
        view! {
            <form
                class="form"
                method="post"
                action="/actions/verify-code"
                novalidate
                on:submit=move |event: SubmitEvent| {
                    event.prevent_default();
                    verify();
                }
            >
                <input type="hidden" name="request" value=request.clone() />
                <label for="code">{words.code}</label>
                <input
                    id="code"
                    class="code"
                    name="code"
                    type="text"
                    inputmode="numeric"
                    autocomplete="one-time-code"
                    autofocus
                    required
                    aria-describedby="code-message"
                    aria-invalid=move || (!error.get().is_empty()).then_some("true")
                    on:input=move |_| {
                        refused.set(false);
                        if value("code").chars().filter(char::is_ascii_digit).count() == 6 {
                            verify();
                        }
                    }
                />
                <Message id="code-message" text=error />
                <button
                    class="primary"
                    type="submit"
                    aria-busy=move || busy.get().then_some("true")
                >
                    {words.sign_in}
                </button>
            </form>
        }
    });
    let message = (!has_code).then(|| view! { <Message id="code-message" text=error /> });
    view! {
        {code_form}
        {message}
        <p class="message" role="status">
            {move || trouble.get()}
        </p>
        <form class="again" method="post" action="/actions/resend-passwordless" on:submit=resend>
            <input type="hidden" name="request" value=request />
            <p class="soft" role="timer">
                {move || match expires_in_now.get() {
                    0 => words.expired.clone(),
                    left => counting(&words.works_for, left),
                }}
            </p>
            <button class="secondary" type="submit" disabled=move || resend_in_now.get() != 0>
                {move || match resend_in_now.get() {
                    0 => words.fresh_mail.clone(),
                    left => counting(&words.fresh_mail_in, left),
                }}
            </button>
        </form>
    }
}

//! The script of the "check your inbox" page's forms.

use leptos::{leptos_dom::helpers::set_interval_with_handle, prelude::*, task::spawn_local};
use std::time::Duration;

use super::{
    NOTHING,
    browser::{
        after, digits, focus, go, left, on, on_return, select, set, set_value, shows, text, value,
    },
    message::told,
    words::{CodeWords, counting},
};
use crate::actions::{progress, resend_passwordless, verify_code};

/// Seconds between checks whether the link was opened in another tab.
const LOOK: u64 = 2;
const DIGITS: usize = 6;
/// Seconds before the end in which the page says how long the mail still works.
const LAST_CALL: u64 = 120;

/// Brings the forms of `pages::code` to life: submits the code, asks for a fresh mail, and goes on
/// by itself when the link is opened elsewhere in this browser.
#[island]
pub fn CodeAlive(
    /// Seconds until link and code expire.
    expires_in: u64,
    /// Seconds until the user may ask for another mail.
    resend_in: u64,
    words: CodeWords,
) -> impl IntoView {
    Effect::new(move |_| wake(expires_in, resend_in, words.clone()));
    NOTHING
}

fn wake(expires_in: u64, resend_in: u64, words: CodeWords) {
    let error = told("code-message", "code");
    let CodeWords { sign_in, checking, welcome, offline, .. } = words.clone();
    let steps = StoredValue::new((checking, welcome, offline));
    count_down(expires_in, resend_in, words, error);
    // What the button says while it works: nothing at other times.
    let doing = RwSignal::new(String::new());
    on_return(move || doing.set(String::new()));
    Effect::new(move |_| {
        set("verify", "aria-busy", doing.with(|doing| !doing.is_empty()).then_some("true"));
    });
    shows("verify", sign_in.clone(), move || match doing.get() {
        nothing if nothing.is_empty() => sign_in.clone(),
        doing => doing,
    });
    // The code that was refused last. A complete code is submitted automatically, so pressing the
    // button afterwards must not use up another attempt.
    let refused = RwSignal::new(None);
    let verify = move || {
        let code = value("code");
        if !doing.get_untracked().is_empty() || refused.get_untracked().as_ref() == Some(&code) {
            return;
        }
        let (checking, welcome, offline) = steps.get_value();
        doing.set(checking);
        error.set(String::new());
        spawn_local(async move {
            match verify_code(Some(value("request")), Some(code.clone())).await {
                Ok(next) => {
                    doing.set(welcome);
                    go(&next.location);
                }
                Err(refusal) => {
                    refused.set(refusal.attempts_left.map(|_| code));
                    // No attempts are left: reloaded, the page has no field for the code.
                    if (refusal.status, refusal.retry_after) == (429, None) {
                        go("");
                    }
                    error.set(refusal.said(&offline));
                    doing.set(String::new());
                    focus("code");
                    select("code");
                }
            }
        });
    };
    on("input", "code", move |_| {
        error.set(String::new());
        let digits = digits(&value("code"));
        if digits.len() == DIGITS {
            // Without what was pasted around them they fill the cells.
            set_value("code", &digits.concat());
            verify();
        }
    });
    on("submit", "code-form", move |event| {
        verify();
        event.prevent_default();
    });
}

/// Runs the countdowns of the page, shows whether the mail has trouble, and takes over the form
/// that asks for another.
fn count_down(expires_in: u64, resend_in: u64, words: CodeWords, error: RwSignal<String>) {
    let (expires_at, resend_at) = (after(expires_in), RwSignal::new(after(resend_in)));
    let (works, waits) = (RwSignal::new(expires_in), RwSignal::new(resend_in));
    let tick = move || {
        works.set(left(expires_at));
        waits.set(left(resend_at.get_untracked()));
    };
    let _ = set_interval_with_handle(tick, Duration::from_secs(1));
    let CodeWords { works_for, expired, fresh_mail, fresh_mail_in, offline, .. } = words;
    shows("works-for", text("works-for").trim().to_owned(), move || match works.get() {
        0 => expired.clone(),
        left if left <= LAST_CALL => counting(&works_for, left),
        _ => String::new(),
    });
    Effect::new(move |_| {
        let class = if works.get() == 0 { "primary" } else { "inline" };
        set("fresh-mail", "class", Some(class));
    });
    // The button is drawn enabled: without the script nothing would count down and enable it again.
    shows("fresh-mail", fresh_mail.clone(), move || match waits.get() {
        0 => fresh_mail.clone(),
        left => counting(&fresh_mail_in, left),
    });
    Effect::new(move |_| set("fresh-mail", "disabled", (waits.get() != 0).then_some("")));

    let trouble = RwSignal::new(text("trouble").trim().to_owned());
    shows("trouble", trouble.get_untracked(), move || trouble.get());
    Effect::new(move |_| {
        set("trouble", "class", trouble.with(|trouble| !trouble.is_empty()).then_some("boxed"));
    });
    let look = move || {
        if left(expires_at) == 0 {
            return;
        }
        spawn_local(async move {
            if let Ok(standing) = progress(Some(value("request"))).await {
                trouble.set(standing.trouble.unwrap_or_default());
                standing.location.inspect(|location| go(location));
            }
        });
    };
    let _ = set_interval_with_handle(look, Duration::from_secs(LOOK));

    on("submit", "again", move |event| {
        error.set(String::new());
        let offline = offline.clone();
        spawn_local(async move {
            match resend_passwordless(Some(value("request"))).await {
                Ok(next) => go(&next.location),
                Err(refusal) => {
                    if let Some(seconds) = refusal.retry_after {
                        resend_at.set(after(seconds));
                        waits.set(seconds);
                    }
                    error.set(refusal.said(&offline));
                }
            }
        });
        event.prevent_default();
    });
}

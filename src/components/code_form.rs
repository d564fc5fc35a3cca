//! The script of the "check your inbox" page's forms.

use leptos::{leptos_dom::helpers::set_interval_with_handle, prelude::*};
use std::time::Duration;

use super::{
    NOTHING,
    browser::{
        after, data, digits, focus, go, keep, left, on, on_return, select, set, set_value, shows,
        text, value, work,
    },
    message::told,
    words::counting,
};
use crate::{
    actions::{progress, resend_passwordless, verify_code},
    wire::Standing,
};

/// Seconds between checks whether the link was opened in another tab.
const POLL_SECONDS: u64 = 2;
const DIGITS: usize = 6;
/// Seconds before the end in which the page says how long the mail still works.
const LAST_CALL: u64 = 120;

/// Brings the forms of `pages::code` to life: submits the code, asks for a fresh mail, and goes on
/// by itself when the link is opened elsewhere in this browser.
#[island]
pub fn CodeAlive() -> impl IntoView {
    keep(wake);
    NOTHING
}

/// Returns a word of the page. They are in the form that asks for another mail, which every page has.
fn word(name: &str) -> String {
    data("again", name)
}

/// Returns the seconds that the page gives, at the time it was drawn.
fn seconds(name: &str) -> u64 {
    word(name).parse().unwrap_or_default()
}

fn wake() {
    let error = told("code-message", "code");
    count_down(error);
    // The words of the button while it works; empty at other times.
    let doing = RwSignal::new(String::new());
    on_return(move || doing.set(String::new()));
    keep(move || {
        set("verify", "aria-busy", doing.with(|doing| !doing.is_empty()).then_some("true"));
    });
    let idle = text("verify");
    shows("verify", idle.clone(), move || match doing.get() {
        nothing if nothing.is_empty() => idle.clone(),
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
        doing.set(word("data-checking"));
        error.set(String::new());
        work(async move {
            match verify_code(Some(value("request")), Some(code.clone())).await {
                Ok(next) => {
                    doing.set(word("data-welcome"));
                    go(&next.location);
                }
                Err(refusal) => {
                    refused.set(refusal.attempts_left.map(|_| code));
                    // No attempts are left: reloaded, the page has no field for the code.
                    if (refusal.status, refusal.retry_after) == (429, None) {
                        go("");
                    }
                    error.set(refusal.said(&word("data-offline")));
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
fn count_down(error: RwSignal<String>) {
    let (expires_in, resend_in) = (seconds("data-expires-in"), seconds("data-resend-in"));
    let (expires_at, resend_at) = (after(expires_in), RwSignal::new(after(resend_in)));
    let (works, waits) = (RwSignal::new(expires_in), RwSignal::new(resend_in));
    let tick = move || {
        works.set(left(expires_at));
        waits.set(left(resend_at.get_untracked()));
    };
    let _ = set_interval_with_handle(tick, Duration::from_secs(1));
    shows("works-for", text("works-for").trim().to_owned(), move || match works.get() {
        0 => word("data-expired"),
        left if left <= LAST_CALL => counting(&word("data-works-for"), left),
        _ => String::new(),
    });
    keep(move || {
        let class = if works.get() == 0 { "primary" } else { "inline" };
        set("fresh-mail", "class", Some(class));
    });
    // The button is drawn enabled: without the script nothing would count down and enable it again.
    let fresh_mail = text("fresh-mail");
    shows("fresh-mail", fresh_mail.clone(), move || match waits.get() {
        0 => fresh_mail.clone(),
        left => counting(&word("data-fresh-mail-in"), left),
    });
    keep(move || {
        let disabled = (waits.get() != 0).then_some("");
        set("fresh-mail", "disabled", disabled);
        set("all-the-same", "disabled", disabled);
    });

    let standing = RwSignal::new(text("standing").trim().to_owned());
    shows("standing", standing.get_untracked(), move || standing.get());
    let poll = move || {
        if left(expires_at) == 0 {
            return;
        }
        work(async move {
            if let Ok(Standing { location, trouble, may_try, is_sent }) =
                progress(Some(value("request"))).await
            {
                let sent = is_sent.then(|| word("data-sent"));
                let calm = sent.as_ref().map(|_| "hint soft");
                set("standing", "class", trouble.as_ref().map(|_| "boxed").or(calm));
                set("try-again", "hidden", (!may_try).then_some(""));
                standing.set(trouble.or(sent).unwrap_or_default());
                location.inspect(|location| go(location));
            }
        });
    };
    let _ = set_interval_with_handle(poll, Duration::from_secs(POLL_SECONDS));

    on("submit", "again", move |event| {
        error.set(String::new());
        work(async move {
            match resend_passwordless(Some(value("request"))).await {
                Ok(next) => go(&next.location),
                Err(refusal) => {
                    if let Some(seconds) = refusal.retry_after {
                        resend_at.set(after(seconds));
                        waits.set(seconds);
                    }
                    error.set(refusal.said(&word("data-offline")));
                }
            }
        });
        event.prevent_default();
    });
}

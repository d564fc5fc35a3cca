//! GET `/login/code`: check your inbox.

use leptos::prelude::*;

use super::{
    frame::{Frame, address, load, refusal},
    webmail,
};
use crate::{
    components::{BLANK, CodeAlive, Message},
    server::{
        auth::{mail_standing, matching},
        ground::{error::Error, mode::Mode, words::say},
        http::{cookies::handle, page_context::PageContext},
        store::Ended,
        values::destination::with_query,
    },
};

#[component]
pub fn CodePage() -> impl IntoView {
    load(Box::pin(code_page()))
}

async fn code_page() -> Result<AnyView, Error> {
    let context = PageContext::current()?;
    let named = context.query("request");
    let Some(pending) = context.pending(named.as_deref()).await? else {
        // A user sent here by the sign-in page, but without its cookie, has cookies turned off.
        if named.is_some() {
            return Ok(over(&context, say!("no-cookie-title"), say!("no-cookie"), "/login"));
        }
        context.redirect("/login");
        return Ok(().into_any());
    };
    if matching::is_approved(&context.state.auth, &pending) && !context.caller.only_looks {
        let requester = context.requester_with_session().await?;
        match matching::finish_window(&context.state.auth, &pending, &requester).await? {
            Some(signed_in) => {
                let cookies = context.state.cookies.signed_in(&signed_in);
                cookies.into_iter().for_each(|cookie| context.set_cookie(cookie));
                context.redirect(&signed_in.destination);
            }
            // Another tab was faster: asked again, the page goes on, or says why it is over.
            None => context.redirect(&context.location),
        }
        return Ok(().into_any());
    }
    if let Some(onward) = context.onward(&pending).await? {
        context.redirect(&onward);
        return Ok(().into_any());
    }
    let afresh = with_query("/login", "next", &pending.destination);
    if let Some(ended) = pending.ended() {
        let why = match ended {
            Ended::SignedIn | Ended::Refused => say!("sign-in-over-used"),
            Ended::Superseded => say!("sign-in-over-superseded"),
            Ended::Cancelled => say!("sign-in-over-cancelled"),
        };
        return Ok(over(&context, say!("sign-in-over"), why, &afresh));
    }
    let (expires_in, resend_in) = context.waits(&pending);
    let mail =
        mail_standing::of_request(&context.state.auth, &pending, &context.requester()).await?;
    let auth = &context.policy().auth;
    let mode = auth.mode.left_of(&pending.mode).unwrap_or(Mode::Link);
    let is_off = pending.is_switched_off(auth.code_tries) && mode.has_code();
    let error = match context.flash().error {
        Some(error) => error.message,
        None if is_off => {
            Error::TooManyAttempts { instead: mode.instead_of_code(true) }.to_string()
        }
        None => String::new(),
    };
    let request = handle(&pending.id);
    // The address itself is not in the URL: it would end up in histories and logs.
    let change = format!("{afresh}&request={request}");
    let has_code = mode.has_code() && !is_off;
    let how = match (mode.has_link(), has_code) {
        (true, true) => say!("sent-both"),
        (true, false) => say!("sent-link"),
        (false, true) => say!("sent-code"),
        (false, false) => String::new(),
    };
    let number = matching::shown(&context.state.auth, &pending).map(|number| {
        view! {
            <p class="number">
                {say!("match-number-here")} " " <strong translate="no">{number}</strong>
            </p>
        }
    });
    let webmail = webmail::of(&pending.address).map(|(name, href)| {
        view! {
            <p>
                <a class="primary" href=href target="_blank" rel="noopener noreferrer">
                    {say!("open-webmail", webmail = name)}
                </a>
            </p>
        }
    });
    Ok(view! {
        <Frame title=say!("check-your-inbox")>
            <h1>{say!("check-your-inbox")}</h1>
            <p>{how}</p>
            <p class="sent-to">
                <span class="soft">{say!("sent-to")}</span>
                {address(&pending.address)}
                <a href=change>{say!("change")}</a>
            </p>
            {webmail}
            {has_code.then(|| code_form(request.clone(), error.clone()))}
            {(!has_code).then(|| boxed(error))}
            {number}
            {standing(mail.is_sent, mail.trouble)}
            {all_the_same_form(request.clone(), mail.may_try)}
            {again_form(request, expires_in, resend_in)}
            <CodeAlive />
        </Frame>
    }
    .into_any())
}

/// A page that says why there is nothing to wait for, with a link to ask for a new email.
fn over(context: &PageContext, heading: String, why: String, way_on: &str) -> AnyView {
    let (refused, way_on) = (refusal(context), way_on.to_owned());
    view! {
        <Frame title=heading.clone()>
            <h1>{heading}</h1>
            <p>{why}</p>
            {refused}
            <p>
                <a class="primary" href=way_on>
                    {say!("ask-for-fresh-mail")}
                </a>
            </p>
        </Frame>
    }
    .into_any()
}

/// A message about the whole sign-in, in a box of its own.
fn boxed(text: String) -> impl IntoView {
    let class = if text.is_empty() { "" } else { "boxed" };
    view! {
        <p id="code-message" class=class role="alert">
            {text}
        </p>
    }
}

/// The form for the code. `components::CodeAlive` finds its parts, and those of the form below, by
/// their ids.
fn code_form(request: String, error: String) -> impl IntoView {
    view! {
        <form id="code-form" class="form" method="post" action="/actions/verify-code" novalidate>
            <input type="hidden" name="request" value=request />
            <label for="code">{say!("code-from-the-mail")}</label>
            <div class="cells">
                <input
                    id="code"
                    name="code"
                    type="text"
                    inputmode="numeric"
                    autocomplete="one-time-code"
                    autofocus
                    required
                    aria-describedby="code-message"
                    aria-invalid=(!error.is_empty()).then_some("true")
                />
            </div>
            <Message id="code-message" text=error />
            <button id="verify" class="secondary" type="submit">
                {say!("sign-in")}
            </button>
        </form>
    }
}

/// The line that says what became of the mail.
fn standing(is_sent: bool, trouble: String) -> impl IntoView {
    let (class, words) = match (is_sent, trouble.is_empty()) {
        (_, false) => ("boxed", trouble),
        (true, true) => ("hint soft", say!("mail-sent")),
        (false, true) => ("", String::new()),
    };
    view! {
        <p id="standing" class=class role="status">
            {words}
        </p>
    }
}

/// The form that sends a mail although earlier ones came back, shown only then.
fn all_the_same_form(request: String, may_try: bool) -> impl IntoView {
    view! {
        <form id="try-again" class="form" method="post" action="/actions/try-again" hidden=!may_try>
            <input type="hidden" name="request" value=request />
            <button id="all-the-same" class="secondary" type="submit">
                {say!("send-all-the-same")}
            </button>
        </form>
    }
}

/// The form that asks for a fresh mail. Once this one has expired, that is the thing to do.
/// Its attributes hold what `components::CodeAlive` needs to know.
fn again_form(request: String, expires_in: u64, resend_in: u64) -> impl IntoView {
    let (class, expired) = match expires_in {
        0 => ("primary", say!("mail-has-expired")),
        _ => ("inline", String::new()),
    };
    view! {
        <form
            id="again"
            class="again"
            method="post"
            action="/actions/resend-passwordless"
            data-expires-in=expires_in
            data-resend-in=resend_in
            data-works-for=say!("mail-works-for", time = BLANK.to_string())
            data-expired=say!("mail-has-expired")
            data-fresh-mail-in=say!("fresh-mail-in", time = BLANK.to_string())
            data-checking=say!("checking")
            data-welcome=say!("welcome")
            data-offline=say!("offline")
            data-sent=say!("mail-sent")
        >
            <input id="request" type="hidden" name="request" value=request />
            <p class="soft">{say!("nothing-there")}</p>
            <button id="fresh-mail" class=class type="submit">
                {say!("fresh-mail")}
            </button>
            <p id="works-for" class="soft" role="timer">
                {expired}
            </p>
        </form>
    }
}

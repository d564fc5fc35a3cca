//! GET `/login?next=`: the sign-in page.

use leptos::prelude::*;

use super::frame::{Frame, address, load};
use crate::{
    components::{BLANK, LoginAlive, Message},
    server::{
        apps::{
            authorize::Waiting,
            forward_auth::{BEGIN, Wanted},
        },
        auth::session::Session,
        config::{Passwords, SignUp},
        ground::{error::Error, mode::Mode, words::say},
        http::page_context::PageContext,
        values::destination,
    },
};

#[component]
pub fn LoginPage() -> impl IntoView {
    load(Box::pin(login_page()))
}

async fn login_page() -> Result<AnyView, Error> {
    let context = PageContext::current()?;
    let policy = context.policy();
    let (brand, mode) = (policy.brand.name.clone(), policy.auth.mode);
    let next = context.query("next").unwrap_or_default();
    let for_app = app_request(&context, &next).await.unwrap_or_default();
    let for_host = guarded_host(&context, &next);
    let (brand, hint) = match &for_app {
        Some(waiting) => {
            (waiting.app.shown().to_owned(), waiting.ask.login_hint.clone().unwrap_or_default())
        }
        None => match &for_host {
            Some(wanted) => (wanted.host.host.as_str().to_owned(), String::new()),
            None => (brand, String::new()),
        },
    };
    let promise = match mode {
        Mode::Link => say!("promise-link"),
        Mode::Otp => say!("promise-code"),
        Mode::LinkOtp => say!("promise-both"),
    };
    let flash = context.flash();
    // Without the database the form is drawn all the same.
    let email = match flash.typed {
        typed if typed.is_empty() => address_to_change(&context).await.unwrap_or_default(),
        typed => typed,
    };
    let email = if email.is_empty() { hint } else { email };
    // A user who comes for an app has to sign in again, or would not be here.
    let signed_in = match for_app {
        Some(_) => None,
        None => signed_in(&context, &next, for_host).await.unwrap_or_default(),
    };
    let has_left = signed_in.is_none() && context.query("signed_out").is_some();
    // Having to sign in is not an error of the field.
    let (notice, error) = match flash.error {
        Some(error) if error.code == Error::Unauthenticated.code() => {
            (error.message, String::new())
        }
        Some(error) => (String::new(), error.message),
        None if has_left => (say!("signed-out"), String::new()),
        None => Default::default(),
    };
    let notice =
        (!notice.is_empty()).then(|| view! { <p class="notice" role="status">{notice}</p> });
    let passwords = policy.auth.passwords == Passwords::Optional;
    let takes_focus = context.preview.is_none();
    Ok(view! {
        <Frame title=say!("sign-in")>
            <LoginAlive />
            <h1>{say!("sign-in-to", brand = brand)}</h1>
            {signed_in}
            {notice}
            {form(next, email, error, passwords, mode, takes_focus)}
            <p class="soft hint">{promise}</p>
            {for_new_people(policy.auth.sign_up)}
        </Frame>
    }
    .into_any())
}

/// Says to new people how they get in, if not by signing in.
fn for_new_people(sign_up: SignUp) -> Option<AnyView> {
    match sign_up {
        SignUp::Open | SignUp::Closed => None,
        SignUp::Invited => Some(
            view! {
                <p class="soft hint">
                    {say!("new-invited")} " "
                    <a href="/login/invitation">{say!("new-invited-code")}</a>
                </p>
            }
            .into_any(),
        ),
        SignUp::Waitlist => {
            Some(view! { <p class="soft hint">{say!("new-waitlist")}</p> }.into_any())
        }
    }
}

/// Returns the request of an app that the sign-in leads back to, if it does.
async fn app_request(context: &PageContext, next: &str) -> Result<Option<Waiting>, Error> {
    context.app_request(field_of(next, "/oauth/continue", "request").as_deref()).await
}

/// Returns what the sign-in leads to at a guarded host, if it does.
fn guarded_host(context: &PageContext, next: &str) -> Option<Wanted> {
    context.state.apps.wanted_url(&field_of(next, BEGIN, "to")?)
}

/// Returns a parameter of a destination, if that has this path.
fn field_of(next: &str, path: &str, name: &str) -> Option<String> {
    let query = next.strip_prefix(path)?.strip_prefix('?')?;
    let mut query = url::form_urlencoded::parse(query.as_bytes());
    query.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
}

/// Returns the address of the request that the code page's "Change" names, while it waits. Empty
/// for any other: what was typed for a finished sign-in is no business of who comes next.
async fn address_to_change(context: &PageContext) -> Result<String, Error> {
    let Some(named) = context.query("request") else { return Ok(String::new()) };
    let pending = context.pending(Some(&named)).await?;
    let waiting = pending.filter(|pending| {
        pending.ended().is_none() && pending.expires_at > context.state.auth.clock.now()
    });
    Ok(waiting.map(|waiting| waiting.address.as_str().to_owned()).unwrap_or_default())
}

/// Says who is signed in already, with a link to go on, unless it leads to a guarded host that they
/// may not open. The form below it signs in another address.
async fn signed_in(
    context: &PageContext,
    next: &str,
    for_host: Option<Wanted>,
) -> Result<Option<AnyView>, Error> {
    let may_go_on = |session: &Session| {
        for_host.as_ref().is_none_or(|wanted| wanted.host.admits(&session.row.address))
    };
    let session = context.present_session().await?.filter(may_go_on);
    let Some(session) = session else { return Ok(None) };
    let onward = destination::parse(context.state.public_url().url(), Some(next));
    let signed_in = view! {
        <p class="notice">
            {say!("signed-in-already")} " " {address(&session.row.address)} " "
            <a href=onward>{say!("go-on")}</a>
        </p>
    };
    Ok(Some(signed_in.into_any()))
}

/// The form for an address, and for a password if there are passwords. `components::LoginAlive`
/// finds its parts by their ids, and its own words in the form's attributes.
fn form(
    next: String,
    email: String,
    error: String,
    passwords: bool,
    mode: Mode,
    takes_focus: bool,
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
        <form
            id="login"
            class="form"
            method="post"
            action="/actions/sign-in"
            novalidate
            data-sign-in=say!("sign-in")
            data-sending=say!("sending")
            data-sent=say!("sent")
            data-checking=say!("checking")
            data-welcome=say!("welcome")
            data-again-in=say!("try-again-in", time = BLANK.to_string())
            data-did-you-mean=say!("did-you-mean", address = BLANK.to_string())
            data-no-address=Error::InvalidEmail.to_string()
            data-offline=say!("offline")
        >
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
                autofocus=takes_focus
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

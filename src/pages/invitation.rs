//! GET `/login/invitation?token=`: the page of an invitation. Opening it changes nothing; its
//! button accepts. Without a token it asks for the address and the code of the mail.

use leptos::prelude::*;

use super::frame::{Frame, address, load, refusal};
use crate::server::{
    auth::invitation_proofs::{self, Standing},
    ground::{
        clock::seconds_until,
        error::Error,
        words::{duration, say},
    },
    http::page_context::PageContext,
    mail::invitation_variables::inviter,
    store::Invitation,
};

#[component]
pub fn InvitationPage() -> impl IntoView {
    load(Box::pin(invitation_page()))
}

async fn invitation_page() -> Result<AnyView, Error> {
    let context = PageContext::current()?;
    let Some(token) = context.query("token") else { return Ok(code_form(&context)) };
    match invitation_proofs::find(&context.state.auth, &token).await {
        Ok((invitation, Standing::Open)) => Ok(question(&context, &invitation, token)),
        Ok((_, standing)) => Ok(over(&context, standing)),
        Err(Error::LinkInvalid) => {
            context.set_status_of(&Error::LinkInvalid.into());
            Ok(explanation(say!("link-invalid-title"), say!("invitation-link-invalid")))
        }
        Err(error) => Err(error),
    }
}

/// A page that shows who invited whom, and the words that go with it, with a button that signs in
/// this browser.
fn question(context: &PageContext, invitation: &Invitation, token: String) -> AnyView {
    let policy = context.policy();
    let brand = policy.brand.name.as_str();
    let (title, refused) = (say!("invitation-title", brand = brand), refusal(context));
    let by = inviter(&invitation.invited_by, &policy).map(|by| {
        view! {
            <dt>{say!("fact-invited-by")}</dt>
            <dd>{by}</dd>
        }
    });
    let note = Some(invitation.note.clone()).filter(|note| !note.is_empty());
    let note = note.map(|note| view! { <blockquote class="words">{note}</blockquote> });
    let address = address(&invitation.address);
    let left = seconds_until(context.state.auth.clock.now(), invitation.expires_at);
    view! {
        <Frame title=title.clone()>
            <h1>{title}</h1>
            {note}
            <dl class="facts">
                <dt>{say!("fact-address")}</dt>
                <dd>{address}</dd>
                {by}
            </dl>
            {refused}
            <form class="form" method="post" action="/actions/accept-invitation">
                <input type="hidden" name="token" value=token />
                <button class="primary" type="submit">
                    {say!("invitation-accept")}
                </button>
            </form>
            <p class="soft hint">
                {say!("invitation-explained", duration = duration(left))}
            </p>
        </Frame>
    }
    .into_any()
}

/// A page that says why the link lets nobody in, and what to do now.
fn over(context: &PageContext, standing: Standing) -> AnyView {
    let (error, title, sentence) = match standing {
        Standing::Accepted | Standing::Open => {
            (Error::LinkUsed, say!("invitation-accepted-title"), say!("invitation-accepted"))
        }
        Standing::Superseded => {
            (Error::LinkSuperseded, say!("newer-mail-title"), say!("invitation-superseded"))
        }
        Standing::Expired => {
            (Error::InvitationOver, say!("invitation-over-title"), say!("invitation-expired"))
        }
        Standing::Withdrawn => {
            (Error::InvitationOver, say!("invitation-over-title"), say!("invitation-withdrawn"))
        }
    };
    context.set_status_of(&error.into());
    explanation(title, sentence)
}

fn explanation(title: String, sentence: String) -> AnyView {
    view! {
        <Frame title=title.clone()>
            <h1>{title}</h1>
            <p>{sentence}</p>
            <p>
                <a class="primary" href="/login">
                    {say!("sign-in")}
                </a>
            </p>
        </Frame>
    }
    .into_any()
}

/// A page that asks for the address that was invited, and the code of the mail.
fn code_form(context: &PageContext) -> AnyView {
    let (refused, typed) = (refusal(context), context.flash().typed);
    view! {
        <Frame title=say!("invitation-code-title")>
            <h1>{say!("invitation-code-title")}</h1>
            <p>{say!("invitation-code-explained")}</p>
            {refused}
            <form class="form" method="post" action="/actions/accept-invitation-code">
                <label for="email">{say!("address")}</label>
                <input
                    id="email"
                    name="email"
                    type="email"
                    inputmode="email"
                    autocomplete="email"
                    autocapitalize="none"
                    spellcheck="false"
                    required
                    value=typed
                />
                <label class="second" for="code">
                    {say!("code-from-the-mail")}
                </label>
                <input
                    id="code"
                    name="code"
                    type="text"
                    inputmode="numeric"
                    autocomplete="one-time-code"
                    required
                />
                <button class="primary" type="submit">
                    {say!("invitation-accept")}
                </button>
            </form>
        </Frame>
    }
    .into_any()
}

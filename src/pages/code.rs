//! GET `/login/code`: check your inbox.

use leptos::prelude::*;

use super::frame::{Frame, load};
use crate::{
    components::{BLANK, CodeForm, CodeWords},
    error::Error,
    server::{
        page_data::Visit,
        sign_in::{destination::with_query, mode::Mode, request::mail_trouble},
        webmail,
        words::say,
    },
};

#[component]
pub fn CodePage() -> impl IntoView {
    load(Box::pin(code_page()))
}

async fn code_page() -> Result<AnyView, Error> {
    let visit = Visit::current()?;
    let Some(pending) = visit.pending(visit.query("request").as_deref()).await? else {
        visit.redirect("/login");
        return Ok(().into_any());
    };
    if let Some(onward) = visit.onward(&pending).await? {
        visit.redirect(&onward);
        return Ok(().into_any());
    }
    let (expires_in, resend_in) = visit.waits(&pending);
    let trouble = mail_trouble(&visit.state.core, &pending).await?.unwrap_or_default();
    let is_off = pending.is_switched_off(visit.policy().auth.code_tries);
    let error = match visit.flash().error {
        Some(error) => error.message,
        None if is_off => Error::TooManyAttempts.to_string(),
        None => String::new(),
    };
    let request = crate::server::cookies::handle(&pending.id);
    let mode: Mode = pending.mode.parse()?;
    let (sent, how) = match mode {
        Mode::Link => (say!("sent-link"), say!("open-it-here")),
        Mode::Otp => (say!("sent-code"), say!("type-it-here")),
        Mode::LinkOtp => (say!("sent-both"), say!("open-or-type")),
    };
    let has_code = mode.has_code() && !is_off;
    let change = with_query("/login", "next", &pending.destination);
    let webmail = webmail::of(&pending.address).map(|(name, href)| {
        view! {
            <p>
                <a class="secondary" href=href target="_blank" rel="noopener noreferrer">
                    {say!("open-webmail", webmail = name)}
                </a>
            </p>
        }
    });
    let address = pending.address;
    Ok(view! {
        <Frame title=say!("check-your-inbox")>
            <h1>{say!("check-your-inbox")}</h1>
            <p>{sent} " " <strong class="address">{address}</strong> ". " <a href=change>{say!("change")}</a></p>
            <p class="soft">{how}</p>
            {webmail}
            <CodeForm request expires_in resend_in trouble error has_code words=words() />
            <p class="soft hint">{say!("nothing-there")}</p>
        </Frame>
    }
    .into_any())
}

fn words() -> CodeWords {
    CodeWords {
        code: say!("code-from-the-mail"),
        sign_in: say!("sign-in"),
        works_for: say!("mail-works-for", time = BLANK.to_string()),
        expired: say!("mail-has-expired"),
        fresh_mail: say!("fresh-mail"),
        fresh_mail_in: say!("fresh-mail-in", time = BLANK.to_string()),
        unreachable: Error::Unavailable.to_string(),
    }
}

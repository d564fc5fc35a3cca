//! GET `/login/code`: check your inbox.

use leptos::prelude::*;

use super::frame::{Frame, load};
use crate::{
    components::CodeForm,
    error::Error,
    server::{
        page_data::Visit,
        sign_in::{mode::Mode, request::mail_trouble},
    },
};

#[component]
pub fn CodePage() -> impl IntoView {
    load(code_page())
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
    let trouble = mail_trouble(&visit.state.core, &pending).await?.unwrap_or_default().to_owned();
    let error = visit.flash().error.map(|error| error.to_string()).unwrap_or_default();
    let request = crate::server::cookies::handle(&pending.id);
    let mode: Mode = pending.mode.parse()?;
    let (sent, how) = match mode {
        Mode::Link => ("We sent a link to ", "Open it in this browser."),
        Mode::Otp => ("We sent a code to ", "Type it here."),
        Mode::LinkOtp => ("We sent a link and a code to ", "Open the link in this browser, or type the code here."),
    };
    let has_code = mode.has_code();
    let change = url::form_urlencoded::Serializer::new("/login?".to_owned()).append_pair("next", &pending.destination).finish();
    let address = pending.address;
    Ok(view! {
        <Frame title="Check your inbox">
            <h1>"Check your inbox"</h1>
            <p>{sent} <strong class="address">{address}</strong> ". " <a href=change>"Change"</a></p>
            <p class="soft">{how}</p>
            <CodeForm request expires_in resend_in trouble error has_code />
            <p class="soft hint">"Nothing there? Look into spam, and check the address above."</p>
        </Frame>
    }
    .into_any())
}

//! GET `/login/not-you?request=`: where a mail leads that surprised its reader. Opening it changes nothing; a press does.

use leptos::prelude::*;

use super::frame::{Frame, load, refusal};
use crate::{
    error::Error,
    server::{
        caller::describe,
        page_data::Visit,
        sign_in::not_you,
        store::AuthRequest,
        words::{ago, say},
    },
};

#[component]
pub fn NotYouPage() -> impl IntoView {
    load(not_you_page())
}

async fn not_you_page() -> Result<AnyView, Error> {
    let visit = Visit::current()?;
    if visit.query("stopped").is_some() {
        return Ok(notice(say!("stopped-title"), say!("stopped-explained")));
    }
    let token = visit.query("request").unwrap_or_default();
    let now = visit.state.core.clock.now();
    match not_you::request(&visit.state.core, &token).await? {
        Some(request) if request.ended().is_none() && now < request.expires_at => Ok(question(&visit, request, token)),
        _ => Ok(notice(say!("too-late-title"), say!("too-late-explained"))),
    }
}

fn notice(heading: String, sentence: String) -> AnyView {
    view! {
        <Frame title=heading.clone()>
            <h1>{heading}</h1>
            <p>{sentence}</p>
        </Frame>
    }
    .into_any()
}

/// Who asked and when, and the button that stops it.
fn question(visit: &Visit, request: AuthRequest, token: String) -> AnyView {
    let refused = refusal(visit);
    let asked = ago(request.created_at, visit.state.core.clock.now());
    let browser = say!("browser-from", browser = describe(&request.user_agent), network = request.ip_prefix.as_str());
    view! {
        <Frame title=say!("not-you-title")>
            <h1>{say!("not-you-title")}</h1>
            <p>{say!("not-you-explained")}</p>
            <dl class="facts">
                <dt>{say!("fact-address")}</dt>
                <dd class="address">{request.address}</dd>
                <dt>{say!("fact-browser")}</dt>
                <dd>{browser}</dd>
                <dt>{say!("fact-when")}</dt>
                <dd>{asked}</dd>
            </dl>
            {refused}
            <form class="form" method="post" action="/actions/stop-sign-in">
                <input type="hidden" name="request" value=token />
                <button class="primary" type="submit">
                    {say!("stop-it")}
                </button>
            </form>
        </Frame>
    }
    .into_any()
}

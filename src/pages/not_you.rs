//! GET `/login/not-you?request=` and `?session=`: where a mail leads that surprised its reader.
//! Opening it changes nothing; a press does.

use leptos::prelude::*;

use super::frame::{Frame, facts, load, refusal};
use crate::{
    error::Error,
    server::{
        page_data::Visit,
        sign_in::not_you::{Found, What},
        words::say,
    },
};

#[component]
pub fn NotYouPage() -> impl IntoView {
    load(Box::pin(not_you_page()))
}

async fn not_you_page() -> Result<AnyView, Error> {
    let visit = Visit::current()?;
    if visit.query("stopped").is_some() {
        return Ok(notice(say!("stopped-title"), say!("stopped-explained")));
    }
    let (what, token) = What::of(visit.query("request"), visit.query("session"));
    Ok(match what.find(&visit.state.core, &token).await? {
        Some(found) => question(&visit, what, token, found),
        None => notice(say!("too-late-title"), say!("too-late-explained")),
    })
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

/// Who began it and when, and a button that ends it.
fn question(visit: &Visit, what: What, token: String, found: Found) -> AnyView {
    let facts = facts(visit, found.address, &found.user_agent, &found.network, found.begun_at);
    let refused = refusal(visit);
    let (explained, press) = match what {
        What::Request => (say!("not-you-explained"), say!("stop-it")),
        What::Session => (say!("not-you-session-explained"), say!("end-that-session")),
    };
    view! {
        <Frame title=say!("not-you-title")>
            <h1>{say!("not-you-title")}</h1>
            <p>{explained}</p>
            {facts}
            {refused}
            <form class="form" method="post" action="/actions/not-you">
                <input type="hidden" name=what.name() value=token />
                <button class="primary" type="submit">
                    {press}
                </button>
            </form>
        </Frame>
    }
    .into_any()
}

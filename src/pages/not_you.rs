//! GET `/login/not-you?request=` and `?session=`: where a mail leads that surprised its reader. Opening it changes nothing; a press
//! does.

use leptos::prelude::*;

use super::frame::{Frame, load, refusal};
use crate::{
    error::Error,
    server::{
        caller::describe,
        clock::Millis,
        page_data::Visit,
        sign_in::not_you,
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
    let core = &visit.state.core;
    let question = match (visit.query("session"), visit.query("request")) {
        (Some(token), _) => not_you::session(core, &token).await?.map(|session| Question {
            explained: say!("not-you-session-explained"),
            press: say!("end-that-session"),
            field: "session",
            token,
            address: session.address,
            user_agent: session.user_agent,
            network: session.ip_prefix,
            at: session.created_at,
        }),
        (None, token) => {
            let token = token.unwrap_or_default();
            not_you::request(core, &token).await?.map(|request| Question {
                explained: say!("not-you-explained"),
                press: say!("stop-it"),
                field: "request",
                token,
                address: request.address,
                user_agent: request.user_agent,
                network: request.ip_prefix,
                at: request.created_at,
            })
        }
    };
    Ok(question.map_or_else(
        || notice(say!("too-late-title"), say!("too-late-explained")),
        |question| question.ask(&visit, core.clock.now()),
    ))
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

/// What can be stopped, and who began it.
struct Question {
    explained: String,
    press: String,
    field: &'static str,
    token: String,
    address: String,
    user_agent: String,
    network: String,
    at: Millis,
}

impl Question {
    fn ask(self, visit: &Visit, now: Millis) -> AnyView {
        let refused = refusal(visit);
        let browser = say!("browser-from", browser = describe(&self.user_agent), network = self.network.as_str());
        view! {
            <Frame title=say!("not-you-title")>
                <h1>{say!("not-you-title")}</h1>
                <p>{self.explained}</p>
                <dl class="facts">
                    <dt>{say!("fact-address")}</dt>
                    <dd class="address">{self.address}</dd>
                    <dt>{say!("fact-browser")}</dt>
                    <dd>{browser}</dd>
                    <dt>{say!("fact-when")}</dt>
                    <dd>{ago(self.at, now)}</dd>
                </dl>
                {refused}
                <form class="form" method="post" action="/actions/not-you">
                    <input type="hidden" name=self.field value=self.token />
                    <button class="primary" type="submit">
                        {self.press}
                    </button>
                </form>
            </Frame>
        }
        .into_any()
    }
}

//! GET `/forward-auth/stopped?to=`: says why a host that a proxy guards has not let somebody in.

use leptos::prelude::*;

use super::frame::{Frame, address, load};
use crate::server::{
    apps::forward_auth::BEGIN,
    ground::{error::Error, words::say},
    http::page_context::PageContext,
    values::destination::with_query,
};

#[component]
pub fn GuardedHostPage() -> impl IntoView {
    load(Box::pin(guarded_host_page()))
}

async fn guarded_host_page() -> Result<AnyView, Error> {
    let context = PageContext::current()?;
    let to = context.query("to").unwrap_or_default();
    let Some(wanted) = context.state.apps.wanted_url(&to) else {
        return Err(Error::invalid(say!("detail-no-guarded-host")));
    };
    let (url, host) = (wanted.url(), wanted.host.host.as_str().to_owned());
    let session = context.present_session().await?;
    let kept_out = session.filter(|session| !wanted.host.admits(&session.row.address));
    let Some(session) = kept_out else {
        let heading = say!("host-again-title", host = host.as_str());
        return Ok(view! {
            <Frame title=heading.clone()>
                <h1>{heading}</h1>
                <p>{say!("host-again-explained", host = host)}</p>
                <a class="primary" href=url>
                    {say!("host-again")}
                </a>
            </Frame>
        }
        .into_any());
    };
    let heading = say!("host-refused-title", host = host.as_str());
    // A sign-in with another address ends the session of this one.
    let other = with_query("/login", "next", &with_query(BEGIN, "to", &url));
    Ok(view! {
        <Frame title=heading.clone()>
            <h1>{heading}</h1>
            <p>{say!("signed-in-already")} " " {address(&session.row.address)}</p>
            <p>{say!("host-refused-explained", host = host)}</p>
            <a class="primary" href=other>
                {say!("host-refused-other")}
            </a>
        </Frame>
    }
    .into_any())
}

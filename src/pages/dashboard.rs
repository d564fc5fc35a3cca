//! GET `/dashboard`: who you are.

use leptos::prelude::*;

use super::{TroublePage, frame::Frame};
use crate::{error::Error, server::page_data::Visit};

#[component]
pub fn DashboardPage() -> impl IntoView {
    // The guard has run: without a session nobody gets here.
    let Some(session) = Visit::current().ok().and_then(|visit| visit.session) else {
        return view! { <TroublePage error=Error::Unauthenticated /> }.into_any();
    };
    view! {
        <Frame title="Dashboard">
            <h1>"You are signed in"</h1>
            <p>"As " <strong class="address">{session.row.address}</strong></p>
            <div class="actions">
                <form method="post" action="/actions/sign-out">
                    <button class="primary" type="submit">"Sign out"</button>
                </form>
                <form method="post" action="/actions/sign-out">
                    <input type="hidden" name="everywhere" value="true" />
                    <button class="secondary" type="submit">"Sign out everywhere"</button>
                </form>
            </div>
        </Frame>
    }
    .into_any()
}

//! Previews of the sign-in page and of the mail, with the values of the form that are not in force.
//! Each is a frame without scripts and forms.

use leptos::prelude::*;

use super::Shown;
use crate::server::{
    desk::steer::try_out,
    ground::words::{say, speaking},
    http::{
        desk_door::{PREVIEW_OF_MAIL, PREVIEW_OF_PAGE},
        edited,
        page_context::PageContext,
    },
};

/// Draws the previews that a group changes.
pub fn previews(context: &PageContext, shown: &Shown) -> impl IntoView + use<> {
    let page = ["auth", "brand"].contains(&shown.group);
    let mail = page || shown.group.starts_with("mail");
    let page = page.then(|| {
        view! {
            <h3>{say!("desk-steer-page")}</h3>
            {pair(PREVIEW_OF_PAGE, shown)}
        }
    });
    let mail = mail.then(|| {
        let subject = say!("desk-steer-subject", subject = subject(context, shown));
        view! {
            <h3>{say!("desk-steer-mail")}</h3>
            <p class="soft">{subject}</p>
            {pair(PREVIEW_OF_MAIL, shown)}
        }
    });
    (page.is_some() || mail.is_some())
        .then(|| view! { <div class="desk-previews">{page} {mail}</div> })
}

/// The same preview on a light and on a dark screen.
fn pair(path: &str, shown: &Shown) -> impl IntoView + use<> {
    let frame = |scheme: &str, name: String| {
        let fields = [("scheme", scheme), ("language", shown.language.tag())];
        let source = format!("{path}?{}", edited::query(&fields, &shown.edits));
        // Of the same origin, or its stylesheet would not be sent to it. It runs no scripts.
        view! {
            <figure>
                <figcaption class="soft">{name.clone()}</figcaption>
                <iframe src=source title=name sandbox="allow-same-origin"></iframe>
            </figure>
        }
    };
    view! {
        <div class="desk-pair">
            {frame("light", say!("desk-steer-light"))} {frame("dark", say!("desk-steer-dark"))}
        </div>
    }
}

fn subject(context: &PageContext, shown: &Shown) -> String {
    let (state, (policy, _)) = (&context.state, try_out(&context.state.auth, &shown.edits));
    let now = state.auth.clock.now();
    let mail = speaking(shown.language, || {
        state.templates.sample("sign_in", &policy, &state.from, state.public_url(), now)
    });
    mail.map(|mail| mail.subject).unwrap_or_default()
}

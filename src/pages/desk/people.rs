//! GET `/desk/people?q=`: finding a person.

use leptos::prelude::*;

use super::{
    super::frame::load,
    frame::{DeskFrame, table},
    person::lines,
};
use crate::server::{
    desk::{
        find::{self, Found, Page},
        person::{PEOPLE, path_of},
    },
    ground::{
        clock::Millis,
        error::Error,
        words::{ago, say},
    },
    http::page_context::PageContext,
    values::destination::with_query,
};

#[component]
pub fn PeoplePage() -> impl IntoView {
    load(Box::pin(people_page()))
}

async fn people_page() -> Result<AnyView, Error> {
    let context = PageContext::current()?;
    let (operator, auth) = (context.operator().await?, &context.state.auth);
    let question = context.query("q").unwrap_or_default();
    let after = context.query("after");
    let page = find::find(auth, &operator, &question, after.as_deref()).await?;
    let now = auth.clock.now();
    let is_asked = !question.trim().is_empty();
    let found = is_asked.then(|| results(&page, now));
    let next = page.next.as_deref().map(|next| {
        // A sealed name, of letters that a URL takes as they are.
        let to = format!("{}&after={next}", with_query(PEOPLE, "q", &question));
        view! { <p><a class="next" href=to>{say!("people-more")}</a></p> }
    });
    let events = (!page.events.is_empty()).then(|| {
        view! {
            <section>
                <h2>{say!("people-request")}</h2>
                {lines(&page.events)}
            </section>
        }
    });
    let explained = if page.finds_beginnings {
        say!("people-explained")
    } else {
        say!("people-explained-mapped")
    };
    Ok(view! {
        <DeskFrame title=say!("people")>
            <form class="form" method="get" action=PEOPLE role="search">
                <label for="q">{say!("people-question")}</label>
                <input
                    id="q"
                    name="q"
                    type="search"
                    value=question
                    maxlength="300"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    aria-describedby="q-hint"
                />
                <p id="q-hint" class="soft">
                    {explained}
                </p>
                <button class="primary" type="submit">
                    {say!("people-find")}
                </button>
            </form>
            {found}
            {next}
            {events}
        </DeskFrame>
    }
    .into_any())
}

fn results(page: &Page, now: Millis) -> AnyView {
    if page.people.is_empty() {
        return view! { <p class="notice">{say!("people-nobody")}</p> }.into_any();
    }
    let rows = page.people.iter().map(|found| row(found, now)).collect_view();
    view! {
        {table([say!("desk-address"), say!("person-id"), say!("person-since")], 3, rows.into_any())}
    }
    .into_any()
}

fn row(found: &Found, now: Millis) -> impl IntoView + use<> {
    let masked = found.masked.clone();
    let who = match &found.key {
        Some(key) => view! { <a href=path_of(key)><bdi>{masked}</bdi></a> }.into_any(),
        None => view! {
            <bdi>{masked}</bdi>
            <p class="soft">{say!("people-address-gone")}</p>
        }
        .into_any(),
    };
    let since = match found.since {
        Some(at) => ago(at, now),
        None if found.user_id.is_some() => say!("person-mapped"),
        None => say!("person-no-user"),
    };
    let banned =
        found.is_banned.then(|| view! { <span class="badge">{say!("person-disabled")}</span> });
    view! {
        <tr>
            <th scope="row">{who} {banned}</th>
            <td>
                <bdi>{found.user_id.clone().unwrap_or_else(|| "–".to_owned())}</bdi>
            </td>
            <td>{since}</td>
        </tr>
    }
}

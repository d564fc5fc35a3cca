//! The frame of the desk's pages: its navigation above their content.

use leptos::prelude::*;
use leptos_meta::Title;

use super::super::frame::{refusal, small_print};
use crate::server::{
    config::{desk::Role, test_people::TestPerson},
    desk::{
        operator::{LONGEST_REASON, Operator},
        person::PEOPLE,
        place::{Neighbours, Place},
    },
    ground::words::say,
    http::{
        desk_door::{INVITATIONS, PAGES, STEER, WAITLIST},
        page_context::PageContext,
    },
    values::destination::with_query,
};

/// Pages in the order of the navigation, each with the role that it takes.
fn places() -> [(&'static str, String, Role); 7] {
    [
        (PAGES, say!("desk-now"), Role::Look),
        (PEOPLE, say!("people"), Role::Look),
        (INVITATIONS, say!("desk-invitations"), Role::Look),
        (WAITLIST, say!("desk-waitlist"), Role::Look),
        (STEER, say!("desk-steer"), Role::Look),
        ("/desk/audit", say!("desk-audit"), Role::Look),
        ("/desk/operators", say!("desk-operators"), Role::Look),
    ]
}

/// The frame of a page of the desk.
#[component]
pub fn DeskFrame(#[prop(into)] title: String, children: Children) -> impl IntoView {
    let context = PageContext::current().ok();
    let operator = context.as_ref().and_then(|context| context.at_desk.clone());
    let policy = context.as_ref().map(|context| context.policy()).unwrap_or_default();
    let here = context.as_ref().map(|context| context.location.clone()).unwrap_or_default();
    let role = operator.as_ref().map(|operator| operator.role).unwrap_or_default();
    let path = here.split('?').next().unwrap_or_default().to_owned();
    // The longest path that this page is at or below: `/desk` is above them all.
    let current = places()
        .into_iter()
        .map(|(to, ..)| to)
        .filter(|to| path == *to || path.starts_with(&format!("{to}/")))
        .max_by_key(|to| to.len());
    let links = places().into_iter().filter(|(.., needed)| role >= *needed).map(|(to, name, _)| {
        view! {
            <li>
                <a href=to aria-current=(Some(to) == current).then_some("page")>
                    {name}
                </a>
            </li>
        }
    });
    let is_stale = operator.is_some_and(|operator| !operator.is_fresh);
    let stale = is_stale.then(|| stale_notice(&here));
    let refused = context.as_ref().map(refusal);
    let people = policy.test_people.iter().map(TestPerson::masked).collect::<Vec<_>>().join(", ");
    let test_people = (!people.is_empty()).then(|| {
        view! { <p class="notice">{say!("desk-test-people", people = people)}</p> }
    });
    let heading = title.clone();
    view! {
        <Title text=title />
        <header class="desk-bar">
            <a class="desk-name" href="/desk">
                {policy.brand.name.clone()}
                " "
                <span>{say!("desk")}</span>
            </a>
            <nav aria-label=say!("desk")>
                <ul>{links.collect_view()}</ul>
            </nav>
            <a class="desk-account" href="/dashboard">
                {say!("desk-account")}
            </a>
        </header>
        <main class="desk">
            {test_people} {stale} {refused} <h1>{heading}</h1> {children()}
        </main>
        {small_print(&policy.brand)}
    }
}

/// Says that changes need a fresh sign-in, and leads to it and back.
fn stale_notice(here: &str) -> impl IntoView + use<> {
    let again = with_query("/login", "next", here);
    view! {
        <p class="notice">
            {say!("desk-stale")} " " <a href=again>{say!("desk-sign-in-again")}</a>
        </p>
    }
}

/// The field for an operator's reason, in a form whose fields are labelled by `id`.
pub fn reason_field(id: &str) -> impl IntoView + use<> {
    let (id, hint) = (format!("{id}-reason"), format!("{id}-hint"));
    view! {
        <label for=id.clone()>{say!("desk-reason")}</label>
        <input
            id=id
            name="reason"
            required
            maxlength=LONGEST_REASON
            autocomplete="off"
            aria-describedby=hint.clone()
        />
        <p id=hint class="soft">
            {say!("desk-reason-kept")}
        </p>
    }
}

/// True if the page may show the forms of acts that take `role`.
pub fn may_act(operator: &Operator, role: Role) -> bool {
    operator.role >= role && operator.is_fresh
}

/// Links from a page of events, at `path`, to the pages next to it. Without one there is nothing.
pub fn page_links(path: &str, pages: Neighbours) -> Option<impl IntoView + use<>> {
    let link = |to: String, rel: Option<&'static str>, words: String| {
        view! {
            <li>
                <a href=to rel=rel>
                    {words}
                </a>
            </li>
        }
    };
    let at = |name: &str, place: Place| with_query(path, name, &place.to_string());
    let newest = (!pages.is_newest).then(|| link(path.to_owned(), None, say!("audit-newest")));
    let newer =
        pages.newer.map(|place| link(at("after", place), Some("prev"), say!("audit-newer")));
    let older =
        pages.older.map(|place| link(at("before", place), Some("next"), say!("audit-older")));
    (newest.is_some() || older.is_some()).then(|| {
        view! {
            <nav aria-label=say!("audit-pages")>
                <ul class="pages">{newest} {newer} {older}</ul>
            </nav>
        }
    })
}

/// A table with these names of its columns. Those from `numbers_from` on hold numbers; a column
/// without a name is one of buttons or of names that say what they are.
pub fn table<const N: usize>(
    names: [String; N],
    numbers_from: usize,
    rows: AnyView,
) -> impl IntoView + use<N> {
    let names = names.into_iter().enumerate().map(|(n, name)| {
        let class = (n >= numbers_from).then_some("number");
        match name.is_empty() {
            true => view! { <td></td> }.into_any(),
            false => view! {
                <th scope="col" class=class>
                    {name}
                </th>
            }
            .into_any(),
        }
    });
    view! {
        <div class="desk-table">
            <table>
                <thead>
                    <tr>{names.collect_view()}</tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

//! GET `/desk/audit`: what happened, and which operator did what.

use leptos::prelude::*;

use super::{
    super::frame::load,
    frame::{DeskFrame, page_links, table},
};
use crate::server::{
    desk::{
        audit::{self, ANY_OPERATOR, Asked, Filter, Page},
        operator,
        place::PageAt,
    },
    ground::{clock::rfc_3339, error::Error, user_agent::describe, words::say},
    http::page_context::PageContext,
    store::AuditRow,
    values::{event::Event, network},
};

const PATH: &str = "/desk/audit";

#[component]
pub fn AuditPage() -> impl IntoView {
    load(Box::pin(audit_page()))
}

async fn audit_page() -> Result<AnyView, Error> {
    let context = PageContext::current()?;
    let (operator, auth) = (context.operator().await?, &context.state.auth);
    let (_, query) = context.location.split_once('?').unwrap_or_default();
    let asked = Asked::of_query(query);
    let names = operator::all(auth).await?.into_iter().map(|known| known.name).collect();
    let form = filter_form(&asked, names);
    let shown = match read(&context, &asked) {
        Ok((filter, page)) => events(&audit::page(auth, &operator, &filter, page).await?, &asked),
        Err(error) => {
            context.set_status_of(&error.clone().into());
            view! {
                <p class="boxed" role="alert">
                    {error.to_string()}
                </p>
            }
            .into_any()
        }
    };
    Ok(view! { <DeskFrame title=say!("desk-audit")>{form} {shown}</DeskFrame> }.into_any())
}

fn read(context: &PageContext, asked: &Asked) -> Result<(Filter, PageAt), Error> {
    let filter = Filter::parse(asked, context.state.auth.clock.now())?;
    let (before, after) = (context.query("before"), context.query("after"));
    Ok((filter, PageAt::parse(before.as_deref(), after.as_deref())?))
}

/// Returns a path with these filters.
fn with_filters(path: &str, asked: &Asked) -> String {
    match asked.query() {
        none if none.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

fn filter_form(asked: &Asked, names: Vec<String>) -> impl IntoView + use<> {
    let Asked { event, address, operator, since, until } = asked.clone();
    let events = Event::ALL.into_iter().map(|one| {
        let name = one.name();
        view! { <option selected=name == event>{name}</option> }
    });
    // One who is no operator any more stays chosen.
    let others = [&operator]
        .into_iter()
        .filter(|name| !name.is_empty() && *name != ANY_OPERATOR && !names.contains(name));
    let operators: Vec<String> = others.cloned().chain(names.iter().cloned()).collect();
    let operators = operators.into_iter().map(|name| {
        let is_chosen = name == operator;
        view! {
            <option value=name.clone() selected=is_chosen>
                {name.clone()}
            </option>
        }
    });
    view! {
        <form class="filters" method="get" action=PATH>
            <div>
                <label for="event">{say!("audit-event")}</label>
                <select id="event" name="event">
                    <option value="">{say!("audit-all-events")}</option>
                    {events.collect_view()}
                </select>
            </div>
            <div>
                <label for="operator">{say!("audit-by")}</label>
                <select id="operator" name="operator">
                    <option value="">{say!("audit-by-anybody")}</option>
                    <option value=ANY_OPERATOR selected=operator == ANY_OPERATOR>
                        {say!("audit-by-operators")}
                    </option>
                    {operators.collect_view()}
                </select>
            </div>
            <div>
                <label for="address">{say!("audit-person")}</label>
                <input
                    id="address"
                    name="address"
                    value=address
                    inputmode="email"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                />
            </div>
            {time("since", say!("audit-since"), since)}
            {time("until", say!("audit-until"), until)}
            <button class="primary">{say!("audit-show")}</button>
            <p id="times" class="soft">
                {say!("audit-times")}
            </p>
        </form>
    }
}

/// Returns the field of a time.
fn time(name: &'static str, label: String, value: String) -> impl IntoView + use<> {
    view! {
        <div>
            <label for=name>{label}</label>
            <input id=name name=name value=value autocomplete="off" aria-describedby="times" />
        </div>
    }
}

fn events(page: &Page, asked: &Asked) -> AnyView {
    let pages = page_links(&with_filters(PATH, asked), page.pages);
    if page.events.is_empty() {
        return view! {
            <p class="notice">{say!("audit-none")}</p>
            {pages}
        }
        .into_any();
    }
    let rows = page.events.iter().map(row).collect_view();
    view! {
        {table([say!("audit-at"), say!("audit-event"), say!("audit-person"), say!("audit-by"), say!("audit-where"), say!("audit-request")], 6, rows.into_any())}
        {pages}
        <p>
            {say!("audit-export")}
            " "
            <a href=with_filters("/desk/audit.csv", asked) download="" rel="nofollow">
                "CSV"
            </a>
            ", "
            <a href=with_filters("/desk/audit.jsonl", asked) download="" rel="nofollow">
                "JSON Lines"
            </a>
        </p>
    }
    .into_any()
}

fn row(row: &AuditRow) -> impl IntoView + use<> {
    let at = rfc_3339(row.at);
    let reason = (!row.reason.is_empty()).then(|| {
        view! {
            <p class="soft" dir="auto">
                {row.reason.clone()}
            </p>
        }
    });
    let by = row.operator.clone();
    // An app that called for its user.
    let app = row.app_id.as_ref().filter(|_| by.is_none());
    let app = app.map(|app| view! { <code>{format!("app:{app}")}</code> });
    let note = (!row.note.is_empty()).then(|| {
        view! {
            <p class="soft" dir="auto">
                {row.note.clone()}
            </p>
        }
    });
    let place = (!row.ip_prefix.is_empty()).then(|| network::shown(&row.ip_prefix));
    let agent = (!row.user_agent.is_empty()).then(|| describe(&row.user_agent));
    view! {
        <tr>
            <td>
                <time datetime=at.clone()>{at.clone()}</time>
            </td>
            <th scope="row">
                <code>{row.event.clone()}</code>
                {reason}
            </th>
            <td>
                <bdi>{row.address.clone()}</bdi>
            </td>
            <td>
                <bdi>{by}</bdi>
                {note}
            </td>
            <td>
                {agent}
                <p class="soft">
                    <bdi>{place}</bdi>
                    " "
                    {app}
                </p>
            </td>
            <td>
                <code>{row.request_id.clone()}</code>
            </td>
        </tr>
    }
}

//! GET `/desk/waitlist`: who waits to be let in, those who have waited longest first. `?name=`
//! opens one.

use leptos::prelude::*;

use super::{
    super::frame::{address, load},
    frame::{DeskFrame, may_act, reason_field, table},
    invitations::{note_field, place_in_list},
};
use crate::server::{
    config::desk::Role,
    desk::{
        invitations::{self, AT_ONCE},
        operator::Operator,
    },
    ground::{
        error::Error,
        words::{Language, ago, date, say},
    },
    http::{desk_door::WAITLIST, page_context::PageContext},
    store::Waiting,
    values::{address::masked, destination::with_query},
};

#[component]
pub fn WaitlistPage() -> impl IntoView {
    load(Box::pin(waitlist_page()))
}

async fn waitlist_page() -> Result<AnyView, Error> {
    let context = PageContext::current()?;
    let (auth, operator) = (&context.state.auth, context.operator().await?);
    if let Some(name) = context.query("name") {
        let waiting = invitations::open_waiting(auth, &operator, &name).await?;
        return Ok(one(&operator, &waiting, name));
    }
    let (after, after_name) = place_in_list(context.query("after"), 0);
    let found = invitations::waitlist(auth, &operator, after, &after_name).await?;
    let named = found
        .iter()
        .map(|waiting| invitations::name_of(auth, &waiting.address).map(|name| (waiting, name)));
    let named = named.collect::<Result<Vec<_>, Error>>()?;
    let next = named.last().filter(|_| named.len() == AT_ONCE).map(|(last, name)| {
        let place = format!("{}.{name}", last.first_asked_at);
        view! { <p><a href=with_query(WAITLIST, "after", &place)>{say!("desk-later")}</a></p> }
    });
    let is_empty = named.is_empty().then(|| view! { <p>{say!("desk-nobody-waits")}</p> });
    let rows = named.iter().map(|(waiting, name)| row(&context, waiting, name)).collect_view();
    Ok(view! {
        <DeskFrame title=say!("desk-waitlist")>
            <p class="soft">{say!("desk-waitlist-explained")}</p>
            {table([say!("desk-address"), say!("desk-first-asked"), say!("desk-last-asked"), say!("desk-times")], 3, rows.into_any())}
            {is_empty}
            {next}
        </DeskFrame>
    }
    .into_any())
}

fn row(context: &PageContext, waiting: &Waiting, name: &str) -> impl IntoView + use<> {
    let now = context.state.auth.clock.now();
    view! {
        <tr>
            <th scope="row">
                <a href=with_query(WAITLIST, "name", name)>{masked(waiting.address.as_str())}</a>
            </th>
            <td>{ago(waiting.first_asked_at, now)}</td>
            <td>{ago(waiting.last_asked_at, now)}</td>
            <td class="number">{waiting.times}</td>
        </tr>
    }
}

/// The page of somebody who waits, with their whole address.
fn one(operator: &Operator, waiting: &Waiting, name: String) -> AnyView {
    let form = may_act(operator, Role::Help).then(|| {
        view! {
            <section>
                <h2>{say!("desk-let-in")}</h2>
                <form class="form" method="post" action="/actions/desk-let-in">
                    <input type="hidden" name="name" value=name />
                    {note_field("let-in")}
                    {reason_field("let-in")}
                    <button class="primary" type="submit">
                        {say!("desk-let-in")}
                    </button>
                </form>
            </section>
        }
    });
    let language = Language::of_tag(&waiting.language).unwrap_or_default();
    let address = address(&waiting.address);
    let (first, last) = (date(waiting.first_asked_at), date(waiting.last_asked_at));
    let times = waiting.times;
    view! {
        <DeskFrame title=say!("desk-waits")>
            <p>
                <a href=WAITLIST>{say!("desk-whole-waitlist")}</a>
            </p>
            <dl class="facts">
                <dt>{say!("desk-address")}</dt>
                <dd>{address}</dd>
                <dt>{say!("desk-first-asked")}</dt>
                <dd>{first}</dd>
                <dt>{say!("desk-last-asked")}</dt>
                <dd>{last}</dd>
                <dt>{say!("desk-times")}</dt>
                <dd>{times}</dd>
                <dt>{say!("desk-language")}</dt>
                <dd>{language.name()}</dd>
            </dl>
            {form}
        </DeskFrame>
    }
    .into_any()
}

//! GET `/desk/waitlist`: who waits to be let in, those who have waited longest first. `?key=`
//! opens one.

use leptos::prelude::*;

use super::{
    super::frame::{address, load},
    frame::{DeskFrame, may_act, table},
    invitations::{act_form, note_field},
};
use crate::server::{
    config::desk::Role,
    desk::{
        operator::Operator,
        waitlist::{self, Act},
    },
    ground::{
        error::Error,
        words::{Language, ago, date, say},
    },
    http::{desk_door::WAITLIST, page_context::PageContext},
    store::Waiting,
    values::{address::masked, destination::with_query},
};

/// Path that the forms of acts for somebody who waits are posted to.
const ACT: &str = "/actions/desk-waiting";

#[component]
pub fn WaitlistPage() -> impl IntoView {
    load(Box::pin(waitlist_page()))
}

async fn waitlist_page() -> Result<AnyView, Error> {
    let context = PageContext::current()?;
    let (auth, operator) = (&context.state.auth, context.operator().await?);
    if let Some(key) = context.query("key") {
        let waiting = waitlist::open(auth, &operator, &key).await?;
        return Ok(one(&operator, &waiting, &key));
    }
    let page = waitlist::list(auth, &operator, context.query("after").as_deref()).await?;
    let next = page.next.map(|place| {
        view! { <p><a href=with_query(WAITLIST, "after", &place)>{say!("desk-later")}</a></p> }
    });
    let rows = page.entries.iter().map(|(key, waiting)| row(&context, waiting, key));
    let rows = rows.collect_view().into_any();
    let listed = match page.entries.is_empty() {
        true => view! { <p>{say!("desk-nobody-waits")}</p> }.into_any(),
        false => table(
            [
                say!("desk-address"),
                say!("desk-first-asked"),
                say!("desk-last-asked"),
                say!("desk-times"),
            ],
            3,
            rows,
        )
        .into_any(),
    };
    let removed = context.query("done").filter(|done| done == Act::Remove.name()).map(|_| {
        view! { <p class="notice" role="status">{say!("done-remove")}</p> }
    });
    Ok(view! {
        <DeskFrame title=say!("desk-waitlist")>
            {removed}
            <p class="soft">{say!("desk-waitlist-explained")}</p>
            {listed}
            {next}
        </DeskFrame>
    }
    .into_any())
}

fn row(context: &PageContext, waiting: &Waiting, key: &str) -> impl IntoView + use<> {
    let now = context.state.auth.clock.now();
    view! {
        <tr>
            <th scope="row">
                <a href=with_query(WAITLIST, "key", key)>{masked(waiting.address.as_str())}</a>
            </th>
            <td>{ago(waiting.first_asked_at, now)}</td>
            <td>{ago(waiting.last_asked_at, now)}</td>
            <td class="number">{waiting.times}</td>
        </tr>
    }
}

/// The page of somebody who waits, with their whole address.
fn one(operator: &Operator, waiting: &Waiting, key: &str) -> AnyView {
    let acts = may_act(operator, Role::Help).then(|| {
        let let_in = (Act::LetIn.name(), say!("desk-let-in"));
        let remove = (Act::Remove.name(), say!("desk-remove"));
        let explained = view! { <p>{say!("desk-remove-explained")}</p> };
        view! {
            {act_form(ACT, key, let_in, "primary", note_field("let-in"))}
            {act_form(ACT, key, remove, "secondary", explained)}
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
            {acts}
        </DeskFrame>
    }
    .into_any()
}

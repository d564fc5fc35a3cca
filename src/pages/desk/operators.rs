//! GET `/desk/operators`: who may use the desk, and in which role.

use leptos::prelude::*;

use super::{
    super::frame::{address, load},
    frame::{DeskFrame, table},
};
use crate::server::{
    config::desk::Role,
    desk::operator::{self, Known, NamedBy},
    ground::{error::Error, words::say},
    http::page_context::PageContext,
};

#[component]
pub fn OperatorsPage() -> impl IntoView {
    load(Box::pin(operators_page()))
}

async fn operators_page() -> Result<AnyView, Error> {
    let context = PageContext::current()?;
    let me = context.operator().await?;
    let known = operator::all(&context.state.auth).await?;
    let rows = known.into_iter().map(|known| row(known, &me.name)).collect_view();
    Ok(view! {
        <DeskFrame title=say!("desk-operators")>
            <p class="soft">{say!("desk-operators-explained")}</p>
            {table([say!("desk-address"), say!("desk-role"), say!("desk-named-by")], 3, rows.into_any())}
        </DeskFrame>
    }
    .into_any())
}

fn row(known: Known, me: &str) -> impl IntoView + use<> {
    let is_me = known.name == me;
    let name = match &known.address {
        Some(person) => address(person).into_any(),
        None => view! { <code>{known.name.clone()}</code> }.into_any(),
    };
    let role = match known.role {
        Role::Look => say!("desk-role-look"),
        Role::Help => say!("desk-role-help"),
        Role::Steer => say!("desk-role-steer"),
    };
    let named_by = match known.named_by {
        NamedBy::File => say!("desk-by-file"),
        NamedBy::Command => say!("desk-by-command"),
        NamedBy::App => say!("desk-by-apps"),
    };
    view! {
        <tr>
            <th scope="row">
                {name}
                {is_me.then(|| view! { <span class="badge">{say!("desk-you")}</span> })}
            </th>
            <td>{role}</td>
            <td>{named_by}</td>
        </tr>
    }
}

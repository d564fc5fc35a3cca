//! Lists of the overrides, of those that are left out, and of changes.

use leptos::prelude::*;

use super::{
    super::frame::{reason_field, table},
    fields::set_by,
};
use crate::server::{
    auth::policy::Parts,
    config::overrides::{LeftOut, Override, value_of, values},
    desk::{
        operator::Operator,
        policy::{self, Changes},
    },
    ground::{
        error::Error,
        words::{date, say},
    },
    http::{
        desk_door::{EXPORT, STEER},
        page_context::PageContext,
    },
    store::PolicyChange,
    values::destination::with_query,
};

/// Says which overrides are not in force, and why.
pub fn left_out(parts: &Parts) -> impl IntoView + use<> {
    let one = |out: &LeftOut| view! { <li>{format!("{} {}.", out.key, out.why)}</li> };
    let list = parts.left_out.iter().map(one).collect_view();
    (!parts.left_out.is_empty()).then(|| {
        view! {
            <div class="boxed" role="status">
                <p>{say!("desk-steer-left-out")}</p>
                <ul>{list}</ul>
            </div>
        }
    })
}

/// The overrides beside what the file says, each with a form that takes it back.
pub fn overrides(parts: &Parts, may_act: bool) -> impl IntoView + use<> {
    let base = values(&parts.base);
    let rows = parts.overrides.iter().enumerate().map(|(n, one)| {
        let before = value_of(&base, &one.key);
        row(n, one, before, may_act)
    });
    let rows = rows.collect_view();
    let table = (!parts.overrides.is_empty()).then(|| {
        view! {
            {table([say!("desk-steer-key"), say!("desk-steer-in-file"), say!("desk-steer-laid"), say!("desk-steer-take-back")], 4, rows.into_any())}
            <p>
                <a href=EXPORT download="overrides.toml">
                    {say!("desk-steer-download")}
                </a>
            </p>
        }
        .into_any()
    });
    view! {
        <section>
            <h2>{say!("desk-steer-overrides")}</h2>
            {table.unwrap_or_else(|| view! { <p class="soft">{say!("desk-steer-none")}</p> }.into_any())}
        </section>
    }
}

/// Returns the id of the line of a key's override.
pub fn line_id(key: &str) -> String {
    format!("override-{}", key.replace('.', "-"))
}

fn row(n: usize, one: &Override, before: Option<String>, may_act: bool) -> impl IntoView + use<> {
    let form = may_act.then(|| {
        view! {
            <form class="form" method="post" action="/actions/desk-take-back">
                <input type="hidden" name="key" value=one.key.clone() />
                <input type="hidden" name="seen" value=one.version />
                {reason_field(&format!("back-{n}"))}
                <button class="secondary" type="submit">
                    {say!("desk-steer-take-back")}
                </button>
            </form>
        }
    });
    view! {
        <tr id=line_id(&one.key)>
            <th scope="row">
                <code>{one.key.clone()}</code>
                <p class="soft">{set_by(one)}</p>
            </th>
            <td>
                <code>{value(before)}</code>
            </td>
            <td>
                <code>{one.value.clone()}</code>
            </td>
            <td>{form}</td>
        </tr>
    }
}

fn value(value: Option<String>) -> String {
    value.unwrap_or_else(|| say!("desk-steer-unset"))
}

/// The changes of overrides and of the file, the newest first, a page at a time.
pub async fn changes(
    context: &PageContext,
    operator: &Operator,
    group: &str,
) -> Result<impl IntoView + use<>, Error> {
    let before = context.query("before").and_then(|id| id.parse().ok());
    let found = policy::changes(&context.state.auth, operator, before).await?;
    let Changes { changes, older } = found;
    let older = older.map(|id| {
        let to = with_query(STEER, "group", group);
        view! {
            <p>
                <a href=format!("{to}&before={id}#changes")>{say!("desk-steer-older")}</a>
            </p>
        }
    });
    let is_empty = changes.is_empty();
    let rows = changes.into_iter().map(change).collect_view();
    Ok(view! {
        <section id="changes">
            <h2>{say!("desk-steer-changes")}</h2>
            {is_empty.then(|| view! { <p class="soft">{say!("desk-steer-none")}</p> })}
            {(!is_empty)
                .then(|| {
                    view! {
                        {table([say!("desk-steer-when"), say!("desk-steer-key"), say!("desk-steer-old"), say!("desk-steer-new"), say!("desk-steer-how")], 5, rows.into_any())}
                    }
                })}
            {older}
        </section>
    })
}

fn change(change: PolicyChange) -> impl IntoView + use<> {
    let PolicyChange { at, kind, key, old, new, changed_by, reason, .. } = change;
    let how = match kind.as_str() {
        "set" => say!("desk-steer-was-set", operator = changed_by),
        "taken_back" => say!("desk-steer-was-taken-back", operator = changed_by),
        _ => say!("desk-steer-file"),
    };
    view! {
        <tr>
            <td>{date(at)}</td>
            <th scope="row">
                <code>{key}</code>
            </th>
            <td>
                <code>{value(old)}</code>
            </td>
            <td>
                <code>{value(new)}</code>
            </td>
            <td>{how} <p class="soft">{reason}</p></td>
        </tr>
    }
}

//! Fields of the form: each key with its value, and where that comes from.

use leptos::prelude::*;

use super::{Shown, group_of};
use crate::server::{
    auth::policy::Parts,
    config::{
        overrides::{Override, Place, admitted, place_of, value_of, values},
        steerable::{self, Kind, Steerable},
    },
    ground::words::{date, say},
    http::page_context::PageContext,
};

/// A field before it is drawn.
struct Field {
    id: String,
    name: String,
    value: String,
    kind: Kind,
    is_fixed: bool,
    /// True if an override is there, which an empty value takes back.
    is_over: bool,
    /// Ids of the texts that explain it.
    told_by: String,
    is_wrong: bool,
}

/// The fields of the group that is shown, and of keys of other groups that are edited with them.
pub fn fields(context: &PageContext, shown: &Shown) -> impl IntoView + use<> {
    let parts = context.state.auth.parts();
    let in_force = parts.in_force();
    let values = values(&context.policy());
    let is_edited = |key: &str| shown.edits.iter().any(|edit| edit.key == key);
    steerable::keys()
        .iter()
        .filter(|it| group_of(&it.key) == shown.group || is_edited(&it.key))
        .map(|it| {
            let value = value_of(&values, &it.key);
            one(it, value, shown, &parts, &in_force)
        })
        .collect_view()
}

fn one(
    steerable: &Steerable,
    value: Option<String>,
    shown: &Shown,
    parts: &Parts,
    in_force: &[Override],
) -> impl IntoView + use<> {
    let key = steerable.key.clone();
    let typed = shown.edits.iter().find(|edit| edit.key == key);
    let current = value.map(|value| plain(&value)).unwrap_or_default();
    let value = typed.and_then(|edit| edit.value.clone()).unwrap_or_else(|| current.clone());
    let there = parts.overrides.iter().find(|one| one.key == key);
    // After a refusal the version is still that which the operator saw.
    let seen = typed.and_then(|edit| edit.seen).unwrap_or(there.map_or(0, |one| one.version));
    let locked = admitted(&parts.base, &key).err();
    let fault = shown.faults.iter().find(|fault| fault.key == key).map(|fault| fault.why.clone());
    let id = format!("key-{}", key.replace('.', "-"));
    let (place_id, fault_id) = (format!("{id}-place"), format!("{id}-fault"));
    let field = Field {
        name: format!("values[{key}]"),
        value,
        kind: steerable.kind,
        is_fixed: locked.is_some() || !shown.may_act,
        is_over: there.is_some(),
        told_by: format!("{place_id} {fault_id}"),
        is_wrong: fault.is_some(),
        id: id.clone(),
    };
    let is_sent = !field.is_fixed;
    let place = match place_of(&parts.base, in_force, &key) {
        Place::Default => say!("desk-steer-default"),
        Place::File(Some(line)) => say!("desk-steer-file-line", line = line),
        Place::File(None) => say!("desk-steer-file"),
        Place::Variable(name) => say!("desk-steer-variable", name = name),
        Place::Override(one) => set_by(one),
    };
    let locked = locked.filter(|_| parts.base.origin.variable_of(&key).is_none());
    let fault = fault.map(|why| format!("{key} {why}."));
    view! {
        <div class="desk-field">
            <label for=id>
                <code>{key.clone()}</code>
            </label>
            {input(field)}
            {is_sent
                .then(|| {
                    // A field that still has the value it came with is no edit.
                    view! {
                        <input type="hidden" name=format!("seen[{key}]") value=seen />
                        <input type="hidden" name=format!("was[{key}]") value=current />
                    }
                })}
            <p id=place_id class="soft">
                {place} {locked.map(|why| format!(" ({why})"))}
            </p>
            <p id=fault_id class="error">
                {fault}
            </p>
        </div>
    }
}

/// Says who set an override, when, and why.
pub fn set_by(one: &Override) -> String {
    say!(
        "desk-steer-override",
        operator = one.set_by.as_str(),
        date = date(one.at),
        reason = one.reason.as_str()
    )
}

/// Returns a value of TOML as it is typed: a text without its quotes, a list with commas.
pub fn plain(value: &str) -> String {
    let table = toml::from_str::<toml::Table>(&format!("value = {value}")).ok();
    match table.and_then(|mut table| table.remove("value")) {
        Some(toml::Value::String(text)) => text,
        Some(toml::Value::Array(items)) => {
            let items = items.iter().filter_map(toml::Value::as_str);
            items.collect::<Vec<_>>().join(", ")
        }
        _ => value.to_owned(),
    }
}

fn input(field: Field) -> AnyView {
    let Field { id, name, value, kind, is_fixed, is_over, told_by, is_wrong } = field;
    let is_wrong = is_wrong.then_some("true");
    let choices: &[&str] = match kind {
        Kind::Choice(choices) => choices,
        Kind::Flag => &["true", "false"],
        Kind::List | Kind::Number | Kind::Text => {
            let numeric = (kind == Kind::Number).then_some("numeric");
            return view! {
                <input
                    id=id
                    name=name
                    value=value
                    inputmode=numeric
                    autocomplete="off"
                    dir="auto"
                    disabled=is_fixed
                    aria-describedby=told_by
                    aria-invalid=is_wrong
                />
            }
            .into_any();
        }
    };
    let options = choices.iter().map(|choice| {
        view! {
            <option value=*choice selected=*choice == value>
                {*choice}
            </option>
        }
    });
    let empty = (is_over || value.is_empty()).then(|| {
        view! {
            <option value="" selected=value.is_empty()>
                {say!("desk-steer-take-back")}
            </option>
        }
    });
    view! {
        <select id=id name=name disabled=is_fixed aria-describedby=told_by aria-invalid=is_wrong>
            {options.collect_view()} {empty}
        </select>
    }
    .into_any()
}

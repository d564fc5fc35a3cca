//! GET `/desk/steer`: the policy in force, what operators lay over its file, and how that looks.

mod fields;
mod lists;
mod previews;

use leptos::prelude::*;

use super::{
    super::frame::load,
    frame::{DeskFrame, may_act, reason_field},
};
use crate::server::{
    config::{desk::Role, overrides::Bad, steerable},
    desk::{
        operator::Operator,
        presets::Preset,
        steer::{self, Edit, try_out},
    },
    ground::{
        error::Error,
        words::{Language, language, say},
    },
    http::{desk_door::STEER, edited, page_context::PageContext},
    values::destination::with_query,
};

#[component]
pub fn SteerPage() -> impl IntoView {
    load(Box::pin(steer_page()))
}

/// The content of the page: a group of keys, with what was typed into their form.
struct Shown {
    /// Table of the keys, such as `auth` or `mail.words.de`.
    group: &'static str,
    /// Language of the previews.
    language: Language,
    edits: Vec<Edit>,
    faults: Vec<Bad>,
    may_act: bool,
}

async fn steer_page() -> Result<AnyView, Error> {
    let context = PageContext::current()?;
    let operator = context.operator().await?;
    let shown = shown(&context, &operator);
    let changes = lists::changes(&context, &operator, shown.group).await?;
    let parts = context.state.auth.parts();
    let form = form(&context, &shown);
    Ok(view! {
        <DeskFrame title=say!("desk-steer")>
            <p class="soft">{say!("desk-steer-explained")}</p>
            {(!parts.base.desk.may_steer)
                .then(|| view! { <p class="notice">{say!("desk-steer-closed")}</p> })}
            {lists::left_out(&parts)}
            {groups(&shown)}
            {form}
            {lists::overrides(&parts, shown.may_act)}
            {changes}
        </DeskFrame>
    }
    .into_any())
}

fn shown(context: &PageContext, operator: &Operator) -> Shown {
    let groups = groups_of_keys();
    let wanted = context.query("group").unwrap_or_default();
    let group = groups.iter().find(|group| **group == wanted).or(groups.first());
    let group = group.copied().unwrap_or_default();
    let query = context.location.split_once('?').map_or("", |(_, query)| query);
    let edits = edited::of_query(query);
    let (_, faults) = try_out(&context.state.auth, &edits);
    // Words of a language are best seen in it.
    let named = context.query("language").and_then(|tag| Language::of_tag(&tag));
    let of_group = group.strip_prefix("mail.words.").and_then(Language::of_tag);
    let language = of_group.or(named).unwrap_or(language());
    Shown { group, language, edits, faults, may_act: may_act(operator, Role::Steer) }
}

/// Returns the tables of the keys that may be overridden, in their order.
fn groups_of_keys() -> Vec<&'static str> {
    let mut groups: Vec<&str> = Vec::new();
    for table in steerable::keys().iter().map(|it| group_of(&it.key)) {
        if !groups.contains(&table) {
            groups.push(table);
        }
    }
    groups
}

/// Returns the table of a key.
fn group_of(key: &str) -> &str {
    key.rsplit_once('.').map_or(key, |(table, _)| table)
}

/// Returns the address of this page with a change filled in; `None` if it is too long for one.
pub fn filled_in(preset: &Preset) -> Option<String> {
    match preset {
        Preset::Edits(edits) => {
            let group = group_of(&edits.first()?.key);
            let query = edited::whole_query(&[("group", group)], edits)?;
            Some(format!("{STEER}?{query}"))
        }
        Preset::TakeBack(key) => {
            let to = with_query(STEER, "group", group_of(key));
            Some(format!("{to}#{}", lists::line_id(key)))
        }
    }
}

fn groups(shown: &Shown) -> impl IntoView + use<> {
    let link = |group: &'static str| {
        let to = format!("{STEER}?{}", edited::query(&[("group", group)], &[]));
        let current = (group == shown.group).then_some("page");
        view! {
            <li>
                <a href=to aria-current=current>
                    <code>{group}</code>
                </a>
            </li>
        }
    };
    view! {
        <nav class="desk-groups" aria-label=say!("desk-steer-groups")>
            <ul>{groups_of_keys().into_iter().map(link).collect_view()}</ul>
        </nav>
    }
}

/// The form of a group. Its first button shows the values without applying them: it only looks, so
/// it is a GET of this page.
fn form(context: &PageContext, shown: &Shown) -> impl IntoView + use<> {
    let is_edited = steer::would_change(&context.state.auth, &shown.edits);
    let edited = is_edited.then(|| {
        view! {
            <p class="notice" role="status">
                {say!("desk-steer-edited")}
            </p>
        }
    });
    let languages = Language::ALL.into_iter().map(|one| {
        view! {
            <option value=one.tag() selected=one == shown.language lang=one.tag()>
                {one.name()}
            </option>
        }
    });
    let acts = shown.may_act.then(|| {
        view! {
            {reason_field("steer")}
            <button class="primary" type="submit">
                {say!("desk-steer-apply")}
            </button>
        }
    });
    view! {
        <section class="desk-steer">
            <form class="form" method="post" action="/actions/desk-steer">
                <h2>
                    <code>{format!("[{}]", shown.group)}</code>
                </h2>
                {edited}
                <input type="hidden" name="group" value=shown.group />
                {fields::fields(context, shown)}
                <label for="steer-language">{say!("desk-steer-language")}</label>
                <select id="steer-language" name="language">
                    {languages.collect_view()}
                </select>
                <button
                    class="secondary"
                    type="submit"
                    formmethod="get"
                    formaction=STEER
                    formnovalidate
                >
                    {say!("desk-steer-look")}
                </button>
                {acts}
            </form>
            {previews::previews(context, shown)}
        </section>
    }
}

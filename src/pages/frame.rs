//! The parts that pages share: the frame around their content, and pieces of it.

use futures::future::BoxFuture;
use leptos::prelude::*;
use leptos_meta::Title;

use super::ErrorPage;
use crate::server::{
    config::{
        Brand,
        apps::{Scope, Scopes},
    },
    ground::{
        clock::Millis,
        error::Error,
        user_agent::describe,
        words::{Language, ago, language, say},
    },
    http::page_context::PageContext,
    values::{address::Address, network, shown::shown},
};

/// The frame of every page: the brand above one card, and the small print below.
#[component]
pub fn Frame(#[prop(into)] title: String, children: Children) -> impl IntoView {
    let policy = PageContext::current().map(|context| context.policy()).unwrap_or_default();
    let name = policy.brand.name.clone();
    let sign = match policy.brand_files.logo() {
        Some(logo) if policy.brand.logo_has_name => view! { <img src=logo alt=name /> }.into_any(),
        Some(logo) => view! {
            <img src=logo alt="" />
            {name}
        }
        .into_any(),
        // Has a fixed size, so that the name does not move when the image arrives.
        None => view! {
            <img src="/favicon.svg" alt="" width="36" height="36" />
            {name}
        }
        .into_any(),
    };
    view! {
        <Title text=title />
        <main class="page">
            <p class="brand">
                <a href="/">
                    {sign}
                </a>
            </p>
            <div class="card">{children()}</div>
        </main>
        {small_print(&policy.brand)}
    }
}

/// The team's own links, and the other languages of the page.
pub fn small_print(brand: &Brand) -> impl IntoView + use<> {
    let links = [
        (brand.support_link(), say!("support")),
        (brand.terms.clone(), say!("terms")),
        (brand.privacy.clone(), say!("privacy")),
    ];
    let links = links
        .into_iter()
        .filter_map(|(link, name)| link.map(|link| view! { <a href=link>{name}</a> }));
    let languages = Language::ALL.into_iter().map(|one| match one == language() {
        true => view! { <span aria-current="true">{one.name()}</span> }.into_any(),
        false => view! {
            <button class="inline" name="language" value=one.tag() lang=one.tag()>
                {one.name()}
            </button>
        }
        .into_any(),
    });
    let back =
        PageContext::current().map(|context| context.location.to_string()).unwrap_or_default();
    view! {
        <footer class="small-print">
            {links.collect_view()}
            <form method="post" action="/actions/set-language" aria-label=say!("language")>
                <input type="hidden" name="back" value=back />
                {languages.collect_view()}
            </form>
        </footer>
    }
}

/// Renders a page that has to ask the database first. An error there becomes a page, too. Boxed,
/// because the future is large and moved often.
pub fn load(page: BoxFuture<'static, Result<AnyView, Error>>) -> impl IntoView {
    Suspend::new(async move {
        page.await.unwrap_or_else(|error| view! { <ErrorPage error /> }.into_any())
    })
}

/// An address, which breaks nowhere but before its @. Where half of it is too long for a line, the
/// half is cut off with an ellipsis; the title has all of it.
pub fn address(address: &Address) -> impl IntoView + use<> {
    let whole = shown(address);
    let (local, domain) = whole.split_at(whole.rfind('@').unwrap_or(0));
    let (local, domain) = (local.to_owned(), domain.to_owned());
    view! {
        <span class="address" translate="no" title=whole>
            <span>{local}</span>
            <span>{domain}</span>
        </span>
    }
}

/// Lists the facts of a sign-in: the address, the browser and network it was begun in, and the
/// time.
pub fn facts(
    context: &PageContext,
    owner: &Address,
    user_agent: &str,
    ip_prefix: &str,
    begun_at: Millis,
) -> impl IntoView + use<> {
    let place = network::shown(ip_prefix);
    let browser = match ip_prefix == network::DESK {
        // Of an operator nothing more is told.
        true => place,
        false => say!("browser-from", browser = describe(user_agent), place = place),
    };
    view! {
        <dl class="facts">
            <dt>{say!("fact-address")}</dt>
            <dd>{address(owner)}</dd>
            <dt>{say!("fact-browser")}</dt>
            <dd>{browser}</dd>
            <dt>{say!("fact-when")}</dt>
            <dd>{ago(begun_at, context.state.auth.clock.now())}</dd>
        </dl>
    }
}

/// Lists what an app asks for, as people say it.
pub fn asked(scopes: &Scopes) -> impl IntoView + use<> {
    let told = [
        (Scope::Email, say!("consent-email")),
        (Scope::Profile, say!("consent-profile")),
        (Scope::OfflineAccess, say!("consent-offline")),
    ];
    let told = told
        .into_iter()
        .filter_map(|(scope, told)| scopes.has(scope).then(|| view! { <li>{told}</li> }))
        .collect_view();
    view! { <ul>{told}</ul> }
}

/// A page that says what became of something.
pub fn notice(heading: String, sentence: String) -> AnyView {
    view! {
        <Frame title=heading.clone()>
            <h1>{heading}</h1>
            <p>{sentence}</p>
        </Frame>
    }
    .into_any()
}

/// Shows why the last form posted without JavaScript was sent back to this page, if one was.
pub fn refusal(context: &PageContext) -> impl IntoView + use<> {
    context.flash().error.map(|error| {
        view! {
            <p class="boxed" role="alert">
                {error.message}
            </p>
        }
    })
}

//! The document around every page, and the route table of pages.

use leptos::{nonce::use_nonce, prelude::*};
use leptos_axum::ResponseOptions;
use leptos_meta::{MetaTags, Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{FlatRoutes, Route, Router},
    path,
};

use crate::{
    pages::{
        AuditPage, CodePage, ConfirmPage, ConsentPage, DashboardPage, DevicePage, ErrorPage,
        Goodbye, GuardedHostPage, Home, InvitationPage, InvitationsPage, LeavePage, LoginPage,
        NotFound, NotYouPage, NowPage, OperatorsPage, PeoplePage, PersonPage, SteerPage,
        WaitlistPage,
    },
    server::{
        ground::words::{language, say},
        http::{
            desk_door::PREVIEW_STYLE,
            desk_style, edited, headers,
            page_context::{PageContext, Preview},
            state::AppState,
        },
    },
};

/// Script that reloads a private page restored by Back or Forward: browsers keep pages for that
/// whatever their headers say, and would show this one after the user has signed out, with the
/// address that it names.
const ASK_AGAIN: &str =
    r#"addEventListener("pageshow", event => event.persisted && location.reload())"#;

/// Renders the HTML document.
pub fn shell(state: AppState) -> impl IntoView {
    provide_meta_context();
    let context = PageContext::current().ok();
    let is_private = context.as_ref().is_some_and(PageContext::is_private);
    let is_of_desk = context.as_ref().is_some_and(|context| context.at_desk.is_some());
    let preview = context.as_ref().and_then(|context| context.preview.clone());
    let has_islands = !is_of_desk && preview.is_none();
    let nonce = use_nonce();
    let text = nonce.as_ref().map(ToString::to_string).unwrap_or_default();
    if let Some(response) = use_context::<ResponseOptions>() {
        let is_watching = std::env::var_os("LEPTOS_WATCH").is_some();
        let policy = match preview.is_some() {
            true => headers::CSP_OF_PREVIEW.to_owned(),
            false => headers::csp(&text, is_watching, is_of_desk),
        };
        if let Ok(policy) = policy.parse() {
            response.insert_header(axum::http::header::CONTENT_SECURITY_POLICY, policy);
        }
    }
    let assets = &state.assets;
    let policy = context.as_ref().map_or_else(|| state.auth.policy(), PageContext::policy);
    let (brand, icon) = (policy.brand.name.as_str(), policy.brand_files.icon());
    let stylesheet = match preview {
        Some(preview) => Some(style_of(&preview)),
        None => policy.brand_files.stylesheet(),
    };
    view! {
        <!DOCTYPE html>
        <html lang=language().tag() dir=language().direction()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <meta name="description" content=say!("about-the-page", brand = brand) />
                <link rel="icon" href=icon />
                <link rel="stylesheet" href=assets.css.clone() />
                {stylesheet.map(|href| view! { <link rel="stylesheet" href=href /> })}
                // The desk has a style of its own, and no islands.
                {is_of_desk.then(|| view! { <link rel="stylesheet" href=desk_style::href() /> })}
                {has_islands
                    .then(|| {
                        view! {
                            <script type="module" nonce=text.clone()>
                                {assets.start.clone()}
                            </script>
                        }
                    })}
                {is_private.then(|| view! { <script nonce=text>{ASK_AGAIN}</script> })}
                <AutoReload options=state.leptos_options.clone() />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// Returns the URL of the stylesheet of a page that is tried out.
fn style_of(preview: &Preview) -> String {
    let accent = preview.policy.brand.accent.as_deref().unwrap_or_default();
    let fields = [("scheme", preview.scheme.name()), ("accent", accent)];
    format!("{PREVIEW_STYLE}?{}", edited::query(&fields, &[]))
}

/// The route table of pages.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    // There is no request while the route table is being read.
    let context = PageContext::current().ok();
    let brand =
        context.as_ref().map(|context| context.policy().brand.name.clone()).unwrap_or_default();
    let is_unknown = context.as_ref().is_some_and(|context| context.is_unknown);
    let error = context.and_then(|context| context.error);
    let title = brand.clone();
    view! {
        <Title formatter=move |text: String| {
            escaped(&if text.is_empty() { title.clone() } else { format!("{text} · {title}") })
        } />
        {match error {
            Some(error) => view! { <ErrorPage error /> }.into_any(),
            None if is_unknown => view! { <NotFound /> }.into_any(),
            None => {
                view! {
                    <Router>
                        <FlatRoutes fallback=NotFound>
                            <Route path=path!("/") view=Home ssr=SsrMode::Async />
                            <Route path=path!("/login") view=LoginPage ssr=SsrMode::Async />
                            <Route path=path!("/login/code") view=CodePage ssr=SsrMode::Async />
                            <Route path=path!("/login/confirm") view=ConfirmPage ssr=SsrMode::Async />
                            <Route
                                path=path!("/login/invitation")
                                view=InvitationPage
                                ssr=SsrMode::Async
                            />
                            <Route path=path!("/login/not-you") view=NotYouPage ssr=SsrMode::Async />
                            <Route path=path!("/oauth/consent") view=ConsentPage ssr=SsrMode::Async />
                            <Route path=path!("/oauth/leave") view=LeavePage ssr=SsrMode::Async />
                            <Route path=path!("/device") view=DevicePage ssr=SsrMode::Async />
                            <Route
                                path=path!("/forward-auth/stopped")
                                view=GuardedHostPage
                                ssr=SsrMode::Async
                            />
                            <Route path=path!("/goodbye") view=Goodbye ssr=SsrMode::Async />
                            <Route path=path!("/dashboard") view=DashboardPage ssr=SsrMode::Async />
                            <Route path=path!("/desk") view=NowPage ssr=SsrMode::Async />
                            <Route path=path!("/desk/audit") view=AuditPage ssr=SsrMode::Async />
                            <Route
                                path=path!("/desk/operators")
                                view=OperatorsPage
                                ssr=SsrMode::Async
                            />
                            <Route
                                path=path!("/desk/people")
                                view=PeoplePage
                                ssr=SsrMode::Async
                            />
                            <Route
                                path=path!("/desk/people/:key")
                                view=PersonPage
                                ssr=SsrMode::Async
                            />
                            <Route
                                path=path!("/desk/invitations")
                                view=InvitationsPage
                                ssr=SsrMode::Async
                            />
                            <Route
                                path=path!("/desk/waitlist")
                                view=WaitlistPage
                                ssr=SsrMode::Async
                            />
                            <Route path=path!("/desk/steer") view=SteerPage ssr=SsrMode::Async />
                            <Route path=path!("/desk/*rest") view=NotFound ssr=SsrMode::Async />
                            <Route path=path!("/dashboard/*rest") view=NotFound ssr=SsrMode::Async />
                        </FlatRoutes>
                    </Router>
                }
                    .into_any()
            }
        }}
    }
}

/// Escapes text for the title, which leptos_meta inserts as it is.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

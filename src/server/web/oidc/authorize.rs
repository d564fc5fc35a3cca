//! The authorization endpoint, and the page that a sign-in comes back to.

use crate::server::{
    apps::{
        ask::ResponseMode,
        authorize::{Answer, Refused, Step, path_of},
        denial::Denial,
        params::Params,
    },
    auth::session,
    ground::{error::Error, words::Language},
    http::{caller::Caller, cookies, state::AppState},
    values::destination::with_query,
    web::render,
};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header::CONTENT_SECURITY_POLICY},
    response::{Html, IntoResponse, Redirect, Response},
};
use axum::{body::to_bytes, http::request::Parts};
use minijinja::{AutoEscape, Environment, context};

/// Page that posts an answer to an app by itself (OAuth 2.0 Form Post Response Mode). Without the
/// script the user presses its button.
const FORM_POST: &str = r#"<!doctype html>
<html><head><meta charset="utf-8"><title>{{ title }}</title></head>
<body><form method="post" action="{{ action }}">
{% for field in fields %}<input type="hidden" name="{{ field[0] }}" value="{{ field[1] }}">
{% endfor %}<noscript><button>OK</button></noscript></form>
<script nonce="{{ nonce }}">document.forms[0].submit()</script></body></html>
"#;

/// GET and POST `/oauth/authorize`: keeps the request, and goes on with it.
pub async fn begin(State(state): State<AppState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if parts.method == Method::POST {
        return by_get(&state, parts, body, "/oauth/authorize").await;
    }
    let caller = Caller::of(&state, &parts);
    if caller.only_looks {
        return StatusCode::NO_CONTENT.into_response();
    }
    let begun = match Params::read(parts.uri.query().unwrap_or_default().as_bytes()) {
        Ok(params) => {
            let begun = state.apps.begin(&params, &caller.client()).await;
            begun.map(|id| (id, params))
        }
        Err(denial) => Err(Refused::Here(denial)),
    };
    let (id, params) = match begun {
        Ok(begun) => begun,
        Err(Refused::Here(denial)) => return fault(&state, parts, denial).await,
        Err(Refused::Failed(error)) => {
            return render::error_page(state, error, empty(parts)).await;
        }
        Err(Refused::Back(answer)) => return back(&state, &answer),
    };
    let mut response = Redirect::to(&path_of(&id)).into_response();
    let held = state.cookies.authorizations(&parts.headers);
    cookies::append(response.headers_mut(), state.cookies.hold_authorization(&held, &id));
    // A language of the app's choice, unless the user has chosen one.
    let wanted = params.one("ui_locales").ok().flatten().unwrap_or_default();
    let language = wanted.split(' ').filter_map(|tag| tag.split('-').next());
    if state.cookies.language(&parts.headers).is_none()
        && let Some(language) = language.into_iter().find_map(Language::of_tag)
    {
        cookies::append(response.headers_mut(), state.cookies.set_language(language.tag()));
    }
    response
}

/// Answers a form with a redirect to the same as GET: a form from another site brings no cookie, the
/// redirect after it does.
pub async fn by_get(state: &AppState, parts: Parts, body: Body, path: &str) -> Response {
    let form = to_bytes(body, 65_536).await;
    let form = form.map_err(|_| Denial::request("The form is too long."));
    match form.and_then(|form| super::form(&parts, &form).map(|_| form)) {
        Ok(form) => {
            let query = String::from_utf8_lossy(&form);
            Redirect::to(&format!("{path}?{query}")).into_response()
        }
        Err(denial) => fault(state, parts, denial).await,
    }
}

/// GET `/oauth/continue?request=`: what comes next for the user of this browser.
pub async fn go_on(State(state): State<AppState>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let caller = Caller::of(&state, &parts);
    if caller.only_looks {
        return StatusCode::NO_CONTENT.into_response();
    }
    match next(&state, &caller, parts.uri.query().unwrap_or_default()).await {
        Ok(response) => response,
        Err(denial) => fault(&state, parts, denial).await,
    }
}

async fn next(state: &AppState, caller: &Caller, query: &str) -> Result<Response, Denial> {
    let params = Params::parse(query.as_bytes())?;
    // Only the browser that brought the request goes on with it: a link that is opened elsewhere
    // must not hand that browser's app a code.
    let held = state.cookies.authorizations(&caller.headers);
    let named = params.one("request")?.filter(|named| held.iter().any(|id| id == named));
    let waiting = match named {
        Some(id) => state.apps.waiting(id).await?,
        None => None,
    };
    let Some(waiting) = waiting else {
        return Err(Denial::request(
            "This browser did not begin that sign-in, or it took too long. Go back to the app and \
             start again there.",
        ));
    };
    if params.one("denied")?.is_some() {
        return Ok(back(state, &state.apps.disallow(&waiting).await?));
    }
    let session = caller.session(state).await?;
    let path = waiting.path();
    let mut response = match state.apps.next(&waiting, session.as_ref()).await? {
        Step::SignIn => Redirect::to(&with_query("/login", "next", &path)).into_response(),
        Step::Consent => {
            Redirect::to(&with_query("/oauth/consent", "request", &waiting.id)).into_response()
        }
        Step::Answer(answer) => back(state, &answer),
    };
    // A session that only apps use is in use here, too.
    if let Some(session) = session.filter(|session| session.by_cookie)
        && let Some(token) = session::renew(&state.auth, &session).await?
    {
        let cookie = state.cookies.set_session(&token.jwt, token.ttl);
        cookies::append(response.headers_mut(), cookie);
    }
    Ok(response)
}

/// Sends the browser back to the app with an answer.
fn back(state: &AppState, answer: &Answer) -> Response {
    let Answer { redirect_uri, response_mode, fields } = answer;
    match response_mode {
        ResponseMode::Query => Redirect::to(&answer.url()).into_response(),
        ResponseMode::FormPost => post(state, redirect_uri, fields),
    }
}

fn post(state: &AppState, action: &str, fields: &[(&'static str, String)]) -> Response {
    let nonce = state.auth.random.id().unwrap_or_default();
    let title = &state.auth.policy().brand.name;
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let page = environment.render_str(FORM_POST, context! { action, fields, nonce, title });
    // No form-action: browsers hold the app's own redirects against it, too.
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; base-uri 'none'; frame-ancestors 'none'"
    );
    match (page, HeaderValue::from_str(&policy)) {
        (Ok(page), Ok(policy)) => ([(CONTENT_SECURITY_POLICY, policy)], Html(page)).into_response(),
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Shows a fault that cannot be told to the app, with what its developer has to mend.
pub async fn fault(state: &AppState, parts: Parts, denial: Denial) -> Response {
    let error = match denial.code {
        "temporarily_unavailable" => Error::Unavailable,
        "server_error" => Error::Internal,
        _ => Error::invalid(denial.description),
    };
    render::error_page(state.clone(), error, empty(parts)).await
}

fn empty(parts: Parts) -> Request {
    Request::from_parts(parts, Body::empty())
}

//! All routes, and the layers around them in their order. The paths of pages are in `app`, those of
//! endpoints in `api`, those of server functions in `actions`.

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{
        HeaderValue, Method, StatusCode,
        header::{ALLOW, CACHE_CONTROL, TRANSFER_ENCODING},
    },
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use leptos_axum::{LeptosRoutes, generate_route_list, handle_server_fns_with_context};
use std::time::Duration;
use tower_http::services::{ServeDir, ServeFile};
use tracing::Instrument;

use super::{
    brand_files, canonical, desk_files, desk_previews, dev_mailbox, forward_auth, guard, hooks,
    oidc, ops,
    render::{self, page},
};
use crate::{
    app::App,
    server::{
        api,
        ground::{error::Error, words},
        http::{
            active_request::{ActiveRequest, Place},
            caller,
            correlation::Correlation,
            desk_door, form_posts, grpc,
            head::{self, Head},
            headers, http2,
            measurement::Measurement,
            page_context::{PageContext, Unknown},
            request_reader::{self, Rejected, Rejection},
            respond::{self, ApiError},
            state::AppState,
        },
        values::destination,
        vendor,
    },
};

/// Answer to a client that sends a body too slowly.
const TOO_SLOW: (StatusCode, &str) =
    (StatusCode::REQUEST_TIMEOUT, "The body did not come within 10 s.");
/// Time an answer may take.
const ANSWER_TIME: Duration = Duration::from_secs(5);

/// Returns the server's routes.
pub fn router(state: AppState) -> Router {
    let pages = Router::new().leptos_routes_with_handler(generate_route_list(App), get(page));
    let actions = Router::new()
        .route("/actions/{name}", get(action).post(action))
        .route_layer(from_fn_with_state(state.clone(), form_posts::answer));
    let ops = Router::new()
        .route("/brand.css", get(brand_files::stylesheet))
        .route("/brand-logo", get(brand_files::logo))
        .route("/desk.css", get(brand_files::desk_stylesheet))
        .route(desk_door::PREVIEW_OF_PAGE, get(desk_previews::page))
        .route(desk_door::PREVIEW_OF_MAIL, get(desk_previews::mail))
        .route(desk_door::PREVIEW_STYLE, get(desk_previews::stylesheet))
        .route(desk_door::EXPORT, get(desk_previews::overrides))
        .route("/metrics", get(ops::show_metrics))
        .route("/healthz", get(ops::alive))
        .route("/readyz", get(ops::ready));
    let (apps, hosts) = (oidc::router(&state), forward_auth::router());
    let api = api::router(vendor::routes());
    let (told, files) = (hooks::router(), desk_files::router());
    let routes =
        [pages, actions, api, vendor::router(), apps, hosts, told, files, ops, assets(&state)];
    let mut router = routes.into_iter().fold(Router::new(), Router::merge);
    if state.mailbox.is_some() {
        let mailbox = Router::new()
            .route("/dev/mailbox", get(dev_mailbox::list))
            .route("/dev/mailbox/{number}", get(dev_mailbox::html))
            .route("/dev/mailbox/{number}/source", get(dev_mailbox::source))
            .route_layer(from_fn_with_state(state.clone(), dev_mailbox::for_this_machine));
        router = router.merge(mailbox);
    }
    router.fallback(unknown).layer(from_fn_with_state(state.clone(), around)).with_state(state)
}

/// Middleware around every route. The order of its steps matters. It is a single layer, because the
/// router copies and boxes each layer for each request.
async fn around(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let active = ActiveRequest::begin(&request);
    let is_sound = http2::read_as_http1(&mut request);
    let head = active.head();
    // The connection is closed after a body whose end could be read in two ways, so that nothing
    // after it is read as a request (RFC 9112, 6.1).
    let is_last = request.headers().contains_key(TRANSFER_ENCODING)
        && (head.is_none() || request_reader::has_two_lengths(request.headers(), head));
    let correlation = Correlation::of(&state, &mut request);
    let language = caller::language(state.cookies, request.headers());
    let is_call = grpc::is_call(&request);
    let answer = async {
        match is_sound {
            // Never a page: what is answered without room must be small.
            Ok(()) if !active.has_room() => ApiError(Error::Unavailable).into_response(),
            Ok(()) => answer(&state, request, head, next, active.place()).await,
            Err(refusal) => respond::refused_as(refusal),
        }
    };
    let mut response = words::within(language, answer.instrument(correlation.span())).await;
    if is_call {
        response = vendor::answered(response);
    }
    headers::secure(&state, &mut response);
    correlation.end(&mut response);
    let is_last = is_last || active.is_crowded();
    active.end(response, is_last)
}

/// Refuses a request that no route may see, or returns its route's answer.
async fn answer(
    state: &AppState,
    request: Request,
    head: Option<Head>,
    next: Next,
    place: Place,
) -> Response {
    if let Some(redirect) = canonical::redirect(state, &request) {
        return redirect;
    }
    if !is_known(request.method()) {
        let refusal = next.run(request).await;
        return if refusal.status().is_client_error() { refusal } else { takes_only("GET, HEAD") };
    }
    let request = match state.request_reader.read(request, head).await {
        Ok(request) => request,
        Err(rejected) => return Box::pin(refuse(state, *rejected)).await,
    };
    if headers::is_cross_site(state, &request) && !oidc::is_open(request.uri().path()) {
        let (parts, _) = request.into_parts();
        return render::refusal(state, parts, Error::ForbiddenOrigin).await;
    }
    // Started here so that a slow upload does not count.
    let measurement = Measurement::begin(&state.auth.clock, &request);
    let response = timed(state, request, next, place).await;
    measurement.end(&response);
    response
}

/// Answers a request that was refused while it was read.
async fn refuse(state: &AppState, rejected: Rejected) -> Response {
    match rejected.reason {
        Rejection::Error(error) => render::refusal(state, rejected.parts, error).await,
        Rejection::HeadersTooLarge => respond::refused_as(head::too_large()),
        Rejection::TooSlow => respond::refused_as(TOO_SLOW),
    }
}

/// Serves scripts, styles and images. They are compressed at build time, and cached forever if
/// their names carry a hash.
fn assets(state: &AppState) -> Router<AppState> {
    let options = &state.leptos_options;
    let root = std::path::Path::new(options.site_root.as_ref());
    let folder = ServeDir::new(root.join(options.site_pkg_dir.as_ref()))
        .precompressed_br()
        .precompressed_gzip();
    let caching =
        if options.hash_files { "public, max-age=31536000, immutable" } else { "no-cache" };
    let cached = move |caching: &'static str| {
        from_fn(move |request: Request, next: Next| async move {
            let mut response = next.run(request).await;
            if response.status().is_success() {
                response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(caching));
            }
            response
        })
    };
    let hashed = Router::new()
        .nest_service(options.site_pkg_dir_route_base().trim_end_matches('/'), folder)
        .layer(cached(caching));
    let plain = ["favicon.svg", "robots.txt"].iter().fold(Router::new(), |router, file| {
        let served = ServeFile::new(root.join(file)).precompressed_br().precompressed_gzip();
        router.route_service(&format!("/{file}"), served)
    });
    hashed.merge(plain.layer(cached("public, max-age=86400")))
}

/// Runs a server function.
async fn action(State(state): State<AppState>, request: Request) -> Response {
    let takes: Vec<Method> = methods_of(request.uri().path());
    if takes.is_empty() {
        return respond::no_such_path();
    }
    if !takes.contains(request.method()) {
        return takes_only(if takes.contains(&Method::GET) { "GET, HEAD" } else { "POST" });
    }
    handle_server_fns_with_context(move || PageContext::provide(state.clone()), request)
        .await
        .into_response()
}

/// Returns the methods of the server function at `path`. Empty if there is no such function.
fn methods_of(path: &str) -> Vec<Method> {
    let known = leptos::server_fn::axum::server_fn_paths();
    known.filter_map(|(known, method)| (known == path).then_some(method)).collect()
}

/// Answers an unknown path: with JSON below `/api`, with a page elsewhere. The page does not
/// consult the route table of pages, which decodes percent signs and so may match a path that we
/// did not route and guard.
async fn unknown(state: State<AppState>, mut request: Request) -> Response {
    let path = request.uri().path();
    if path.starts_with("/api/") {
        return respond::no_such_path();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return takes_only("GET, HEAD");
    }
    if let Some(plain) = path.strip_suffix('/').filter(|plain| !plain.is_empty()) {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        let plain = format!("{plain}{query}");
        // Not for `//host/` or `/\host/`: that would be a redirect to another site.
        if destination::parse(state.public_url().url(), Some(&plain)) == plain {
            return Redirect::permanent(&plain).into_response();
        }
    }
    request.extensions_mut().insert(Unknown);
    page(state, request).await
}

/// Answers `unavailable` when a route takes too long: if the database hangs, users must not hang
/// with it. A caller of gRPC may wait for less.
///
/// The work is a task of its own, and goes on without a client that hangs up or waits no longer:
/// cut off between a commit and what follows it, a mail would wait for the end of its lease, and a
/// failure would not be counted.
async fn timed(state: &AppState, request: Request, next: Next, place: Place) -> Response {
    let given = grpc::is_call(&request).then(|| grpc::time_given(request.headers())).flatten();
    let given = given.filter(|given| *given <= ANSWER_TIME);
    // Over before an answer could be there: nothing is begun.
    if given.is_some_and(|given| given < Duration::from_millis(1)) {
        return vendor::late();
    }
    let uri = request.uri().clone();
    let (parts, body) = request.into_parts();
    // Users are shown a page instead, and rendering it needs the request.
    let again = (!render::is_for_programs(uri.path())).then(|| parts.clone());
    let (own, request) = (state.clone(), Request::from_parts(parts, body));
    let work = async move {
        let _place = place;
        guard::protect(&own, request, next).await
    };
    let work = tokio::spawn(words::within(words::language(), work).in_current_span());
    let error = match tokio::time::timeout(given.unwrap_or(ANSWER_TIME), work).await {
        Ok(Ok(response)) => return response,
        Ok(Err(error)) => {
            tracing::error!(path = uri.path(), %error, "a route has failed");
            Error::Internal
        }
        Err(_) if given.is_some() => return vendor::late(),
        Err(_) => {
            tracing::error!(path = uri.path(), "no answer in time");
            Error::Unavailable
        }
    };
    let Some(again) = again else {
        return render::refusal_to_program(uri.path(), error);
    };
    if uri.path().starts_with("/actions/") {
        return form_posts::unanswered(state, form_posts::wants_html(&again.headers), error);
    }
    render::error_page(state.clone(), error, Request::from_parts(again, Body::empty())).await
}

/// True for the methods that some route may take. All others are refused, above all TRACE (ASVS 5.0
/// 13.4.4): the route itself, without the guard, answers with the methods it takes.
fn is_known(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::POST | Method::OPTIONS)
}

/// Answers 405 with the methods that are allowed (RFC 9110, 15.5.6).
fn takes_only(methods: &str) -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, methods)]).into_response()
}

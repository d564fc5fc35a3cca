//! Documents that apps read first (OpenID Connect Discovery 1.0, RFC 8414).

use axum::{
    Json,
    extract::State,
    http::header::CACHE_CONTROL,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::server::{
    apps::{denial::Denial, device_requests::DEVICE_CODE},
    config::apps::Scope,
    ground::{jose::Algorithm, words::Language},
    http::state::AppState,
};

/// Time that anybody may keep these: shorter than a key is published before it signs.
const KEPT: &str = "public, max-age=1800";

/// GET `/.well-known/openid-configuration`
pub async fn describe(State(state): State<AppState>) -> Response {
    let issuer = state.apps.issuer();
    let at = |path: &str| format!("{issuer}{path}");
    let scopes = Scope::ALL.map(Scope::name);
    let languages = Language::ALL.map(Language::tag);
    let methods = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"];
    let proved = &methods[..3];
    let algorithms = Algorithm::ALL.map(Algorithm::name);
    kept(json!({
        "issuer": issuer,
        "authorization_endpoint": at("/oauth/authorize"),
        "token_endpoint": state.apps.token_endpoint(),
        "userinfo_endpoint": at("/oauth/userinfo"),
        "jwks_uri": at("/.well-known/jwks.json"),
        "revocation_endpoint": at("/oauth/revoke"),
        "device_authorization_endpoint": at("/oauth/device_authorization"),
        "introspection_endpoint": at("/oauth/introspect"),
        "end_session_endpoint": at("/oidc/logout"),
        "scopes_supported": scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported":
            ["authorization_code", "refresh_token", "client_credentials", DEVICE_CODE],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algorithms,
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint_auth_methods_supported": proved,
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login", "consent", "select_account", "create"],
        "claims_supported": [
            "sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "sid", "amr",
            "email", "email_verified", "name", "preferred_username",
        ],
        "ui_locales_supported": languages,
        "authorization_response_iss_parameter_supported": true,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "claims_parameter_supported": false,
    }))
}

/// GET `/.well-known/jwks.json`
pub async fn keys(State(state): State<AppState>) -> Response {
    match state.apps.keys.published().await {
        Ok(keys) => kept(keys),
        Err(error) => Denial::from(error).into_response(),
    }
}

fn kept(document: Value) -> Response {
    ([(CACHE_CONTROL, KEPT)], Json(document)).into_response()
}

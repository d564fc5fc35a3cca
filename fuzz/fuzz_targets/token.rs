//! A token is a session only if its row exists, even if our own key signed it.
#![no_main]

use axum::{body::Body, http::Request};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, crypto::sign};
use latchkey::server::ground::keys::Keys;
use latchkey_fuzz::{SECRET, Server};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

fuzz_target!(|parts: (&[u8], &[u8])| {
    let keys = Keys::new(&[SECRET.to_owned()]);
    let text = [parts.0, parts.1].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    let signature =
        sign(text.as_bytes(), &keys.session().next().unwrap().signing, Algorithm::HS256).unwrap();
    let token = format!("{text}.{signature}");
    let request =
        Request::get("/api/auth/session").header("authorization", format!("Bearer {token}"));
    assert_eq!(SERVER.answer(request.body(Body::empty()).unwrap()), 401);
});

//! Whatever our own key signed, it is a session only if its row is there.
#![no_main]

use axum::{body::Body, http::Request};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use latchkey::server::keys::Keys;
use latchkey_fuzz::{SECRET, Server};
use libfuzzer_sys::fuzz_target;
use sha2::Sha256;
use std::sync::LazyLock;

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

fuzz_target!(|parts: (&[u8], &[u8])| {
    let keys = Keys::new(&[SECRET.to_owned()]);
    let text = [parts.0, parts.1].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    let mut mac = Hmac::<Sha256>::new_from_slice(keys.session().next().unwrap()).unwrap();
    mac.update(text.as_bytes());
    let token = format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
    let request = Request::get("/api/auth/session").header("authorization", format!("Bearer {token}"));
    assert_eq!(SERVER.answer(request.body(Body::empty()).unwrap()), 401);
});

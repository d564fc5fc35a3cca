//! The vendor's gRPC service, as its clients call it: every status, the words in its message, and
//! the details that say the same again.

use latchkey::server::{
    ground::clock::SECOND,
    vendor::messages::{
        AuthCredential, HealthCheckRequest, HealthCheckResponse, SendPasswordlessRequest,
        SendPasswordlessResponse, VerifyPasswordLessResponse,
    },
};
use prost::Message;
use std::collections::BTreeMap;

use crate::support::{
    App,
    backend::{
        CALLBACK, Grpc, Refused, SERVICE, asking, for_backends, framed, refusal_in, token_of,
    },
    database::while_nothing_is_written,
};

const SEND: &str = "/scalekit.v1.auth.passwordless.PasswordlessService/SendPasswordlessEmail";
const HEALTH: &str = "/grpc.health.v1.Health/Check";

/// Asserts what a refusal says.
fn says<T: std::fmt::Debug>(refused: Result<T, Refused>, code: i32, word: &str, name: &str) {
    let refused = refused.unwrap_err();
    assert_eq!((refused.code, refused.error_code.as_str()), (code, name), "{refused:?}");
    assert!(refused.message.contains(word), "{refused:?} lacks {word:?}");
}

#[tokio::test]
async fn a_back_end_sends_and_verifies_by_code_and_by_link() {
    let app = for_backends("").await;
    let wiki = Grpc::of(&app, "wiki").await;
    let sent = wiki.sent("ada@example.com").await;
    assert_eq!((sent.expires_at, sent.expires_in, sent.passwordless_type), (1_767_269_400, 600, 3));
    let mail = app.inbox.first_to("ada@example.com").await;
    assert!(mail.link().starts_with(CALLBACK));
    let proved = wiki.code(mail.code(), &sent.auth_request_id).await.unwrap();
    let of_ada = VerifyPasswordLessResponse {
        email: "ada@example.com".to_owned(),
        state: Some("a state".to_owned()),
        template: Some(1),
        passwordless_type: 3,
    };
    assert_eq!(proved, of_ada);
    says(wiki.code(mail.code(), &sent.auth_request_id).await, 9, "expired", "CODE_EXPIRED");

    let sent = wiki.sent("bea@example.com").await;
    let mail = app.inbox.first_to("bea@example.com").await;
    let alone = wiki.verify(AuthCredential::LinkToken(mail.link_token().to_owned()), None).await;
    says(alone, 3, "auth_request_id is required", "MISSING_FIELD");
    let proved = wiki.link(mail.link_token(), &sent.auth_request_id).await.unwrap();
    assert_eq!(proved.email, "bea@example.com");
    says(wiki.link(mail.link_token(), &sent.auth_request_id).await, 9, "expired", "LINK_USED");
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_sessions").await, 0);
}

#[tokio::test]
async fn messages_are_numbered_as_the_vendors_descriptor_has_them() {
    let app = for_backends("").await;
    let wiki = Grpc::of(&app, "wiki").await;
    // Written by the vendor's client for Python: email, template SIGNUP, URI, state, expires_in,
    // one variable; and a field 99 that no version has.
    let (email, uri) = ("ada@example.com", "http://localhost:8080/v");
    let mut bytes = vec![0x0a, 15];
    bytes.extend(email.as_bytes());
    bytes.extend([0x10, 2, 0x1a, 23]);
    bytes.extend(uri.as_bytes());
    bytes.extend([0x22, 1, b's', 0x28, 0x78, 0x32, 12, 0x0a, 4]);
    bytes.extend(b"plan\x12\x04gold");
    bytes.extend([0x9a, 0x06, 3, 1, 2, 3]);
    let (status, headers, body, trailers) = wiki.raw(SEND, framed(&bytes)).await;
    assert_eq!(
        (status.as_u16(), trailers["grpc-status"].as_bytes()),
        (200, &b"0"[..]),
        "{headers:?}"
    );
    // id, expires_at, expires_in 120, LINK_OTP.
    let id = String::from_utf8(body[7..7 + usize::from(body[6])].to_vec()).unwrap();
    assert_eq!((body[5], body[6]), (0x0a, 22));
    let rest = &body[7 + id.len()..];
    assert_eq!((rest[0], &rest[rest.len() - 4..]), (0x10, &[0x18, 120, 0x20, 3][..]));
    let mail = app.inbox.first_to(email).await;
    assert!(mail.link().starts_with(uri));
    let mut verify = vec![0x0a, 6];
    verify.extend(mail.code().as_bytes());
    verify.extend([0x1a, 22]);
    verify.extend(id.as_bytes());
    let path = format!("{SERVICE}/VerifyPasswordlessEmail");
    let (_, _, body, _) = wiki.raw(&path, framed(&verify)).await;
    let expected = [&[0x0a, 15][..], email.as_bytes(), &[0x12, 1, b's', 0x18, 2, 0x20, 3]].concat();
    assert_eq!(body, framed(&expected));
}

#[tokio::test]
async fn a_wrong_code_is_an_invalid_argument_and_the_same_again_no_further_try() {
    let app = for_backends("").await;
    let wiki = Grpc::of(&app, "wiki").await;
    let sent = wiki.sent("ada@example.com").await;
    let mail = app.inbox.first_to("ada@example.com").await;
    let id = sent.auth_request_id.as_str();
    let wrong = mail.wrong_code();
    let first = wiki.code(wrong, id).await.unwrap_err();
    assert_eq!((first.code, first.error_code.as_str()), (3, "CODE_WRONG"));
    assert!(first.message.contains("invalid") && first.message.contains("4 tries"), "{first:?}");
    for _ in 0..2 {
        assert_eq!(wiki.code(wrong, id).await.unwrap_err(), first);
    }
    for _ in 0..3 {
        says(wiki.code(mail.wrong_code(), id).await, 3, "invalid", "CODE_WRONG");
    }
    says(wiki.code(mail.wrong_code(), id).await, 8, "too many", "TOO_MANY_ATTEMPTS");
    says(wiki.code(mail.code(), id).await, 8, "too many", "TOO_MANY_ATTEMPTS");
    let other = wiki.sent("ada@example.com").await.auth_request_id;
    let mail = app.inbox.nth_to("ada@example.com", 2).await;
    says(wiki.code(mail.code(), &other).await, 8, "too many", "CODES_PAUSED");
    assert!(wiki.link(mail.link_token(), &other).await.is_ok(), "links are never paused");
}

#[tokio::test]
async fn codes_and_links_end_with_their_time_and_with_the_next_mail() {
    let app = for_backends("").await;
    let wiki = Grpc::of(&app, "wiki").await;
    let sent = wiki.sent("ada@example.com").await;
    let id = sent.auth_request_id.as_str();
    let first = app.inbox.first_to("ada@example.com").await;
    says(wiki.resend(id).await, 8, "rate", "RATE_LIMITED");
    app.clock.advance(31 * SECOND);
    let again = wiki.resend(id).await.unwrap();
    assert_eq!((again.auth_request_id.as_str(), again.expires_in), (id, 600));
    let second = app.inbox.nth_to("ada@example.com", 2).await;
    says(wiki.code(first.code(), id).await, 9, "expired", "CODE_SUPERSEDED");
    says(wiki.link(first.link_token(), id).await, 9, "expired", "LINK_SUPERSEDED");
    app.clock.advance(570 * SECOND);
    let wiki = Grpc::of(&app, "wiki").await;
    app.clock.advance(31 * SECOND);
    says(wiki.code(second.code(), id).await, 9, "expired", "CODE_EXPIRED");
    says(wiki.link(second.link_token(), id).await, 9, "expired", "LINK_EXPIRED");
}

#[tokio::test]
async fn what_is_asked_for_has_to_fit_the_descriptor() {
    let app = for_backends("").await;
    let wiki = Grpc::of(&app, "wiki").await;
    let bad = wiki.send(&asking("ada")).await.unwrap_err();
    assert_eq!((bad.code, bad.error_code.as_str()), (3, "INVALID_EMAIL"));
    assert_eq!(bad.fields, ["email"]);
    let with = |change: fn(&mut SendPasswordlessRequest)| {
        let mut request = asking("ada@example.com");
        change(&mut request);
        request
    };
    let nothing = SendPasswordlessRequest::default();
    says(wiki.send(&nothing).await, 3, "email is required", "MISSING_FIELD");
    for request in [
        with(|request| request.template = Some(7)),
        with(|request| request.expires_in = Some(3_601)),
        with(|request| request.state = Some("s".repeat(2_049))),
        with(|request| request.state = Some("nul\0".to_owned())),
        with(|request| request.magiclink_auth_uri = Some("https://evil.example/".to_owned())),
        with(|request| {
            request.magiclink_auth_uri =
                Some(format!("http://localhost:8080/{}", "a".repeat(1_000)));
        }),
        with(|request| {
            request.template_variables = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
        }),
        with(|request| {
            request.template_variables = BTreeMap::from([("link".to_owned(), "b".to_owned())]);
        }),
        with(|request| {
            let pair = |n: u32| (format!("name{n}"), "value".to_owned());
            request.template_variables = (0..31).map(pair).collect();
        }),
    ] {
        says(wiki.send(&request).await, 3, "invalid", "INVALID_REQUEST");
    }
    says(wiki.code("12345", "a").await, 3, "six digits", "INVALID_REQUEST");
    says(wiki.code(&"1".repeat(21), "a").await, 3, "20 characters", "INVALID_REQUEST");
    says(wiki.code("123456", &"a".repeat(201)).await, 3, "200 characters", "INVALID_REQUEST");
    says(wiki.code("123456", "").await, 3, "auth_request_id is required", "MISSING_FIELD");
    says(wiki.code("123456", "nobody").await, 5, "not found", "REQUEST_UNKNOWN");
    says(wiki.code("123456", "nobody\0").await, 3, "invalid", "INVALID_REQUEST");
    says(wiki.link(&"A".repeat(43), "nobody").await, 3, "invalid", "LINK_INVALID");
    says(wiki.link(&"A".repeat(101), "nobody").await, 3, "invalid", "LINK_INVALID");
    says(wiki.resend("nobody").await, 5, "not found", "REQUEST_UNKNOWN");
    says(wiki.resend("").await, 3, "auth_request_id is required", "MISSING_FIELD");
    let shop = Grpc::of(&app, "shop").await;
    let sent = shop.sent("eve@example.com").await;
    let mail = app.inbox.first_to("eve@example.com").await;
    says(wiki.code(mail.code(), &sent.auth_request_id).await, 5, "not found", "REQUEST_UNKNOWN");
}

#[tokio::test]
async fn a_bad_token_alone_is_unauthenticated_and_one_right_token_of_several_is_enough() {
    let app = for_backends("").await;
    let stranger = Grpc::stranger(&app).await;
    says(stranger.send(&asking("ada@example.com")).await, 16, "token", "UNAUTHENTICATED");
    let old = token_of(&app, "wiki").await;
    app.clock.advance(601 * SECOND);
    let late = stranger.and("authorization", &format!("Bearer {old}"));
    says(late.send(&asking("ada@example.com")).await, 16, "token", "UNAUTHENTICATED");
    let new = token_of(&app, "wiki").await;
    let both = late.and("authorization", &format!("Bearer {new}"));
    assert!(both.send(&asking("ada@example.com")).await.is_ok());
    let turned = Grpc::stranger(&app).await;
    let turned = turned.and("authorization", &format!("Bearer {new}"));
    let turned = turned.and("authorization", &format!("Bearer {old}"));
    assert!(turned.send(&asking("ada@example.com")).await.is_ok());
}

#[tokio::test]
async fn what_is_no_message_of_the_service_has_the_status_that_grpc_has_for_it() {
    let app = for_backends("").await;
    let wiki = Grpc::of(&app, "wiki").await;
    let send = async |frame: Vec<u8>| wiki.frame::<SendPasswordlessResponse>(SEND, frame).await;
    let whole = framed(&asking("ada@example.com").encode_to_vec());
    says(send(whole[..whole.len() - 3].to_vec()).await, 13, "", "INTERNAL");
    says(send(whole[..3].to_vec()).await, 13, "", "INTERNAL");
    says(send(Vec::new()).await, 13, "", "INTERNAL");
    says(send(framed(&[0x0a, 50, b'a'])).await, 13, "", "INTERNAL");
    says(send(framed(&[0x0a, 1, 0xff])).await, 13, "", "INTERNAL");
    let mut announced = framed(&[0x0a, 1, b'a']);
    announced[1] = 0x7f;
    says(send(announced).await, 8, "", "RESOURCE_EXHAUSTED");
    says(send(framed(&vec![0; 70_000])).await, 8, "too large", "PAYLOAD_TOO_LARGE");
    says(send(framed(&vec![0; 2_000_000])).await, 8, "too large", "PAYLOAD_TOO_LARGE");
    let mut compressed = whole.clone();
    compressed[0] = 1;
    says(send(compressed.clone()).await, 13, "", "INTERNAL");
    let zipped = Grpc::of(&app, "wiki").await.and("grpc-encoding", "gzip");
    let refused = zipped.frame::<SendPasswordlessResponse>(SEND, compressed).await;
    says(refused, 12, "", "UNIMPLEMENTED");
    for path in [
        format!("{SERVICE}/DeleteEverything"),
        "/scalekit.v1.users.UserService/ListUsers".to_owned(),
        "/grpc.health.v1.Health/Watch".to_owned(),
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo".to_owned(),
    ] {
        let refused = wiki.frame::<SendPasswordlessResponse>(&path, whole.clone()).await;
        says(refused, 12, "no such method", "UNIMPLEMENTED");
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_auth_requests").await, 0);
    for kind in ["application/json", "application/grpc-web", "text/plain"] {
        let odd = Grpc::of(&app, "wiki").await.but("content-type", kind);
        let (status, headers, ..) = odd.raw(SEND, whole.clone()).await;
        assert_eq!(status, 415, "{kind}: a client that knows no gRPC takes 200 for success");
        assert_eq!(refusal_in(&headers).code, 3);
    }
    let plus = Grpc::of(&app, "wiki").await.but("content-type", "application/grpc+proto");
    assert!(plus.send(&asking("ada@example.com")).await.is_ok());
}

#[tokio::test]
async fn a_deadline_that_has_passed_is_answered_as_one() {
    let app = for_backends("").await;
    let hasty = Grpc::of(&app, "wiki").await.and("grpc-timeout", "1n");
    let late = hasty.send(&asking("ada@example.com")).await;
    says(late, 4, "deadline", "DEADLINE_EXCEEDED");
    let patient = hasty.but("grpc-timeout", "20S");
    assert!(patient.send(&asking("ada@example.com")).await.is_ok());
    let brief = patient.but("grpc-timeout", "100m");
    let late = while_nothing_is_written(&app.store, brief.send(&asking("bea@example.com"))).await;
    says(late, 4, "deadline", "DEADLINE_EXCEEDED");
    assert!(brief.but("grpc-timeout", "20S").send(&asking("eve@example.com")).await.is_ok());
    // The call that was begun is finished.
    app.inbox.first_to("bea@example.com").await;
}

#[tokio::test]
async fn no_refusal_in_front_of_a_call_is_one_of_plain_http() {
    let app = for_backends("").await;
    let wiki = Grpc::of(&app, "wiki").await;
    let foreign = Grpc::of(&app, "wiki").await.and("origin", "https://evil.example");
    let refused = foreign.send(&asking("ada@example.com")).await;
    says(refused, 7, "forbidden", "FORBIDDEN_ORIGIN");
    let heavy = Grpc::of(&app, "wiki").await.and("x-heavy", &"x".repeat(40_000));
    let (status, headers, ..) = heavy.raw(SEND, framed(&[])).await;
    // The connection itself refuses such a head before any layer of ours sees it.
    assert!(status == 431 || refusal_in(&headers).code == 8, "{status} {headers:?}");
    app.store.close().await;
    says(wiki.send(&asking("ada@example.com")).await, 14, "unavailable", "UNAVAILABLE");
    let metrics = app.browser();
    let request = metrics.request(reqwest::Method::GET, "/metrics");
    let metrics = metrics.send(request).await.body;
    let line = format!("route=\"{SEND}\",status=\"503\"");
    assert!(metrics.contains(&line), "the metrics count what a call stands for: {metrics}");
}

#[tokio::test]
async fn health_is_told_to_whoever_asks() {
    let mut app = for_backends("").await;
    let prober = Grpc::stranger(&app).await;
    let check = async |service: &str| {
        let request = HealthCheckRequest { service: service.to_owned() };
        prober.frame::<HealthCheckResponse>(HEALTH, framed(&request.encode_to_vec())).await
    };
    assert_eq!(check("").await.unwrap().status, 1);
    assert_eq!(check(&SERVICE[1..]).await.unwrap().status, 1);
    says(check("another").await, 5, "not found", "NOT_FOUND");
    app.worker.abort();
    let (mut status, mut waited) = (1, 0);
    while status == 1 && waited < 200 {
        app.clock.advance(SECOND);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        status = check("").await.unwrap().status;
        waited += 1;
    }
    assert_eq!(status, 2, "without the worker that sends mails it does not serve");
    app.stop().await;
}

#[tokio::test]
async fn a_call_of_http_1_is_answered_as_far_as_http_1_can() {
    let app = App::start().await;
    let program = app.browser();
    let call = program
        .request(reqwest::Method::POST, SEND)
        .header("content-type", "application/grpc")
        .body(framed(&[]));
    let answer = program.send(call).await;
    assert_eq!((answer.status.as_u16(), answer.header("grpc-status")), (200, "16"), "{answer:?}");
    assert_eq!(program.get(SEND).await.status, 405);
}

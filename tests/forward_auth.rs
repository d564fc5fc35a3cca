//! A proxy guards other hosts with our sign-in (`[[forward_auth]]`).

use jsonwebtoken::{Algorithm, decode_header};
use latchkey::server::ground::clock::{MINUTE, SECOND};

use crate::support::{
    App, Browser, GuardedHost, http2_client,
    relying_party::{brought, refusal, verified, with_policy},
};

const WIKI: &str = "wiki.example.com";
const POLICY: &str = r#"
[server]
trusted_proxies = ["127.0.0.1"]
[limits]
mails_per_minute = 1000
mails_per_hour = 1000
[mail]
new_device_notice = false
[[forward_auth]]
host = "wiki.example.com"
only = ["ada@example.com", "bea@example.com"]
[[forward_auth]]
host = "127.0.0.1:8080"
headers = { user = "Remote-User", email = "X-WEBAUTH-USER", assertion = "X-Jwt" }
"#;

async fn guarded() -> App {
    with_policy(POLICY).await
}

/// The path and query here that an absolute URL of this server has.
fn here<'a>(app: &App, url: &'a str) -> &'a str {
    url.strip_prefix(&app.url).unwrap_or_else(|| panic!("{url} is not of {}", app.url))
}

/// Follows a browser that is signed in from a page of a guarded host back to it.
async fn enter(app: &App, browser: &Browser, wiki: &GuardedHost, uri: &str) -> String {
    let begin = wiki.get(uri).await.goes_to().to_owned();
    let entry = browser.get(here(app, &begin)).await.goes_to().to_owned();
    let entry = entry.strip_prefix(&format!("https://{}", wiki.host)).unwrap().to_owned();
    assert_eq!(wiki.check(&entry).await, 401, "nginx sends the browser on with its code");
    wiki.get(&entry).await.goes_to().to_owned()
}

#[tokio::test]
async fn a_person_signs_in_once_and_is_let_in_at_the_page_they_wanted() {
    let app = guarded().await;
    let (ada, wiki) = (app.browser(), GuardedHost::new(&app, WIKI));
    assert_eq!(wiki.check("/plans?year=2026&q=a%20b").await, 401);
    let begin = wiki.get("/plans?year=2026&q=a%20b").await.goes_to().to_owned();
    let login = ada.get(here(&app, &begin)).await.goes_to().to_owned();
    assert!(ada.get(&login).await.body.contains("Sign in to wiki.example.com"));
    let next = brought(&login).remove("next").unwrap();
    let form = [("email", "ada@example.com"), ("next", &next)];
    ada.post_form("/actions/sign-in", &form).await;
    let mail = app.inbox.first_to("ada@example.com").await;
    let after = ada.type_code(mail.code()).await.goes_to().to_owned();
    let entry = ada.get(&after).await.goes_to().to_owned();
    assert!(entry.starts_with("https://wiki.example.com/.latchkey?code="), "{entry}");
    let let_in = wiki.get(entry.strip_prefix("https://wiki.example.com").unwrap()).await;
    assert_eq!(let_in.goes_to(), "https://wiki.example.com/plans?year=2026&q=a%20b");
    let cookie = let_in.cookies_set()[0].to_owned();
    assert!(cookie.starts_with("__Host-latchkey="), "{cookie}");
    for part in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
        assert!(cookie.contains(part) && !cookie.contains("Domain"), "{cookie}");
    }
    assert_eq!(let_in.header("strict-transport-security"), "", "not ours to say for that host");
    assert_eq!(wiki.check("/").await, 200);
    assert_eq!(wiki.get("/").await.status, 200);
}

#[tokio::test]
async fn the_app_is_told_who_is_there_by_headers_and_by_a_signed_assertion() {
    let app = guarded().await;
    let ada = app.signed_in("ada@example.com").await;
    let who = ada.get("/api/auth/session").await.json();
    let wiki = GuardedHost::new(&app, WIKI);
    enter(&app, &ada, &wiki, "/").await;
    // The browser's own headers of these names do not come back.
    let forged = [("accept", "text/html"), ("x-auth-user", "root"), ("x-auth-email", "eve@e.org")];
    let told = wiki.ask("/api/auth/forward", "/", &forged).await;
    assert_eq!(told.header("x-auth-user"), who["user_id"]);
    assert_eq!(told.header("x-auth-email"), "ada@example.com");
    let token = told.header("x-auth-assertion");
    assert_eq!(decode_header(token).unwrap().alg, Algorithm::ES256);
    let claims = verified(&app, token, "forward-auth+jwt", WIKI).await;
    assert_eq!((&claims["sub"], &claims["sid"]), (&who["user_id"], &who["session_id"]));
    assert_eq!(claims["email"], "ada@example.com");
    assert_eq!(claims["exp"], app.clock.now() / SECOND + 60);

    let own = GuardedHost::new(&app, "127.0.0.1:8080");
    let begin = own.get("/").await.goes_to().to_owned();
    let entry = ada.get(here(&app, &begin)).await.goes_to().to_owned();
    let entry = entry.strip_prefix("http://127.0.0.1:8080").unwrap().to_owned();
    assert_eq!(own.get(&entry).await.goes_to(), "http://127.0.0.1:8080/");
    let told = own.get("/").await;
    assert_eq!(told.header("remote-user"), who["user_id"]);
    assert_eq!(told.header("x-webauth-user"), "ada@example.com");
    assert!(told.header("x-jwt").contains('.') && told.header("x-auth-user").is_empty());
}

#[tokio::test]
async fn an_assertion_is_repeated_for_half_a_minute_to_the_same_user_at_the_same_host() {
    let app = guarded().await;
    let (wiki, other) = (GuardedHost::new(&app, WIKI), GuardedHost::new(&app, WIKI));
    enter(&app, &app.signed_in("ada@example.com").await, &wiki, "/").await;
    enter(&app, &app.signed_in("bea@example.com").await, &other, "/").await;
    let assertion =
        async |host: &GuardedHost| host.get("/").await.header("x-auth-assertion").to_owned();
    let (first, of_another) = (assertion(&wiki).await, assertion(&other).await);
    app.clock.advance(29 * SECOND);
    assert_eq!(assertion(&wiki).await, first);
    assert_eq!(assertion(&other).await, of_another);
    assert_eq!(
        verified(&app, &of_another, "forward-auth+jwt", WIKI).await["email"],
        "bea@example.com"
    );
    app.clock.advance(SECOND);
    let next = assertion(&wiki).await;
    assert_ne!(next, first);
    let claims = verified(&app, &next, "forward-auth+jwt", WIKI).await;
    assert_eq!(claims["exp"], app.clock.now() / SECOND + 60);
}

#[tokio::test]
async fn two_addresses_are_let_in_and_a_third_is_told_why_not() {
    let app = guarded().await;
    for address in ["ada@example.com", "bea@example.com"] {
        let wiki = GuardedHost::new(&app, WIKI);
        enter(&app, &app.signed_in(address).await, &wiki, "/").await;
        assert_eq!(wiki.get("/").await.header("x-auth-email"), address);
    }
    let (eve, wiki) = (app.signed_in("eve@example.com").await, GuardedHost::new(&app, WIKI));
    let begin = wiki.get("/a?b=c").await.goes_to().to_owned();
    let stopped = eve.get(here(&app, &begin)).await.goes_to().to_owned();
    let page = eve.get(&stopped).await.body;
    assert!(page.contains("No access to wiki.example.com"), "{page}");
    assert!(page.contains("eve@") && page.contains("Use another address"), "{page}");
    let other = format!(
        "/login?next={}",
        urlencoded(&format!("/forward-auth?{}", stopped.split_once('?').unwrap().1))
    );
    let page = eve.get(&other).await.body;
    assert!(!page.contains("You are signed in as"), "that would lead back here: {page}");
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_entry_codes").await, 0);
    // The way on leads back to the page, once somebody who may is signed in.
    let ada = app.signed_in("ada@example.com").await;
    let to = brought(&stopped).remove("to").unwrap();
    let back = ada.get(&format!("/forward-auth?to={}", urlencoded(&to))).await;
    assert_eq!(back.goes_to(), "https://wiki.example.com/a?b=c");
}

fn urlencoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[tokio::test]
async fn whoever_loses_access_is_kept_out_at_the_next_request() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), POLICY).unwrap();
    let app = App::with_file(file.path()).await;
    let wiki = GuardedHost::new(&app, WIKI);
    enter(&app, &app.signed_in("bea@example.com").await, &wiki, "/").await;
    std::fs::write(file.path(), POLICY.replace(", \"bea@example.com\"", "")).unwrap();
    for _ in 0..500 {
        if wiki.check("/").await == 401 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(wiki.check("/").await, 401, "nginx asks again for the page that says why");
    assert!(
        wiki.get("/").await.goes_to().starts_with(&format!("{}/forward-auth/stopped", app.url))
    );
    let by_script = wiki.ask("/api/auth/forward", "/", &[("accept", "application/json")]).await;
    assert_eq!(by_script.error(403), "invalid_request");
}

#[tokio::test]
async fn the_end_of_the_session_ends_the_access_at_once() {
    let app = guarded().await;
    let (ada, wiki) = (app.signed_in("ada@example.com").await, GuardedHost::new(&app, WIKI));
    enter(&app, &ada, &wiki, "/").await;
    ada.post_form("/actions/sign-out", &[]).await;
    assert_eq!(wiki.check("/").await, 401);
}

#[tokio::test]
async fn using_the_host_keeps_the_session_alive_and_leaving_it_ends_it() {
    let app = guarded().await;
    let (ada, wiki) = (app.signed_in("ada@example.com").await, GuardedHost::new(&app, WIKI));
    enter(&app, &ada, &wiki, "/").await;
    for _ in 0..4 {
        app.clock.advance(20 * MINUTE);
        assert_eq!(wiki.check("/").await, 200);
    }
    app.clock.advance(31 * MINUTE);
    assert_eq!(wiki.check("/").await, 401);
}

#[tokio::test]
async fn programs_scripts_and_websockets_are_told_401_instead_of_a_page() {
    let app = guarded().await;
    let (ada, wiki) = (app.signed_in("ada@example.com").await, GuardedHost::new(&app, WIKI));
    let program: [&[(&str, &str)]; 6] = [
        &[],
        &[("accept", "application/json")],
        &[("accept", "image/png")],
        &[("accept", "text/html"), ("sec-fetch-mode", "cors")],
        &[("accept", "text/html"), ("upgrade", "websocket")],
        &[("accept", "text/html"), ("x-forwarded-method", "OPTIONS")],
    ];
    for headers in program {
        let refused = wiki.ask("/api/auth/forward", "/", headers).await;
        assert_eq!(refused.error(401), "unauthenticated", "{headers:?}");
    }
    for method in ["HEAD", "POST"] {
        let person = [("accept", "text/html"), ("x-forwarded-method", method)];
        wiki.ask("/api/auth/forward", "/", &person).await.goes_to();
    }
    enter(&app, &ada, &wiki, "/").await;
    for headers in program {
        let let_in = wiki.ask("/api/auth/forward", "/", headers).await;
        assert_eq!(let_in.status, 200, "{headers:?}");
    }
}

#[tokio::test]
async fn a_code_works_once_and_only_in_the_browser_and_at_the_host_it_is_for() {
    let app = guarded().await;
    let ada = app.signed_in("ada@example.com").await;
    let (wiki, other) = (GuardedHost::new(&app, WIKI), GuardedHost::new(&app, "127.0.0.1:8080"));
    let code = async |wiki: &GuardedHost| {
        let begin = wiki.get("/").await.goes_to().to_owned();
        let entry = ada.get(here(&app, &begin)).await.goes_to().to_owned();
        entry[entry.find("/.latchkey").unwrap()..].to_owned()
    };
    let is_stopped = async |wiki: &GuardedHost, entry: &str| {
        let to = wiki.get(entry).await.goes_to().to_owned();
        assert!(wiki.cookie("__Host-latchkey").or(wiki.cookie("latchkey")).is_none(), "{to}");
        let page = ada.get(here(&app, &to)).await.body;
        assert!(page.contains("You are not signed in to") && page.contains("Try again"), "{page}");
    };
    // Somebody sends a code of theirs to another person (login CSRF), or steals one.
    let victim = GuardedHost::new(&app, WIKI);
    let sent = code(&wiki).await;
    is_stopped(&victim, &sent).await;
    is_stopped(&wiki, &sent).await; // used up by that
    victim.get("/").await;
    is_stopped(&victim, &code(&wiki).await).await;
    // At another host, even in the same browser.
    other.get("/").await;
    let entry = code(&wiki).await;
    other.set_cookie("latchkey-entry", &wiki.cookie("__Host-latchkey-entry").unwrap());
    is_stopped(&other, &entry).await;
    is_stopped(&wiki, &entry).await; // used up by that
    let late = code(&wiki).await;
    app.clock.advance(61 * SECOND);
    is_stopped(&wiki, &late).await;
    for bad in ["/.latchkey", "/.latchkey?code=", "/.latchkey?code=a&code=b", "/.latchkey?code=%00"]
    {
        is_stopped(&wiki, bad).await;
    }
    let entry = code(&wiki).await;
    wiki.get(&entry).await.goes_to();
    assert_eq!(wiki.check("/").await, 200);
    let again = wiki.get(&entry).await.goes_to().to_owned();
    assert!(again.contains("/forward-auth/stopped"), "once: {again}");
}

#[tokio::test]
async fn a_code_whose_session_has_ended_lets_nobody_in() {
    let app = guarded().await;
    let (ada, wiki) = (app.signed_in("ada@example.com").await, GuardedHost::new(&app, WIKI));
    let begin = wiki.get("/").await.goes_to().to_owned();
    let entry = ada.get(here(&app, &begin)).await.goes_to().to_owned();
    ada.post_form("/actions/sign-out", &[]).await;
    let to = wiki.get(entry.strip_prefix("https://wiki.example.com").unwrap()).await;
    assert!(to.goes_to().contains("/forward-auth/stopped"));
}

#[tokio::test]
async fn the_cookie_of_one_host_or_of_our_own_opens_no_other() {
    let app = guarded().await;
    let (ada, wiki) = (app.signed_in("ada@example.com").await, GuardedHost::new(&app, WIKI));
    enter(&app, &ada, &wiki, "/").await;
    let cookie = wiki.cookie("__Host-latchkey").unwrap();
    let other = GuardedHost::new(&app, "127.0.0.1:8080");
    let (id, code) = cookie.split_once('.').unwrap();
    let session = ada.cookie("session").unwrap();
    for bad in [&cookie, &session, &format!("{id}."), &format!("{id}.{code}A"), "", "."] {
        other.set_cookie("latchkey", bad);
        assert_eq!(other.check("/").await, 401, "{bad}");
    }
    for bad in [&session, &format!("{id}A.{code}")] {
        let wiki = GuardedHost::new(&app, WIKI);
        wiki.set_cookie("__Host-latchkey", bad);
        assert_eq!(wiki.check("/").await, 401, "{bad}");
    }
    ada.set_cookie("session", &cookie);
    assert_eq!(ada.signed_in_as().await, None);
}

#[tokio::test]
async fn only_a_trusted_proxy_may_ask_and_only_for_a_host_of_the_policy() {
    let app = with_policy(&POLICY.replace("127.0.0.1\"]", "10.9.8.7\"]")).await;
    let wiki = GuardedHost::new(&app, WIKI);
    for path in ["/api/auth/forward", "/api/auth/forward/check"] {
        let refused = wiki.ask(path, "/", &[("accept", "text/html")]).await;
        assert_eq!(refused.status, 403);
        assert!(refused.body.contains("server.trusted_proxies"), "{refused:?}");
    }
    let app = guarded().await;
    for host in ["evil.example", "wiki.example.com.evil.example", "", "wiki.example.com, a.example"]
    {
        let refused = GuardedHost::new(&app, host).get("/").await;
        assert_eq!(refused.status, 403, "{host}");
        assert!(refused.body.contains("[[forward_auth]]"), "{refused:?}");
    }
    assert_eq!(GuardedHost::new(&app, "WIKI.example.com").check("/").await, 401);
}

#[tokio::test]
async fn nobody_is_led_to_a_host_that_the_policy_does_not_have() {
    let app = guarded().await;
    let ada = app.signed_in("ada@example.com").await;
    for to in [
        "https://evil.example/",
        "https://wiki.example.com.evil.example/",
        "https://wiki.example.com@evil.example/",
        "https://evil.example\\@wiki.example.com/",
        "http://wiki.example.com/",
        "//wiki.example.com/",
        "javascript:alert(1)",
        "",
    ] {
        for path in ["/forward-auth", "/forward-auth/stopped"] {
            let answer =
                ada.get(&format!("{path}?to={}&state={}", urlencoded(to), "a".repeat(43))).await;
            assert_eq!(
                (answer.status.as_u16(), answer.header("location")),
                (400, ""),
                "{path} {to}"
            );
            assert!(!answer.body.contains("href=\"https://evil"), "{to}");
        }
    }
    let long = format!("/{}", "a".repeat(3_000));
    let begin = GuardedHost::new(&app, WIKI).get(&long).await.goes_to().to_owned();
    assert_eq!(brought(&begin)["to"], "https://wiki.example.com/", "too long to be carried along");
}

#[test]
fn a_mistake_in_the_policy_is_named() {
    let proxies = "[server]\ntrusted_proxies = [\"127.0.0.1\"]\n";
    let hosts = |text: &str| refusal(&format!("{proxies}[[forward_auth]]\n{text}"));
    assert_eq!(hosts("host = \"wiki.example.com\""), "");
    assert!(hosts("").contains("without a host"));
    assert!(hosts("host = \"https://wiki.example.com\"").contains("is no host like"));
    assert!(hosts("host = \"a.example\"\nonly = [\"ada\"]").contains("is no address"));
    let header = |name: &str| hosts(&format!("host = \"a.example\"\nheaders.user = \"{name}\""));
    assert!(header("Cookie").contains("something else"));
    assert!(header("a b").contains("no name of a header"));
    assert!(header("x-auth-email").contains("two headers of one name"));
    let twice = "host = \"a.example\"\n[[forward_auth]]\nhost = \"a.example\"";
    assert!(hosts(twice).contains("is there twice"));
    assert!(refusal("[[forward_auth]]\nhost = \"a.example\"").contains("server.trusted_proxies"));
}

#[tokio::test]
async fn proxy_and_browser_may_speak_http2() {
    let app = guarded().await;
    let browser = Browser::by(http2_client(), &app.url);
    let ada = app.signed_in_by(browser, "ada@example.com").await;
    let wiki = GuardedHost::by(http2_client(), &app, WIKI);
    let wanted = enter(&app, &ada, &wiki, "/plans?year=2026").await;
    assert_eq!(wanted, "https://wiki.example.com/plans?year=2026");
    assert_eq!(wiki.get("/plans").await.header("x-auth-email"), "ada@example.com");
    assert_eq!(wiki.check("/plans").await, 200);
    ada.post_form("/actions/sign-out", &[]).await;
    assert_eq!(wiki.check("/plans").await, 401);
}

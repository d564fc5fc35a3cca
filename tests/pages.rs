//! Pages and the headers around them.

use reqwest::Method;
use serde_json::json;

use crate::support::{App, Browser};

#[tokio::test]
async fn the_root_path_leads_to_the_sign_in_page_or_the_dashboard() {
    let app = App::start().await;
    let ada = app.browser();
    assert_eq!(ada.get("/").await.goes_to(), "/login");
    ada.ask_for_mail("ada@example.com").await;
    ada.get(app.inbox.first_to("ada@example.com").await.link()).await;
    assert_eq!(ada.get("/").await.goes_to(), "/dashboard");
}

#[tokio::test]
async fn an_unknown_path_is_a_page_for_people_and_json_for_programs() {
    let app = App::start().await;
    let page = app.browser().get("/nothing/here").await;
    assert_eq!(page.status, 404);
    assert!(page.body.contains("There is no such page"));
    assert_eq!(app.browser().get("/api/nothing").await.error(404), "invalid_request");
    assert_eq!(app.browser().get("/actions/nothing").await.error(404), "invalid_request");
}

#[tokio::test]
async fn the_code_page_without_a_request_leads_to_the_sign_in_page() {
    let app = App::start().await;
    assert_eq!(app.browser().get("/login/code").await.goes_to(), "/login");
}

#[tokio::test]
async fn change_leads_to_the_typed_address_while_its_request_waits() {
    let app = App::start().await;
    let (ada, mail) = app.asked("ada@example.com").await;
    let code_page = ada.get("/login/code").await.body;
    let change = code_page.split("href=\"").find(|link| link.starts_with("/login?next=")).unwrap();
    let change = change.split('"').next().unwrap().replace("&amp;", "&");
    assert!(!change.contains("ada"), "an address in a URL ends up in logs: {change}");
    let typed = "value=\"ada@example.com\"";
    assert!(ada.get(&change).await.body.contains(typed));
    assert!(!app.browser().get(&change).await.body.contains(typed), "only its browser sees it");
    ada.get(mail.link()).await;
    assert!(!ada.get(&change).await.body.contains(typed), "the request has been used");
}

#[tokio::test]
async fn the_sign_in_page_says_who_is_signed_in_and_leads_on() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    let page = ada.get("/login?next=/dashboard%3Fa%3D1").await.body;
    assert!(page.contains("You are signed in as") && page.contains("ada@example.com"), "{page}");
    assert!(page.contains("href=\"/dashboard?a=1\""), "{page}");
    assert!(!app.browser().get("/login").await.body.contains("You are signed in as"));
}

#[tokio::test]
async fn signing_out_forgets_the_addresses_that_were_typed_in_this_browser() {
    let app = App::start().await;
    for door in ["form", "API"] {
        let ada = app.signed_in("ada@example.com").await;
        ada.ask_for_mail("bob@example.com").await;
        assert!(ada.get("/login/code").await.body.contains("bob@example.com"));
        match door {
            "form" => ada.post_form("/actions/sign-out", &[]).await,
            _ => ada.post_json("/api/auth/logout", json!({})).await,
        };
        assert_eq!(ada.get("/login/code").await.goes_to(), "/login", "{door}");
    }
}

#[tokio::test]
async fn a_browser_without_cookies_is_told_to_allow_them() {
    let app = App::start().await;
    let code_page = app.browser().ask_for_mail("ada@example.com").await.goes_to().to_owned();
    let page = app.browser().get(&code_page).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("keeps no cookies"), "{}", page.body);
    assert!(!page.body.contains("ada@example.com"), "a browser without the cookie learns nothing");
}

#[tokio::test]
async fn the_code_page_of_a_finished_sign_in_says_so_and_has_no_field() {
    let app = App::start().await;
    let [superseded, stopped, used] = [0, 1, 2].map(|_| app.browser());
    let page = superseded.ask_for_mail("ada@example.com").await.goes_to().to_owned();
    superseded.ask_for_mail("ada@example.com").await;
    let says = async |browser: &Browser, page: &str, sentence: &str| {
        let body = browser.get(page).await.body;
        assert!(body.contains(sentence) && !body.contains("name=\"code\""), "{body}");
        assert!(!body.contains("works-for"), "{body}");
    };
    says(&superseded, &page, "A newer email has taken the place of this one").await;
    let look = page.replace("/login/code", "/actions/progress");
    let look = superseded.send(superseded.request(Method::GET, &look)).await;
    assert_eq!(look.json()["location"], page, "an open page is told to reload");

    let page = stopped.ask_for_mail("bea@example.com").await.goes_to().to_owned();
    let mail = app.inbox.first_to("bea@example.com").await;
    let at = mail.text.find("/login/not-you?request=").unwrap();
    let token = mail.text[at..].split_whitespace().next().unwrap().split_once('=').unwrap().1;
    app.browser().post_form("/actions/not-you", &[("request", token)]).await;
    says(&stopped, &page, "It was stopped from the email").await;

    let page = used.ask_for_mail("cyd@example.com").await.goes_to().to_owned();
    used.get(app.inbox.first_to("cyd@example.com").await.link()).await;
    used.copy().post_form("/actions/sign-out", &[]).await;
    says(&used, &page, "It has been used already").await;
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let app = App::start().await;
    for path in [
        "/login",
        "/dashboard",
        "/api/auth/session",
        "/nothing",
        "/healthz",
        "/pkg/nothing.js",
        "/favicon.svg",
    ] {
        let answer = app.browser().get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "strict-origin");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        assert!(
            answer.header("content-security-policy").contains("frame-ancestors 'none'"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn scripts_of_a_page_carry_its_own_nonce() {
    let app = App::start().await;
    let (first, second) = (app.browser().get("/login").await, app.browser().get("/login").await);
    let nonce = |policy: &str| {
        policy.split_once("'nonce-").unwrap().1.split('\'').next().unwrap().to_owned()
    };
    let of_first = nonce(first.header("content-security-policy"));
    assert_ne!(of_first, nonce(second.header("content-security-policy")));
    for directive in [
        "default-src 'none'",
        "'strict-dynamic'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ] {
        assert!(first.header("content-security-policy").contains(directive), "{directive}");
    }
    assert!(!first.header("content-security-policy").contains("'unsafe-inline'"));
    let scripts = first.body.matches("<script").count();
    assert!(scripts > 0);
    assert_eq!(first.body.matches(&format!("nonce=\"{of_first}\"")).count(), scripts);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_alike_everywhere() {
    let app = App::start().await;
    for path in ["/actions/sign-in", "/api/auth/send-passwordless", "/login", "/nothing"] {
        let browser = app.browser();
        let answer =
            browser.send(browser.request(Method::POST, path).body("x".repeat(65 * 1024))).await;
        assert_eq!(answer.error(413), "payload_too_large", "{path}");
    }
}

#[tokio::test]
async fn health_and_readiness_are_reported() {
    let app = App::start().await;
    assert_eq!(app.browser().get("/healthz").await.body, "ok");
    assert_eq!(app.browser().get("/readyz").await.status, 200);
}

#[tokio::test]
async fn visitors_are_told_to_try_again_while_the_database_is_down() {
    let app = App::start().await;
    let ada = app.browser();
    ada.ask_for_mail("ada@example.com").await;
    ada.get(app.inbox.first_to("ada@example.com").await.link()).await;
    app.store.close().await;
    let page = ada.get("/dashboard").await;
    assert_eq!(page.status, 503);
    assert!(page.body.contains("We cannot do this right now."));
    assert_eq!(ada.get("/readyz").await.error(503), "unavailable");
    assert_eq!(ada.get("/healthz").await.status, 200);
    let sent = app.browser().ask_by_api("bea@example.com").await;
    assert_eq!(sent.error(503), "unavailable");
    assert_eq!(sent.header("retry-after"), "5");
}

#[tokio::test]
async fn the_dev_mailbox_is_shown_only_under_the_public_name_and_to_no_proxy() {
    let app = App::with(&[("SMTP_URL", "")]).await;
    let ask = async |name: &str, value: &str| {
        let asking = app.browser().request(Method::GET, "/dev/mailbox").header(name, value);
        app.browser().send(asking).await.status.as_u16()
    };
    assert_eq!(ask("accept", "text/html").await, 200);
    assert_eq!(ask("host", "evil.example:3000").await, 421);
    assert_eq!(ask("host", "").await, 421);
    assert_eq!(ask("x-forwarded-for", "203.0.113.7").await, 421);
}

#[tokio::test]
async fn the_dev_mailbox_does_not_exist_when_smtp_is_configured() {
    let app = App::start().await;
    assert_eq!(app.browser().get("/dev/mailbox").await.status, 404);
}

#[tokio::test]
async fn metrics_are_for_this_machine_or_a_token() {
    let app = App::start().await;
    app.signed_in("ada@example.com").await.get("/dashboard").await;
    let browser = app.browser();
    assert_eq!(browser.get("/a-path-somebody-made-up").await.status, 404);
    let metrics = browser.get("/metrics").await;
    assert_eq!(metrics.status, 200);
    assert!(!metrics.body.contains("made-up"), "{}", metrics.body);
    for line in [
        "latchkey_events_total{event=\"auth.verified\"",
        "latchkey_mails_queued ",
        "latchkey_sessions ",
        concat!("latchkey_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1\n"),
        "\nprocess_resident_memory_bytes ",
        "\nprocess_open_fds ",
        "\nprocess_max_fds ",
        "\nprocess_start_time_seconds ",
        "latchkey_request_seconds_bucket{method=\"GET\",route=\"/dashboard\",status=\"200\"",
        "latchkey_request_seconds_bucket{method=\"GET\",route=\"other\",status=\"404\"",
    ] {
        assert!(metrics.body.contains(line), "{line}: {}", metrics.body);
    }
    let through_proxy =
        || browser.request(Method::GET, "/metrics").header("x-forwarded-for", "127.0.0.1");
    assert_eq!(browser.send(through_proxy()).await.error(401), "unauthenticated");
    assert_eq!(
        browser.send(through_proxy().bearer_auth("another token of some kind")).await.error(401),
        "unauthenticated"
    );
    assert_eq!(
        browser.send(through_proxy().bearer_auth("a token for the metrics")).await.status,
        200
    );
}

#[tokio::test]
async fn cookies_and_transport_are_pinned_to_this_host_on_https() {
    let app = App::with(&[("LATCHKEY_PUBLIC_URL", "https://login.example.com")]).await;
    let asked = app.browser().ask_for_mail("ada@example.com").await;
    assert_eq!(asked.header("strict-transport-security"), "max-age=63072000; includeSubDomains");
    assert!(
        asked.cookies_set()[0].starts_with("__Host-auth-request=")
            && asked.cookies_set()[0].ends_with("; Secure")
    );
    let mail = app.inbox.first_to("ada@example.com").await;
    assert!(mail.link().starts_with("https://login.example.com/api/auth/verify?link_token="));
}

#[tokio::test]
async fn files_outside_the_site_are_not_served() {
    let app = App::start().await;
    for path in [
        "/.git/config",
        "/pkg/",
        "/pkg/../Cargo.toml",
        "/pkg/%2e%2e/Cargo.toml",
        "/Cargo.toml",
        "/data/latchkey.db",
        "/.env",
    ] {
        let answer = app.browser().get(path).await;
        assert!([404, 308].contains(&answer.status.as_u16()), "{path}: {answer:?}");
        assert!(!answer.body.contains("[package]"));
    }
}

#[tokio::test]
async fn a_made_up_method_creates_no_metrics_series() {
    let app = App::start().await;
    let browser = app.browser();
    browser.get("/login").await;
    browser.send(browser.request(Method::from_bytes(b"MADEUP").unwrap(), "/login")).await;
    let metrics = browser.get("/metrics").await.body;
    assert!(metrics.contains("method=\"GET\"") && !metrics.contains("MADEUP"), "{metrics}");
}

#[tokio::test]
async fn a_page_ends_where_its_html_ends_and_keeps_the_typed_text() {
    let app = App::start().await;
    let ada = app.browser();
    ada.post_form("/actions/sign-in", &[("email", "a<!>b</body></html>")]).await;
    let page = ada.get("/login").await.body;
    assert!(page.ends_with("</script></body></html>"), "{page}");
    assert!(!page.contains("<!>"));
    assert!(page.contains("value=\"a&lt;!&gt;b&lt;/body&gt;&lt;/html&gt;\""), "{page}");
}

#[tokio::test]
async fn pages_forbid_rewriting_by_proxies() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    for path in ["/login", "/dashboard", "/nothing", "/login/confirm?link_token=x"] {
        let said = ada.get(path).await.header("cache-control").to_owned();
        assert_eq!(said, "no-store, no-transform", "{path}");
    }
}

#[tokio::test]
async fn a_page_under_another_host_name_redirects_to_the_public_one() {
    let app = App::with(&[("LATCHKEY_PUBLIC_URL", "https://login.example.com")]).await;
    let ada = app.browser();
    let asked = |path: &str, host: &str| ada.request(Method::GET, path).header("host", host);
    let moved = ada.send(asked("/login?next=%2Fdashboard%2Fa", "www.example.com")).await;
    assert_eq!(moved.status, 307);
    assert_eq!(moved.header("location"), "https://login.example.com/login?next=%2Fdashboard%2Fa");
    // A proxy that changes the host name would send people round in circles.
    assert_eq!(ada.send(asked("/login", "www.example.com")).await.status, 200);

    let page = |host: &'static str| {
        let stranger = app.browser();
        async move {
            let request = stranger.request(Method::GET, "/login").header("host", host);
            stranger.send(request).await.status
        }
    };
    assert_eq!(page("www.example.com:8443").await, 307);
    for public_or_internal in [
        "login.example.com",
        "LOGIN.example.com",
        "login.example.com:443",
        "127.0.0.1:3000",
        "[2001:db8::1]:3000",
        "latchkey:3000",
        "localhost",
    ] {
        assert_eq!(page(public_or_internal).await, 200, "{public_or_internal}");
    }
    let stranger = app.browser();
    let behind = stranger
        .request(Method::GET, "/login")
        .header("host", "latchkey.internal:3000")
        .header("x-forwarded-host", "login.example.com, proxy.internal");
    assert_eq!(stranger.send(behind).await.status, 200);
    for path in ["/api/auth/session", "/healthz", "/readyz"] {
        let request = stranger.request(Method::GET, path).header("host", "www.example.com");
        assert_ne!(stranger.send(request).await.status, 307, "{path}");
    }
}

#[tokio::test]
async fn a_trailing_slash_never_leads_to_another_site() {
    let app = App::start().await;
    let address = app.url.trim_start_matches("http://").to_owned();
    for path in ["/\\evil.example/", "//evil.example/", "/%5Cevil.example/", "/login/"] {
        let mut wire = tokio::net::TcpStream::connect(&address).await.unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        tokio::io::AsyncWriteExt::write_all(&mut wire, request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut wire, &mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).to_ascii_lowercase();
        let location = answer.lines().find_map(|line| line.strip_prefix("location: "));
        assert_eq!(location, (path == "/login/").then_some("/login"), "{path}");
    }
}

#[tokio::test]
async fn metrics_need_the_token_in_production() {
    let app = App::with(&[("LATCHKEY_PUBLIC_URL", "https://login.example.com")]).await;
    let browser = app.browser();
    let asked = || browser.request(Method::GET, "/metrics");
    assert_eq!(
        browser.send(asked()).await.error(401),
        "unauthenticated",
        "a tunnel looks like this machine"
    );
    let with_token = asked().bearer_auth("a token for the metrics");
    assert_eq!(browser.send(with_token).await.status, 200);
}

#[tokio::test]
async fn an_asset_of_another_version_is_missing_and_the_page_still_works() {
    let app = App::start().await;
    let missing = app.browser().get("/pkg/latchkey.AnotherHash.js").await;
    assert_eq!((missing.status.as_u16(), missing.body.as_str()), (404, ""));
    assert_eq!(missing.header("cache-control"), "no-store");
    let page = app.browser().get("/login").await.body;
    let form = page.split_once("<form").unwrap().1.split_once('>').unwrap().0;
    assert!(form.contains("method=\"post\"") && form.contains("action=\"/actions/sign-in\""));
}

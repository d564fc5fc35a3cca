//! Forms without JavaScript, and the server functions behind them.

use reqwest::Method;

use crate::support::App;

#[tokio::test]
async fn a_malformed_address_comes_back_with_an_error_and_the_typed_text() {
    let app = App::start().await;
    let ada = app.browser();
    let answer = ada
        .post_form(
            "/actions/sign-in",
            &[("email", "ada at \"example\""), ("next", "/dashboard?a=1")],
        )
        .await;
    let page = ada.get(answer.goes_to()).await;
    let told = "role=\"alert\" class=\"message\">Check the spelling of that email address.";
    assert!(page.body.contains(told), "{}", page.body);
    assert!(page.body.contains("value=\"ada at &quot;example&quot;\""), "{}", page.body);
    assert!(page.body.contains("value=\"/dashboard?a=1\""));
    assert!(!ada.get("/login").await.body.contains(told), "the error is shown only once");
}

#[tokio::test]
async fn an_empty_form_says_what_is_missing() {
    let app = App::start().await;
    let ada = app.browser();
    let page = ada.get(ada.post_form("/actions/sign-in", &[]).await.goes_to()).await;
    assert!(page.body.contains("Enter your email address."), "{}", page.body);
}

#[tokio::test]
async fn a_wrong_code_comes_back_with_the_tries_that_are_left() {
    let app = App::start().await;
    let (ada, mail) = app.asked("ada@example.com").await;
    let page = ada.get(ada.type_code(mail.wrong_code()).await.goes_to()).await;
    assert!(page.body.contains("That code is not right. 4 tries are left."), "{}", page.body);
    assert_eq!(ada.type_code(mail.code()).await.goes_to(), "/dashboard");
}

#[tokio::test]
async fn a_form_with_a_repeated_field_is_refused() {
    let app = App::start().await;
    let ada = app.browser();
    let request = ada
        .request(Method::POST, "/actions/sign-in")
        .header("content-type", "application/x-www-form-urlencoded");
    let answer = ada.send(request.body("email=a&email=b")).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["code"], "invalid_request");
}

#[tokio::test]
async fn a_form_never_sends_anyone_off_this_site() {
    let app = App::start().await;
    let ada = app.browser();
    let form = ada.request(Method::POST, "/actions/sign-in").form(&[("email", "nonsense")]);
    let answer = ada
        .send(form.header("accept", "text/html").header("referer", "https://evil.example/"))
        .await;
    assert_eq!(answer.goes_to(), "/login");
}

#[tokio::test]
async fn another_sites_form_is_refused() {
    let app = App::start().await;
    let ada = app.browser();
    for headers in [
        [("sec-fetch-site", "cross-site"), ("x", "y")],
        [("sec-fetch-site", "same-site"), ("x", "y")],
        [("origin", "null"), ("x", "y")],
    ] {
        for path in
            ["/actions/sign-in", "/api/auth/send-passwordless", "/api/auth/logout", "/login"]
        {
            let request = ada.request(Method::POST, path).form(&[("email", "ada@example.com")]);
            let answer = ada
                .send(
                    headers
                        .iter()
                        .fold(request, |request, (name, value)| request.header(*name, *value)),
                )
                .await;
            assert_eq!(answer.error(403), "forbidden_origin", "{path} {headers:?}");
        }
    }
    assert_eq!(app.inbox.count(), 0);
}

#[tokio::test]
async fn a_get_never_changes_anything() {
    let app = App::start().await;
    for path in [
        "sign-in?email=ada@example.com",
        "verify-code?code=123456",
        "sign-out",
        "resend-passwordless",
        "resend-from-link",
        "confirm-link",
        "set-password?password=correct-horse",
    ] {
        assert_eq!(app.browser().get(&format!("/actions/{path}")).await.status, 405, "{path}");
    }
}

#[tokio::test]
async fn a_protected_server_function_called_directly_is_unauthenticated() {
    let app = App::start().await;
    let browser = app.browser();
    for path in ["/actions/sign-out", "/actions/set-password"] {
        let answer =
            browser.send(browser.request(Method::POST, path).form(&[("which", "all")])).await;
        assert_eq!(answer.status, 401, "{path}");
        assert_eq!(answer.json()["code"], "unauthenticated");
    }
}

#[tokio::test]
async fn two_tabs_keep_their_own_requests() {
    let app = App::start().await;
    let browser = app.browser();
    let first = browser.ask_for_mail("ada@example.com").await.goes_to().to_owned();
    browser.ask_for_mail("bea@example.com").await;
    assert!(browser.get(&first).await.body.contains("ada@example.com"));
    let handle = first.split_once("request=").unwrap().1;
    let code = app.inbox.first_to("ada@example.com").await.code().to_owned();
    browser.post_form("/actions/verify-code", &[("code", &code), ("request", handle)]).await;
    assert_eq!(browser.signed_in_as().await.as_deref(), Some("ada@example.com"));
}

#[tokio::test]
async fn another_sites_json_is_refused_under_any_content_type() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    for kind in ["text/plain", "application/json", "multipart/form-data; boundary=x"] {
        let request = ada
            .request(Method::POST, "/api/auth/logout")
            .header("content-type", kind)
            .body("{\"everywhere\": true}");
        assert_eq!(
            ada.send(request.header("sec-fetch-site", "cross-site")).await.error(403),
            "forbidden_origin",
            "{kind}"
        );
    }
    assert!(ada.signed_in_as().await.is_some());
}

#[tokio::test]
async fn another_sites_script_can_read_nothing() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    for path in ["/api/auth/session", "/dashboard", "/api/openapi.json"] {
        let answer =
            ada.send(ada.request(Method::GET, path).header("origin", "https://evil.example")).await;
        assert!(
            !answer.headers.keys().any(|name| name.as_str().starts_with("access-control-")),
            "{path}"
        );
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
    }
}

#[tokio::test]
async fn a_form_refused_before_its_route_is_answered_with_a_page() {
    let app = App::start().await;
    let ada = app.browser();
    let form = |site: &'static str, body: String| {
        ada.request(Method::POST, "/actions/sign-in")
            .header("accept", "text/html,*/*")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", site)
            .body(body)
    };
    for (site, body, status, sentence) in [
        ("cross-site", "email=ada@example.com".to_owned(), 403, "came from another site"),
        ("same-origin", "x".repeat(70_000), 413, "more than this page takes"),
        ("same-origin", "email=ada%00@example.com".to_owned(), 400, "U+0000"),
    ] {
        let answer = ada.send(form(site, body)).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(answer.header("content-type").starts_with("text/html"), "{answer:?}");
        assert!(answer.body.contains(sentence) && answer.cookies_set().is_empty(), "{answer:?}");
    }
    assert_eq!(app.inbox.count(), 0);
}

#[tokio::test]
async fn a_form_with_two_conflicting_origins_is_refused() {
    let app = App::start().await;
    let ada = app.browser();
    for (name, one, other) in [
        ("sec-fetch-site", "same-origin", "cross-site"),
        ("sec-fetch-site", "none", "same-site"),
        ("origin", app.url.as_str(), "https://evil.example"),
    ] {
        for (first, second) in [(one, other), (other, one)] {
            let form = ada
                .request(Method::POST, "/actions/sign-in")
                .form(&[("email", "ada@example.com")])
                .header(name, first)
                .header(name, second);
            assert_eq!(ada.send(form).await.error(403), "forbidden_origin", "{name}");
        }
    }
}

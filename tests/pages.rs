//! Pages, as people find them.

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
async fn a_page_ends_where_its_html_ends_and_keeps_the_typed_text() {
    let app = App::start().await;
    let ada = app.browser();
    ada.post_form("/actions/sign-in", &[("email", "a<!>b</body></html>")]).await;
    let page = ada.get("/login").await.body;
    assert!(page.ends_with("</script></body></html>"), "{page}");
    assert!(!page.contains("<!>"));
    assert!(page.contains("value=\"a&lt;!&gt;b&lt;/body&gt;&lt;/html&gt;\""), "{page}");
}

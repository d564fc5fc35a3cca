//! From an address to the dashboard and out again.

use crate::support::App;

#[tokio::test]
async fn a_link_opened_in_the_requesting_browser_signs_in_with_one_click() {
    let app = App::start().await;
    let ada = app.browser();
    let code_page = ada.ask_for_mail("Ada@Example.com").await.goes_to().to_owned();
    assert!(ada.get(&code_page).await.body.contains("ada@example.com"));

    let mail = app.inbox.first_to("ada@example.com").await;
    assert_eq!(ada.get(mail.link()).await.goes_to(), "/dashboard");

    let dashboard = ada.get("/dashboard").await;
    assert_eq!(dashboard.status, 200);
    assert!(dashboard.body.contains("ada@example.com"));
}

#[tokio::test]
async fn a_code_typed_in_the_requesting_browser_signs_in() {
    let app = App::start().await;
    let (ada, mail) = app.asked("ada@example.com").await;
    let (first, last) = mail.code().split_at(3);
    assert_eq!(
        ada.type_code(&format!("Your code is {first} {last}")).await.goes_to(),
        "/dashboard"
    );
    assert_eq!(ada.signed_in_as().await.as_deref(), Some("ada@example.com"));
}

#[tokio::test]
async fn a_sign_in_leads_to_the_page_the_person_asked_for() {
    let app = App::start().await;
    let ada = app.browser();
    assert_eq!(
        ada.get("/dashboard?tab=a%26b").await.goes_to(),
        "/login?next=%2Fdashboard%3Ftab%3Da%2526b"
    );

    let page = ada.get("/login?next=%2Fdashboard%3Ftab%3Da%2526b").await;
    assert!(page.body.contains(r#"name="next" value="/dashboard?tab=a%26b""#), "{}", page.body);
    ada.post_form(
        "/actions/sign-in",
        &[("email", "ada@example.com"), ("next", "/dashboard?tab=a%26b")],
    )
    .await;
    let mail = app.inbox.first_to("ada@example.com").await;
    assert_eq!(ada.get(mail.link()).await.goes_to(), "/dashboard?tab=a%26b");
}

#[tokio::test]
async fn a_destination_off_this_site_becomes_the_dashboard() {
    let app = App::start().await;
    for (n, bad) in
        ["//evil.example", "/\\evil.example", "https:evil.example", "javascript:alert(1)"]
            .iter()
            .enumerate()
    {
        let (browser, address) = (app.browser(), format!("ada{n}@example.com"));
        browser.post_form("/actions/sign-in", &[("email", &address), ("next", bad)]).await;
        let mail = app.inbox.first_to(&address).await;
        assert_eq!(browser.get(mail.link()).await.goes_to(), "/dashboard", "{bad}");
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_on_the_server() {
    let app = App::start().await;
    let ada = app.browser();
    ada.ask_for_mail("ada@example.com").await;
    ada.get(app.inbox.first_to("ada@example.com").await.link()).await;
    let thief = ada.copy();

    let left = ada.post_form("/actions/sign-out", &[]).await.goes_to().to_owned();
    assert!(ada.get(&left).await.body.contains("You have signed out."));
    assert_eq!(ada.signed_in_as().await, None);
    assert_eq!(
        thief.signed_in_as().await,
        None,
        "the old cookie must be invalid, not only removed"
    );
    assert!(ada.get("/dashboard").await.goes_to().starts_with("/login"));
}

#[tokio::test]
async fn signing_out_everywhere_ends_the_other_sessions_at_their_next_request() {
    let app = App::start().await;
    let (laptop, phone) = (app.browser(), app.browser());
    for (n, browser) in [&laptop, &phone].into_iter().enumerate() {
        browser.ask_for_mail("ada@example.com").await;
        browser.get(app.inbox.nth_to("ada@example.com", n + 1).await.link()).await;
    }
    assert!(laptop.signed_in_as().await.is_some());
    phone.post_form("/actions/sign-out", &[("which", "all")]).await;
    assert_eq!(laptop.signed_in_as().await, None);
}

#[tokio::test]
async fn a_sign_in_ends_the_session_the_browser_had() {
    let app = App::start().await;
    let browser = app.browser();
    browser.ask_for_mail("ada@example.com").await;
    browser.get(app.inbox.first_to("ada@example.com").await.link()).await;
    let before = browser.copy();

    browser.ask_for_mail("eve@example.com").await;
    browser.get(app.inbox.first_to("eve@example.com").await.link()).await;
    assert_eq!(browser.signed_in_as().await.as_deref(), Some("eve@example.com"));
    assert_eq!(before.signed_in_as().await, None);
}

#[tokio::test]
async fn the_same_mailbox_is_the_same_user_however_it_is_spelt() {
    let app = App::start().await;
    let mut ids = Vec::new();
    for (n, spelling) in ["ada@bücher.example", "ADA@XN--BCHER-KVA.example"].iter().enumerate() {
        let browser = app.browser();
        browser.ask_for_mail(spelling).await;
        browser.get(app.inbox.nth_to("ada@xn--bcher-kva.example", n + 1).await.link()).await;
        ids.push(browser.get("/api/auth/session").await.json()["user_id"].clone());
    }
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn asking_again_in_the_same_browser_supersedes_the_first_mail() {
    let app = App::start().await;
    let ada = app.browser();
    ada.ask_for_mail("ada@example.com").await;
    let first = app.inbox.nth_to("ada@example.com", 1).await;
    ada.ask_for_mail("ada@example.com").await;
    let second = app.inbox.nth_to("ada@example.com", 2).await;
    let page = ada.get(first.link()).await.goes_to().to_owned();
    assert!(ada.get(&page).await.body.contains("There is a newer email"));
    assert_eq!(ada.get(second.link()).await.goes_to(), "/dashboard");
}

#[tokio::test]
async fn asking_in_another_browser_does_not_end_a_link() {
    let app = App::start().await;
    let (ada, stranger) = (app.browser(), app.browser());
    ada.ask_for_mail("ada@example.com").await;
    let mail = app.inbox.first_to("ada@example.com").await;
    stranger.ask_for_mail("ada@example.com").await;
    assert_eq!(ada.get(mail.link()).await.goes_to(), "/dashboard");
}

#[tokio::test]
async fn asking_for_a_second_address_does_not_break_the_first_ones_link() {
    let app = App::start().await;
    let browser = app.browser();
    browser.ask_for_mail("ada@example.com").await;
    browser.ask_for_mail("bea@example.com").await;
    browser.get(app.inbox.first_to("ada@example.com").await.link()).await;
    assert_eq!(browser.signed_in_as().await.as_deref(), Some("ada@example.com"));
}

#[tokio::test]
async fn a_sign_in_survives_a_restart_of_the_server() {
    let mut app = App::start().await;
    let (ada, mail) = app.asked("ada@example.com").await;
    app.restart().await;
    assert_eq!(ada.get(mail.link()).await.goes_to(), "/dashboard");
    app.restart().await;
    assert_eq!(ada.signed_in_as().await.as_deref(), Some("ada@example.com"));
}

#[tokio::test]
async fn a_hundred_clicks_at_once_make_one_session() {
    let app = App::start().await;
    let (ada, mail) = app.asked("ada@example.com").await;
    // Uses copies, so that none carries the cookie that another has just been given.
    let clicks = (0..100).map(|_| ada.copy()).map(|browser| {
        let link = mail.link().to_owned();
        tokio::spawn(async move { browser.get(&link).await.goes_to() == "/dashboard" })
    });
    let mut won = 0;
    for click in clicks.collect::<Vec<_>>() {
        won += usize::from(click.await.unwrap());
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn two_hundred_people_at_once_all_get_their_mail() {
    let app = App::start().await;
    let asking: Vec<_> = (0..200)
        .map(|n| (app.browser(), serde_json::json!({ "email": format!("ada{n}@example.com") })))
        .map(|(browser, ask)| {
            tokio::spawn(async move {
                let mut is_slow = false;
                loop {
                    let path = "/api/auth/send-passwordless";
                    let answer = browser.post_json(path, ask.clone()).await;
                    // A machine too slow for so many answers 503, and the caller tries again. The
                    // mail may be written all the same, which its limit then says.
                    match answer.status.as_u16() {
                        503 => is_slow = true,
                        429 if is_slow => return,
                        _ => return assert_eq!(answer.status, 200, "{answer:?}"),
                    }
                }
            })
        })
        .collect();
    for asked in asking {
        asked.await.unwrap();
    }
    for n in 0..200 {
        let patience = std::time::Duration::from_secs(120);
        app.inbox.first_to_within(&format!("ada{n}@example.com"), patience).await;
    }
}

#[tokio::test]
async fn a_destination_added_to_the_link_is_ignored() {
    let app = App::start().await;
    let ada = app.browser();
    ada.post_form(
        "/actions/sign-in",
        &[("email", "ada@example.com"), ("next", "/dashboard?stored=1")],
    )
    .await;
    let link =
        format!("{}&next=/dashboard?added=1", app.inbox.first_to("ada@example.com").await.link());
    assert_eq!(ada.get(&link).await.goes_to(), "/dashboard?stored=1");
}

#[tokio::test]
async fn a_destination_that_is_not_a_path_causes_no_error() {
    let app = App::start().await;
    for odd in ["%ff", "%", "%zz", "http://[", "//%5c", "/%0d%0aset-cookie:a=b"] {
        let answer = app.browser().get(&format!("/login?next={odd}")).await;
        assert_eq!(answer.status, 200, "{odd}");
        let ada = app.browser();
        let address = format!("ada{}@example.com", odd.len());
        let asked = ada.post_form("/actions/sign-in", &[("email", &address), ("next", odd)]).await;
        assert!(asked.goes_to().starts_with("/login/code"), "{odd}");
        assert_eq!(asked.cookies_set().len(), 1, "{odd}");
    }
}

#[tokio::test]
async fn a_code_that_begins_with_zero_signs_in() {
    let app = App::start().await;
    for n in 0..200 {
        let (ada, address) = (app.browser(), format!("ada{n}@example.com"));
        ada.ask_for_mail(&address).await;
        let code = app.inbox.first_to(&address).await.code().to_owned();
        if code.starts_with('0') {
            ada.type_code(&code).await;
            assert_eq!(ada.signed_in_as().await.as_deref(), Some(address.as_str()));
            return;
        }
    }
    panic!("none of 200 codes began with zero");
}

//! Sign-in across devices (`auth.same_browser = "match"`): the number that ties the mail to the
//! window that waits.

use latchkey::server::ground::clock::{MINUTE, SECOND};
use reqwest::Method;

use crate::support::{Answer, App, Browser, Mail};

async fn matching() -> App {
    App::with(&[
        ("LATCHKEY_AUTH__SAME_BROWSER", "match"),
        ("LATCHKEY_LIMITS__MAILS_PER_MINUTE", "100"),
        ("LATCHKEY_LIMITS__MAILS_PER_HOUR", "100"),
    ])
    .await
}

/// The number that a waiting window shows.
async fn shown(window: &Browser) -> Option<String> {
    let page = window.get("/login/code").await.body;
    let (_, rest) = page.split_once("<p class=\"number\">")?;
    let digits: String = rest.split_once("</p>")?.0.chars().filter(char::is_ascii_digit).collect();
    Some(digits)
}

fn wrong(number: &str) -> &'static str {
    if number == "42" { "43" } else { "42" }
}

/// Opens a link in a browser that did not ask for it, and types a number there.
async fn type_number(browser: &Browser, mail: &Mail, number: &str) -> Answer {
    browser.get(mail.link()).await;
    let fields = [("link_token", mail.link_token()), ("number", number)];
    let answer = browser.post_form("/actions/match-number", &fields).await;
    browser.get(answer.goes_to()).await
}

#[tokio::test]
async fn the_number_typed_elsewhere_signs_in_the_window_that_waits_and_nobody_else() {
    let app = matching().await;
    let (window, mail) = app.asked("ada@example.com").await;
    let number = shown(&window).await.unwrap();
    let phone = app.browser();
    let question = phone.get(mail.link()).await;
    let question = phone.get(question.goes_to()).await;
    assert!(question.body.contains("name=\"number\"") && question.body.contains("ada@example.com"));
    assert!(!question.body.contains(&format!(">{number}<")), "it is the window's to show");
    let said = type_number(&phone, &mail, &number).await;
    assert!(said.body.contains("Go back to the other window"), "{}", said.body);

    let look = window.request(Method::GET, "/actions/progress").header("accept", "*/*");
    let news = window.send(look).await.json();
    let page = news["location"].as_str().unwrap();
    for looks in [
        window.request(Method::HEAD, page),
        window.request(Method::GET, page).header("sec-purpose", "prefetch"),
    ] {
        assert_eq!(window.send(looks).await.status, 200, "a look changes nothing");
        assert_eq!(window.signed_in_as().await, None);
    }
    assert_eq!(window.get(page).await.goes_to(), "/dashboard");
    assert_eq!(window.signed_in_as().await.as_deref(), Some("ada@example.com"));
    assert_eq!(phone.signed_in_as().await, None);
    assert_eq!((phone.cookie("session"), phone.cookie("device")), (None, None));
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_sessions").await, 1);

    let dashboard = window.get("/dashboard").await.body;
    assert!(dashboard.contains("Signed in with a link opened elsewhere"), "{dashboard}");
    assert!(dashboard.contains("Sign-in in another window approved"), "{dashboard}");
}

#[tokio::test]
async fn a_stranger_who_asks_for_an_address_gains_nothing_from_a_guess_of_its_owner() {
    let app = matching().await;
    let (stranger, mail) = app.asked("ada@example.com").await;
    let number = shown(&stranger).await.unwrap();
    let ada = app.browser();
    let said = type_number(&ada, &mail, wrong(&number)).await;
    assert_eq!(said.status, 400);
    assert!(said.body.contains("so this sign-in is stopped"), "{}", said.body);

    let again = type_number(&ada, &mail, &number).await;
    assert!(!again.body.contains("Go back to the other window"), "one wrong number ends it");
    assert!(stranger.get("/login/code").await.body.contains("This sign-in is over"));
    stranger.type_code(mail.code()).await;
    stranger.get(mail.link()).await;
    assert_eq!(stranger.signed_in_as().await, None);
    assert_eq!(ada.signed_in_as().await, None);
}

#[tokio::test]
async fn whoever_sees_no_such_window_stops_the_sign_in_with_one_press() {
    let app = matching().await;
    let (stranger, mail) = app.asked("ada@example.com").await;
    let ada = app.browser();
    let page = ada.get(ada.get(mail.link()).await.goes_to()).await.body;
    assert!(page.contains("I see no such window"), "{page}");
    let (_, form) = page.split_once("action=\"/actions/not-you\"").unwrap();
    let (_, value) = form.split_once("name=\"request\" value=\"").unwrap();
    let token = value.split_once('"').unwrap().0;
    let stopped = ada.post_form("/actions/not-you", &[("request", token)]).await;
    assert!(ada.get(stopped.goes_to()).await.body.contains("Stopped"));
    stranger.type_code(mail.code()).await;
    assert_eq!(stranger.signed_in_as().await, None);
}

#[tokio::test]
async fn wrong_numbers_count_against_the_address_as_wrong_codes_do() {
    let app = matching().await;
    let owner = app.browser();
    let mut said = String::new();
    let mut requests = 0;
    while !said.contains("Try again in") {
        requests += 1;
        assert!(requests < 20, "{said}");
        let stranger = app.browser();
        stranger.ask_for_mail("ada@example.com").await;
        let mail = app.inbox.nth_to("ada@example.com", requests).await;
        let number = shown(&stranger).await.unwrap();
        said = type_number(&owner, &mail, wrong(&number)).await.body;
    }
    assert_eq!(requests, 6, "half of ten in an hour for one network");
    let (window, mail) = (app.browser(), requests + 1);
    window.ask_for_mail("ada@example.com").await;
    let mail = app.inbox.nth_to("ada@example.com", mail).await;
    let number = shown(&window).await.unwrap();
    let right = type_number(&owner, &mail, &number).await.body;
    assert!(right.contains("Try again in"), "{right}");
    assert!(right.contains("Sign in on this device instead"), "there is another way on: {right}");
    assert_eq!(window.get(mail.link()).await.goes_to(), "/dashboard", "the link goes on working");
}

#[tokio::test]
async fn what_is_no_number_of_two_digits_is_no_guess() {
    let app = matching().await;
    let (window, mail) = app.asked("ada@example.com").await;
    let number = shown(&window).await.unwrap();
    let phone = app.browser();
    for (typed, says) in [
        ("", "Type the number that the other window shows."),
        ("7", "The number has two digits."),
        ("123456", "The number has two digits."),
        ("forty", "The number has two digits."),
        ("-42", "The number has two digits."),
        ("+42", "The number has two digits."),
        ("042", "The number has two digits."),
    ] {
        assert!(type_number(&phone, &mail, typed).await.body.contains(says), "{typed}");
    }
    let arabic: String = number
        .bytes()
        .map(|digit| char::from_u32(0x660 + u32::from(digit - b'0')).unwrap())
        .collect();
    type_number(&phone, &mail, &format!(" {arabic} ")).await;
    assert_eq!(window.get("/login/code").await.goes_to(), "/dashboard");
}

#[tokio::test]
async fn without_the_policy_no_number_is_shown_and_none_is_taken() {
    let app = App::start().await;
    let (window, mail) = app.asked("ada@example.com").await;
    assert_eq!(shown(&window).await, None);
    let other = app.browser();
    for number in 10..100 {
        let fields = [("link_token", mail.link_token()), ("number", &number.to_string())];
        let form = other.request(Method::POST, "/actions/match-number").form(&fields);
        let refused = other.send(form).await;
        assert!(
            ["wrong_browser", "rate_limited"].contains(&refused.json()["code"].as_str().unwrap())
        );
    }
    assert_eq!(window.get("/login/code").await.status, 200, "it keeps waiting");
    assert_eq!(window.get(mail.link()).await.goes_to(), "/dashboard");
}

#[tokio::test]
async fn a_program_has_no_window_so_its_link_asks_for_no_number() {
    let app = matching().await;
    app.browser().ask_by_api("ada@example.com").await;
    let mail = app.inbox.first_to("ada@example.com").await;
    let other = app.browser();
    let page = other.get(other.get(mail.link()).await.goes_to()).await;
    assert_eq!(page.status, 403);
    assert!(!page.body.contains("name=\"number\""), "{}", page.body);
}

#[tokio::test]
async fn an_approved_sign_in_expires_with_its_link() {
    let app = matching().await;
    let (window, mail) = app.asked("ada@example.com").await;
    let number = shown(&window).await.unwrap();
    type_number(&app.browser(), &mail, &number).await;
    app.clock.advance(11 * MINUTE);
    let page = window.get("/login/code").await;
    assert!(page.body.contains("This email has expired"), "{}", page.body);
    assert_eq!(window.signed_in_as().await, None);
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_audit_events WHERE event = 'auth.failed' AND reason <> 'wrong_browser'").await, 0, "looking writes nothing");
}

#[tokio::test]
async fn an_approval_ends_with_the_mail_it_was_given_by() {
    let app = matching().await;
    let (window, mail) = app.asked("ada@example.com").await;
    let number = shown(&window).await.unwrap();
    type_number(&app.browser(), &mail, &number).await;
    app.clock.advance(31 * SECOND);
    window.post_form("/actions/resend-passwordless", &[]).await;
    assert_eq!(window.get("/login/code").await.status, 200);
    assert_eq!(window.signed_in_as().await, None);
}

#[tokio::test]
async fn a_number_typed_again_writes_nothing_and_a_stopped_sign_in_is_not_called_done() {
    let app = matching().await;
    let (window, mail) = app.asked("ada@example.com").await;
    let number = shown(&window).await.unwrap();
    let phone = app.browser();
    for _ in 0..12 {
        let said = type_number(&phone, &mail, &number).await;
        assert!(said.body.contains("Go back to the other window"), "{}", said.body);
    }
    let approvals = "SELECT COUNT(*) FROM latchkey_audit_events WHERE event = 'auth.approved'";
    assert_eq!(app.count(approvals).await, 1);
    type_number(&phone, &mail, wrong(&number)).await;
    let page = format!("/login/confirm?link_token={}&matched=true", mail.link_token());
    assert!(!phone.get(&page).await.body.contains("Go back to the other window"));
    window.get("/login/code").await;
    assert_eq!(window.signed_in_as().await, None);
}

#[tokio::test]
async fn two_tabs_of_the_window_end_in_one_session_and_no_error() {
    let app = matching().await;
    let (window, mail) = app.asked("ada@example.com").await;
    let number = shown(&window).await.unwrap();
    type_number(&app.browser(), &mail, &number).await;
    let tabs = [(); 6].map(|()| window.copy());
    let looks = tabs.iter().map(|tab| tab.get("/login/code"));
    for page in futures::future::join_all(looks).await {
        assert!(page.status == 303 || page.body.contains("It has been used already"), "{page:?}");
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_sessions").await, 1);
    let refused = "SELECT COUNT(*) FROM latchkey_audit_events WHERE reason = 'link_used'";
    assert_eq!(app.count(refused).await, 0);
}

#[tokio::test]
async fn no_two_windows_for_one_address_show_the_same_number() {
    let app = matching().await;
    let mut numbers = std::collections::BTreeSet::new();
    for n in 1..=30 {
        let window = app.browser();
        window.ask_for_mail("ada@example.com").await;
        assert!(numbers.insert(shown(&window).await.unwrap()), "the {n}th repeats one");
    }
}

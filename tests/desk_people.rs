//! People at the desk: finding them, opening them, and what happened to them.

use latchkey::server::ground::clock::{MINUTE, SECOND};
use reqwest::Method;

use crate::support::{
    Answer, Browser, Manners, START, Team,
    desk::{operator, with_desk},
    team::RAILS,
};

const OPENINGS: &str = "SELECT operator || ' ' || address FROM latchkey_audit_events \
    WHERE event = 'desk.opened' ORDER BY id";

/// The page that a search leads to.
pub async fn find(browser: &Browser, question: &str) -> Answer {
    let request = browser.request(Method::GET, "/desk/people").query(&[("q", question)]);
    browser.send(request.header("accept", "text/html")).await
}

/// The paths of the people on a page.
pub fn people(page: &str) -> Vec<String> {
    let links = page.split("href=\"/desk/people/").skip(1);
    links.map(|rest| format!("/desk/people/{}", rest.split('"').next().unwrap())).collect()
}

/// The page of the person whom a search finds first.
pub async fn opened(browser: &Browser, question: &str) -> Answer {
    let found = find(browser, question).await;
    let path = people(&found.body).first().unwrap_or_else(|| panic!("{found:?}")).clone();
    browser.get(&path).await
}

/// The text for a ticket on a page.
pub fn ticket(page: &str) -> &str {
    let text = page.split("<pre id=\"ticket\"").nth(1).unwrap().split("</pre>").next().unwrap();
    text.split_once('>').unwrap().1
}

#[tokio::test]
async fn a_person_is_found_by_address_beginning_domain_and_id_and_masked_until_opened() {
    let app = with_desk("").await;
    let ada = app.signed_in("ada@example.com").await;
    app.signed_in("adam@example.org").await;
    app.signed_in("bea@sub.example.net").await;
    let id = ada.get("/api/auth/session").await.json()["user_id"].as_str().unwrap().to_owned();
    let look = operator(&app, "look").await;
    for (question, hits) in [
        ("ada@example.com", vec!["a***@example.com"]),
        (" ADA@Example.COM ", vec!["a***@example.com"]),
        ("ada", vec!["a***@example.com", "a***@example.org"]),
        ("Ada@ex", vec!["a***@example.com"]),
        ("adam@", vec!["a***@example.org"]),
        ("@sub.", vec!["b***@sub.example.net"]),
        ("@EXAMPLE.O", vec!["a***@example.org"]),
        (id.as_str(), vec!["a***@example.com"]),
        ("dam", vec![]),
        ("%", vec![]),
        ("_da", vec![]),
    ] {
        let page = find(&look, question).await;
        assert_eq!(page.status, 200, "{question}");
        let found = people(&page.body);
        assert_eq!(found.len(), hits.len(), "{question}: {}", page.body);
        for hit in hits {
            assert!(page.body.contains(hit), "{question}: {}", page.body);
        }
        for whole in ["ada@example.com", "adam@example.org", "bea@sub.example.net"] {
            let shown = page.body.replace(&format!("value=\"{question}\""), "");
            let elsewhere = shown.replace(&format!("q%3D{question}"), "");
            let typed = question.trim().eq_ignore_ascii_case(whole);
            assert!(typed || !elsewhere.contains(whole), "{question} shows {whole}");
        }
        // The sealed name may have any three letters in a row, by chance.
        assert!(found.iter().all(|path| !path.contains("example")), "{found:?}");
    }
    assert!(app.texts(OPENINGS).await.is_empty(), "finding opens nobody");
    let page = opened(&look, "ada@example.com").await;
    for fact in ["<span>ada</span>", "@example.com", id.as_str(), "127.0.0.*"] {
        assert!(page.body.contains(fact), "{fact}: {}", page.body);
    }
    assert_eq!(page.header("cache-control"), "no-store, no-transform");
    let by_id = look.get(&format!("/desk/people/{id}")).await;
    assert!(by_id.body.contains(&id), "{}", by_id.body);
    assert_eq!(app.texts(OPENINGS).await, ["look@example.com a***@example.com"], "once a visit");
    app.clock.advance(16 * MINUTE);
    look.get(&format!("/desk/people/{id}")).await;
    assert_eq!(app.texts(OPENINGS).await.len(), 2);
}

#[tokio::test]
async fn a_search_that_finds_many_shows_them_page_by_page_each_once() {
    let app = with_desk("").await;
    app.run_sql(
        "INSERT INTO latchkey_users (id, address, created_at) WITH RECURSIVE n(i) AS \
         (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 149) \
         SELECT 'id' || i, 'crowd' || i || '@many.example', 1 FROM n",
    )
    .await;
    let look = operator(&app, "look").await;
    for question in ["crowd", "@many"] {
        let (mut ids, mut pages) = (Vec::new(), 0);
        let mut page = find(&look, question).await.body;
        loop {
            pages += 1;
            ids.extend(page.split("<bdi>id").skip(1).map(|rest| rest[..3].to_owned()));
            let Some((before, _)) = page.split_once("\" class=\"next\"") else { break };
            let next = before.rsplit('"').next().unwrap().replace("&amp;", "&");
            assert!(!next.contains("many.example"), "no whole address in a URL: {next}");
            page = look.get(&next).await.body;
        }
        let expected: Vec<String> = (100..150).map(|n| n.to_string()).collect();
        assert_eq!((ids, pages), (expected, 3), "{question}");
    }
}

#[tokio::test]
async fn the_id_of_a_request_leads_to_its_person_even_if_they_never_signed_in() {
    let app = with_desk("").await;
    let ada = app.browser();
    let asked = ada
        .request(Method::POST, "/actions/sign-in")
        .form(&[("email", "new@example.com")])
        .header("x-request-id", "id-of-an-error-page");
    ada.send(asked.header("sec-fetch-site", "same-origin")).await;
    app.inbox.first_to("new@example.com").await;
    app.until("SELECT COUNT(*) FROM latchkey_audit_events WHERE event = 'mail.sent'", 1).await;
    let look = operator(&app, "look").await;
    let page = find(&look, "id-of-an-error-page").await.body;
    for fact in ["n***@example.com", "Sign-in email requested", "Email accepted"] {
        assert!(page.contains(fact), "{fact}: {page}");
    }
    let person = look.get(&people(&page)[0]).await.body;
    assert!(person.contains("<span>new</span>"), "{person}");
    assert!(person.contains("no user: nobody has signed in"), "{person}");
    // Two days later the address is kept no more, and the events are.
    app.clock.advance(3 * 24 * 60 * MINUTE);
    app.store.purge(app.clock.now(), 90 * 24 * 60 * MINUTE).await.unwrap();
    let look = operator(&app, "look").await;
    let page = find(&look, "id-of-an-error-page").await.body;
    assert!(page.contains("n***@example.com") && people(&page).is_empty(), "{page}");
    assert!(page.contains("Its address is kept no more"), "{page}");
}

#[tokio::test]
async fn users_of_a_teams_own_table_are_found_by_address_and_id() {
    let team = Team::new(RAILS).await;
    let app = team.app_with("users", &[("LATCHKEY_DESK__ENABLED", "true")]).await;
    app.signed_in("ada@example.com").await;
    assert_eq!(app.command(&["desk", "invite", "ada@example.com"]).await.0, 0);
    let ada = app.signed_in("ada@example.com").await;
    let page = find(&ada, "ada").await.body;
    assert!(people(&page).is_empty() && page.contains("only whole addresses"), "{page}");
    for question in ["ada@example.com", "7"] {
        let page = opened(&ada, question).await.body;
        assert!(page.contains("<bdi>7</bdi>") && page.contains("your own table"), "{page}");
    }
}

#[tokio::test]
async fn the_page_says_why_the_last_try_did_not_succeed() {
    let app = with_desk("").await;
    let look = operator(&app, "look").await;
    let diagnosis = async || {
        let page = opened(&look, "ada@example.com").await.body;
        let diagnosis = page.split("class=\"diagnosis\">").nth(1).unwrap();
        diagnosis.split("</p>").next().unwrap().to_owned()
    };
    assert_eq!(diagnosis().await, "No email was asked for in the last 90 days.");
    app.clock.advance(MINUTE);
    let (ada, mail) = app.asked("ada@example.com").await;
    app.until("SELECT COUNT(*) FROM latchkey_audit_events WHERE event = 'mail.sent'", 2).await;
    let said = diagnosis().await;
    assert!(said.contains("2026-01-01 12:01:00 UTC was accepted"), "{said}");
    assert!(said.ends_with("its link and code were not used."), "{said}");
    app.clock.advance(SECOND);
    ada.type_code(mail.wrong_code()).await;
    let said = diagnosis().await;
    assert!(said.contains("12:01:01 UTC: Wrong code typed."), "{said}");
    // That the mail was accepted may be written down later.
    app.run_sql(
        "UPDATE latchkey_audit_events SET at = at + 1500 WHERE event = 'mail.sent' \
         AND address LIKE 'a%'",
    )
    .await;
    let said = diagnosis().await;
    assert!(said.contains("12:01:01 UTC: Wrong code typed."), "{said}");
    app.clock.advance(SECOND);
    ada.get(mail.link()).await;
    assert!(diagnosis().await.starts_with("The last try succeeded"), "{}", diagnosis().await);
    // A later report about its mail is no news.
    app.run_sql("UPDATE latchkey_audit_events SET at = at + 60000 WHERE event = 'mail.sent'").await;
    assert!(diagnosis().await.starts_with("The last try succeeded"), "{}", diagnosis().await);
    app.clock.advance(MINUTE);
    app.clock.advance(SECOND);
    app.inbox.behave(Manners::RefusesForNow);
    app.browser().ask_for_mail("ada@example.com").await;
    app.until("SELECT COUNT(*) FROM latchkey_audit_events WHERE event = 'mail.delayed'", 1).await;
    let said = diagnosis().await;
    assert!(said.contains("12:02:03 UTC is delayed: “attempt 1:"), "{said}");
    app.inbox.behave(Manners::RefusesForGood);
    app.until_mail_is_tried_again().await;
    app.until("SELECT COUNT(*) FROM latchkey_audit_events WHERE event = 'mail.failed'", 1).await;
    let said = diagnosis().await;
    assert!(said.contains("was not delivered: “"), "{said}");
    app.run_sql("INSERT INTO latchkey_bans VALUES ('', 'ada@example.com', 1767268800000)").await;
    assert!(diagnosis().await.starts_with("Disabled since 2026-01-01 12:00:00 UTC"));
}

#[tokio::test]
async fn the_timeline_has_every_step_in_order_and_is_text_without_secrets() {
    let app = with_desk("").await;
    let ada = app.browser();
    let asking =
        ada.request(Method::POST, "/actions/sign-in").form(&[("email", "ada@example.com")]);
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
    ada.send(asking.header("user-agent", firefox).header("accept", "text/html")).await;
    let mail = app.inbox.first_to("ada@example.com").await;
    app.until("SELECT COUNT(*) FROM latchkey_audit_events WHERE event = 'mail.sent'", 1).await;
    app.clock.advance(SECOND);
    ada.type_code(mail.wrong_code()).await;
    app.clock.advance(SECOND);
    let elsewhere = app.browser();
    elsewhere.get(mail.link()).await;
    app.clock.advance(SECOND);
    ada.type_code(mail.code()).await;
    let look = operator(&app, "look").await;
    let page = opened(&look, "ada@example.com").await.body;
    let text = ticket(&page);
    let steps = [
        "Sign-in email with link and code asked for, good for 10 minutes · Firefox on Linux, IP\u{a0}127.0.0.*",
        "Email accepted by the mail system",
        "2026-01-01 12:00:01 UTC  Wrong code typed",
        "2026-01-01 12:00:02 UTC  Link opened in another browser",
        "2026-01-01 12:00:03 UTC  Signed in with a code",
        "Opened at the desk · by look@example.com",
    ];
    let mut rest = text;
    for step in steps {
        let at = rest.find(step).unwrap_or_else(|| panic!("{step:?} is missing: {text:?}"));
        rest = &rest[at + step.len()..];
    }
    assert!(text.contains("Person a***@example.com") && !text.contains("ada@example.com"));
    for secret in [mail.code(), mail.link_token(), mail.wrong_code()] {
        assert!(!page.contains(secret), "the page holds {secret}");
    }
    assert!(page.contains("nonce=") && page.contains("copy-ticket"));
}

#[tokio::test]
async fn words_of_strangers_are_text_on_the_page_and_nothing_else() {
    let app = with_desk("").await;
    let ada = app.browser();
    let hostile = "<script>alert(1)</script></textarea>=HYPERLINK(\"x\")";
    let asking =
        ada.request(Method::POST, "/actions/sign-in").form(&[("email", "ada@example.com")]);
    ada.send(asking.header("user-agent", hostile).header("accept", "text/html")).await;
    app.inbox.first_to("ada@example.com").await;
    app.run_sql(
        "UPDATE latchkey_audit_events SET reason = '</q></textarea><script>alert(2)</script>', \
         event = 'mail.returned' WHERE event = 'auth.requested'",
    )
    .await;
    let look = operator(&app, "look").await;
    let page = opened(&look, "ada@example.com").await.body;
    assert!(!page.contains("<script>alert"), "{page}");
    assert!(page.contains("&lt;script&gt;alert(2)"), "{page}");
    let page = find(&look, "\"><script>alert(3)</script>").await.body;
    assert!(!page.contains("<script>alert"), "{page}");
}

#[tokio::test]
async fn nobody_a_person_and_a_made_up_key_see_no_person() {
    let app = with_desk("").await;
    let ada = app.signed_in("ada@example.com").await;
    let look = operator(&app, "look").await;
    let path = people(&find(&look, "ada@example.com").await.body)[0].clone();
    for page in ["/desk/people?q=ada", path.as_str()] {
        assert!(app.browser().get(page).await.goes_to().starts_with("/login?next="));
        let answer = ada.get(page).await;
        assert_eq!(answer.status, 404);
        assert!(!answer.body.contains("a***@"), "{}", answer.body);
    }
    for made_up in ["/desk/people/a.AAAA", "/desk/people/nobody", "/desk/people/%ff"] {
        assert_eq!(look.get(made_up).await.status, 404, "{made_up}");
    }
    assert!(app.texts(OPENINGS).await.is_empty());
}

#[tokio::test]
async fn the_page_speaks_the_operators_language() {
    let app = with_desk("").await;
    app.signed_in("ada@example.com").await;
    let look = operator(&app, "look").await;
    let path = people(&find(&look, "ada@example.com").await.body)[0].clone();
    for (language, words) in
        [("de", "Der letzte Versuch gelang"), ("ar", "نجحت آخر محاولة"), ("en", "The last try")]
    {
        let request = look.request(Method::GET, &path).header("accept-language", language);
        let page = look.send(request.header("accept", "text/html")).await.body;
        assert!(page.contains(words), "{language}: {page}");
    }
}

#[tokio::test]
async fn an_older_page_tells_of_the_last_try_all_the_same() {
    let app = with_desk("").await;
    app.signed_in("ada@example.com").await;
    app.clock.advance(MINUTE);
    let (ada, mail) = app.asked("ada@example.com").await;
    ada.type_code(mail.wrong_code()).await;
    let look = operator(&app, "look").await;
    let path = people(&find(&look, "ada@example.com").await.body)[0].clone();
    let older = format!("{path}?before={}.0", START + MINUTE);
    let page = look.get(&older).await.body;
    assert!(page.contains("The last try was refused") && !page.contains("succeeded"), "{page}");
    assert_eq!(look.get(&format!("{path}?before=long-ago")).await.status, 400);
}

#[tokio::test]
async fn a_reason_that_names_somebody_is_masked_where_nobody_is_opened() {
    let app = with_desk("").await;
    app.signed_in("ada@example.com").await;
    let help = operator(&app, "help").await;
    let path = people(&find(&help, "ada@example.com").await.body)[0].clone();
    let key = path.trim_start_matches("/desk/people/");
    let key = percent_encoding::percent_decode_str(key).decode_utf8().unwrap().into_owned();
    let reason = "bea@example.org wrote to us";
    let fields = [("key", key.as_str()), ("act", "end-sessions"), ("reason", reason)];
    let done = help.post_form("/actions/desk-person", &fields).await;
    let page = help.get(done.goes_to()).await.body;
    assert!(page.contains(reason), "on the page of who was opened it stays: {page}");
    let text = ticket(&page);
    assert!(text.contains("b***@example.org wrote to us") && !text.contains("bea@"), "{text}");
    let request = app
        .texts("SELECT request_id FROM latchkey_audit_events WHERE event = 'session.revoked'")
        .await;
    let found = find(&help, &request[0]).await.body;
    assert!(found.contains("b***@example.org") && !found.contains("bea@"), "{found}");
}

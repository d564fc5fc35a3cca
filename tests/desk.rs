//! The desk's door: who gets in, and where.

use latchkey::server::ground::clock::MINUTE;
use reqwest::Method;
use std::{fs, time::Duration};

use crate::support::{
    App, Browser, Port, client,
    desk::{operator, policy, with_desk},
    relying_party::with_policy,
};

const REFUSALS: &str =
    "SELECT reason FROM latchkey_audit_events WHERE event = 'operator.refused' ORDER BY id";

/// Commands use the machine's clock, by which everything in a story is long past.
const ALIVE_BY_THE_MACHINES_CLOCK: &str =
    "UPDATE latchkey_sessions SET token_expires_at = 9000000000000";

#[tokio::test]
async fn there_is_no_desk_until_it_is_turned_on() {
    let app = App::start().await;
    app.command(&["desk", "invite", "ada@example.com"]).await;
    let ada = app.signed_in("ada@example.com").await;
    for browser in [&ada, &app.browser()] {
        for path in ["/desk", "/desk/operators", "/desk/x?y=z"] {
            let answer = browser.get(path).await;
            assert_eq!(answer.status, 404, "{path}");
            assert!(answer.body.contains("There is no such page"), "{path}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn nobody_is_asked_to_sign_in_and_a_program_is_told_so() {
    let app = with_desk("").await;
    let nobody = app.browser();
    let answer = nobody.get("/desk/operators").await;
    assert_eq!(answer.goes_to(), "/login?next=%2Fdesk%2Foperators");
    let program = nobody.request(Method::GET, "/desk").header("accept", "application/json");
    assert_eq!(nobody.send(program).await.error(401), "unauthenticated");
}

#[tokio::test]
async fn whoever_is_no_operator_finds_no_desk_and_is_written_down() {
    let app = with_desk("").await;
    let ada = app.signed_in("ada@example.com").await;
    let answer = ada.get("/desk/operators").await;
    assert_eq!(answer.status, 404);
    assert!(!answer.body.contains("steer@example.com"));
    let program = ada.request(Method::GET, "/desk").header("accept", "application/json");
    assert_eq!(ada.send(program).await.error(404), "not_found");
    assert_eq!(app.texts(REFUSALS).await, ["not_found", "not_found"]);
}

#[tokio::test]
async fn each_operator_sees_who_may_use_the_desk() {
    let app = with_desk("").await;
    app.command(&["desk", "invite", "ada@example.com", "--role", "help"]).await;
    for role in ["look", "help", "steer"] {
        let page = operator(&app, role).await.get("/desk/operators").await;
        assert_eq!(page.status, 200);
        assert_eq!(page.header("cache-control"), "no-store, no-transform");
        for name in ["look@", "help@", "steer@", "ada@", "latchkey desk invite", "policy file"] {
            assert!(page.body.contains(name), "{role} sees no {name}: {}", page.body);
        }
        assert!(page.body.contains("/desk.css?v="));
    }
    assert!(app.texts(REFUSALS).await.is_empty());
}

#[tokio::test]
async fn pages_that_everybody_sees_load_nothing_of_the_desk() {
    let app = with_desk("").await;
    assert!(!app.browser().get("/login").await.body.contains("desk"));
    let style = app.browser().get("/desk.css").await;
    assert!(style.status == 200 && style.body.contains(".desk-bar"));
}

#[tokio::test]
async fn an_operator_who_was_invited_gets_in_until_removed() {
    let app = with_policy("[desk]\nenabled = true").await;
    let ada = app.signed_in("ada@example.com").await;
    app.run_sql(ALIVE_BY_THE_MACHINES_CLOCK).await;
    let (code, said) = app.command(&["desk", "invite", "ada@example.com"]).await;
    assert!(code == 0 && said.contains("with the role steer"), "{said}");
    assert!(said.contains("/login?next=%2Fdesk"), "{said}");
    assert_eq!(ada.get("/desk").await.status, 200);
    let (_, said) = app.command(&["desk", "list"]).await;
    assert!(said.contains("ada@example.com  steer  invited"), "{said}");
    let (code, said) = app.command(&["desk", "remove", "Ada@example.com"]).await;
    assert!(code == 0 && said.contains("no operator any more"), "{said}");
    assert_eq!(ada.get("/desk").await.status, 404);
    let events =
        "SELECT event FROM latchkey_audit_events WHERE event LIKE 'operator.%' ORDER BY id";
    assert_eq!(app.texts(events).await, ["operator.added", "operator.removed", "operator.refused"]);
}

#[tokio::test]
async fn commands_leave_the_operators_of_the_file_alone() {
    let app = with_desk("").await;
    for command in ["invite", "remove"] {
        let (code, said) = app.command(&["desk", command, "look@example.com"]).await;
        assert!(code == 1 && said.contains("under [desk]"), "{said}");
    }
}

#[tokio::test]
async fn an_old_sign_in_is_told_that_it_can_only_look() {
    let app = with_desk("").await;
    let steer = operator(&app, "steer").await;
    app.clock.advance(15 * MINUTE);
    assert!(!steer.get("/desk/operators").await.body.contains("more than 15 minutes ago"));
    app.clock.advance(MINUTE);
    let page = steer.get("/desk/operators").await.body;
    assert!(page.contains("more than 15 minutes ago"), "{page}");
    assert!(page.contains("/login?next=%2Fdesk%2Foperators"), "{page}");
}

#[tokio::test]
async fn a_desk_with_an_address_of_its_own_is_nowhere_else() {
    let port = Port::held();
    let app = with_desk(&format!("listen = \"127.0.0.1:{}\"", port.number)).await;
    let steer = operator(&app, "steer").await;
    assert_eq!(steer.get("/desk").await.status, 404);
    let host = app.url.trim_start_matches("http://").to_owned();
    let inside = steer.at(&format!("http://localhost:{}", port.number));
    let get = |browser: &Browser| browser.request(Method::GET, "/desk").header("host", &host);
    let page = inside.send(get(&inside)).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let stranger = Browser::by(client(), &format!("http://localhost:{}", port.number));
    assert!(stranger.send(get(&stranger)).await.goes_to().starts_with("/login"));
}

#[tokio::test]
async fn a_desk_that_names_somebody_twice_or_no_address_does_not_start() {
    let dir = tempfile::tempdir().unwrap();
    for (entries, says) in [
        ("{ address = \"ada\" }", "is no email address of an operator"),
        ("{ address = \"ada@example.com\", role = \"root\" }", "unknown variant `root`"),
        (
            "{ address = \"ada@example.com\" }, { address = \"Ada@example.com\" }",
            "names ada@example.com twice",
        ),
    ] {
        let path = dir.path().join("Leptos.toml");
        std::fs::write(&path, format!("[desk]\noperators = [{entries}]\n")).unwrap();
        let source =
            latchkey::server::config::Source { path: Some(path), variables: Default::default() };
        let error = source.policy().unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_policy_that_no_longer_names_its_address_does_not_open_the_desk_to_everybody() {
    let port = Port::held();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.toml");
    let brand = |name: &str| format!("[brand]\nname = \"{name}\"\n");
    let listen = format!("listen = \"127.0.0.1:{}\"\n", port.number);
    fs::write(&path, policy(&(listen + &brand("Before")))).unwrap();
    let app = App::with_file(&path).await;
    let steer = operator(&app, "steer").await;
    fs::write(&path, policy(&brand("After"))).unwrap();
    for _ in 0..200 {
        if app.auth.policy().brand.name == "After" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert_eq!(app.auth.policy().desk.listen, None);
    assert_eq!(steer.get("/desk").await.status, 404);
}

#[tokio::test]
async fn rights_by_a_command_end_even_while_the_file_names_the_operator() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.toml");
    fs::write(&path, "[desk]\nenabled = true\n").unwrap();
    let app = App::with_file(&path).await;
    app.command(&["desk", "invite", "look@example.com", "--role", "steer"]).await;
    fs::write(&path, policy("")).unwrap();
    let (code, said) = app.command(&["desk", "remove", "look@example.com"]).await;
    assert!(code == 1 && said.contains("take the entry out there"), "{said}");
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_operators").await, 0);
}

#[tokio::test]
async fn a_test_person_whom_a_command_made_an_operator_is_none_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.toml");
    fs::write(&path, policy("")).unwrap();
    let app = App::with_file(&path).await;
    app.command(&["desk", "invite", "robot@shop.example", "--role", "steer"]).await;
    let entry = "[[test_people]]\naddress = \"robot@shop.example\"\ncode = \"402918\"\n";
    fs::write(&path, policy(entry)).unwrap();
    let (_, said) = app.command(&["desk", "list"]).await;
    assert!(said.contains("steer@example.com") && !said.contains("robot@"), "{said}");
}

//! The policy that was in force when a mail was asked for, on the timeline of a person.

use latchkey::server::{
    desk::steer::Edit,
    ground::clock::{MINUTE, SECOND},
    values::address::Address,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    desk_people::{find, opened, people, ticket},
    overrides::{back, set, steered},
    support::{
        App, Browser, START,
        desk::{apps_at_desk, get, operator, token, with_desk},
    },
};

const STATES: &str = "SELECT COUNT(*) FROM latchkey_policy_states";
const THEN: &str = "Policy then: ";

/// Sentences of a page on the policy then, the latest first.
fn told(page: &str) -> Vec<String> {
    let timeline = page.split("<pre id=\"ticket\"").next().unwrap();
    let told = timeline.split(THEN).skip(1);
    told.map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
}

/// Answers of the API on the policy at each ask for a mail, the latest first.
async fn answered(app: &App) -> Vec<(Value, Value)> {
    let look = token(app, "look", "desk:look").await;
    let found = get(app, &look, "/api/desk/people?q=ada@example.com").await.json();
    let key = found["people"][0]["key"].as_str().unwrap().to_owned();
    let person = get(app, &look, &format!("/api/desk/person?key={key}")).await.json();
    let lines = person["timeline"].as_array().unwrap().clone();
    let is_ask = |line: &Value| line["what"].as_str().unwrap().starts_with("Sign-in email with");
    for line in lines.iter().filter(|line| !is_ask(line)) {
        assert!(line["policy_then"].is_null() && line["policy_then_is_unknown"].is_null());
    }
    let asks = lines.into_iter().filter(is_ask);
    asks.map(|ask| (ask["policy_then"].clone(), ask["policy_then_is_unknown"].clone())).collect()
}

/// A server where Ada asks for a mail under another policy than the file's, and again under that.
async fn with_two_asks(edits: &[Edit]) -> (App, Browser) {
    let app = with_desk(&apps_at_desk()).await;
    app.until(STATES, 1).await;
    let look = operator(&app, "look").await;
    app.clock.advance(SECOND);
    steered(&app, edits).await.unwrap();
    app.clock.advance(SECOND);
    app.asked("ada@example.com").await;
    app.clock.advance(SECOND);
    let taken_back: Vec<Edit> = edits.iter().map(|edit| back(&edit.key)).collect();
    steered(&app, &taken_back).await.unwrap();
    app.clock.advance(MINUTE);
    app.asked("ada@example.com").await;
    (app, look)
}

#[tokio::test]
async fn each_ask_tells_which_keys_of_the_policy_were_different_then() {
    let looks = [set("brand.name", "Engines"), set("mail.words.en.title", "Hello")];
    let rules = [set("auth.expires_in", "300"), set("auth.same_browser", "confirm")];
    let (app, look) = with_two_asks(&[looks, rules].concat()).await;
    let page = opened(&look, "ada@example.com").await.body;
    let sentence = "auth.expires_in 300 (now 600); auth.same_browser \"confirm\" (now \"enforce\")";
    assert_eq!(told(&page), [sentence], "of the first ask alone, and nothing of looks: {page}");
    let text = ticket(&page);
    let line = text.lines().find(|line| line.contains(THEN)).unwrap();
    assert!(
        line.starts_with("2026-01-01 12:00:02 UTC  Sign-in email with link and code"),
        "{line}"
    );
    assert!(line.ends_with(&format!("{THEN}{sentence}")), "{line}");
    assert_eq!(text.matches(THEN).count(), 1, "{text}");
    let keys = json!([
        { "key": "auth.expires_in", "then": "300", "now": "600" },
        { "key": "auth.same_browser", "then": "\"confirm\"", "now": "\"enforce\"" },
    ]);
    assert_eq!(answered(&app).await, [(Value::Null, Value::Null), (keys, Value::Null)]);
    let path = people(&find(&look, "ada@example.com").await.body)[0].clone();
    for (language, words) in
        [("de", "Policy damals: auth.expires_in 300 (jetzt 600)"), ("ar", "السياسة آنذاك")]
    {
        let request = look.request(Method::GET, &path).header("accept-language", language);
        let page = look.send(request.header("accept", "text/html")).await.body;
        assert!(page.contains(words), "{language}: {page}");
    }
}

#[tokio::test]
async fn what_was_equal_then_differs_once_the_policy_changes() {
    let app = with_desk("[auth]\ncode_tries = 5\n").await;
    app.until(STATES, 1).await;
    let look = operator(&app, "look").await;
    app.asked("ada@example.com").await;
    app.clock.advance(SECOND);
    assert!(told(&opened(&look, "ada@example.com").await.body).is_empty());
    steered(&app, &[set("auth.code_tries", "3")]).await.unwrap();
    let page = opened(&look, "ada@example.com").await.body;
    assert_eq!(told(&page), ["auth.code_tries 5 (now 3)"], "{page}");
}

#[tokio::test]
async fn a_policy_that_is_not_kept_is_said_to_be_unknown() {
    let (app, look) = with_two_asks(&[set("auth.expires_in", "300")]).await;
    // The policy at the first ask is purged.
    let purged = format!("DELETE FROM latchkey_policy_states WHERE at < {}", START + 3 * SECOND);
    app.run_sql(purged.leak()).await;
    assert_eq!(told(&opened(&look, "ada@example.com").await.body), ["not known any more"]);
    let unknown = (Value::Null, json!(true));
    assert_eq!(answered(&app).await, [(Value::Null, Value::Null), unknown.clone()]);
    // One that this version cannot read is as good as none.
    app.run_sql("UPDATE latchkey_policy_states SET policy = '{'").await;
    assert_eq!(answered(&app).await, [unknown.clone(), unknown]);
    let page = opened(&look, "ada@example.com").await.body;
    assert_eq!(told(&page), ["not known any more", "not known any more"]);
    assert_eq!(ticket(&page).matches("not known any more").count(), 2);
}

#[tokio::test]
async fn a_list_is_cut_on_the_page_and_whole_for_programs() {
    let domains: Vec<String> = (100..160).map(|n| format!("n{n}.example")).collect();
    let edit = set("sign_up.blocked_domains", &domains.join(", "));
    let (app, look) = with_two_asks(&[edit]).await;
    let page = opened(&look, "ada@example.com").await.body;
    let [sentence] = &told(&page)[..] else { panic!("{page}") };
    let (then, now) = sentence.split_once(" (now ").unwrap();
    assert!(then.starts_with("sign_up.blocked_domains [\"n100.example\", "), "{sentence}");
    assert!(then.ends_with('…') && then.len() < 120 && now == "[])", "{sentence}");
    let whole = answered(&app).await[1].0[0]["then"].as_str().unwrap().to_owned();
    assert!(whole.ends_with("\"n159.example\"]"), "{whole}");
}

#[tokio::test]
async fn no_more_policies_are_read_than_there_were_asks() {
    let app = with_desk("").await;
    app.until(STATES, 1).await;
    for _ in 0..2 {
        app.clock.advance(MINUTE);
        app.asked("ada@example.com").await;
        for tries in ["2", "3", "4"] {
            app.clock.advance(SECOND);
            steered(&app, &[set("auth.code_tries", tries)]).await.unwrap();
        }
    }
    let address = Address::parse("ada@example.com").unwrap();
    let read = async |from, to| {
        let policies = app.auth.policies_at_asks(&address, from, to).await.unwrap();
        let tries =
            policies.into_iter().map(|(_, policy)| policy.unwrap()["auth.code_tries"].clone());
        tries.collect::<Vec<_>>()
    };
    assert_eq!(app.count(STATES).await, 7);
    let second = START + 2 * MINUTE + 3 * SECOND;
    assert_eq!(read(START, app.clock.now()).await, ["5", "4"]);
    assert_eq!(read(second, second).await, ["4"], "the one from before the ask");
    assert_eq!(read(second + 1, app.clock.now()).await, [""; 0]);
}

//! The audit table at the desk, on its page and by the API.

use latchkey::server::{
    auth::{Client, export::Format},
    config::desk::Role,
    desk::{
        audit::{self, Asked, Filter},
        operator::Operator,
    },
    ground::clock::MINUTE,
    values::event::Event,
};
use serde_json::Value;

use crate::support::{
    App, Browser,
    desk::{apps_at_desk, get, operator, token, with_desk},
};

const EVENTS: &str = "/api/desk/events";

/// Writes events as operators and strangers cause them, with text that means harm.
const HOSTILE: &str = "INSERT INTO latchkey_audit_events (at, event, reason, request_id, subject, \
    address, user_id, user_agent, ip_prefix, list, app_id, operator, note) VALUES \
    (1767268800001, 'session.revoked', '<img src=x onerror=alert(1)>', 'of-a-stranger', 's', \
    'a***@example.com', NULL, '<script>alert(2)</script>', '203.0.113.0/24', '', NULL, \
    'ada@example.com', '=HYPERLINK(\"https://evil.example\")</p><script>alert(3)</script>')";

/// The events that an answer lists: name, address and operator of each.
fn lines(answer: &Value) -> Vec<String> {
    let events = answer["events"].as_array().unwrap_or_else(|| panic!("no events: {answer}"));
    let text = |event: &Value, name: &str| event[name].as_str().unwrap_or("-").to_owned();
    events
        .iter()
        .map(|event| ["event", "address", "operator"].map(|name| text(event, name)).join(" "))
        .collect()
}

/// Asks for events as an app that may look.
async fn listed(app: &App, query: &str) -> Value {
    let look = token(app, "look", "desk:look").await;
    get(app, &look, &format!("{EVENTS}?{query}")).await.json()
}

/// A server where Ada and Bob have signed in, and the desk has refused Ada.
async fn with_events() -> (App, Browser) {
    let app = with_desk(&apps_at_desk()).await;
    let ada = app.signed_in("ada@example.com").await;
    app.clock.advance(MINUTE);
    app.signed_in("bob@example.com").await;
    app.clock.advance(MINUTE);
    ada.get("/desk").await;
    let sent = "SELECT COUNT(*) FROM latchkey_audit_events WHERE event = 'mail.sent'";
    app.until(sent, 2).await;
    (app, ada)
}

#[tokio::test]
async fn events_are_found_by_name_person_operator_and_time() {
    let (app, _) = with_events().await;
    let all = lines(&listed(&app, "").await);
    assert_eq!(all[0], "operator.refused a***@example.com -", "the latest comes first");
    assert_eq!(all.len(), 9, "{all:?}");
    for event in ["auth.requested", "auth.verified", "mail.sent", "session.issued"] {
        let found = lines(&listed(&app, &format!("event={event}")).await);
        let line = |who: &str| format!("{event} {who}***@example.com -");
        assert_eq!(found, [line("b"), line("a")]);
    }
    let found = lines(&listed(&app, "event=operator.refused").await);
    assert_eq!(found, ["operator.refused a***@example.com -"]);
    for (times, count) in [
        ("since=2026-01-01T12:02:00Z", 1),
        ("since=2026-01-01T12:01:00Z&until=2026-01-01T12:02:00Z", 4),
        ("until=2026-01-01T12:01:00Z", 4),
        ("since=1m", 5),
        ("since=2026-01-02", 0),
        ("until=2026-01-01", 0),
    ] {
        let found = lines(&listed(&app, times).await);
        assert_eq!(found.len(), count, "{times}: {found:?}");
    }
    let found = lines(&listed(&app, "address=Ada%40Example.com").await);
    assert!(found.len() == 6 && found.iter().all(|line| line.contains("a***@")), "{found:?}");
    let found = lines(&listed(&app, "address=bob@example.com&event=auth.verified").await);
    assert_eq!(found, ["auth.verified b***@example.com -"]);
}

#[tokio::test]
async fn what_operators_did_is_found_by_who_did_it() {
    let (app, _) = with_events().await;
    let helper = token(&app, "steer", "").await;
    get(&app, &helper, EVENTS).await;
    app.run_sql(HOSTILE).await;
    let found = lines(&listed(&app, "operator=*").await);
    assert_eq!(
        found,
        ["operator.refused  app:steer", "session.revoked a***@example.com ada@example.com"]
    );
    let found = lines(&listed(&app, "operator=app:steer").await);
    assert_eq!(found, ["operator.refused  app:steer"]);
    let found = lines(&listed(&app, "operator=ada@example.com&event=session.revoked").await);
    assert_eq!(found, ["session.revoked a***@example.com ada@example.com"]);
    assert_eq!(lines(&listed(&app, "operator=ada@example.com&event=auth.failed").await), [""; 0]);
    // To ask for the events of one person is to open the person.
    let found = lines(&listed(&app, "operator=*&address=ada@example.com").await);
    assert_eq!(found, ["desk.opened a***@example.com app:look"]);
}

#[tokio::test]
async fn every_event_can_be_asked_for_by_its_name() {
    let (app, _) = with_events().await;
    let look = token(&app, "look", "desk:look").await;
    let page = operator(&app, "look").await.get("/desk/audit").await.body;
    for event in Event::ALL {
        let name = event.name();
        let answer = get(&app, &look, &format!("{EVENTS}?event={name}")).await;
        assert_eq!(answer.status, 200, "{name}");
        assert!(page.contains(&format!(">{name}</option>")), "{name}");
    }
}

#[tokio::test]
async fn a_filter_that_makes_no_sense_is_refused_with_a_reason() {
    let app = with_desk(&apps_at_desk()).await;
    let look = token(&app, "look", "desk:look").await;
    let browser = operator(&app, "look").await;
    for (query, code, says) in [
        ("event=nonsense", "invalid_request", "no event of this name"),
        ("since=yesterday", "invalid_request", "Give times like"),
        ("until=2026-13-01", "invalid_request", "Give times like"),
        ("address=ada", "invalid_email", "spelling"),
        ("before=7", "invalid_request", "older"),
        ("before=a.b", "invalid_request", "older"),
        ("after=a.b", "invalid_request", "newer"),
        ("before=2.2&after=1.1", "invalid_request", "not both"),
    ] {
        let refused = get(&app, &look, &format!("{EVENTS}?{query}")).await;
        assert_eq!(refused.error(400), code, "{query}");
        assert!(refused.body.contains(says), "{query}: {}", refused.body);
        let page = browser.get(&format!("/desk/audit?{query}")).await;
        assert!(page.status == 400 && page.body.contains(says), "{query}: {}", page.body);
    }
    let unknown = get(&app, &look, &format!("{EVENTS}?nonsense=1")).await;
    assert_eq!(unknown.error(400), "invalid_request");
}

#[tokio::test]
async fn the_page_shows_who_did_what_to_whom_and_why_and_no_whole_address() {
    let (app, _) = with_events().await;
    app.run_sql(
        "UPDATE latchkey_audit_events SET operator = 'help@example.com', note = 'She called us.' \
         WHERE event = 'operator.refused'",
    )
    .await;
    let page = operator(&app, "look").await.get("/desk/audit").await;
    assert_eq!(page.header("cache-control"), "no-store, no-transform");
    for shown in
        ["a***@example.com", "She called us.", "help@example.com", "2026-01-01T12:02:00.000Z"]
    {
        assert!(page.body.contains(shown), "{shown}: {}", page.body);
    }
    assert!(!page.body.contains("ada@example.com") && !page.body.contains("bob@example.com"));
    let german = operator(&app, "help").await;
    let request = german.request(reqwest::Method::GET, "/desk/audit");
    let page = german.send(request.header("accept-language", "de")).await.body;
    assert!(page.contains("Alle Ereignisse"), "{page}");
}

#[tokio::test]
async fn text_of_strangers_does_no_harm_on_the_page() {
    let app = with_desk(&apps_at_desk()).await;
    app.run_sql(HOSTILE).await;
    let browser = operator(&app, "look").await;
    let page = browser.get("/desk/audit?operator=%3Cscript%3Ealert(4)%3C%2Fscript%3E").await.body;
    assert!(!page.contains("alert(4)</script>"), "{page}");
    let page = browser.get("/desk/audit?operator=*").await.body;
    for harm in ["<img", "<script>alert", "</p><script"] {
        assert!(!page.contains(harm), "{harm}: {page}");
    }
    assert!(page.contains("=HYPERLINK"), "it is shown as it was written: {page}");
    let told = listed(&app, "operator=*").await;
    assert_eq!(told["events"][0]["user_agent"], "<script>alert(2)</script>");
}

#[tokio::test]
async fn everything_that_the_filter_shows_is_exported_oldest_first() {
    let (app, _) = with_events().await;
    app.run_sql(
        "INSERT INTO latchkey_audit_events (at, event, reason, request_id, subject, address, \
         user_id, user_agent, ip_prefix, list, operator, note) \
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) \
         SELECT 1767268800000 + i / 4, 'user.disabled', '', '', '', '', NULL, '', '', '', \
         'help@example.com', '' FROM n",
    )
    .await;
    let look = token(&app, "look", "desk:look").await;
    let lines = async |query: &str| -> Vec<Value> {
        let file = get(&app, &look, &format!("{EVENTS}/export?{query}")).await;
        assert_eq!(file.header("content-type"), "application/x-ndjson", "{file:?}");
        file.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let all = lines("event=user.disabled").await;
    assert_eq!(all.len(), 2500);
    let key = |line: &Value| (line["at"].as_str().unwrap().to_owned(), line["id"].as_i64());
    assert!(all.is_sorted_by_key(key), "oldest first");
    assert_eq!(lines("operator=help@example.com").await.len(), 2500);
    assert_eq!(lines("operator=steer@example.com").await.len(), 0);
    assert_eq!(lines("operator=app:look&event=audit.exported").await.len(), 4);
    assert_eq!(lines("address=bob@example.com").await.len(), 5, "with the export itself");
    assert_eq!(lines("until=2026-01-01T12:00:00Z").await.len(), 0);
    let refused = get(&app, &look, &format!("{EVENTS}/export?since=yesterday")).await;
    assert_eq!(refused.error(400), "invalid_request");
    let refused = get(&app, &look, &format!("{EVENTS}/export?format=xml")).await;
    assert_eq!(refused.error(400), "invalid_request");
}

#[tokio::test]
async fn no_cell_of_an_export_is_a_formula_and_the_export_is_an_event() {
    let app = with_desk(&apps_at_desk()).await;
    app.run_sql(HOSTILE).await;
    let browser = operator(&app, "look").await;
    let page = browser.get("/desk/audit?operator=ada%40example.com").await.body;
    let link = "/desk/audit.csv?operator=ada%40example.com";
    assert!(page.contains(link) && page.contains("/desk/audit.jsonl?operator="), "{page}");
    let file = browser.get(link).await;
    assert_eq!(file.status, 200);
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"audit.csv\"");
    assert_eq!(file.header("x-content-type-options"), "nosniff");
    assert_eq!(file.header("cache-control"), "no-store");
    let lines: Vec<&str> = file.body.split("\r\n").collect();
    assert!(lines.len() == 3 && lines[0].starts_with("id,at,event,"), "{file:?}");
    assert!(lines[1].contains(",\"'=HYPERLINK(\"\"https://evil.example\"\")"), "{file:?}");
    let head = browser.request(reqwest::Method::HEAD, link).header("accept", "text/html");
    assert_eq!(browser.send(head).await.status, 200);
    let kept = "SELECT operator || ': ' || note FROM latchkey_audit_events \
        WHERE event = 'audit.exported'";
    assert_eq!(app.texts(kept).await, ["look@example.com: by ada@example.com"]);
    let wrong = browser.get("/desk/audit.csv?since=yesterday").await;
    assert_eq!(wrong.goes_to(), "/desk/audit?since=yesterday");
}

#[tokio::test]
async fn the_event_of_an_export_holds_no_more_of_a_filter_than_a_name_has() {
    let app = with_desk("").await;
    let browser = operator(&app, "look").await;
    let long = "x".repeat(2_000);
    for name in ["%1B%5D0%3BEve%07%0Aby%20steer", long.as_str()] {
        let file = browser.get(&format!("/desk/audit.csv?operator={name}")).await;
        assert_eq!(file.status, 200);
    }
    let kept = "SELECT note FROM latchkey_audit_events WHERE event = 'audit.exported' ORDER BY id";
    let kept = app.texts(kept).await;
    assert_eq!(kept[0], "by ]0;Eveby steer");
    assert!(kept[1].starts_with("by xxx") && kept[1].len() < 300, "{}", kept[1].len());
}

#[tokio::test]
async fn an_export_ends_with_what_had_happened_when_it_was_asked_for() {
    let (app, _) = with_events().await;
    let look = Operator {
        name: "look@example.com".to_owned(),
        role: Role::Look,
        is_fresh: true,
        client: Client::default(),
        address: None,
    };
    let filter = Filter::parse(&Asked::default(), app.clock.now()).unwrap();
    let mut export = audit::export(&app.auth, &look, &filter, Format::Jsonl).await.unwrap();
    let first = export.next(&app.auth).await.unwrap().unwrap();
    assert!(first.contains("audit.exported"), "{first}");
    // Held open, it would tell of all that is still to come.
    app.clock.advance(MINUTE);
    app.signed_in("cyd@example.com").await;
    while let Some(lines) = export.next(&app.auth).await.unwrap() {
        assert_eq!(lines, "");
    }
}

//! Pages of events at the desk, of the audit table and of a person's timeline, and the way from
//! each to those next to it.

use latchkey::server::ground::clock::MINUTE;
use serde_json::Value;

use crate::{
    desk_people::{find, people},
    support::{
        App, Browser,
        desk::{apps_at_desk, get, operator, token, with_desk},
    },
};

/// Acts of operators, four at a time of the clock: their ids tell those apart.
const ACTS: &str = "INSERT INTO latchkey_audit_events (at, event, reason, request_id, subject, \
    address, user_id, user_agent, ip_prefix, list, operator, note) \
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 115) \
    SELECT 1767268800000 + i / 4 * 200, 'user.disabled', '', '', '', '', NULL, '', '', '', \
    'help@example.com', '' FROM n";

/// Links that were opened by who knows whom, of the person whom a sign-in is of.
const OPENINGS: &str = "INSERT INTO latchkey_audit_events (at, event, reason, request_id, subject, \
    address, user_id, user_agent, ip_prefix, list, operator, note) \
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 230) \
    SELECT at + i / 4, 'link.opened', '', 'opening-' || i, subject, address, NULL, '', '', '', \
    NULL, '' FROM latchkey_audit_events, n WHERE event = 'session.issued' AND address LIKE 'a%'";

/// A server whose desk has refused Ada many times at one time of the clock.
async fn with_refusals() -> (App, Browser) {
    let app = with_desk(&apps_at_desk()).await;
    let ada = app.signed_in("ada@example.com").await;
    for _ in 0..115 {
        ada.get("/desk").await;
    }
    app.clock.advance(MINUTE);
    (app, ada)
}

/// A page of events as the API lists it: the ids, and what leads to the pages next to it.
struct Page {
    ids: Vec<i64>,
    newer: Option<String>,
    older: Option<String>,
}

/// Asks for a page as an app that may look.
async fn page(app: &App, query: &str) -> Page {
    let look = token(app, "look", "desk:look").await;
    let answer = get(app, &look, &format!("/api/desk/events?{query}")).await.json();
    let events = answer["events"].as_array().unwrap_or_else(|| panic!("no events: {answer}"));
    let text = |name: &str| answer[name].as_str().map(str::to_owned);
    Page {
        ids: events.iter().map(|event| event["id"].as_i64().unwrap()).collect(),
        newer: text("newer"),
        older: text("older"),
    }
}

/// The path that a page links to as `rel`.
fn link(page: &str, rel: &str) -> Option<String> {
    let (before, _) = page.split_once(&format!("\" rel=\"{rel}\">"))?;
    Some(before.rsplit('"').next().unwrap().replace("&amp;", "&"))
}

/// The path of the newest page that a page links to.
fn newest(page: &str) -> Option<String> {
    let (before, _) = page.split_once("\">Newest events")?;
    Some(before.rsplit('"').next().unwrap().replace("&amp;", "&"))
}

/// Follows links from a page as far as they lead, and returns the pages.
async fn walk(browser: &Browser, path: &str, rel: &str) -> Vec<String> {
    let mut pages = vec![browser.get(path).await.body];
    while let Some(to) = link(pages.last().unwrap(), rel) {
        pages.push(browser.get(&to).await.body);
    }
    pages
}

#[tokio::test]
async fn pages_of_events_follow_one_another_both_ways_without_a_gap_or_a_repeat() {
    let (app, _ada) = with_refusals().await;
    app.run_sql(ACTS).await;
    for filter in [
        "",
        "event=operator.refused",
        "event=auth.requested&since=2026-01-01&until=2026-02-01",
        "address=ada@example.com",
        "operator=*",
        "operator=help@example.com&since=2026-01-01T12:00:01Z",
        "operator=*&event=user.disabled&until=2026-01-01T12:00:05Z",
    ] {
        let mut pages = vec![page(&app, filter).await];
        assert_eq!(pages[0].newer, None, "{filter}: nothing is newer than the newest");
        while let Some(older) = &pages.last().unwrap().older {
            pages.push(page(&app, &format!("{filter}&before={older}")).await);
        }
        let ids: Vec<i64> = pages.iter().flat_map(|page| page.ids.clone()).collect();
        assert!(pages.iter().rev().skip(1).all(|page| page.ids.len() == 50), "{filter}");
        let mut back = vec![pages.pop().unwrap()];
        while let Some(newer) = &back[0].newer {
            let newer = page(&app, &format!("{filter}&after={newer}")).await;
            assert!(newer.older.is_some(), "{filter}: it leads back, too");
            back.insert(0, newer);
        }
        let ids_back: Vec<i64> = back.iter().flat_map(|page| page.ids.clone()).collect();
        assert_eq!(ids_back, ids, "{filter}");
        assert_eq!(back.len(), pages.len() + 1, "{filter}");
    }
    let many = page(&app, "event=operator.refused").await.ids;
    assert!(many.is_sorted_by(|later, earlier| later > earlier), "{many:?}");
}

#[tokio::test]
async fn events_that_came_while_somebody_read_are_on_newer_pages() {
    let (app, ada) = with_refusals().await;
    let refused = async |rest: &str| page(&app, &format!("event=operator.refused{rest}")).await;
    let newest = refused("").await;
    let second = refused(&format!("&before={}", newest.older.unwrap())).await;
    for _ in 0..3 {
        ada.get("/desk").await;
    }
    let back = refused(&format!("&after={}", second.newer.unwrap())).await;
    assert_eq!(back.ids, newest.ids, "the fifty that are next to it");
    let new = refused(&format!("&after={}", back.newer.unwrap())).await;
    assert_eq!((new.ids.len(), new.newer), (3, None));
    assert!(new.ids.iter().all(|id| !newest.ids.contains(id)));
    let again = refused(&format!("&before={}", new.older.unwrap())).await;
    assert_eq!(again.ids, newest.ids);
}

#[tokio::test]
async fn the_audit_page_leads_to_older_events_and_back_to_newer_and_the_newest() {
    let (app, _ada) = with_refusals().await;
    let browser = operator(&app, "look").await;
    let path = "/desk/audit?event=operator.refused";
    let sizes = |pages: &[String]| -> Vec<usize> {
        pages.iter().map(|page| page.matches("<code>operator.refused</code>").count()).collect()
    };
    let older = walk(&browser, path, "next").await;
    assert_eq!(sizes(&older), [50, 50, 15]);
    assert_eq!((link(&older[0], "prev"), newest(&older[0])), (None, None), "it is the newest");
    let from = link(&older[1], "next").unwrap();
    let newer = walk(&browser, &from, "prev").await;
    assert_eq!(sizes(&newer), [15, 50, 50]);
    for page in newer.iter().chain(&older[1..]) {
        assert_eq!(newest(page).as_deref(), Some(path));
    }
    let times = |page: &str| {
        page.split("<tbody>").nth(1).unwrap().split("</tbody>").next().unwrap().to_owned()
    };
    assert_eq!(times(&newer[1]), times(&older[1]), "the same events in the same order");
    let none = browser.get(&format!("{path}&before=7.7")).await.body;
    assert!(none.contains("no such event"), "{none}");
    assert_eq!(newest(&none).as_deref(), Some(path), "a way out of an empty page");
}

#[tokio::test]
async fn the_timeline_of_a_person_leads_both_ways_too() {
    let app = with_desk(&apps_at_desk()).await;
    app.signed_in("ada@example.com").await;
    app.run_sql(OPENINGS).await;
    app.clock.advance(MINUTE);
    let browser = operator(&app, "look").await;
    let path = people(&find(&browser, "ada@example.com").await.body)[0].clone();
    let openings = |page: &str| -> Vec<u32> {
        let timeline = page.split("<pre id=\"ticket\"").next().unwrap();
        let found = timeline.split("opening-").skip(1);
        found.map(|rest| rest.split('<').next().unwrap().parse().unwrap()).collect()
    };
    let expected: Vec<u32> = (1..=230).rev().collect();
    let older = walk(&browser, &path, "next").await;
    let read: Vec<u32> = older.iter().flat_map(|page| openings(page)).collect();
    assert_eq!((older.len(), &read), (3, &expected));
    assert_eq!((link(&older[0], "prev"), newest(&older[0])), (None, None));
    let newer = walk(&browser, &link(&older[1], "next").unwrap(), "prev").await;
    let read: Vec<u32> = newer.iter().rev().flat_map(|page| openings(page)).collect();
    assert_eq!((newer.len(), &read), (3, &expected));
    let back = browser.get(&newest(&newer[1]).unwrap()).await.body;
    assert_eq!(openings(&back), openings(&older[0]));

    let look = token(&app, "look", "desk:look").await;
    let key = get(&app, &look, "/api/desk/people?q=ada@example.com").await.json();
    let key = key["people"][0]["key"].as_str().unwrap().to_owned();
    let person = async |rest: &str| -> Value {
        get(&app, &look, &format!("/api/desk/person?key={key}{rest}")).await.json()
    };
    let place = |person: &Value, name: &str| person[name].as_str().map(str::to_owned);
    let first = person("").await;
    assert_eq!(place(&first, "newer"), None);
    let second = person(&format!("&before={}", place(&first, "older").unwrap())).await;
    let back = person(&format!("&after={}", place(&second, "newer").unwrap())).await;
    assert_eq!((&back["timeline"], place(&back, "newer")), (&first["timeline"], None));
    let both = get(&app, &look, &format!("/api/desk/person?key={key}&before=1.1&after=2.2")).await;
    assert_eq!(both.error(400), "invalid_request");
}

//! The desk's page Now: its numbers after sign-ins, by time, domain, method and app.

use latchkey::server::ground::clock::{DAY, HOUR, SECOND};

use crate::{
    ledger::sealed,
    support::{
        App, Browser, Manners, database,
        desk::{operator, with_desk},
    },
};

/// The text of a page, its elements apart.
async fn read(browser: &Browser, path: &str) -> String {
    let page = browser.get(path).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let mut text = String::new();
    let mut is_tag = false;
    for c in page.body.chars() {
        match c {
            '<' => is_tag = true,
            '>' => {
                is_tag = false;
                if !text.ends_with('|') {
                    text.push('|');
                }
            }
            c if !is_tag => text.push(c),
            _ => {}
        }
    }
    text
}

/// Asserts that a page has all of these texts.
fn tells(page: &str, told: &[&str]) {
    for text in told {
        assert!(page.contains(text), "no {text:?} in {page}");
    }
}

async fn sent(app: &App, mails: i64) {
    app.until("SELECT COUNT(*) FROM latchkey_audit_events WHERE event = 'mail.sent'", mails).await;
}

#[tokio::test]
async fn the_page_tells_how_many_came_from_asking_to_a_session_and_how_fast() {
    let app = with_desk("").await;
    let look = operator(&app, "look").await;
    let (ada, mail) = app.asked("ada@example.net").await;
    let (bea, other) = app.asked("bea@example.org").await;
    app.browser().ask_for_mail("cleo@example.org").await;
    sent(&app, 4).await;
    app.clock.advance(9 * SECOND);
    ada.type_code(mail.code()).await;
    bea.type_code(other.wrong_code()).await;
    sealed(&app).await;
    let page = read(&look, "/desk").await;
    tells(
        &page,
        &[
            "|Now|",
            "4 emails were asked for, 4 were sent, 3 were opened, and 2 of them signed somebody in.",
            "|Signed in|2|50 %|",
            "|example.net|100 %|1|1|1|1|0|0|",
            "|example.org|0 %|2|2|1|0|0|0|",
            "|Code|1|",
            "|Link|1|",
            "|the sign-in page|4|2|",
            "|code_wrong|1|",
            "No email waits to be sent.",
            "|takes emails|",
            "|12:00|4|2|",
        ],
    );
    // Half of the sign-ins took nine seconds, in the class of eight to ten.
    tells(&page, &["|From asking to signed in|0.1 s|9.8 s|"]);
    let drawn = look.get("/desk").await.body;
    assert!(drawn.contains("role=\"img\"") && drawn.contains("aria-labelledby=\"funnel-title\""));
    assert!(!drawn.contains("style="), "the policy of contents forbids styles in the page");
}

#[tokio::test]
async fn the_page_is_about_a_day_a_week_or_a_month() {
    let app = with_desk("").await;
    app.signed_in("ada@example.net").await;
    sent(&app, 1).await;
    sealed(&app).await;
    for (later, day, week, month) in
        [(HOUR, true, true, true), (2 * DAY, false, true, true), (20 * DAY, false, false, true)]
    {
        app.clock.advance(later);
        let look = operator(&app, "look").await;
        for (range, is_told) in [("", day), ("?range=day", day), ("?range=week", week)]
            .into_iter()
            .chain([("?range=month", month), ("?range=year", day)])
        {
            let page = read(&look, &format!("/desk{range}")).await;
            assert_eq!(page.contains("|example.net|100 %|"), is_told, "{range}: {page}");
        }
    }
}

#[tokio::test]
async fn the_page_tells_of_mails_that_wait_and_of_a_transport_that_refuses_us() {
    let app = with_desk("").await;
    let look = operator(&app, "look").await;
    app.inbox.behave(Manners::RefusesSender);
    app.browser().ask_for_mail("ada@example.net").await;
    app.until("SELECT COUNT(*) FROM latchkey_audit_events WHERE event = 'mail.delayed'", 1).await;
    tells(&read(&look, "/desk").await, &["does not take emails; tried again in a second"]);
    app.clock.step(90 * SECOND);
    let told = "One email waits to be sent. It was asked for 90 seconds ago.";
    tells(&read(&look, "/desk").await, &[told]);
}

#[tokio::test]
async fn complaints_are_told_against_the_line_of_the_mailbox_providers() {
    let app = with_desk("").await;
    let look = operator(&app, "look").await;
    let add = "INSERT INTO latchkey_counters (span, at, name, label, count) VALUES \
        (3600000, 1767265200000, 'sent', '', 2000), (3600000, 1767265200000, 'returned', '', 30), \
        (3600000, 1767265200000, 'complaint', '', 5)";
    app.run_sql(add).await;
    let page = read(&look, "/desk").await;
    tells(&page, &["0.25 % of the emails sent (5)", "1.50 % of the emails sent (30)", "0.3 %"]);
    assert!(!page.contains("above the line"));
    app.run_sql("UPDATE latchkey_counters SET count = 6 WHERE name = 'complaint'").await;
    tells(&read(&look, "/desk").await, &["0.30 % of the emails sent (6)", "above the line"]);
    look.set_cookie("language", "de");
    tells(&read(&look, "/desk").await, &["0,30 % der gesendeten E-Mails (6)", "|Jetzt|"]);
}

#[tokio::test]
async fn nothing_is_told_of_a_time_in_which_nothing_happened() {
    let app = with_desk("").await;
    let look = operator(&app, "look").await;
    app.run_sql("DELETE FROM latchkey_counters").await;
    let page = read(&look, "/desk?range=week").await;
    tells(&page, &["Nothing in this time.", "0 emails were asked for"]);
}

/// A year of counters, each day with as many domains as there can be.
#[tokio::test]
async fn of_many_domains_the_busiest_are_told_and_the_rest_together() {
    let app = with_desk("").await;
    let look = operator(&app, "look").await;
    let fill = match database::postgres() {
        Some(_) => {
            "INSERT INTO latchkey_counters (span, at, name, label, count) \
             SELECT 86400000, 1767225600000 - d * 86400000::BIGINT, name, \
             'domain' || n || '.example', d + n \
             FROM generate_series(0, 30) AS d, generate_series(1, 200) AS n, \
             (VALUES ('asked.domain'), ('sent.domain'), ('opened.domain'), ('signed_in.domain'), \
             ('domain')) AS names (name)"
        }
        None => {
            "WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers \
             WHERE n < 200), names (name) AS (VALUES ('asked.domain'), ('sent.domain'), \
             ('opened.domain'), ('signed_in.domain'), ('domain')) \
             INSERT INTO latchkey_counters (span, at, name, label, count) \
             SELECT 86400000, 1767225600000 - d.n * 86400000, name, \
             'domain' || l.n || '.example', d.n + l.n FROM numbers AS d, numbers AS l, names \
             WHERE d.n <= 30 AND l.n > 0"
        }
    };
    app.run_sql(fill).await;
    let page = read(&look, "/desk?range=month").await;
    tells(&page, &["|domain200.example|100 %|", "|All others|"]);
}

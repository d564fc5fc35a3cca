//! Acts on the desk's page Now: links to the page of the policy, with a change filled in.

use latchkey::server::{
    config::{SignUp, sign_up::Rule},
    ground::clock::MINUTE,
};

use crate::support::{
    App, Browser,
    desk::{operator, with_desk, with_limits},
    forms::{fields, link, submit},
};

const STEER: &str = "/actions/desk-steer";
const TAKE_BACK: &str = "/actions/desk-take-back";
const OVERRIDES: &str = "SELECT key || ' = ' || value FROM latchkey_overrides ORDER BY key";
const SENT: &str = "SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'sent'";

/// The links that are acts, by what a screen reader calls them.
const ACTS: [&str; 5] = [
    "Pause sign-up",
    "Open sign-up again",
    "Attack mode",
    "End attack mode",
    "Block sign-up: spam.example",
];

/// Mails to a few domains.
async fn count_domains(app: &App) {
    let add = "INSERT INTO latchkey_counters (span, at, name, label, count) VALUES \
        (3600000, 1767265200000, 'asked.domain', 'spam.example', 900), \
        (3600000, 1767265200000, 'asked.domain', 'others', 50), \
        (3600000, 1767265200000, 'asked.domain', 'example.com', 20)";
    app.run_sql(add).await;
}

/// The acts that the page Now offers.
async fn offered(browser: &Browser) -> Vec<&'static str> {
    let page = browser.get("/desk").await.body;
    ACTS.into_iter().filter(|name| link(&page, name).is_some()).collect()
}

/// Follows a link of the page Now, and returns the page of the policy.
async fn followed(browser: &Browser, name: &str) -> String {
    let page = browser.get("/desk").await.body;
    let to = link(&page, name).unwrap_or_else(|| panic!("no {name} in {page}"));
    let page = browser.get(&to).await;
    assert_eq!(page.status, 200);
    page.body
}

/// Follows a link, gives a reason, and applies what is filled in.
async fn done(browser: &Browser, name: &str) {
    let page = followed(browser, name).await;
    assert!(page.contains("These values are not in force yet"), "{page}");
    let applied = submit(browser, &page, STEER, &[("reason", "an attack")]).await;
    let page = browser.get(applied.goes_to()).await.body;
    assert!(!page.contains("role=\"alert\"") && !page.contains("not in force yet"), "{page}");
}

#[tokio::test]
async fn sign_up_is_paused_from_the_first_page_and_opened_again() {
    let app = with_desk("").await;
    let steer = operator(&app, "steer").await;
    let page = followed(&steer, "Pause sign-up").await;
    assert_eq!(app.auth.policy().auth.sign_up, SignUp::Open, "a link changes nothing");
    let refused = submit(&steer, &page, STEER, &[("reason", " ")]).await;
    let page = steer.get(refused.goes_to()).await.body;
    assert!(page.contains("Give a reason"), "{page}");
    submit(&steer, &page, STEER, &[("reason", "robots")]).await.goes_to();
    assert_eq!(app.auth.policy().auth.sign_up, SignUp::Closed);
    app.browser().ask_for_mail("eve@example.net").await;
    app.until(SENT, 2).await;
    assert_eq!(app.inbox.count_to("eve@example.net"), 0);

    assert!(!offered(&steer).await.contains(&"Pause sign-up"));
    let to = link(&steer.get("/desk").await.body, "Open sign-up again").unwrap();
    let (_, line) = to.split_once('#').unwrap();
    let page = steer.get(&to).await.body;
    let (_, row) = page.split_once(&format!("id=\"{line}\"")).unwrap();
    let back = submit(&steer, row, TAKE_BACK, &[("reason", "they are gone")]).await;
    assert_eq!(back.goes_to(), "/desk/steer");
    assert_eq!(app.auth.policy().auth.sign_up, SignUp::Open);
    assert!(offered(&steer).await.contains(&"Pause sign-up"));
}

#[tokio::test]
async fn an_attack_mode_lays_strict_limits_over_the_file_in_one_act_and_ends_in_one() {
    let app = with_limits("[limits]\nverifies_per_minute = 12\nmails_per_hour = 2\n").await;
    let steer = operator(&app, "steer").await;
    done(&steer, "Attack mode").await;
    let laid = [
        "auth.code_tries = 2",
        "limits.sends_per_minute = 10",
        // Neither below what people need, nor above what the file has.
        "limits.verifies_per_minute = 10",
        "sign_up.disposable = \"refused\"",
    ];
    assert_eq!(app.texts(OVERRIDES).await, laid);
    assert_eq!(app.count("SELECT COUNT(DISTINCT version) FROM latchkey_overrides").await, 1);
    let policy = app.auth.policy();
    assert_eq!((policy.limits.mails_per_hour, policy.auth.code_tries), (2, 2));
    assert_eq!(policy.sign_up.disposable, Rule::Refused);
    let now = offered(&steer).await;
    assert!(!now.contains(&"Attack mode") && now.contains(&"End attack mode"), "{now:?}");
    done(&steer, "End attack mode").await;
    assert_eq!(app.texts(OVERRIDES).await, [""; 0]);
    assert_eq!(app.auth.policy().sign_up.disposable, Rule::Allowed);
    assert!(!offered(&steer).await.contains(&"End attack mode"));
    let events = "SELECT COUNT(*) FROM latchkey_audit_events WHERE event = 'policy.steered'";
    assert_eq!(app.count(events).await, 2);
}

#[tokio::test]
async fn a_domain_is_blocked_where_its_numbers_are() {
    let app = with_desk("[sign_up]\nblocked_domains = [\".example.org\"]\n").await;
    let steer = operator(&app, "steer").await;
    count_domains(&app).await;
    let page = steer.get("/desk").await.body;
    assert!(page.contains("All others") && link(&page, "Block sign-up: All others").is_none());
    done(&steer, "Block sign-up: spam.example").await;
    let laid = ["sign_up.blocked_domains = [\".example.org\", \"spam.example\"]"];
    assert_eq!(app.texts(OVERRIDES).await, laid);
    app.browser().ask_for_mail("eve@spam.example").await;
    app.until(SENT, 2).await;
    assert_eq!(app.inbox.count_to("eve@spam.example"), 0);
    let page = steer.get("/desk").await.body;
    assert!(page.contains("sign-up is blocked"), "{page}");
    assert!(link(&page, "Block sign-up: spam.example").is_none());
}

#[tokio::test]
async fn what_another_operator_did_since_the_page_was_read_is_not_written_over() {
    let app = with_desk("").await;
    let (one, two) = (operator(&app, "steer").await, operator(&app, "steer").await);
    count_domains(&app).await;
    let page = one.get("/desk").await.body;
    done(&two, "Block sign-up: example.com").await;
    let late = one.get(&link(&page, "Block sign-up: spam.example").unwrap()).await.body;
    let refused = submit(&one, &late, STEER, &[("reason", "a list of names")]).await;
    let page = one.get(refused.goes_to()).await.body;
    assert!(page.contains("was set to [\"example.com\"] meanwhile"), "{page}");
    assert_eq!(app.texts(OVERRIDES).await, ["sign_up.blocked_domains = [\"example.com\"]"]);
}

#[tokio::test]
async fn acts_are_offered_to_those_who_may_do_them_and_where_the_file_lets_them() {
    let app = with_limits("").await;
    count_domains(&app).await;
    for role in ["look", "help"] {
        assert_eq!(offered(&operator(&app, role).await).await, [""; 0], "{role}");
    }
    let steer = operator(&app, "steer").await;
    assert_eq!(offered(&steer).await, [ACTS[0], ACTS[2], ACTS[4]]);
    app.clock.advance(16 * MINUTE);
    assert_eq!(offered(&steer).await, [""; 0], "the sign-in is not fresh");
    for (file, rest) in [
        ("may_steer = false", &[][..]),
        ("locked = [\"auth\", \"sign_up\"]", &["Attack mode"]),
        ("locked = [\"limits\", \"sign_up\", \"auth.code_tries\"]", &["Pause sign-up"]),
        ("[auth]\nsign_up = \"closed\"\n", &[ACTS[2], ACTS[4]]),
    ] {
        let app = with_limits(file).await;
        app.command(&["users", "add", "steer@example.com"]).await;
        let steer = operator(&app, "steer").await;
        count_domains(&app).await;
        assert_eq!(offered(&steer).await, rest, "{file}");
    }
}

#[tokio::test]
async fn a_form_shows_what_is_edited_in_other_tables_and_keeps_it_when_it_is_refused() {
    let app = with_limits("").await;
    let steer = operator(&app, "steer").await;
    let page = followed(&steer, "Attack mode").await;
    let shown = fields(&page, STEER);
    assert_eq!(shown["values[auth.code_tries]"], "2");
    assert_eq!(shown["values[sign_up.disposable]"], "refused");
    assert_eq!(shown["values[limits.mails_per_minute]"], "2", "the rest of the table, too");
    assert!(!shown.contains_key("values[auth.mode]"));
    let typed = [("values[limits.mails_per_hour]", "0"), ("reason", "an attack")];
    let refused = submit(&steer, &page, STEER, &typed).await;
    let page = steer.get(refused.goes_to()).await.body;
    assert!(page.contains("limits.mails_per_hour must be 1 to 1000, and is 0"), "{page}");
    assert_eq!(fields(&page, STEER)["values[auth.code_tries]"], "2");
    assert_eq!(app.texts(OVERRIDES).await, [""; 0]);
}

//! The numbers of mails in `/metrics`, and the alerts and the dashboard that read them.

use latchkey::server::ground::{
    clock::{Clock, SECOND},
    webhook::WebhookKey,
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    time::Duration,
};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::support::{
    App, Certificates, Inbox, Made, Program, borrowed, client, database,
    providers::{Behaviour, Kind, Provider, SIGNING_KEY},
};

/// A program that sends mails by a service of the team first, which reports what becomes of them,
/// and by a mail server second.
struct Delivery {
    program: Program,
    team: Provider,
    second: Inbox,
    _folder: TempDir,
}

impl Delivery {
    async fn start() -> Self {
        Self::with(&[]).await
    }

    async fn with(variables: &[(&str, &str)]) -> Self {
        let (team, second) = (Provider::start(Kind::Http).await, Inbox::start().await);
        let text = format!(
            "[[mail.transports]]\nname = \"team\"\n{}\nhook_key = \"{SIGNING_KEY}\"\n\
             [[mail.transports]]\nname = \"second\"\nkind = \"smtp\"\nurl = \"{}\"\n",
            team.keys(),
            second.smtp_url()
        );
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("Leptos.toml");
        fs::write(&file, text).unwrap();
        let mut all = vec![
            ("LATCHKEY_CONFIG", file.to_str().unwrap()),
            ("SMTP_URL", ""),
            ("LATCHKEY_LIMITS__SENDS_PER_MINUTE", "1000"),
        ];
        all.extend(variables);
        let database_url = database::fresh(folder.path()).await;
        let program = Program::with(database_url, &all).await;
        Delivery { program, team, second, _folder: folder }
    }

    async fn ask(&self, address: &str) {
        self.program.browser().ask_for_mail(address).await;
    }

    /// Asks for a mail, and returns its id once the team's service has it.
    async fn sent(&self, address: &str) -> String {
        self.ask(address).await;
        self.team.first_to(address).await;
        self.team.mail_keys().pop().unwrap()
    }

    /// The team's service reports, by a message of this name, what became of a mail.
    async fn report(&self, name: &str, mail_id: &str, kind: &str) -> StatusCode {
        self.report_by(SIGNING_KEY, name, mail_id, kind).await
    }

    async fn report_by(&self, key: &str, name: &str, mail_id: &str, kind: &str) -> StatusCode {
        let body = json!({ "mail_id": mail_id, "kind": kind, "said": "550 5.1.1 unknown" });
        let (body, seconds) = (body.to_string(), Clock::System.now() / SECOND);
        let signature = WebhookKey::parse(key).unwrap().sign(name, seconds, body.as_bytes());
        let request = client()
            .post(format!("{}/hooks/mail/team", self.program.url()))
            .header("webhook-id", name)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signature)
            .body(body);
        request.send().await.unwrap().status()
    }

    async fn metrics(&self) -> String {
        self.program.browser().get("/metrics").await.body
    }

    /// Waits until `/metrics` has this line.
    async fn until(&self, line: &str) {
        for _ in 0..800 {
            if self.metrics().await.lines().any(|told| told == line) {
                return;
            }
            sleep(Duration::from_millis(25)).await;
        }
        panic!("{line} is not in {}", self.metrics().await);
    }

    /// Waits until this many mails are counted.
    async fn until_mails(&self, transport: &str, domain: &str, result: &str, count: u32) {
        let labels = format!("transport=\"{transport}\",domain=\"{domain}\",result=\"{result}\"");
        self.until(&format!("latchkey_mails_total{{{labels}}} {count}")).await;
    }
}

#[tokio::test]
async fn what_becomes_of_a_mail_is_counted_by_transport_and_domain() {
    let all = Delivery::start().await;
    all.until_mails("team", "other", "complaint", 0).await;
    all.until("latchkey_mails_taken_over_total{transport=\"second\"} 0").await;
    let ada = all.sent("ada@example.com").await;
    all.until_mails("team", "example.com", "sent", 1).await;
    all.until("latchkey_mail_seconds_count{transport=\"team\"} 1").await;
    all.until("latchkey_mail_seconds_bucket{transport=\"team\",le=\"30\"} 1").await;
    let eve = all.sent("eve@example.net").await;
    all.until_mails("team", "example.net", "sent", 1).await;

    all.team.behave(Behaviour::Says(451, ""));
    all.ask("bob@example.com").await;
    all.until_mails("team", "example.com", "delayed", 1).await;
    all.until_mails("second", "example.com", "sent", 1).await;
    all.until("latchkey_mails_taken_over_total{transport=\"second\"} 1").await;
    all.team.behave(Behaviour::Says(422, "{\"error\": \"recipient\"}"));
    all.ask("cyd@example.com").await;
    all.until_mails("team", "example.com", "refused", 1).await;
    all.team.behave(Behaviour::Says(503, ""));
    all.ask("dan@example.com").await;
    all.until_mails("team", "example.com", "refused_us", 1).await;
    all.team.behave(Behaviour::Takes);

    for kind in ["delivered", "delayed", "hard"] {
        assert_eq!(all.report(kind, &ada, kind).await, StatusCode::NO_CONTENT);
    }
    // The same report once more.
    all.report("hard", &ada, "hard").await;
    all.report("complaint", &eve, "complaint").await;
    all.until_mails("team", "example.com", "delayed", 2).await;
    all.until_mails("team", "example.com", "returned", 1).await;
    all.until_mails("team", "example.net", "complaint", 1).await;
    all.until("latchkey_suppressions{kind=\"hard\"} 1").await;
    all.until("latchkey_suppressions{kind=\"complaint\"} 1").await;
    all.ask("ada@example.com").await;
    all.until_mails("none", "example.com", "held_back", 1).await;

    let forged = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let refused = all.report_by(forged, "forged", &ada, "hard").await;
    assert_eq!(refused, StatusCode::UNAUTHORIZED);
    all.until("latchkey_hooks_refused_total{transport=\"team\",why=\"forged\"} 1").await;
    all.until("latchkey_hooks_refused_total{transport=\"team\",why=\"stale\"} 0").await;
}

#[tokio::test]
async fn a_mail_that_waits_for_its_own_transport_is_counted_under_it() {
    let all = Delivery::start().await;
    all.until("latchkey_mails_bound{transport=\"team\"} 0").await;
    // It may have accepted it, so no other may send it.
    all.team.behave(Behaviour::Says(502, ""));
    all.ask("ada@example.com").await;
    all.until("latchkey_mails_bound{transport=\"team\"} 1").await;
    all.until("latchkey_mails_queued 1").await;
    all.team.behave(Behaviour::Takes);
    all.until("latchkey_mails_bound{transport=\"team\"} 0").await;
    all.until("latchkey_mails_queued 0").await;
}

#[tokio::test]
async fn a_withheld_mail_is_counted_for_operators_and_creates_no_series_of_its_domain() {
    let all = Delivery::with(&[("LATCHKEY_AUTH__SIGN_UP", "closed")]).await;
    all.ask("nobody@made-up.example").await;
    all.until_mails("none", "other", "withheld", 1).await;
    assert_eq!(all.team.count(), 0);
    assert!(!all.metrics().await.contains("made-up"));
}

#[tokio::test]
async fn a_flood_of_domains_creates_21_series_of_a_result() {
    let all = Delivery::start().await;
    for n in 0..30 {
        all.ask(&format!("ada@made-up{n}.example")).await;
    }
    all.until_mails("team", "other", "sent", 10).await;
    let metrics = all.metrics().await;
    let sent = metrics.lines().filter(|line| line.contains("result=\"sent\""));
    assert_eq!(sent.filter(|line| line.contains("\"team\"")).count(), 21, "{metrics}");
}

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// The panels of the dashboard, without the rows that part them.
fn panels() -> Vec<Value> {
    let dashboard: Value = serde_json::from_str(&read("deploy/grafana.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    panels.filter(|panel| panel["type"] != "row").cloned().collect()
}

/// Queries of the panels, with their legends.
fn queries() -> Vec<(String, String)> {
    let text = |target: &Value, key: &str| target[key].as_str().unwrap().to_owned();
    let targets = |panel: &Value| panel["targets"].as_array().unwrap().clone();
    let query = |target: &Value| (text(target, "expr"), text(target, "legendFormat"));
    panels().iter().flat_map(targets).map(|target| query(&target)).collect()
}

/// The alerts, each with its query.
fn alerts() -> BTreeMap<String, String> {
    let file = read("deploy/alerts.yml");
    let (_, alerts) = file.split_once("rules:").unwrap();
    let alerts = alerts.split("- alert: ").skip(1).map(|alert| {
        let (name, rest) = alert.split_once('\n').unwrap();
        let (expr, _) = rest.split_once("annotations:").unwrap();
        (name.to_owned(), expr.trim().trim_start_matches("expr:").to_owned())
    });
    alerts.collect()
}

/// Labels of each metric, and the values of each label.
type Served = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Reads the text format of Prometheus.
fn served(metrics: &str) -> Served {
    let mut served = Served::new();
    for line in metrics.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (name, labels) = line.split_once(['{', ' ']).unwrap();
        let metric = served.entry(name.to_owned()).or_default();
        let Some((labels, _)) = labels.split_once('}') else { continue };
        for label in labels.split("\",") {
            let (label, value) = label.split_once("=\"").unwrap();
            let values = metric.entry(label.to_owned()).or_default();
            values.insert(value.trim_end_matches('"').to_owned());
        }
    }
    served
}

/// The metrics of a query, each with its matchers: label and value.
fn metrics_of(query: &str) -> Vec<(&str, Vec<(&str, &str)>)> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut rest = query;
    while let Some(at) = rest.find(is_of_name) {
        rest = &rest[at..];
        let (name, after) = rest.split_at(rest.find(|c| !is_of_name(c)).unwrap_or(rest.len()));
        rest = after;
        if !(name.starts_with("latchkey_") || name.starts_with("process_")) {
            continue;
        }
        let mut matchers = Vec::new();
        if let Some((all, after)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            rest = after;
            for matcher in all.split(", ") {
                let (label, value) = matcher.split_once('"').unwrap();
                matchers
                    .push((label.trim_end_matches(['=', '~', '!']), value.trim_end_matches('"')));
            }
        }
        found.push((name, matchers));
    }
    found
}

/// Labels that a query groups by, or a legend shows.
fn labels_between<'a>(text: &'a str, open: &str, close: char) -> Vec<&'a str> {
    let lists = text.split(open).skip(1).filter_map(|list| list.split(close).next());
    lists.flat_map(|list| list.split(", ")).collect()
}

/// Asserts that everything a query names is served: metrics, labels and their values.
fn assert_served(served: &Served, query: &str, legend: &str) {
    let metrics = metrics_of(query);
    let mut labels = BTreeSet::from(["instance"]);
    for (name, matchers) in &metrics {
        let metric = served.get(*name).unwrap_or_else(|| panic!("{name} is not served: {query}"));
        labels.extend(metric.keys().map(String::as_str));
        for (label, value) in matchers {
            if *label == "job" {
                continue;
            }
            let values = metric.get(*label).unwrap_or_else(|| panic!("{name} has no {label}"));
            // Neither patterns nor what the reader chooses.
            for value in value.split('|').filter(|value| !value.contains(['$', '/'])) {
                let is_there = value.ends_with("..") || values.contains(value);
                assert!(is_there, "{name} has no {label}=\"{value}\", only {values:?}");
            }
        }
    }
    let grouped = labels_between(query, "by (", ')');
    let shown = labels_between(legend, "{{", '}');
    for label in grouped.iter().chain(&shown) {
        assert!(labels.contains(label), "{label:?} is no label of {query}");
    }
    let is_grouped = query.contains("sum ") || query.contains("max ") || query.contains("sum(");
    for label in shown.iter().filter(|_| is_grouped) {
        assert!(grouped.contains(label), "{query} is not by {label:?}, which its legend shows");
    }
}

/// All that a server counts while everything happens that alerts and dashboard are about.
async fn everything() -> Served {
    let all = Delivery::with(&[("LATCHKEY_LIMITS__TOTAL_MAILS_PER_MINUTE", "4")]).await;
    let ada = all.program.browser();
    ada.ask_for_mail("ada@example.com").await;
    let mail = all.team.first_to("ada@example.com").await;
    ada.copy().type_code(mail.wrong_code()).await;
    ada.type_code(mail.code()).await;
    let id = all.team.mail_keys().pop().unwrap();
    all.report("delivered", &id, "delivered").await;
    all.team.behave(Behaviour::Says(451, ""));
    all.ask("bob@example.com").await;
    all.second.first_to("bob@example.com").await;
    all.team.behave(Behaviour::Says(422, "{\"error\": \"recipient\"}"));
    all.ask("cyd@example.com").await;
    all.until_mails("team", "example.com", "refused", 1).await;
    for n in 0..5 {
        all.ask(&format!("eve{n}@example.com")).await;
    }
    let made = Made::of(&["127.0.0.1"]);
    let app = App::with(&borrowed(&Certificates::of(&made).variables(&[]))).await;
    let over_tls = made.client().build().unwrap().get(format!("{}/metrics", app.url));
    let over_tls = over_tls.bearer_auth("a token for the metrics").send().await.unwrap();
    let over_tls = over_tls.text().await.unwrap();
    let certificate =
        over_tls.lines().find(|line| line.starts_with("latchkey_certificate_expires_seconds "));
    served(&format!("{}\n{}", all.metrics().await, certificate.unwrap()))
}

#[tokio::test]
async fn alerts_and_dashboard_name_only_metrics_and_labels_that_are_served() {
    let served = everything().await;
    let (alerts, queries) = (alerts(), queries());
    assert!(alerts.len() > 15 && queries.len() > 30, "{} {}", alerts.len(), queries.len());
    for expr in alerts.values() {
        assert_served(&served, expr, "");
    }
    for (query, legend) in &queries {
        assert!(!metrics_of(query).is_empty(), "{query}");
        assert_served(&served, query, legend);
    }
}

#[test]
fn every_panel_has_a_title_a_unit_and_legends_and_a_place_of_its_own() {
    let (mut titles, mut cells) = (BTreeSet::new(), BTreeSet::new());
    for panel in panels() {
        let title = panel["title"].as_str().unwrap();
        assert!(!title.is_empty() && titles.insert(title.to_owned()), "{title}");
        let unit = panel["fieldConfig"]["defaults"]["unit"].as_str();
        assert!(unit.is_some_and(|unit| !unit.is_empty()), "{title} has no unit");
        let number = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        for x in number("x")..number("x") + number("w") {
            for y in number("y")..number("y") + number("h") {
                assert!(x < 24 && cells.insert((x, y)), "{title} is on top of another panel");
            }
        }
        let targets = panel["targets"].as_array().unwrap();
        assert!(!targets.is_empty(), "{title} shows nothing");
        for target in targets {
            let legend = target["legendFormat"].as_str().unwrap_or_default();
            assert!(!legend.is_empty(), "{title} has no legend");
        }
    }
}

#[test]
fn every_alert_says_what_to_do_and_those_about_mails_are_tested() {
    let (document, tests) = (read("docs/operating.md"), read("tests/alerts.yml"));
    let (_, runbooks) = document.split_once("\n## When something is wrong\n").unwrap();
    let runbooks: Vec<&str> = runbooks.split("\n**").collect();
    for (alert, query) in alerts() {
        let named = runbooks.iter().find(|runbook| runbook.contains(&format!("`{alert}`")));
        let runbook = named.unwrap_or_else(|| panic!("docs/operating.md does not name {alert}"));
        assert!(runbook.contains("\n- Action: "), "{alert}: {runbook}");
        let is_tested = tests.contains(&format!("alertname: {alert}\n"));
        let is_of_mails = query.contains("mail") || query.contains("hooks");
        assert!(is_tested || !is_of_mails, "{alert} has no test in tests/alerts.yml");
    }
}

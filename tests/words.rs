//! Every sentence a person reads is in their language.

use reqwest::Method;
use std::{fs, path::Path};

use crate::support::{Answer, App, Browser};

/// Gets a page as a browser that prefers these languages.
async fn liking(browser: &Browser, languages: &str, path: &str) -> Answer {
    browser.send(browser.request(Method::GET, path).header("accept-language", languages)).await
}

#[tokio::test]
async fn pages_are_in_the_browsers_preferred_language_or_in_english() {
    let app = App::start().await;
    let ada = app.browser();
    for (languages, tag, heading) in [
        ("de-AT,de;q=0.9,en;q=0.5", "de", "Bei Latchkey anmelden"),
        ("en-GB,en;q=0.9,de;q=0.5", "en", "Sign in to Latchkey"),
        ("ja, fr;q=0.5", "en", "Sign in to Latchkey"),
        ("DE", "de", "Bei Latchkey anmelden"),
        ("DE-de", "de", "Bei Latchkey anmelden"),
        ("en;q=0.1,DE;q=0.9", "de", "Bei Latchkey anmelden"),
        ("en; q=0.5 , de; Q=0.6", "de", "Bei Latchkey anmelden"),
        ("de,en", "de", "Bei Latchkey anmelden"),
        ("de;q=0", "en", "Sign in to Latchkey"),
        ("fr, de;q=0", "en", "Sign in to Latchkey"),
        ("fr, de;q=0.000, *;q=0.5", "en", "Sign in to Latchkey"),
        ("en;q=0, *", "de", "Bei Latchkey anmelden"),
        ("*", "en", "Sign in to Latchkey"),
        ("de;q=x, ,;;,en-;q=", "en", "Sign in to Latchkey"),
        ("ar-EG,ar;q=0.9,en;q=0.5", "ar", "تسجيل الدخول إلى"),
    ] {
        let page = liking(&ada, languages, "/login").await.body;
        let direction = if tag == "ar" { "rtl" } else { "ltr" };
        let document = format!("<html lang=\"{tag}\" dir=\"{direction}\">");
        assert!(page.contains(&document) && page.contains(heading), "{languages}: {page}");
    }
}

#[tokio::test]
async fn choosing_a_language_keeps_it_and_leads_back_to_the_same_page() {
    let app = App::start().await;
    let ada = app.browser();
    let chosen = ada
        .post_form(
            "/actions/set-language",
            &[("language", "de"), ("back", "/login?next=%2Fdashboard%2Fa")],
        )
        .await;
    assert_eq!(chosen.goes_to(), "/login?next=%2Fdashboard%2Fa");
    assert!(liking(&ada, "en", "/login").await.body.contains("Bei Latchkey anmelden"));
    let elsewhere = ada
        .post_form(
            "/actions/set-language",
            &[("language", "de"), ("back", "https://evil.example/")],
        )
        .await;
    assert_eq!(elsewhere.goes_to(), "/dashboard", "it never leads to another site");
    let unknown =
        ada.post_form("/actions/set-language", &[("language", "xx"), ("back", "/login")]).await;
    assert_eq!(unknown.goes_to(), "/login");
    assert!(ada.get("/login").await.body.contains("Etwas fehlt: language."));
}

#[tokio::test]
async fn errors_are_in_the_language_of_the_requester() {
    let app = App::start().await;
    let ada = app.browser();
    let body = serde_json::json!({ "email": "ada" });
    let request = ada
        .request(Method::POST, "/api/auth/send-passwordless")
        .header("accept-language", "de")
        .json(&body);
    let answer = ada.send(request).await;
    assert_eq!(answer.error(400), "invalid_email", "the code is the same in any language");
    let sentence = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    assert_eq!(sentence, "Prüfen Sie die Schreibweise der Adresse.");
}

#[tokio::test]
async fn a_mail_is_in_the_language_of_the_requester() {
    let app = App::start().await;
    let ada = app.browser();
    ada.set_cookie("language", "de");
    ada.ask_for_mail("ada@example.com").await;
    let mail = app.inbox.first_to("ada@example.com").await;
    assert!(mail.subject.ends_with("ist Ihr Code für Latchkey"), "{}", mail.subject);
    assert!(mail.text.contains("Öffnen Sie diesen Link in dem Browser"), "{}", mail.text);
    assert!(mail.text.contains("am 1. Januar 2026, 12:00 UTC"), "{}", mail.text);
    assert!(mail.html.contains("<html lang=\"de\" dir=\"ltr\">"));
    assert_eq!(mail.header("Content-Language").as_deref(), Some("de"));
}

/// The text of every source file below a folder.
fn sources(folder: &Path) -> String {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| {
            if path.is_dir() {
                sources(&path)
            } else {
                fs::read_to_string(&path).unwrap_or_default()
            }
        })
        .collect()
}

#[test]
fn every_sentence_of_the_catalogue_is_used_somewhere() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (code, catalogue) =
        (sources(&top.join("src")), fs::read_to_string(top.join("words/en/latchkey.ftl")).unwrap());
    // White space removed, wherever rustfmt broke the line.
    let code: String = code.split_whitespace().collect();
    let keys =
        catalogue.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()));
    let keys: Vec<&str> =
        keys.filter_map(|line| line.split_once(" =")).map(|(key, _)| key).collect();
    assert!(keys.len() > 150, "{}", keys.len());
    for key in keys {
        assert!(code.contains(&format!("say!(\"{key}\"")), "{key} is used nowhere");
    }
}

//! Overrides of the policy: what operators lay over the file, and where that ends.

use latchkey::server::{
    auth::Client,
    config::desk::Role,
    desk::{
        operator::{ActReason, Operator},
        steer::{Edit, Refusal, steer},
    },
    ground::clock::{DAY, MINUTE},
};
use std::{fs, path::Path, time::Duration};

use crate::support::{App, Browser, START};

fn operator(address: &str) -> Operator {
    Operator {
        name: address.to_owned(),
        role: Role::Steer,
        is_fresh: true,
        client: Client::default(),
        address: None,
    }
}

pub fn set(key: &str, value: &str) -> Edit {
    Edit { key: key.to_owned(), value: Some(value.to_owned()), seen: None }
}

pub fn back(key: &str) -> Edit {
    Edit { key: key.to_owned(), value: None, seen: None }
}

fn reason(words: &str) -> ActReason {
    ActReason::parse(words).unwrap()
}

/// Ada steers.
pub async fn steered(app: &App, edits: &[Edit]) -> Result<(), Refusal> {
    steer(&app.auth, &operator("ada@example.com"), edits, &reason("a campaign")).await
}

/// The sentence with which an act is refused.
async fn refused(app: &App, edits: &[Edit]) -> String {
    let version = app.count("SELECT version FROM latchkey_policy").await;
    let said = steered(app, edits).await.unwrap_err().to_string();
    assert_eq!(app.count("SELECT version FROM latchkey_policy").await, version, "{said}");
    said
}

async fn title(browser: &Browser) -> String {
    let page = browser.get("/login").await.body;
    page.split_once("<h1").unwrap().1.split_once("</h1>").unwrap().0.to_owned()
}

/// Waits for at most two seconds until this brand is in force on an instance.
async fn until_named(instance: &App, name: &str) {
    for _ in 0..200 {
        if instance.auth.policy().brand.name == name {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{name} is not in force");
}

/// Waits until the file, as it is now, is in force.
pub async fn until_filed(app: &App, marker: u32) {
    for _ in 0..400 {
        if app.auth.policy().audit.keep_days == marker {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the file was not applied");
}

pub async fn with_file(path: &Path, text: &str) -> App {
    fs::write(path, text).unwrap();
    App::with_file(path).await
}

#[tokio::test]
async fn an_override_is_in_force_on_every_instance_within_two_seconds_until_it_is_taken_back() {
    let app = App::start().await;
    let other = app.beside().await;
    let instances = || [Some(&app), other.as_ref()].into_iter().flatten();
    let browser = app.browser();
    steered(&app, &[set("brand.name", "Engines"), set("auth.mode", "OTP")]).await.unwrap();
    assert!(title(&browser).await.contains("Engines"), "at once where it was made");
    let sent = browser.ask_by_api("ada@example.com").await;
    assert_eq!(sent.json()["passwordless_type"], "OTP");
    for instance in instances() {
        until_named(instance, "Engines").await;
        assert_eq!(instance.auth.policy().auth.mode.to_string(), "OTP");
    }
    steered(&app, &[back("brand.name")]).await.unwrap();
    for instance in instances() {
        until_named(instance, "Latchkey").await;
    }
    assert_eq!(app.auth.policy().auth.mode.to_string(), "OTP", "the other override stays");
    let changes = app.store.policy_changes(i64::MAX, 10).await.unwrap();
    let mut told: Vec<_> =
        changes.iter().map(|it| (&*it.kind, &*it.key, &*it.changed_by)).collect();
    // Those of one act are in no order.
    told[1..].sort();
    let ada = "ada@example.com";
    let expected = [("taken_back", "brand.name"), ("set", "auth.mode"), ("set", "brand.name")];
    assert_eq!(told, expected.map(|(kind, key)| (kind, key, ada)));
    let audited = "SELECT reason FROM latchkey_audit_events WHERE event = 'policy.steered'";
    assert_eq!(app.texts(audited).await, ["brand.name, auth.mode", "brand.name"]);
}

#[tokio::test]
async fn a_restart_keeps_overrides_and_a_command_takes_them_back_from_a_running_server() {
    let mut app = App::start().await;
    steered(&app, &[set("brand.name", "Engines")]).await.unwrap();
    app.restart().await;
    let browser = app.browser();
    assert!(title(&browser).await.contains("Engines"));
    let shown = app.said_by(&["policy", "show"], "").await;
    let line = "brand.name = \"Engines\"  # override, 2026-01-01T12:00:00.000Z by ada@example.com: \
                a campaign";
    assert!(shown.contains(line), "{shown}");
    assert!(
        shown.contains("limits.mails_per_hour = 1000  # variable LATCHKEY_LIMITS__MAILS_PER_HOUR")
    );
    assert!(shown.contains("auth.expires_in = 600  # default"), "{shown}");
    let diff = app.said_by(&["policy", "diff"], "").await;
    assert!(diff.starts_with("brand.name: \"Latchkey\" → \"Engines\"\n"), "{diff}");
    let (code, said) = app.command(&["policy", "take-back", "brand.name"]).await;
    assert_eq!((code, said.contains("brand.name is \"Latchkey\" again")), (0, true), "{said}");
    until_named(&app, "Latchkey").await;
    assert!(title(&browser).await.contains("Latchkey"));
    let (code, said) = app.command(&["policy", "take-back", "brand.name"]).await;
    assert_eq!((code, said.contains("has no override to take back")), (1, true), "{said}");
}

#[tokio::test]
async fn a_refused_value_is_named_and_changes_nothing() {
    let app = App::start().await;
    for (key, value, says) in [
        ("auth.expires_in", "5", "auth.expires_in must be 60 to 3600, and is 5."),
        ("auth.expires_in", "soon", "auth.expires_in must be a whole number, and is \"soon\"."),
        ("auth.mode", "FAX", "auth.mode must be one of LINK_OTP, LINK, OTP, and is \"FAX\"."),
        ("brand.accent", "red", "brand.accent must be \"#\" and six hexadecimal digits"),
        ("brand.support", "http://example.com", "brand.support must be a mail address or a URL"),
        ("mail.words.en.title", "{code}", "mail.words.en.title has {code}, and may have {brand}."),
        ("mail.new_device_notice", "false", "fixed by the variable LATCHKEY_MAIL__NEW_DEVICE"),
        ("database.connections", "1", "is no key that this version lets anybody override"),
        ("mail.from", "eve@example.com", "is no key that this version lets anybody override"),
    ] {
        let said = refused(&app, &[set("brand.name", "Engines"), set(key, value)]).await;
        assert!(said.contains(says), "{said}");
    }
    assert!(refused(&app, &[set("auth.expires_in", "600")]).await.contains("Nothing would change"));
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_overrides").await, 0);
    assert!(title(&app.browser()).await.contains("Latchkey"));
}

#[tokio::test]
async fn a_name_that_no_subject_of_a_mail_could_hold_is_refused() {
    let app = App::start().await;
    let said = refused(&app, &[set("brand.name", &"x".repeat(101))]).await;
    assert!(said.contains("brand.name must be a name of one line, of at most 100"), "{said}");
    steered(&app, &[set("brand.name", &"ü".repeat(100))]).await.unwrap();
    app.asked("ada@example.com").await;
}

#[tokio::test]
async fn keys_that_only_make_sense_together_are_set_and_taken_back_together() {
    let app = App::start().await;
    let (ttl, age) = (set("session.token_ttl", "900"), set("session.max_age", "1000"));
    let said = refused(&app, std::slice::from_ref(&age)).await;
    assert_eq!(said, "session.max_age must be 1800 to 2592000, and is 1000.");
    steered(&app, &[ttl, age]).await.unwrap();
    let session = app.auth.policy().session.clone();
    assert_eq!((session.token_ttl, session.max_age), (900, 1_000));
    let said = refused(&app, &[back("session.token_ttl")]).await;
    let why = "session.token_ttl does not go with the rest: session.max_age must be 1800 to";
    assert!(said.starts_with(why), "{said}");
    steered(&app, &[back("session.token_ttl"), back("session.max_age")]).await.unwrap();
    assert_eq!(app.auth.policy().session.max_age, 604_800);
}

#[tokio::test]
async fn an_operator_who_saw_an_older_value_is_told_who_changed_it() {
    let app = App::start().await;
    let seeing = |value: &str, seen| Edit { seen: Some(seen), ..set("brand.name", value) };
    steered(&app, &[seeing("Engines", 0)]).await.unwrap();
    let bea = operator("bea@example.com");
    let edits = [seeing("Looms", 0)];
    let said = steer(&app.auth, &bea, &edits, &reason("mine")).await.unwrap_err().to_string();
    let told = "brand.name was set to \"Engines\" meanwhile, by ada@example.com at \
                2026-01-01T12:00:00.000Z";
    assert!(said.contains(told), "{said}");
    let version = app.count("SELECT version FROM latchkey_overrides").await;
    steer(&app.auth, &bea, &[seeing("Looms", version)], &reason("mine")).await.unwrap();
    steered(&app, &[back("brand.name")]).await.unwrap();
    let said = refused(&app, &[seeing("Engines", version)]).await;
    assert!(said.contains("was taken back meanwhile"), "{said}");
}

#[tokio::test]
async fn of_two_operators_at_the_same_time_one_is_told() {
    let app = App::start().await;
    let edit = |value: &str| [Edit { seen: Some(0), ..set("brand.name", value) }];
    let (ada, bea) = (operator("ada@example.com"), operator("bea@example.com"));
    let (one, two, why) = (edit("Engines"), edit("Looms"), reason("mine"));
    let both = tokio::join!(steer(&app.auth, &ada, &one, &why), steer(&app.auth, &bea, &two, &why));
    assert_ne!(both.0.is_ok(), both.1.is_ok(), "{both:?}");
}

#[tokio::test]
async fn a_locked_key_cannot_be_overridden_and_a_later_lock_turns_an_override_off() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.toml");
    let file = |days: u32, rest: &str| format!("[audit]\nkeep_days = {days}\n[desk]\n{rest}\n");
    let app = with_file(&path, &file(90, "locked = [\"auth.passwords\", \"session\"]")).await;
    for (key, value) in [("auth.passwords", "optional"), ("session.max_age", "86400")] {
        assert!(refused(&app, &[set(key, value)]).await.contains("is locked: desk.locked has"));
    }
    steered(&app, &[set("brand.name", "Engines"), set("auth.mode", "OTP")]).await.unwrap();
    fs::write(&path, file(91, "locked = [\"brand\"]")).unwrap();
    until_filed(&app, 91).await;
    assert!(title(&app.browser()).await.contains("Latchkey"), "the file has its way");
    assert_eq!(app.auth.policy().auth.mode.to_string(), "OTP");
    let shown = app.said_by(&["policy", "show"], "").await;
    assert!(shown.contains("left out: brand.name is locked: desk.locked has \"brand\""), "{shown}");
    fs::write(&path, file(92, "may_steer = false\nlocked = []")).unwrap();
    until_filed(&app, 92).await;
    assert_eq!(app.auth.policy().auth.mode.to_string(), "LINK_OTP");
    assert!(
        refused(&app, &[set("auth.code_tries", "3")]).await.contains("desk.may_steer is false")
    );
    fs::write(&path, file(93, "may_steer = true\nlocked = []")).unwrap();
    until_filed(&app, 93).await;
    assert!(title(&app.browser()).await.contains("Engines"));
}

#[tokio::test]
async fn an_override_of_a_later_version_is_left_out_and_the_rest_applies() {
    let mut app = App::start().await;
    steered(&app, &[set("brand.name", "Engines")]).await.unwrap();
    app.run_sql(
        "INSERT INTO latchkey_overrides (key, value, set_by, reason, at, version) VALUES \
         ('auth.newer', 'true', 'a', 'b', 1, 7), ('auth.mode', '\"FAX\"', 'a', 'b', 1, 8), \
         ('auth.code_tries', '= [', 'a', 'b', 1, 9); UPDATE latchkey_policy SET version = 9",
    )
    .await;
    app.restart().await;
    assert!(title(&app.browser()).await.contains("Engines"));
    let (_, said) = app.command(&["check"]).await;
    for line in [
        "ok   overrides: 1 of 4 are in force",
        "note overrides: auth.newer is no key that this version",
        "note overrides: auth.mode is bad: unknown variant `FAX`",
        "note overrides: auth.code_tries has a value that is no TOML",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let keys = ["auth.newer", "auth.mode", "auth.code_tries"];
    let (code, said) = app.command(&[&["policy", "take-back"][..], &keys].concat()).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_overrides").await, 1);
}

#[tokio::test]
async fn an_override_that_a_new_file_makes_bad_is_left_out_and_comes_back_with_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.toml");
    let file = |days, age| format!("[audit]\nkeep_days = {days}\n[session]\nmax_age = {age}\n");
    let app = with_file(&path, &file(90, 86_400)).await;
    steered(&app, &[set("session.token_ttl", "80000")]).await.unwrap();
    steered(&app, &[set("brand.name", "Engines")]).await.unwrap();
    fs::write(&path, file(91, 3_600)).unwrap();
    until_filed(&app, 91).await;
    let policy = app.auth.policy();
    assert_eq!((policy.session.token_ttl, policy.session.max_age), (1_800, 3_600));
    assert_eq!(policy.brand.name, "Engines");
    let left_out = &app.auth.parts().left_out;
    assert_eq!(left_out[0].why, "session.max_age must be 80000 to 2592000, and is 3600");
    fs::write(&path, file(92, 86_400)).unwrap();
    until_filed(&app, 92).await;
    assert_eq!(app.auth.policy().session.token_ttl, 80_000);
}

#[tokio::test]
async fn without_the_database_the_last_good_policy_stays() {
    let app = App::start().await;
    steered(&app, &[set("brand.name", "Engines")]).await.unwrap();
    app.store.close().await;
    // Longer than the watch waits.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert!(title(&app.browser()).await.contains("Engines"));
    assert!(steered(&app, &[set("brand.name", "Looms")]).await.is_err());
}

#[tokio::test]
async fn the_export_is_a_policy_file_that_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.toml");
    let file = "[server]\nkeep_alive = 60\n";
    let app = with_file(&path, file).await;
    let name = "\"Engines\" # [auth]\\";
    let edits = [
        set("brand.name", name),
        set("auth.mode", "OTP"),
        set("auth.code_tries", "3"),
        set("mail.words.de.title", "Hallo {brand}"),
    ];
    let ada = operator("ada@example.com");
    steer(&app.auth, &ada, &edits, &reason("a\nmode = \"LINK\"\u{7}")).await.unwrap();
    let export = app.said_by(&["policy", "export"], "").await;
    let line = "# 2026-01-01T12:00:00.000Z, ada@example.com: a mode = \"LINK\"\nmode = \"OTP\"\n";
    assert!(export.contains(line), "{export}");
    let steered = app.auth.policy();
    fs::write(&path, format!("{file}{export}")).unwrap();
    let read = App::with_file(&path).await;
    let filed = read.auth.policy();
    let shown = latchkey::server::config::shown;
    assert_eq!(shown(&filed), shown(&steered));
    assert_eq!(filed.brand.name, name);
}

#[tokio::test]
async fn changes_of_the_file_are_recorded_once_and_the_policy_of_any_time_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.toml");
    let file = |days| format!("[audit]\nkeep_days = {days}\n");
    let mut app = with_file(&path, &file(90)).await;
    app.until("SELECT COUNT(*) FROM latchkey_policy_states", 1).await;
    let other = app.beside().await;
    app.clock.advance(MINUTE);
    steered(&app, &[set("auth.mode", "OTP")]).await.unwrap();
    app.clock.advance(MINUTE);
    fs::write(&path, file(91)).unwrap();
    until_filed(&app, 91).await;
    if let Some(other) = &other {
        until_filed(other, 91).await;
    }
    let of_file = "SELECT COUNT(*) FROM latchkey_policy_changes WHERE kind = 'file'";
    app.until(of_file, 1).await;
    app.clock.advance(MINUTE);
    app.restart().await;
    let modes = [START - 1, START, START + MINUTE, START + 2 * MINUTE, START + 9 * MINUTE];
    let mut found = Vec::new();
    for at in modes {
        let policy = app.auth.policy_at(at).await.unwrap();
        found.push(policy.map(|it| (it["auth.mode"].clone(), it["audit.keep_days"].clone())));
    }
    let is = |mode: &str, days: &str| Some((format!("\"{mode}\""), days.to_owned()));
    let last = is("OTP", "91");
    let expected = [None, is("LINK_OTP", "90"), is("OTP", "90"), last.clone(), last];
    assert_eq!(found, expected);
    assert_eq!(app.count(of_file).await, 1, "by one instance, at one reload");
}

#[tokio::test]
async fn old_changes_are_forgotten_and_the_policy_in_force_since_is_not() {
    let app = App::start().await;
    app.until("SELECT COUNT(*) FROM latchkey_policy_states", 1).await;
    for name in ["Engines", "Looms"] {
        app.clock.advance(DAY);
        steered(&app, &[set("brand.name", name)]).await.unwrap();
    }
    app.store.purge(app.clock.now() + 2 * DAY, DAY).await.unwrap();
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_policy_changes").await, 0);
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_policy_states").await, 1);
    let policy = app.auth.policy_at(app.clock.now()).await.unwrap().unwrap();
    assert_eq!(policy["brand.name"], "\"Looms\"");
}

#[tokio::test]
async fn words_of_the_mail_change_and_can_hold_no_html() {
    let app = App::start().await;
    let edits = [
        set("mail.words.de.subject_code", "{code}: Ihr Code für {brand}"),
        set("mail.words.de.title", "<b>Hallo</b> bei {brand}"),
        set("mail.words.de.once", "Gilt {lifetime}."),
    ];
    steered(&app, &edits).await.unwrap();
    let ada = app.browser();
    ada.set_cookie("language", "de");
    ada.ask_for_mail("ada@example.com").await;
    let mail = app.inbox.first_to("ada@example.com").await;
    assert!(mail.subject.ends_with(": Ihr Code für Latchkey"), "{}", mail.subject);
    assert!(mail.html.contains("&lt;b&gt;Hallo&lt;/b&gt; bei Latchkey"), "{}", mail.html);
    assert!(mail.text.contains("<b>Hallo</b> bei Latchkey"), "{}", mail.text);
    assert!(mail.html.contains("Gilt 10 Minuten."), "{}", mail.html);
    assert!(mail.subject.replace(' ', "").starts_with(mail.code()));
    ada.get(mail.link()).await.goes_to();
    assert!(ada.signed_in_as().await.is_some());
    app.asked("bea@example.com").await;
    let english = app.inbox.first_to("bea@example.com").await;
    assert!(english.subject.ends_with("is your code for Latchkey"), "{}", english.subject);
}

#[tokio::test]
async fn an_override_leaves_the_files_of_the_policy_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("list.txt"), "trash.example\n").unwrap();
    let policy = folder.path().join("policy.toml");
    let app = with_file(&policy, "[sign_up]\ndisposable_list = \"list.txt\"\n").await;
    steered(&app, &[set("sign_up.disposable", "refused")]).await.unwrap();
    for address in ["ada@trash.example", "ada@example.com"] {
        app.browser().ask_for_mail(address).await;
    }
    app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'queued'", 0).await;
    assert_eq!(app.inbox.recipients(), ["ada@example.com"]);
}

#[tokio::test]
async fn a_list_is_typed_with_commas_and_may_be_emptied() {
    let app = App::start().await;
    let domains = |text| set("sign_up.blocked_domains", text);
    steered(&app, &[domains("example.org, *.example.net")]).await.unwrap();
    let value = "SELECT value FROM latchkey_overrides";
    assert_eq!(app.texts(value).await, ["[\"example.org\", \"*.example.net\"]"]);
    let said = refused(&app, &[domains("no domain")]).await;
    assert!(said.contains("sign_up.blocked_domains is bad: "), "{said}");
    app.browser().ask_for_mail("ada@example.org").await;
    app.asked("ada@example.com").await;
    assert_eq!(app.inbox.recipients(), ["ada@example.com"]);
    steered(&app, &[domains("")]).await.unwrap();
    assert_eq!(app.texts(value).await, ["[]"]);
}

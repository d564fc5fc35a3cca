//! The desk's page of the policy: who sees what, what is refused, and what previews show.

use latchkey::server::ground::clock::MINUTE;

use crate::support::{
    Answer, App, Browser,
    desk::{operator, with_desk},
};

/// Posts the form of a group.
async fn apply(browser: &Browser, fields: &[(&str, &str)]) -> Answer {
    let fields = [&[("group", "brand"), ("reason", "a campaign")], fields].concat();
    browser.post_form("/actions/desk-steer", &fields).await
}

async fn overrides(app: &App) -> i64 {
    app.count("SELECT COUNT(*) FROM latchkey_overrides").await
}

#[tokio::test]
async fn an_operator_sets_a_key_by_the_form_and_takes_it_back() {
    let app = with_desk("").await;
    let steer = operator(&app, "steer").await;
    let page = steer.get("/desk/steer?group=brand").await;
    assert_eq!(page.status, 200);
    for part in ["name=\"values[brand.name]\"", "value=\"Latchkey\"", "name=\"seen[brand.name]\""] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    // As a browser posts it: with the fields that nobody has touched.
    let fields = [
        ("values[brand.name]", "Engines"),
        ("seen[brand.name]", "0"),
        ("values[brand.accent]", ""),
        ("seen[brand.accent]", "0"),
    ];
    let applied = apply(&steer, &fields).await;
    assert_eq!(applied.goes_to(), "/desk/steer?group=brand&language=");
    assert_eq!(overrides(&app).await, 1, "of the key that changed alone");
    let page = steer.get("/desk/steer?group=brand").await.body;
    assert!(page.contains("Set by steer@example.com, January 1, 2026, 12:00 UTC: a campaign"));
    assert!(app.browser().get("/login").await.body.contains("Sign in to Engines"));
    let file = steer.get("/desk/steer/overrides.toml").await;
    assert!(file.header("content-disposition").starts_with("attachment"));
    assert!(file.body.contains("[brand]\n# 2026-01-01T12:00:00.000Z, steer@example.com: a camp"));
    let back = [("key", "brand.name"), ("seen", "1"), ("reason", "it is over")];
    let taken = steer.post_form("/actions/desk-take-back", &back).await;
    assert_eq!(taken.goes_to(), "/desk/steer");
    assert!(app.browser().get("/login").await.body.contains("Sign in to Latchkey"));
    let page = steer.get("/desk/steer").await.body;
    for told in ["Taken back by steer@example.com", "it is over", "There are none."] {
        assert!(page.contains(told), "{told}: {page}");
    }
    let notes = "SELECT operator || ': ' || note FROM latchkey_audit_events \
                 WHERE event = 'policy.steered' ORDER BY id";
    let said = ["steer@example.com: a campaign", "steer@example.com: it is over"];
    assert_eq!(app.texts(notes).await, said);
}

#[tokio::test]
async fn other_roles_see_the_policy_and_cannot_change_it() {
    let app = with_desk("").await;
    for role in ["look", "help"] {
        let browser = operator(&app, role).await;
        let page = browser.get("/desk/steer?group=brand").await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains("brand.name") && !page.body.contains(">Apply<"), "{role}");
        assert!(!page.body.contains("name=\"reason\""), "{role}");
        apply(&browser, &[("values[brand.name]", "Engines")]).await.goes_to();
        let back = [("key", "brand.name"), ("reason", "x")];
        browser.post_form("/actions/desk-take-back", &back).await.goes_to();
    }
    let nobody = app.browser();
    for path in ["", "/preview", "/preview/mail", "/preview.css", "/overrides.toml"] {
        let answer = nobody.get(&format!("/desk/steer{path}")).await;
        assert!(answer.goes_to().starts_with("/login?next="), "{path}");
        let ada = app.signed_in("ada@example.com").await;
        assert_eq!(ada.get(&format!("/desk/steer{path}")).await.status, 404, "{path}");
    }
    apply(&nobody, &[("values[brand.name]", "Engines")]).await.goes_to();
    assert_eq!(overrides(&app).await, 0);
    let refused = "SELECT COUNT(*) FROM latchkey_audit_events \
                   WHERE event = 'operator.refused' AND reason = 'forbidden'";
    assert_eq!(app.count(refused).await, 4);
}

#[tokio::test]
async fn a_change_takes_a_fresh_sign_in_and_a_reason() {
    let app = with_desk("").await;
    let steer = operator(&app, "steer").await;
    let field = ("values[brand.name]", "Engines");
    let spaces = [("group", "brand"), field, ("reason", "  ")];
    for without in [&spaces[..2], &spaces] {
        let refused = steer.post_form("/actions/desk-steer", without).await;
        let page = steer.get(refused.goes_to()).await.body;
        assert!(page.contains("Give a reason"), "{page}");
        assert!(page.contains("value=\"Engines\""), "what was typed is not lost");
    }
    app.clock.advance(16 * MINUTE);
    let page = steer.get("/desk/steer?group=brand").await.body;
    assert!(page.contains("more than 15 minutes ago") && !page.contains(">Apply<"));
    apply(&steer, &[field]).await.goes_to();
    assert_eq!(overrides(&app).await, 0);
}

#[tokio::test]
async fn a_refused_value_is_told_at_its_field_beside_what_was_typed() {
    let app = with_desk("locked = [\"brand.support\"]").await;
    let steer = operator(&app, "steer").await;
    let fields = [("values[brand.accent]", "re\"d"), ("values[brand.name]", "Engines")];
    let refused = apply(&steer, &fields).await;
    let page = steer.get(refused.goes_to()).await.body;
    let field = page.split_once("id=\"key-brand-accent\"").unwrap().1;
    let field = field.split_once("class=\"desk-field\"").unwrap().0;
    assert!(field.contains("aria-invalid=\"true\"") && field.contains("value=\"re&quot;d\""));
    assert!(field.contains("brand.accent must be \"#\" and six hexadecimal digits"), "{field}");
    assert!(page.contains("value=\"Engines\""));
    assert_eq!(overrides(&app).await, 0);
    let locked = page.split_once("id=\"key-brand-support\"").unwrap().1;
    assert!(locked.split_once('>').unwrap().0.contains("disabled"), "{locked}");
    assert!(locked.contains("is locked: desk.locked has \"brand.support\""));
}

#[tokio::test]
async fn of_two_operators_the_second_is_told_at_the_field_what_the_first_did() {
    let app = with_desk("").await;
    let (one, two) = (operator(&app, "steer").await, operator(&app, "steer").await);
    let fields = |name| [("values[brand.name]", name), ("seen[brand.name]", "0")];
    apply(&one, &fields("Engines")).await.goes_to();
    let refused = apply(&two, &fields("Looms")).await;
    let page = two.get(refused.goes_to()).await.body;
    let told = "brand.name was set to \"Engines\" meanwhile, by steer@example.com";
    assert!(page.contains(told), "{page}");
    // Until the operator looks again, and then decides.
    assert!(page.contains("value=\"Looms\""));
    apply(&two, &[("values[brand.name]", "Looms"), ("seen[brand.name]", "1")]).await.goes_to();
    assert_eq!(app.auth.policy().brand.name, "Looms");
}

#[tokio::test]
async fn previews_show_values_that_are_not_in_force_and_can_do_nothing() {
    let app = with_desk("").await;
    let steer = operator(&app, "steer").await;
    let values = "values%5Bbrand.name%5D=Engines&values%5Bbrand.accent%5D=%23ffd60a";
    let page = steer.get(&format!("/desk/steer?group=brand&language=de&{values}")).await;
    assert!(page.body.contains("These values are not in force yet"), "{}", page.body);
    assert!(page.body.contains("ist Ihr Code für Engines"), "the subject, in German");
    let frames: Vec<&str> = page.body.split("<iframe ").skip(1).collect();
    assert_eq!(frames.len(), 4, "page and mail, light and dark");
    for frame in &frames {
        assert!(frame.contains("sandbox=\"allow-same-origin\""), "no scripts, no forms: {frame}");
    }
    assert!(page.header("content-security-policy").contains("frame-src 'self'"));
    assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"));

    let dark = format!("/desk/steer/preview?scheme=dark&language=de&{values}");
    let preview = steer.get(&dark).await;
    assert_eq!(preview.status, 200);
    assert!(preview.body.contains("Bei Engines anmelden"), "{}", preview.body);
    assert!(!preview.body.contains("steer@example.com"), "it is drawn for nobody");
    for what in ["<script", "autofocus"] {
        assert!(!preview.body.contains(what), "browsers would report it: {}", preview.body);
    }
    let policy = preview.header("content-security-policy");
    for rule in ["default-src 'none'", "form-action 'none'", "frame-ancestors 'self'"] {
        assert!(policy.contains(rule) && !policy.contains("script-src"), "{policy}");
    }
    let style = preview.body.split("href=\"").find(|it| it.contains("preview.css")).unwrap();
    let style = style.split('"').next().unwrap().replace("&amp;", "&");
    let style = steer.get(&style).await;
    assert!(style.body.contains("color-scheme: only dark") && style.body.contains("#ffd60a"));
    assert!(style.header("content-type").starts_with("text/css"));

    let mail = |scheme: &str| {
        let (steer, path) = (steer.clone(), format!("/desk/steer/preview/mail?scheme={scheme}&"));
        async move { steer.get(&format!("{path}language=ar&{values}")).await }
    };
    let (light, dark) = (mail("light").await, mail("dark").await);
    for mail in [&light, &dark] {
        assert!(mail.body.contains("dir=\"rtl\"") && mail.body.contains("Engines"));
        assert!(mail.header("content-security-policy").contains("frame-ancestors 'self'"));
    }
    assert!(light.body.contains("@media not all {") && dark.body.contains("@media all {"));
    assert_eq!(overrides(&app).await, 0);
    assert!(app.browser().get("/login").await.body.contains("Sign in to Latchkey"));
}

#[tokio::test]
async fn a_field_that_is_emptied_returns_to_the_file_if_its_override_was_in_force() {
    let app = with_desk("").await;
    let steer = operator(&app, "steer").await;
    apply(&steer, &[("values[brand.support]", "help@example.com")]).await.goes_to();
    assert_eq!(overrides(&app).await, 1);
    apply(&steer, &[("values[brand.support]", "")]).await.goes_to();
    assert_eq!(overrides(&app).await, 0);
    app.run_sql(
        "INSERT INTO latchkey_overrides (key, value, set_by, reason, at, version) \
         VALUES ('brand.accent', '7', 'ada@example.com', 'x', 1, 9); \
         UPDATE latchkey_policy SET version = 9",
    )
    .await;
    app.auth.take_overrides().await.unwrap();
    let page = steer.get("/desk/steer?group=brand").await.body;
    assert!(page.contains("These overrides are not in force"), "{page}");
    let fields = [("values[brand.accent]", ""), ("values[brand.name]", "Engines")];
    apply(&steer, &fields).await.goes_to();
    assert_eq!(overrides(&app).await, 2, "what is left out is not taken back unasked");
}

#[tokio::test]
async fn what_operators_and_files_say_is_shown_as_text() {
    let app = with_desk("").await;
    let steer = operator(&app, "steer").await;
    let script = "<script>alert(1)</script>";
    let fields = [("values[brand.name]", script), ("reason", script)];
    let fields = [&[("group", "brand")], &fields[..]].concat();
    steer.post_form("/actions/desk-steer", &fields).await.goes_to();
    assert_eq!(overrides(&app).await, 1);
    for path in ["/desk/steer?group=brand", "/desk/steer/preview", "/desk/steer/preview/mail"] {
        let page = steer.get(path).await;
        assert_eq!(page.status, 200);
        assert!(!page.body.contains("<script>alert"), "{path}: {}", page.body);
    }
}

#[tokio::test]
async fn a_desk_that_may_not_steer_says_so() {
    let app = with_desk("may_steer = false").await;
    let steer = operator(&app, "steer").await;
    let page = steer.get("/desk/steer?group=brand").await.body;
    assert!(page.contains("The policy file lets nobody change anything here"), "{page}");
    let refused = apply(&steer, &[("values[brand.name]", "Engines")]).await;
    let page = steer.get(refused.goes_to()).await.body;
    assert!(page.contains("brand.name is locked: desk.may_steer is false"), "{page}");
    assert_eq!(overrides(&app).await, 0);
}

#[tokio::test]
async fn a_field_that_nobody_touched_undoes_nothing_that_the_file_changed_meanwhile() {
    let app = with_desk("[auth]\nexpires_in = 300\n").await;
    let steer = operator(&app, "steer").await;
    let page = steer.get("/desk/steer?group=auth").await.body;
    assert!(page.contains("name=\"was[auth.expires_in]\""), "{page}");
    // The form was opened while the file had 600.
    let fields = [
        ("values[auth.expires_in]", "600"),
        ("was[auth.expires_in]", "600"),
        ("seen[auth.expires_in]", "0"),
        ("values[auth.code_tries]", "3"),
        ("was[auth.code_tries]", "5"),
        ("seen[auth.code_tries]", "0"),
    ];
    apply(&steer, &fields).await.goes_to();
    let keys = app.texts("SELECT key FROM latchkey_overrides").await;
    assert_eq!(keys, ["auth.code_tries"]);
    assert_eq!(app.auth.policy().auth.expires_in, 300);
}

#[tokio::test]
async fn the_preview_of_the_mail_has_what_the_mode_says() {
    let app = with_desk("").await;
    let steer = operator(&app, "steer").await;
    for (mode, link, code) in [("LINK", true, false), ("OTP", false, true)] {
        let path = format!("/desk/steer/preview/mail?values[auth.mode]={mode}");
        let mail = steer.get(&path).await.body;
        assert_eq!(mail.contains("sample-link"), link, "{mode}: {mail}");
        assert_eq!(mail.contains("123") && mail.contains("456"), code, "{mode}");
    }
    let page = steer.get("/desk/steer?group=auth").await.body;
    assert!(page.contains("/desk/steer/preview/mail?"), "{page}");
}

//! The team's own brand, set without touching code.

use crate::support::App;

/// The first quoted URL of the page that begins with `begin`.
fn linked<'a>(page: &'a str, begin: &str) -> Option<&'a str> {
    let at = page.find(&format!("\"{begin}"))? + 1;
    page[at..].split('"').next()
}

#[tokio::test]
async fn accent_logo_and_links_appear_on_pages_and_in_mails() {
    let folder = tempfile::tempdir().unwrap();
    let logo = folder.path().join("logo.svg");
    std::fs::write(&logo, "<svg xmlns=\"http://www.w3.org/2000/svg\"/>").unwrap();
    let app = App::with(&[
        ("LATCHKEY_BRAND__NAME", "Analytical Engines"),
        ("LATCHKEY_BRAND__ACCENT", "#ffd60a"),
        ("LATCHKEY_BRAND__LOGO", logo.to_str().unwrap()),
        ("LATCHKEY_BRAND__SUPPORT", "help@example.com"),
        ("LATCHKEY_BRAND__TERMS", "https://example.com/terms"),
        ("LATCHKEY_BRAND__PRIVACY", "https://example.com/privacy"),
    ])
    .await;
    let ada = app.browser();
    let page = ada.get("/login").await.body;
    for told in [
        "Sign in to Analytical Engines",
        "mailto:help@example.com",
        "https://example.com/terms",
        "https://example.com/privacy",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    let css = ada.get(linked(&page, "/brand.css").unwrap()).await;
    assert!(
        css.body.contains("--accent: light-dark(#ffd60a,")
            && css.body.contains("--on-accent: #14161c"),
        "{}",
        css.body
    );
    assert!(css.header("cache-control").contains("immutable"));
    let logo = ada.get(linked(&page, "/brand-logo").unwrap()).await;
    assert_eq!(logo.header("content-type"), "image/svg+xml");
    assert!(
        logo.header("content-security-policy").contains("sandbox"),
        "the logo cannot act as a page"
    );

    ada.ask_for_mail("ada@example.com").await;
    let mail = app.inbox.first_to("ada@example.com").await;
    assert!(mail.html.contains("background:#ffd60a;color:#14161c"), "{}", mail.html);
    assert!(mail.text.contains("Help: help@example.com"), "{}", mail.text);
}

#[tokio::test]
async fn a_logo_is_found_beside_its_file_and_the_page_can_add_the_name() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.toml");
    std::fs::write(folder.path().join("mark.svg"), "<svg xmlns=\"http://www.w3.org/2000/svg\"/>")
        .unwrap();
    std::fs::write(
        &policy,
        "[brand]\nname = \"Engines\"\nlogo = \"mark.svg\"\nlogo_has_name = false\n",
    )
    .unwrap();
    let app = App::with_file(&policy).await;
    let page = app.browser().get("/login").await.body;
    let sign = page.split_once("class=\"brand\"").unwrap().1.split_once("</p>").unwrap().0;
    assert!(
        linked(sign, "/brand-logo").is_some()
            && sign.contains("alt=\"\"")
            && sign.contains("Engines"),
        "{sign}"
    );
}

#[tokio::test]
async fn pages_load_no_brand_files_without_a_brand() {
    let app = App::start().await;
    let page = app.browser().get("/login").await.body;
    assert_eq!((linked(&page, "/brand.css"), linked(&page, "/brand-logo")), (None, None));
    assert_eq!(app.browser().get("/brand.css").await.status, 404);
}

#[tokio::test]
async fn a_brand_name_is_escaped_everywhere_on_a_page_including_the_head() {
    let name = "x</title><script>alert(1)</script>\"'&amp;";
    let app = App::with(&[("LATCHKEY_BRAND__NAME", name)]).await;
    let ada = app.signed_in("ada@example.com").await;
    ada.ask_for_mail("bea@example.com").await;
    for path in ["/login", "/login/code", "/login/confirm?link_token=x", "/dashboard", "/nothing"] {
        let page = ada.get(path).await.body;
        assert!(!page.contains("<script>alert") && !page.contains("x</title>"), "{path}: {page}");
        let title = page.split_once("<title>").unwrap().1.split_once("</title>").unwrap().0;
        assert!(
            title.ends_with("x&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;\"'&amp;amp;"),
            "{path}: {title}"
        );
        let about = page.split_once("name=\"description\" content=\"").unwrap().1;
        let about = about.split_once('"').unwrap().0;
        assert!(about.contains("&quot;'&amp;amp;"), "{path}: {about}");
        assert_eq!(page.matches("</title>").count(), 1, "{path}");
    }
}

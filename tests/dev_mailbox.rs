//! The mailbox for development.

use reqwest::Method;

use crate::support::App;

#[tokio::test]
async fn the_dev_mailbox_is_shown_only_under_the_public_name_and_to_no_proxy() {
    let app = App::with(&[("SMTP_URL", "")]).await;
    let ask = async |name: &str, value: &str| {
        let asking = app.browser().request(Method::GET, "/dev/mailbox").header(name, value);
        app.browser().send(asking).await.status.as_u16()
    };
    assert_eq!(ask("accept", "text/html").await, 200);
    assert_eq!(ask("host", "evil.example:3000").await, 421);
    assert_eq!(ask("host", "").await, 421);
    assert_eq!(ask("x-forwarded-for", "203.0.113.7").await, 421);
}

#[tokio::test]
async fn the_dev_mailbox_does_not_exist_when_smtp_is_configured() {
    let app = App::start().await;
    assert_eq!(app.browser().get("/dev/mailbox").await.status, 404);
}

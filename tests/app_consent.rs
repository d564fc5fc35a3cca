//! Consent: the apps that may know a user, and how the user ends that.

use crate::support::relying_party::{
    authorize, brought, code, error, follow, refresh, tokens, with_apps,
};

#[tokio::test]
async fn an_app_of_others_asks_once_and_again_for_more() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    let shop = |scope: &'static str| {
        authorize(&[
            ("client_id", "shop"),
            ("redirect_uri", "https://shop.example.com/cb"),
            ("scope", scope),
        ])
    };
    let page = follow(&ada, &shop("openid email")).await;
    assert!(page.starts_with("/oauth/consent?request="), "{page}");
    let asked = ada.get(&page).await.body;
    assert!(
        asked.contains("Sign in to A shop?") && asked.contains("Your email address"),
        "{asked}"
    );
    let id = brought(&page).remove("request").unwrap();
    let denied = ada.post_form("/actions/answer-app", &[("request", &id)]).await;
    assert_eq!(brought(&follow(&ada, denied.goes_to()).await)["error"], "access_denied");
    let page = follow(&ada, &shop("openid email")).await;
    let id = brought(&page).remove("request").unwrap();
    let allowed =
        ada.post_form("/actions/answer-app", &[("request", &id), ("allow", "true")]).await;
    assert!(follow(&ada, allowed.goes_to()).await.starts_with("https://shop.example.com/cb?code="));
    assert!(follow(&ada, &shop("openid email")).await.contains("code="), "it is remembered");
    assert!(follow(&ada, &shop("openid email profile")).await.starts_with("/oauth/consent"));
    let stranger = app.signed_in("eve@example.com").await;
    let theirs = [("request", id.as_str()), ("allow", "true")];
    let refused = stranger.post_form("/actions/answer-app", &theirs).await;
    assert_eq!(stranger.get(refused.goes_to()).await.status, 400, "another browser's request");
}

#[tokio::test]
async fn a_user_sees_which_apps_have_access_and_ends_it() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    assert!(!ada.get("/dashboard").await.body.contains("Apps with access"));
    let code = code(&ada, &[("scope", "openid offline_access")]).await;
    let given = tokens(&app, &code).await.json();
    let page = ada.get("/dashboard").await.body;
    assert!(page.contains("Apps with access") && page.contains("Team wiki"), "{page}");
    let eve = app.signed_in("eve@example.com").await;
    eve.post_form("/actions/end-app", &[("app", "wiki")]).await;
    let refreshed = refresh(&app, given["refresh_token"].as_str().unwrap()).await.json();
    assert!(refreshed["access_token"].is_string(), "nobody else's");
    ada.post_form("/actions/end-app", &[("app", "wiki")]).await;
    assert!(!ada.get("/dashboard").await.body.contains("Team wiki"));
    let again = refresh(&app, refreshed["refresh_token"].as_str().unwrap()).await;
    assert_eq!(error(&again, 400), "invalid_grant");
}

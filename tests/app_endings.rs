//! The end of what apps hold: what brings it, and what does not.

use latchkey::server::ground::clock::{DAY, MINUTE};
use reqwest::Method;

use crate::support::{
    START,
    relying_party::{
        SECRET, authorize, brought, code, error, follow, refresh, tokens, user_info, with_apps,
    },
};

#[tokio::test]
async fn a_user_signs_out_from_an_app_and_comes_back_to_it() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    let given = tokens(&app, &code(&ada, &[]).await).await.json();
    let hint = given["id_token"].as_str().unwrap();
    let out = |params: &[(&str, &str)]| {
        let query =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish();
        format!("/oidc/logout?{query}")
    };
    let bye = ("post_logout_redirect_uri", "https://wiki.example.com/bye");
    for bad in [
        vec![("id_token_hint", hint), ("post_logout_redirect_uri", "https://evil.example/")],
        vec![bye],
        vec![("id_token_hint", "a.b.c"), bye],
        vec![("client_id", "shop"), bye],
        vec![("client_id", "shop"), ("id_token_hint", hint), bye],
    ] {
        let refused = ada.get(&out(&bad)).await;
        assert_eq!((refused.status.as_u16(), refused.header("location")), (400, ""), "{bad:?}");
        assert!(ada.signed_in_as().await.is_some());
    }
    // Without the hint anybody could have led the user here, so they are asked.
    let page = ada.get(&out(&[("client_id", "wiki"), bye])).await.goes_to().to_owned();
    let asked = ada.get(&page).await.body;
    assert!(asked.contains("Sign out of Latchkey?") && asked.contains("Team wiki"), "{asked}");
    assert!(ada.signed_in_as().await.is_some());
    let of = brought(&page).remove("of").unwrap();
    let other = ada.copy();
    let left = other.post_form("/actions/leave-app", &[("of", &of)]).await;
    assert_eq!(left.goes_to(), "https://wiki.example.com/bye");
    assert_eq!(ada.signed_in_as().await, None);

    let ada = app.signed_in("ada@example.com").await;
    let given = tokens(&app, &code(&ada, &[]).await).await.json();
    let hint = given["id_token"].as_str().unwrap();
    app.clock.advance(20 * MINUTE);
    let left = ada.get(&out(&[("id_token_hint", hint), bye, ("state", "s")])).await;
    assert_eq!(left.goes_to(), "https://wiki.example.com/bye?state=s", "an expired hint will do");
    assert_eq!(ada.signed_in_as().await, None);
}

#[tokio::test]
async fn signing_out_here_or_being_kept_out_ends_what_apps_hold() {
    let app = with_apps("").await;
    for end in ["sign out", "keep out", "revoke"] {
        let ada = app.signed_in(&format!("{}@example.com", end.replace(' ', "-"))).await;
        let code = code(&ada, &[("scope", "openid offline_access")]).await;
        let given = tokens(&app, &code).await.json();
        let (access, again) =
            (given["access_token"].as_str().unwrap(), given["refresh_token"].as_str().unwrap());
        match end {
            "sign out" => {
                ada.post_form("/actions/sign-out", &[]).await;
            }
            "keep out" => {
                app.command(&["users", "disable", "keep-out@example.com"]).await;
            }
            _ => {
                let program = app.browser();
                let form = [("token", again)];
                let request = program.request(Method::POST, "/oauth/revoke").form(&[
                    ("client_id", "wiki"),
                    ("client_secret", SECRET),
                    form[0],
                ]);
                assert_eq!(program.send(request).await.status, 200);
            }
        }
        assert_eq!(error(&user_info(&app, access).await, 401), "invalid_token", "{end}");
        assert_eq!(error(&refresh(&app, again).await, 400), "invalid_grant", "{end}");
    }
}

#[tokio::test]
async fn what_was_ended_stays_ended_when_its_session_is_forgotten() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    let kept = code(&ada, &[("scope", "openid offline_access")]).await;
    let mut kept = tokens(&app, &kept).await.json()["refresh_token"].as_str().unwrap().to_owned();
    let stolen = code(&ada, &[("scope", "openid offline_access")]).await;
    let stolen = tokens(&app, &stolen).await.json()["refresh_token"].as_str().unwrap().to_owned();
    for _ in 0..4 {
        app.clock.advance(5 * DAY);
        app.store.purge(START + 20 * DAY, DAY).await.unwrap();
        kept = refresh(&app, &kept).await.json()["refresh_token"].as_str().unwrap().to_owned();
    }
    // The session ended by itself two weeks ago. It can be ended all the same, and stays so.
    let later = app.signed_in("ada@example.com").await;
    later.post_form("/actions/sign-out", &[("which", "others")]).await;
    for day in 0..10 {
        for token in [&kept, &stolen] {
            assert_eq!(error(&refresh(&app, token).await, 400), "invalid_grant", "day {day}");
        }
        app.clock.advance(DAY);
        app.store.purge(app.clock.now(), DAY).await.unwrap();
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_grants").await, 0);
}

#[tokio::test]
async fn signing_in_again_for_one_app_ends_nothing_of_another() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    let code_of_wiki = code(&ada, &[("scope", "openid offline_access")]).await;
    let given = tokens(&app, &code_of_wiki).await.json();
    let vault = [
        ("client_id", "vault"),
        ("redirect_uri", "https://vault.example.com/cb"),
        ("prompt", "login"),
    ];
    app.clock.advance(MINUTE);
    let login = follow(&ada, &authorize(&vault)).await;
    let next = brought(&login).remove("next").unwrap();
    let sent = app.inbox.count_to("ada@example.com");
    let fields = [("email", "ada@example.com"), ("next", next.as_str())];
    ada.post_form("/actions/sign-in", &fields).await;
    let mail = app.inbox.nth_to("ada@example.com", sent + 1).await;
    let back = follow(&ada, ada.type_code(mail.code()).await.goes_to()).await;
    assert!(back.starts_with("https://vault.example.com/cb?code="), "{back}");
    assert_eq!(
        app.count("SELECT COUNT(*) FROM latchkey_sessions WHERE revoked_at IS NULL").await,
        1
    );
    let again = refresh(&app, given["refresh_token"].as_str().unwrap()).await.json();
    assert!(again["access_token"].is_string(), "{again}");
    ada.post_form("/actions/sign-out", &[]).await;
    let over = refresh(&app, again["refresh_token"].as_str().unwrap()).await;
    assert_eq!(error(&over, 400), "invalid_grant", "it belongs to the new session now");
}

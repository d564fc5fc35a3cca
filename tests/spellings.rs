//! Addresses and codes as people of every script write, copy and read them.

use serde_json::json;

use crate::support::App;

/// Mailboxes whose local part needs combining marks or a joiner within a word.
const MAILBOXES: [&str; 7] = [
    "संपर्क@example.com",
    "ผู้ใช้ทดสอบ@example.com",
    "இந்தியா@example.com",
    "မြန်မာ@example.com",
    "ទំនាក់ទំនង@example.com",
    "علی\u{200c}رضا@example.com",
    "ක්\u{200d}ෂණ@example.com",
];

#[tokio::test]
async fn a_mailbox_named_in_any_script_gets_its_mail_and_signs_in() {
    let app = App::start().await;
    for address in MAILBOXES {
        let (person, program) = (app.browser(), app.browser());
        person.ask_for_mail(address).await;
        let mail = app.inbox.first_to(address).await;
        assert_eq!(mail.header("To").as_deref(), Some(address));
        assert_eq!(person.get(mail.link()).await.goes_to(), "/dashboard");
        assert_eq!(person.signed_in_as().await.as_deref(), Some(address));

        let asked = program.ask_by_api(address);
        assert_eq!(asked.await.status, 200, "{address}");
        let code = app.inbox.nth_to(address, 2).await.code().to_owned();
        let answer = program.post_json("/api/auth/verify", json!({ "code": code })).await;
        assert_eq!(answer.json()["email"], address);
    }
}

#[tokio::test]
async fn invisible_characters_around_an_address_are_trimmed_like_spaces() {
    let app = App::start().await;
    for (n, typed) in [
        "\u{200b}ada@example.com",
        "\u{feff}ada@example.com",
        "\u{ad}ada@example.com\u{2060}",
        "\u{202a}ada@example.com\u{202c}",
        " \u{2066}ada@example.com\u{2069}\u{200e} ",
    ]
    .iter()
    .enumerate()
    {
        app.browser().ask_for_mail(typed).await;
        app.inbox.nth_to("ada@example.com", 2 * n + 1).await;
        let asked = app.browser();
        let asked = asked.ask_by_api(typed);
        assert_eq!(asked.await.status, 200, "{typed:?}");
        app.inbox.nth_to("ada@example.com", 2 * n + 2).await;
    }
    for within in ["a\u{200b}da@example.com", "ada@exam\u{ad}ple.com", "a\u{200c}da@example.com"] {
        let asked = app.browser();
        let asked = asked.ask_by_api(within);
        assert_eq!(asked.await.error(400), "invalid_email", "{within:?}");
    }
}

#[tokio::test]
async fn a_code_is_accepted_in_digits_of_any_script_and_with_any_spacing() {
    let app = App::start().await;
    for (n, zero) in ['٠', '۰', '०', '০', '๐', '០', '߀', '０'].into_iter().enumerate() {
        let address = format!("ada{n}@example.com");
        let ada = app.browser();
        ada.ask_for_mail(&address).await;
        let code = app.inbox.first_to(&address).await.code().to_owned();
        let digits = code.chars().filter_map(|c| char::from_u32(u32::from(zero) + c.to_digit(10)?));
        let typed = digits.map(|digit| format!("{digit} \n")).collect::<String>();
        assert_eq!(ada.type_code(&typed).await.goes_to(), "/dashboard", "{typed}");
    }
}

#[tokio::test]
async fn an_address_appears_on_pages_and_in_mails_as_people_write_it() {
    let app = App::with(&[("LATCHKEY_MAIL__NEW_DEVICE_NOTICE", "true")]).await;
    let (machine, person) = ("ada@xn--bcher-kva.example", "ada@bücher.example");
    for n in [1, 2] {
        let ada = app.browser();
        let code_page = ada.ask_for_mail(person).await.goes_to().to_owned();
        assert!(ada.get(&code_page).await.body.contains(person));
        let mail = app.inbox.nth_to(machine, n).await;
        let at = mail.text.find("/login/not-you?request=").unwrap();
        let not_you = mail.text[at..].split_whitespace().next().unwrap();
        assert!(app.browser().get(not_you).await.body.contains(person));
        ada.get(mail.link()).await;
        let dashboard = ada.get("/dashboard").await.body;
        assert!(dashboard.contains(person) && !dashboard.contains(machine));
    }
    assert!(app.inbox.nth_to(machine, 3).await.text.contains(person), "the notice shows it, too");

    let mixed = app.browser();
    let code_page = mixed.ask_for_mail("ada@pаypal.com").await.goes_to().to_owned();
    assert!(mixed.get(&code_page).await.body.contains("ada@xn--"), "one letter is Cyrillic");
}

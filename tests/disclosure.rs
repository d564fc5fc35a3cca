//! No endpoint discloses whether an address is known.

use serde_json::json;

use crate::support::{Answer, App, Manners};

/// The addresses of a user, of nobody and of a disabled user. They have the same length, so that
/// bytes can be compared.
const ADDRESSES: [&str; 3] = ["known@example.com", "novel@example.com", "ended@example.com"];

async fn with_users(variables: &[(&str, &str)]) -> App {
    let app = App::with(variables).await;
    app.run_sql(
        "INSERT INTO latchkey_users (id, address, created_at) VALUES \
         ('u1', 'known@example.com', 1), ('u2', 'ended@example.com', 1); \
         INSERT INTO latchkey_bans (user_id, address, created_at) VALUES ('', 'ended@example.com', 2)",
    )
    .await;
    app
}

/// Everything visible in an answer: status, headers and body, with the address and random values
/// replaced.
fn seen(answer: &Answer, address: &str) -> String {
    let headers: Vec<String> = answer
        .headers
        .iter()
        .filter(|(name, _)| *name != "date")
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    let all = format!("{}\n{}\n{}", answer.status, headers.join("\n"), answer.body)
        .replace(address, "ADDRESS")
        .replace(&format!(">{}<", address.split('@').next().unwrap_or_default()), ">LOCAL<");
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    let words = all.split_inclusive(|c| !is_word(c)).map(|piece| {
        let word = piece.trim_end_matches(|c| !is_word(c));
        // Letters alone, too: one in 100,000 ids has no digit, one in 300 has nothing else.
        let is_id =
            word.bytes().any(|b| b.is_ascii_digit()) || word.bytes().all(|b| b.is_ascii_hexdigit());
        // Ids, nonces and cookie values; also times, because the clock moves on between addresses.
        let is_random = word.len() >= 20
            || (word.len() >= 12 && is_id)
            || (word.len() == 10 && word.parse::<u64>().is_ok());
        if is_random {
            piece.replace(word, &format!("RANDOM{}", word.len()))
        } else {
            piece.to_owned()
        }
    });
    words.collect()
}

/// Sends an address through every endpoint and returns what each answer shows.
async fn way(app: &App, address: &str) -> Vec<String> {
    let mut all = Vec::new();
    let program = app.browser();
    all.push(program.ask_by_api(address).await);
    all.push(program.post_json("/api/auth/verify", json!({ "code": "000000" })).await);
    app.clock.advance(31_000);
    all.push(program.post_json("/api/auth/resend-passwordless", json!({})).await);
    let person = app.browser();
    all.push(person.ask_for_mail(address).await);
    all.push(person.get(all[3].goes_to()).await);
    all.push(person.type_code("111111").await);
    all.push(person.get("/login/code").await);
    all.push(person.post_form("/actions/resend-passwordless", &[]).await);
    all.push(person.get("/actions/progress").await);
    all.push(
        person
            .post_form("/actions/sign-in", &[("email", address), ("password", "correct horse")])
            .await,
    );
    all.iter().map(|answer| seen(answer, address)).collect()
}

#[tokio::test]
async fn known_unknown_and_disabled_addresses_get_the_same_bytes() {
    for sign_up in ["open", "closed", "invited", "waitlist"] {
        let app = with_users(&[
            ("LATCHKEY_AUTH__SIGN_UP", sign_up),
            ("LATCHKEY_AUTH__PASSWORDS", "optional"),
        ])
        .await;
        let mut ways = Vec::new();
        for address in ADDRESSES {
            ways.push(way(&app, address).await);
        }
        assert_eq!(ways[0], ways[1], "unknown, {sign_up}");
        assert_eq!(ways[0], ways[2], "disabled, {sign_up}");
    }
}

#[tokio::test]
async fn an_address_that_the_rules_refuse_gets_the_same_bytes_as_a_user_of_that_domain() {
    for rule in [
        ("LATCHKEY_SIGN_UP__BLOCKED_DOMAINS", "example.com"),
        ("LATCHKEY_SIGN_UP__DOMAINS", "example.org"),
    ] {
        let app = with_users(&[rule, ("LATCHKEY_AUTH__PASSWORDS", "optional")]).await;
        // The fate of the user's mail would tell.
        app.inbox.behave(Manners::RefusesForGood);
        let mut ways = Vec::new();
        for address in ADDRESSES {
            ways.push(way(&app, address).await);
        }
        assert_eq!(ways[0], ways[1], "{rule:?}");
        assert_eq!(ways[0], ways[2], "{rule:?}");
    }
}

#[tokio::test]
async fn an_address_over_its_limit_discloses_nothing_more() {
    let limits = [
        ("LATCHKEY_LIMITS__MAILS_PER_MINUTE", "1"),
        ("LATCHKEY_LIMITS__CODE_FAILURES_PER_HOUR", "1"),
    ];
    let app = with_users(&[&limits[..], &[("LATCHKEY_AUTH__SIGN_UP", "closed")]].concat()).await;
    let mut ways = Vec::new();
    for address in ADDRESSES {
        let mut answers = way(&app, address).await;
        let once_more = app.browser().ask_by_api(address).await;
        assert_eq!(once_more.error(429), "rate_limited");
        answers.push(seen(&once_more, address));
        ways.push(answers);
    }
    assert_eq!(ways[0], ways[1]);
    assert_eq!(ways[0], ways[2]);
}

#[tokio::test]
async fn an_address_refused_by_its_mail_server_gets_the_same_bytes() {
    // With open sign-up the page may report an undeliverable mail, because that discloses nothing
    // about users.
    let app = with_users(&[("LATCHKEY_AUTH__SIGN_UP", "closed")]).await;
    let taken = way(&app, "known@example.com").await;
    let settled = app.count("SELECT COUNT(*) FROM latchkey_outbox").await;
    app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'sent'", settled).await;
    app.inbox.behave(Manners::RefusesForGood);
    app.run_sql("INSERT INTO latchkey_users (id, address, created_at) VALUES ('u3', 'novel@example.com', 1)").await;
    let refused = way(&app, "novel@example.com").await;
    app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'failed'", settled).await;
    assert_eq!(taken, refused);
}

#[tokio::test]
async fn the_same_number_of_rows_is_written_for_every_address() {
    let app = with_users(&[("LATCHKEY_AUTH__SIGN_UP", "closed")]).await;
    for address in ADDRESSES {
        app.browser().ask_by_api(address).await;
    }
    for each in [
        "SELECT COUNT(*) FROM (SELECT address FROM latchkey_auth_requests GROUP BY address HAVING COUNT(*) = 1) AS x",
        "SELECT COUNT(*) FROM (SELECT address FROM latchkey_outbox GROUP BY address HAVING COUNT(*) = 1) AS x",
    ] {
        assert_eq!(app.count(each).await, 3);
    }
}

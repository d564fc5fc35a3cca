//! Answers of providers: whose fault each refusal is, what `latchkey check` finds, how an address
//! is taken off a provider's own list, and where a provider may not be.

use latchkey::server::{
    config::{Source, Variables, transports::MailTransport},
    ground::clock::Clock,
    mail::{compose::test_mail, dkim::Dkim, send_error::SendError, transport::Transport},
    values::address::Address,
};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    time::timeout,
};

use crate::support::{
    Inbox, START,
    providers::{Behaviour, KINDS, Kind, Provider, SIGNING_KEY, TOKEN},
    settings,
};

/// Opens a transport with these keys.
fn open(keys: &str) -> Result<Transport, String> {
    let entry: MailTransport = toml::from_str(&format!("name = \"it\"\n{keys}")).unwrap();
    let source = Source { path: None, variables: Variables::new() };
    let settings = settings(source, Vec::new(), String::new(), "https://login.example.com");
    let clock = Clock::manual(START);
    let dkim = Dkim::open(&settings.policy.mail, &settings.from, clock.clone()).unwrap();
    let transport = Transport::open(&entry, &settings, &dkim.into(), &clock);
    transport.map_err(|error| error.to_string())
}

async fn send(transport: &Transport, id: &str) -> Result<Option<String>, SendError> {
    let (to, from) = ("ada@example.com", "Example <no-reply@example.com>".parse().unwrap());
    let (to, url) = (Address::parse(to).unwrap(), "https://login.example.com".parse().unwrap());
    transport.send(id, test_mail(id, &to, "Example", &from, &url).unwrap()).await
}

#[tokio::test]
async fn a_refusal_is_of_the_recipient_or_the_mail_only_where_the_provider_says_so() {
    let of_ses = |name: &str, message: &str| {
        let body = format!("{{\"__type\": \"com.amazon#{name}\", \"message\": \"{message}\"}}");
        (Kind::Ses, 400, &*body.leak())
    };
    let of_postmark = |code: u32, message: &str| {
        let body = format!("{{\"ErrorCode\": {code}, \"Message\": \"{message}\"}}");
        (Kind::Postmark, 422, &*body.leak())
    };
    let of_resend = |status: u16, name: &str, message: &str| {
        let body = format!("{{\"name\": \"{name}\", \"message\": \"{message}\"}}");
        (Kind::Resend, status, &*body.leak())
    };
    let to_field = "{\"errors\": [{\"field\": \"personalizations.0.to.0.email\", \
                     \"message\": \"Does not contain a valid address.\"}]}";
    let from_field = "{\"errors\": [{\"field\": \"from.email\", \"message\": \"odd\"}]}";
    let not_verified = "Email address is not verified. The following identities failed";
    for ((kind, status, body), of) in [
        (of_ses("MessageRejected", "it holds a virus"), "mail"),
        (of_ses("MessageRejected", not_verified), "session"),
        (of_ses("AccountSuspendedException", ""), "session"),
        (of_ses("SendingPausedException", ""), "session"),
        (of_ses("LimitExceededException", ""), "session"),
        (of_ses("BadRequestException", "Missing final '@domain'"), "for_now"),
        ((Kind::Ses, 404, "{\"message\": \"no such configuration set\"}"), "session"),
        (of_postmark(406, "inactive"), "recipient"),
        (of_postmark(300, "Invalid 'To' address: 'ada@example.com'."), "recipient"),
        (of_postmark(300, "Invalid 'From' address: 'a'."), "for_now"),
        (of_postmark(405, "out of credits"), "session"),
        (of_postmark(412, "account is pending"), "session"),
        (of_postmark(1235, "no such stream"), "session"),
        (of_resend(422, "validation_error", "Invalid `to` field. It needs"), "recipient"),
        (of_resend(422, "validation_error", "Invalid `reply_to` field"), "for_now"),
        (of_resend(422, "invalid_from_address", "odd"), "session"),
        (of_resend(409, "concurrent_idempotent_requests", "wait"), "unsure"),
        (of_resend(429, "monthly_quota_exceeded", "enough"), "session"),
        ((Kind::SendGrid, 400, to_field), "recipient"),
        ((Kind::SendGrid, 400, from_field), "for_now"),
        ((Kind::SendGrid, 200, "{}"), "unsure"),
        ((Kind::SendGrid, 413, ""), "mail"),
        (
            (Kind::Mailgun, 400, "{\"message\": \"'to' parameter is not a valid address. a\"}"),
            "recipient",
        ),
        ((Kind::Mailgun, 400, "{\"message\": \"'from' parameter is missing\"}"), "for_now"),
        ((Kind::Mailgun, 402, "{\"message\": \"pay\"}"), "session"),
        ((Kind::Mailgun, 200, "{\"message\": \"Queued.\"}"), "unsure"),
        ((Kind::Http, 422, "{\"error\": \"recipient\", \"message\": \"gone\"}"), "recipient"),
        ((Kind::Http, 422, "{\"error\": \"mail\", \"message\": \"odd\"}"), "mail"),
        ((Kind::Http, 422, "no JSON"), "for_now"),
        ((Kind::Http, 302, ""), "session"),
    ] {
        let provider = Provider::start(kind).await;
        provider.behave(Behaviour::Says(status, body));
        let refused = send(&open(&provider.keys()).unwrap(), "a").await.unwrap_err();
        assert_eq!(refused.name(), of, "{kind:?} {status} {body}: {refused}");
        assert!(refused.to_string().contains(&format!("it answered {status}")), "{refused}");
    }
}

#[tokio::test]
async fn a_key_that_resend_has_seen_with_other_words_means_that_the_mail_was_sent() {
    let provider = Provider::start(Kind::Resend).await;
    let transport = open(&provider.keys()).unwrap();
    assert_eq!(send(&transport, "a").await, Ok(Some("0100-1".to_owned())));
    let (to, from) = ("ada@example.com", "Example <no-reply@example.com>".parse().unwrap());
    let (to, url) = (Address::parse(to).unwrap(), "https://login.example.com".parse().unwrap());
    let other = test_mail("a", &to, "Now five minutes", &from, &url).unwrap();
    assert_eq!(transport.send("a", other).await, Ok(None));
    assert_eq!(provider.count(), 1);
}

#[tokio::test]
async fn a_team_may_give_a_mail_an_id_or_none() {
    let provider = Provider::start(Kind::Http).await;
    let transport = open(&provider.keys()).unwrap();
    assert_eq!(send(&transport, "a").await, Ok(Some("0100-1".to_owned())));
    for body in ["", "taken", "{\"id\": 7}", "{\"id\": \"with a space\"}"] {
        provider.behave(Behaviour::Says(202, body));
        assert_eq!(send(&transport, "b").await, Ok(None), "{body}");
    }
}

#[tokio::test]
async fn an_answer_without_an_end_is_not_read_to_its_end() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // An answer before any request would be none.
            assert!(stream.read(&mut [0; 4_096]).await.unwrap() > 0);
            let head = "HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n";
            let mut written = stream.write_all(head.as_bytes()).await;
            while written.is_ok() {
                written = stream.write_all(&[b'a'; 4_096]).await;
            }
        }
    });
    let keys = format!("{}\nurl = \"{url}\"\nnetworks = [\"127.0.0.1\"]", Kind::Resend.keys());
    let transport = open(&keys).unwrap();
    // A few times what 64 KiB take, and much less than a request may.
    let refused = timeout(Duration::from_secs(8), send(&transport, "a")).await;
    assert_eq!(refused.unwrap(), Err(SendError::OfUs("it answered 401".to_owned())));
}

#[tokio::test]
async fn a_probe_finds_out_whether_each_provider_knows_us() {
    for kind in KINDS {
        let provider = Provider::start(kind).await;
        let transport = open(&provider.keys()).unwrap();
        assert_eq!(transport.test().await, Ok(()), "{kind:?}: {:?}", provider.heard());
        let keys = provider.keys().replace(TOKEN, "wrong").replace("q9Xv2Lb", "wrong");
        let keys = keys.replace(SIGNING_KEY, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        let stranger = open(&keys).unwrap();
        let refused = match kind {
            // A service is asked for nothing that needs a signature.
            Kind::Http => send(&stranger, "a").await.unwrap_err(),
            _ => stranger.test().await.unwrap_err(),
        };
        assert_eq!(refused.name(), "session", "{kind:?}: {refused}");
        assert_eq!(provider.count(), 0, "{kind:?}: nothing is sent");
    }
}

#[tokio::test]
async fn a_probe_knows_a_key_that_may_only_send_and_an_account_that_may_not() {
    let paused = "{\"SendingEnabled\": false, \"ProductionAccessEnabled\": true}";
    let sandbox = "{\"SendingEnabled\": true, \"ProductionAccessEnabled\": false}";
    for (kind, status, body, why) in [
        (Kind::Ses, 403, "{\"__type\": \"AccessDeniedException\"}", None),
        (Kind::Ses, 403, "{\"__type\": \"UnrecognizedClientException\"}", Some("403")),
        (Kind::Ses, 200, paused, Some("paused")),
        (Kind::Ses, 200, sandbox, Some("sandbox")),
        (Kind::Resend, 401, "{\"name\": \"restricted_api_key\"}", None),
        (Kind::Resend, 401, "{\"name\": \"missing_api_key\"}", Some("401")),
        (Kind::SendGrid, 200, "{\"scopes\": [\"stats.read\"]}", Some("mail.send")),
        (Kind::Mailgun, 200, "{\"domain\": {\"state\": \"unverified\"}}", Some("not active")),
        (Kind::Http, 404, "", None),
        (Kind::Http, 500, "", Some("500")),
        (Kind::Http, 301, "", Some("redirect")),
    ] {
        let provider = Provider::start(kind).await;
        provider.behave(Behaviour::Says(status, body));
        let found = open(&provider.keys()).unwrap().test().await;
        match why {
            None => assert_eq!(found, Ok(()), "{kind:?} {status} {body}"),
            Some(why) => assert!(found.unwrap_err().to_string().contains(why), "{kind:?} {why}"),
        }
    }
}

#[tokio::test]
async fn an_address_is_taken_off_the_list_of_those_a_provider_sends_nothing_to() {
    let ada = Address::parse("ada+a/b@example.com").unwrap();
    for kind in KINDS.into_iter().filter(|kind| *kind != Kind::Http) {
        let provider = Provider::start(kind).await;
        provider.suppress(ada.as_str());
        let transport = open(&provider.keys()).unwrap();
        let heard = || provider.heard();
        assert_eq!(transport.lift(&ada).await, Ok(true), "{kind:?}: {:?}", heard());
        // Postmark does not say whether it was there.
        let again = kind == Kind::Postmark;
        assert_eq!(transport.lift(&ada).await, Ok(again), "{kind:?}: {:?}", heard());
        provider.behave(Behaviour::Says(403, ""));
        assert!(transport.lift(&ada).await.is_err(), "{kind:?}");
    }
    let provider = Provider::start(Kind::Postmark).await;
    let complained = Address::parse("complained@example.com").unwrap();
    let refused = open(&provider.keys()).unwrap().lift(&complained).await.unwrap_err();
    assert!(refused.to_string().contains("required authority"), "{refused}");
    // Where there is no such list, there is nothing to do.
    let smtp = format!("kind = \"smtp\"\nurl = \"{}\"", Inbox::start().await.smtp_url());
    for keys in [smtp, Provider::start(Kind::Http).await.keys()] {
        assert_eq!(open(&keys).unwrap().lift(&ada).await, Ok(false), "{keys}");
    }
}

#[tokio::test]
async fn a_provider_at_a_private_address_is_not_connected_to_unless_its_network_is_listed() {
    for kind in KINDS {
        let provider = Provider::start(kind).await;
        for host in ["127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "[::1]"] {
            let keys = provider.keys_by(&provider.url.replace("127.0.0.1", host));
            let refused = open(&keys).unwrap_err();
            assert!(refused.contains("add \"") && refused.contains("networks"), "{refused}");
        }
        // A name is looked up when it is connected to.
        let keys = provider.keys_by(&provider.url.replace("127.0.0.1", "localhost"));
        let refused = send(&open(&keys).unwrap(), "a").await.unwrap_err();
        assert!(
            refused.name() == "session" && refused.to_string().contains("networks"),
            "{refused}"
        );
        let elsewhere = format!("{keys}\nnetworks = [\"10.0.0.0/8\"]");
        assert!(send(&open(&elsewhere).unwrap(), "a").await.is_err(), "{kind:?}");
        assert_eq!(provider.heard(), [""; 0], "{kind:?}");
        let listed = format!("{keys}\nnetworks = [\"127.0.0.0/8\", \"::1\"]");
        assert!(send(&open(&listed).unwrap(), "a").await.is_ok(), "{kind:?}");
        assert_eq!(provider.count(), 1, "{kind:?}");
    }
}

//! Checks and answers of each provider, by its documents.

use axum::http::Method;
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use latchkey::server::ground::clock::Clock;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use time::{Date, OffsetDateTime};

use super::{
    Mail, START,
    inbox::read_mail,
    providers::{ACCESS_KEY, Kind, Reply, Request, SECRET_KEY, SIGNING_KEY, TOKEN},
};

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(text);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Checks that a request is by whom the provider knows.
pub fn known(kind: Kind, request: &Request) -> Result<(), Reply> {
    let authorization = request.header("authorization");
    let (is_known, refusal) = match kind {
        Kind::Ses => {
            let error = ("x-amzn-errortype", "InvalidSignatureException:".to_owned());
            let body = json!({ "message": "The request signature does not match." });
            (is_signed(request), Reply(403, Some(error), body.to_string()))
        }
        Kind::Postmark => {
            let body = json!({ "ErrorCode": 10, "Message": "No Account or Server token." });
            (request.header("x-postmark-server-token") == TOKEN, Reply::json(401, body))
        }
        Kind::Resend => {
            let name = "validation_error";
            let body = json!({ "statusCode": 401, "name": name, "message": "API key is invalid" });
            (authorization == format!("Bearer {TOKEN}"), Reply::json(401, body))
        }
        Kind::SendGrid => {
            let message = "The provided authorization grant is invalid, expired, or revoked";
            let body = json!({ "errors": [{ "field": null, "message": message }] });
            (authorization == format!("Bearer {TOKEN}"), Reply::json(401, body))
        }
        Kind::Mailgun => {
            let basic = STANDARD.encode(format!("api:{TOKEN}"));
            (authorization == format!("Basic {basic}"), Reply(401, None, "Forbidden".to_owned()))
        }
        Kind::Http => {
            let is_known = request.method == Method::OPTIONS || is_signed_webhook(request);
            (is_known, Reply(401, None, "who are you?".to_owned()))
        }
    };
    if is_known { Ok(()) } else { Err(refusal) }
}

/// Fifteen minutes are all that clocks may differ. Stories have their own, commands the machine's.
fn is_now(seconds: i64) -> bool {
    let clocks = [START, Clock::System.now()];
    clocks.iter().any(|now| (seconds - now / 1_000).abs() < 15 * 60)
}

/// Computes Signature Version 4 again, from what arrived.
fn is_signed(request: &Request) -> bool {
    let date = request.header("x-amz-date");
    let day = &date[..8];
    let number = |at: std::ops::Range<usize>| date[at].parse::<u8>().unwrap();
    let month = number(4..6).try_into().unwrap();
    let date_of = Date::from_calendar_date(date[..4].parse().unwrap(), month, number(6..8));
    let days =
        i64::from(date_of.unwrap().to_julian_day() - OffsetDateTime::UNIX_EPOCH.to_julian_day());
    let (hour, minute, second) = (number(9..11), number(11..13), number(13..15));
    let of_day = i64::from(hour) * 3_600 + i64::from(minute) * 60 + i64::from(second);
    assert!(is_now(days * 86_400 + of_day), "{date}");
    let authorization = request.header("authorization");
    let names = authorization.split("SignedHeaders=").nth(1).unwrap().split(',').next().unwrap();
    for needed in ["content-type", "host", "x-amz-date"] {
        let is_there = request.headers.contains_key(needed);
        assert!(!is_there || names.split(';').any(|name| name == needed), "{needed} is not signed");
    }
    let line = |name: &str| format!("{name}:{}\n", request.header(name));
    let lines: String = names.split(';').map(line).collect();
    let path = request.path.replace('%', "%25");
    let hash = hex(&Sha256::digest(&request.body));
    let canonical = format!("{}\n{path}\n\n{lines}\n{names}\n{hash}", request.method);
    let scope = format!("{day}/eu-central-1/ses/aws4_request");
    let canonical = hex(&Sha256::digest(canonical));
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{canonical}");
    let key = format!("AWS4{SECRET_KEY}").into_bytes();
    let key = scope.split('/').fold(key, |key, part| mac(&key, part.as_bytes()));
    let signature = hex(&mac(&key, text.as_bytes()));
    authorization
        == format!(
            "AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{scope}, SignedHeaders={names}, \
             Signature={signature}"
        )
}

/// Verifies a POST as docs/delivery.md shows it.
fn is_signed_webhook(request: &Request) -> bool {
    let (id, seconds) = (request.header("webhook-id"), request.header("webhook-timestamp"));
    let signed = [format!("{id}.{seconds}.").as_bytes(), &request.body].concat();
    let key = STANDARD.decode(SIGNING_KEY.trim_start_matches("whsec_")).unwrap();
    let expected = format!("v1,{}", STANDARD.encode(mac(&key, &signed)));
    seconds.parse().is_ok_and(is_now) && request.header("webhook-signature") == expected
}

/// Answers the request by which a server finds out whether it is known.
pub fn probe(kind: Kind, request: &Request) -> Reply {
    let (line, body) = match kind {
        Kind::Ses => (
            "GET /v2/email/account",
            json!({ "SendingEnabled": true, "ProductionAccessEnabled": true }),
        ),
        Kind::Postmark => ("GET /server", json!({ "ID": 1, "Name": "Production" })),
        Kind::Resend => ("GET /domains", json!({ "data": [] })),
        Kind::SendGrid => ("GET /v3/scopes", json!({ "scopes": ["mail.send"] })),
        Kind::Mailgun => {
            ("GET /v4/domains/mg.example.com", json!({ "domain": { "state": "active" } }))
        }
        Kind::Http => ("", json!(null)),
    };
    match format!("{} {}", request.method, request.path) == line {
        true => Reply::json(200, body),
        // A service that takes nothing but POST.
        false => Reply::json(405, json!({})),
    }
}

/// Answers that a mail was accepted.
pub fn taken(kind: Kind, id: &str) -> Reply {
    match kind {
        Kind::Ses => Reply::json(200, json!({ "MessageId": id })),
        Kind::Postmark => {
            Reply::json(200, json!({ "ErrorCode": 0, "Message": "OK", "MessageID": id }))
        }
        Kind::Resend => Reply::json(200, json!({ "id": id })),
        Kind::SendGrid => Reply(202, Some(("x-message-id", id.to_owned())), String::new()),
        Kind::Mailgun => {
            Reply::json(200, json!({ "id": format!("<{id}>"), "message": "Queued. Thank you." }))
        }
        Kind::Http => Reply::json(201, json!({ "id": id })),
    }
}

/// Answers that it sends nothing to this address, where the provider says so at once.
pub fn suppressed(kind: Kind) -> Reply {
    match kind {
        Kind::Postmark => Reply::json(
            422,
            json!({ "ErrorCode": 406, "Message": "You tried to send to an inactive recipient." }),
        ),
        Kind::Http => Reply::json(422, json!({ "error": "recipient", "message": "it bounced" })),
        // The others accept the mail, and report later that it was not sent.
        _ => taken(kind, "0100-0"),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// A mail of which a provider gets the parts, with these headers.
fn of_parts(parts: [&Value; 5], headers: &[(String, String)]) -> Mail {
    let [from, to, subject, plain, html] = parts;
    let html = html.as_str().unwrap_or_default().to_owned();
    let [from, to, subject, plain] = [from, to, subject, plain].map(text);
    let headers: String =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    Mail::new([from, to, subject, plain.clone(), html, format!("{headers}\r\n{plain}")])
}

/// The headers of an object.
fn of_object(headers: &Value) -> Vec<(String, String)> {
    let headers = headers.as_object().unwrap().iter();
    headers.map(|(name, value)| (name.clone(), text(value))).collect()
}

/// Reads and checks the request that sends a mail.
pub fn mail(kind: Kind, request: &Request) -> Result<Mail, Reply> {
    let (paths, content) = match kind {
        Kind::Ses => ("/v2/email/outbound-emails", "application/json"),
        Kind::Postmark => ("/email", "application/json"),
        Kind::Resend => ("/emails", "application/json"),
        Kind::SendGrid => ("/v3/mail/send", "application/json"),
        Kind::Mailgun => ("/v3/mg.example.com/messages.mime", "multipart/form-data; boundary="),
        Kind::Http => ("/send?of=team", "application/json"),
    };
    if request.path != paths {
        return Err(Reply::json(404, json!({ "message": "not found" })));
    }
    if !request.header("content-type").starts_with(content) {
        return Err(Reply::json(415, json!({ "message": "unsupported media type" })));
    }
    let body = request.json();
    Ok(match kind {
        Kind::Ses => {
            assert_eq!(body["ConfigurationSetName"], "sign-in");
            let raw = STANDARD.decode(text(&body["Content"]["Raw"]["Data"])).unwrap();
            let to = text(&body["Destination"]["ToAddresses"][0]);
            read_mail("", &to, String::from_utf8(raw).unwrap())
        }
        Kind::Postmark => {
            assert_eq!(request.header("accept"), "application/json");
            assert_eq!(body["MessageStream"], "sign/in");
            assert_eq!((&body["TrackOpens"], &body["TrackLinks"]), (&json!(false), &json!("None")));
            let headers: Vec<_> = body["Headers"].as_array().unwrap().iter().collect();
            let headers: Vec<_> =
                headers.iter().map(|it| (text(&it["Name"]), text(&it["Value"]))).collect();
            assert!(headers.contains(&("X-PM-KeepID".to_owned(), "true".to_owned())));
            let parts = ["From", "To", "Subject", "TextBody", "HtmlBody"].map(|key| &body[key]);
            of_parts(parts, &headers)
        }
        Kind::Resend => {
            assert!((1..=256).contains(&request.header("idempotency-key").len()));
            let parts = [&body["from"], &body["to"][0], &body["subject"], &body["text"]];
            let [from, to, subject, plain] = parts;
            of_parts([from, to, subject, plain, &body["html"]], &of_object(&body["headers"]))
        }
        Kind::SendGrid => {
            for tracking in ["click_tracking", "open_tracking", "subscription_tracking"] {
                assert_eq!(body["tracking_settings"][tracking]["enable"], false, "{tracking}");
            }
            let headers = of_object(&body["headers"]);
            let reserved = ["to", "from", "subject", "reply-to", "cc", "bcc", "content-type"];
            let is_reserved = |name: &str| reserved.contains(&name.to_lowercase().as_str());
            assert!(!headers.iter().any(|(name, _)| is_reserved(name)), "{headers:?}");
            let content = &body["content"];
            // Plain text comes first, or it is refused.
            assert_eq!(content[0]["type"], "text/plain");
            assert!(content.get(1).is_none_or(|html| html["type"] == "text/html"));
            let from =
                format!("{} <{}>", text(&body["from"]["name"]), text(&body["from"]["email"]));
            let to = &body["personalizations"][0]["to"][0]["email"];
            let (plain, html) = (&content[0]["value"], &content[1]["value"]);
            of_parts([&json!(from), to, &body["subject"], plain, html], &headers)
        }
        Kind::Mailgun => {
            let fields = fields(request);
            let field = |name: &str| {
                let found =
                    fields.iter().find(|(head, _)| head.contains(&format!("name=\"{name}\"")));
                found.unwrap_or_else(|| panic!("no field {name}")).clone()
            };
            assert_eq!(
                (field("o:tracking").1, field("o:tracking-clicks").1),
                ("no".into(), "no".into())
            );
            let (head, raw) = field("message");
            assert!(head.contains("filename="), "it has to be a file: {head}");
            read_mail("", &field("to").1, raw)
        }
        Kind::Http => {
            assert_eq!(text(&body["id"]), request.header("webhook-id"));
            let parts = ["from", "to", "subject", "text", "html"].map(|key| &body[key]);
            of_parts(parts, &[])
        }
    })
}

/// The fields of a form, each as its headers and its content.
fn fields(request: &Request) -> Vec<(String, String)> {
    let (_, boundary) = request.header("content-type").split_once("boundary=").unwrap();
    let body = String::from_utf8(request.body.to_vec()).unwrap();
    let body = format!("\r\n{body}");
    let mut parts: Vec<&str> = body.split(&format!("\r\n--{boundary}")).collect();
    assert_eq!((parts.remove(0), parts.pop().unwrap()), ("", "--\r\n"));
    let field = |part: &str| {
        let (head, content) = part.trim_start_matches("\r\n").split_once("\r\n\r\n").unwrap();
        (head.to_owned(), content.to_owned())
    };
    parts.into_iter().map(field).collect()
}

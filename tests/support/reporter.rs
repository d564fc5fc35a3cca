//! Reports of providers about mails, written and signed as their documents say.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use latchkey::server::ground::clock::{Millis, SECOND};
use reqwest::{Method, RequestBuilder};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};
use sha2::Sha256;
use std::{
    fmt::Write,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    Browser,
    providers::Kind,
    sns::{ARN, Signer, Sns},
};

/// The fate of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The address does not exist.
    Dead,
    /// It was given up, for a reason that may pass.
    GivenUp,
    Late,
    CalledSpam,
    Arrived,
}

/// The part of a provider that reports.
pub struct Reporter {
    pub kind: Kind,
    key: Key,
    reports: AtomicU64,
}

/// Whatever proves that a report is the provider's.
enum Key {
    Topic(Arc<Signer>),
    Password(String),
    P256(Box<EcdsaKeyPair>),
    Shared(Vec<u8>),
}

/// A request to a hook.
#[derive(Clone, Debug)]
pub struct Signed {
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Signed {
    /// Makes it a request of a browser, which is that of a program here.
    pub fn to(&self, browser: &Browser, path: &str) -> RequestBuilder {
        let request = browser.request(Method::POST, path).body(self.body.clone());
        self.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }

    /// The same with nothing that proves it, other than in the body.
    pub fn bare(self) -> Self {
        Signed { headers: Vec::new(), ..self }
    }
}

/// Text that nobody else has.
fn draw(bytes: usize) -> Vec<u8> {
    let mut drawn = vec![0; bytes];
    ring::rand::SecureRandom::fill(&SystemRandom::new(), &mut drawn).unwrap();
    drawn
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    parts.iter().fold(mac, Mac::chain_update).finalize().into_bytes().to_vec()
}

impl Reporter {
    /// One with a key of its own; for Amazon, that of `sns`.
    pub fn new(kind: Kind, sns: Option<&Sns>) -> Self {
        let key = match kind {
            Kind::Ses => {
                let own = || Arc::new(Signer::draw());
                Key::Topic(sns.map_or_else(own, |sns| sns.signer.clone()))
            }
            Kind::Postmark => Key::Password(hex(&draw(16))),
            Kind::SendGrid => {
                let (algorithm, random) = (&ECDSA_P256_SHA256_ASN1_SIGNING, SystemRandom::new());
                let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
                let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random);
                Key::P256(Box::new(pair.unwrap()))
            }
            Kind::Mailgun => Key::Shared(hex(&draw(16)).into_bytes()),
            Kind::Resend | Kind::Http => Key::Shared(draw(32)),
        };
        Reporter { kind, key, reports: AtomicU64::new(1) }
    }

    /// The value of `hook_key`.
    pub fn hook_key(&self) -> String {
        match &self.key {
            Key::Topic(_) => ARN.to_owned(),
            Key::Password(password) => password.clone(),
            Key::P256(pair) => {
                const SPKI: [u8; 26] = *b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
                    \x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";
                STANDARD.encode([&SPKI[..], pair.public_key().as_ref()].concat())
            }
            Key::Shared(key) if self.kind == Kind::Mailgun => {
                String::from_utf8(key.clone()).unwrap()
            }
            Key::Shared(key) => format!("whsec_{}", STANDARD.encode(key)),
        }
    }

    /// A report of what became of a mail, signed at a time. `said` are the words of the recipient's
    /// server, where the provider passes them on.
    pub fn report(&self, fate: Fate, id: &str, to: &str, said: &str, at: Millis) -> Signed {
        let number = self.reports.fetch_add(1, Ordering::Relaxed);
        let event = self.event(fate, number, (id, to, said));
        self.signed(number, event, at)
    }

    fn event(&self, fate: Fate, number: u64, (id, to, said): (&str, &str, &str)) -> Value {
        match self.kind {
            Kind::Ses => of_ses(fate, id, to, said),
            Kind::Postmark => of_postmark(fate, number, (id, to, said)),
            Kind::SendGrid => of_sendgrid(fate, number, (id, to, said)),
            Kind::Mailgun => of_mailgun(fate, id, to, said),
            Kind::Resend => of_resend(fate, id, to, said),
            Kind::Http => {
                let kind = match fate {
                    Fate::Dead => "hard",
                    Fate::GivenUp => "soft",
                    Fate::Late => "delayed",
                    Fate::CalledSpam => "complaint",
                    Fate::Arrived => "delivered",
                };
                json!({ "mail_id": id, "recipient": to, "kind": kind, "said": said })
            }
        }
    }

    /// Signs what need not be an event.
    pub fn signed(&self, number: u64, event: Value, at: Millis) -> Signed {
        let (body, seconds) = (event.to_string(), (at / SECOND).to_string());
        let named = |name: &str, value: String| (name.to_owned(), value);
        let json = named("content-type", "application/json".to_owned());
        match (&self.key, self.kind) {
            (Key::Topic(signer), _) => {
                // A topic signs in version 1, unless it is told otherwise.
                let version = if number % 2 == 1 { "1" } else { "2" };
                let id = format!("19ba9823-d7f2-53c1-860e-{number:012}");
                let message = signer.notification(version, &id, &body, at);
                let plain = named("content-type", "text/plain; charset=UTF-8".to_owned());
                Signed { headers: vec![plain], body: message.to_string() }
            }
            (Key::Password(password), _) => {
                let basic = STANDARD.encode(format!("latchkey:{password}"));
                let basic = named("authorization", format!("Basic {basic}"));
                Signed { headers: vec![json, basic], body }
            }
            (Key::P256(pair), _) => {
                let message = [seconds.as_bytes(), body.as_bytes()].concat();
                let signature = pair.sign(&SystemRandom::new(), &message).unwrap();
                let name = |name: &str| format!("x-twilio-email-event-webhook-{name}");
                let signature = (name("signature"), STANDARD.encode(signature));
                Signed { headers: vec![json, signature, (name("timestamp"), seconds)], body }
            }
            (Key::Shared(key), Kind::Mailgun) => {
                let token = hex(&draw(25));
                let signature = hex(&mac(key, &[seconds.as_bytes(), token.as_bytes()]));
                let body = json!({
                    "signature": { "timestamp": seconds, "token": token, "signature": signature },
                    "event-data": event,
                });
                Signed { headers: vec![json], body: body.to_string() }
            }
            (Key::Shared(key), kind) => {
                let prefix = if kind == Kind::Resend { "svix" } else { "webhook" };
                let name = |name: &str| format!("{prefix}-{name}");
                let id = format!("msg_{number}");
                let text = format!("{id}.{seconds}.{body}");
                let signature = format!("v1,{}", STANDARD.encode(mac(key, &[text.as_bytes()])));
                let signed = [("id", id), ("timestamp", seconds), ("signature", signature)];
                let signed = signed.map(|(of, value)| (name(of), value));
                Signed { headers: [vec![json], signed.to_vec()].concat(), body }
            }
        }
    }
}

fn of_ses(fate: Fate, id: &str, to: &str, said: &str) -> Value {
    let recipient = json!([{ "emailAddress": to, "status": "5.1.1", "diagnosticCode": format!("smtp; {said}") }]);
    let bounce = |kind: &str, subtype: &str| json!({ "bounceType": kind, "bounceSubType": subtype, "bouncedRecipients": recipient });
    let (kind, name, about) = match fate {
        Fate::Dead => ("Bounce", "bounce", bounce("Permanent", "General")),
        Fate::GivenUp => ("Bounce", "bounce", bounce("Transient", "MailboxFull")),
        Fate::Late => (
            "DeliveryDelay",
            "deliveryDelay",
            json!({ "delayType": "TransientCommunicationFailure", "delayedRecipients": recipient }),
        ),
        Fate::CalledSpam => (
            "Complaint",
            "complaint",
            json!({ "complainedRecipients": [{ "emailAddress": to }],
                    "complaintFeedbackType": "abuse" }),
        ),
        Fate::Arrived => {
            ("Delivery", "delivery", json!({ "recipients": [to], "smtpResponse": "250 ok" }))
        }
    };
    json!({ "eventType": kind, "mail": { "messageId": id, "destination": [to] }, name: about })
}

fn of_postmark(fate: Fate, number: u64, (id, to, said): (&str, &str, &str)) -> Value {
    let bounce = |kind: &str| {
        json!({ "RecordType": "Bounce", "ID": number, "Type": kind, "MessageID": id, "Email": to,
                "Details": format!("smtp;{said}"), "Inactive": kind == "HardBounce" })
    };
    match fate {
        Fate::Dead => bounce("HardBounce"),
        Fate::GivenUp => bounce("SoftBounce"),
        Fate::Late => bounce("Transient"),
        Fate::CalledSpam => json!({ "RecordType": "SpamComplaint", "ID": number, "MessageID": id,
                                    "Type": "SpamComplaint", "Email": to }),
        Fate::Arrived => json!({ "RecordType": "Delivery", "MessageID": id, "Recipient": to,
                                 "Details": "250 ok" }),
    }
}

fn of_sendgrid(fate: Fate, number: u64, (id, to, said): (&str, &str, &str)) -> Value {
    let mut event = json!({
        "email": to,
        "sg_event_id": format!("event-{number}"),
        "sg_message_id": format!("{id}.filter0077p1las1.21536.5717FC482.0"),
    });
    let more = match fate {
        Fate::Dead => {
            json!({ "event": "bounce", "type": "bounce", "status": "5.1.1", "reason": said })
        }
        Fate::GivenUp => {
            json!({ "event": "bounce", "type": "blocked", "status": "5.2.2", "reason": said })
        }
        Fate::Late => json!({ "event": "deferred", "response": said }),
        Fate::CalledSpam => json!({ "event": "spamreport" }),
        Fate::Arrived => json!({ "event": "delivered", "response": "250 ok" }),
    };
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!([event])
}

fn of_mailgun(fate: Fate, id: &str, to: &str, said: &str) -> Value {
    let status = json!({ "code": 550, "message": said });
    let (event, severity, reason) = match fate {
        Fate::Dead => ("failed", "permanent", "bounce"),
        Fate::GivenUp => ("failed", "permanent", "old"),
        Fate::Late => ("failed", "temporary", "generic"),
        Fate::CalledSpam => ("complained", "", ""),
        Fate::Arrived => ("delivered", "", ""),
    };
    json!({
        "event": event, "severity": severity, "reason": reason, "recipient": to,
        "delivery-status": status, "message": { "headers": { "message-id": id, "to": to } },
    })
}

fn of_resend(fate: Fate, id: &str, to: &str, said: &str) -> Value {
    let bounce = |kind: &str| {
        json!({ "type": kind, "subType": "General", "message": "It was refused.",
                "diagnosticCode": [format!("smtp; {said}")] })
    };
    let (name, bounce) = match fate {
        Fate::Dead => ("email.bounced", bounce("Permanent")),
        Fate::GivenUp => ("email.bounced", bounce("Transient")),
        Fate::Late => ("email.delivery_delayed", json!(null)),
        Fate::CalledSpam => ("email.complained", json!(null)),
        Fate::Arrived => ("email.delivered", json!(null)),
    };
    json!({ "type": name, "data": { "email_id": id, "to": [to], "bounce": bounce } })
}

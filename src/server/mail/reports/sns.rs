//! Messages of Amazon SNS, and the signatures that prove them: RSA over some fields, with SHA-1
//! (version 1, the default of a topic) or SHA-256 (version 2).
//!
//! A message names the certificate of its signer by URL, which has to be Amazon's ([`Topic`]). The
//! certificate's chain is not checked beyond that: it comes from Amazon by TLS. Amazon's libraries
//! for PHP and JavaScript do the same.

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RsaParameters,
    UnparsedPublicKey,
};
use serde_json::Value;
use x509_parser::{parse_x509_certificate, pem::parse_x509_pem, time::ASN1Time};

use super::{HookError, LONGEST_NAME, check_time, json, text, time_of, topic::Topic};
use crate::server::ground::clock::{HOUR, Millis, SECOND};

/// Age at which a message is too old. Its time is that of its publication, and the retries of SNS
/// to a URL end within 3,600 seconds; the second hour is for what lies between.
const OLDEST: Millis = 2 * HOUR;

/// A message whose signature was verified.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    pub id: String,
    pub at: Millis,
    /// Time until which a copy may come.
    pub until: Millis,
    pub content: Content,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Content {
    /// The text that was published.
    Notification(String),
    /// The URL that confirms the subscription.
    Confirmation(String),
    Other,
}

/// A message, or what is missing to verify it.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    NeedsCertificate(String),
    Verified(Message),
}

/// Verifies a message of one of `topics`, once its certificate is there.
pub fn open(
    topics: &[Topic],
    body: &[u8],
    certificate: Option<&[u8]>,
    now: Millis,
) -> Result<Step, HookError> {
    let message = json(body, "a message of Amazon SNS")?;
    let field = |name: &str| text(&message, &format!("/{name}"));
    let topic = topics.iter().find(|topic| topic.arn == field("TopicArn"));
    let topic = topic.ok_or(HookError::Forged(
        "The message is of another topic than the one in the policy, or of none.",
    ))?;
    // Before the certificate is asked for, so that nothing old makes us fetch one.
    let at = time_of(field("Timestamp"))
        .ok_or_else(|| HookError::Unreadable("Timestamp has to be a time.".to_owned()))?;
    check_time(at, now, OLDEST)?;
    let url = field("SigningCertURL");
    if !topic.is_certificate(url) {
        return Err(HookError::Forged(
            "SigningCertURL is not of Amazon SNS in the region of the topic.",
        ));
    }
    let Some(certificate) = certificate else { return Ok(Step::NeedsCertificate(url.to_owned())) };
    let algorithm = match field("SignatureVersion") {
        "1" => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
        "2" => &RSA_PKCS1_2048_8192_SHA256,
        _ => return Err(HookError::Forged("SignatureVersion has to be 1 or 2.")),
    };
    let signature = STANDARD.decode(field("Signature")).unwrap_or_default();
    let has_signed = signed_by(certificate, now, algorithm, &canonical(&message), &signature);
    if !has_signed {
        return Err(HookError::Forged(
            "The signature is not of this message and the certificate that it names.",
        ));
    }
    let id = field("MessageId");
    if id.is_empty() || id.len() > LONGEST_NAME {
        return Err(HookError::Unreadable("MessageId has to be a name.".to_owned()));
    }
    let content = match field("Type") {
        "Notification" => Content::Notification(field("Message").to_owned()),
        "SubscriptionConfirmation" if topic.is_confirmation(field("SubscribeURL")) => {
            Content::Confirmation(field("SubscribeURL").to_owned())
        }
        "SubscriptionConfirmation" => {
            return Err(HookError::Forged("SubscribeURL is not of Amazon SNS."));
        }
        _ => Content::Other,
    };
    let until = at.saturating_add(OLDEST);
    Ok(Step::Verified(Message { id: id.to_owned(), at, until, content }))
}

/// Returns the text that SNS signs: names and values of the fields, each on a line of its own.
fn canonical(message: &Value) -> String {
    let names: &[&str] = match text(message, "/Type") {
        "Notification" => &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
        _ => &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
    };
    let lines = names.iter().filter_map(|name| {
        let value = message.get(*name)?.as_str()?;
        Some(format!("{name}\n{value}\n"))
    });
    lines.collect()
}

/// Reports whether the owner of a certificate in PEM, in force at `now`, signed `text`.
fn signed_by(
    certificate: &[u8],
    now: Millis,
    algorithm: &'static RsaParameters,
    text: &str,
    signature: &[u8],
) -> bool {
    let Ok((_, pem)) = parse_x509_pem(certificate) else { return false };
    let Ok((_, certificate)) = parse_x509_certificate(&pem.contents) else { return false };
    let time = ASN1Time::from_timestamp(now.div_euclid(SECOND));
    if !time.is_ok_and(|now| certificate.validity().is_valid_at(now)) {
        return false;
    }
    // ring refuses what is no RSA key.
    let key = &certificate.public_key().subject_public_key.data;
    UnparsedPublicKey::new(algorithm, key.as_ref()).verify(text.as_bytes(), signature).is_ok()
}

#[cfg(test)]
pub mod tests {
    use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, date_time_ymd};
    use rsa::{Pkcs1v15Sign, RsaPrivateKey, pkcs8::DecodePrivateKey};
    use serde_json::json;
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::server::ground::{
        jose::{Algorithm, SigningKey},
        random::Random,
    };

    /// 2025-11-30 00:00:00 UTC.
    pub const NOW: Millis = 1_764_460_800_000;
    pub const ARN: &str = "arn:aws:sns:eu-west-1:123456789012:bounces";
    const URL: &str = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-\
        9c6465fa7f48f5cacd23014631ec1136.pem";
    /// The bytes that PKCS#1 puts before a hash: its algorithm.
    const SHA1: &[u8] = b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14";
    const SHA256: &[u8] =
        b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";

    /// A signer such as Amazon, with its certificate.
    pub struct Signer {
        key: RsaPrivateKey,
        pub certificate: Vec<u8>,
    }

    impl Signer {
        pub fn draw() -> Self {
            let pkcs8 = SigningKey::draw(Algorithm::Rs256, &Random::System).unwrap();
            let pair =
                KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8.as_slice().into(), &PKCS_RSA_SHA256);
            let mut params = CertificateParams::new(["sns.amazonaws.com".to_owned()]).unwrap();
            params.not_before = date_time_ymd(2025, 1, 1);
            params.not_after = date_time_ymd(2026, 1, 1);
            let certificate = params.self_signed(&pair.unwrap()).unwrap().pem().into_bytes();
            Signer { key: RsaPrivateKey::from_pkcs8_der(&pkcs8).unwrap(), certificate }
        }

        /// Returns the message with its signature of a version.
        pub fn signed(&self, version: &str, mut message: Value) -> Value {
            let text = canonical(&message);
            let (prefix, hash) = match version {
                "1" => {
                    use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
                    (SHA1, digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()).as_ref().to_vec())
                }
                _ => (SHA256, Sha256::digest(text).to_vec()),
            };
            let scheme = Pkcs1v15Sign { hash_len: Some(hash.len()), prefix: prefix.into() };
            message["Signature"] = json!(STANDARD.encode(self.key.sign(scheme, &hash).unwrap()));
            message["SignatureVersion"] = json!(version);
            message
        }
    }

    pub fn notification(content: &str) -> Value {
        json!({
            "Type": "Notification",
            "MessageId": "19ba9823-d7f2-53c1-860e-cb10e0d13dfc",
            "TopicArn": ARN,
            "Subject": "Amazon SES Email Event Notification",
            "Message": content,
            "Timestamp": "2025-11-29T23:59:59.675Z",
            "SigningCertURL": URL,
            "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
        })
    }

    fn confirmation(url: &str) -> Value {
        json!({
            "Type": "SubscriptionConfirmation",
            "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
            "Token": "2336412f37",
            "TopicArn": ARN,
            "Message": "You have chosen to subscribe to the topic.",
            "SubscribeURL": url,
            "Timestamp": "2025-11-29T23:59:59.675Z",
            "SigningCertURL": URL,
        })
    }

    fn open(message: &Value, certificate: Option<&[u8]>, now: Millis) -> Result<Step, HookError> {
        let topics = [Topic::parse(ARN).unwrap()];
        super::open(&topics, message.to_string().as_bytes(), certificate, now)
    }

    #[test]
    fn both_versions_of_signatures_verify_and_forgeries_do_not() {
        let (signer, other) = (Signer::draw(), Signer::draw());
        for version in ["1", "2"] {
            let good = signer.signed(version, notification("line\n\u{e9}"));
            assert_eq!(open(&good, None, NOW), Ok(Step::NeedsCertificate(URL.to_owned())));
            let Ok(Step::Verified(message)) = open(&good, Some(&signer.certificate), NOW) else {
                panic!("version {version} does not verify")
            };
            assert_eq!(message.content, Content::Notification("line\n\u{e9}".to_owned()));
            assert_eq!((message.at, message.until), (NOW - 325, NOW - 325 + OLDEST));
            for field in ["Message", "MessageId", "Subject", "Type"] {
                let mut forged = good.clone();
                forged[field] = json!("Notificatio");
                let refused = open(&forged, Some(&signer.certificate), NOW);
                assert!(matches!(refused, Err(HookError::Forged(_))), "{field}: {refused:?}");
            }
            let mut swapped = good.clone();
            swapped["SignatureVersion"] = json!(if version == "1" { "2" } else { "1" });
            let ended = NOW + 33 * 24 * HOUR;
            let mut later = good.clone();
            later["Timestamp"] = json!("2026-01-02T00:00:00.000Z");
            let later = signer.signed(version, later);
            for (message, certificate, now) in [
                (&swapped, &signer.certificate, NOW),
                (&good, &other.certificate, NOW),
                (&good, &b"no certificate".to_vec(), NOW),
                (&good, &signer.certificate[..200].to_vec(), NOW),
                // The certificate has expired.
                (&later, &signer.certificate, ended),
            ] {
                let refused = open(message, Some(certificate), now);
                assert!(matches!(refused, Err(HookError::Forged(_))), "{refused:?}");
            }
        }
    }

    #[test]
    fn only_a_certificate_of_the_topics_region_is_asked_for() {
        let name = "SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem";
        for url in [
            format!("http://sns.eu-west-1.amazonaws.com/{name}"),
            format!("https://sns.us-east-1.amazonaws.com/{name}"),
            format!("https://sns.eu-west-1.amazonaws.com.example.com/{name}"),
            format!("https://example.com/sns.eu-west-1.amazonaws.com/{name}"),
            format!("https://sns.eu-west-1.amazonaws.com@example.com/{name}"),
            format!("https://me@sns.eu-west-1.amazonaws.com/{name}"),
            format!("https://sns.eu-west-1.amazonaws.com:8443/{name}"),
            format!("https://sns.eu-west-1.amazonaws.com/../x/{name}"),
            format!("https://sns.eu-west-1.amazonaws.com/{name}?x=1"),
            "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-.pem".to_owned(),
            "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-a/b.pem".to_owned(),
            String::new(),
        ] {
            let mut message = notification("{}");
            message["SigningCertURL"] = json!(url);
            let refused = open(&message, None, NOW);
            assert!(matches!(refused, Err(HookError::Forged(_))), "{url}: {refused:?}");
        }
    }

    #[test]
    fn another_topic_and_another_time_are_refused_before_anything_is_fetched() {
        let mut message = notification("{}");
        message["TopicArn"] = json!("arn:aws:sns:eu-west-1:999999999999:bounces");
        assert!(matches!(open(&message, None, NOW), Err(HookError::Forged(_))));
        let message = notification("{}");
        assert_eq!(open(&message, None, NOW + 2 * HOUR), Err(HookError::Stale));
        assert!(open(&message, None, NOW + HOUR).is_ok());
        let mut message = notification("{}");
        message["Timestamp"] = json!("yesterday");
        assert!(matches!(open(&message, None, NOW), Err(HookError::Unreadable(_))));
    }

    #[test]
    fn a_subscription_is_confirmed_at_amazon_only() {
        let signer = Signer::draw();
        let query = format!("?Action=ConfirmSubscription&TopicArn={ARN}&Token=2336412f37");
        let url = format!("https://sns.eu-west-1.amazonaws.com/{query}");
        let message = signer.signed("2", confirmation(&url));
        let opened = open(&message, Some(&signer.certificate), NOW);
        let Ok(Step::Verified(Message { content, .. })) = opened else { panic!("{opened:?}") };
        assert_eq!(content, Content::Confirmation(url.clone()));
        for url in [
            format!("https://example.com/{query}"),
            url.replace("https", "http"),
            url.replace("ConfirmSubscription", "DeleteTopic"),
            url.replace("/?", "/x?"),
        ] {
            let message = signer.signed("2", confirmation(&url));
            let refused = open(&message, Some(&signer.certificate), NOW);
            assert!(matches!(refused, Err(HookError::Forged(_))), "{url}: {refused:?}");
        }
        let mut goodbye = confirmation(&url);
        goodbye["Type"] = json!("UnsubscribeConfirmation");
        let goodbye = signer.signed("1", goodbye);
        let opened = open(&goodbye, Some(&signer.certificate), NOW);
        assert!(matches!(opened, Ok(Step::Verified(Message { content: Content::Other, .. }))));
    }
}

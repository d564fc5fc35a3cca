//! The webhooks of all providers, read by one function.

use axum::http::HeaderMap;
use std::fmt;

use super::{HookError, Report, http, mailgun, postmark, resend, sendgrid, ses};
use crate::server::ground::{clock::Millis, webhook::WebhookKey};

/// A sender of reports, by its name in `mail.transports`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    Ses,
    Postmark,
    SendGrid,
    Mailgun,
    Resend,
    /// A service of the team's own.
    Http,
}

impl Provider {
    pub const ALL: [Provider; 6] = [
        Provider::Ses,
        Provider::Postmark,
        Provider::SendGrid,
        Provider::Mailgun,
        Provider::Resend,
        Provider::Http,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Provider::Ses => "ses",
            Provider::Postmark => "postmark",
            Provider::SendGrid => "sendgrid",
            Provider::Mailgun => "mailgun",
            Provider::Resend => "resend",
            Provider::Http => "http",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Provider::ALL.into_iter().find(|provider| provider.name() == name)
    }
}

/// A provider's webhook with what proves that a report is from there. Several values are for a
/// change from one to the next: each is believed. Its `Debug` shows none: most are secrets.
#[derive(Clone)]
pub enum Hook {
    Ses(Vec<ses::Topic>),
    Postmark(Vec<postmark::Password>),
    SendGrid(Vec<sendgrid::PublicKey>),
    Mailgun(Vec<mailgun::SigningKey>),
    Resend(Vec<WebhookKey>),
    Http(Vec<WebhookKey>),
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hook({})", self.provider().name())
    }
}

/// The content of a request to a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Reports, verified. None is usual: providers report much that is not asked here.
    Reports(Vec<Report>),
    /// Amazon SNS only: nothing is verified yet. Fetch the certificate from this URL, follow no
    /// redirect, keep it by its URL, and read the request again with it. The URL is Amazon's.
    NeedsCertificate(String),
    /// Amazon SNS only: the topic waits for a GET of this URL, which is Amazon's, before it sends.
    Confirm(String),
}

/// Parses the key of a webhook, as the error of a hook says it.
fn webhook_key(text: &str) -> Result<WebhookKey, String> {
    WebhookKey::parse(text).map_err(|why| format!("a secret {why}"))
}

impl Hook {
    /// Parses what the operator set for a provider: ARNs of topics for SES, public keys for
    /// SendGrid, secrets for the others. An error says what is wrong, and repeats no secret.
    pub fn parse(provider: Provider, values: &[String]) -> Result<Self, String> {
        fn all<T>(
            values: &[String],
            parse: impl Fn(&str) -> Result<T, String>,
        ) -> Result<Vec<T>, String> {
            if values.is_empty() {
                return Err("at least one is needed, or anybody could send reports".to_owned());
            }
            values.iter().map(|value| parse(value)).collect()
        }
        Ok(match provider {
            Provider::Ses => Hook::Ses(all(values, ses::Topic::parse)?),
            Provider::Postmark => Hook::Postmark(all(values, postmark::Password::parse)?),
            Provider::SendGrid => Hook::SendGrid(all(values, sendgrid::PublicKey::parse)?),
            Provider::Mailgun => Hook::Mailgun(all(values, mailgun::SigningKey::parse)?),
            Provider::Resend => Hook::Resend(all(values, webhook_key)?),
            Provider::Http => Hook::Http(all(values, webhook_key)?),
        })
    }

    pub fn provider(&self) -> Provider {
        match self {
            Hook::Ses(_) => Provider::Ses,
            Hook::Postmark(_) => Provider::Postmark,
            Hook::SendGrid(_) => Provider::SendGrid,
            Hook::Mailgun(_) => Provider::Mailgun,
            Hook::Resend(_) => Provider::Resend,
            Hook::Http(_) => Provider::Http,
        }
    }

    /// Verifies and reads a request. `certificate` is what [`Outcome::NeedsCertificate`] asked for.
    pub fn read(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        certificate: Option<&[u8]>,
        now: Millis,
    ) -> Result<Outcome, HookError> {
        let reports = match self {
            Hook::Ses(topics) => return ses::read(topics, body, certificate, now),
            Hook::Postmark(passwords) => postmark::read(passwords, headers, body, now),
            Hook::SendGrid(keys) => sendgrid::read(keys, headers, body, now),
            Hook::Mailgun(keys) => mailgun::read(keys, body, now),
            Hook::Resend(secrets) => resend::read(secrets, headers, body, now),
            Hook::Http(secrets) => http::read(secrets, headers, body, now),
        };
        reports.map(Outcome::Reports)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:sns:eu-west-1:123456789012:bounces";
    const WHSEC: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const P256: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9q9UU8I5mE\
        Ovu9XSFlc2F2wqCRqBr8zVUkg2ZiZaDNk4JhHNCnPP0pdDwnA==";

    fn value(provider: Provider) -> String {
        let value = match provider {
            Provider::Ses => ARN,
            Provider::SendGrid => P256,
            Provider::Resend | Provider::Http => WHSEC,
            Provider::Postmark | Provider::Mailgun => "0123456789abcdef0123456789abcdef",
        };
        value.to_owned()
    }

    #[test]
    fn a_hook_needs_what_proves_its_reports() {
        for provider in Provider::ALL {
            assert_eq!(Provider::named(provider.name()), Some(provider));
            let hook = Hook::parse(provider, &[value(provider)]);
            assert_eq!(format!("{hook:?}"), format!("Ok(Hook({}))", provider.name()));
            assert!(Hook::parse(provider, &[]).is_err(), "{provider:?} without a secret");
            let weak = Hook::parse(provider, &[value(provider), "s3cr3t".to_owned()]);
            let said = weak.expect_err("a short secret is refused");
            assert!(!said.contains("s3cr3t"), "{said}");
        }
    }

    #[test]
    fn no_provider_believes_a_request_without_proof() {
        for provider in Provider::ALL {
            let hook = Hook::parse(provider, &[value(provider)]).unwrap();
            for body in ["{}", "[]", "", "[{\"event\":\"bounce\"}]"] {
                let read = hook.read(&HeaderMap::new(), body.as_bytes(), None, 0);
                assert!(read.is_err(), "{provider:?}: {body} gave {read:?}");
            }
        }
    }
}

//! Transports of mails, in the order in which they are tried: `[[mail.transports]]` of the policy,
//! or the one mail server that SMTP_URL names.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use url::Url;

pub use super::transport_values::{Hidden, MailDomain, TransportName};
use super::{connection_url, networks};
use crate::server::{
    ground::webhook::WebhookKey,
    values::{address::Address, public_url::is_here},
};

/// Kinds of transports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TransportKind {
    #[default]
    Smtp,
    Ses,
    Postmark,
    Resend,
    Sendgrid,
    Mailgun,
    /// A service of the team's own, which takes a signed POST.
    Http,
}

impl TransportKind {
    pub fn name(self) -> &'static str {
        match self {
            TransportKind::Smtp => "smtp",
            TransportKind::Ses => "ses",
            TransportKind::Postmark => "postmark",
            TransportKind::Resend => "resend",
            TransportKind::Sendgrid => "sendgrid",
            TransportKind::Mailgun => "mailgun",
            TransportKind::Http => "http",
        }
    }

    /// Returns the selector of the provider's signatures (DKIM), where it is the same for every
    /// customer.
    pub fn dkim_selector(self) -> Option<&'static str> {
        match self {
            TransportKind::Resend => Some("resend"),
            TransportKind::Sendgrid => Some("s1"),
            _ => None,
        }
    }

    /// Returns the keys that an entry of this kind needs, and those that it may have beside them.
    fn keys(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            TransportKind::Smtp => (&["url"], &["return_path"]),
            TransportKind::Ses => (
                &["region", "access_key", "secret_key"],
                &["configuration_set", "hook_key", "url", "networks"],
            ),
            TransportKind::Postmark => (&["token"], &["stream", "hook_key", "url", "networks"]),
            TransportKind::Resend | TransportKind::Sendgrid => {
                (&["token"], &["hook_key", "url", "networks"])
            }
            TransportKind::Mailgun => {
                (&["token", "sending_domain"], &["hook_key", "url", "networks"])
            }
            TransportKind::Http => (&["url", "signing_key"], &["hook_key", "networks"]),
        }
    }
}

/// A transport of mails.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailTransport {
    pub name: TransportName,
    pub kind: TransportKind,
    /// Domains of the recipients that it is for, before those that are for everybody. Empty if it
    /// is for everybody.
    pub domains: Vec<MailDomain>,
    /// Mail server, or address of the team's own service. Of a provider, its API elsewhere than at
    /// its usual address, such as `https://api.eu.mailgun.net`.
    pub url: Option<Hidden>,
    /// Key of a provider's API.
    pub token: Option<Hidden>,
    /// Message stream of Postmark; `outbound` if it is not set.
    pub stream: Option<String>,
    /// Domain at Mailgun that mails are sent from.
    pub sending_domain: Option<MailDomain>,
    /// Region of Amazon SES, such as `eu-central-1`.
    pub region: Option<String>,
    pub access_key: Option<Hidden>,
    pub secret_key: Option<Hidden>,
    /// Configuration set of Amazon SES, whose events reach us.
    pub configuration_set: Option<String>,
    /// Key that the POST to the team's own service is signed with, like `whsec_…`.
    pub signing_key: Option<Hidden>,
    /// Key by which `/hooks/mail/<name>` knows the provider: its public key, the signing key that
    /// we share with it, or for Amazon SES the ARN of the topic.
    pub hook_key: Option<Hidden>,
    /// Address that bounces return to, on SMTP: `latchkey bounce` reads them there.
    pub return_path: Option<String>,
    /// Private networks that its host may be in. Elsewhere than at public addresses and there it is
    /// not connected to, whatever the DNS says.
    #[serde(deserialize_with = "networks::parse")]
    pub networks: Vec<IpNet>,
}

impl MailTransport {
    /// Returns the transport for the mail server that SMTP_URL names.
    pub fn of_smtp_url(url: &str) -> Self {
        MailTransport {
            name: TransportName::known("smtp"),
            url: Some(Hidden::new(url.to_owned())),
            ..MailTransport::default()
        }
    }

    /// Returns the entry of the dev mailbox, which no policy names.
    pub fn dev_mailbox() -> Self {
        let name = TransportName::known("dev-mailbox");
        MailTransport { name, ..MailTransport::default() }
    }

    /// Returns the URL of its mail server, if it is one.
    pub fn smtp_server(&self) -> Option<&str> {
        let url = self.url.as_ref().filter(|_| self.kind == TransportKind::Smtp);
        url.map(Hidden::expose)
    }

    /// True if it is called over HTTP, and can report over HTTP.
    pub fn is_api(&self) -> bool {
        self.kind != TransportKind::Smtp
    }

    /// True if the provider keeps a list of addresses that it sends nothing to.
    pub fn keeps_list(&self) -> bool {
        !matches!(self.kind, TransportKind::Smtp | TransportKind::Http)
    }

    /// Reports whether mails to `address` may go by it.
    pub fn is_for(&self, address: &Address) -> bool {
        let domain = address.local_and_domain().1;
        self.domains.is_empty() || self.domains.iter().any(|own| own.as_str() == domain)
    }

    /// Returns the first fault, as the rest of a sentence about `mail.transports`.
    fn fault(&self) -> Option<String> {
        let (needed, allowed) = self.kind.keys();
        let set = self.set_keys();
        let name = self.name.as_str();
        if name.is_empty() {
            return Some("has an entry without a name".to_owned());
        }
        let kind = self.kind.name();
        let has = |key: &&&str| set.contains(*key);
        if let Some(missing) = needed.iter().find(|key| !has(key)) {
            return Some(format!("{name:?} needs {missing}: its kind is {kind:?}"));
        }
        let is_known = |key: &&str| needed.contains(key) || allowed.contains(key);
        if let Some(odd) = set.iter().find(|key| !is_known(key)) {
            return Some(format!("{name:?} has {odd}, which its kind {kind:?} does not know"));
        }
        // The name of a mail goes after it, within 64 octets (RFC 5321, 4.5.3.1.1).
        let is_base = |path: &str| {
            Address::parse(path).is_ok_and(|path| path.local_and_domain().0.len() <= 20)
        };
        if self.return_path.as_deref().is_some_and(|path| !is_base(path)) {
            let how = "is no address with at most 20 characters before the @";
            return Some(format!("{name:?} has a return_path that {how}"));
        }
        let is_region = |text: &String| {
            text.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
        };
        if !self.region.as_ref().is_none_or(is_region) {
            return Some(format!("{name:?} has a region that is none like \"eu-central-1\""));
        }
        let signing_key = self.signing_key.as_ref().map(Hidden::expose).map(WebhookKey::parse);
        if let Some(Err(why)) = signing_key {
            return Some(format!("{name:?} has a signing_key that {why}"));
        }
        let url = self.url.as_ref().map(Hidden::expose)?;
        let why = match self.kind {
            TransportKind::Smtp => connection_url::smtp_url(url).err().map(str::to_owned),
            kind => api_fault(url, kind),
        };
        // Nothing of the URL is repeated: it may hold a password.
        why.map(|why| format!("{name:?} has a url that {why}"))
    }

    fn set_keys(&self) -> Vec<&'static str> {
        [
            ("url", self.url.is_some()),
            ("token", self.token.is_some()),
            ("stream", self.stream.is_some()),
            ("sending_domain", self.sending_domain.is_some()),
            ("region", self.region.is_some()),
            ("access_key", self.access_key.is_some()),
            ("secret_key", self.secret_key.is_some()),
            ("configuration_set", self.configuration_set.is_some()),
            ("signing_key", self.signing_key.is_some()),
            ("hook_key", self.hook_key.is_some()),
            ("return_path", self.return_path.is_some()),
            ("networks", !self.networks.is_empty()),
        ]
        .into_iter()
        .filter_map(|(key, is_set)| is_set.then_some(key))
        .collect()
    }

    /// Reports whether mails would go to another machine without TLS, or with a STARTTLS that an
    /// attacker in between can strip (RFC 3207, 6; ASVS 5.0 12.3.1).
    pub(super) fn may_be_read_on_the_way(&self) -> bool {
        // A malformed URL is reported by the code that connects.
        let url = self.url.as_ref().and_then(|url| Url::parse(url.expose()).ok());
        let Some(url) = url else { return false };
        let tls = url.query_pairs().find_map(|(name, value)| (name == "tls").then_some(value));
        ["smtp", "http"].contains(&url.scheme())
            && tls.as_deref() != Some("required")
            && !url.host_str().is_some_and(is_here)
    }
}

/// Returns why a text is no address of an API of this kind, as the rest of a sentence.
fn api_fault(url: &str, kind: TransportKind) -> Option<String> {
    let url = Url::parse(url).ok();
    let is_web = url.is_some_and(|url| {
        ["http", "https"].contains(&url.scheme())
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none()
            // Paths are appended to that of a provider.
            && (url.query().is_none() || kind == TransportKind::Http)
    });
    (!is_web).then(|| "is no address like https://mail.example.com/send".to_owned())
}

/// Returns the first fault of the entries, as the rest of a sentence about `mail.transports`.
pub(super) fn fault(transports: &[MailTransport]) -> Option<String> {
    let twice = transports.iter().enumerate().find_map(|(n, transport)| {
        let is_twice = transports[..n].iter().any(|earlier| earlier.name == transport.name);
        is_twice.then(|| format!("has {:?} twice", transport.name.as_str()))
    });
    let needs_one_for_all =
        !transports.is_empty() && transports.iter().all(|transport| !transport.domains.is_empty());
    let for_all = needs_one_for_all
        .then(|| "has domains on every entry: mails to other domains would go nowhere".to_owned());
    transports.iter().find_map(MailTransport::fault).or(twice).or(for_all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transports(text: &str) -> Result<Vec<MailTransport>, String> {
        let mut table: toml::Table = toml::from_str(text).unwrap();
        let entries = table.remove("transports").unwrap();
        let entries: Vec<MailTransport> =
            entries.try_into().map_err(|error: toml::de::Error| error.message().to_owned())?;
        fault(&entries).map_or(Ok(entries), Err)
    }

    #[test]
    fn an_entry_has_the_keys_of_its_kind() {
        let of = |entry: &str| transports(&format!("[[transports]]\nname = \"a\"\n{entry}"));
        assert!(of("kind = \"smtp\"\nurl = \"smtps://ada:pw@mail.example.com\"").is_ok());
        assert!(of("kind = \"resend\"\ntoken = \"re_1\"").is_ok());
        for (entry, says) in [
            ("kind = \"smtp\"", "needs url"),
            ("kind = \"pigeon\"", "unknown variant"),
            ("kind = \"postmark\"", "needs token"),
            ("kind = \"ses\"\nregion = \"eu-west-1\"\naccess_key = \"a\"", "needs secret_key"),
            ("kind = \"resend\"\ntoken = \"a\"\nregion = \"x\"", "has region, which"),
            (
                "kind = \"http\"\nurl = \"https://a\"\nsigning_key = \"whsec_x\"",
                "has a signing_key",
            ),
            ("kind = \"resend\"\ntoken = \"a\"\nurl = \"ftp://a\"", "has a url that"),
            ("kind = \"resend\"\ntoken = \"a\"\nurl = \"https://a?b\"", "has a url that"),
            ("kind = \"resend\"\ntoken = \"a\"\nnetworks = [\"home\"]", "is no network"),
            (
                "kind = \"ses\"\nregion = \"a/b\"\naccess_key = \"a\"\nsecret_key = \"b\"",
                "has a region that",
            ),
            ("kind = \"resend\"\ntoken = \"a\"\ndomains = [\"a b\"]", "a domain like"),
            ("kind = \"resend\"\ntoken = \"a\"\ndomains = [\"qq.com\"]", "on every entry"),
            ("kind = \"resend\"\ntoken = \"a\"\ncolour = \"red\"", "unknown field"),
        ] {
            let refused = of(entry).unwrap_err();
            assert!(refused.contains(says), "{entry}: {refused}");
        }
        let twice = "[[transports]]\nname = \"a\"\nkind = \"resend\"\ntoken = \"t\"\n".repeat(2);
        assert_eq!(transports(&twice).unwrap_err(), "has \"a\" twice");
    }

    #[test]
    fn a_transport_may_be_for_some_domains() {
        let text = "[[transports]]\nname = \"qq\"\nkind = \"resend\"\ntoken = \"t\"\n\
                    domains = [\"@QQ.com\"]\n[[transports]]\nname = \"all\"\nkind = \"resend\"\n\
                    token = \"t\"\n";
        let both = transports(text).unwrap();
        let is_for = |n: usize, text: &str| both[n].is_for(&Address::parse(text).unwrap());
        assert!(is_for(0, "ada@qq.com") && !is_for(0, "ada@vip.qq.com"));
        assert!(is_for(1, "ada@qq.com") && is_for(1, "ada@example.com"));
    }

    #[test]
    fn a_secret_of_a_transport_is_shown_nowhere() {
        let text = "[[transports]]\nname = \"a\"\nkind = \"resend\"\ntoken = \"re_hunter2\"\n";
        let one = transports(text).unwrap();
        assert!(!format!("{one:?}").contains("hunter2"));
        assert!(!toml::to_string(&one[0]).unwrap().contains("hunter2"));
    }
}

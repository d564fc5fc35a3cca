//! The records of the DNS by which receivers judge mails of our domain: who may send for it (SPF),
//! who signed (DKIM), and what to do with others (DMARC). Gmail, Yahoo and Microsoft refuse or hide
//! mails without them.

use futures::{future::join_all, join};

use super::{
    dkim::Key,
    dns::{Dns, NoAnswer},
};

/// Lookups that a receiver makes for SPF before it gives up (RFC 7208, 4.6.4).
const SPF_LOOKUPS: usize = 10;

/// Result for one kind of record.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    pub what: String,
    pub verdict: Verdict,
}

/// A sentence about a record, by what it means for mails.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    Good(String),
    /// Mails suffer. The sentence has the record to add or to change.
    Bad(String),
    /// Nothing was found out, or it may be right as it is.
    Open(String),
}

use Verdict::{Bad, Good, Open};

/// The sender of mails, as receivers see it.
pub struct Sender<'a> {
    /// Domain of `mail.from`, which is in the envelope as well.
    pub domain: &'a str,
    pub keys: &'a [Key],
    /// Hosts that hand mails to receivers, as far as we know them.
    pub hosts: Vec<&'a str>,
    /// Providers that do, by the names of their transports.
    pub providers: Vec<Provider<'a>>,
}

/// A provider that signs our mails.
pub struct Provider<'a> {
    pub name: &'a str,
    /// Selector of its signatures, where it is the same for every customer.
    pub selector: Option<&'static str>,
}

impl Sender<'_> {
    /// Asks for every record. Questions run at the same time.
    pub async fn findings(&self, dns: &Dns) -> Vec<Finding> {
        let finding = |what: &str, verdict: Result<Verdict, NoAnswer>| Finding {
            what: what.to_owned(),
            verdict: verdict.unwrap_or_else(|error| Open(format!("{error}, so it is unknown"))),
        };
        let signatures = join_all(self.keys.iter().map(async |key| {
            finding(&format!("DKIM {}", key.selector()), signature(dns, key).await)
        }));
        let providers = join_all(self.providers.iter().map(async |by| {
            finding(&format!("DKIM of {}", by.name), self.signature_of(dns, by).await)
        }));
        let reverse = join_all(
            self.hosts
                .iter()
                .map(async |host| finding("reverse name", reverse_name(dns, host).await)),
        );
        let (spf, signatures, providers, dmarc, mx, reverse) = join!(
            self.spf(dns),
            signatures,
            providers,
            self.dmarc(dns),
            self.mail_hosts(dns),
            reverse,
        );
        let mut found = vec![finding("SPF", spf)];
        found.extend(signatures);
        found.extend(self.alignment().map(|verdict| finding("DKIM", Ok(verdict))));
        found.extend(providers);
        found.push(finding("DMARC", dmarc));
        found.push(finding("MX", mx));
        found.extend(reverse);
        found
    }

    async fn spf(&self, dns: &Dns) -> Result<Verdict, NoAnswer> {
        let Sender { domain, hosts, .. } = self;
        let records = spf_records(dns, domain).await?;
        let [record] = &records[..] else {
            return Ok(Bad(if records.is_empty() {
                let hosts: String = hosts.iter().map(|host| format!("a:{host} ")).collect();
                format!(
                    "{domain} has no record, so receivers cannot tell who may send for it. Add \
                     what the operator of your mail server or your provider names, or else: \
                     {domain}. TXT \"v=spf1 {hosts}~all\""
                )
            } else {
                format!(
                    "{domain} has {} records, which count as none (RFC 7208, 4.5). Join them into \
                     one.",
                    records.len()
                )
            }));
        };
        if record.split_ascii_whitespace().any(|term| ["all", "+all"].contains(&term)) {
            let why = "lets anybody send for it. Let it end with ~all or -all";
            return Ok(Bad(format!("\"{record}\" of {domain} {why}.")));
        }
        let lookups = spf_lookups(dns, record).await?;
        if lookups > SPF_LOOKUPS {
            return Ok(Bad(format!(
                "\"{record}\" of {domain} takes more than {SPF_LOOKUPS} lookups, and receivers \
                 give up (RFC 7208, 4.6.4). Take away the services that no longer send for it."
            )));
        }
        let providers = self.providers.iter().map(|by| by.name);
        let all: Vec<&str> = hosts.iter().copied().chain(providers).collect();
        Ok(Good(format!("\"{record}\"; see that it names {}", all.join(", "))))
    }

    /// Judges whether a signature counts for the sender's domain (DMARC, RFC 9989).
    fn alignment(&self) -> Option<Verdict> {
        let Sender { domain, keys, .. } = self;
        let is_within = |inner: &str, outer: &str| {
            inner == outer || inner.strip_suffix(outer).is_some_and(|rest| rest.ends_with('.'))
        };
        let is_aligned =
            |key: &Key| is_within(domain, key.domain()) || is_within(key.domain(), domain);
        if keys.is_empty() && self.hosts.is_empty() {
            return None;
        }
        if keys.is_empty() {
            return Some(Open(format!(
                "we sign nothing. Your mail server has to, for {domain}; if it does not, \
                 `latchkey dkim new` makes a key"
            )));
        }
        (!keys.iter().any(is_aligned)).then(|| {
            Bad(format!(
                "no key is for {domain}, the domain of mail.from, so its signatures do not count. \
                 Set domain = \"{domain}\" in [[mail.dkim]]."
            ))
        })
    }

    /// Looks for the policy at the domain, and then at those above it.
    async fn dmarc(&self, dns: &Dns) -> Result<Verdict, NoAnswer> {
        let mut domain = self.domain;
        loop {
            let texts = dns.texts(&format!("_dmarc.{domain}")).await?;
            if let Some(record) = texts.into_iter().find(|text| text.starts_with("v=DMARC1")) {
                return Ok(Good(format!("\"{record}\" at _dmarc.{domain}")));
            }
            match domain.split_once('.') {
                Some((_, above)) if above.contains('.') => domain = above,
                _ => break,
            }
        }
        Ok(Bad(format!(
            "there is none, which Gmail and Yahoo ask of those who send much. Add: _dmarc.{}. TXT \
             \"v=DMARC1; p=none\", and p=reject once SPF and DKIM are right",
            self.domain
        )))
    }

    async fn mail_hosts(&self, dns: &Dns) -> Result<Verdict, NoAnswer> {
        let domain = self.domain;
        let hosts = dns.mail_hosts(domain).await?;
        Ok(match hosts.first().map(String::as_str) {
            Some("") => Bad(format!(
                "{domain} says that it takes no mail at all (RFC 7505), and receivers may refuse \
                 what cannot be answered. Name a host that takes its mails."
            )),
            Some(host) => Good(format!("{host} takes the mails to {domain}")),
            None => Open(format!(
                "{domain} has none, so reports about mails that did not arrive are lost, and some \
                 receivers refuse such senders"
            )),
        })
    }

    /// Judges whether a provider's signatures can be verified.
    async fn signature_of(&self, dns: &Dns, by: &Provider<'_>) -> Result<Verdict, NoAnswer> {
        let (domain, name) = (self.domain, by.name);
        let Some(selector) = by.selector else {
            return Ok(Open(format!(
                "the provider's page for {domain} says whether its records are there"
            )));
        };
        let record = format!("{selector}._domainkey.{domain}");
        Ok(match dns.texts(&record).await?.is_empty() {
            false => Good(format!("{record} shows the provider's key")),
            true => Bad(format!(
                "{record} has no record, so {name} does not sign for {domain}. Add what the \
                 provider's page for the domain shows"
            )),
        })
    }
}

/// Judges the name that the address of a host has in the DNS.
async fn reverse_name(dns: &Dns, host: &str) -> Result<Verdict, NoAnswer> {
    let addresses = match host.trim_matches(['[', ']']).parse() {
        Ok(address) => vec![address],
        Err(_) => dns.addresses(host).await?,
    };
    let Some(&address) = addresses.first() else {
        return Ok(Open(format!("{host} has no address in the DNS")));
    };
    let names = dns.names(address).await?;
    for name in &names {
        if dns.addresses(name).await?.contains(&address) {
            return Ok(Good(format!("{address} of {host} is {name}")));
        }
    }
    let lacks = match names.first() {
        None => "has no reverse name".to_owned(),
        Some(name) => format!("has the reverse name {name}, which does not lead back to it"),
    };
    Ok(Open(format!(
        "{address} of {host} {lacks}. If it hands mails to receivers, whoever gave you the \
         address has to set one: many refuse mails from addresses without"
    )))
}

/// Judges the record of one key.
async fn signature(dns: &Dns, key: &Key) -> Result<Verdict, NoAnswer> {
    let (name, ours) = (key.name(), key.record());
    let records = dns.texts(&name).await?;
    Ok(if records.iter().any(|record| key.is_shown_by(record)) {
        Good(format!("{name} shows the key in {}", key.path().display()))
    } else if records.is_empty() {
        Bad(format!(
            "{name} has no record, so our signatures are worth nothing. Add: {name}. TXT \"{ours}\""
        ))
    } else {
        Bad(format!(
            "{name} shows another key than {}, so our signatures are wrong. Change it to \
             \"{ours}\", or give our key a selector of its own",
            key.path().display()
        ))
    })
}

async fn spf_records(dns: &Dns, domain: &str) -> Result<Vec<String>, NoAnswer> {
    let is_spf = |text: &String| text.split(' ').next() == Some("v=spf1");
    Ok(dns.texts(domain).await?.into_iter().filter(is_spf).collect())
}

/// Counts the lookups that a record takes, with those that it includes, up to the first too many.
async fn spf_lookups(dns: &Dns, record: &str) -> Result<usize, NoAnswer> {
    let (mut count, mut records) = (0, vec![record.to_owned()]);
    while let Some(record) = records.pop() {
        for term in record.split_ascii_whitespace().skip(1) {
            let term = term.trim_start_matches(['+', '-', '~', '?']);
            let name = term.split([':', '=', '/']).next().unwrap_or_default();
            if !["include", "redirect", "a", "mx", "ptr", "exists"].contains(&name) {
                continue;
            }
            count += 1;
            if count > SPF_LOOKUPS {
                return Ok(count);
            }
            // Names with macros depend on the mail.
            let target = term.split_once([':', '=']).map(|(_, target)| target);
            let target = target.filter(|target| !target.contains('%'));
            if let (Some(target), "include" | "redirect") = (target, name) {
                records.extend(spf_records(dns, target).await?.into_iter().next());
            }
        }
    }
    Ok(count)
}

//! Transports that get no new mails: `mail.passed_over` of the policy.

use super::transports::{MailTransport, TransportName};

/// Returns why these transports cannot be passed over, as the rest of a sentence about
/// `mail.passed_over`.
pub fn fault(transports: &[MailTransport], passed_over: &[TransportName]) -> Option<String> {
    let is_known = |name: &&TransportName| transports.iter().any(|entry| entry.name == **name);
    if let Some(unknown) = passed_over.iter().find(|name| !is_known(name)) {
        let name = unknown.as_str();
        return Some(format!("names {name:?}, and [[mail.transports]] has no entry of that name"));
    }
    let is_left = |entry: &&MailTransport| !passed_over.contains(&entry.name);
    let left: Vec<&MailTransport> = transports.iter().filter(is_left).collect();
    if passed_over.is_empty() || left.iter().any(|entry| entry.domains.is_empty()) {
        return None;
    }
    Some(match left.is_empty() {
        true => "names every transport: no mail would be sent, so leave one".to_owned(),
        false => "leaves only transports with domains: mails to others would go nowhere".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_transport_that_is_for_everybody_is_left() {
        let text = "[[transports]]\nname = \"qq\"\ndomains = [\"qq.com\"]\n\
                    [[transports]]\nname = \"one\"\n[[transports]]\nname = \"two\"\n";
        let mut table: toml::Table = toml::from_str(text).unwrap();
        let transports: Vec<MailTransport> =
            table.remove("transports").unwrap().try_into().unwrap();
        let name = |name: &str| TransportName::try_from(name.to_owned()).unwrap();
        let of = |names: &[&str]| {
            fault(&transports, &names.iter().map(|one| name(one)).collect::<Vec<_>>())
        };
        for fine in [&[][..], &["qq"], &["one"], &["qq", "two"]] {
            assert_eq!(of(fine), None, "{fine:?}");
        }
        for (names, says) in [
            (&["three"][..], "names \"three\", and [[mail.transports]] has no entry"),
            (&["one", "two"], "leaves only transports with domains"),
            (&["qq", "one", "two"], "names every transport"),
        ] {
            let why = of(names).unwrap();
            assert!(why.starts_with(says), "{why}");
        }
        // The one mail server of SMTP_URL is no entry.
        assert!(fault(&[], &[name("smtp")]).is_some());
    }
}

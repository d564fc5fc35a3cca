//! Whatever a mail or a webhook holds, its reports are of a mail that it proves to know, and their
//! words are one short line that names no address.
#![no_main]

use axum::http::{HeaderMap, HeaderName};
use latchkey::server::{
    ground::keys::Keys,
    mail::reports::{Hook, MailRef, Outcome, Provider, Report, dsn, standard_webhooks::Secret},
};
use latchkey_fuzz::SECRET;
use libfuzzer_sys::fuzz_target;

const NOW: i64 = 1_764_460_800_000;
const WHSEC: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn check(report: &Report) {
    let said = &report.said;
    assert!(said.chars().count() <= 500 && !said.chars().any(char::is_control));
    for (at, _) in said.match_indices('@') {
        let local = said[..at].rsplit(|c: char| c.is_whitespace() || "<>()[]\",;:'`@".contains(c));
        assert!(local.take(1).all(|local| local.is_empty() || local.ends_with("***")), "{said}");
    }
}

fuzz_target!(|data: &[u8]| {
    let keys = Keys::new(&[SECRET.to_owned()]);
    for report in dsn::read(data, None, &keys, NOW).unwrap_or_default() {
        check(&report);
        let MailRef::Ours(id) = &report.mail else { panic!("no id of ours") };
        assert_eq!(id.len(), 22);
    }
    // Signed, so that the fuzzer gets behind the signature.
    let signed = Secret::parse(WHSEC).unwrap().sign("msg_1", data, NOW).unwrap();
    for (provider, prefix) in [(Provider::Http, "webhook"), (Provider::Resend, "svix")] {
        let headers = signed.iter().map(|(name, value)| {
            let name = name.replace("webhook", prefix);
            (HeaderName::try_from(name).unwrap(), value.parse().unwrap())
        });
        let headers = headers.collect::<HeaderMap>();
        let hook = Hook::parse(provider, &[WHSEC.to_owned()]).unwrap();
        if let Ok(Outcome::Reports(reports)) = hook.read(&headers, data, None, NOW) {
            reports.iter().for_each(check);
            assert!(reports.iter().all(|report| report.once.is_some()));
        }
    }
});

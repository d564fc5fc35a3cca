//! The meaning of a refusal for good: is the address dead, or is something else the matter?

use super::Kind;

/// An enhanced status: class, subject and detail (RFC 3463).
type Status = (u16, u16, u16);

/// Returns the kind of a mail that its sender gave up on. `field` is the status of a report, `said`
/// the server's reply. Only a mailbox or a domain that does not exist makes an address dead: mails
/// to it harm the sender's name. A full mailbox is emptied, a policy is about us, a network heals.
///
/// Some programs report 5.0.0 for everything (Exim), so a reply that knows more counts for more.
/// Without any detail the code of SMTP decides, as it does where we talk to the server ourselves.
pub fn refused(field: &str, said: &str) -> Kind {
    let (code, told) = reply(said);
    let tells = |status: &Status| !matches!(status, (_, 0, 0) | (5, 5, 0));
    let detailed = [parse(field), told].into_iter().flatten().find(tells);
    let class = parse(field).map_or(5, |(class, ..)| class);
    let is_dead = match (detailed, code) {
        (Some((5, subject, detail)), _) => match (subject, detail) {
            // About the sender's address, or the server before the last.
            (1, 5 | 7 | 8 | 9) => false,
            (1, _) => true,
            // Mailbox disabled.
            (2, 1) => true,
            // No route: the domain does not exist. 310 is Exchange Online's.
            (4, 4 | 310) => true,
            // Exchange Online, for a recipient that its directory does not know.
            (4, 1) => said.to_ascii_lowercase().contains("recipient address rejected"),
            _ => false,
        },
        (Some(_), _) => false,
        (None, Some(550 | 551 | 553)) => class == 5,
        (None, _) => false,
    };
    if is_dead { Kind::Hard } else { Kind::Soft }
}

/// Returns code and enhanced status of a reply such as `smtp; 550-5.1.1 no such user`.
fn reply(said: &str) -> (Option<u16>, Option<Status>) {
    let said = said.trim_start();
    let said = match said.split_once(';') {
        Some((kind, rest)) if kind.trim().eq_ignore_ascii_case("smtp") => rest.trim_start(),
        _ => said,
    };
    let (code, rest) = match said.split_at_checked(3) {
        Some((code, rest)) if code.bytes().all(|byte| byte.is_ascii_digit()) => {
            (code.parse().ok(), rest.trim_start_matches([' ', '-']))
        }
        _ => (None, said),
    };
    (code, parse(rest.split_whitespace().next().unwrap_or_default()))
}

/// Parses `5.1.1`, also in the spellings `#5.1.1` and `(5.1.1)` of replies.
fn parse(text: &str) -> Option<Status> {
    let text = text.split_whitespace().next()?.trim_matches(['#', '(', ')', ':', ';']);
    let mut numbers = text.splitn(3, '.').map(|number| number.parse::<u16>().ok());
    let status = (numbers.next()??, numbers.next()??, numbers.next()??);
    matches!(status.0, 2 | 4 | 5).then_some(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_that_does_not_exist_is_dead() {
        for (field, said, kind) in [
            ("5.1.1", "", Kind::Hard),
            ("5.1.2", "", Kind::Hard),
            ("5.1.10", "", Kind::Hard),
            ("5.1.0", "", Kind::Hard),
            ("5.2.1", "", Kind::Hard),
            ("5.4.4", "", Kind::Hard),
            ("5.1.8", "", Kind::Soft),
            ("5.2.0", "", Kind::Soft),
            ("5.2.2", "smtp; 552 5.2.2 mailbox full", Kind::Soft),
            ("5.3.4", "", Kind::Soft),
            ("5.4.6", "", Kind::Soft),
            ("5.6.0", "", Kind::Soft),
            ("5.7.1", "smtp; 550 5.7.1 blocked", Kind::Soft),
            ("5.7.26", "", Kind::Soft),
            ("4.4.1", "smtp; 550 no", Kind::Soft),
            ("4.0.0", "smtp; 550 no", Kind::Soft),
            // The reply knows more than the field.
            ("5.0.0", "smtp; 550 5.1.1 no such user", Kind::Hard),
            ("5.0.0", "SMTP;550-5.1.1 no such user", Kind::Hard),
            ("5.0.0", "550 #5.1.0 Address rejected.", Kind::Hard),
            ("5.0.0", "smtp; 552 5.2.2 mailbox full", Kind::Soft),
            ("5.0.0", "smtp; 550 5.7.1 blocked", Kind::Soft),
            ("5.5.0", "smtp; 550 5.5.0 mailbox unavailable", Kind::Hard),
            ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied", Kind::Hard),
            ("5.4.1", "550 5.4.1 no answer", Kind::Soft),
            // Codes alone.
            ("5.0.0", "smtp; 550 no such user", Kind::Hard),
            ("", "550 no such user", Kind::Hard),
            ("", "551 not here", Kind::Hard),
            ("", "552 too much", Kind::Soft),
            ("", "554 no", Kind::Soft),
            ("", "421 later", Kind::Soft),
            // Nothing at all.
            ("5.0.0", "", Kind::Soft),
            ("", "", Kind::Soft),
            ("5.1", "é", Kind::Soft),
            ("5.1.99999", "55é", Kind::Soft),
        ] {
            assert_eq!(refused(field, said), kind, "{field} {said}");
        }
    }
}

//! Reports as Postfix, Exim, OpenSMTPD and feedback loops write them, and what is none.

use super::{
    samples::{MAIL, complaint, exim, keys, opensmtpd, path, postfix},
    *,
};
use crate::server::ground::random::Random;

const NOW: Millis = 1_764_460_800_000;

fn read(mail: &str) -> Result<Vec<Report>, NoReport> {
    let with_crlf = super::read(mail.replace('\n', "\r\n").as_bytes(), None, &keys(), NOW);
    let with_lf = super::read(mail.as_bytes(), None, &keys(), NOW);
    assert_eq!(with_crlf, with_lf);
    with_lf
}

fn ours() -> MailRef {
    MailRef::Ours(MAIL.to_owned())
}

#[test]
fn a_report_of_postfix_is_of_the_mail_whose_return_path_it_was_sent_to() {
    let said = "550 5.1.1 <ada@example.net>: Recipient address rejected: User unknown";
    let report = read(&postfix(&path(), "failed", "5.1.1", said)).unwrap().remove(0);
    assert_eq!((&report.mail, report.kind, report.at), (&ours(), Kind::Hard, NOW));
    assert_eq!(report.recipient.as_deref(), Some("ada@example.net"));
    let masked = "550 5.1.1 <a***@example.net>: Recipient address rejected: User unknown (from \
        mail.example.net)";
    assert_eq!(report.said, masked);
    assert_eq!(report.once.unwrap().id, "<20261129120001.4F2D81FE2B@mx.example.com>");
    // A server that changes the case.
    assert!(read(&postfix(&path().to_uppercase(), "failed", "5.1.1", said)).is_ok());
}

#[test]
fn without_a_return_path_the_message_id_of_the_returned_mail_says_which_it_is() {
    let report = postfix("no-reply@example.com", "failed", "5.1.1", "550 5.1.1 no");
    assert_eq!(read(&report).unwrap()[0].mail, ours());
    let headers_only = report.replace("message/rfc822", "text/rfc822-headers");
    assert_eq!(read(&headers_only).unwrap()[0].mail, ours());
    let foreign = report.replace(MAIL, "CAF-foreign");
    assert_eq!(read(&foreign), Err(NoReport::NotOurs));
    // Passed by the mail server beside the mail.
    let to = super::read(foreign.as_bytes(), Some(&path()), &keys(), NOW);
    assert_eq!(to.unwrap()[0].mail, ours());
    // Somebody else's code.
    let forged = path().replace('.', ".0");
    assert_eq!(read(&foreign.replace("no-reply@example.com", &forged)), Err(NoReport::NotOurs));
}

#[test]
fn the_action_and_the_status_decide_the_kind() {
    for (action, status, diagnostic, kind) in [
        ("failed", "5.1.1", "550 5.1.1 no", Some(Kind::Hard)),
        ("failed", "5.2.2", "552 5.2.2 full", Some(Kind::Soft)),
        ("failed", "5.7.1", "550 5.7.1 listed", Some(Kind::Soft)),
        ("failed", "4.4.1", "connect: timed out", Some(Kind::Soft)),
        ("Failed (given up)", "5.1.1", "550 5.1.1 no", Some(Kind::Hard)),
        ("delayed", "4.2.0", "450 4.2.0 greylisted", Some(Kind::Delayed)),
        ("delivered", "2.0.0", "250 ok", Some(Kind::Delivered)),
        ("relayed", "2.0.0", "250 ok", None),
        ("", "5.1.1", "550 5.1.1 no", None),
    ] {
        let reports = read(&postfix(&path(), action, status, diagnostic)).unwrap();
        assert_eq!(reports.first().map(|report| report.kind), kind, "{action} {status}");
    }
}

#[test]
fn a_report_of_exim_says_in_its_reply_what_its_status_does_not() {
    for (diagnostic, kind) in [
        ("550 5.1.1 <ada@example.net> unknown", Kind::Hard),
        ("550 no such user here", Kind::Hard),
        ("552 5.2.2 mailbox full", Kind::Soft),
        ("554 5.7.1 blocked", Kind::Soft),
    ] {
        let report = read(&exim(diagnostic)).unwrap().remove(0);
        assert_eq!((&report.mail, report.kind), (&ours(), kind), "{diagnostic}");
    }
}

#[test]
fn a_report_of_opensmtpd_says_why_in_its_part_for_people_alone() {
    for (told, kind) in [
        ("550 5.1.1 <ada@example.net>: Recipient address rejected: User unknown", Kind::Hard),
        ("552 5.2.2 mailbox full", Kind::Soft),
        ("Envelope expired", Kind::Soft),
    ] {
        let report = read(&opensmtpd(told)).unwrap().remove(0);
        assert_eq!((&report.mail, report.kind), (&ours(), kind), "{told}");
        assert_eq!(report.said, told.replace("ada@", "a***@"));
    }
    // It has no words where they are about somebody else.
    let other = opensmtpd("550 5.1.1 no").replace("\nada@example.net:", "\neve@example.net:");
    let report = read(&other).unwrap().remove(0);
    assert_eq!((report.kind, report.said.as_str()), (Kind::Soft, "status 5.0.0"));
}

#[test]
fn a_report_about_an_address_of_any_script_is_read() {
    let report = postfix(&path(), "failed", "5.1.1", "550 5.1.1 no")
        .replace("message/delivery-status", "message/global-delivery-status")
        .replace("Final-Recipient: rfc822; ada@", "Final-Recipient: utf-8; ада@");
    let report = read(&report).unwrap().remove(0);
    assert_eq!((report.kind, report.recipient.as_deref()), (Kind::Hard, Some("ада@example.net")));
}

#[test]
fn a_report_within_another_mail_is_found_but_not_one_that_is_attached() {
    let report = postfix(&path(), "failed", "5.1.1", "550 5.1.1 no");
    let wrap = |kind: &str| {
        let head = "Content-Type: multipart/mixed; boundary=outer\n\n--outer\n";
        format!("{head}{kind}{report}\n--outer\n\nA disclaimer.\n--outer--\n")
    };
    assert_eq!(read(&wrap("")).unwrap()[0].mail, ours());
    assert_eq!(read(&wrap("Content-Type: message/rfc822\n\n")), Err(NoReport::Other));
}

#[test]
fn a_complaint_is_one_unless_it_is_taken_back_or_a_programs_finding() {
    for (kind, found) in [
        ("abuse", Some(Kind::Complaint)),
        ("Fraud", Some(Kind::Complaint)),
        ("other", Some(Kind::Complaint)),
        ("of-the-future", Some(Kind::Complaint)),
        ("not-spam", None),
        ("auth-failure", None),
        ("virus", None),
    ] {
        let reports = read(&complaint(kind)).unwrap();
        assert_eq!(reports.first().map(|report| report.kind), found, "{kind}");
        for report in reports {
            assert_eq!((report.mail, report.recipient), (ours(), Some("ada@example.net".into())));
            assert_eq!(report.said, kind.to_ascii_lowercase());
        }
    }
}

#[test]
fn replies_receipts_and_letters_are_no_reports() {
    let report = postfix(&path(), "failed", "5.1.1", "550 5.1.1 no");
    for other in [
        format!("To: {}\nAuto-Submitted: auto-replied\n\nI am on holiday.\n", path()),
        // A receipt (RFC 8098).
        report.replace("delivery-status", "disposition-notification"),
        String::new(),
        "\n\n".to_owned(),
    ] {
        assert_eq!(read(&other), Err(NoReport::Other));
    }
}

#[test]
fn a_report_is_read_although_what_it_returns_is_large_or_cut_off() {
    let report = postfix(&path(), "failed", "5.1.1", "550 5.1.1 no");
    let large = report.replace("Your code is secret.", &"x".repeat(2 * MOST_BYTES));
    assert_eq!(read(&large).unwrap().len(), 1);
    // Nothing is read behind the bound.
    let late = report.replace("This is a MIME-encapsulated message.", &"x".repeat(MOST_BYTES));
    assert_eq!(read(&late), Err(NoReport::Other));
    let cut = &report[..report.find("Content-Description: Undelivered").unwrap()];
    assert_eq!(read(cut).unwrap().len(), 1);
    let group = "Final-Recipient: rfc822; ada@example.net\nAction: failed\nStatus: 5.1.1\n\n";
    let many = report.replace("Final-Recipient", &format!("{}Final-Recipient", group.repeat(99)));
    assert_eq!(read(&many).unwrap().len(), MOST_RECIPIENTS);
}

#[test]
fn garbage_is_read_without_harm() {
    let random = Random::seeded(1);
    let number = |below: usize| {
        let drawn = u32::from_le_bytes(random.bytes().unwrap());
        usize::try_from(drawn).unwrap() % below.max(1)
    };
    let samples = [
        postfix(&path(), "failed", "5.1.1", "550 5.1.1 no"),
        exim("550 no such user here"),
        opensmtpd("550 5.1.1 no such mailbox"),
        complaint("abuse"),
    ];
    for sample in samples {
        for cut in (0..sample.len()).step_by(7) {
            let _ = super::read(&sample.as_bytes()[..cut], None, &keys(), NOW);
        }
        for _ in 0..500 {
            let mut mail = sample.clone().into_bytes();
            for _ in 0..=number(6) {
                let (from, to) = (number(mail.len()), number(mail.len()));
                match number(4) {
                    0 => mail[from] = u8::try_from(number(256)).unwrap(),
                    1 => mail.truncate(from.max(1)),
                    2 => {
                        let piece = mail[from.min(to)..from.max(to)].to_vec();
                        mail.splice(to..to, piece);
                    }
                    _ => drop(mail.drain(from.min(to)..from.max(to).min(from.min(to) + 40))),
                }
                if mail.is_empty() {
                    mail.push(b'-');
                }
            }
            let _ = super::read(&mail, None, &keys(), NOW);
        }
    }
    // Deep nesting, which would exhaust the stack of a parser that follows it.
    let deep = "Content-Type: message/rfc822\n\n".repeat(9_000);
    let wrapped = format!("Content-Type: multipart/report; boundary=b\n\n--b\n{deep}\n--b--\n");
    assert_eq!(read(&wrapped), Err(NoReport::Other));
    let deep = "Content-Type: multipart/mixed; boundary=b\n\n--b\n".repeat(5_000);
    assert_eq!(read(&deep), Err(NoReport::Other));
}

//! Reports as Postfix, Exim, OpenSMTPD and feedback loops write them.

use crate::server::{ground::keys::Keys, mail::reports::return_path, values::address::Address};

pub const MAIL: &str = "AAECAwQFBgcICQoLDA0ODw";

pub fn keys() -> Keys {
    Keys::new(&["a secret".to_owned()])
}

/// The return path of `MAIL`.
pub fn path() -> String {
    let base = Address::parse("bounces@example.com").unwrap();
    return_path::make(&keys(), &base, MAIL).unwrap()
}

pub fn postfix(to: &str, action: &str, status: &str, diagnostic: &str) -> String {
    format!(
        "Return-Path: <>
Delivered-To: {to}
Received: by mx.example.com (Postfix)
\tid 4F2D81FE2B; Sun, 29 Nov 2026 12:00:01 +0000 (UTC)
Date: Sun, 29 Nov 2026 12:00:01 +0000 (UTC)
From: MAILER-DAEMON@mx.example.com (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary=\"1A2B3C4D5E.1764460801/mx.example.com\"
Content-Transfer-Encoding: 8bit
Message-Id: <20261129120001.4F2D81FE2B@mx.example.com>

This is a MIME-encapsulated message.

--1A2B3C4D5E.1764460801/mx.example.com
Content-Description: Notification
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

This is the mail system at host mx.example.com.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

                   The mail system

<ada@example.net>: host mail.example.net[192.0.2.25] said: {diagnostic}
    (in reply to RCPT TO command)

--1A2B3C4D5E.1764460801/mx.example.com
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com
X-Postfix-Queue-ID: 1A2B3C4D5E
X-Postfix-Sender: rfc822; no-reply@example.com
Arrival-Date: Sun, 29 Nov 2026 12:00:00 +0000 (UTC)

Final-Recipient: rfc822; ada@example.net
Original-Recipient: rfc822;ada@example.net
Action: {action}
Status: {status}
Remote-MTA: dns; mail.example.net
Diagnostic-Code: smtp; {diagnostic}

--1A2B3C4D5E.1764460801/mx.example.com
Content-Description: Undelivered Message
Content-Type: message/rfc822
Content-Transfer-Encoding: 8bit

Return-Path: <no-reply@example.com>
Received: from app.example.com (app.example.com [192.0.2.7])
\tby mx.example.com (Postfix) with ESMTPS id 1A2B3C4D5E
\tfor <ada@example.net>; Sun, 29 Nov 2026 12:00:00 +0000 (UTC)
From: Latchkey <no-reply@example.com>
To: ada@example.net
Subject: Your code
Message-ID: <{MAIL}@app.example.com>
Auto-Submitted: auto-generated
Content-Type: text/plain; charset=utf-8

Your code is secret.

--1A2B3C4D5E.1764460801/mx.example.com--
"
    )
}

pub fn exim(diagnostic: &str) -> String {
    format!(
        "Received: from Debian-exim by mx.example.com with local (Exim 4.98)
\tid 1tH2mK-00000001abc-2XyZ
\tfor {path};
\tSun, 29 Nov 2026 12:00:01 +0000
X-Failed-Recipients: ada@example.net
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mx.example.com>
To: {path}
References: <{MAIL}@app.example.com>
Content-Type: multipart/report; report-type=delivery-status; boundary=1764460801-eximdsn-1804289383
MIME-Version: 1.0
Subject: Mail delivery failed: returning message to sender
Message-Id: <E1tH2mK-00000001abc-2XyZ@mx.example.com>
Date: Sun, 29 Nov 2026 12:00:01 +0000

--1764460801-eximdsn-1804289383
Content-type: text/plain; charset=us-ascii

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ada@example.net
    host mail.example.net [192.0.2.25]
    SMTP error from remote mail server after RCPT TO:<ada@example.net>:
    {diagnostic}

--1764460801-eximdsn-1804289383
Content-type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Action: failed
Final-Recipient: rfc822;ada@example.net
Status: 5.0.0
Remote-MTA: dns; mail.example.net
Diagnostic-Code: smtp; {diagnostic}

--1764460801-eximdsn-1804289383
Content-type: message/rfc822

Return-path: <{path}>
Received: from app.example.com ([192.0.2.7])
From: Latchkey <no-reply@example.com>
Message-ID: <rewritten@mx.example.com>

--1764460801-eximdsn-1804289383--
",
        path = path(),
    )
}

pub fn opensmtpd(told: &str) -> String {
    format!(
        "Received: from out.example.com (mx [local])
\tby mx (OpenSMTPD) with ESMTPA id c0f32a84
\tfor <{path}>;
\tSun, 29 Nov 2026 12:00:01 +0000 (UTC)
Subject: Delivery status notification: failed
From: Mailer Daemon <MAILER-DAEMON@out.example.com>
To: {path}
Date: Sun, 29 Nov 2026 12:00:01 +0000 (UTC)
MIME-Version: 1.0
Content-Type: multipart/mixed;boundary=\"2360793212083523556/out.example.com\"
Message-ID: <791fcf370274020e@mx>

This is a MIME-encapsulated message.

--2360793212083523556/out.example.com
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

    Hi!

    This is the MAILER-DAEMON, please DO NOT REPLY to this email.

    An error has occurred while attempting to deliver a message for
    the following list of recipients:

ada@example.net: {told}

    Below is a copy of the original message:

--2360793212083523556/out.example.com
Content-Description: Delivery Report
Content-Type: message/delivery-status

Reporting-MTA: dns; out.example.com

Final-Recipient: rfc822; ada@example.net
Action: failed
Status: 5.0.0

--2360793212083523556/out.example.com
Content-Description: Message headers
Content-Type: text/rfc822-headers

From: Latchkey <no-reply@example.com>
Subject: Your code
Message-ID: <{MAIL}@app.example.com>

--2360793212083523556/out.example.com--
",
        path = path(),
    )
}

pub fn complaint(kind: &str) -> String {
    format!(
        "From: <abusedesk@example.net>
Date: Sun, 29 Nov 2026 12:00:01 +0000
Subject: FW: Your code
To: <abuse@example.com>
MIME-Version: 1.0
Message-ID: <20261129120001.fbl@example.net>
Content-Type: multipart/report; report-type=feedback-report;
     boundary=\"part1_13d.2e68ed54_boundary\"

--part1_13d.2e68ed54_boundary
Content-Type: text/plain; charset=\"US-ASCII\"
Content-Transfer-Encoding: 7bit

This is an email abuse report for an email message received from IP 192.0.2.7.

--part1_13d.2e68ed54_boundary
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1
Original-Mail-From: <{path}>
Original-Rcpt-To: <ada@example.net>
Reported-Domain: example.com
Source-IP: 192.0.2.7

--part1_13d.2e68ed54_boundary
Content-Type: message/rfc822
Content-Disposition: inline

From: <no-reply@example.com>
To: <ada@example.net>
Subject: Your code
Message-ID: <someone-elses@example.com>

Your code is secret.
--part1_13d.2e68ed54_boundary--
",
        path = path(),
    )
}

//! Mails that come back by LMTP: reports to return paths of ours are taken, and nothing else is.

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use crate::support::{Port, Returning, report};

const GONE: &str = "550 5.1.1 <ada@example.com>: no such mailbox";

/// An app with such a door, and the port of it.
async fn with_door() -> (Returning, Port) {
    let port = Port::held();
    let listens_on = format!("127.0.0.1:{}", port.number);
    (Returning::with(&[("LATCHKEY_MAIL__LMTP_LISTEN", &listens_on)]).await, port)
}

/// A mail server that hands over a mail.
struct MailServer(BufReader<TcpStream>);

impl MailServer {
    async fn connect(port: &Port) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port.number)).await.unwrap();
        let mut server = MailServer(BufReader::new(stream));
        assert!(server.answer().await.starts_with("220 "));
        assert!(server.says("LHLO mx.example.net").await.starts_with("250 SIZE "));
        server
    }

    /// The last line of an answer.
    async fn answer(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).await.unwrap() > 0, "the door closed");
            if line.as_bytes()[3] == b' ' {
                return line.trim_end().to_owned();
            }
        }
    }

    async fn writes(&mut self, text: &str) {
        self.0.write_all(format!("{text}\r\n").as_bytes()).await.unwrap();
    }

    async fn says(&mut self, command: &str) -> String {
        self.writes(command).await;
        self.answer().await
    }

    /// Hands over `message` to return paths, and returns the answer about the first of them.
    async fn hands_over(&mut self, message: &str, to: &str) -> String {
        assert!(self.says("MAIL FROM:<>").await.starts_with("250 "));
        assert!(self.says(&format!("RCPT TO:<{to}>")).await.starts_with("250 "));
        assert!(self.says("DATA").await.starts_with("354 "));
        self.says(&format!("{message}.")).await
    }
}

#[tokio::test]
async fn a_report_to_a_return_path_is_taken_and_the_page_that_waits_tells_it() {
    let (all, port) = with_door().await;
    let (ada, mail) = all.waiting("ada@example.com").await;
    let mut mx = MailServer::connect(&port).await;
    let report = report(&mail.from, &mail.to, "5.1.1", GONE);
    assert_eq!(mx.hands_over(&report, &mail.from).await, "250 2.0.0 reports: 1");
    let standing = all.standing(&ada).await;
    let trouble = standing["trouble"].as_str().unwrap();
    assert!(trouble.contains("came back") && trouble.contains("no such mailbox"), "{trouble}");
    // On the same connection, whatever else arrives there is taken and changes nothing.
    let away = "Subject: I am away\r\n\r\nBack on Monday.\r\n";
    let passed_over = "250 2.0.0 passed over: the mail is no report of a mail server";
    assert_eq!(mx.hands_over(away, &mail.from).await, passed_over);
    assert!(mx.says("QUIT").await.starts_with("221 "));
}

#[tokio::test]
async fn nothing_is_taken_that_is_for_no_return_path_of_ours() {
    let (all, port) = with_door().await;
    let (_, mail) = all.waiting("ada@example.com").await;
    let mut mx = MailServer::connect(&port).await;
    assert!(mx.says("MAIL FROM:<>").await.starts_with("250 "));
    for to in ["ada@example.com", "bounces@example.com", "", &mail.from.replace('.', "x.")] {
        let said = mx.says(&format!("RCPT TO:<{to}>")).await;
        assert_eq!(said, "550 5.1.1 no return path of a mail of this server", "{to}");
    }
    assert!(mx.says("DATA").await.starts_with("503 "));
    // One that is ours goes on, and each recipient has an answer of its own.
    for _ in 0..2 {
        assert!(mx.says(&format!("rcpt to: <{}>", mail.from)).await.starts_with("250 "));
    }
    assert!(mx.says("DATA").await.starts_with("354 "));
    assert!(mx.says("Subject: hello\r\n\r\n.").await.starts_with("250 "));
    assert!(mx.answer().await.starts_with("250 "));
    assert_eq!(all.app.count("SELECT COUNT(*) FROM latchkey_suppressions").await, 0);
}

#[tokio::test]
async fn commands_that_were_sent_ahead_are_answered_in_order() {
    let (all, port) = with_door().await;
    let (_, mail) = all.waiting("ada@example.com").await;
    let mut mx = MailServer::connect(&port).await;
    let to = format!("RCPT TO:<{}>", mail.from);
    mx.writes(&format!("MAIL FROM:<>\r\nRCPT TO:<eve@example.com>\r\n{to}\r\nDATA")).await;
    for code in ["250", "550", "250", "354"] {
        assert!(mx.answer().await.starts_with(code), "{code}");
    }
    let report = report(&mail.from, &mail.to, "5.1.1", GONE);
    mx.writes(&format!("{report}.\r\nQUIT")).await;
    assert_eq!(mx.answer().await, "250 2.0.0 reports: 1");
    assert!(mx.answer().await.starts_with("221 "));
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused_before_or_after_it_was_sent() {
    let (all, port) = with_door().await;
    let (_, mail) = all.waiting("ada@example.com").await;
    let mut mx = MailServer::connect(&port).await;
    assert!(mx.says("MAIL FROM:<> BODY=8BITMIME SIZE=262145").await.starts_with("552 5.3.4 "));
    let line = format!("{}\r\n", "x".repeat(998));
    let large = mx.hands_over(&line.repeat(263), &mail.from).await;
    assert!(large.starts_with("552 5.3.4 "), "{large}");
    let report = report(&mail.from, &mail.to, "5.1.1", GONE);
    assert_eq!(mx.hands_over(&report, &mail.from).await, "250 2.0.0 reports: 1");
}

#[tokio::test]
async fn garbage_is_refused_and_whoever_goes_on_with_it_is_sent_away() {
    let (_all, port) = with_door().await;
    let mut mx = MailServer::connect(&port).await;
    let none =
        ["EHLO mx", "GET / HTTP/1.1", "", "MAIL", "MAIL FROM:me", "RCPT TO:<a@b.c>", "\u{1}"];
    for command in none {
        assert!(mx.says(command).await.starts_with("50"), "{command:?}");
    }
    assert!(mx.says("NOOP").await.starts_with("250 "));
    for _ in none.len()..20 {
        assert!(mx.says("STARTTLS").await.starts_with("500 "));
    }
    assert!(mx.answer().await.starts_with("421 "));
    let mut rest = String::new();
    assert_eq!(mx.0.read_line(&mut rest).await.unwrap(), 0, "{rest}");
    // A line without an end holds no place, either.
    let mut endless = MailServer::connect(&port).await;
    endless.0.write_all(&[b'a'; 4_000]).await.unwrap();
    assert!(endless.answer().await.starts_with("500 "));
}

#[tokio::test]
async fn a_client_that_waits_does_not_hold_up_the_stop_of_the_server() {
    let (mut all, port) = with_door().await;
    let mut mx = MailServer::connect(&port).await;
    let (_, said) = tokio::join!(all.app.stop(), mx.answer());
    assert!(said.starts_with("421 4.3.2 "), "{said}");
}

#[tokio::test]
async fn the_door_needs_a_return_path_to_which_mails_would_come() {
    let app = crate::support::App::start().await;
    let file = app.folder().join("Leptos.toml");
    std::fs::write(&file, "[mail]\nlmtp_listen = \"127.0.0.1:2424\"\n").unwrap();
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_latchkey"))
        .arg("check")
        .env_clear()
        .env("LATCHKEY_CONFIG", &file)
        .output();
    let output = output.await.unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(said.contains("mail.lmtp_listen") && said.contains("return_path"), "{said}");
}

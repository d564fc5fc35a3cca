//! A real SMTP server in the test's process. It keeps the mails it receives and can be told to
//! misbehave.

use mail_parser::MessageParser;
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// How the server answers mails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manners {
    #[default]
    Takes,
    /// 451: come back later (greylisting, RFC 6647).
    RefusesForNow,
    /// 550: permanent refusal.
    RefusesForGood,
    /// Closes the connection in the middle of the message.
    DropsInData,
    /// Accepts the connection and stops answering.
    Hangs,
    /// Accepts the mail but never confirms it.
    TakesAndFallsSilent,
    /// Accepts the mail and confirms it only once it is told to behave otherwise.
    Holds,
    /// 554 instead of a greeting: no mail service here, at least not for this client.
    RefusesGreeting,
    /// 421 at EHLO.
    RefusesEhlo,
    /// 535: wrong user or password.
    RefusesAuth,
    /// 550 at MAIL FROM: a quota.
    RefusesSender,
    /// 550 at RCPT TO.
    RefusesRecipient,
    /// Accepts mails, but does not support SMTPUTF8.
    KnowsAsciiOnly,
    /// Announces PIPELINING (RFC 2920), and answers MAIL and RCPT only with DATA.
    Pipelines,
    /// 503 at a second EHLO, as OpenSMTPD.
    KnowsOneEhlo,
}

/// A mail as its recipient sees it.
#[derive(Clone, Debug)]
pub struct Mail {
    pub to: String,
    pub from: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub raw: String,
    code: Option<String>,
}

impl Mail {
    pub(super) fn new([from, to, subject, text, html, raw]: [String; 6]) -> Self {
        let is_code = |code: &String| code.len() == 6 && code.bytes().all(|c| c.is_ascii_digit());
        let ends = text.lines().filter_map(|line| line.rsplit_once(": "));
        let code = ends.map(|(_, end)| end.replace(' ', "")).find(is_code);
        Mail { to, from, subject, text, html, raw, code }
    }

    /// The link in the text part.
    pub fn link(&self) -> &str {
        self.text.lines().find(|line| line.starts_with("http")).expect("a link in the mail")
    }

    pub fn link_token(&self) -> &str {
        self.link().split_once("link_token=").expect("a token in the link").1
    }

    /// The code in the text part.
    pub fn code(&self) -> &str {
        self.code.as_deref().expect("a code in the mail")
    }

    /// A code that is not this mail's, another one each time: the same one twice is one try.
    pub fn wrong_code(&self) -> &'static str {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let next = || format!("{:06}", LAST.fetch_add(1, Ordering::Relaxed) % 1_000_000);
        let code = next();
        if code == self.code() { next().leak() } else { code.leak() }
    }

    pub fn header(&self, name: &str) -> Option<String> {
        let message = MessageParser::default().parse(self.raw.as_bytes())?;
        message.header_raw(name.to_owned()).map(|value| value.trim().to_owned())
    }
}

#[derive(Clone)]
pub struct Inbox {
    address: SocketAddr,
    mails: watch::Receiver<Vec<Mail>>,
    manners: Arc<watch::Sender<Manners>>,
    heard: Arc<Mutex<Vec<String>>>,
    /// Number of attempts so far that reached DATA.
    pub attempts: watch::Receiver<usize>,
}

impl Inbox {
    pub async fn start() -> Self {
        Self::start_on("127.0.0.1:0").await
    }

    pub async fn start_on(address: &str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (put, mails) = watch::channel(Vec::new());
        let (count, attempts) = watch::channel(0);
        let manners = Arc::new(watch::Sender::new(Manners::default()));
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let shared =
            Arc::new(Shared { put, count, manners: manners.subscribe(), heard: heard.clone() });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = shared.clone();
                tokio::spawn(async move {
                    let _ = converse(stream, &shared).await;
                });
            }
        });
        Inbox { address, mails, manners, heard, attempts }
    }

    /// True if a client has sent this line.
    pub fn has_heard(&self, line: &str) -> bool {
        self.heard.lock().unwrap().iter().any(|heard| heard == line)
    }

    /// Recipients of the mails, in order of arrival.
    pub fn recipients(&self) -> Vec<String> {
        self.mails.borrow().iter().map(|mail| mail.to.clone()).collect()
    }

    pub fn smtp_url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    pub fn behave(&self, manners: Manners) {
        self.manners.send_replace(manners);
    }

    pub fn count(&self) -> usize {
        self.mails.borrow().len()
    }

    pub fn count_to(&self, address: &str) -> usize {
        self.mails.borrow().iter().filter(|mail| mail.to == address).count()
    }

    /// Waits for the `n`th mail (from 1) to `address`.
    pub async fn nth_to(&self, address: &str, n: usize) -> Mail {
        self.nth_to_within(address, n, Duration::from_secs(20)).await
    }

    pub async fn nth_to_within(&self, address: &str, n: usize, patience: Duration) -> Mail {
        let mut mails = self.mails.clone();
        let arrived =
            mails.wait_for(|mails| mails.iter().filter(|mail| mail.to == address).count() >= n);
        let mails =
            tokio::time::timeout(patience, arrived).await.expect("a mail in time").unwrap().clone();
        mails.into_iter().filter(|mail| mail.to == address).nth(n - 1).unwrap()
    }

    pub async fn first_to(&self, address: &str) -> Mail {
        self.nth_to(address, 1).await
    }

    pub async fn first_to_within(&self, address: &str, patience: Duration) -> Mail {
        self.nth_to_within(address, 1, patience).await
    }

    /// Waits until `n` messages were offered, accepted or not.
    pub async fn offered(&self, n: usize) {
        let mut attempts = self.attempts.clone();
        let offered = attempts.wait_for(|count| *count >= n);
        tokio::time::timeout(Duration::from_secs(20), offered)
            .await
            .expect("an attempt in time")
            .unwrap();
    }
}

/// State shared by all SMTP conversations.
struct Shared {
    put: watch::Sender<Vec<Mail>>,
    count: watch::Sender<usize>,
    manners: watch::Receiver<Manners>,
    heard: Arc<Mutex<Vec<String>>>,
}

/// Holds one SMTP conversation (RFC 5321), as much of it as a client needs.
async fn converse(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let manners = || *shared.manners.borrow();
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let refuses = manners() == Manners::RefusesGreeting;
    let greeting = if refuses { "554 not you" } else { "220 inbox ESMTP" };
    write.write_all(format!("{greeting}\r\n").as_bytes()).await?;
    let (mut from, mut to, mut is_known) = (String::new(), String::new(), false);
    // Answers that wait for DATA, of a server that takes commands before it answers.
    let mut waiting = String::new();
    while let Some(line) = lines.next_line().await? {
        shared.heard.lock().unwrap().push(line.clone());
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let pipelines = manners() == Manners::Pipelines;
        if !pipelines && !lines.get_ref().buffer().is_empty() {
            write.write_all(b"503 5.5.0 wait for my answer\r\n").await?;
            return Ok(());
        }
        let inside = |line: &str| line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        let refusal;
        let reply = match (verb.as_str(), manners()) {
            ("EHLO", Manners::RefusesEhlo) => "421 come back with another name",
            ("EHLO", Manners::KnowsOneEhlo) if std::mem::replace(&mut is_known, true) => {
                "503 5.5.1 Invalid command: Already identified"
            }
            ("EHLO", Manners::KnowsAsciiOnly) => "250-inbox\r\n250 AUTH PLAIN",
            ("EHLO", Manners::Pipelines) => "250-inbox\r\n250-PIPELINING\r\n250 SMTPUTF8",
            ("EHLO", _) => "250-inbox\r\n250-AUTH PLAIN\r\n250-8BITMIME\r\n250 SMTPUTF8",
            ("AUTH", Manners::RefusesAuth) => "535 5.7.8 who are you?",
            ("AUTH", _) => "235 welcome",
            ("MAIL", Manners::RefusesSender) => "550 5.4.5 daily quota exceeded",
            ("MAIL", _) => {
                from = inside(&line);
                "250 ok"
            }
            ("RCPT", Manners::RefusesRecipient) => "550 5.1.1 no such mailbox",
            ("RCPT", _) => {
                to = inside(&line);
                "250 ok"
            }
            ("DATA", manners) => {
                // Repeats the recipient in upper case, as some servers do.
                refusal = format!("550 {}: no such mailbox", to.to_uppercase());
                shared.count.send_modify(|count| *count += 1);
                match manners {
                    Manners::Hangs => return std::future::pending().await,
                    Manners::RefusesForNow => "451 later, please",
                    Manners::RefusesForGood => &refusal,
                    _ => {
                        waiting.push_str("354 go on\r\n");
                        write.write_all(std::mem::take(&mut waiting).as_bytes()).await?;
                        if manners == Manners::DropsInData {
                            return Ok(());
                        }
                        let mut raw = String::new();
                        while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                            raw.push_str(line.strip_prefix('.').unwrap_or(&line));
                            raw.push_str("\r\n");
                        }
                        let mut held = shared.manners.clone();
                        let _ = held.wait_for(|manners| *manners != Manners::Holds).await;
                        shared.put.send_modify(|mails| mails.push(read_mail(&from, &to, raw)));
                        if manners == Manners::TakesAndFallsSilent {
                            return std::future::pending().await;
                        }
                        "250 taken"
                    }
                }
            }
            ("QUIT", _) => {
                write.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "250 ok",
        };
        waiting.push_str(&format!("{reply}\r\n"));
        if !pipelines || !matches!(verb.as_str(), "MAIL" | "RCPT") {
            write.write_all(std::mem::take(&mut waiting).as_bytes()).await?;
        }
    }
    Ok(())
}

pub(super) fn read_mail(from: &str, to: &str, raw: String) -> Mail {
    let message = MessageParser::default().parse(raw.as_bytes()).expect("a message");
    let subject = message.subject().unwrap_or_default().to_owned();
    let text = message.body_text(0).unwrap_or_default().replace("\r\n", "\n");
    let html = message.body_html(0).unwrap_or_default().into_owned();
    Mail::new([from.to_owned(), to.to_owned(), subject, text, html, raw])
}

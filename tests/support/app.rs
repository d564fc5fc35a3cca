//! The server under test.

use latchkey::server::{
    auth::Auth,
    commands::serve::Server,
    config::{Settings, Source, Variables, transports::MailTransport},
    ground::{
        clock::{Clock, MINUTE, Millis},
        random::Random,
    },
    mail::amazon::Amazon,
    store::Store,
};
use leptos::config::LeptosOptions;
use reqwest::Client;
use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    io::AsyncWriteExt,
    process::Command,
    sync::oneshot,
    task::{AbortHandle, JoinHandle},
};

use super::{Browser, Inbox, Mail, database};

/// The time at which every story begins: 2026-01-01, noon UTC.
pub const START: Millis = 1_767_268_800_000;

pub const SECRET: &str = "Zk3vQ9x7Lw2mN8rT5yB1cD4fGh6jK0pS";

pub struct App {
    pub url: String,
    pub clock: Clock,
    pub inbox: Inbox,
    pub store: Store,
    /// Rules of the server, for stories about what no door does yet.
    pub auth: Arc<Auth>,
    /// The outbox worker.
    pub worker: AbortHandle,
    settings: Settings,
    /// Kept open while the server is stopped, so that it starts again on the same port.
    listener: TcpListener,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
    folder: TempDir,
    /// The way to Amazon, if a story has its own.
    amazon: Option<Client>,
}

/// Settings of development, with a policy as an operator would state it.
pub fn settings(
    source: Source,
    transports: Vec<MailTransport>,
    database_url: String,
    public_url: &str,
) -> Settings {
    Settings {
        production: false,
        database_url,
        transports,
        from: "Example <no-reply@example.com>".parse().unwrap(),
        secrets: vec![SECRET.to_owned()],
        public_url: public_url.parse().unwrap(),
        metrics_token: Some("a token for the metrics".to_owned()),
        policy: source.policy().unwrap(),
        source,
        leptos: LeptosOptions::builder().output_name("latchkey").build(),
    }
}

impl App {
    /// Starts a server with the default policy, except for generous limits.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// Starts a server whose policy is changed by variables, as an operator would.
    pub async fn with(variables: &[(&str, &str)]) -> Self {
        Self::launch(None, variables, None).await
    }

    /// Starts a server whose policy is in a file.
    pub async fn with_file(path: &Path) -> Self {
        Self::launch(Some(path.to_owned()), &[], None).await
    }

    /// Starts a server whose policy is in a file, and changed by variables.
    pub async fn with_file_and(path: &Path, variables: &[(&str, &str)]) -> Self {
        Self::launch(Some(path.to_owned()), variables, None).await
    }

    /// The same, for a server that reaches Amazon by this client.
    pub async fn with_amazon(path: &Path, variables: &[(&str, &str)], amazon: Client) -> Self {
        Self::launch(Some(path.to_owned()), variables, Some(amazon)).await
    }

    async fn launch(
        path: Option<PathBuf>,
        variables: &[(&str, &str)],
        amazon: Option<Client>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let inbox = Inbox::start().await;
        // Limits have stories of their own and would only get in the way of the others.
        let roomy =
            ["MAILS_PER_MINUTE", "MAILS_PER_HOUR", "SENDS_PER_MINUTE", "VERIFIES_PER_MINUTE"];
        let mut all: Variables =
            roomy.map(|name| (format!("LATCHKEY_LIMITS__{name}"), "1000".to_owned())).into();
        // Stories that sign in twice would get an extra mail; stories about notices turn them on.
        all.insert("LATCHKEY_MAIL__NEW_DEVICE_NOTICE".to_owned(), "false".to_owned());
        all.extend(variables.iter().map(|(name, value)| (name.to_string(), value.to_string())));
        // A limit that a story empties is that of the file.
        all.retain(|name, value| !(name.starts_with("LATCHKEY_LIMITS__") && value.is_empty()));
        let source = Source { path, variables: all };
        let (mut url, listener) = somewhere();
        if source.variables.contains_key("LATCHKEY_SERVER__TLS_CERTIFICATE") {
            url = url.replace("http://", "https://");
        }
        let policy = source.policy().unwrap();
        let smtp_url = source.variables.get("SMTP_URL").cloned();
        let transports = match smtp_url.as_deref() {
            // Mails go to the dev mailbox.
            Some("") => Vec::new(),
            None if !policy.mail.transports.is_empty() => policy.mail.transports.clone(),
            Some(url) => {
                let inbox = inbox.smtp_url();
                let url = url.replace("INBOX", inbox.trim_start_matches("smtp://"));
                vec![MailTransport::of_smtp_url(&url)]
            }
            None => vec![MailTransport::of_smtp_url(&inbox.smtp_url())],
        };
        let database_url = match source.variables.get("DATABASE_URL") {
            Some(url) => url.clone(),
            None => database::fresh(folder.path()).await,
        };
        let public_url = source.variables.get("LATCHKEY_PUBLIC_URL").unwrap_or(&url).clone();
        let settings = settings(source, transports, database_url, &public_url);
        let clock = Clock::manual(START);
        let (store, auth, worker, running) = serve(&settings, &clock, &listener, &amazon).await;
        let running = Some(running);
        App { url, clock, inbox, store, auth, worker, settings, listener, running, folder, amazon }
    }

    /// A new browser that has asked for a mail, and the mail.
    pub async fn asked(&self, address: &str) -> (Browser, Mail) {
        let browser = self.browser();
        let mail = self.asked_by(&browser, address).await;
        (browser, mail)
    }

    /// The mail that a browser asks for.
    async fn asked_by(&self, browser: &Browser, address: &str) -> Mail {
        let sent = self.inbox.count_to(address);
        browser.ask_for_mail(address).await;
        self.inbox.nth_to(address, sent + 1).await
    }

    /// Signs a new browser in by the link of a mail it asked for.
    pub async fn signed_in(&self, address: &str) -> Browser {
        self.signed_in_by(self.browser(), address).await
    }

    /// The same for a browser of the story's own.
    pub async fn signed_in_by(&self, browser: Browser, address: &str) -> Browser {
        let mail = self.asked_by(&browser, address).await;
        assert_eq!(browser.get(mail.link()).await.goes_to(), "/dashboard");
        browser
    }

    /// A browser that has never been here.
    pub fn browser(&self) -> Browser {
        Browser::new(&self.url)
    }

    /// Stops the server as SIGTERM does, and waits until it has drained.
    pub async fn stop(&mut self) {
        if let Some((stop, done)) = self.running.take() {
            let _ = stop.send(());
            done.await.unwrap();
        }
    }

    /// Restarts the server on the same port and database, with its file as it is now.
    pub async fn restart(&mut self) {
        self.stop().await;
        if let Ok(policy) = self.settings.source.policy() {
            self.settings.policy = policy;
        }
        let (store, auth, worker, running) =
            serve(&self.settings, &self.clock, &self.listener, &self.amazon).await;
        (self.store, self.auth, self.worker) = (store, auth, worker);
        self.running = Some(running);
    }

    /// Starts another instance on the same database, mail server and clock, on a port of its own.
    /// `None` on SQLite, which serves only one instance.
    pub async fn beside(&self) -> Option<Self> {
        database::postgres()?;
        let (url, listener) = somewhere();
        let amazon = self.amazon.clone();
        let (store, auth, worker, running) =
            serve(&self.settings, &self.clock, &listener, &amazon).await;
        Some(App {
            url,
            clock: self.clock.clone(),
            inbox: self.inbox.clone(),
            store,
            auth,
            worker,
            settings: self.settings.clone(),
            listener,
            running: Some(running),
            folder: tempfile::tempdir().unwrap(),
            amazon,
        })
    }

    /// Restarts the server with other secrets.
    pub async fn restart_with_secrets(&mut self, secrets: &[&str]) {
        self.settings.secrets = secrets.iter().map(|secret| secret.to_string()).collect();
        self.restart().await;
    }

    /// Runs a command of the program beside the server and returns its exit code and output.
    pub async fn command(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.program(arguments).output().await.unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(said).unwrap())
    }

    /// Runs a command that succeeds, given `input`, and returns its standard output.
    pub async fn said_by(&self, arguments: &[&str], input: &str) -> String {
        let mut program = self.program(arguments);
        program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut program = program.spawn().unwrap();
        let mut stdin = program.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).await.unwrap();
        drop(stdin);
        let output = program.wait_with_output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn program(&self, arguments: &[&str]) -> Command {
        let mut program = Command::new(env!("CARGO_BIN_EXE_latchkey"));
        program
            .args(arguments)
            .current_dir(self.folder())
            .env_clear()
            .envs(&self.settings.source.variables)
            .env("DATABASE_URL", &self.settings.database_url)
            .env("SESSION_JWT_SECRET", SECRET)
            .env("LATCHKEY_PUBLIC_URL", &self.url);
        if let Some(path) = &self.settings.source.path {
            program.env("LATCHKEY_CONFIG", path);
        }
        if self.settings.policy.mail.transports.is_empty() {
            program.env("SMTP_URL", self.inbox.smtp_url());
        }
        program
    }

    /// The app's own folder, in which its commands run.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs SQL as an operator would, directly on the database.
    pub async fn run_sql(&self, sql: &'static str) {
        database::run(&self.store, sql).await;
    }

    /// Reads one number from the database.
    pub async fn count(&self, sql: &'static str) -> i64 {
        database::count(&self.store, sql).await
    }

    /// Reads one column of text from the database.
    pub async fn texts(&self, sql: &'static str) -> Vec<String> {
        database::texts(&self.store, sql).await
    }

    /// Waits until a query returns this number.
    pub async fn until(&self, sql: &'static str, number: i64) {
        for _ in 0..2_000 {
            if self.count(sql).await == number {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{sql} did not become {number}");
    }

    /// True if a dump of the database holds `text`.
    pub async fn database_holds(&self, text: &str) -> bool {
        database::holds(&self.store, &self.settings.database_url, text).await
    }

    /// Waits until the server has recorded a temporary refusal of a mail, then advances the clock
    /// past the longest wait before the next attempt.
    pub async fn until_mail_is_tried_again(&self) {
        let noted = "SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'queued' AND last_error IS NOT NULL";
        while self.count(noted).await == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.clock.advance(2 * MINUTE);
    }
}

/// Listens on a free port; its URL and the listener.
fn somewhere() -> (String, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    (format!("http://{}", listener.local_addr().unwrap()), listener)
}

/// Starts the server. Each start has a seed of its own, so that no two stories draw the same
/// values.
async fn serve(
    settings: &Settings,
    clock: &Clock,
    listener: &TcpListener,
    amazon: &Option<Client>,
) -> (Store, Arc<Auth>, AbortHandle, (oneshot::Sender<()>, JoinHandle<()>)) {
    static STARTS: AtomicU64 = AtomicU64::new(1);
    let random = Random::seeded(STARTS.fetch_add(1, Ordering::Relaxed));
    let amazon = amazon.clone().map_or_else(Amazon::default, Amazon::by);
    let server = Server::build(settings.clone(), clock.clone(), random, amazon).await.unwrap();
    let (auth, worker) = (server.auth.clone(), server.worker());
    listener.set_nonblocking(true).unwrap();
    let listener = tokio::net::TcpListener::from_std(listener.try_clone().unwrap()).unwrap();
    let (stop, stopped) = oneshot::channel();
    let stopped = async move {
        let _ = stopped.await;
    };
    let done = tokio::spawn(async move { server.serve(listener, stopped).await.unwrap() });
    (auth.store.clone(), auth, worker, (stop, done))
}

//! The program killed, stopped and started again, as a process of its own.

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;

use crate::support::{Browser, Inbox, Manners, SECRET, database};

/// The program with a database and an inbox that outlive it.
struct Program {
    folder: TempDir,
    database_url: String,
    port: u16,
    inbox: Inbox,
    child: Option<Child>,
}

impl Program {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database_url = database::fresh(folder.path()).await;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut program = Program { folder, database_url, port, inbox: Inbox::start().await, child: None };
        program.start_again().await;
        program
    }

    async fn start_again(&mut self) {
        let config = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("Leptos.toml");
        let child = Command::new(env!("CARGO_BIN_EXE_latchkey"))
            .current_dir(self.folder.path())
            .env_clear()
            .env("DATABASE_URL", &self.database_url)
            .env("SMTP_URL", self.inbox.smtp_url())
            .env("SESSION_JWT_SECRET", SECRET)
            .env("LATCHKEY_CONFIG", config)
            .env("LATCHKEY_PUBLIC_URL", format!("http://localhost:{}", self.port))
            .env("LEPTOS_SITE_ADDR", format!("127.0.0.1:{}", self.port))
            .env("RUST_LOG", "off")
            .stderr(Stdio::null())
            .spawn();
        self.child = Some(child.unwrap());
        for _ in 0..400 {
            let ready = reqwest::get(format!("http://localhost:{}/readyz", self.port)).await;
            if ready.is_ok_and(|answer| answer.status() == 200) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("the program did not start");
    }

    fn signal(&mut self, signal: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// As `kill -9` does: nothing is finished, nothing is written.
    fn kill(&mut self) {
        self.signal("-KILL");
        self.child.take().unwrap().wait().unwrap();
    }

    fn browser(&self) -> Browser {
        Browser::new(&format!("http://localhost:{}", self.port))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[tokio::test]
async fn a_mail_that_was_accepted_survives_kill_9() {
    let mut program = Program::start().await;
    program.inbox.behave(Manners::RefusesForNow);
    let ada = program.browser();
    assert!(ada.ask_for_mail("ada@example.com").await.goes_to().starts_with("/login/code"));
    program.kill();
    program.inbox.behave(Manners::Takes);
    program.start_again().await;
    // Its lease may have to run out first, where it was killed in the middle of sending.
    let mail = program.inbox.first_to_within("ada@example.com", Duration::from_secs(120)).await;
    assert_eq!(ada.get(mail.link()).await.goes_to(), "/dashboard");
}

#[tokio::test]
async fn killed_at_any_point_of_a_verification_a_link_is_used_with_a_session_or_not_used() {
    let mut program = Program::start().await;
    let ada = program.browser();
    ada.ask_for_mail("ada@example.com").await;
    let mail = program.inbox.first_to("ada@example.com").await;
    let click = {
        let (ada, link) = (ada.copy(), mail.link().to_owned());
        tokio::spawn(async move {
            let _ = ada.request(reqwest::Method::GET, &link).send().await;
        })
    };
    tokio::time::sleep(Duration::from_millis(3)).await;
    program.kill();
    let _ = click.await;
    program.start_again().await;
    let store = latchkey::server::store::Store::open(&program.database_url).await.unwrap();
    let used = database::count(&store, "SELECT COUNT(*) FROM auth_requests WHERE ended_by = 'signed_in'").await;
    let sessions = database::count(&store, "SELECT COUNT(*) FROM sessions").await;
    assert_eq!(used, sessions);
    if used == 0 {
        assert_eq!(ada.get(mail.link()).await.goes_to(), "/dashboard");
    }
}

#[tokio::test]
async fn sigterm_under_load_finishes_the_answers_and_exits() {
    let mut program = Program::start().await;
    let asking: Vec<_> = (0..30)
        .map(|n| (program.browser(), format!("ada{n}@example.com")))
        .map(|(browser, address)| {
            tokio::spawn(async move {
                let request = browser.request(reqwest::Method::POST, "/actions/sign-in").form(&[("email", address)]);
                request.header("accept", "text/html").send().await.map(|answer| answer.status().as_u16())
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(20)).await;
    program.signal("-TERM");
    for answer in asking {
        // Answered in full, or, if it came after the signal, not taken at all.
        assert!(answer.await.unwrap().map_or(true, |status| status == 303 || status == 429));
    }
    let mut child = program.child.take().unwrap();
    let exited = tokio::task::spawn_blocking(move || child.wait().unwrap());
    let status = tokio::time::timeout(Duration::from_secs(10), exited).await.expect("gone within ten seconds").unwrap();
    assert!(status.success());
}

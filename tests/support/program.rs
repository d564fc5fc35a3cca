//! The program itself, as a process that can be killed.

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;

use super::{Browser, Inbox, Port, SECRET, client, database};

/// The program with a database and an inbox that outlive it.
pub struct Program {
    folder: TempDir,
    pub database_url: String,
    pub port: u16,
    _held: Port,
    pub public_port: u16,
    pub inbox: Inbox,
    pub child: Option<Child>,
    variables: Vec<(String, String)>,
}

impl Program {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database_url = database::fresh(folder.path()).await;
        Self::on(folder, database_url).await
    }

    /// Starts the program with this database and waits until it is ready.
    pub async fn on(folder: TempDir, database_url: String) -> Self {
        let program = Self::unready(folder, database_url).await;
        program.until_ready().await;
        program
    }

    /// Starts the program with this database and these settings.
    pub async fn with(database_url: String, variables: &[(&str, &str)]) -> Self {
        let mut program = Self::unready(tempfile::tempdir().unwrap(), database_url).await;
        program.kill();
        let owned = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
        program.variables = variables.iter().map(owned).collect();
        program.start_again().await;
        program
    }

    /// Starts the program with this database, without waiting.
    pub async fn unready(folder: TempDir, database_url: String) -> Self {
        let held = Port::held();
        let port = held.number;
        let inbox = Inbox::start().await;
        let mut program = Program {
            folder,
            database_url,
            port,
            _held: held,
            public_port: port,
            inbox,
            child: None,
            variables: Vec::new(),
        };
        program.spawn();
        program
    }

    /// Starts another instance on the same database, mail server and public URL, without waiting.
    pub fn beside(&self) -> Self {
        let (folder, database_url) = (tempfile::tempdir().unwrap(), self.database_url.clone());
        let (held, public_port, inbox) = (Port::held(), self.public_port, self.inbox.clone());
        let (port, variables) = (held.number, self.variables.clone());
        let mut program = Program {
            folder,
            database_url,
            port,
            _held: held,
            public_port,
            inbox,
            child: None,
            variables,
        };
        program.spawn();
        program
    }

    pub async fn start_again(&mut self) {
        self.spawn();
        self.until_ready().await;
    }

    fn spawn(&mut self) {
        let config = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("Leptos.toml");
        let child = Command::new(env!("CARGO_BIN_EXE_latchkey"))
            .current_dir(self.folder.path())
            .env_clear()
            .env("DATABASE_URL", &self.database_url)
            .env("SMTP_URL", self.inbox.smtp_url())
            .env("SESSION_JWT_SECRET", SECRET)
            .env("LATCHKEY_CONFIG", config)
            .env("LATCHKEY_PUBLIC_URL", format!("http://localhost:{}", self.public_port))
            .env("LEPTOS_SITE_ADDR", format!("127.0.0.1:{}", self.port))
            .env("RUST_LOG", "off")
            .envs(self.variables.iter().cloned())
            .stderr(Stdio::null())
            .spawn();
        self.child = Some(child.unwrap());
    }

    pub async fn until_ready(&self) {
        self.until_status("/readyz", 200).await;
    }

    /// Waits until a path answers with this status.
    pub async fn until_status(&self, path: &str, status: u16) {
        for _ in 0..800 {
            let answer = client().get(format!("http://localhost:{}{path}", self.port)).send().await;
            if answer.is_ok_and(|answer| answer.status() == status) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{path} did not answer {status}");
    }

    pub fn signal(&mut self, signal: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Kills the program as `kill -9` does: nothing is finished, nothing is written.
    pub fn kill(&mut self) {
        self.signal("-KILL");
        self.child.take().unwrap().wait().unwrap();
    }

    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    pub fn browser(&self) -> Browser {
        Browser::new(&self.url())
    }

    /// The link of a mail, as a proxy in front would pass it to this instance.
    pub fn here(&self, link: &str) -> String {
        link.replace(
            &format!("localhost:{}", self.public_port),
            &format!("localhost:{}", self.port),
        )
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

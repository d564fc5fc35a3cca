//! The program in production mode, as a process whose log is read.

use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use super::SECRET;

pub struct Teller {
    child: Child,
    lines: Receiver<Value>,
}

impl Teller {
    /// Starts the program in `folder` with settings that work, overridden by `variables`.
    pub fn start(folder: &Path, variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
        command
            .current_dir(folder)
            .env_clear()
            .envs([
                ("LATCHKEY_ENV", "production"),
                ("LATCHKEY_PUBLIC_URL", "https://login.example.com"),
                ("LATCHKEY_MAIL__FROM", "no-reply@example.com"),
                ("LEPTOS_SITE_ADDR", "127.0.0.1:0"),
                ("SMTP_URL", "smtp://127.0.0.1:1"),
                ("SESSION_JWT_SECRET", SECRET),
            ])
            .env("DATABASE_URL", format!("sqlite://{}/latchkey.db", folder.display()))
            .envs(variables.iter().copied())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let (told, lines) = channel();
        thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
                if told.send(line).is_err() {
                    return;
                }
            }
        });
        Teller { child, lines }
    }

    /// Reads the log up to a line of this event, or one whose message begins with `wanted`.
    pub fn until(&self, wanted: &str) -> Value {
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(60));
            let line = line.unwrap_or_else(|_| panic!("{wanted} was not logged"));
            let fields = &line["fields"];
            let message = fields["message"].as_str().unwrap_or_default();
            if fields["event"] == wanted || message.starts_with(wanted) {
                return line;
            }
        }
    }

    /// Reads the log up to a line of text that holds `wanted`.
    pub fn said(&self, wanted: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(60));
            let line = line.unwrap_or_else(|_| panic!("{wanted} was not logged"));
            if let Some(text) = line.as_str().filter(|text| text.contains(wanted)) {
                return text.to_owned();
            }
        }
    }

    /// The address it listens on.
    pub fn address(&self) -> String {
        let line = self.until("latchkey ");
        let message = line["fields"]["message"].as_str().unwrap();
        let address = message.split_once("listens on ").unwrap().1;
        address.split(';').next().unwrap().to_owned()
    }

    pub fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Waits for it to end by itself and returns its exit code.
    pub fn ended(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

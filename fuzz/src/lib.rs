//! Shared code of the targets that talk to the whole server.

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
};
use latchkey::server::{
    commands::serve::Server as Program,
    config::{Settings, Source, Variables, transports::MailTransport},
    ground::{clock::Clock, random::Random},
};
use leptos::config::LeptosOptions;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt;

pub const SECRET: &str = "Zk3vQ9x7Lw2mN8rT5yB1cD4fGh6jK0pS";

/// The server with a database of its own, called directly, without a network.
pub struct Server {
    runtime: Runtime,
    router: Router,
    _folder: TempDir,
}

impl Server {
    pub fn start() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let folder = tempfile::tempdir().expect("a folder");
        let roomy = [
            "MAILS_PER_MINUTE",
            "MAILS_PER_HOUR",
            "CODE_FAILURES_PER_HOUR",
            "CODE_FAILURES_PER_DAY",
        ];
        let mut variables: Variables =
            roomy.map(|name| (format!("LATCHKEY_LIMITS__{name}"), "1000".to_owned())).into();
        for name in ["SENDS_PER_MINUTE", "VERIFIES_PER_MINUTE"] {
            variables.insert(format!("LATCHKEY_LIMITS__{name}"), "1000000".to_owned());
        }
        let source = Source { path: None, variables };
        let settings = Settings {
            production: false,
            database_url: format!("sqlite://{}", folder.path().join("latchkey.db").display()),
            // Nothing listens there, so mails wait.
            transports: vec![MailTransport::of_smtp_url("smtp://127.0.0.1:1")],
            from: "no-reply@example.com".parse().expect("a mailbox"),
            secrets: vec![SECRET.to_owned()],
            public_url: "http://localhost:3000".parse().expect("a URL"),
            metrics_token: None,
            policy: source.policy().expect("a policy"),
            source,
            leptos: LeptosOptions::builder().output_name("latchkey").build(),
        };
        let router = runtime.block_on(async {
            let server =
                Program::build(settings, Clock::System, Random::System).await.expect("a server");
            let router = server.router.clone();
            std::mem::forget(server); // keeps its workers running until the process ends
            router
        });
        Server { runtime, router, _folder: folder }
    }

    /// Returns the status of the answer to a request.
    pub fn answer(&self, request: Request<Body>) -> StatusCode {
        let answer = self.runtime.block_on(self.router.clone().oneshot(request));
        answer.expect("a router answers always").status()
    }
}

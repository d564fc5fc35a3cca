//! The program: reads its arguments and configuration, serves, and drains when told to stop.

use clap::{Parser, Subcommand};
use latchkey::server::{
    clock::Clock,
    config::Settings,
    random::Random,
    serve::{ServeError, Server, listen},
    telemetry,
};
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// Passwordless sign-in that a team owns: a magic link with a code fallback, in one server.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve (what happens without a command, too). Settings come from Leptos.toml and the environment.
    Serve,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    let outcome = match command {
        None | Some(Command::Serve) => serve().await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("latchkey: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

async fn serve() -> Result<(), ServeError> {
    let settings = Settings::load(&std::env::vars().collect())?;
    telemetry::init(settings.production);
    let listener = listen(settings.leptos.site_addr).await?;
    let (public_url, dev_mailbox) = (settings.public_url.clone(), settings.smtp_url.is_none());
    let server = Server::build(settings, Clock::System, Random::System).await?;
    tracing::info!("sign-in page: {public_url}/login");
    if dev_mailbox {
        tracing::info!("no SMTP_URL: mails go to {public_url}/dev/mailbox");
    }
    let mut terminate = signal(SignalKind::terminate())?;
    let shutdown = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    server.serve(listener, shutdown).await
}

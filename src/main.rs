//! The program: reads its arguments and configuration, and serves until it is told to stop, or does
//! one thing for an operator.

use clap::{Parser, Subcommand};
use latchkey::server::{
    check::check,
    clock::Clock,
    config::{Settings, of_process},
    mail::{letter::test_mail, smtp::Smtp, transport::Transport},
    operator,
    random::Random,
    serve::{self, ServeError, Server, listen},
    sign_in::address::Address,
    store::{Store, name_of},
    telemetry,
};
use std::{error::Error, process::ExitCode};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

/// The sign-in page costs a sixth less CPU than with glibc's (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Passwordless sign-in that a team owns: a magic link with a code fallback, in one server.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve (what happens without a command, too). Settings come from Leptos.toml and the
    /// environment.
    Serve,
    /// Look at the configuration, the database, the mail server and the rest, and say what is wrong
    /// and what to do.
    Check,
    /// Make the tables that the database lacks, by database.migrate_url where there is one: who
    /// serves then needs no right to.
    Migrate,
    /// Send a mail that says that mails arrive.
    SendTestMail { email: String },
    /// Sessions of a user.
    #[command(subcommand)]
    Sessions(Sessions),
    /// Users.
    #[command(subcommand)]
    Users(Users),
}

#[derive(Subcommand)]
enum Sessions {
    /// End all sessions of who has this address.
    Revoke { email: String },
}

#[derive(Subcommand)]
enum Users {
    /// Keep an address out: its sessions end, it gets no mails, and it cannot sign up.
    Disable { email: String },
    /// Let an address in again.
    Enable { email: String },
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    match run(command.unwrap_or(Command::Serve)).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("latchkey: {error}");
            ExitCode::from(error.downcast_ref::<ServeError>().map_or(1, ServeError::exit_code))
        }
    }
}

async fn run(command: Command) -> Result<ExitCode, Box<dyn Error>> {
    let variables = of_process(std::env::vars_os()).map_err(ServeError::from)?;
    let settings = Settings::load(&variables).map_err(ServeError::from)?;
    if !matches!(command, Command::Serve) {
        telemetry::init(false, settings.log_filter(), telemetry::COMMAND);
    }
    match command {
        Command::Serve => serve(settings).await?,
        Command::Check => {
            return Ok(if check(&settings, &Clock::System).await {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
        Command::Migrate => {
            let (url, limits) = (&settings.database_url, &settings.policy.database);
            match Store::migrate(url, limits).await.map_err(ServeError::from)? {
                0 => println!("there was nothing to migrate"),
                1 => println!("1 migration was made"),
                many => println!("{many} migrations were made"),
            }
        }
        Command::SendTestMail { email } => send_test_mail(&settings, &email).await?,
        Command::Sessions(Sessions::Revoke { email }) => {
            let core = serve::open_alone(&settings).await?;
            match operator::revoke_sessions(&core, &email).await? {
                1 => println!("1 session of {email} has ended"),
                many => println!("{many} sessions of {email} have ended"),
            }
        }
        Command::Users(Users::Disable { email }) => {
            operator::disable(&serve::open_alone(&settings).await?, &email).await?;
            println!("{email} is kept out");
        }
        Command::Users(Users::Enable { email }) => {
            operator::enable(&serve::open_alone(&settings).await?, &email).await?;
            println!("{email} may sign in");
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn serve(settings: Settings) -> Result<(), ServeError> {
    telemetry::init(settings.production, settings.log_filter(), telemetry::SERVER);
    // From the first moment it ends nothing; what it asks for is heard once the policy is watched.
    let _hangups = signal(SignalKind::hangup())?;
    let listener = listen(settings.leptos.site_addr).await?;
    let settings = settings.listening_on(listener.local_addr()?)?;
    let (public_url, dev_mailbox) = (settings.public_url.clone(), settings.smtp_url.is_none());
    let (address, database) = (settings.leptos.site_addr, name_of(&settings.database_url));
    let server = Server::build(settings, Clock::System, Random::System).await?;
    tracing::info!("latchkey {} listens on {address}; {database}", env!("CARGO_PKG_VERSION"));
    tracing::info!("secrets: {}", server.core.keys.fingerprints());
    tracing::info!("sign-in page: {public_url}/login");
    if dev_mailbox {
        tracing::info!("no SMTP_URL: mails go to {public_url}/dev/mailbox");
    }
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut told = async || {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let (first, stop) = oneshot::channel();
    let told_twice = async {
        told().await;
        let _ = first.send(());
        told().await;
    };
    let shutdown = async {
        let _ = stop.await;
    };
    tokio::select! {
        served = server.serve(listener, shutdown) => served,
        () = told_twice => {
            tracing::warn!("told twice to stop: at once; mails in hand stay in the outbox");
            std::process::exit(1)
        }
    }
}

async fn send_test_mail(settings: &Settings, email: &str) -> Result<(), Box<dyn Error>> {
    let address = Address::parse(email)?;
    let url = settings
        .smtp_url
        .as_deref()
        .ok_or("SMTP_URL is not set: there is no mail server to send it to")?;
    let mail = test_mail(
        &Random::System.id()?,
        address.as_str(),
        &settings.policy.brand.name,
        &settings.from,
        &settings.public_url,
    )?;
    let smtp = Smtp::new(url, &settings.policy.mail, &settings.public_url, Clock::System);
    let smtp = Transport::Smtp(Box::new(smtp.map_err(ServeError::from)?));
    let sent = smtp.send(mail).await;
    sent.map_err(|refusal| format!("the mail server did not take it: {refusal}"))?;
    println!("the mail server took a mail to {email}");
    Ok(())
}

//! The program: reads its arguments and configuration, then serves until it is told to stop, or
//! runs one command for an operator.

use clap::{Parser, Subcommand};
use latchkey::server::{
    auth::Auth,
    commands::{
        apps, audit, bounce,
        check::check,
        desk, dkim, keys, outbox, policy,
        serve::{self, ServeError, Server, listen},
        suppressions, test_mail, users,
    },
    config::{Settings, of_process},
    ground::{clock::Clock, logging, random::Random},
    mail::amazon::Amazon,
    store::{Store, name_of},
};
use std::{error::Error, net::SocketAddr, path::Path, process::ExitCode};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

/// Saves a sixth of the sign-in page's CPU time over glibc's allocator (docs/performance.md).
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
    /// Run the server (the default without a command). Settings come from Leptos.toml and the
    /// environment.
    Serve,
    /// Check the configuration, the database, the mail server, the DNS records of the sender and
    /// the rest, and report what is wrong and how to fix it.
    Check {
        /// Address and port of the DNS server to ask, in place of this machine's.
        #[arg(long, hide = true)]
        dns: Option<SocketAddr>,
    },
    /// Create the tables that the database lacks, through database.migrate_url if it is set: the
    /// server's own role then needs no right to create tables.
    Migrate,
    /// Send a test mail by every transport, or by one of them, to see that mails arrive.
    SendTestMail {
        email: String,
        /// Name of a transport.
        #[arg(long)]
        by: Option<String>,
    },
    /// Manage the operators of the desk.
    #[command(subcommand)]
    Desk(desk::Desk),
    /// Manage the keys that sign mails (DKIM): what is printed goes into the policy file and the
    /// DNS by hand.
    #[command(subcommand)]
    Dkim(dkim::Commands),
    /// Read a mail that came back from standard input: the mail server pipes it there.
    Bounce {
        /// Address that the mail server delivered it to.
        #[arg(long)]
        to: Option<String>,
    },
    /// Manage mails that wait to be sent.
    #[command(subcommand)]
    Outbox(outbox::Outbox),
    /// Manage the addresses that get no mail because earlier ones came back.
    #[command(subcommand)]
    Suppressions(suppressions::Suppressions),
    /// Manage the sessions of users.
    #[command(subcommand)]
    Sessions(users::Sessions),
    /// Manage users.
    #[command(subcommand)]
    Users(users::Users),
    /// Manage the apps of the policy: what is printed goes into the file by hand.
    #[command(subcommand)]
    Apps(apps::Apps),
    /// Manage the keys that sign tokens for apps.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Show what of the policy is in force, and the operators' overrides, and take these back.
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// Read and verify the audit events.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Copy an SQLite database into a new file, while the server runs.
    Backup { file: String },
}

/// Exit code at which a mail server keeps a mail, and pipes it to us again later (EX_TEMPFAIL of
/// sysexits.h). After any other but 0 it would give a report up.
const AGAIN: u8 = 75;

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    let is_piped = matches!(command, Some(Command::Bounce { .. }));
    match run(command.unwrap_or(Command::Serve)).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("latchkey: {error}");
            let code = error.downcast_ref::<ServeError>().map_or(1, ServeError::exit_code);
            ExitCode::from(if is_piped { AGAIN } else { code })
        }
    }
}

async fn run(command: Command) -> Result<ExitCode, Box<dyn Error>> {
    let variables = of_process(std::env::vars_os()).map_err(ServeError::from)?;
    let settings = Settings::load(&variables).map_err(ServeError::from)?;
    if !matches!(command, Command::Serve) {
        logging::init(false, settings.log_filter(), logging::COMMAND);
    }
    match command {
        Command::Serve => serve(settings).await?,
        Command::Check { dns } => {
            return Ok(if check(&settings, &Clock::System, dns).await {
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
        Command::SendTestMail { email, by } => {
            test_mail::send(&settings, &email, by.as_deref()).await?
        }
        Command::Desk(command) => desk::run(&alone(&settings).await?, command).await?,
        Command::Dkim(command) => dkim::run(&settings, &Random::System, command)?,
        Command::Bounce { to } => {
            bounce::run(&alone(&settings).await?, std::io::stdin(), to.as_deref()).await?
        }
        Command::Outbox(command) => outbox::run(&alone(&settings).await?, command).await?,
        Command::Suppressions(command) => {
            suppressions::run(&settings, &alone(&settings).await?, command).await?
        }
        Command::Sessions(command) => {
            users::run_sessions(&alone(&settings).await?, command).await?
        }
        Command::Users(command) => return users::run(&alone(&settings).await?, command).await,
        Command::Apps(command) => apps::run(&settings.policy, &Random::System, command)?,
        Command::Keys(command) => keys::run(alone(&settings).await?, command).await?,
        Command::Policy(command) => policy::run(&alone(&settings).await?, command).await?,
        Command::Audit(command) => return audit::run(&alone(&settings).await?, command).await,
        Command::Backup { file } => back_up(&settings, &file).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens what a command needs, and prints which database it acts on.
async fn alone(settings: &Settings) -> Result<Auth, ServeError> {
    let auth = serve::open_alone(settings).await?;
    eprintln!("latchkey: {}", name_of(&settings.database_url));
    Ok(auth)
}

async fn back_up(settings: &Settings, file: &str) -> Result<(), Box<dyn Error>> {
    // A backup does not need the tables that a newer program would add.
    let store = Store::connect_existing(&settings.database_url, &settings.policy.database);
    let store = store.await.map_err(ServeError::from)?;
    let size = store.back_up(Path::new(file)).await?;
    store.close().await;
    println!("{size} bytes of {} are in {file}", name_of(&settings.database_url));
    Ok(())
}

async fn serve(settings: Settings) -> Result<(), ServeError> {
    logging::init(settings.production, settings.log_filter(), logging::SERVER);
    // From here on SIGHUP does not end the process. The reload it asks for starts to work once the
    // policy file is watched.
    let _hangups = signal(SignalKind::hangup())?;
    let listener = listen(settings.leptos.site_addr).await?;
    let settings = settings.listening_on(listener.local_addr()?)?;
    let (public_url, dev_mailbox) = (settings.public_url.clone(), settings.transports.is_empty());
    let (redirect, lmtp) =
        (settings.policy.server.redirect_listen, settings.policy.mail.lmtp_listen);
    let desk = settings.policy.desk.listen;
    let (address, database) = (settings.leptos.site_addr, name_of(&settings.database_url));
    let server = Server::build(settings, Clock::System, Random::System, Amazon::default()).await?;
    tracing::info!("latchkey {} listens on {address}; {database}", env!("CARGO_PKG_VERSION"));
    tracing::info!("secrets: {}", server.auth.keys.fingerprints());
    tracing::info!("sign-in page: {public_url}/login");
    if let Some(address) = redirect {
        tracing::info!("{address} leads to {public_url}");
    }
    if let Some(address) = desk {
        tracing::info!("{address} is the address of the desk");
    }
    if let Some(address) = lmtp {
        tracing::info!("{address} takes mails that come back (LMTP)");
    }
    if dev_mailbox {
        tracing::info!("no mail server is set: mails go to {public_url}/dev/mailbox");
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

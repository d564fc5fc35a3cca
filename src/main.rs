//! The program: reads its arguments and configuration, then serves until it is told to stop, or
//! runs one command for an operator.

use clap::{Args, Parser, Subcommand};
use latchkey::server::{
    apps::keys::KeyRing,
    auth::Auth,
    commands::{
        apps,
        check::check,
        operator::{
            self,
            addresses::{Found, of_text},
            export::{self, ExportError, Wanted},
        },
        outbox,
        serve::{self, ServeError, Server, listen},
    },
    config::{Settings, of_process},
    ground::{
        clock::{Clock, Millis},
        logging,
        random::Random,
    },
    mail::{compose::test_mail, smtp::Smtp, transport::Transport},
    store::{Store, name_of},
    values::address::Address,
};
use std::{
    error::Error,
    io::{self, BufWriter, ErrorKind, Read, Stdout},
    path::Path,
    process::ExitCode,
    sync::Arc,
};
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
    /// Check the configuration, the database, the mail server and the rest, and report what is
    /// wrong and how to fix it.
    Check,
    /// Create the tables that the database lacks, through database.migrate_url if it is set: the
    /// server's own role then needs no right to create tables.
    Migrate,
    /// Send a test mail, to see that mails arrive.
    SendTestMail { email: String },
    /// Manage mails that wait to be sent.
    #[command(subcommand)]
    Outbox(Outbox),
    /// Manage the sessions of users.
    #[command(subcommand)]
    Sessions(Sessions),
    /// Manage users.
    #[command(subcommand)]
    Users(Users),
    /// Manage the apps of the policy: what is printed goes into the file by hand.
    #[command(subcommand)]
    Apps(AppsCommand),
    /// Manage the keys that sign tokens for apps.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Read the audit events.
    #[command(subcommand)]
    Audit(Audit),
    /// Copy an SQLite database into a new file, while the server runs.
    Backup { file: String },
}

#[derive(Subcommand)]
enum Outbox {
    /// List the waiting mails, and why each one waits.
    List,
    /// Retry waiting mails now.
    Retry(Which),
    /// Give up waiting mails: their content is wiped, and they are never sent.
    Drop(Which),
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// Id of one mail, as in the list.
    id: Option<String>,
    /// All mails.
    #[arg(long)]
    all: bool,
}

impl From<Which> for outbox::Which {
    fn from(which: Which) -> Self {
        which.id.map_or(outbox::Which::All, outbox::Which::One)
    }
}

#[derive(Subcommand)]
enum Sessions {
    /// End all sessions of the user with this address, or with --all those of all users.
    Revoke {
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        email: Option<String>,
        #[arg(long)]
        all: bool,
    },
}

#[derive(Subcommand)]
enum Users {
    /// Add users with these addresses, for a server whose sign-up is closed.
    Add {
        #[arg(required = true)]
        emails: Vec<String>,
    },
    /// Add users with the addresses in a file (or - for standard input): one per line, or a CSV.
    Import { file: String },
    /// List all users as CSV, or with --kept-out all bans.
    List {
        #[arg(long)]
        kept_out: bool,
    },
    /// Delete a user and everything that is theirs.
    Delete { email: String },
    /// Ban an address: its sessions end, it gets no mails, and it cannot sign up.
    Disable { email: String },
    /// Lift the ban of an address.
    Enable { email: String },
}

#[derive(Subcommand)]
enum AppsCommand {
    /// Print the entry of a new app, and its secret.
    Add {
        id: String,
        /// Name that people see.
        #[arg(long)]
        name: Option<String>,
        /// URI that the browser is sent back to. Can be given several times.
        #[arg(long = "redirect-uri", required = true)]
        redirect_uris: Vec<String>,
        /// The app can keep no secret: it runs in a browser or on a phone.
        #[arg(long)]
        public: bool,
    },
    /// Print a further secret for an app.
    Rotate { id: String },
    /// Check the apps of the policy, and list them.
    Check,
}

#[derive(Subcommand)]
enum KeysCommand {
    /// List the keys, and what each is for.
    List,
    /// Add the next key: it is published now and signs in an hour.
    Rotate {
        /// It signs at once, after a leak: apps refuse its tokens until they have read the keys
        /// again.
        #[arg(long)]
        now: bool,
    },
}

#[derive(Subcommand)]
enum Audit {
    /// Export events, one JSON object per line. Times are given like 2026-01-31,
    /// 2026-01-31T12:00:00Z, 12h or 7d (ago).
    Export {
        #[arg(long, default_value = "1970-01-01")]
        since: String,
        #[arg(long)]
        until: Option<String>,
        /// Export only the events of this address.
        #[arg(long)]
        address: Option<String>,
        /// Export only events of this name, like auth.failed. Can be given several times.
        #[arg(long)]
        event: Vec<String>,
    },
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
        logging::init(false, settings.log_filter(), logging::COMMAND);
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
        Command::Outbox(command) => outbox(&alone(&settings).await?, command).await?,
        Command::Sessions(command) => sessions(&alone(&settings).await?, command).await?,
        Command::Users(command) => return users(&alone(&settings).await?, command).await,
        Command::Apps(command) => apps(&settings, command)?,
        Command::Keys(command) => keys(alone(&settings).await?, command).await?,
        Command::Audit(command) => audit(&alone(&settings).await?, command).await?,
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

async fn sessions(auth: &Auth, command: Sessions) -> Result<(), Box<dyn Error>> {
    let Sessions::Revoke { email, .. } = command;
    let (ended, whose) = match &email {
        Some(email) => (operator::revoke_sessions(auth, email).await?, email.as_str()),
        None => (operator::revoke_everybody(auth).await?, "everybody"),
    };
    match ended {
        1 => println!("1 session of {whose} has ended"),
        many => println!("{many} sessions of {whose} have ended"),
    }
    Ok(())
}

async fn users(auth: &Auth, command: Users) -> Result<ExitCode, Box<dyn Error>> {
    match command {
        Users::Add { emails } => return add(auth, of_text(emails.join("\n").as_bytes())).await,
        Users::Import { file } => {
            let text = match file.as_str() {
                "-" => {
                    let mut text = Vec::new();
                    io::stdin().read_to_end(&mut text).map(|_| text)
                }
                file => std::fs::read(file),
            };
            let text = text.map_err(|error| format!("{file} cannot be read: {error}"))?;
            return add(auth, of_text(&text)).await;
        }
        Users::List { kept_out: false } => written(operator::list(auth, &mut out()).await)?,
        Users::List { kept_out: true } => written(operator::list_bans(auth, &mut out()).await)?,
        Users::Delete { email } => {
            operator::delete(auth, &email).await?;
            println!("{email} is a user no more");
        }
        Users::Disable { email } => {
            operator::disable(auth, &email).await?;
            println!("{email} is kept out");
        }
        Users::Enable { email } => {
            operator::enable(auth, &email).await?;
            println!("{email} may sign in");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Adds the addresses that are valid, and reports each line that holds none.
async fn add(auth: &Auth, found: Vec<Found>) -> Result<ExitCode, Box<dyn Error>> {
    let (mut addresses, mut bad) = (Vec::new(), 0);
    for (line, found) in found {
        match found {
            Ok(address) => addresses.push(address),
            Err(why) => {
                eprintln!("line {line}: {why}");
                bad += 1;
            }
        }
    }
    let there = addresses.len() as u64;
    let added = operator::add(auth, addresses).await?;
    println!("{added} added, {} there before, {bad} not taken", there - added);
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn apps(settings: &Settings, command: AppsCommand) -> Result<(), Box<dyn Error>> {
    let policy = &settings.policy;
    match command {
        AppsCommand::Add { id, name, redirect_uris, public } => {
            let random = &Random::System;
            let said = apps::add(policy, random, &id, name.as_deref(), &redirect_uris, public)?;
            print!("{said}");
        }
        AppsCommand::Rotate { id } => {
            print!("{}", apps::rotate_secret(policy, &Random::System, &id)?)
        }
        AppsCommand::Check => apps::list(policy).iter().for_each(|line| println!("{line}")),
    }
    Ok(())
}

async fn keys(auth: Auth, command: KeysCommand) -> Result<(), Box<dyn Error>> {
    let now = auth.clock.now();
    let keys = KeyRing::new(Arc::new(auth));
    let lines = match command {
        KeysCommand::List => apps::list_keys(&keys, now).await?,
        KeysCommand::Rotate { now: at_once } => apps::rotate_keys(&keys, now, at_once).await?,
    };
    lines.iter().for_each(|line| println!("{line}"));
    Ok(())
}

async fn audit(auth: &Auth, command: Audit) -> Result<(), Box<dyn Error>> {
    let Audit::Export { since, until, address, event } = command;
    let now = auth.clock.now();
    let wanted = Wanted {
        since: export::time(&since, now)?,
        until: until.map_or(Ok(Millis::MAX), |until| export::time(&until, now))?,
        address: address.as_deref().map(Address::parse).transpose()?,
        events: event,
    };
    written(export::write(auth, &wanted, &mut out()).await)
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

/// Standard output, buffered for many lines.
fn out() -> BufWriter<Stdout> {
    BufWriter::new(io::stdout())
}

/// Treats a closed pipe as success: a reader that stops early (`| head`) has what it wanted.
fn written<T>(outcome: Result<T, ExportError>) -> Result<(), Box<dyn Error>> {
    match outcome {
        Err(ExportError::Io(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        outcome => Ok(outcome.map(drop)?),
    }
}

async fn serve(settings: Settings) -> Result<(), ServeError> {
    logging::init(settings.production, settings.log_filter(), logging::SERVER);
    // From here on SIGHUP does not end the process. The reload it asks for starts to work once the
    // policy file is watched.
    let _hangups = signal(SignalKind::hangup())?;
    let listener = listen(settings.leptos.site_addr).await?;
    let settings = settings.listening_on(listener.local_addr()?)?;
    let (public_url, dev_mailbox) = (settings.public_url.clone(), settings.smtp_url.is_none());
    let (address, database) = (settings.leptos.site_addr, name_of(&settings.database_url));
    let server = Server::build(settings, Clock::System, Random::System).await?;
    tracing::info!("latchkey {} listens on {address}; {database}", env!("CARGO_PKG_VERSION"));
    tracing::info!("secrets: {}", server.auth.keys.fingerprints());
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

async fn outbox(auth: &Auth, command: Outbox) -> Result<(), Box<dyn Error>> {
    let (done, mails) = match command {
        Outbox::List => {
            outbox::list(auth).await?.iter().for_each(|line| println!("{line}"));
            return Ok(());
        }
        Outbox::Retry(which) => ("due now", outbox::retry(auth, &which.into()).await?),
        Outbox::Drop(which) => ("given up", outbox::give_up(auth, &which.into()).await?),
    };
    println!(
        "{mails} {}",
        if mails == 1 { format!("mail is {done}") } else { format!("mails are {done}") }
    );
    Ok(())
}

async fn send_test_mail(settings: &Settings, email: &str) -> Result<(), Box<dyn Error>> {
    let address = Address::parse(email)?;
    let url = settings
        .smtp_url
        .as_deref()
        .ok_or("SMTP_URL is not set: there is no mail server to send it to")?;
    let mail = test_mail(
        &Random::System.id()?,
        &address,
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

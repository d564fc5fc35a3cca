//! Builds the server and runs it.

use axum::{Extension, Router};
use std::{
    fmt::Display,
    future::Future,
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    net::TcpListener,
    sync::watch,
    task::{AbortHandle, JoinHandle},
};

use super::team_users;
use crate::server::{
    apps::Apps,
    auth::{Auth, test_people, worker_queue::WorkerQueue},
    config::{ConfigError, Policy, Settings},
    ground::{clock::Clock, keys::Keys, metrics, random::Random},
    http::{
        assets::Assets,
        certificate::Files,
        cookies::Cookies,
        desk_door::AtDesk,
        listener::Listener,
        readiness::Readiness,
        redirect,
        request_reader::RequestReader,
        serving,
        state::{AppParts, AppState},
        tls::Tls,
    },
    mail::{
        amazon::Amazon,
        dev_mailbox::DevMailbox,
        dkim::Dkim,
        hooks::Hooks,
        templates::{TemplateError, Templates},
        transports::Transports,
    },
    store::{MapError, OpenError, Store, TeamUsers},
    web::router::router,
    workers::{
        certificate, housekeeping, ledger, lmtp, logouts, outbox::Outbox, overrides, policy_file,
    },
};

/// Time that answers and mails in progress have to finish, once the server stops.
const DRAIN: Duration = Duration::from_secs(9);

/// Most connections at once to the desk's own address.
const DESK_CONNECTIONS: u32 = 256;

/// Reason why the server did not start or did not go on: one sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Store(#[from] OpenError),
    #[error(transparent)]
    TeamUsers(#[from] MapError),
    #[error(transparent)]
    Templates(#[from] TemplateError),
    #[error("{address} cannot be listened on: {error}. Stop what uses it, or set {setting}.")]
    Listen { address: String, error: io::Error, setting: &'static str },
    #[error("The server stopped: {0}.")]
    Io(#[from] io::Error),
}

impl ServeError {
    /// Returns 2 for a mistake in the configuration, 1 for anything else.
    pub fn exit_code(&self) -> u8 {
        match self {
            ServeError::Config(_)
            | ServeError::TeamUsers(_)
            | ServeError::Templates(_)
            | ServeError::Store(OpenError::Url { .. }) => 2,
            _ => 1,
        }
    }
}

/// A server that is ready: its routes, and its running workers.
#[derive(Debug)]
pub struct Server {
    pub router: Router,
    pub auth: Arc<Auth>,
    state: AppState,
    stop: watch::Sender<bool>,
    worker: JoinHandle<()>,
    logouts: JoinHandle<()>,
    policy_watch: JoinHandle<()>,
    override_watch: JoinHandle<()>,
    housekeeping: JoinHandle<()>,
    ledger: JoinHandle<()>,
    doors: Doors,
}

/// TLS of the server, if it speaks it, and the listeners of the address that leads to it, of the
/// address for mails that come back, and of that of the desk.
#[derive(Debug, Default)]
struct Doors {
    tls: Option<Tls>,
    redirect: Option<TcpListener>,
    lmtp: Option<TcpListener>,
    desk: Option<TcpListener>,
    certificate_watch: Option<JoinHandle<()>>,
}

impl Doors {
    /// Reads the certificate that `policy` names, and listens on its further addresses.
    async fn open(
        policy: &Policy,
        clock: &Clock,
        stop: watch::Receiver<bool>,
    ) -> Result<Self, ServeError> {
        let listen = async |address: Option<SocketAddr>, setting| match address {
            Some(address) => listen_for(address, setting).await.map(Some),
            None => Ok(None),
        };
        let lmtp = listen(policy.mail.lmtp_listen, "mail.lmtp_listen").await?;
        let desk = listen(policy.desk.listen, "desk.listen").await?;
        let server = &policy.server;
        let Some(files) = Files::of(server) else {
            return Ok(Doors { lmtp, desk, ..Doors::default() });
        };
        let pem = files.read()?;
        let tls = Tls::new(files.parse(&pem)?)?;
        let redirect = listen(server.redirect_listen, "server.redirect_listen").await?;
        let watch = certificate::watch(tls.clone(), files, pem, clock.clone(), stop);
        Ok(Doors { tls: Some(tls), redirect, lmtp, desk, certificate_watch: Some(watch) })
    }
}

impl Server {
    /// Opens the database, migrates it, and starts the outbox worker. The caller provides clock and
    /// randomness, and the way to Amazon, whose certificates verify what SES reports.
    pub async fn build(
        settings: Settings,
        clock: Clock,
        random: Random,
        amazon: Amazon,
    ) -> Result<Self, ServeError> {
        let templates = Arc::new(Templates::of_policy(&settings.policy, &settings.public_url)?);
        metrics::init(&clock);
        let dkim = Arc::new(Dkim::open(&settings.policy.mail, &settings.from, clock.clone())?);
        for key in dkim.keys().iter().filter(|key| key.is_exposed()) {
            tracing::warn!(
                event = "dkim.exposed",
                "everybody on this machine may read the DKIM key {}: set its mode to 0600",
                key.path().display()
            );
        }
        let (transports, mailbox) = match settings.transports.is_empty() {
            true => {
                let mailbox =
                    DevMailbox::new(templates.clone(), settings.from.clone(), clock.clone());
                (Transports::dev(mailbox.clone(), &clock), Some(mailbox))
            }
            false => (Transports::open(&settings, &dkim, &clock)?, None),
        };
        let transports = Arc::new(transports);
        let hooks = Hooks::open(&settings.transports, amazon)?;
        let (stop, stopped) = watch::channel(false);
        let doors = Doors::open(&settings.policy, &clock, stopped.clone()).await?;
        let store = Store::open(&settings.database_url, &settings.policy.database).await?;
        let (worker_queue, jobs) =
            WorkerQueue::new(settings.policy.mail.at_once as usize, clock.clone());
        let auth = Arc::new(open(store, &settings, clock, random, worker_queue).await?);
        if let Some(replaced) = auth.take_overrides().await.map_err(io::Error::other)? {
            replaced.tell(&[]);
        }
        let taken = auth.store.take_over_leases().await.map_err(io::Error::other)?;
        if taken > 0 {
            tracing::info!(
                mails = taken,
                "mails that were in hand when the server last stopped are sent now"
            );
        }
        test_people::warn_at_start(&auth.policy());
        let Settings { from, metrics_token, source, leptos, .. } = settings;
        let cookies = Cookies::new(auth.public_url.is_https());
        let assets = Assets::find(&leptos);
        let shared = AppParts {
            auth: auth.clone(),
            apps: Arc::new(Apps::new(auth.clone())),
            leptos_options: leptos,
            assets,
            cookies,
            readiness: Readiness::default(),
            request_reader: RequestReader::default(),
            transports: transports.clone(),
            hooks,
            templates: templates.clone(),
            from: from.clone(),
            mailbox,
            metrics_token,
            is_desk_apart: doors.desk.is_some(),
            leaving: AtomicBool::new(false),
        };
        let state = AppState::new(shared);
        if auth.policy().signs_for_others() {
            // Drawn now, so that the first app need not wait for its keys.
            let state = state.clone();
            tokio::spawn(async move { state.apps.keys.published().await.map(drop) });
        }
        transports.iter().for_each(|transport| auth.numbers.begin(transport.name()));
        let outbox = Outbox { auth: auth.clone(), transports, templates, from };
        let policy_watch = policy_file::watch(auth.clone(), source, stopped.clone())?;
        let override_watch = overrides::watch(auth.clone(), stopped.clone());
        let housekeeping = housekeeping::start(auth.clone(), stopped.clone());
        let ledger = ledger::start(auth.clone(), stopped.clone());
        let logouts = tokio::spawn(logouts::run(state.apps.clone(), stopped.clone()));
        let worker = tokio::spawn(Arc::new(outbox).run(jobs, stopped));
        state.readiness.needs(worker.abort_handle());
        let router = router(state.clone());
        Ok(Server {
            router,
            auth,
            state,
            stop,
            worker,
            logouts,
            policy_watch,
            override_watch,
            housekeeping,
            ledger,
            doors,
        })
    }

    /// Returns a handle that aborts the outbox worker.
    pub fn worker(&self) -> AbortHandle {
        self.worker.abort_handle()
    }

    /// Serves on `listener` until `shutdown`, then lets answers and mails in progress finish.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServeError> {
        let Server {
            router,
            auth,
            state,
            stop,
            worker,
            logouts,
            policy_watch,
            override_watch,
            housekeeping,
            ledger,
            doors: Doors { tls, redirect, lmtp, desk, certificate_watch },
        } = self;
        let told = stop.clone();
        let limits = &auth.policy().server;
        let keep_alive = Duration::from_secs(limits.keep_alive.into());
        let listener = Listener::new(listener, limits.connections, keep_alive);
        tokio::spawn(async move {
            shutdown.await;
            state.leaving.store(true, Ordering::Relaxed);
            let delay = state.auth.policy().server.drain_delay;
            tracing::info!(event = "server.leaving", delay, "/readyz says so from now on");
            tokio::time::sleep(Duration::from_secs(delay.into())).await;
            tracing::info!("stopping: answers and mails in hand are finished first");
            told.send_replace(true);
        });
        let mut stopping = stop.subscribe();
        let at_desk = desk.map(|listener| {
            let listener = Listener::new(listener, DESK_CONNECTIONS, keep_alive);
            let router = router.clone().layer(Extension(AtDesk));
            tokio::spawn(serving::serve(listener, router, tls.clone(), stop.subscribe()))
        });
        // Spawned as a task: the task of `main` runs on a thread of its own, which every connection
        // would have to wake.
        let serving = tokio::spawn(serving::serve(listener, router, tls, stop.subscribe()));
        let redirecting = redirect.map(|listener| {
            tokio::spawn(redirect::serve(listener, auth.public_url.clone(), stop.subscribe()))
        });
        let taking = lmtp
            .map(|listener| tokio::spawn(lmtp::serve(listener, auth.clone(), stop.subscribe())));
        let server = serving.abort_handle();
        let late = async {
            let _ = stopping.wait_for(|stopped| *stopped).await;
            tokio::time::sleep(DRAIN).await;
        };
        // One deadline for both: the worker stops with the server. Mails that it does not finish
        // stay in the outbox.
        let finished = async {
            let served = serving.await.map_err(io::Error::other);
            stop.send_replace(true);
            let _ = tokio::join!(worker, logouts);
            for beside in redirecting.into_iter().chain(taking).chain(at_desk) {
                let _ = beside.await;
            }
            served
        };
        tokio::select! {
            served = finished => served?,
            () = late => tracing::warn!("some answers or mails did not finish in time; the mails stay in the outbox"),
        }
        let watches = [policy_watch, override_watch, housekeeping, ledger].into_iter();
        let watches = watches.chain(certificate_watch);
        watches.for_each(|watch| watch.abort());
        server.abort();
        auth.store.close().await;
        Ok(())
    }
}

/// Builds the state that every step of a sign-in needs.
async fn open(
    store: Store,
    settings: &Settings,
    clock: Clock,
    random: Random,
    outbox: WorkerQueue,
) -> Result<Auth, ServeError> {
    let team_users = match &settings.policy.users {
        Some(users) => {
            let mapped = TeamUsers::open(users, &store, &settings.policy.database).await?;
            team_users::warn(&mapped, &users.table).await;
            Some(mapped)
        }
        None => None,
    };
    let (keys, policy, public_url) =
        (Keys::new(&settings.secrets), settings.policy.clone(), settings.public_url.clone());
    Ok(Auth::new(store, clock, random, keys, policy, public_url, team_users, outbox))
}

/// Opens the same state without a server, for an operator's commands: a mail of theirs would wait
/// in the outbox. It creates no database: a missing one means that the URL is wrong.
pub async fn open_alone(settings: &Settings) -> Result<Auth, ServeError> {
    let store = Store::attach(&settings.database_url, &settings.policy.database).await?;
    let queue = WorkerQueue::new(0, Clock::System).0;
    let auth = open(store, settings, Clock::System, Random::System, queue).await?;
    // A command acts by the policy that is in force on the servers.
    auth.take_overrides().await.map_err(io::Error::other)?;
    Ok(auth)
}

/// Binds the address that the server listens on.
pub async fn listen(
    address: impl tokio::net::ToSocketAddrs + Display,
) -> Result<TcpListener, ServeError> {
    listen_for(address, "LEPTOS_SITE_ADDR").await
}

/// Binds an address that `setting` names.
async fn listen_for(
    address: impl tokio::net::ToSocketAddrs + Display,
    setting: &'static str,
) -> Result<TcpListener, ServeError> {
    TcpListener::bind(&address).await.map_err(|error| ServeError::Listen {
        address: address.to_string(),
        error,
        setting,
    })
}

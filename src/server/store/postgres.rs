//! Connections to PostgreSQL, directly or through a pooler.

use sqlx::{
    ConnectOptions, Connection, PgConnection, Row,
    postgres::{PgConnectOptions, PgSslMode},
};
use std::time::Duration;

use super::{
    connection::Setup,
    open::{OpenError, Purpose},
    pool::Pool,
    url::Place,
};
use crate::server::{config::Database, values::public_url::is_here};

/// Seconds that an instance waits for another that migrates.
const MIGRATION_TURN: u32 = 60;

/// Longest time that finding out about a server may take.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens connections to PostgreSQL, directly or through a pooler, which is detected here.
pub async fn open(
    options: PgConnectOptions,
    limits: &Database,
    connections: usize,
    purpose: Purpose,
) -> Result<Pool<PgConnection>, OpenError> {
    let database = Place::Postgres(options.clone()).name();
    let unopened = |error| OpenError::Open { database: database.clone(), error, purpose };
    let is_far = options.get_socket().is_none() && !is_here(options.get_host());
    let mode = options.get_ssl_mode();
    if is_far && matches!(mode, PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer) {
        tracing::warn!(
            "the connection to {database} need not be encrypted: add ?sslmode=verify-full to {}",
            purpose.setting()
        );
    }
    // Poolers refuse startup parameters they do not know. We read no floating-point numbers.
    let options = options.disable_statement_logging().extra_float_digits(None);
    let found = tokio::time::timeout(PROBE_TIMEOUT, probe(&options)).await;
    let (encoding, is_shared) =
        found.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(unopened)?;
    if encoding != "UTF8" && purpose != Purpose::Read {
        return Err(OpenError::Encoding { database, encoding });
    }
    if is_shared {
        tracing::info!("{database} is behind a pooler that shares its sessions");
    }
    Pool::open(options, setup(limits, is_shared, purpose), connections).await.map_err(unopened)
}

/// Returns the encoding of a database, and whether its sessions are shared: two connections have
/// the same session, or one connection changes its session. A pooler in transaction mode gives the
/// next transaction the session that became free last; if another client was quicker, a connection
/// gets a different session than before.
async fn probe(options: &PgConnectOptions) -> sqlx::Result<(String, bool)> {
    let mut one = options.connect().await?;
    let encoding = sqlx::raw_sql("SHOW server_encoding").fetch_one(&mut one).await?.try_get(0)?;
    let first = session_of(&mut one).await?;
    let mut is_shared = false;
    // A user who is granted only one connection must not fail here.
    if let Ok(mut other) = options.connect().await {
        for _ in 0..3 {
            is_shared |= session_of(&mut other).await? == first;
            is_shared |= session_of(&mut one).await? != first;
        }
        other.close().await?;
    }
    one.close().await?;
    Ok((encoding, is_shared))
}

async fn session_of(connection: &mut PgConnection) -> sqlx::Result<i32> {
    sqlx::raw_sql("SELECT pg_backend_pid()").fetch_one(connection).await?.try_get(0)
}

/// Returns the limits of a session: set once on a session of our own, or in each transaction where
/// sessions are shared.
fn setup(limits: &Database, is_shared: bool, purpose: Purpose) -> Setup {
    let (statement, lock) = match purpose {
        Purpose::Migrate => (0, MIGRATION_TURN),
        Purpose::Serve | Purpose::Read => (limits.statement_timeout, limits.lock_timeout),
    };
    let idle = limits.idle_in_transaction_timeout;
    let settings = [
        ("statement_timeout", format!("{statement}s")),
        ("lock_timeout", format!("{lock}s")),
        ("idle_in_transaction_session_timeout", format!("{idle}s")),
    ];
    let said = |set: &str| -> String {
        settings.iter().map(|(name, value)| format!("{set} {name} = '{value}'; ")).collect()
    };
    let reads = purpose == Purpose::Read;
    let (session, begin) = if is_shared {
        let begin = if reads { "BEGIN READ ONLY" } else { "BEGIN" };
        (None, format!("{begin}; {}", said("SET LOCAL")))
    } else {
        let only = if reads { "SET default_transaction_read_only = on; " } else { "" };
        (Some(format!("{only}{}", said("SET"))), "BEGIN".to_owned())
    };
    let vanished = limits.vanished_client_timeout;
    // Older servers and some systems know only some of them.
    let at_best = [
        format!("SET tcp_keepalives_idle = {}", vanished / 2),
        format!("SET tcp_keepalives_interval = {}", (vanished / 6).max(1)),
        "SET tcp_keepalives_count = 3".to_owned(),
        format!("SET tcp_user_timeout = '{vanished}s'"),
        "SET client_connection_check_interval = '1s'".to_owned(),
    ];
    Setup {
        session,
        at_best: if is_shared { Vec::new() } else { at_best.to_vec() },
        begin,
        is_shared,
        patience: (statement > 0).then(|| Duration::from_secs(u64::from(statement) + 2)),
        ..Setup::default()
    }
}

//! PostgreSQL behind pgbouncer in transaction mode: no client keeps a database session to itself.

use serde_json::json;
use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::support::{App, Port, Program, database};

/// A pgbouncer for a single story, with two sessions for each database.
struct Pooler {
    child: Child,
    port: Port,
    folder: TempDir,
}

impl Pooler {
    /// Starts one in front of the stories' cluster; `None` where either is missing.
    async fn start(more: &str) -> Option<Self> {
        let cluster = database::postgres()?;
        let (host, port) = cluster.rsplit_once('@')?.1.split_once(':')?;
        let pooler = Pooler::at("/usr/sbin/pgbouncer", host, port, more)?;
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", pooler.port.number)).await.is_ok() {
                return Some(pooler);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("pgbouncer did not start");
    }

    fn at(program: &str, host: &str, port: &str, more: &str) -> Option<Self> {
        if !Path::new(program).exists() {
            eprintln!("not tried: there is no pgbouncer here");
            return None;
        }
        let (folder, held) = (tempfile::tempdir().unwrap(), Port::held());
        let file = folder.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host={host} port={port} user=postgres\n[pgbouncer]\n\
             listen_addr = 127.0.0.1\nlisten_port = {}\nunix_socket_dir =\nauth_type = any\n\
             pool_mode = transaction\ndefault_pool_size = 2\nmax_client_conn = 500\n{more}\n",
            held.number
        );
        fs::write(&file, text).unwrap();
        // pgbouncer refuses to run as root.
        let is_root =
            std::os::unix::fs::MetadataExt::uid(&fs::metadata("/proc/self").unwrap()) == 0;
        let mut command = Command::new(if is_root { "setpriv" } else { program });
        if is_root {
            Command::new("chown").args(["-R", "nobody"]).arg(folder.path()).status().unwrap();
            command.args(["--reuid=nobody", "--clear-groups", program]);
        }
        let child = command.arg("-q").arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
        Some(Pooler { child: child.spawn().unwrap(), port: held, folder })
    }

    fn url(&self, name: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{name}", self.port.number)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = self.folder.path();
    }
}

#[tokio::test]
async fn instances_start_migrate_and_serve_behind_a_pooler() {
    let Some(pooler) = Pooler::start("").await else { return };
    let name = database::fresh_in(&database::postgres().unwrap(), "").await;
    let url = pooler.url(&name);
    let first = Program::unready(tempfile::tempdir().unwrap(), url.clone()).await;
    let second = first.beside();
    first.until_ready().await;
    second.until_ready().await;
    drop((first, second));

    // More requests at once than there are sessions: they wait their turn.
    let app = App::with(&[("DATABASE_URL", &url)]).await;
    let sign_ins = (0..24).map(|n| format!("ada{n}@example.com"));
    let sign_ins: Vec<_> = sign_ins
        .map(|address| (app.browser(), address))
        .map(|(browser, address)| {
            tokio::spawn(async move {
                let body = json!({ "email": address });
                browser.post_json("/api/auth/send-passwordless", body).await.status
            })
        })
        .collect();
    for sign_in in sign_ins {
        assert_eq!(sign_in.await.unwrap(), 200);
    }
    let ada = app.signed_in("ada@example.com").await;
    assert_eq!(ada.get("/dashboard").await.status, 200);
    let (code, said) = app.command(&["check"]).await;
    assert!(said.contains("ok   database: PostgreSQL"), "{code}: {said}");
    let (code, said) = app.command(&["sessions", "revoke", "ada@example.com"]).await;
    assert_eq!(code, 0, "{said}");
}

#[tokio::test]
async fn the_teams_users_are_read_through_a_pooler() {
    let Some(pooler) = Pooler::start("").await else { return };
    let name = database::fresh_in(&database::postgres().unwrap(), "").await;
    let mut team = database::direct(&format!("/{name}")).await;
    let table = "CREATE TABLE people (id INT PRIMARY KEY, email TEXT UNIQUE); \
        INSERT INTO people VALUES (7, 'ada@example.com')";
    sqlx::raw_sql(table).execute(&mut team).await.unwrap();
    let app = App::with(&[
        ("LATCHKEY_AUTH__SIGN_UP", "closed"),
        ("LATCHKEY_USERS__TABLE", "people"),
        ("LATCHKEY_USERS__ID", "id"),
        ("LATCHKEY_USERS__ADDRESS", "email"),
        ("LATCHKEY_USERS__DATABASE_URL", &pooler.url(&name)),
    ])
    .await;
    app.signed_in("ada@example.com").await;
}

#[tokio::test]
async fn a_poolers_refusal_is_reported_with_the_setting_to_change() {
    let Some(pooler) = Pooler::start("").await else { return };
    let name = database::fresh_in(&database::postgres().unwrap(), "").await;
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_latchkey"))
        .current_dir(folder.path())
        .env_clear()
        .env("LEPTOS_SITE_ADDR", "127.0.0.1:0")
        .env("DATABASE_URL", format!("{}?options=-cwork_mem%3D8MB", pooler.url(&name)))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("ignore_startup_parameters"), "{said}");
}

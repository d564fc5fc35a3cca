//! A PostgreSQL cluster for a single story, to be stopped and started.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use tempfile::TempDir;

use super::Port;

pub struct Cluster {
    folder: TempDir,
    port: Port,
}

impl Cluster {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cluster = Cluster { folder, port: Port::held() };
        if is_root() {
            assert!(
                Command::new("chown")
                    .arg("nobody")
                    .arg(cluster.folder.path())
                    .status()
                    .unwrap()
                    .success()
            );
        }
        cluster.run("initdb", &["-U", "postgres", "--auth=trust", "--no-sync"]);
        cluster.start_again();
        cluster
    }

    pub fn start_again(&self) {
        let folder = self.folder.path().display();
        let options = format!(
            "-p {} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off",
            self.port.number
        );
        let log = self.folder.path().join("log");
        self.run("pg_ctl", &["-w", "-l", &log.display().to_string(), "-o", &options, "start"]);
    }

    /// Stops it at once, as a crash does.
    pub fn stop(&self) {
        self.run("pg_ctl", &["-m", "immediate", "stop"]);
    }

    /// Sends a signal to every process of it, to suspend or resume them.
    pub fn signal(&self, signal: &str) {
        let pid = std::fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        let pid = pid.lines().next().unwrap();
        assert!(Command::new("pkill").args([signal, "-P", pid]).status().unwrap().success());
        assert!(Command::new("kill").args([signal, pid]).status().unwrap().success());
    }

    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port.number)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let program = bin().join(program);
        // initdb refuses to run as root.
        let mut command = if is_root() { Command::new("runuser") } else { Command::new(&program) };
        if is_root() {
            command.args(["-u", "nobody", "--"]).arg(&program);
        }
        command.current_dir(self.folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(
            command.arg("-D").arg(self.data()).args(arguments).status().unwrap().success(),
            "{program:?}"
        );
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.stop()));
    }
}

fn is_root() -> bool {
    std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap()) == 0
}

/// The program that dumps a database.
pub fn pg_dump() -> PathBuf {
    bin().join("pg_dump")
}

/// The folder of PostgreSQL's programs: Debian does not put them in the PATH.
fn bin() -> PathBuf {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    versions.sort();
    versions.pop().unwrap_or_else(|| Path::new("/usr/bin").to_owned())
}

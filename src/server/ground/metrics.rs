//! The metrics of this process, for Prometheus.

use metrics::gauge;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::{fs, sync::OnceLock, time::Duration};

use super::clock::{Clock, SECOND};

/// Histogram buckets in seconds: from a cached page to a slow database.
const BUCKETS: [f64; 9] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];
/// Buckets in seconds from asking for a mail until a transport accepts it: from a mail server nearby
/// to a mail that was nearly given up.
const MAIL_BUCKETS: [f64; 9] = [0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 180.0, 600.0];

/// Time between two calls of [`upkeep`]. Meanwhile a flood of requests leaves some hundred
/// kilobytes of samples.
pub const UPKEEP_EVERY: Duration = Duration::from_secs(2);

fn builder() -> PrometheusBuilder {
    let seconds = Matcher::Suffix("_seconds".to_owned());
    let of_mails = Matcher::Full("latchkey_mail_seconds".to_owned());
    PrometheusBuilder::new()
        .set_buckets_for_metric(seconds, &BUCKETS)
        .and_then(|builder| builder.set_buckets_for_metric(of_mails, &MAIL_BUCKETS))
        .unwrap_or_default()
}

/// Returns the recorder of this process. The `metrics` crate allows only one.
fn recorder() -> Option<&'static PrometheusHandle> {
    static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let install = || {
        let installed = builder().install_recorder();
        installed.inspect_err(|error| tracing::error!(%error, "no metrics")).ok()
    };
    RECORDER.get_or_init(install).as_ref()
}

/// Adds the samples of histograms to their buckets. Otherwise the exporter keeps each sample, about
/// 20 bytes a request, until somebody reads `/metrics`.
pub fn upkeep() {
    if let Some(recorder) = recorder() {
        recorder.run_upkeep();
    }
}

/// Starts the metrics.
pub fn init(clock: &Clock) {
    recorder();
    gauge!("latchkey_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    gauge!("process_start_time_seconds").set(clock.now() as f64 / SECOND as f64);
}

/// Returns all metrics as text.
pub fn text() -> String {
    look_at_the_process();
    recorder().map(PrometheusHandle::render).unwrap_or_default()
}

/// Measures memory and open files on Linux; other systems do not report them.
fn look_at_the_process() {
    let field = |file: &str, name: &str| {
        let text = fs::read_to_string(file).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    };
    if let Some(kib) = field("/proc/self/status", "VmRSS:") {
        gauge!("process_resident_memory_bytes").set(kib * 1_024.0);
    }
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        gauge!("process_open_fds").set(files.count() as f64);
    }
    if let Some(most) = field("/proc/self/limits", "Max open files") {
        gauge!("process_max_fds").set(most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics::histogram;

    fn resident_pages() -> usize {
        let memory = fs::read_to_string("/proc/self/statm").unwrap();
        memory.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// Runs in a process of its own: other tests in this one take memory, too.
    #[test]
    fn samples_that_nobody_reads_are_not_kept() {
        let this = std::env::current_exe().unwrap();
        let alone =
            ["--exact", "--ignored", "server::ground::metrics::tests::three_million_samples"];
        let run = std::process::Command::new(this).args(alone).output().unwrap();
        let said = String::from_utf8_lossy(&run.stdout);
        assert!(run.status.success() && said.contains("1 passed"), "{said}");
    }

    #[test]
    #[ignore = "run by samples_that_nobody_reads_are_not_kept"]
    fn three_million_samples() {
        let recorder = builder().build_recorder();
        let (handle, before) = (recorder.handle(), resident_pages());
        ::metrics::with_local_recorder(&recorder, || {
            let samples = histogram!("request_seconds");
            for _ in 0..30 {
                (0..100_000).for_each(|_| samples.record(0.002));
                handle.run_upkeep();
            }
        });
        let grown = (resident_pages().saturating_sub(before)) * 4 / 1_024;
        assert!(grown < 30, "three million samples left {grown} MiB; kept, they are 48");
        assert!(handle.render().contains("request_seconds_count 3000000\n"));
    }
}

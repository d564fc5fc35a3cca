//! Watches the files of certificate and key: what renews them need tell nobody.
//!
//! They are read every two seconds. A watch of their folder would miss the link that certbot swaps
//! in another one, and what network file systems change. Certificate and key are replaced one after
//! the other, so a pair counts once two readings agree.

use metrics::gauge;
use std::time::Duration;
use tokio::{sync::watch, task::JoinHandle};

use crate::server::{
    config::ConfigError,
    ground::clock::{Clock, SECOND},
    http::{
        certificate::{Certificate, Files, Pem},
        tls::Tls,
    },
};

const LOOK_EVERY: Duration = Duration::from_secs(2);
const DAY: Duration = Duration::from_secs(86_400);

/// Watches `files` until `stop`. `in_force` is their content as `tls` has it.
pub fn watch(
    tls: Tls,
    files: Files,
    in_force: Pem,
    clock: Clock,
    mut stop: watch::Receiver<bool>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let (mut known, mut last) = (Ok(in_force.clone()), Ok(in_force));
        let (mut reminded, mut is_early) = (None, false);
        tell(&tls.certificate());
        loop {
            remind(&tls.certificate(), &clock, &mut reminded);
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = stop.changed() => return,
            }
            let now = read(&files).await;
            let is_new = now != known;
            if now == last && (is_new || is_early) {
                is_early = apply(&tls, &files, &now, &clock, is_new);
                known = now.clone();
                reminded = reminded.filter(|_| !is_new);
            }
            last = now;
        }
    })
}

/// Reads the files on a thread that may block.
async fn read(files: &Files) -> Result<Pem, ConfigError> {
    let files = files.clone();
    let read = tokio::task::spawn_blocking(move || files.read()).await;
    read.unwrap_or_else(|error| Err(ConfigError(error.to_string())))
}

/// Takes a pair that clients would accept, or logs why the one in force stays, if the pair is new.
/// Returns true for one that is to be tried again, because it will be valid later.
fn apply(
    tls: &Tls,
    files: &Files,
    pem: &Result<Pem, ConfigError>,
    clock: &Clock,
    is_new: bool,
) -> bool {
    let now = clock.now();
    let parsed = pem.as_ref().map_err(Clone::clone).and_then(|pem| files.parse(pem));
    let is_early = parsed.as_ref().is_ok_and(|certificate| certificate.is_early(now));
    let usable = parsed.and_then(|certificate| match certificate.fault(now) {
        None => Ok(certificate),
        Some(fault) => Err(ConfigError(format!("The new certificate {fault}."))),
    });
    match usable {
        Ok(certificate) => {
            let until = certificate.last_day();
            tell(&certificate);
            tls.replace(certificate);
            tracing::info!(event = "certificate.taken", %until);
        }
        Err(error) if is_new => tracing::error!(
            event = "certificate.rejected", %error,
            "the one in force stays: put a certificate and its own key in place, and it is taken"
        ),
        Err(_) => {}
    }
    is_early
}

fn tell(certificate: &Certificate) {
    let seconds = certificate.expires / SECOND;
    gauge!("latchkey_certificate_expires_seconds").set(seconds as f64);
}

/// Logs once a day that the certificate is to be renewed.
fn remind(certificate: &Certificate, clock: &Clock, reminded: &mut Option<Duration>) {
    let (now, passed) = (clock.now(), clock.monotonic());
    let (fault, until) = (certificate.fault(now), certificate.last_day());
    let is_due = fault.is_some() || certificate.is_near_its_end(now);
    if !is_due || reminded.is_some_and(|last| passed.saturating_sub(last) < DAY) {
        return;
    }
    *reminded = Some(passed);
    match fault {
        Some(fault) => {
            let error = format!("The certificate {fault}.");
            tracing::error!(event = "certificate.expired", %error, "browsers refuse it: renew it");
        }
        None => tracing::warn!(
            event = "certificate.expires", %until,
            "renew it; the new one is taken from its files without a restart"
        ),
    }
}

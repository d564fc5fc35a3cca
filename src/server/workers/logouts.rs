//! The logout worker: tells apps, at their `backchannel_logout_uri`, of sessions that have ended.

use futures::future::join_all;
use metrics::counter;
use reqwest::{Client, redirect::Policy};
use std::{collections::HashSet, sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinSet};

use crate::server::{
    apps::Apps,
    config::{app_values::LogoutUri, apps::App},
    ground::{
        clock::{DAY, Millis, SECOND},
        error::{Error, with_causes},
    },
    store::{LAST_WAIT, Logout},
};

/// Wait between two looks at what is due.
const POLL: Duration = Duration::from_secs(1);
/// Time that an app may take for its answer. Shorter than the lease of a logout.
const ANSWER: Duration = Duration::from_secs(10);
/// Logouts that one app is told of at once: a slow app holds up no other.
const AT_ONCE: usize = 4;
/// The first wait after an app did not take it. Each further one is twice as long, up to
/// [`LAST_WAIT`].
const FIRST_WAIT: Millis = 2 * SECOND;
/// Time after which an app is told no more: its own sessions have hardly outlived that.
const GIVES_UP: Millis = DAY;

/// Tells apps of logouts until `stop`, each app in a task of its own.
pub async fn run(apps: Arc<Apps>, mut stop: watch::Receiver<bool>) {
    let (mut tasks, mut busy) = (JoinSet::new(), HashSet::new());
    // Made when there is something to tell: it reads the machine's root certificates.
    let mut http = None;
    while !*stop.borrow() {
        match apps.auth.store.apps_to_tell(apps.auth.clock.now()).await {
            Ok(due) => {
                for id in due {
                    http = http.or_else(client);
                    let Some(http) = http.clone() else { break };
                    if busy.insert(id.clone()) {
                        tasks.spawn(tell_app(apps.clone(), http, id, stop.clone()));
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "logouts cannot be read; trying again"),
        }
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            _ = stop.changed() => {}
        }
        while let Some(ended) = tasks.try_join_next() {
            match ended {
                Ok(id) => drop(busy.remove(&id)),
                // One has panicked, and does not say which.
                Err(_) => busy.clear(),
            }
        }
    }
    // The rest stays in the table.
    while tasks.join_next().await.is_some() {}
}

/// Returns a client that follows no redirect (the token is for this app alone) and uses no proxy
/// that the environment names.
fn client() -> Option<Client> {
    let client = Client::builder().redirect(Policy::none()).timeout(ANSWER).no_proxy().build();
    client.inspect_err(|error| tracing::error!(%error, "no app can be told of logouts")).ok()
}

/// Tells one app of the logouts that are due, until `stop`, and returns its id.
async fn tell_app(
    apps: Arc<Apps>,
    http: Client,
    id: String,
    stop: watch::Receiver<bool>,
) -> String {
    let store = &apps.auth.store;
    while !*stop.borrow() {
        // An app that has left the policy, or has no endpoint for it, is told nothing.
        let app = apps.app(&id);
        let endpoint =
            app.as_ref().and_then(|app| Some((app, app.backchannel_logout_uri.as_ref()?)));
        let Some((app, uri)) = endpoint else {
            if let Err(error) = store.forget_logouts(&id).await {
                tracing::warn!(%error, app = id, "logouts cannot be deleted; trying again");
            }
            break;
        };
        let claimed = store.claim_logouts(&id, apps.auth.clock.now(), AT_ONCE).await;
        let Ok(logouts) = claimed.inspect_err(
            |error| tracing::warn!(%error, app = id, "logouts cannot be claimed; trying again"),
        ) else {
            break;
        };
        let told = logouts.iter().map(|logout| tell(&apps, &http, app, uri, logout));
        for error in join_all(told).await.into_iter().filter_map(Result::err) {
            tracing::warn!(%error, app = id, "a logout is not written down; it is told again");
        }
        if logouts.len() < AT_ONCE {
            break;
        }
    }
    id
}

/// Tells an app of a logout, and records what became of that.
async fn tell(
    apps: &Apps,
    http: &Client,
    app: &App,
    uri: &LogoutUri,
    logout: &Logout,
) -> Result<(), Error> {
    let store = &apps.auth.store;
    let now = apps.auth.clock.now();
    let (id, attempt) = (app.id.as_str(), logout.attempts);
    match send(apps, http, app, uri, logout).await {
        Ok(()) => {
            tracing::info!(event = "logout.sent", app = id, attempt);
            counter!("latchkey_logouts_total", "outcome" => "sent").increment(1);
            store.logout_ended(logout).await
        }
        Err(why) if now - logout.created_at >= GIVES_UP => {
            tracing::error!(event = "logout.failed", app = id, attempt, why, "given up");
            counter!("latchkey_logouts_total", "outcome" => "failed").increment(1);
            store.logout_ended(logout).await
        }
        Err(why) => {
            let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(0).min(10);
            let wait = (FIRST_WAIT << doublings).min(LAST_WAIT);
            tracing::warn!(event = "logout.delayed", app = id, attempt, wait, why);
            counter!("latchkey_logouts_total", "outcome" => "delayed").increment(1);
            store.logout_delayed(logout, now + wait).await
        }
    }
}

/// Posts the token. An app has taken it if it answers 200, or 204 as some frameworks do (2.8).
async fn send(
    apps: &Apps,
    http: &Client,
    app: &App,
    uri: &LogoutUri,
    logout: &Logout,
) -> Result<(), String> {
    let token = apps.logout_token(app, logout).await.map_err(|error| error.to_string())?;
    let post = http.post(uri.as_str()).form(&[("logout_token", &token)]);
    // Without the URI, whose query may hold a secret.
    let answer = post.send().await.map_err(|error| with_causes(&error.without_url()))?;
    match answer.status() {
        status if status.is_success() => Ok(()),
        status => Err(format!("the app answered {status}")),
    }
}

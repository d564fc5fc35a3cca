//! Networks that requests come from, as they are counted, kept and shown.

use crate::server::ground::words::say;

/// Beginning of a name that stands for an app. No network of IP addresses begins so.
const OF_APP: &str = "app:";

/// Network of what an operator asks for at the desk. No network of IP addresses has this name.
pub const DESK: &str = "desk";

/// Returns the network of an app that does not tell whose requests it sends: they count together,
/// wherever its back end runs, and with those of no other app behind the same address.
pub fn of_app(id: &str) -> String {
    format!("{OF_APP}{id}")
}

/// Returns the id of the app that a network stands for; `None` for one of IP addresses.
pub fn app_in(network: &str) -> Option<&str> {
    network.strip_prefix(OF_APP)
}

/// Returns a network in two words, for people: "IP 203.0.113.*", "App wiki".
pub fn shown(network: &str) -> String {
    match app_in(network) {
        Some(app) => say!("app", app = app),
        None if network == DESK => say!("desk"),
        None => say!("ip", network = network),
    }
}

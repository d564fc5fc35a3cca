//! A server as the stories use it: on a port of its own, with a fresh database of either kind, a
//! clock and randomness that the story controls, and a real mail server that receives its mails.

mod app;
pub mod backend;
mod browser;
mod certificates;
mod cluster;
pub mod database;
pub mod desk;
mod dns_server;
pub mod forms;
mod guarding_proxy;
mod http2;
mod inbox;
mod logout_endpoint;
mod port;
mod program;
mod provider_rules;
pub mod providers;
pub mod relying_party;
pub mod reporter;
pub mod reporting;
mod returning;
mod road;
pub mod sns;
pub mod team;
mod teller;

pub use app::{App, SECRET, START, settings};
pub use browser::{Answer, Browser, client, http2_client};
pub use certificates::{Certificates, Made, borrowed};
pub use cluster::{Cluster, pg_dump};
pub use dns_server::{DnsServer, Mood};
pub use guarding_proxy::GuardedHost;
pub use http2::Http2;
pub use inbox::{Inbox, Mail, Manners};
pub use logout_endpoint::LogoutEndpoint;
pub use port::Port;
pub use program::Program;
pub use returning::{Returning, report};
pub use road::Road;
pub use team::Team;
pub use teller::Teller;

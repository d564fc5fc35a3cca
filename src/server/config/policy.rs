//! The policy, which an operator may change: the tables of `Leptos.toml`. Each key is explained
//! there, with its default.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    apps::App,
    brand::BrandFiles,
    desk::DeskPolicy,
    disposable::DisposableDomains,
    dkim::DkimKey,
    forward_auth::GuardedHost,
    mail_words::MailWords,
    networks,
    overlay::Origin,
    sign_up::SignUpPolicy,
    test_people::TestPerson,
    transports::{MailTransport, TransportName},
};
use crate::server::{ground::mode::Mode, values::address::Address};

/// The rules in force, parsed from the file and the environment and checked as a whole.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    pub server: ServerPolicy,
    pub database: Database,
    pub auth: AuthPolicy,
    pub sign_up: SignUpPolicy,
    pub limits: Limits,
    pub session: SessionPolicy,
    pub audit: Audit,
    pub mail: MailPolicy,
    pub brand: Brand,
    pub users: Option<UsersPolicy>,
    pub apps: Vec<App>,
    pub forward_auth: Vec<GuardedHost>,
    pub desk: DeskPolicy,
    pub test_people: Vec<TestPerson>,
    /// The files made from `brand`.
    #[serde(skip)]
    pub brand_files: BrandFiles,
    /// The domains of `sign_up.disposable_list`, or the built-in ones.
    #[serde(skip)]
    pub disposable_domains: DisposableDomains,
    /// The table of Leptos, which holds nothing of ours.
    #[serde(rename = "package", skip_serializing)]
    _package: Option<toml::Table>,
    /// The file and the variables that it was parsed from.
    #[serde(skip)]
    pub origin: Arc<Origin>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerPolicy {
    pub public_url: Option<String>,
    /// Files in PEM. With both, the server speaks TLS. Relative paths start at the folder of the
    /// policy file.
    pub tls_certificate: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    /// Second address, whose requests are redirected to the public URL.
    pub redirect_listen: Option<SocketAddr>,
    /// Maximum connections at once; more wait.
    pub connections: u32,
    /// Seconds an idle connection is kept open.
    pub keep_alive: u32,
    /// A single address counts as a network, too.
    #[serde(deserialize_with = "networks::parse")]
    pub trusted_proxies: Vec<IpNet>,
    /// Seconds from the order to stop until new connections are refused.
    pub drain_delay: u32,
    pub headless: Headless,
}

/// Callers that may begin and end sign-ins by the API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Headless {
    /// Anybody.
    #[default]
    Open,
    /// Apps that prove who they are. The pages go on as before.
    Apps,
}

impl ServerPolicy {
    /// Returns the files of certificate and key, if the server speaks TLS itself.
    pub fn tls_files(&self) -> Option<(&Path, &Path)> {
        Some((self.tls_certificate.as_deref()?, self.tls_key.as_deref()?))
    }
}

/// Settings for PostgreSQL. Times are in seconds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    pub connections: u32,
    pub statement_timeout: u32,
    pub lock_timeout: u32,
    pub idle_in_transaction_timeout: u32,
    pub vanished_client_timeout: u32,
    /// Database URL for migrations, if it differs: one that bypasses a pooler, or has a role with
    /// the rights to migrate.
    pub migrate_url: Option<String>,
}

/// Times are in seconds.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthPolicy {
    pub mode: Mode,
    pub expires_in: u32,
    pub same_browser: SameBrowser,
    pub resend: Resend,
    pub resend_cooldown: u32,
    pub code_tries: u32,
    pub sign_up: SignUp,
    pub passwords: Passwords,
    pub magiclink_origins: Vec<String>,
}

/// Handling of a link that is opened in a browser that did not ask for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SameBrowser {
    /// The page explains this, and nothing changes.
    #[default]
    Enforce,
    /// A page shows who asked and when, and a button signs this browser in.
    Confirm,
    /// A page asks for the number that the waiting window shows, and finishes that window.
    Match,
}

/// Effect of a new mail on the secrets of earlier ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Resend {
    /// The new mail replaces them.
    #[default]
    Rotate,
    /// They keep working until they expire.
    Keep,
}

/// The people who may become users. An invited one always may; what else is asked of new people is
/// in `[sign_up]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignUp {
    /// Anyone: the first sign-in creates the user.
    #[default]
    Open,
    /// Known and invited addresses only. Others see no difference, and get no mail.
    Closed,
    /// The same people; the sign-in page says that an invitation is needed.
    Invited,
    /// The same people; others who ask are put on a list, and are told so by mail.
    Waitlist,
}

/// Availability of passwords, beside sign-in by mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Passwords {
    #[default]
    Off,
    Optional,
}

/// The team's own user table, which Latchkey reads and never writes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct UsersPolicy {
    /// `schema.table` or `table`.
    pub table: String,
    /// The column that identifies a user.
    pub id: String,
    /// The column with the email address.
    pub address: String,
    /// Database of the table, if it is not Latchkey's own.
    pub database_url: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    pub mails_per_minute: u32,
    pub mails_per_hour: u32,
    pub sends_per_minute: u32,
    pub verifies_per_minute: u32,
    pub code_failures_per_hour: u32,
    pub code_failures_per_day: u32,
    pub total_mails_per_minute: u32,
    pub total_code_failures_per_minute: u32,
}

/// Times are in seconds.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionPolicy {
    pub token_ttl: u32,
    pub max_age: u32,
    /// The team's services that there are tokens for.
    pub audiences: Vec<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Audit {
    pub keep_days: u32,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailPolicy {
    pub from: Option<String>,
    /// Folder with templates that replace the built-in ones. A relative path starts at the folder
    /// of the policy file.
    pub templates: Option<PathBuf>,
    /// If true, users get a mail about a sign-in in a browser that has not signed in to their
    /// address before.
    pub new_device_notice: bool,
    /// Texts of the sign-in mail in place of the built-in ones, for each language.
    pub words: MailWords,
    /// Maximum mails in progress at once, and connections open to the mail server.
    pub at_once: u32,
    /// Seconds the mail server may take for one command, and a provider for the connection.
    pub timeout: u32,
    /// Our name at EHLO; the host of the public URL if not set.
    pub ehlo_name: Option<String>,
    /// Address at which a mail server hands over, by LMTP, what came back to return paths.
    pub lmtp_listen: Option<SocketAddr>,
    /// Transports in the order in which they are tried.
    pub transports: Vec<MailTransport>,
    /// Names of those that get no new mails.
    pub passed_over: Vec<TransportName>,
    /// Keys that sign mails. Each makes a signature of its own.
    pub dkim: Vec<DkimKey>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Brand {
    pub name: String,
    /// Path of a file. A relative path starts at the folder of the policy file.
    pub logo: Option<PathBuf>,
    /// True if the logo itself shows the name.
    pub logo_has_name: bool,
    /// A colour like `#3a50d9`.
    pub accent: Option<String>,
    /// A mail address or an https URL.
    pub support: Option<String>,
    pub terms: Option<String>,
    pub privacy: Option<String>,
}

impl Brand {
    /// Returns the target of a link to `support`.
    pub fn support_link(&self) -> Option<String> {
        self.support.as_ref().map(|support| {
            if support.contains("://") { support.clone() } else { format!("mailto:{support}") }
        })
    }
}

impl Policy {
    /// Returns the name that people see of the app of this id; the id if there is no such app.
    pub fn app_name<'a>(&'a self, id: &'a str) -> &'a str {
        let mut apps = self.apps.iter();
        apps.find(|app| app.id.as_str() == id).map_or(id, App::shown)
    }

    /// Returns the test person of an address, if there is one.
    pub fn test_person(&self, address: &Address) -> Option<&TestPerson> {
        self.test_people.iter().find(|person| person.is(address))
    }

    /// True if tokens are signed for others than our own pages.
    pub fn signs_for_others(&self) -> bool {
        !(self.apps.is_empty() && self.forward_auth.is_empty() && self.session.audiences.is_empty())
    }
}

//! `latchkey check`: checks whether this configuration would serve, and says what to do if not.

use std::{fmt::Display, net::SocketAddr, path::Path, sync::Arc};
use url::Url;

use super::team_users;
use crate::server::{
    config::{
        Database, Settings, UsersPolicy,
        overrides::{LeftOut, lay},
        test_people::TestPerson,
        transports::MailTransport,
    },
    ground::{
        clock::{Clock, SECOND},
        keys::Keys,
    },
    http::{assets::Assets, certificate::Files},
    mail::{
        amazon::Amazon,
        dkim::Dkim,
        dns::Dns,
        hooks::{Hooks, PREFIX},
        sending_domain::{Finding, Provider, Sender, Verdict},
        templates::Templates,
        transports::Transports,
    },
    store::{Store, TeamUsers, missing_file, name_of},
    values::{
        address::is_reserved,
        public_url::{PublicUrl, is_here},
    },
};

/// Seconds that one query of the check may take: some read a whole table.
const PATIENCE: u32 = 60;

/// Prints one line for each check on stdout, and returns true if all is well. Sends no mail, and
/// creates or changes no table and no database.
/// Questions go to the DNS server `dns`, or else to that of this machine.
pub async fn check(settings: &Settings, clock: &Clock, dns: Option<SocketAddr>) -> bool {
    let mut report = Report { well: true };
    let kind = if settings.production { "production" } else { "development" };
    let file = settings
        .source
        .path
        .as_ref()
        .map_or("no Leptos.toml here, the defaults".to_owned(), |path| path.display().to_string());
    report.line("policy", Ok::<_, String>(format!("{file}, for {kind}")));
    let (secrets, names) = (settings.secrets.len(), Keys::new(&settings.secrets).fingerprints());
    report.line("secrets", Ok::<_, String>(format!("{secrets}: {names}")));
    test_people(settings, &report);
    report.line("public URL", public_url(settings).await);
    if let Some(files) = Files::of(&settings.policy.server) {
        report.line("certificate", certificate(&files, &settings.public_url, clock));
    }
    report.line("assets", assets(settings));
    report.line(
        "mail templates",
        Templates::of_policy(&settings.policy, &settings.public_url)
            .map(|_| "they work".to_owned()),
    );
    match Dkim::open(&settings.policy.mail, &settings.from, clock.clone()) {
        Err(error) => report.line("DKIM keys", Err::<String, _>(error)),
        Ok(dkim) => {
            if !dkim.keys().is_empty() {
                report.line("DKIM keys", unexposed(&dkim));
            }
            let dkim = Arc::new(dkim);
            report.line("mail server", transports(settings, &dkim).await);
            hooks(settings, &mut report);
            sending_domain(settings, &dkim, dns, &mut report).await;
        }
    }
    let limits = Database { statement_timeout: PATIENCE, ..settings.policy.database.clone() };
    if let Some(file) = missing_file(&settings.database_url) {
        let found = format!("there is none at {file}; the server makes it at its first start");
        report.line("database", Ok::<_, String>(found));
        return report.well;
    }
    match Store::connect(&settings.database_url, &limits).await {
        Err(error) => report.line("database", Err::<String, _>(error)),
        Ok(store) => {
            let found = database(&store, &limits).await;
            report.line(
                "database",
                found.map(|found| format!("{}; {found}", name_of(&settings.database_url))),
            );
            report.line("clock", time(&store, clock).await);
            overrides(settings, &store, &mut report).await;
            if let Some(users) = &settings.policy.users {
                report.line("users", team(users, &store, &limits).await);
            }
            store.close().await;
        }
    }
    report.well
}

struct Report {
    well: bool,
}

impl Report {
    fn line(&mut self, what: &str, found: Result<impl Display, impl Display>) {
        match found {
            Ok(found) => println!("ok   {what}: {found}"),
            Err(fault) => {
                println!("BAD  {what}: {fault}");
                self.well = false;
            }
        }
    }

    /// Prints what is no fault, and dangerous.
    fn warn(&self, what: &str, found: &dyn Display) {
        println!("WARN {what}: {found}");
    }

    /// Prints what is no fault, and worth knowing.
    fn note(&self, what: &str, found: &dyn Display) {
        println!("note {what}: {found}");
    }
}

/// Reports who signs in without a mail.
fn test_people(settings: &Settings, report: &Report) {
    let people = settings.policy.test_people.iter().map(TestPerson::masked);
    let people = people.collect::<Vec<_>>().join(", ");
    if people.is_empty() {
        return;
    }
    let found = format!("{people}: whoever knows their code signs in without a mail");
    if settings.production {
        let why = format!("{found}. Remove [[test_people]] as soon as nobody needs them.");
        return report.warn("TEST PEOPLE IN PRODUCTION", &why);
    }
    report.note("test people", &found);
}

async fn public_url(settings: &Settings) -> Result<String, String> {
    let url = &settings.public_url;
    let found = tokio::net::lookup_host((url.host(), url.port())).await;
    match found.map(|mut addresses| addresses.next()) {
        Ok(Some(address)) => Ok(format!("{url}, which is {}", address.ip())),
        _ => Err(format!(
            "{url} is not known to the DNS. People could not open it, nor the links in mails."
        )),
    }
}

/// Judges the certificate as a browser would that trusts who issued it.
fn certificate(files: &Files, url: &PublicUrl, clock: &Clock) -> Result<String, String> {
    let parsed = files.read().and_then(|pem| files.parse(&pem));
    let certificate = parsed.map_err(|error| error.to_string())?;
    let until = certificate.last_day();
    if let Some(fault) = certificate.fault(clock.now()) {
        return Err(format!("it {fault}, and browsers refuse it. Renew it."));
    }
    if !certificate.is_for(url.host()) {
        return Err(format!("it is not for {}, the host of the public URL.", url.host()));
    }
    if certificate.is_near_its_end(clock.now()) {
        return Err(format!("it ends on {until}. Renew it, and see why that was not done."));
    }
    Ok(format!("for {} until {until}, and the key is its own", url.host()))
}

fn assets(settings: &Settings) -> Result<String, String> {
    let (root, assets) =
        (Path::new(settings.leptos.site_root.as_ref()), Assets::find(&settings.leptos));
    match [&assets.css, &assets.js, &assets.wasm]
        .into_iter()
        .find(|name| !root.join(name.trim_start_matches('/')).exists())
    {
        None => Ok(format!("in {}", root.display())),
        Some(name) => Err(format!(
            "{name} is not in {}. Set LEPTOS_SITE_ROOT to the site folder of the build.",
            root.display()
        )),
    }
}

/// Judges whether the private keys are private.
fn unexposed(dkim: &Dkim) -> Result<String, String> {
    let exposed = dkim.keys().iter().find(|key| key.is_exposed());
    exposed.map_or(Ok("they can be read, and not by everybody".to_owned()), |key| {
        Err(format!(
            "everybody on this machine may read {}. Set its mode to 0600.",
            key.path().display()
        ))
    })
}

/// Reports the records by which receivers judge our mails.
async fn sending_domain(
    settings: &Settings,
    dkim: &Dkim,
    dns: Option<SocketAddr>,
    report: &mut Report,
) {
    let domain = settings.from.email.domain();
    if settings.transports.is_empty() {
        return;
    }
    if is_reserved(domain) {
        let why = format!("{domain} is reserved, and no mail of it would be taken anywhere");
        return report.note("DNS of the sender", &why);
    }
    // A mail server on this machine hands on mails under our own name.
    let ehlo_name = settings.policy.mail.ehlo_name.as_deref();
    let ours = ehlo_name.unwrap_or(settings.public_url.host());
    let servers = settings.transports.iter().filter_map(MailTransport::smtp_server);
    let urls: Vec<Url> = servers.filter_map(|url| Url::parse(url).ok()).collect();
    let host = |url: &Url| url.host_str().filter(|host| !is_here(host)).unwrap_or(ours).to_owned();
    let mut hosts: Vec<String> = urls.iter().map(host).collect();
    hosts.sort();
    hosts.dedup();
    let providers = settings.transports.iter().filter(|entry| entry.keeps_list());
    let providers = providers
        .map(|entry| Provider { name: entry.name.as_str(), selector: entry.kind.dkim_selector() });
    let dns = match Dns::new(dns) {
        Ok(dns) => dns,
        Err(error) => return report.note("DNS of the sender", &error),
    };
    let sender = Sender {
        domain,
        keys: dkim.keys(),
        hosts: hosts.iter().map(String::as_str).collect(),
        providers: providers.collect(),
    };
    for Finding { what, verdict } in sender.findings(&dns).await {
        match verdict {
            Verdict::Good(found) => report.line(&what, Ok::<_, String>(found)),
            Verdict::Bad(fault) => report.line(&what, Err::<String, _>(fault)),
            Verdict::Open(found) => report.note(&what, &found),
        }
    }
}

async fn transports(settings: &Settings, dkim: &Arc<Dkim>) -> Result<String, String> {
    let opened = Transports::open(settings, dkim, &Clock::System);
    let opened = opened.map_err(|error| error.to_string())?;
    let mut names = Vec::new();
    for transport in opened.iter() {
        let name = transport.name();
        transport.transport.test().await.map_err(|error| {
            format!("{name}: {error}. Check its settings, and that the way there is open.")
        })?;
        names.push(name);
    }
    Ok(match names.is_empty() {
        true => "none, mails go to /dev/mailbox".to_owned(),
        false => format!("{}: answers, and takes our credentials if any", names.join(", ")),
    })
}

/// Reports whose word about mails that came back is taken, and whose is not.
fn hooks(settings: &Settings, report: &mut Report) {
    match Hooks::open(&settings.transports, Amazon::default()) {
        Err(error) => report.line("reports of mails", Err::<String, _>(error)),
        Ok(hooks) => {
            let origin = settings.public_url.origin();
            let urls = hooks.names().map(|name| format!("{origin}{PREFIX}{name}"));
            let urls: Vec<String> = urls.collect();
            if !urls.is_empty() {
                report.line("reports of mails", Ok::<_, String>(format!("to {}", urls.join(", "))));
            }
        }
    }
    let silent = settings.transports.iter().filter(|it| it.is_api() && it.hook_key.is_none());
    let silent: Vec<&str> = silent.map(|it| it.name.as_str()).collect();
    if !silent.is_empty() {
        let names = silent.join(", ");
        let why = format!("{names}: without a hook_key nobody is told that a mail came back");
        report.note("reports of mails", &why);
    }
}

async fn database(store: &Store, limits: &Database) -> Result<String, String> {
    let pending = store.pending_migrations().await.map_err(|error| error.to_string())?;
    if pending > 0 && limits.migrate_url.is_none() {
        let may = store.may_migrate().await.map_err(|error| error.to_string())?;
        if !may {
            return Err(format!(
                "{pending} migrations are to be made, and we may not. Run `latchkey migrate` with \
                 database.migrate_url of a role that may, or give us the tables."
            ));
        }
    }
    store.probe().await.map_err(|why| format!("{why}."))?;
    Ok(match pending {
        0 => "it is up to date".to_owned(),
        pending => format!("{pending} migrations will be made at the start"),
    })
}

/// Reports the overrides of the policy. One that is left out is no fault: the server starts
/// without it.
async fn overrides(settings: &Settings, store: &Store, report: &mut Report) {
    // Before the first start there is no table of them.
    let is_current = store.pending_migrations().await.is_ok_and(|pending| pending == 0);
    let overrides = if is_current { store.overrides().await } else { return };
    let overrides = match overrides {
        Ok(overrides) => overrides,
        Err(error) => return report.line("overrides", Err::<String, _>(error)),
    };
    let left_out = lay(&settings.policy, &overrides).left_out;
    if !overrides.is_empty() {
        let found =
            format!("{} of {} are in force", overrides.len() - left_out.len(), overrides.len());
        report.line("overrides", Ok::<_, String>(found));
    }
    for LeftOut { key, why } in left_out {
        let why = format!("{key} {why}; it is left out: `latchkey policy take-back {key}`");
        report.note("overrides", &why);
    }
}

/// Checks every row, unlike a start.
async fn team(users: &UsersPolicy, store: &Store, limits: &Database) -> Result<String, String> {
    let mapped = TeamUsers::open(users, store, limits).await.map_err(|error| error.to_string())?;
    mapped.judge_duplicates(None).await.map_err(|error| error.to_string())?;
    match team_users::amiss(&mapped, None).await {
        Ok(None) => Ok(format!("{} can be read, and everybody in it can be found", users.table)),
        Ok(Some(amiss)) => Err(format!("[users] {}: {amiss}", users.table)),
        Err(error) => Err(error.to_string()),
    }
}

async fn time(store: &Store, clock: &Clock) -> Result<String, String> {
    let theirs = store.clock().await.map_err(|error| error.to_string())?;
    let apart = (theirs - clock.now()).abs();
    if apart > 5 * SECOND {
        return Err(format!(
            "it is {} s apart from the database's. Set both by NTP.",
            apart / SECOND
        ));
    }
    Ok("as the database has it".to_owned())
}

//! Questions to the DNS. Only commands ask them, so a server at rest holds nothing of this.

use hickory_resolver::{
    TokioResolver,
    config::{NameServerConfig, ResolverConfig},
    net::{NetError, runtime::TokioRuntimeProvider},
    proto::rr::{Name, RData, RecordType},
};
use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use tokio::time::timeout;

/// Time for one question, with all its tries.
const PATIENCE: Duration = Duration::from_secs(5);

/// A DNS server that can be asked: that of this machine, unless another is named.
pub struct Dns(TokioResolver);

/// The reason that a question has no answer, which is other than the answer that there is nothing.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the DNS does not answer ({0})")]
pub struct NoAnswer(String);

impl From<NetError> for NoAnswer {
    fn from(error: NetError) -> Self {
        NoAnswer(error.to_string())
    }
}

impl Dns {
    pub fn new(server: Option<SocketAddr>) -> Result<Self, NoAnswer> {
        let mut builder = match server {
            None => TokioResolver::builder_tokio()?,
            Some(address) => {
                let mut server = NameServerConfig::udp_and_tcp(address.ip());
                server.connections.iter_mut().for_each(|way| way.port = address.port());
                let config = ResolverConfig::from_name_servers(vec![server]);
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
        };
        let options = builder.options_mut();
        (options.timeout, options.attempts) = (Duration::from_secs(2), 2);
        Ok(Dns(builder.build()?))
    }

    /// Returns the texts of `name` (TXT), the strings of each joined.
    pub async fn texts(&self, name: &str) -> Result<Vec<String>, NoAnswer> {
        let found = self.ask(absolute(name)?, RecordType::TXT).await?;
        let texts = found.iter().filter_map(|data| match data {
            RData::TXT(text) => Some(String::from_utf8_lossy(&text.txt_data.concat()).into_owned()),
            _ => None,
        });
        Ok(texts.collect())
    }

    /// Returns the hosts that take mails for `domain` (MX), the preferred first.
    pub async fn mail_hosts(&self, domain: &str) -> Result<Vec<String>, NoAnswer> {
        let found = self.ask(absolute(domain)?, RecordType::MX).await?;
        let mut hosts: Vec<_> = found
            .iter()
            .filter_map(|data| match data {
                RData::MX(mx) => Some((mx.preference, relative(&mx.exchange))),
                _ => None,
            })
            .collect();
        hosts.sort();
        Ok(hosts.into_iter().map(|(_, host)| host).collect())
    }

    /// Returns the addresses of `host` (A, AAAA).
    pub async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, NoAnswer> {
        let name = absolute(host)?;
        let mut found = self.ask(name.clone(), RecordType::A).await?;
        found.extend(self.ask(name, RecordType::AAAA).await?);
        Ok(found.iter().filter_map(RData::ip_addr).collect())
    }

    /// Returns the names that the owner of `address` gave it (PTR).
    pub async fn names(&self, address: IpAddr) -> Result<Vec<String>, NoAnswer> {
        let found = self.ask(Name::from(address), RecordType::PTR).await?;
        let names = found.iter().filter_map(|data| match data {
            RData::PTR(name) => Some(relative(name)),
            _ => None,
        });
        Ok(names.collect())
    }

    async fn ask(&self, name: Name, kind: RecordType) -> Result<Vec<RData>, NoAnswer> {
        match timeout(PATIENCE, self.0.lookup(name, kind)).await {
            Err(_) => Err(NoAnswer("it takes too long".to_owned())),
            Ok(Ok(found)) => Ok(found.answers().iter().map(|record| record.data.clone()).collect()),
            Ok(Err(error)) if error.is_no_records_found() => Ok(Vec::new()),
            Ok(Err(error)) => Err(error.into()),
        }
    }
}

/// Returns a name that no search list is tried for.
fn absolute(name: &str) -> Result<Name, NoAnswer> {
    Name::from_ascii(format!("{}.", name.trim_end_matches('.')))
        .map_err(|error| NoAnswer(error.to_string()))
}

fn relative(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_ascii_lowercase()
}

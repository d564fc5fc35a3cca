//! Networks whose clients are trusted, such as those of proxies.

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de::Error};
use std::net::IpAddr;

/// Parses a list of networks, or one text with commas, as the environment has it.
pub fn parse<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        List(Vec<String>),
        Text(String),
    }
    let given = match Given::deserialize(deserializer)? {
        Given::List(list) => list,
        Given::Text(text) => text.split(',').map(|network| network.trim().to_owned()).collect(),
    };
    let network = |text: &String| text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    let parse = |text| {
        network(text)
            .map_err(|_| D::Error::custom(format!("{text:?} is no network, like \"10.0.0.0/24\"")))
    };
    given.iter().map(parse).collect()
}

/// Returns the first network that is wider than any private one: clients in it would say themselves
/// who they are.
pub fn too_wide(networks: &[IpNet]) -> Option<&IpNet> {
    let widest = |network: &IpNet| if network.addr().is_ipv4() { 8 } else { 7 };
    networks.iter().find(|network| network.prefix_len() < widest(network))
}

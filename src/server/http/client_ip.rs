//! The address a request came from, by its socket and by `X-Forwarded-For`.

use axum::http::HeaderMap;
use ipnet::IpNet;
use std::{
    net::{IpAddr, SocketAddr},
    sync::Once,
};

/// Returns the address a request came from: the socket's, unless that is a trusted proxy. Then
/// `X-Forwarded-For` is read from the right, since each entry was written by the proxy after it, up
/// to the first address that is not a trusted proxy. Anything left of that address was written by
/// the client itself and is not believed.
pub fn client_ip(socket: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|net| net.contains(ip));
    if !is_trusted(&socket) {
        if headers.contains_key("x-forwarded-for") {
            static TOLD: Once = Once::new();
            TOLD.call_once(|| {
                tracing::warn!(%socket, "X-Forwarded-For of whom server.trusted_proxies does not have is not believed");
            });
        }
        return socket;
    }
    // Read as bytes: the client's own part may hold any byte, which must not hide the entries to
    // its right.
    let lines = headers.get_all("x-forwarded-for").iter().rev();
    let hops = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    let mut client = socket;
    for hop in hops {
        let hop = str::from_utf8(hop.trim_ascii()).ok();
        let Some(ip) = hop.and_then(parse_hop) else { return client };
        client = ip;
        if !is_trusted(&ip) {
            return client;
        }
    }
    client
}

/// Parses an address, with or without a port.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let ip = hop.parse().or_else(|_| hop.parse::<SocketAddr>().map(|address| address.ip()));
    ip.or_else(|_| hop.trim_matches(['[', ']']).parse()).ok().map(|ip: IpAddr| ip.to_canonical())
}

/// Returns the network of an address: enough for users to recognise their own, too little to find a
/// person.
pub fn ip_prefix(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            format!("{a}.{b}.{c}.*")
        }
        IpAddr::V6(ip) => {
            let [a, b, c, ..] = ip.segments();
            format!("{a:x}:{b:x}:{c:x}:*")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn client(socket: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let bytes = |text: &str| text.chars().map(|c| c as u8).collect::<Vec<u8>>();
        let headers = forwarded
            .iter()
            .map(|value| HeaderValue::from_bytes(&bytes(value)).unwrap())
            .map(|value| ("x-forwarded-for".parse().unwrap(), value))
            .collect();
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        client_ip(socket.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn forwarded_headers_count_only_from_a_trusted_proxy_and_only_from_the_right() {
        assert_eq!(client("203.0.113.9", &["1.1.1.1"], &[]), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["1.1.1.1"], &["10.0.0.0/8"]), "1.1.1.1");
        assert_eq!(client("10.0.0.1", &["6.6.6.6, 1.1.1.1, 10.0.0.2"], &["10.0.0.0/8"]), "1.1.1.1");
        assert_eq!(client("10.0.0.1", &["6.6.6.6", "1.1.1.1:443"], &["10.0.0.0/8"]), "1.1.1.1");
        assert_eq!(client("10.0.0.1", &["1.1.1.1, nonsense"], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["\u{ff}, 1.1.1.1"], &["10.0.0.0/8"]), "1.1.1.1");
        assert_eq!(client("10.0.0.1", &["\u{ff}", "1.1.1.1"], &["10.0.0.0/8"]), "1.1.1.1");
        assert_eq!(client("10.0.0.1", &["1.1.1.1, \u{ff}"], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &[], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(client("::1", &["[2001:db8::7]:80"], &["::1/128"]), "2001:db8::7");
    }

    #[test]
    fn a_prefix_names_a_network_and_no_client_in_it() {
        assert_eq!(ip_prefix("203.0.113.9".parse().unwrap()), "203.0.113.*");
        assert_eq!(ip_prefix("2001:db8:1:2::3".parse().unwrap()), "2001:db8:1:*");
    }
}

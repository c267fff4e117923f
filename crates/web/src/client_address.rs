//! Who is at the other end: the peer of the connection, or whom a trusted reverse proxy says it speaks for.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use http::HeaderMap;

/// The address the connection came from; the accept loop puts it into every request.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// An address or a range in CIDR form: `10.0.0.0/8`, `192.0.2.7`, `fd00::/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// What is wrong with the text of a [`Network`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not an address or a network such as 10.0.0.0/8")]
pub struct NetworkError(String);

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let refuse = || NetworkError(text.to_owned());
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().map_err(|_| refuse())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.trim().parse().map_err(|_| refuse())?,
            None => width,
        };
        if bits > width { Err(refuse()) } else { Ok(Self { address, bits }) }
    }
}

impl Network {
    pub fn contains(&self, address: IpAddr) -> bool {
        let shared = |a: u128, b: u128, width: u32| {
            let host_bits = width - u32::from(self.bits);
            // A shift by the whole width is an overflow: a /0 contains everything.
            a.checked_shr(host_bits).unwrap_or(0) == b.checked_shr(host_bits).unwrap_or(0)
        };
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => shared(a.to_bits().into(), b.to_bits().into(), 32),
            (IpAddr::V6(a), IpAddr::V6(b)) => shared(a.to_bits(), b.to_bits(), 128),
            _ => false,
        }
    }
}

/// The client's address: the peer, or, if the peer is a trusted proxy, the right-most address of `X-Forwarded-For` that is
/// not a trusted proxy itself. What stands further left was written by the client and proves nothing.
pub(crate) fn client_address(
    peer: Option<IpAddr>,
    headers: &HeaderMap,
    trusted: &[Network],
) -> Option<IpAddr> {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = peer?.to_canonical();
    let hops = headers.get_all("x-forwarded-for").iter().rev();
    let hops = hops.flat_map(|value| value.to_str().unwrap_or("").rsplit(','));
    for hop in hops {
        if !is_trusted(client) {
            break;
        }
        match address_of(hop.trim()) {
            Some(address) => client = address,
            None => break,
        }
    }
    Some(client)
}

/// Some proxies append the port: `192.0.2.7:4711`, `[2001:db8::7]:4711`.
fn address_of(hop: &str) -> Option<IpAddr> {
    let bare = hop.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
    bare.or_else(|| hop.parse::<SocketAddr>().ok().map(|a| a.ip())).map(|a| a.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let trusted: Vec<Network> = trusted.iter().map(|t| t.parse().unwrap()).collect();
        client_address(Some(peer.parse().unwrap()), &headers, &trusted).unwrap().to_string()
    }

    #[test]
    fn only_a_trusted_proxy_speaks_for_a_client() {
        let table: &[(&str, &[&str], &[&str], &str)] = &[
            ("192.0.2.1", &[], &[], "192.0.2.1"),
            ("192.0.2.1", &["198.51.100.9"], &[], "192.0.2.1"),
            ("192.0.2.1", &["198.51.100.9"], &["10.0.0.0/8"], "192.0.2.1"),
            ("10.1.2.3", &["198.51.100.9"], &["10.0.0.0/8"], "198.51.100.9"),
            // What the client wrote itself stands on the left and is not believed.
            ("10.1.2.3", &["127.0.0.1, 198.51.100.9"], &["10.0.0.0/8"], "198.51.100.9"),
            ("10.1.2.3", &["127.0.0.1", "198.51.100.9, 10.9.9.9"], &["10.0.0.0/8"], "198.51.100.9"),
            ("10.1.2.3", &["10.0.0.1, 10.0.0.2"], &["10.0.0.0/8"], "10.0.0.1"),
            ("10.1.2.3", &["nonsense"], &["10.0.0.0/8"], "10.1.2.3"),
            ("10.1.2.3", &["198.51.100.9, nonsense"], &["10.0.0.0/8"], "10.1.2.3"),
            ("10.1.2.3", &["198.51.100.9:4711"], &["10.0.0.0/8"], "198.51.100.9"),
            ("10.1.2.3", &["[2001:db8::7]:4711"], &["10.0.0.0/8"], "2001:db8::7"),
            ("::ffff:10.1.2.3", &["2001:db8::7"], &["10.1.2.3"], "2001:db8::7"),
            ("fd00::1", &["::ffff:198.51.100.9"], &["fd00::/8"], "198.51.100.9"),
        ];
        for (peer, forwarded, trusted, expect) in table {
            assert_eq!(client(peer, forwarded, trusted), *expect, "{peer} {forwarded:?} {trusted:?}");
        }
    }

    #[test]
    fn networks() {
        let contains = |network: &str, address: &str| {
            network.parse::<Network>().unwrap().contains(address.parse().unwrap())
        };
        assert!(contains("10.0.0.0/8", "10.255.0.1"));
        assert!(!contains("10.0.0.0/8", "11.0.0.1"));
        assert!(contains("0.0.0.0/0", "203.0.113.5"));
        assert!(!contains("0.0.0.0/0", "2001:db8::1"));
        assert!(contains("::/0", "2001:db8::1"));
        assert!(contains("192.0.2.7", "192.0.2.7"));
        assert!(!contains("192.0.2.7", "192.0.2.8"));
        assert!(contains("192.0.2.0/25", "192.0.2.127"));
        assert!(!contains("192.0.2.0/25", "192.0.2.128"));
        for wrong in ["", "10", "10.0.0.0/33", "::/129", "10.0.0.0/x", "10.0.0.0/-1", "proxy.example"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }
}

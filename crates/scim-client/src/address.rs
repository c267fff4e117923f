//! Which addresses may be reached: the guard against server-side request forgery.
//!
//! An administrator of a tenant types a URL; the server that runs Muster must not become a way into the network it
//! stands in. A name is resolved once, every address it has is checked, and the connection goes to a checked address.
//! What is not plainly public is refused; only the operator of the server can allow more (never a tenant).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why an address is not a public one (the special-purpose registries of IANA, RFC 6890).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Special {
    ThisNetwork,
    Loopback,
    Private,
    Shared,
    LinkLocal,
    CloudMetadata,
    ProtocolAssignment,
    Documentation,
    Benchmarking,
    Relay6to4,
    Multicast,
    Reserved,
    Unspecified,
    V4Compatible,
    Nat64,
    Tunnel6to4,
    UniqueLocal,
    SiteLocal,
    Discard,
    SegmentRouting,
}

impl fmt::Display for Special {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ThisNetwork => "an address of \"this network\"",
            Self::Loopback => "a loopback address",
            Self::Private => "a private address",
            Self::Shared => "a carrier-grade NAT address",
            Self::LinkLocal => "a link-local address",
            Self::CloudMetadata => "a cloud metadata address",
            Self::ProtocolAssignment => "an address set aside for protocols",
            Self::Documentation => "an address for documentation",
            Self::Benchmarking => "an address for benchmarks",
            Self::Relay6to4 => "a 6to4 relay address",
            Self::Multicast => "a multicast address",
            Self::Reserved => "a reserved address",
            Self::Unspecified => "the unspecified address",
            Self::V4Compatible => "an IPv4-compatible IPv6 address",
            Self::Nat64 => "a NAT64 address",
            Self::Tunnel6to4 => "a 6to4 address",
            Self::UniqueLocal => "a unique local address",
            Self::SiteLocal => "a site-local address",
            Self::Discard => "a discard-only address",
            Self::SegmentRouting => "a segment routing address",
        })
    }
}

const V4: &[(Ipv4Addr, u8, Special)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8, Special::ThisNetwork),
    (Ipv4Addr::new(10, 0, 0, 0), 8, Special::Private),
    (Ipv4Addr::new(100, 64, 0, 0), 10, Special::Shared),
    (Ipv4Addr::new(127, 0, 0, 0), 8, Special::Loopback),
    // Azure's wire server answers every virtual machine at a public address.
    (Ipv4Addr::new(168, 63, 129, 16), 32, Special::CloudMetadata),
    (Ipv4Addr::new(169, 254, 0, 0), 16, Special::LinkLocal),
    (Ipv4Addr::new(172, 16, 0, 0), 12, Special::Private),
    (Ipv4Addr::new(192, 0, 0, 0), 24, Special::ProtocolAssignment),
    (Ipv4Addr::new(192, 0, 2, 0), 24, Special::Documentation),
    (Ipv4Addr::new(192, 88, 99, 0), 24, Special::Relay6to4),
    (Ipv4Addr::new(192, 168, 0, 0), 16, Special::Private),
    (Ipv4Addr::new(198, 18, 0, 0), 15, Special::Benchmarking),
    (Ipv4Addr::new(198, 51, 100, 0), 24, Special::Documentation),
    (Ipv4Addr::new(203, 0, 113, 0), 24, Special::Documentation),
    (Ipv4Addr::new(224, 0, 0, 0), 4, Special::Multicast),
    (Ipv4Addr::new(240, 0, 0, 0), 4, Special::Reserved),
];

const V6: &[(Ipv6Addr, u8, Special)] = &[
    (Ipv6Addr::UNSPECIFIED, 128, Special::Unspecified),
    (Ipv6Addr::LOCALHOST, 128, Special::Loopback),
    (Ipv6Addr::UNSPECIFIED, 96, Special::V4Compatible),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, Special::Nat64),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, Special::Nat64),
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 48, Special::Discard),
    // Teredo, ORCHID, benchmarking and the rest of RFC 2928.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, Special::ProtocolAssignment),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, Special::Documentation),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, Special::Tunnel6to4),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, Special::Documentation),
    (Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0), 16, Special::SegmentRouting),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, Special::UniqueLocal),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, Special::LinkLocal),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, Special::SiteLocal),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, Special::Multicast),
];

/// RFC 4291 §2.4: the only block from which public IPv6 addresses are given out.
const GLOBAL: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// `None` for a public address.
pub fn classify(address: IpAddr) -> Option<Special> {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            V4.iter().find(|(base, length, _)| within_v4(v4, *base, *length)).map(|&(_, _, special)| special)
        }
        IpAddr::V6(v6) => V6
            .iter()
            .find(|(base, length, _)| within_v6(v6, *base, *length))
            .map(|&(_, _, special)| special)
            .or_else(|| (!within_v6(v6, GLOBAL.0, GLOBAL.1)).then_some(Special::Reserved)),
    }
}

/// The IPv4 address that a translating or tunnelling IPv6 address leads to (RFC 6052 §2.1, RFC 3056 §2).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, _, _, _, g, h] = address.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match classify(IpAddr::V6(address)) {
        Some(Special::Nat64 | Special::V4Compatible) => Some(v4(g, h)),
        Some(Special::Tunnel6to4) if a == 0x2002 => Some(v4(b, c)),
        _ => None,
    }
}

fn within_v4(address: Ipv4Addr, base: Ipv4Addr, length: u8) -> bool {
    let mask = u32::MAX.checked_shl(32 - u32::from(length.min(32))).unwrap_or(0);
    u32::from(address) & mask == u32::from(base) & mask
}

fn within_v6(address: Ipv6Addr, base: Ipv6Addr, length: u8) -> bool {
    let mask = u128::MAX.checked_shl(128 - u32::from(length.min(128))).unwrap_or(0);
    u128::from(address) & mask == u128::from(base) & mask
}

/// An address block in CIDR notation; a single address is a block of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    length: u8,
}

impl Network {
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(address)) => within_v4(address, base, self.length),
            (IpAddr::V6(base), IpAddr::V6(address)) => within_v6(address, base, self.length),
            _ => false,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.length)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not an address block; write it like 10.0.0.0/8, 192.0.2.7 or fd00::/8")]
pub struct NetworkError(String);

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let refused = || NetworkError(text.chars().take(64).collect());
        let (address, length) = match text.trim().split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text.trim(), None),
        };
        let base: IpAddr = address.parse().map_err(|_| refused())?;
        let base = base.to_canonical();
        let bits: u8 = if base.is_ipv4() { 32 } else { 128 };
        let length = match length {
            Some(length) if length.bytes().all(|b| b.is_ascii_digit()) => {
                length.parse().map_err(|_| refused())?
            }
            Some(_) => return Err(refused()),
            None => bits,
        };
        if length > bits { Err(refused()) } else { Ok(Self { base, length }) }
    }
}

/// A refusal to connect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{host} is at {address}, {special}")]
pub struct Blocked {
    pub host: String,
    pub address: IpAddr,
    pub special: Special,
}

/// What the operator of this server allows beyond public https. The default allows nothing more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressPolicy {
    /// Address blocks that are allowed though they are not public (targets on the premises).
    pub networks: Vec<Network>,
    /// Host names that may have any address: `scim.corp.example`, or `.corp.example` for every name below it.
    pub hosts: Vec<String>,
    /// Ports below 1024 that are allowed besides 443 and 80.
    pub ports: Vec<u16>,
    /// Whether `http:` is allowed.
    pub http: bool,
}

impl AddressPolicy {
    /// For a development machine: loopback addresses and plain http.
    pub fn loopback() -> Self {
        let v4 = Network { base: IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), length: 8 };
        let v6 = Network { base: IpAddr::V6(Ipv6Addr::LOCALHOST), length: 128 };
        Self { networks: vec![v4, v6], http: true, ..Self::default() }
    }

    /// # Errors
    /// [`Blocked`] when the address is not public and nothing allows it.
    pub fn check(&self, host: &str, address: IpAddr) -> Result<(), Blocked> {
        let address = address.to_canonical();
        let Some(special) = classify(address) else { return Ok(()) };
        if self.allows_host(host) || self.allows_address(address) {
            return Ok(());
        }
        Err(Blocked { host: host.to_owned(), address, special })
    }

    /// Whether the port is one a web server may be at: not mail, shells or databases of the old numbering.
    pub fn allows_port(&self, port: u16) -> bool {
        matches!(port, 443 | 80) || port >= 1024 || self.ports.contains(&port)
    }

    fn allows_address(&self, address: IpAddr) -> bool {
        let listed = |address: IpAddr| self.networks.iter().any(|network| network.contains(address));
        if !listed(address) {
            return false;
        }
        match address {
            // A NAT64 block that is allowed leads to public addresses only, unless those behind it are allowed too.
            IpAddr::V6(v6) => embedded(v6).is_none_or(|v4| {
                let v4 = IpAddr::V4(v4);
                v6.is_loopback() || classify(v4).is_none() || listed(v4)
            }),
            IpAddr::V4(_) => true,
        }
    }

    fn allows_host(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        self.hosts.iter().any(|allowed| {
            let allowed = allowed.trim_end_matches('.').to_ascii_lowercase();
            match allowed.strip_prefix('.') {
                Some("") | None => allowed == host && !host.is_empty(),
                Some(_) => host.ends_with(&allowed) && host.len() > allowed.len(),
            }
        })
    }
}

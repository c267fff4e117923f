//! No spelling of a forbidden address is let through (T26 of the security reference).

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use scim_client::address::{Special, classify};
use scim_client::{
    AddressPolicy, Client, ClientCredentials, CredentialLocation, Credentials, FailureKind, Network, Options,
    Request, Target, TargetError,
};

use crate::server::{Names, Server, options, scim, transport};

#[test]
fn special_addresses_are_known() {
    let check = |address: &str, expect: Option<Special>| {
        assert_eq!(classify(address.parse().unwrap()), expect, "{address}");
    };
    for (address, expect) in [
        ("0.0.0.0", Special::ThisNetwork),
        ("0.255.255.255", Special::ThisNetwork),
        ("10.0.0.0", Special::Private),
        ("10.255.255.255", Special::Private),
        ("100.64.0.0", Special::Shared),
        ("100.127.255.255", Special::Shared),
        ("100.100.100.200", Special::Shared),
        ("127.0.0.1", Special::Loopback),
        ("127.255.255.254", Special::Loopback),
        ("168.63.129.16", Special::CloudMetadata),
        ("169.254.169.254", Special::LinkLocal),
        ("172.16.0.1", Special::Private),
        ("172.31.255.255", Special::Private),
        ("192.0.0.192", Special::ProtocolAssignment),
        ("192.0.2.1", Special::Documentation),
        ("192.88.99.1", Special::Relay6to4),
        ("192.168.0.1", Special::Private),
        ("198.18.0.1", Special::Benchmarking),
        ("198.19.255.255", Special::Benchmarking),
        ("198.51.100.1", Special::Documentation),
        ("203.0.113.1", Special::Documentation),
        ("224.0.0.1", Special::Multicast),
        ("239.255.255.255", Special::Multicast),
        ("240.0.0.1", Special::Reserved),
        ("255.255.255.255", Special::Reserved),
        ("::", Special::Unspecified),
        ("::1", Special::Loopback),
        ("::7f00:1", Special::V4Compatible),
        ("::ffff:127.0.0.1", Special::Loopback),
        ("::ffff:10.0.0.1", Special::Private),
        ("::ffff:0:127.0.0.1", Special::Reserved),
        ("64:ff9b::7f00:1", Special::Nat64),
        ("64:ff9b::8.8.8.8", Special::Nat64),
        ("64:ff9b:1::1", Special::Nat64),
        ("100::1", Special::Discard),
        ("2001::1", Special::ProtocolAssignment),
        ("2001:20::1", Special::ProtocolAssignment),
        ("2001:db8::1", Special::Documentation),
        ("2002:7f00:1::", Special::Tunnel6to4),
        ("3fff::1", Special::Documentation),
        ("5f00::1", Special::SegmentRouting),
        ("fc00::1", Special::UniqueLocal),
        ("fd00:ec2::254", Special::UniqueLocal),
        ("fe80::1", Special::LinkLocal),
        ("fec0::1", Special::SiteLocal),
        ("ff02::1", Special::Multicast),
        ("4000::1", Special::Reserved),
        ("e000::1", Special::Reserved),
    ] {
        check(address, Some(expect));
    }
    for public in [
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "168.63.129.15",
        "169.253.255.255",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "::ffff:8.8.8.8",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2003::1",
        "2606:4700::1111",
        "2a00::1",
    ] {
        check(public, None);
    }
}

/// URLs whose host is, in whatever spelling, an address: all refused before anything is resolved.
const SPELLINGS: &[&str] = &[
    "https://127.0.0.1/",
    "https://127.1/",
    "https://127.0.1/",
    "https://127.127.127.127/",
    "https://127.0.0.1./",
    "https://127.0.0.1:8443/",
    "https://2130706433/",
    "https://017700000001/",
    "https://0x7f000001/",
    "https://0x7F000001/",
    "https://0x7f.0.0.1/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://0177.0.0.01/",
    "https://00000177.0.0.1/",
    "https://127.0.0x1/",
    "https://0/",
    "https://0.0.0.0/",
    "https://0x0/",
    "https://00/",
    "https://10.0.0.5/",
    "https://10.5/",
    "https://167772165/",
    "https://0xa000005/",
    "https://012.0.0.5/",
    "https://169.254.169.254/latest/meta-data",
    "https://169.254.43518/",
    "https://2852039166/",
    "https://0xa9fea9fe/",
    "https://0xa9.0xfe.0xa9.0xfe/",
    "https://0251.0376.0251.0376/",
    "https://168.63.129.16/",
    "https://100.100.100.200/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://192.168.257/",
    "https://255.255.255.255/",
    "https://4294967295/",
    "https://[::1]/",
    "https://[::]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[0000::0001]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::FFFF:7F00:0001]/",
    "https://[::127.0.0.1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://[64:ff9b::127.0.0.1]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[2002:7f00:1::]/",
    "https://[fd00:ec2::254]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fe80::1%eth0]/",
    "https://[ff02::1]/",
    "https://[::1]:8443/",
    // Full-width and other digits that IDNA maps to ASCII ones, and dots that it maps to dots.
    "https://１２７.0.0.1/",
    "https://127。0。0。1/",
    "https://127．0．0．1/",
    "https://127｡0｡0｡1/",
    "https://①②⑦.⓪.⓪.①/",
    "https://⑯⑨.254.⑯⑨.254/",
    "https://０ｘ７ｆ.1/",
    "https://%31%32%37.0.0.1/",
    "https://127%2e0%2e0%2e1/",
    "https://127.0.0.%31/",
    "https://user@127.0.0.1/",
    "https://scim.example.com@127.0.0.1/",
    "https://scim.example.com:x@127.0.0.1/",
    "https://127.0.0.1#@scim.example.com/",
    "https://127.0.0.1?@scim.example.com/",
    "https://scim.example.com\\@127.0.0.1/",
    "https:\\\\127.0.0.1/",
    "https:127.0.0.1/",
    "https:/127.0.0.1/",
    "https:///127.0.0.1/",
    "https:////127.0.0.1/",
    "HTTPS://127.0.0.1/",
    "hTtPs://0X7F.1/",
    "https://127.0.0.1\t/",
    "https://127.0.\n0.1/",
    "https://127.0.0.1 .example.com/",
    "https://256.256.256.256/",
    "https://127.0.0.1.1/",
    "https://[::1/",
    "https://::1/",
    "https:///",
    "https://",
    "https://./",
    "http://scim.example.com/",
    "file:///etc/passwd",
    "gopher://127.0.0.1/",
    "ftp://scim.example.com/",
    "javascript:alert(1)",
    "//127.0.0.1/",
    "127.0.0.1",
    "https://scim.example.com:22/",
    "https://scim.example.com:25/",
    "https://scim.example.com:0/",
    "https://scim.example.com:65536/",
    "https://user:secret@scim.example.com/",
    "https://@scim.example.com/",
    "https://scim.example.com/#x",
    "",
];

#[test]
fn no_spelling_passes() {
    assert!(SPELLINGS.len() >= 80);
    for url in SPELLINGS {
        let result = Target::parse(url, &AddressPolicy::default());
        assert!(result.is_err(), "{url:?} was accepted as {:?}", result.unwrap());
    }
}

#[test]
fn public_targets_pass() {
    for url in [
        "https://scim.example.com",
        "https://scim.example.com:8443/v2",
        "https://8.8.8.8/scim",
        "https://[2606:4700::1111]/scim",
        "https://bücher.example/scim",
        " https://scim.example.com/v2?aadOptscim062020 ",
    ] {
        assert!(Target::parse(url, &AddressPolicy::default()).is_ok(), "{url}");
    }
}

#[test]
fn the_operator_allows_more() {
    let policy = AddressPolicy {
        networks: ["10.20.0.0/16", "fd00:1::/32", "64:ff9b::/96"]
            .iter()
            .map(|n| n.parse().unwrap())
            .collect(),
        hosts: vec!["intra.corp.example".to_owned(), ".lab.example".to_owned()],
        ports: vec![444],
        http: false,
    };
    let check = |host: &str, address: &str, expect: bool| {
        let address: IpAddr = address.parse().unwrap();
        assert_eq!(policy.check(host, address).is_ok(), expect, "{host} {address}");
    };
    check("a.example", "10.20.1.1", true);
    check("a.example", "::ffff:10.20.1.1", true);
    check("a.example", "10.21.1.1", false);
    check("a.example", "fd00:1::5", true);
    check("a.example", "fd00:2::5", false);
    // A NAT64 prefix leads to what is behind it.
    check("a.example", "64:ff9b::8.8.8.8", true);
    check("a.example", "64:ff9b::10.20.1.1", true);
    check("a.example", "64:ff9b::127.0.0.1", false);
    check("a.example", "64:ff9b::a9fe:a9fe", false);
    check("intra.corp.example", "192.168.0.9", true);
    check("INTRA.corp.example.", "192.168.0.9", true);
    check("x.intra.corp.example", "192.168.0.9", false);
    check("evil-intra.corp.example", "192.168.0.9", false);
    check("a.lab.example", "127.0.0.1", true);
    check("lab.example", "127.0.0.1", false);
    check("evillab.example", "127.0.0.1", false);
    check("", "127.0.0.1", false);
    assert!(policy.allows_port(444) && policy.allows_port(443) && !policy.allows_port(22));
    assert_eq!(
        Target::parse("http://intra.corp.example", &policy).unwrap_err(),
        TargetError::NotHttps,
        "an allowed address is not allowed without TLS"
    );
}

#[test]
fn networks_are_read() {
    for (text, shown) in [
        ("10.0.0.0/8", "10.0.0.0/8"),
        (" 192.0.2.7 ", "192.0.2.7/32"),
        ("fd00::/8", "fd00::/8"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("::1", "::1/128"),
    ] {
        assert_eq!(text.parse::<Network>().unwrap().to_string(), shown);
    }
    for text in
        ["", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/-1", "10.0.0.0/+8", "fd00::/129", "x/8", "10.0.0.0/8/8"]
    {
        assert!(text.parse::<Network>().is_err(), "{text}");
    }
    let all: Network = "0.0.0.0/0".parse().unwrap();
    assert!(all.contains("255.1.2.3".parse().unwrap()) && !all.contains("::1".parse().unwrap()));
}

proptest! {
    #[test]
    fn mapped_addresses_are_what_they_map(bits: u32) {
        let v4 = std::net::Ipv4Addr::from(bits);
        prop_assert_eq!(classify(v4.into()), classify(v4.to_ipv6_mapped().into()));
    }

    #[test]
    fn only_the_global_block_is_public(bits: u128) {
        let v6 = std::net::Ipv6Addr::from(bits);
        if v6.to_ipv4_mapped().is_none() && classify(v6.into()).is_none() {
            prop_assert_eq!(v6.segments()[0] & 0xe000, 0x2000);
        }
    }

    /// Any 32-bit number, in any spelling of an IPv4 host, is judged as the address it is.
    #[test]
    fn numeric_hosts_are_judged(bits: u32, spelling in 0..4) {
        let address = std::net::Ipv4Addr::from(bits);
        let [a, b, c, d] = address.octets();
        let host = match spelling {
            0 => format!("{bits}"),
            1 => format!("{bits:#x}"),
            2 => format!("0{a:o}.{b}.{:#x}.0{d:o}", c),
            _ => format!("{a}.{}", bits & 0xff_ffff),
        };
        let result = Target::parse(&format!("https://{host}/"), &AddressPolicy::default());
        prop_assert_eq!(result.is_ok(), classify(address.into()).is_none(), "{}", host);
    }

    #[test]
    fn no_text_panics(text: String) {
        let _ = Target::parse(&text, &AddressPolicy::default());
        let _ = Target::parse(&format!("https://{text}"), &AddressPolicy::loopback());
        let _ = text.parse::<Network>();
    }
}

fn client(url: &str, policy: AddressPolicy, names: Names, options: Options) -> Client {
    let transport = transport(policy).with_resolver(names);
    let target = Target::parse(url, &transport.policy).unwrap();
    Client::new(target, transport, options).unwrap()
}

/// A listener that nothing may ever reach.
async fn canary() -> Server {
    Server::answering(scim("200 OK", "{}")).await
}

#[tokio::test]
async fn names_that_lead_inside_are_refused() {
    let canary = canary().await;
    let port = canary.address.port();
    let inside: IpAddr = "127.0.0.1".parse().unwrap();
    let outside: IpAddr = "93.184.216.34".parse().unwrap();
    let mapped: IpAddr = "::ffff:127.0.0.1".parse().unwrap();
    for addresses in [vec![inside], vec![outside, inside], vec![mapped], vec![outside, mapped]] {
        let names = Names::new(vec![("scim.example.com", addresses)]);
        let policy = AddressPolicy { http: true, ..AddressPolicy::default() };
        let client = client(&format!("http://scim.example.com:{port}/"), policy, names, options());
        let failure = client.send(&Request::get("/Users")).await.unwrap_err();
        assert!(matches!(failure.kind, FailureKind::Blocked(_)), "{failure}");
        assert!(failure.is_systemic() && !failure.is_ambiguous() && !failure.is_transient());
    }
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn the_systems_own_names_are_refused() {
    let canary = canary().await;
    let port = canary.address.port();
    for host in ["localhost", "LOCALHOST", "localhost."] {
        let policy = AddressPolicy { http: true, ..AddressPolicy::default() };
        let transport = transport(policy);
        let target = Target::parse(&format!("http://{host}:{port}/"), &transport.policy).unwrap();
        let client = Client::new(target, transport, options()).unwrap();
        let failure = client.send(&Request::get("/Users")).await.unwrap_err();
        // A machine without such a name in its hosts file cannot reach anything either.
        assert!(matches!(failure.kind, FailureKind::Blocked(_) | FailureKind::Dns(_)), "{failure}");
    }
    assert_eq!(canary.connections(), 0);
}

/// The second sink: credentials are sent to the token endpoint.
#[tokio::test]
async fn token_endpoints_are_judged_alike() {
    let canary = canary().await;
    let port = canary.address.port();
    let credentials = |token_url: String| {
        Credentials::ClientCredentials(ClientCredentials {
            token_url,
            client_id: "id".to_owned(),
            client_secret: "secret-value".into(),
            scope: None,
            location: CredentialLocation::Header,
        })
    };
    let policy = AddressPolicy { http: true, ..AddressPolicy::default() };
    for url in SPELLINGS {
        let transport = transport(AddressPolicy::default());
        let target = Target::parse("https://scim.example.com", &transport.policy).unwrap();
        let options = Options { credentials: credentials((*url).to_owned()), ..options() };
        assert!(Client::new(target, transport, options).is_err(), "{url}");
    }
    let names = Names::new(vec![("tokens.example.com", vec!["127.0.0.1".parse().unwrap()])]);
    let options =
        Options { credentials: credentials(format!("http://tokens.example.com:{port}/")), ..options() };
    let client = client("http://scim.example.com", policy, names, options);
    let failure = client.send(&Request::get("/Users")).await.unwrap_err();
    assert!(matches!(failure.kind, FailureKind::Blocked(_)), "{failure}");
    assert_eq!(canary.connections(), 0);
}

/// A name that changes its address between the check and the connection has no such moment: it is asked once.
#[tokio::test]
async fn a_connection_resolves_once_and_keeps_the_host() {
    let server = Server::answering(scim("200 OK", "{}")).await;
    let port = server.address.port();
    let names = Names::new(vec![("scim.example.com", vec!["127.0.0.1".parse().unwrap()])]);
    let asked: Arc<AtomicUsize> = Arc::clone(&names.1);
    let url = format!("http://scim.example.com:{port}/v2");
    let client = client(&url, AddressPolicy::loopback(), names, options());
    client.send(&Request::get("/Users")).await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let received = server.received();
    assert_eq!(received[0].header("host"), Some(format!("scim.example.com:{port}").as_str()));
}

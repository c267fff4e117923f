//! A SCIM service provider as the benchmark's client sees it: where it is, and what opens it.

use std::net::SocketAddr;

use anyhow::{Context, bail};

#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    pub(super) address: SocketAddr,
    pub(super) host: String,
    /// The path of the SCIM Base URL.
    pub(super) base: String,
    pub(super) key: String,
    /// What the names of all that is made there begin with.
    pub(super) prefix: &'static str,
}

impl Endpoint {
    /// Of a SCIM Base URL; its host is looked up once.
    pub(super) async fn of_url(url: &str, key: &str, prefix: &'static str) -> anyhow::Result<Self> {
        let (host, base) = split(url)?;
        let named = if host.rsplit(':').next().is_some_and(|port| port.parse::<u16>().is_ok()) {
            host.clone()
        } else {
            format!("{host}:80")
        };
        let mut addresses = tokio::net::lookup_host(&named).await.with_context(|| named.clone())?;
        let address = addresses.next().with_context(|| format!("{named} has no address"))?;
        Ok(Self { address, host, base, key: key.to_owned(), prefix })
    }

    pub(super) fn request(&self, method: &str, path: &str, body: Option<&str>) -> Vec<u8> {
        super::client::request_to(&self.host, method, &format!("{}{path}", self.base), &self.key, body)
    }

    /// A query with a filter as Entra encodes it: spaces as `+`, quotes as `%22`, `@` as `%40`.
    pub(super) fn filtered(&self, kind: &str, filter: &str, more: &str) -> Vec<u8> {
        let filter = filter.replace(' ', "+").replace('"', "%22").replace('@', "%40");
        self.request("GET", &format!("{kind}?filter={filter}{more}"), None)
    }
}

/// Host and path of a plain URL.
fn split(url: &str) -> anyhow::Result<(String, String)> {
    if url.starts_with("https://") {
        bail!(
            "{url}: the client speaks plain HTTP only, since TLS would be measured with it; name the server itself"
        );
    }
    let rest = url.strip_prefix("http://").with_context(|| format!("{url}: a URL begins with http://"))?;
    let (host, path) = rest.split_once('/').map_or((rest, String::new()), |(host, path)| {
        (host, format!("/{}", path.trim_end_matches('/')).trim_end_matches('/').to_owned())
    });
    if host.is_empty() || path.contains(['?', '#']) {
        bail!("{url}: not a SCIM Base URL");
    }
    Ok((host.to_owned(), path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_host_and_path() {
        let cases = [
            ("http://127.0.0.1:8080/scim/v2/t", Some(("127.0.0.1:8080", "/scim/v2/t"))),
            ("http://localhost:9/scim/", Some(("localhost:9", "/scim"))),
            ("http://[::1]:9/", Some(("[::1]:9", ""))),
            ("http://host", Some(("host", ""))),
            ("https://host/scim", None),
            ("host/scim", None),
            ("http:///scim", None),
            ("http://host/scim?x=1", None),
        ];
        for (url, expect) in cases {
            let found = split(url).ok();
            assert_eq!(found.as_ref().map(|(h, p)| (h.as_str(), p.as_str())), expect, "{url}");
        }
    }

    #[test]
    fn filters_are_encoded_as_entra_does() {
        let address = "127.0.0.1:1".parse().unwrap();
        let (host, base, key) = ("h".to_owned(), "/b".to_owned(), "k".to_owned());
        let endpoint = Endpoint { address, host, base, key, prefix: "" };
        let request =
            String::from_utf8(endpoint.filtered("/Users", "userName eq \"a@b\"", "&count=1")).unwrap();
        let line = "GET /b/Users?filter=userName+eq+%22a%40b%22&count=1 HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer k\r\n\r\n";
        assert_eq!(request, line);
    }
}

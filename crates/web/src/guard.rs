//! A request that two readers could understand differently is refused before anything else looks at it.
//!
//! A proxy in front and the router behind must agree on where a request ends, whom it is for and which resource it
//! names; whatever makes them disagree (a second `Host`, a length given twice, an encoded slash) is answered here,
//! before authentication, routing and parsing.

use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use percent_encoding::percent_decode_str;

/// Bytes of path and query of one request.
pub(crate) const URI_BYTES: usize = 16 * 1024;

/// Put into a request of a connection on which a head with two readings has come by; see [`crate::framing`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ambiguous;

/// Why a request is refused unread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(crate) status: StatusCode,
    pub(crate) detail: &'static str,
}

impl Malformed {
    const fn bad(detail: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, detail }
    }
}

/// Whether a path belongs to the SCIM tree, whose every answer is behind a key.
pub(crate) fn is_scim(path: &str) -> bool {
    path.strip_prefix("/scim").is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '%', ';', '\\']))
}

/// Whether a path belongs to the Graph API, whose every answer is behind a key too.
pub(crate) fn is_graph(path: &str) -> bool {
    path.strip_prefix("/graph").is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '%', ';', '\\']))
}

pub(crate) fn check(head: &Parts) -> Result<(), Malformed> {
    if head.extensions.get::<Ambiguous>().is_some() {
        return Err(Malformed::bad("the request gives the length of its body twice"));
    }
    check_target(head)?;
    check_framing(&head.headers)?;
    if is_scim(head.uri.path()) || is_graph(head.uri.path()) { check_path(head.uri.path()) } else { Ok(()) }
}

fn check_target(head: &Parts) -> Result<(), Malformed> {
    if head.uri.path_and_query().is_some_and(|target| target.as_str().len() > URI_BYTES) {
        return Err(Malformed {
            status: StatusCode::URI_TOO_LONG,
            detail: "the URL is longer than 16 KiB; send the query with POST …/.search",
        });
    }
    // RFC 9112 §3.2: exactly one Host field; an absolute request target would name the host a second time.
    if head.uri.authority().is_some() {
        return Err(Malformed::bad("the request target must be a path; the host belongs in the Host header"));
    }
    let mut hosts = head.headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) if host.to_str().is_ok_and(is_host) => Ok(()),
        (Some(_), None) => Err(Malformed::bad("the Host header is not a host name")),
        (None, _) => Err(Malformed::bad("the request has no Host header")),
        (Some(_), Some(_)) => Err(Malformed::bad("the request has more than one Host header")),
    }
}

fn is_host(host: &str) -> bool {
    !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]~".contains(&b))
}

fn check_framing(headers: &HeaderMap) -> Result<(), Malformed> {
    if headers.get_all(header::AUTHORIZATION).iter().count() > 1 {
        return Err(Malformed::bad("the request has more than one Authorization header"));
    }
    let lengths = headers.get_all(header::CONTENT_LENGTH).iter().count();
    if lengths > 1 {
        return Err(Malformed::bad("the request has more than one Content-Length header"));
    }
    if lengths == 1 && headers.contains_key(header::TRANSFER_ENCODING) {
        return Err(Malformed::bad("the request has both Content-Length and Transfer-Encoding"));
    }
    Ok(())
}

/// Spellings of a path that a router, a proxy and a log read differently.
fn check_path(path: &str) -> Result<(), Malformed> {
    const TRICKS: [(&str, &str); 4] = [
        ("//", "the path has an empty segment (//)"),
        ("..", "the path has a parent segment (..)"),
        (";", "the path has a path parameter (;)"),
        ("\\", "the path has a backslash"),
    ];
    if let Some((_, detail)) = TRICKS.iter().find(|(trick, _)| path.contains(trick)) {
        return Err(Malformed::bad(detail));
    }
    if path.split('/').any(|segment| segment == ".") {
        return Err(Malformed::bad("the path has a current-directory segment (.)"));
    }
    for escape in path.split('%').skip(1) {
        match hex_byte(escape) {
            None => return Err(Malformed::bad("the path has a % that two hexadecimal digits do not follow")),
            Some(b'/' | b'\\' | b'%' | b'.' | b';') => {
                return Err(Malformed::bad("the path has an encoded separator (%2F, %5C, %25, %2E or %3B)"));
            }
            Some(byte) if byte.is_ascii_control() => {
                return Err(Malformed::bad("the path has an encoded control character"));
            }
            Some(_) => {}
        }
    }
    match percent_decode_str(path).decode_utf8() {
        Ok(_) => Ok(()),
        Err(_) => Err(Malformed::bad("the path is not UTF-8")),
    }
}

/// The byte that the two digits behind a `%` stand for.
pub(crate) fn hex_byte(escape: &str) -> Option<u8> {
    let digits = escape.get(..2)?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u8::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn refused(uri: &str, headers: &[(&str, &str)]) -> Option<u16> {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        check(&head).err().map(|m| m.status.as_u16())
    }

    #[test]
    fn ambiguous_paths_are_refused() {
        let host = [("host", "muster.example")];
        for path in [
            "/scim/v2/t//Users",
            "/scim//v2/t/Users",
            "/scim/v2/t/../u/Users",
            "/scim/v2/t/./Users",
            "/scim/v2/t/Users;a=b",
            "/scim/v2/t/Users%2fid",
            "/scim/v2/t/Users%2Fid",
            "/scim/v2/t/Users%5cid",
            "/scim/v2/t/Users/%00",
            "/scim/v2/t/Users/a%0ab",
            "/scim/v2/t/Users/%252f",
            "/scim/v2/t/Users/%2e%2e",
            "/scim/v2/t/Users/%3bx",
            "/scim/v2/t/Users/%zz",
            "/scim/v2/t/Users/%4",
            "/scim/v2/t/Users/%",
            "/scim/v2/t/Users/%ff",
            "/scim/v2/t/Users/%+1",
            "/scim;x/v2/t/Users",
            "/scim%2fv2/t/Users",
        ] {
            assert_eq!(refused(path, &host), Some(400), "{path}");
        }
        for path in [
            "/scim/v2/t/Users/.search",
            "/scim/v2/t/Users/J%C3%BCrgen",
            "/scim/v2/t/Users?filter=a%2Fb;..//",
            "/",
        ] {
            assert_eq!(refused(path, &host), None, "{path}");
        }
    }

    #[test]
    fn exactly_one_host_and_one_length() {
        const HOST: (&str, &str) = ("host", "muster.example:8080");
        type Row = (&'static str, &'static [(&'static str, &'static str)], Option<u16>);
        let table: &[Row] = &[
            ("/", &[HOST], None),
            ("/", &[("host", "[::1]:8080")], None),
            ("/", &[], Some(400)),
            ("/", &[("host", "")], Some(400)),
            ("/", &[("host", "a/b")], Some(400)),
            ("/", &[("host", "a, b")], Some(400)),
            ("/", &[HOST, ("host", "other.example")], Some(400)),
            ("/", &[HOST, ("host", "muster.example:8080")], Some(400)),
            ("http://muster.example/", &[HOST], Some(400)),
            ("/", &[HOST, ("authorization", "Bearer a")], None),
            ("/", &[HOST, ("authorization", "Bearer a"), ("authorization", "Bearer a")], Some(400)),
            ("/", &[HOST, ("content-length", "1"), ("content-length", "1")], Some(400)),
            ("/", &[HOST, ("content-length", "1"), ("transfer-encoding", "chunked")], Some(400)),
        ];
        for (uri, headers, expect) in table {
            assert_eq!(refused(uri, headers), *expect, "{uri} {headers:?}");
        }
    }

    #[test]
    fn the_url_is_bounded() {
        let uri = |bytes: usize| format!("/x?{}", "a".repeat(bytes - 3));
        assert_eq!(refused(&uri(URI_BYTES), &[("host", "h")]), None);
        assert_eq!(refused(&uri(URI_BYTES + 1), &[("host", "h")]), Some(414));
    }
}

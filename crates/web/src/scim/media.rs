//! Media types: what a request's body is in, and what its sender can read (RFC 7644 §3.1, §3.8).

use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::reply::Refusal;

/// The body must be JSON in UTF-8, not compressed. A missing `Content-Type` is taken as JSON.
///
/// # Errors
/// 415
pub(crate) fn check_content(headers: &HeaderMap) -> Result<(), Refusal> {
    let encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    if encodings.into_iter().any(|v| !v.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity")) {
        // RFC 9110 §12.5.3: Accept-Encoding in a 415 says what would be accepted.
        return Err(unsupported("the body is compressed; send it without Content-Encoding")
            .with(header::ACCEPT_ENCODING, HeaderValue::from_static("identity")));
    }
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    match (types.next(), types.next()) {
        (None, _) => Ok(()),
        (Some(value), None) => content_type(value),
        (Some(_), Some(_)) => Err(unsupported("the request has more than one Content-Type header")),
    }
}

fn content_type(value: &HeaderValue) -> Result<(), Refusal> {
    let text = value.to_str().unwrap_or_default();
    let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
    if !is_json(essence.trim()) {
        return Err(unsupported("the Content-Type must be application/scim+json or application/json"));
    }
    for parameter in parameters.split(';') {
        let Some((name, charset)) = parameter.split_once('=') else { continue };
        let charset = charset.trim().trim_matches('"');
        if name.trim().eq_ignore_ascii_case("charset")
            && !["utf-8", "utf8"].iter().any(|c| c.eq_ignore_ascii_case(charset))
        {
            return Err(unsupported("the body must be in UTF-8; the Content-Type names another charset"));
        }
    }
    Ok(())
}

fn is_json(essence: &str) -> bool {
    ["application/scim+json", "application/json"].iter().any(|known| known.eq_ignore_ascii_case(essence))
}

fn unsupported(detail: &'static str) -> Refusal {
    Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
}

/// # Errors
/// 406 when `Accept` admits neither of the two media types.
pub(crate) fn check_accept(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut ranges = headers
        .get_all(header::ACCEPT)
        .iter()
        .flat_map(|v| v.to_str().unwrap_or("*/*").split(','))
        .peekable();
    if ranges.peek().is_none() || ranges.any(admits) {
        return Ok(());
    }
    let detail = "the answer is application/scim+json, which the Accept header does not admit";
    Err(Refusal::new(StatusCode::NOT_ACCEPTABLE, detail))
}

fn admits(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let known = essence.is_empty() || is_json(essence) || ["*/*", "*", "application/*"].contains(&essence);
    // RFC 9110 §12.4.2: a weight of 0 means "not acceptable".
    let refused = parts.filter_map(|p| p.split_once('=')).any(|(name, weight)| {
        name.trim().eq_ignore_ascii_case("q") && weight.trim().parse::<f32>().is_ok_and(|w| w <= 0.0)
    });
    known && !refused
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, values: &[&str]) -> HeaderMap {
        values.iter().map(|v| (name.clone(), v.parse().unwrap())).collect()
    }

    #[test]
    fn content() {
        let table: &[(&[&str], bool)] = &[
            (&[], true),
            (&["application/scim+json"], true),
            (&["application/scim+json; charset=utf-8"], true),
            (&["Application/JSON;Charset=\"UTF-8\""], true),
            (&["application/json; version=1"], true),
            (&["application/json; charset=iso-8859-1"], false),
            (&["application/json; charset=utf-16"], false),
            (&["text/plain"], false),
            (&["application/xml"], false),
            (&["application/x-www-form-urlencoded"], false),
            (&["application/json", "text/plain"], false),
            (&[""], false),
        ];
        for (values, accepted) in table {
            assert_eq!(
                check_content(&headers(header::CONTENT_TYPE, values)).is_ok(),
                *accepted,
                "{values:?}"
            );
        }
        for (value, accepted) in [("identity", true), ("gzip", false), ("gzip, identity", false)] {
            assert_eq!(
                check_content(&headers(header::CONTENT_ENCODING, &[value])).is_ok(),
                accepted,
                "{value}"
            );
        }
    }

    #[test]
    fn accept() {
        let table: &[(&[&str], bool)] = &[
            (&[], true),
            (&["*/*"], true),
            (&["application/*"], true),
            (&["application/scim+json"], true),
            (&["application/json, text/plain, */*"], true),
            (&["text/html, application/xhtml+xml, */*;q=0.8"], true),
            (&["text/html", "application/json"], true),
            (&["text/html"], false),
            (&["application/xml"], false),
            (&["application/json;q=0"], false),
            (&["application/json;q=0, */*;q=0.1"], true),
        ];
        for (values, accepted) in table {
            assert_eq!(check_accept(&headers(header::ACCEPT, values)).is_ok(), *accepted, "{values:?}");
        }
    }
}

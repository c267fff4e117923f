//! The console's cookies: the session, the token of the sign-in form, the message carried over a redirect.
//!
//! Under https each has the `__Host-` prefix: Secure, without Domain, for the whole origin, so that no sibling host can
//! set it. Plain http (a first try on one machine) has to do without; the names differ, so that neither is taken for the other.

use http::{HeaderMap, HeaderValue, header};

/// Which cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cookie {
    Session,
    /// Ties the sign-in form to the browser it was sent to, before there is a session.
    Form,
    Flash,
}

impl Cookie {
    fn name(self, https: bool) -> &'static str {
        match (self, https) {
            (Self::Session, true) => "__Host-muster",
            (Self::Session, false) => "muster",
            (Self::Form, true) => "__Host-muster-form",
            (Self::Form, false) => "muster-form",
            (Self::Flash, true) => "__Host-muster-flash",
            (Self::Flash, false) => "muster-flash",
        }
    }

    /// Its value in a request. One that is sent twice is not believed: one of the two may be planted.
    pub(super) fn read(self, headers: &HeaderMap, https: bool) -> Option<String> {
        let name = self.name(https);
        let texts = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut values = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value);
        match (values.next(), values.next()) {
            (Some(value), None) if !value.is_empty() => Some(value.to_owned()),
            _ => None,
        }
    }

    /// The header that sets it until the browser is closed.
    pub(super) fn set(self, value: &str, https: bool) -> Option<HeaderValue> {
        self.header(value, "", https)
    }

    /// The header that takes it away.
    pub(super) fn clear(self, https: bool) -> Option<HeaderValue> {
        self.header("", "; Max-Age=0", https)
    }

    fn header(self, value: &str, age: &str, https: bool) -> Option<HeaderValue> {
        let secure = if https { "; Secure" } else { "" };
        let name = self.name(https);
        HeaderValue::from_str(&format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}")).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cookie: &str, https: bool) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, cookie.parse().unwrap());
        Cookie::Session.read(&headers, https)
    }

    #[test]
    fn a_cookie_is_read_by_its_whole_name() {
        assert_eq!(read("a=b; muster=x; c=d", false).as_deref(), Some("x"));
        assert_eq!(read("muster=x", true), None, "a cookie of plain http is nothing under https");
        assert_eq!(read("__Host-muster=x", true).as_deref(), Some("x"));
        assert_eq!(read("xmuster=x", false), None);
        assert_eq!(read("muster=x; muster=y", false), None, "a planted second cookie");
        assert_eq!(read("muster=", false), None);
    }

    #[test]
    fn flags() {
        let set = |https| Cookie::Session.set("v", https).unwrap().to_str().unwrap().to_owned();
        assert_eq!(set(true), "__Host-muster=v; Path=/; HttpOnly; SameSite=Lax; Secure");
        assert_eq!(set(false), "muster=v; Path=/; HttpOnly; SameSite=Lax");
    }
}

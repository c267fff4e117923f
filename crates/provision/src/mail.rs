//! The way to a mail server: where it is, how it is signed in to, and one message sent.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use percent_encoding::percent_decode_str;
use scim_client::Secret;

/// For a whole conversation with the mail server.
const PATIENCE: Duration = Duration::from_secs(30);

/// How the way to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// From the first byte, usually at port 465.
    Tls,
    /// From `STARTTLS` on, without which nothing is sent; usually at port 587.
    StartTls,
    /// Not at all: a relay on this machine.
    None,
}

/// A mail server, from a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailServer {
    pub host: String,
    pub port: u16,
    pub security: Security,
    pub user: Option<(String, Secret)>,
}

impl MailServer {
    /// `smtps://user:password@host` is TLS, `smtp://…` is STARTTLS, and `smtp://host?tls=none` is neither and takes no
    /// password.
    ///
    /// # Errors
    /// Why it cannot be used, without its password.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wanted = "write it like smtps://user:password@mail.example.com";
        let url = url::Url::parse(text.trim()).map_err(|error| format!("{error}; {wanted}"))?;
        let plain = match url.query() {
            None => false,
            Some("tls=none") => true,
            Some(_) => return Err("after ? only tls=none is known".to_owned()),
        };
        let security = match (url.scheme(), plain) {
            ("smtps", false) => Security::Tls,
            ("smtp", false) => Security::StartTls,
            ("smtp", true) => Security::None,
            ("smtps", true) => return Err("smtps: and tls=none exclude each other".to_owned()),
            _ => return Err(format!("it must begin with smtps:// or smtp://; {wanted}")),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or("it names no host")?;
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err("after the host nothing is expected".to_owned());
        }
        let decoded = |text: &str| {
            let text = percent_decode_str(text).decode_utf8();
            text.map(std::borrow::Cow::into_owned).map_err(|_| "user and password must be UTF-8".to_owned())
        };
        let user = match (url.username(), url.password()) {
            ("", None) => None,
            (user, Some(password)) if !user.is_empty() => {
                Some((decoded(user)?, Secret::new(decoded(password)?)))
            }
            _ => return Err("a user needs a password, and a password a user".to_owned()),
        };
        if security == Security::None && user.is_some() {
            return Err("a password is not sent in the clear; leave tls=none away".to_owned());
        }
        let usual = match security {
            Security::Tls => 465,
            Security::StartTls => 587,
            Security::None => 25,
        };
        let host = host.trim_matches(['[', ']']).to_owned();
        Ok(Self { host, port: url.port().unwrap_or(usual), security, user })
    }
}

/// Sends from one address through one mail server. Cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Address,
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer").field("from", &self.from.to_string()).finish_non_exhaustive()
    }
}

/// One message, in both its forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    pub subject: String,
    pub text: String,
    pub html: String,
}

impl Mailer {
    /// # Errors
    /// Why the server or the sender cannot be used.
    pub fn new(server: &MailServer, from: &str) -> Result<Self, String> {
        let from = address(from)?;
        let parameters = || TlsParameters::new(server.host.clone()).map_err(|error| error.to_string());
        let tls = match server.security {
            Security::Tls => Tls::Wrapper(parameters()?),
            Security::StartTls => Tls::Required(parameters()?),
            Security::None => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
            .port(server.port)
            .tls(tls)
            .hello_name(ClientId::Domain(from.domain().to_owned()))
            .timeout(Some(PATIENCE));
        if let Some((user, password)) = &server.user {
            builder = builder.credentials(Credentials::new(user.clone(), password.expose().to_owned()));
        }
        Ok(Self { transport: builder.build(), from })
    }

    /// `unique` tells this message from every other.
    ///
    /// # Errors
    /// [`Unsent`]
    pub(crate) async fn send(
        &self,
        recipient: &str,
        letter: &Letter,
        at: Timestamp,
        unique: &str,
    ) -> Result<(), Unsent> {
        let message = self.compose(recipient, letter, at, unique).map_err(Unsent::for_good)?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) => {
                let why = without_controls(&sources(&error));
                // A refusal for good, a server that cannot do what we insist on, or one that nobody vouches for.
                let again =
                    !error.is_permanent() && !error.is_client() && !why.contains("invalid peer certificate");
                Err(Unsent { again, why })
            }
        }
    }

    fn compose(
        &self,
        recipient: &str,
        letter: &Letter,
        at: Timestamp,
        unique: &str,
    ) -> Result<Message, String> {
        let plain = SinglePart::plain(letter.text.clone());
        let html = SinglePart::html(letter.html.clone());
        let parts = MultiPart::alternative().boundary(format!("muster-{unique}"));
        Message::builder()
            .from(Mailbox::new(Some("Muster".to_owned()), self.from.clone()))
            .to(Mailbox::new(None, address(recipient)?))
            // A subject is one line, whatever names are in it.
            .subject(without_controls(&letter.subject))
            .date(system_time(at))
            .message_id(Some(format!("<{unique}@{}>", self.from.domain())))
            .multipart(parts.singlepart(plain).singlepart(html))
            .map_err(|error| error.to_string())
    }
}

fn system_time(at: Timestamp) -> SystemTime {
    let since = u64::try_from(at.as_millisecond()).unwrap_or_default();
    UNIX_EPOCH + Duration::from_millis(since)
}

/// Why a message was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unsent {
    pub(crate) why: String,
    /// It may be taken later.
    pub(crate) again: bool,
}

impl Unsent {
    fn for_good(why: String) -> Self {
        Self { why, again: false }
    }
}

/// An error with what is behind it.
fn sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = error.source();
    }
    text
}

pub(crate) fn without_controls(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect()
}

fn address(text: &str) -> Result<Address, String> {
    check_address(text)?;
    text.parse().map_err(|_| format!("\"{}\" is no e-mail address", shown(text)))
}

/// An address to send to: plain (`name@host`), without display name, quotes or comments, so that nothing can hide in it.
///
/// # Errors
/// Why it cannot be used.
pub fn check_address(text: &str) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("\"{}\" is no e-mail address: {why}", shown(text)));
    let Some((local, host)) = text.rsplit_once('@') else { return wrong("it has no @") };
    if text.len() > 254 || local.len() > 64 {
        return wrong("it is too long");
    }
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    if !local.chars().all(atom) || local.split('.').any(str::is_empty) {
        return wrong("before the @ only letters, digits and signs such as . _ + - are accepted");
    }
    let labels = host.split('.').collect::<Vec<_>>();
    let label = |label: &&str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    if labels.len() < 2 || !labels.iter().all(label) {
        return wrong("after the @ a host name is expected, as in example.com");
    }
    Ok(())
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_plain() {
        for good in ["kim@contoso.example", "o'neil+ops@a-b.example.com", "x@1.example", "a.b.c@d.e"] {
            assert_eq!(check_address(good), Ok(()), "{good}");
            assert!(address(good).is_ok(), "{good}");
        }
        let long = format!("{}@contoso.example", "x".repeat(65));
        for bad in [
            "",
            "@",
            "kim",
            "kim@",
            "@contoso.example",
            "kim@contoso",
            "kim@.example",
            "kim@contoso..example",
            "kim@-contoso.example",
            "kim@contoso-.example",
            ".kim@contoso.example",
            "ki..m@contoso.example",
            "kim lee@contoso.example",
            "Kim <kim@contoso.example>",
            "kim@a.example,lee@b.example",
            "kim@contoso.example\r\nBcc: lee@b.example",
            "\"kim\"@contoso.example",
            "kim@[127.0.0.1]",
            "kïm@contoso.example",
            "kim@con toso.example",
            "kim@lee@contoso.example",
            long.as_str(),
        ] {
            assert!(check_address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn servers_are_read_from_urls() {
        let server = |text: &str| MailServer::parse(text).unwrap();
        let table = [
            ("smtps://mail.example", ("mail.example", 465, Security::Tls)),
            ("smtp://mail.example", ("mail.example", 587, Security::StartTls)),
            ("smtp://mail.example:2525/", ("mail.example", 2525, Security::StartTls)),
            ("smtp://localhost?tls=none", ("localhost", 25, Security::None)),
            ("smtp://[::1]:25?tls=none", ("::1", 25, Security::None)),
        ];
        for (text, (host, port, security)) in table {
            let server = server(text);
            assert_eq!(
                (server.host.as_str(), server.port, server.security),
                (host, port, security),
                "{text}"
            );
            assert!(server.user.is_none());
        }
        let (user, password) = server("smtps://muster%40contoso.example:p%3Aw@mail.example").user.unwrap();
        assert_eq!((user.as_str(), password.expose()), ("muster@contoso.example", "p:w"));
        assert!(!format!("{:?}", server("smtps://kim:hush@mail.example")).contains("hush"));
        for wrong in [
            "",
            "mail.example",
            "http://mail.example",
            "smtp://",
            "smtps://mail.example?tls=none",
            "smtp://mail.example?tls=opportunistic",
            "smtp://kim@mail.example",
            "smtps://:hush@mail.example",
            "smtp://kim:hush@mail.example?tls=none",
            "smtps://mail.example/path",
            "smtps://mail.example#x",
        ] {
            let why = MailServer::parse(wrong).unwrap_err();
            assert!(!why.contains("hush"), "{wrong}: {why}");
        }
    }

    #[test]
    fn no_name_makes_a_header() {
        let server = MailServer::parse("smtp://localhost?tls=none").unwrap();
        let mailer = Mailer::new(&server, "muster@contoso.example").unwrap();
        let letter = Letter {
            subject: "Zava\r\nBcc: all@contoso.example\n\nHello".into(),
            text: "one\r\n.\r\ntwo".into(),
            html: "<p>one</p>".into(),
        };
        let message = mailer.compose("kim@contoso.example", &letter, Timestamp::UNIX_EPOCH, "u-1").unwrap();
        let text = String::from_utf8(message.formatted()).unwrap();
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
        assert!(head.contains("Subject: Zava  Bcc: all@contoso.example"), "{head}");
        assert!(
            head.contains("Message-ID: <u-1@contoso.example>") && head.contains("Thu, 01 Jan 1970"),
            "{head}"
        );
        assert_eq!(message.envelope().to().len(), 1);
        assert!(
            mailer.compose("kim@contoso.example\r\nBcc: x@y.z", &letter, Timestamp::UNIX_EPOCH, "u").is_err()
        );
        assert!(Mailer::new(&server, "no address").is_err());
    }
}

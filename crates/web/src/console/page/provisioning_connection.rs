//! What is typed into a configuration: the connection, and a secret that is never sent back.

use maud::{Markup, html};
use provision::Secret;
use provision::connection::{Authentication, Connection, Pace, SecretName};
use provision::patch::Dialect;

use crate::console::component::field::{self, Field};
use crate::console::component::time;
use crate::console::fields::Fields;
use crate::console::visit::Desk;

const METHODS: [(&str, &str); 3] = [
    ("bearer", "Bearer authentication"),
    ("oauth", "OAuth 2.0 client credentials"),
    ("basic", "Basic authentication"),
];
const DIALECTS: [(&str, &str); 4] = [
    ("", "As the Tenant URL says"),
    ("legacy", "Entra ID, default"),
    ("optscim", "Entra ID, with aadOptscim062020"),
    ("rfc", "RFC 7644 to the letter"),
];
/// Characters of a secret at most.
const SECRET_MAX: usize = 16_000;

/// The fields as text.
#[derive(Debug, Clone, Default)]
pub(super) struct Typed {
    method: String,
    pub(super) url: String,
    user: String,
    token_url: String,
    client_id: String,
    scope: String,
    in_body: bool,
    dialect: String,
    in_flight: String,
    per_second: String,
}

/// The field, and what is wrong with it.
pub(super) type Wrong = (&'static str, String);

impl Typed {
    pub(super) fn of(connection: Option<&Connection>) -> Self {
        let mut typed = Self {
            method: "bearer".to_owned(),
            in_flight: Pace::default().in_flight.to_string(),
            ..Self::default()
        };
        let Some(connection) = connection else { return typed };
        typed.url.clone_from(&connection.tenant_url);
        match &connection.authentication {
            Authentication::Bearer => {}
            Authentication::Basic { user } => {
                "basic".clone_into(&mut typed.method);
                typed.user.clone_from(user);
            }
            Authentication::ClientCredentials { token_url, client_id, scope, in_body } => {
                "oauth".clone_into(&mut typed.method);
                typed.token_url.clone_from(token_url);
                typed.client_id.clone_from(client_id);
                typed.scope = scope.clone().unwrap_or_default();
                typed.in_body = *in_body;
            }
        }
        let dialect = match connection.dialect {
            None => "",
            Some(Dialect::Legacy) => "legacy",
            Some(Dialect::AadOptscim062020) => "optscim",
            Some(Dialect::Rfc) => "rfc",
        };
        dialect.clone_into(&mut typed.dialect);
        typed.in_flight = connection.pace.in_flight.to_string();
        typed.per_second = connection.pace.per_second.map(|n| n.to_string()).unwrap_or_default();
        typed
    }

    pub(super) fn read(form: &Fields) -> Self {
        let text = |name: &str| form.text(name).to_owned();
        Self {
            method: text("authentication"),
            url: text("tenant_url"),
            user: text("user"),
            token_url: text("token_url"),
            client_id: text("client_id"),
            scope: text("oauth_scope"),
            in_body: form.has("in_body"),
            dialect: text("dialect"),
            in_flight: text("in_flight"),
            per_second: text("per_second"),
        }
    }

    /// # Errors
    /// The field that cannot be used.
    pub(super) fn connection(&self) -> Result<Connection, Wrong> {
        if self.url.is_empty() {
            return Err(("tenant_url", "Type the SCIM Base URL of the application.".to_owned()));
        }
        let authentication = match self.method.as_str() {
            "bearer" => Authentication::Bearer,
            "basic" => Authentication::Basic { user: needed(&self.user, "user", "Type the user name.")? },
            "oauth" => Authentication::ClientCredentials {
                token_url: needed(&self.token_url, "token_url", "Type the address of the token endpoint.")?,
                client_id: needed(&self.client_id, "client_id", "Type the client identifier.")?,
                scope: Some(self.scope.clone()).filter(|scope| !scope.is_empty()),
                in_body: self.in_body,
            },
            _ => return Err(("authentication", "Choose an authentication method.".to_owned())),
        };
        let dialect = match self.dialect.as_str() {
            "legacy" => Some(Dialect::Legacy),
            "optscim" => Some(Dialect::AadOptscim062020),
            "rfc" => Some(Dialect::Rfc),
            _ => None,
        };
        let in_flight = match self.in_flight.parse::<u32>() {
            Ok(n) if (1..=Pace::IN_FLIGHT_MAX).contains(&n) => n,
            _ => {
                return Err(("in_flight", format!("Type a whole number from 1 to {}.", Pace::IN_FLIGHT_MAX)));
            }
        };
        let per_second = match (self.per_second.is_empty(), self.per_second.parse::<u32>()) {
            (true, _) => None,
            (false, Ok(n)) if n > 0 => Some(n),
            _ => return Err(("per_second", "Type a whole number, or nothing for no limit.".to_owned())),
        };
        let pace = Pace { in_flight, per_second };
        Ok(Connection { authentication, dialect, pace, ..Connection::new(&*self.url) })
    }
}

fn needed(text: &str, field: &'static str, why: &str) -> Result<String, Wrong> {
    if text.is_empty() { Err((field, why.to_owned())) } else { Ok(text.to_owned()) }
}

/// The name of the field of each secret.
fn field_of(name: SecretName) -> &'static str {
    match name {
        SecretName::SecretToken => "secret_token",
        SecretName::Password => "password",
        SecretName::ClientSecret => "client_secret",
    }
}

/// What was typed for the method that is chosen; `None` if nothing was.
///
/// # Errors
/// It cannot be a secret.
pub(super) fn secret(form: &Fields, connection: &Connection) -> Result<Option<Secret>, Wrong> {
    let name = connection.authentication.secret();
    let field = field_of(name);
    let Some(text) = form.given(field) else { return Ok(None) };
    let text = match name {
        SecretName::SecretToken => text.strip_prefix("Bearer ").unwrap_or(text).trim(),
        SecretName::Password | SecretName::ClientSecret => form.raw(field),
    };
    if text.len() > SECRET_MAX {
        return Err((field, "This is too long for a secret.".to_owned()));
    }
    let bearer = name == SecretName::SecretToken;
    if text.chars().any(char::is_control) || (bearer && !text.bytes().all(|byte| byte.is_ascii_graphic())) {
        return Err((
            field,
            "A secret token has no spaces, line breaks or letters outside ASCII.".to_owned(),
        ));
    }
    Ok(Some(Secret::new(text)))
}

/// What is known of secrets, in words; never a value.
pub(super) enum Stored {
    /// Typed anew each time.
    None,
    /// In the store, and when it was set.
    Since(SecretName, jiff::Timestamp),
    /// The one that the last test passed with.
    Tested,
}

/// The fields of the form.
pub(super) fn fields(desk: &Desk, typed: &Typed, wrong: Option<&Wrong>, stored: &Stored) -> Markup {
    let error = |name: &str| wrong.filter(|(field, _)| *field == name).map(|(_, why)| why.as_str());
    let secret = |name: SecretName, label: &str| {
        let field = field_of(name);
        let hint = hint(desk, name, stored);
        Field::new(field, label, "")
            .kind("password")
            .autocomplete("new-password")
            .error(error(field))
            .hint(&hint)
            .input()
    };
    html! {
        (Field::new("authentication", "Authentication method", &typed.method).error(error("authentication")).select(&METHODS))
        (Field::new("tenant_url", "Tenant URL", &typed.url).kind("url").required().error(error("tenant_url"))
            .hint("The SCIM Base URL of the application, as in https://scim.example.com/v2. A query such as ?aadOptscim062020 is kept.").input())
        div.for-bearer { (secret(SecretName::SecretToken, "Secret token")) }
        div.for-basic.stack {
            (Field::new("user", "User name", &typed.user).error(error("user")).input())
            (secret(SecretName::Password, "Password"))
        }
        div.for-oauth.stack {
            (Field::new("token_url", "Token endpoint", &typed.token_url).kind("url").error(error("token_url")).input())
            (Field::new("client_id", "Client identifier", &typed.client_id).error(error("client_id")).input())
            (secret(SecretName::ClientSecret, "Client secret"))
            (Field::new("oauth_scope", "OAuth scope (optional)", &typed.scope).input())
            (field::check("in_body", "yes", "Send the credentials in the body", Some("Instead of the Authorization header, for token endpoints that insist."), typed.in_body))
        }
        (advanced(typed, wrong))
    }
}

fn hint(desk: &Desk, name: SecretName, stored: &Stored) -> String {
    match stored {
        Stored::Since(known, at) if *known == name => format!(
            "Set {} ({}). Leave it empty to keep it. Another server or method asks for it anew.",
            time::distance(*at, desk.now),
            time::utc(*at)
        ),
        Stored::Tested => "The one you tested is kept for 15 minutes; leave it empty to use it.".to_owned(),
        _ => "Stored encrypted, and never shown again.".to_owned(),
    }
}

fn advanced(typed: &Typed, wrong: Option<&Wrong>) -> Markup {
    let error = |name: &str| wrong.filter(|(field, _)| *field == name).map(|(_, why)| why.as_str());
    let open = error("in_flight").is_some() || error("per_second").is_some();
    html! {
        details.more data-untested open[open] {
            summary { "Requests and pace" }
            div.stack {
                (Field::new("dialect", "Wording of requests", &typed.dialect).select(&DIALECTS))
                div.pair {
                    (Field::new("in_flight", "Requests at the same time", &typed.in_flight).kind("number").error(error("in_flight")).input())
                    (Field::new("per_second", "Requests a second", &typed.per_second).kind("number").error(error("per_second"))
                        .hint("Empty: as fast as the target answers well.").input())
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(query: &str) -> Fields {
        Fields::of_query(&format!("/x?{query}").parse().unwrap()).unwrap()
    }

    #[test]
    fn a_connection_survives_the_form() {
        let mut connection = Connection::new("https://a.example/scim?aadOptscim062020");
        connection.dialect = Some(Dialect::Rfc);
        connection.pace = Pace { in_flight: 4, per_second: Some(25) };
        for authentication in [
            Authentication::Bearer,
            Authentication::Basic { user: "u".to_owned() },
            Authentication::ClientCredentials {
                token_url: "https://a.example/token".to_owned(),
                client_id: "c".to_owned(),
                scope: Some("s".to_owned()),
                in_body: true,
            },
        ] {
            connection.authentication = authentication;
            assert_eq!(Typed::of(Some(&connection)).connection().unwrap(), connection);
        }
    }

    #[test]
    fn what_cannot_be_used_names_its_field() {
        for (query, expect) in [
            ("", "tenant_url"),
            ("tenant_url=x&authentication=none", "authentication"),
            ("tenant_url=x&authentication=basic", "user"),
            ("tenant_url=x&authentication=oauth", "token_url"),
            ("tenant_url=x&authentication=bearer&in_flight=65", "in_flight"),
            ("tenant_url=x&authentication=bearer&in_flight=1&per_second=0", "per_second"),
        ] {
            assert_eq!(Typed::read(&fields(query)).connection().unwrap_err().0, expect, "{query}");
        }
    }

    #[test]
    fn a_token_is_taken_with_its_scheme_and_without_space() {
        let bearer = Connection::new("https://a.example");
        for (query, expect) in [
            ("secret_token=Bearer+abc", Some("abc")),
            ("secret_token=+abc+", Some("abc")),
            ("password=x", None),
        ] {
            let read = secret(&fields(query), &bearer).unwrap();
            assert_eq!(read.as_ref().map(Secret::expose), expect, "{query}");
        }
        assert!(secret(&fields("secret_token=a+b"), &bearer).is_err());
    }
}

//! Where the target is: entered, tried out, saved.

use std::process::ExitCode;

use directory::TenantId;
use provision::connection::{Authentication, Connection};
use provision::patch::Dialect;
use provision::test_connection::{Check, TestReport};
use provision::test_ticket::TestTicket;
use scim_client::Secret;
use serde_json::json;

use crate::cli::app::{AuthName, Connection as Flags, DialectName};
use crate::house::House;
use crate::output::{Doing as _, Failure, Output, Result, facts, printable};

use super::{Found, refused};

/// What the flags say, on top of what is stored.
pub(super) struct Entered {
    pub(super) connection: Connection,
    /// `None`: the stored one.
    pub(super) secret: Option<Secret>,
}

impl Entered {
    pub(super) fn read(flags: &Flags, before: Option<&Connection>) -> Result<Self> {
        let tenant_url = flags.target_url.clone().or_else(|| before.map(|b| b.tenant_url.clone()));
        let Some(tenant_url) = tenant_url else {
            return Err(
                Failure::usage("the target is missing").hint("as in --target-url https://host/scim/v2")
            );
        };
        let mut connection = before.cloned().unwrap_or_else(|| Connection::new(""));
        connection.tenant_url = tenant_url;
        connection.authentication = authentication(flags, before.map(|b| &b.authentication))?;
        if let Some(dialect) = flags.dialect {
            connection.dialect = Some(match dialect {
                DialectName::Legacy => Dialect::Legacy,
                DialectName::AadOptscim062020 => Dialect::AadOptscim062020,
                DialectName::Rfc => Dialect::Rfc,
            });
        }
        if let Some(in_flight) = flags.in_flight {
            connection.pace.in_flight = in_flight;
        }
        connection.pace.per_second = flags.per_second.or(connection.pace.per_second);
        Ok(Self { connection, secret: secret(flags)? })
    }
}

/// The method that is named, else the one that is stored; its parts likewise.
fn authentication(flags: &Flags, before: Option<&Authentication>) -> Result<Authentication> {
    let method = flags.auth.unwrap_or(match before {
        Some(Authentication::Basic { .. }) => AuthName::Basic,
        Some(Authentication::ClientCredentials { .. }) => AuthName::Oauth,
        Some(Authentication::Bearer) | None => AuthName::Bearer,
    });
    let wanted = |flag: &str, hint: &str| Failure::usage(format!("{flag} is missing")).hint(hint.to_owned());
    match method {
        AuthName::Bearer => Ok(Authentication::Bearer),
        AuthName::Basic => {
            let stored = match before {
                Some(Authentication::Basic { user }) => Some(user.clone()),
                _ => None,
            };
            let user = flags.user.clone().or(stored);
            let user =
                user.ok_or_else(|| wanted("--user", "as in --auth basic --user NAME --secret-env VAR"))?;
            Ok(Authentication::Basic { user })
        }
        AuthName::Oauth => {
            let (url, client, scope, body) = match before {
                Some(Authentication::ClientCredentials { token_url, client_id, scope, in_body }) => {
                    (Some(token_url.clone()), Some(client_id.clone()), scope.clone(), *in_body)
                }
                _ => (None, None, None, false),
            };
            let hint = "as in --auth oauth --token-url URL --client-id ID --secret-env VAR";
            Ok(Authentication::ClientCredentials {
                token_url: flags.token_url.clone().or(url).ok_or_else(|| wanted("--token-url", hint))?,
                client_id: flags.client_id.clone().or(client).ok_or_else(|| wanted("--client-id", hint))?,
                scope: flags.oauth_scope.clone().or(scope),
                in_body: flags.client_in_body || body,
            })
        }
    }
}

fn secret(flags: &Flags) -> Result<Option<Secret>> {
    let text = if let Some(name) = &flags.secret_env {
        std::env::var(name).map_err(|_| {
            Failure::new(format!("the environment variable {name} is not set"))
                .hint(format!("as in {name}=… muster app create NAME …"))
        })?
    } else if flags.secret_stdin {
        std::io::read_to_string(std::io::stdin()).doing("secret on standard input")?
    } else {
        return Ok(None);
    };
    let text = text.trim();
    let text = text.strip_prefix("Bearer ").unwrap_or(text);
    if text.is_empty() {
        return Err(Failure::new("the secret is empty").hint("--secret-env VAR, or --secret-stdin"));
    }
    Ok(Some(Secret::new(text)))
}

pub(super) async fn try_out(
    house: &House,
    tenant: &TenantId,
    application: Option<&str>,
    entered: &Entered,
) -> Result<TestReport> {
    let test =
        house.provisioning.test_connection(tenant, application, &entered.connection, entered.secret.clone());
    test.await.map_err(refused)
}

/// The ticket of a test that passed; else why not.
pub(super) fn passed(report: TestReport, consequence: &str) -> Result<TestTicket> {
    let Some(failed) = report.checks.iter().find(|check| !check.ok) else {
        return Ok(report.ticket.unwrap_or_default());
    };
    let hint = failed.hint.as_deref().unwrap_or("muster app test shows each call");
    Err(Failure::new(format!("Test Connection: {} ({consequence})", failed.message)).hint(hint))
}

pub(super) async fn connect(found: &Found<'_>, flags: &Flags, output: Output) -> Result<ExitCode> {
    let provisioning = &found.house.provisioning;
    let before = provisioning.job(&found.tenant, found.id()).await.map_err(refused)?.config.connection;
    if !flags.is_given() {
        return Err(Failure::usage("nothing was named that should change")
            .hint("as in --target-url URL --secret-env VAR"));
    }
    let entered = Entered::read(flags, before.as_ref())?;
    let report = try_out(found.house, &found.tenant, Some(found.id()), &entered).await?;
    let ticket = passed(report, "nothing was saved")?;
    let Entered { connection, secret } = entered;
    let set = provisioning.set_connection(found.context(), found.id(), connection, secret, ticket);
    let connection = set.await.map_err(refused)?.config.connection;
    let document = json!({ "id": found.id(), "name": found.name(), "connection": connection });
    output.answer(&document, || {
        let url = connection.map(|connection| connection.tenant_url).unwrap_or_default();
        let rows = [("name", found.name().to_owned()), ("target", url)];
        format!(
            "Test Connection passed.\n\n{}\n\nNext: muster app assign {} USER|GROUP…",
            facts(&rows),
            found.flags()
        )
    });
    Ok(ExitCode::SUCCESS)
}

/// Exit code 1 if it fails.
pub(super) async fn test(found: &Found<'_>, flags: &Flags, output: Output) -> Result<ExitCode> {
    let job = found.house.provisioning.job(&found.tenant, found.id()).await.map_err(refused)?;
    let before = job.config.connection;
    if before.is_none() && flags.target_url.is_none() {
        return Err(Failure::new(format!("{} has no target yet", found.name()))
            .hint("muster app connect APP --tenant ID --target-url URL --secret-env VAR"));
    }
    let entered = Entered::read(flags, before.as_ref())?;
    let report = try_out(found.house, &found.tenant, Some(found.id()), &entered).await?;
    let url = &entered.connection.tenant_url;
    let document = json!({
        "ok": report.ok,
        "cause": report.cause,
        "tenant_url": url,
        "groups_supported": report.groups_supported,
        "filters_honoured": report.filters_honoured,
        "checks": report.checks,
    });
    output.answer(&document, || {
        let result = if report.ok { "passed" } else { "FAILED" };
        let lines: Vec<String> = report.checks.iter().map(line).collect();
        format!("Test Connection {result}: {}\n\n{}", printable(url), lines.join("\n"))
    });
    Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn line(check: &Check) -> String {
    let sign = match (check.ok, check.warning) {
        (false, _) => '✗',
        (true, true) => '!',
        (true, false) => '✓',
    };
    let mut text = format!("{sign} {:<22} {}", check.name, printable(&check.message));
    if let Some(hint) = &check.hint {
        text.push_str(&format!("\n  {:<22} {hint}", ""));
    }
    if let Some(exchange) = check.exchange.as_ref().filter(|_| !check.ok) {
        let status = exchange.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        text.push_str(&format!("\n  {:<22} {} {}: {status}", "", exchange.method, printable(&exchange.url)));
    }
    text
}

pub(super) fn dialect_word(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Legacy => "Entra ID, legacy",
        Dialect::AadOptscim062020 => "Entra ID with aadOptscim062020",
        Dialect::Rfc => "RFC 7644",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(url: Option<&str>) -> Flags {
        Flags { target_url: url.map(str::to_owned), ..Flags::default() }
    }

    #[test]
    fn what_is_not_given_stays() {
        let mut stored = Connection::new("https://a.example/scim");
        stored.authentication = Authentication::Basic { user: "ada".into() };
        stored.pace.in_flight = 3;
        let entered = Entered::read(&flags(Some("https://b.example/scim")), Some(&stored)).unwrap();
        let expected = Connection { tenant_url: "https://b.example/scim".into(), ..stored.clone() };
        assert_eq!(entered.connection, expected);
        assert!(entered.secret.is_none());
        let bearer = Flags { auth: Some(AuthName::Bearer), in_flight: Some(9), ..flags(None) };
        let entered = Entered::read(&bearer, Some(&stored)).unwrap();
        assert_eq!(entered.connection.authentication, Authentication::Bearer);
        assert_eq!(entered.connection.pace.in_flight, 9);
    }

    #[test]
    fn what_is_missing_is_named() {
        let table = [
            (flags(None), "target"),
            (Flags { auth: Some(AuthName::Basic), ..flags(Some("https://a.example")) }, "--user"),
            (Flags { auth: Some(AuthName::Oauth), ..flags(Some("https://a.example")) }, "--token-url"),
        ];
        for (flags, missing) in table {
            let Err(failure) = Entered::read(&flags, None) else { panic!("{flags:?}") };
            assert!(failure.usage && failure.error.contains(missing), "{failure:?}");
        }
    }
}

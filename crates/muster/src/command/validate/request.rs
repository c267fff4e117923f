//! From flags to what the validator is asked to do.

use std::sync::Arc;
use std::time::Duration;

use directory::{Clock as _, Random, SystemClock};
use scim_client::address::AddressPolicy;
use scim_client::target::checked_url;
use scim_client::{ClientCredentials, CredentialLocation, Credentials, Secret, Transport};
use serde_json::Value;
use validator::schema::SchemaSource;
use validator::{Options, Profile, checks};

use crate::cli::{Choice, SignIn, Validate};
use crate::output::{Doing as _, Failure, Result};

pub(super) fn options(asked: &Validate) -> Result<Options> {
    let policy = policy()?;
    let auth = credentials(&asked.sign_in, &policy)?;
    let url = asked.url.as_deref().unwrap_or_default();
    let random = Random::system();
    let transport = transport(policy, random.clone());
    let conduct = &asked.conduct;
    let defaults = Options::new(url, auth, transport);
    Ok(Options {
        profile: profile(&asked.choice)?,
        only: asked.choice.only.clone(),
        skip: asked.choice.skip.clone(),
        // Short, because people copy it.
        seed: conduct.seed.unwrap_or_else(|| u64::from(u32::from_be_bytes(random.bytes::<4>()))),
        keep: conduct.keep,
        concurrency: usize::from(conduct.concurrency),
        rps: conduct.rps,
        timeout: Duration::from_secs(conduct.timeout),
        schema: schema(&asked.choice.schema)?,
        yes: conduct.yes,
        max_existing_users: conduct.max_existing_users,
        ..defaults
    })
}

pub(super) fn profile(choice: &Choice) -> Result<Profile> {
    Profile::parse(&choice.profile)
        .ok_or_else(|| Failure::new(format!("there is no profile {}", choice.profile)))
}

/// Whoever runs this could reach every address with curl as well: nothing is refused to them.
fn policy() -> Result<AddressPolicy> {
    let networks = ["0.0.0.0/0", "::/0"].iter().map(|n| n.parse()).collect::<std::result::Result<_, _>>();
    Ok(AddressPolicy {
        networks: networks.doing("addresses")?,
        ports: (1..1024).collect(),
        http: true,
        ..AddressPolicy::default()
    })
}

fn transport(policy: AddressPolicy, random: Random) -> Transport {
    let clock = Arc::new(SystemClock);
    let fraction = move || f64::from(u32::from_be_bytes(random.bytes::<4>())) / (f64::from(u32::MAX) + 1.0);
    Transport::new(policy, move || clock.now(), fraction)
}

fn credentials(sign_in: &SignIn, policy: &AddressPolicy) -> Result<Credentials> {
    let SignIn { token, token_env, client_id, client_secret_env, token_url, scope } = sign_in;
    if let Some(token) = token {
        return Ok(Credentials::Bearer(bearer(token, "--token")?));
    }
    if let Some(name) = token_env {
        return Ok(Credentials::Bearer(bearer(&variable(name)?, name)?));
    }
    let (Some(client_id), Some(secret), Some(token_url)) = (client_id, client_secret_env, token_url) else {
        return Ok(Credentials::None);
    };
    let token_url = checked_url(token_url, policy).map_err(|e| {
        Failure::new(format!("--token-url: {e}")).hint("as in https://login.example.com/token")
    })?;
    Ok(Credentials::ClientCredentials(ClientCredentials {
        token_url: token_url.to_string(),
        client_id: client_id.clone(),
        client_secret: Secret::new(variable(secret)?),
        scope: scope.clone(),
        location: CredentialLocation::default(),
    }))
}

/// A token goes into a header: what cannot stand there is a mistake of copying.
fn bearer(text: &str, place: &str) -> Result<Secret> {
    let text = text.trim();
    let text = text.strip_prefix("Bearer ").unwrap_or(text);
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Failure::new(format!(
            "{place} holds no token: it is empty or has spaces or other signs"
        ))
        .hint("give the bare token, without Bearer and without quotes"));
    }
    Ok(Secret::new(text))
}

fn variable(name: &str) -> Result<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty()).ok_or_else(|| {
        Failure::new(format!("the environment variable {name} is not set"))
            .hint(format!("as in {name}=… muster validate URL …"))
    })
}

fn schema(text: &str) -> Result<SchemaSource> {
    match text {
        "discover" => Ok(SchemaSource::Discover),
        "default" => Ok(SchemaSource::Default),
        file => {
            let failed = |why: String| {
                Failure::new(format!("--schema {file}: {why}"))
                    .hint("discover, default, or a JSON file as the target would answer at /Schemas")
            };
            let text = std::fs::read_to_string(file).map_err(|e| failed(e.to_string()))?;
            let value: Value = serde_json::from_str(&text).map_err(|e| failed(e.to_string()))?;
            Ok(SchemaSource::Given(value))
        }
    }
}

/// A misspelt name would silently check less.
pub(super) fn check_names(choice: &Choice) -> Result<()> {
    match choice.only.iter().chain(&choice.skip).find(|name| !is_known(name)) {
        None => Ok(()),
        Some(name) => Err(Failure::new(format!("no check and no theme is named {name}"))
            .hint("muster validate --list shows their names")),
    }
}

/// A check, a theme, or `check:Subject` of a check that is repeated; `*` stands for any ending.
fn is_known(name: &str) -> bool {
    let (head, any) = match name.split_once(':') {
        Some((check, _)) => (check, false),
        None => (name.strip_suffix('*').unwrap_or(name), name.ends_with('*')),
    };
    let is = |known: &str| if any { known.starts_with(head) } else { known == head };
    checks::all().iter().any(|check| is(check.id) || is(check.theme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_checks() {
        let table = [
            ("filter", true),
            ("filter*", true),
            ("*", true),
            ("filtre", false),
            ("", false),
            ("nothing-*", false),
            ("nothing:User.title", false),
        ];
        for (name, known) in table {
            assert_eq!(is_known(name), known, "{name}");
        }
        for check in checks::all() {
            assert!(is_known(check.id) && is_known(&format!("{}:User.title", check.id)), "{}", check.id);
        }
    }

    #[test]
    fn every_address_may_be_tested_from_the_command_line() {
        let policy = policy().unwrap();
        for url in
            ["http://127.0.0.1:8080/scim", "http://[::1]/", "https://10.1.2.3/scim", "http://169.254.1.1:81/"]
        {
            assert!(checked_url(url, &policy).is_ok(), "{url}");
        }
        assert!(checked_url("ftp://127.0.0.1/", &policy).is_err());
    }

    #[test]
    fn tokens_as_people_copy_them() {
        let table = [
            ("abc", Some("abc")),
            (" abc\n", Some("abc")),
            ("Bearer abc", Some("abc")),
            ("", None),
            ("a b", None),
            ("a\nb", None),
            ("ключ", None),
        ];
        for (text, token) in table {
            assert_eq!(bearer(text, "it").ok().as_ref().map(Secret::expose), token, "{text:?}");
        }
    }
}

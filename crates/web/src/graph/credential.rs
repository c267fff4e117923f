//! `synchronizationSecretKeyStringValuePair`: the credentials and settings that Graph keeps under `secrets`.

use std::collections::BTreeMap;

use provision::Secret;
use provision::connection::{Authentication, Connection};
use provision::job::{Job, JobConfig};
use provision::scope::SyncScope;
use serde_json::{Value, json};

use super::reply::Failure;

const BASE_ADDRESS: &str = "BaseAddress";
const SECRET_TOKEN: &str = "SecretToken";
const USER_NAME: &str = "UserName";
const PASSWORD: &str = "Password";
const CLIENT_ID: [&str; 2] = ["Oauth2ClientId", "ClientIdentifier"];
const CLIENT_SECRET: [&str; 2] = ["Oauth2ClientSecret", "ClientSecret"];
const TOKEN_URL: &str = "Oauth2TokenExchangeUri";
pub(crate) const SYNC_ALL: &str = "SyncAll";
pub(crate) const NOTIFICATION: &str = "SyncNotificationSettings";
pub(crate) const SKIP_DELETIONS: &str = "SkipOutOfScopeDeletions";

const KNOWN: [&str; 12] = [
    BASE_ADDRESS,
    SECRET_TOKEN,
    USER_NAME,
    PASSWORD,
    CLIENT_ID[0],
    CLIENT_ID[1],
    CLIENT_SECRET[0],
    CLIENT_SECRET[1],
    TOKEN_URL,
    SYNC_ALL,
    NOTIFICATION,
    SKIP_DELETIONS,
];

/// What a client sent, by key; a key without a value says nothing, as in what was read and is sent back.
pub(crate) struct Credentials(BTreeMap<&'static str, String>);

impl Credentials {
    pub(crate) fn read(list: Option<&Value>) -> Result<Self, Failure> {
        let list = match list {
            Some(Value::Array(list)) => list.as_slice(),
            None | Some(Value::Null) => &[],
            Some(_) => return Err(Failure::bad("expected a list of pairs of key and value")),
        };
        let mut given = BTreeMap::new();
        for pair in list {
            let Some(name) = pair.get("key").and_then(Value::as_str) else {
                return Err(Failure::bad("each pair has a key and a value"));
            };
            let Some(known) = KNOWN.into_iter().find(|known| known.eq_ignore_ascii_case(name)) else {
                let shown: String = name.chars().take(60).collect();
                return Err(Failure::bad(format!(
                    "the key \"{shown}\" is not used here; there are: {}",
                    KNOWN.join(", ")
                )));
            };
            let text = match pair.get("value") {
                None | Some(Value::Null) => continue,
                Some(Value::String(text)) => text.clone(),
                Some(_) => return Err(Failure::bad(format!("{known}: the value is a text"))),
            };
            if given.insert(known, text).is_some() {
                return Err(Failure::bad(format!("the key {known} is given twice")));
            }
        }
        Ok(Self(given))
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    fn either(&self, keys: [&str; 2]) -> Option<&str> {
        keys.into_iter().find_map(|key| self.text(key))
    }

    fn boolean(&self, key: &'static str) -> Result<Option<bool>, Failure> {
        match self.text(key) {
            None => Ok(None),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(Failure::bad(format!("{key} is \"true\" or \"false\""))),
        }
    }

    /// Where the target is and how it is spoken to, on top of what is stored; `None` when nothing is said about it.
    pub(crate) fn connection(
        &self,
        stored: Option<&Connection>,
    ) -> Result<Option<(Connection, Option<Secret>)>, Failure> {
        let settings = [SYNC_ALL, NOTIFICATION, SKIP_DELETIONS];
        if self.0.keys().all(|key| settings.contains(key)) {
            return Ok(None);
        }
        let url = self.text(BASE_ADDRESS).or(stored.map(|stored| stored.tenant_url.as_str()));
        let url = url.ok_or_else(|| {
            Failure::bad(format!("{BASE_ADDRESS}: enter the SCIM Base URL of the application"))
        })?;
        let (authentication, secret) = self.authentication(stored.map(|stored| &stored.authentication))?;
        let mut connection = stored.cloned().unwrap_or_else(|| Connection::new(url));
        url.clone_into(&mut connection.tenant_url);
        connection.authentication = authentication;
        Ok(Some((connection, secret)))
    }

    fn authentication(
        &self,
        stored: Option<&Authentication>,
    ) -> Result<(Authentication, Option<Secret>), Failure> {
        let client = self.either(CLIENT_ID).or(self.either(CLIENT_SECRET)).or(self.text(TOKEN_URL)).is_some();
        let basic = self.text(USER_NAME).or(self.text(PASSWORD)).is_some();
        let bearer = self.text(SECRET_TOKEN).is_some();
        let secret = |text: Option<&str>| text.map(Secret::new);
        match (client, basic, bearer) {
            (false, false, false) => Ok((stored.cloned().unwrap_or_default(), None)),
            (false, false, true) => Ok((Authentication::Bearer, secret(self.text(SECRET_TOKEN)))),
            (false, true, false) => {
                let known = match stored {
                    Some(Authentication::Basic { user }) => Some(user.as_str()),
                    _ => None,
                };
                let user = self.text(USER_NAME).or(known);
                let user = user.ok_or_else(|| Failure::bad(format!("{USER_NAME} is missing")))?;
                Ok((Authentication::Basic { user: user.to_owned() }, secret(self.text(PASSWORD))))
            }
            (true, false, false) => {
                let method = self.client_credentials(stored)?;
                Ok((method, secret(self.either(CLIENT_SECRET))))
            }
            _ => Err(Failure::bad(
                "choose one: SecretToken; UserName and Password; or Oauth2ClientId, Oauth2ClientSecret and Oauth2TokenExchangeUri",
            )),
        }
    }

    fn client_credentials(&self, stored: Option<&Authentication>) -> Result<Authentication, Failure> {
        let (known_url, known_id, known_scope, known_place) = match stored {
            Some(Authentication::ClientCredentials { token_url, client_id, scope, in_body }) => {
                (Some(token_url.as_str()), Some(client_id.as_str()), scope.clone(), *in_body)
            }
            _ => (None, None, None, false),
        };
        let needed = |text: Option<&str>, key: &str| {
            text.map(str::to_owned).ok_or_else(|| Failure::bad(format!("{key} is missing")))
        };
        Ok(Authentication::ClientCredentials {
            token_url: needed(self.text(TOKEN_URL).or(known_url), TOKEN_URL)?,
            client_id: needed(self.either(CLIENT_ID).or(known_id), CLIENT_ID[0])?,
            scope: known_scope,
            in_body: known_place,
        })
    }

    /// The settings with those that were sent.
    pub(crate) fn settings(&self, config: &JobConfig) -> Result<JobConfig, Failure> {
        let mut config = config.clone();
        if let Some(all) = self.boolean(SYNC_ALL)? {
            config.scope = if all { SyncScope::All } else { SyncScope::Assigned };
        }
        if let Some(skip) = self.boolean(SKIP_DELETIONS)? {
            config.settings.skip_out_of_scope_deletions = skip;
        }
        if let Some(text) = self.text(NOTIFICATION) {
            notification(text, &mut config)?;
        }
        Ok(config)
    }
}

/// What [`notification`] reads.
pub(crate) fn notification_text(config: &JobConfig) -> String {
    let (notification, guard) = (&config.notification, &config.guard);
    json!({
        "Enabled": notification.enabled,
        "Recipients": notification.recipient.as_deref().unwrap_or_default(),
        "DeleteThresholdEnabled": guard.enabled,
        "DeleteThresholdValue": guard.count,
    })
    .to_string()
}

/// JSON in a text, as Graph has it.
fn notification(text: &str, config: &mut JobConfig) -> Result<(), Failure> {
    let wrong = |what: &str| Failure::bad(format!("{NOTIFICATION}: {what}"));
    let settings = scim::json::parse(text.as_bytes()).map_err(|error| wrong(&error.detail))?;
    let Value::Object(settings) = settings else { return Err(wrong("expected a JSON object in a text")) };
    for (name, value) in &settings {
        let boolean = || value.as_bool().ok_or_else(|| wrong(&format!("{name} is true or false")));
        match name.as_str() {
            "Enabled" => config.notification.enabled = boolean()?,
            "Recipients" => {
                let recipient = value.as_str().map(str::trim).filter(|text| !text.is_empty());
                config.notification.recipient = recipient.map(str::to_owned);
            }
            "DeleteThresholdEnabled" => config.guard.enabled = boolean()?,
            "DeleteThresholdValue" => {
                let count = value.as_u64().or_else(|| value.as_str()?.parse().ok());
                config.guard.count = count.ok_or_else(|| wrong("DeleteThresholdValue is a number"))?;
            }
            // Of HR systems, which are no source here; off, as every client sends it, it changes nothing.
            "HumanResourcesLookaheadQueryEnabled" if value == &Value::Bool(false) => {}
            _ => {
                return Err(wrong(&format!(
                    "\"{name}\" is not used here; there are: Enabled, Recipients, DeleteThresholdEnabled, DeleteThresholdValue"
                )));
            }
        }
    }
    Ok(())
}

/// The keys that have a value; no value is ever shown.
pub(crate) fn keys(job: &Job, secrets: &[&str]) -> Vec<Value> {
    let mut keys = Vec::new();
    if let Some(connection) = &job.config.connection {
        keys.push(BASE_ADDRESS);
        match &connection.authentication {
            Authentication::Bearer => {}
            Authentication::Basic { .. } => keys.push(USER_NAME),
            Authentication::ClientCredentials { .. } => keys.extend([CLIENT_ID[0], TOKEN_URL]),
        }
    }
    for secret in secrets {
        keys.push(match *secret {
            "ClientSecret" => CLIENT_SECRET[0],
            "Password" => PASSWORD,
            _ => SECRET_TOKEN,
        });
    }
    keys.extend([SYNC_ALL, NOTIFICATION, SKIP_DELETIONS]);
    keys.into_iter().map(|key| json!({ "key": key, "value": null })).collect()
}

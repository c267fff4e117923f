//! Credentials: bearer, basic, OAuth 2.0 client credentials with a token that is fetched once for all who wait.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::answer::{self, Text as _};
use crate::exchange::Redactor;
use crate::failure::{Failure, FailureKind, Place};
use crate::limits;
use crate::secret::Secret;
use crate::wire::{Outgoing, Wire};

#[derive(Debug, Clone, Default)]
pub enum Credentials {
    #[default]
    None,
    /// The bare token; `Bearer ` is added, as Entra does.
    Bearer(Secret),
    Basic {
        user: String,
        password: Secret,
    },
    ClientCredentials(ClientCredentials),
}

/// OAuth 2.0 client credentials grant (RFC 6749 §4.4).
#[derive(Debug, Clone)]
pub struct ClientCredentials {
    /// Must have passed [`crate::target::checked_url`].
    pub token_url: String,
    pub client_id: String,
    pub client_secret: Secret,
    pub scope: Option<String>,
    pub location: CredentialLocation,
}

/// Where client id and secret are sent (RFC 6749 §2.3.1; Graph's `credentialLocationInRequest`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CredentialLocation {
    #[default]
    Header,
    Body,
}

/// A token that says nothing about its life is used this long.
const LIFE_UNSAID: Duration = Duration::from_secs(300);
/// A token is renewed this long before it ends, or a tenth of its life if that is shorter.
const MARGIN: Duration = Duration::from_secs(60);
const LIFE_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// After a failed fetch the same answer is given to all who ask, for this long.
const FAILURE_KEPT: Duration = Duration::from_secs(2);
/// When even a new token was refused, no other is fetched for this long.
const REFUSAL_KEPT: Duration = Duration::from_secs(60);

/// What goes into `Authorization`, and what keeps it out of the evidence.
#[derive(Clone)]
pub(crate) struct Grant {
    pub(crate) header: Option<Secret>,
    pub(crate) redactor: Arc<Redactor>,
}

pub(crate) struct Authenticator {
    credentials: Credentials,
    fixed: Grant,
    /// Held while a token is fetched: whoever comes meanwhile waits for that one.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    failed: Option<(Failure, Instant)>,
    refused: Option<Instant>,
}

struct Token {
    grant: Grant,
    until: Instant,
}

impl Authenticator {
    pub(crate) fn new(credentials: Credentials) -> Self {
        let mut redactor = Redactor::default();
        let header = match &credentials {
            Credentials::None => None,
            Credentials::Bearer(token) => {
                redactor.credential(token.expose());
                Some(format!("Bearer {}", token.expose()).into())
            }
            Credentials::Basic { user, password } => {
                let both = STANDARD.encode(format!("{user}:{}", password.expose()));
                redactor.credential(&both);
                redactor.hidden(password.expose());
                Some(format!("Basic {both}").into())
            }
            Credentials::ClientCredentials(client) => {
                redactor.hidden(client.client_secret.expose());
                redactor.hidden(&client.basic());
                None
            }
        };
        let fixed = Grant { header, redactor: Arc::new(redactor) };
        Self { credentials, fixed, state: Mutex::new(State::default()) }
    }

    pub(crate) async fn grant(&self, wire: &Wire) -> Result<Grant, Failure> {
        let Credentials::ClientCredentials(client) = &self.credentials else {
            return Ok(self.fixed.clone());
        };
        let mut state = self.state.lock().await;
        let now = Instant::now();
        if let Some(token) = state.token.as_ref().filter(|token| now < token.until) {
            return Ok(token.grant.clone());
        }
        if let Some((failure, _)) = state.failed.as_ref().filter(|(_, until)| now < *until) {
            return Err(failure.clone());
        }
        self.fetch(client, wire, &mut state).await
    }

    /// After a 401: another token than the one that was refused, or `None` when there is no point in it.
    pub(crate) async fn renewed(&self, wire: &Wire, refused: &Grant) -> Option<Result<Grant, Failure>> {
        let Credentials::ClientCredentials(client) = &self.credentials else { return None };
        let mut state = self.state.lock().await;
        if let Some(token) = &state.token
            && token.grant.header != refused.header
        {
            return Some(Ok(token.grant.clone()));
        }
        if state.refused.is_some_and(|until| Instant::now() < until) {
            return None;
        }
        state.token = None;
        state.refused = Some(Instant::now() + REFUSAL_KEPT);
        Some(self.fetch(client, wire, &mut state).await)
    }

    /// A renewed token was accepted.
    pub(crate) async fn accepted(&self) {
        self.state.lock().await.refused = None;
    }

    /// Of everything that is known to be secret now.
    pub(crate) async fn redactor(&self) -> Arc<Redactor> {
        let state = self.state.lock().await;
        Arc::clone(state.token.as_ref().map_or(&self.fixed.redactor, |token| &token.grant.redactor))
    }

    async fn fetch(
        &self,
        client: &ClientCredentials,
        wire: &Wire,
        state: &mut State,
    ) -> Result<Grant, Failure> {
        match client.fetch(wire, &self.fixed.redactor).await {
            Ok((access_token, life)) => {
                let mut redactor = Redactor::clone(&self.fixed.redactor);
                redactor.credential(access_token.expose());
                let header = Some(format!("Bearer {}", access_token.expose()).into());
                let grant = Grant { header, redactor: Arc::new(redactor) };
                let margin = MARGIN.min(life / 10);
                state.token =
                    Some(Token { grant: grant.clone(), until: Instant::now() + life.saturating_sub(margin) });
                state.failed = None;
                Ok(grant)
            }
            Err(failure) => {
                state.failed = Some((failure.clone(), Instant::now() + FAILURE_KEPT));
                Err(failure)
            }
        }
    }
}

impl ClientCredentials {
    /// RFC 6749 §2.3.1: both are form-encoded before they become user name and password.
    fn basic(&self) -> String {
        let pair = format!("{}:{}", form_encoded(&self.client_id), form_encoded(self.client_secret.expose()));
        STANDARD.encode(pair)
    }

    async fn fetch(&self, wire: &Wire, redactor: &Arc<Redactor>) -> Result<(Secret, Duration), Failure> {
        let failed = |kind| Failure::new(kind).at(Place::TokenEndpoint);
        if let Err(error) = crate::target::checked_url(&self.token_url, &wire.transport().policy) {
            return Err(failed(FailureKind::Unsendable(error.to_string())));
        }
        let mut form = vec![("grant_type", "client_credentials".to_owned())];
        if let Some(scope) = &self.scope {
            form.push(("scope", scope.clone()));
        }
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        match self.location {
            CredentialLocation::Header => {
                let mut value = HeaderValue::try_from(format!("Basic {}", self.basic()))
                    .map_err(|e| failed(FailureKind::Unsendable(e.to_string())))?;
                value.set_sensitive(true);
                headers.insert(AUTHORIZATION, value);
            }
            CredentialLocation::Body => {
                form.push(("client_id", self.client_id.clone()));
                form.push(("client_secret", self.client_secret.expose().to_owned()));
            }
        }
        let body: Vec<String> =
            form.iter().map(|(name, value)| format!("{name}={}", form_encoded(value))).collect();
        let reply = wire
            .send(Outgoing {
                method: Method::POST,
                url: self.token_url.trim().to_owned(),
                headers,
                body: Bytes::from(body.join("&")),
                redactor: Arc::clone(redactor),
                body_max: limits::TOKEN_BODY_BYTES,
            })
            .await
            .map_err(|failure| failure.at(Place::TokenEndpoint))?;
        let reply = answer::success(reply).map_err(|failure| failure.at(Place::TokenEndpoint))?;
        let exchange = reply.exchange.clone();
        answer::object(&reply)
            .and_then(|body| token(&body))
            .map_err(|kind| failed(kind).with_exchange(exchange))
    }
}

/// RFC 6749 §5.1
fn token(body: &serde_json::Map<String, Value>) -> Result<(Secret, Duration), FailureKind> {
    let malformed = |why: &str| FailureKind::Malformed(why.to_owned());
    let Some(token) = body.get("access_token").and_then(Value::as_str) else {
        return Err(malformed("it has no access_token"));
    };
    let legible = token.bytes().all(|byte| byte.is_ascii_graphic());
    if token.is_empty() || token.len() > limits::TOKEN_BYTES || !legible {
        return Err(malformed("its access_token cannot be a token"));
    }
    let kind = body.text("token_type").unwrap_or("Bearer");
    if !kind.eq_ignore_ascii_case("bearer") {
        return Err(malformed("its token_type is not Bearer"));
    }
    // Some servers write the number as a string.
    let life = match body.get("expires_in") {
        Some(Value::Number(seconds)) => seconds.as_f64(),
        Some(Value::String(seconds)) => seconds.trim().parse().ok(),
        _ => None,
    };
    let life = life
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .map_or(LIFE_UNSAID, |life| life.min(LIFE_MAX));
    Ok((token.into(), life))
}

/// `application/x-www-form-urlencoded`; what RFC 3986 calls unreserved stays as it is, for servers that do not decode.
pub(crate) fn form_encoded(text: &str) -> String {
    const SET: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(text, SET).to_string().replace("%20", "+")
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator").field("credentials", &self.credentials).finish_non_exhaustive()
    }
}

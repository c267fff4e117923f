//! The client of one target: raw requests for the validator, SCIM's verbs for the engine.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use serde_json::{Map, Value};

use scim::Resource;
use scim::message::SearchRequest;

use crate::answer::{self, Answer, Object, Oddity, Page};
use crate::auth::{Authenticator, Credentials, Grant};
use crate::discovery::{self, Capabilities};
use crate::exchange::Redactor;
use crate::failure::{Failure, FailureKind};
use crate::limits;
use crate::pacing::{Pacer, PacingOptions, Paused, Signal};
use crate::pager::{PageLimits, Pager};
use crate::request::{Authorization, Request, SCIM_JSON};
use crate::retry::RetryPolicy;
use crate::target::{Spaces, Target, encode_query, segment};
use crate::tls::TlsOptions;
use crate::transport::Transport;
use crate::wire::{Outgoing, Reply, Timeouts, Wire};

/// How one target is spoken to.
#[derive(Debug, Clone)]
pub struct Options {
    pub credentials: Credentials,
    pub tls: TlsOptions,
    pub timeouts: Timeouts,
    /// Bytes of an answer at most.
    pub body_bytes_max: usize,
    /// Bytes of each body that an exchange keeps.
    pub evidence_bytes: usize,
    pub pacing: PacingOptions,
    /// For SCIM's verbs; raw requests are never repeated.
    pub retry: RetryPolicy,
    pub spaces: Spaces,
    pub user_agent: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            credentials: Credentials::None,
            tls: TlsOptions::default(),
            timeouts: Timeouts::default(),
            body_bytes_max: limits::BODY_BYTES,
            evidence_bytes: limits::EVIDENCE_BYTES,
            pacing: PacingOptions::default(),
            retry: RetryPolicy::default(),
            spaces: Spaces::default(),
            user_agent: concat!("Muster/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// Options that cannot work, in words for the administrator who entered them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct OptionsError(pub String);

/// Which attributes an answer should have (RFC 7644 §3.9).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Select {
    pub attributes: Vec<String>,
    pub excluded_attributes: Vec<String>,
}

impl Select {
    /// Entra reads groups without their members.
    pub fn excluding(name: impl Into<String>) -> Self {
        Self { excluded_attributes: vec![name.into()], ..Self::default() }
    }
}

/// Clones share connections, token and pace.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    target: Target,
    options: Options,
    wire: Wire,
    auth: Authenticator,
    pacer: Pacer,
}

impl Client {
    /// # Errors
    /// What of the options cannot work.
    pub fn new(target: Target, transport: Transport, mut options: Options) -> Result<Self, OptionsError> {
        if let Credentials::Bearer(token) = &options.credentials {
            // Pasted tokens bring line breaks with them.
            let token = token.expose().trim();
            if token.is_empty() || HeaderValue::try_from(token).is_err() {
                return Err(OptionsError(
                    "the secret token is empty or has characters that cannot be sent".into(),
                ));
            }
            options.credentials = Credentials::Bearer(token.into());
        }
        if let Credentials::ClientCredentials(client) = &options.credentials {
            crate::target::checked_url(&client.token_url, &transport.policy)
                .map_err(|e| OptionsError(format!("the token endpoint cannot be used: {e}")))?;
        }
        let wire = Wire::new(transport, &options.tls, options.timeouts, options.evidence_bytes)
            .map_err(OptionsError)?;
        let auth = Authenticator::new(options.credentials.clone());
        let pacer = Pacer::new(options.pacing);
        Ok(Self { shared: Arc::new(Shared { target, options, wire, auth, pacer }) })
    }

    pub fn target(&self) -> &Target {
        &self.shared.target
    }

    /// For progress and metrics.
    pub fn pacer(&self) -> &Pacer {
        &self.shared.pacer
    }

    /// Sends one request as it is, once, when it is its turn; an OAuth token that was refused is renewed once.
    /// Any status is a [`Reply`].
    ///
    /// # Errors
    /// [`Failure`] when there is no complete answer.
    pub async fn send(&self, request: &Request) -> Result<Reply, Failure> {
        let Shared { wire, auth, pacer, .. } = &*self.shared;
        let turn = pacer.turn().await.map_err(|Paused { remaining }| {
            Failure::new(FailureKind::RateLimited { retry_after: Some(remaining) })
        })?;
        let result = self.authorized(request, wire, auth).await;
        turn.end(signal(&result));
        result
    }

    /// Has an OAuth token if the credentials need one; it is kept for the requests that follow.
    ///
    /// # Errors
    /// [`Failure`] of the token endpoint
    pub async fn fetch_token(&self) -> Result<(), Failure> {
        let Shared { wire, auth, .. } = &*self.shared;
        auth.grant(wire).await.map(drop)
    }

    async fn authorized(
        &self,
        request: &Request,
        wire: &Wire,
        auth: &Authenticator,
    ) -> Result<Reply, Failure> {
        let configured = request.authorization == Authorization::Configured;
        let grant = if configured { auth.grant(wire).await? } else { given(request, auth).await };
        let reply = wire.send(self.outgoing(request, &grant)?).await?;
        if reply.status != 401 || !configured {
            return Ok(reply);
        }
        // 401 says that nothing was done, so any request may be sent again.
        match auth.renewed(wire, &grant).await {
            None => Ok(reply),
            Some(renewed) => {
                let reply = wire.send(self.outgoing(request, &renewed?)?).await?;
                if reply.status != 401 {
                    auth.accepted().await;
                }
                Ok(reply)
            }
        }
    }

    fn outgoing(&self, request: &Request, grant: &Grant) -> Result<Outgoing, Failure> {
        let Shared { target, options, .. } = &*self.shared;
        let query = match &request.raw_query {
            Some(raw) => raw.clone(),
            None => encode_query(&request.query, options.spaces),
        };
        let headers = headers(request, grant, &options.user_agent)
            .map_err(|why| Failure::new(FailureKind::Unsendable(why)))?;
        Ok(Outgoing {
            method: request.method.clone(),
            url: target.url(&request.path, Some(&query)),
            headers,
            body: request.body.clone().unwrap_or_default(),
            redactor: Arc::clone(&grant.redactor),
            body_max: options.body_bytes_max,
        })
    }

    /// Sends, and sends again what may be: see [`RetryPolicy::decide`]. Only a success is a [`Reply`].
    ///
    /// # Errors
    /// The classified [`Failure`] of the last attempt.
    pub async fn call(&self, request: &Request) -> Result<Reply, Failure> {
        let Shared { options, wire, .. } = &*self.shared;
        let mut failed = 0;
        loop {
            let failure = match self.send(request).await.and_then(answer::success) {
                Ok(reply) => return Ok(reply),
                Err(failure) => failure,
            };
            failed += 1;
            let random = (wire.transport().random)();
            match options.retry.decide(failed, &failure, request.repeatable, random) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(failure),
            }
        }
    }

    /// `POST /Users`. The outcome of a failed create that [`Failure::is_ambiguous`] must be looked up.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn create(&self, endpoint: &str, resource: &Resource) -> Result<Answer<Object>, Failure> {
        let body = Value::Object(resource.clone());
        let reply = self.call(&Request::post(collection(endpoint), &body)).await?;
        finish(reply, 201, |reply, oddities| answer::object_of(reply, answer::object(reply)?, oddities))
    }

    /// `GET /Users/{id}`
    ///
    /// # Errors
    /// [`Failure`]; also when the answer is about another object.
    pub async fn get(&self, endpoint: &str, id: &str, select: &Select) -> Result<Answer<Object>, Failure> {
        let search = SearchRequest {
            attributes: select.attributes.clone(),
            excluded_attributes: select.excluded_attributes.clone(),
            ..SearchRequest::default()
        };
        let reply = self.call(&Request::get(member(endpoint, id)?).search(&search)).await?;
        finish(reply, 200, |reply, oddities| {
            let object = answer::object_of(reply, answer::object(reply)?, oddities)?;
            answer::same_id(id, &object, oddities)?;
            Ok(object)
        })
    }

    /// One page of `GET /Users?filter=…`. Targets ignore filters: compare what comes back before trusting it.
    ///
    /// # Errors
    /// [`Failure`]; an answer that is not a ListResponse is one.
    pub async fn query(&self, endpoint: &str, search: &SearchRequest) -> Result<Answer<Page>, Failure> {
        let reply = self.call(&Request::get(collection(endpoint)).search(search)).await?;
        finish(reply, 200, answer::page)
    }

    /// All pages, one after another, in bounded memory.
    pub fn pages(&self, endpoint: &str, search: SearchRequest, limits: PageLimits) -> Pager {
        Pager::new(self.clone(), endpoint, search, limits)
    }

    /// `PUT /Users/{id}`; the resource as it is now, if the target shows it.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn replace(
        &self,
        endpoint: &str,
        id: &str,
        resource: &Resource,
        if_match: Option<&str>,
    ) -> Result<Answer<Option<Object>>, Failure> {
        let request = Request::put(member(endpoint, id)?, &Value::Object(resource.clone()));
        let reply = self.call(&conditional(request, if_match)).await?;
        let expected = if reply.status == 204 { 204 } else { 200 };
        finish(reply, expected, |reply, oddities| changed(reply, id, oddities))
    }

    /// `PATCH /Users/{id}` with a PatchOp message in whatever dialect; the resource as it is now, if the target shows it.
    /// `repeatable` says that applying it twice does the same as once.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn patch(
        &self,
        endpoint: &str,
        id: &str,
        message: &Value,
        if_match: Option<&str>,
        repeatable: bool,
    ) -> Result<Answer<Option<Object>>, Failure> {
        let mut request = conditional(Request::patch(member(endpoint, id)?, message), if_match);
        request.repeatable = repeatable;
        let reply = self.call(&request).await?;
        let expected = if reply.status == 204 { 204 } else { 200 };
        finish(reply, expected, |reply, oddities| changed(reply, id, oddities))
    }

    /// `DELETE /Users/{id}`. A repeated one may meet 404, which is [`FailureKind::NotFound`]: it is gone.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn delete(
        &self,
        endpoint: &str,
        id: &str,
        if_match: Option<&str>,
    ) -> Result<Answer<()>, Failure> {
        let reply = self.call(&conditional(Request::delete(member(endpoint, id)?), if_match)).await?;
        finish(reply, 204, |reply, _| {
            // A login page with status 200 has deleted nothing.
            if reply.body.is_empty() { Ok(()) } else { answer::json(reply).map(|_| ()) }
        })
    }

    /// `GET /ServiceProviderConfig`
    ///
    /// # Errors
    /// [`Failure`]; a field that cannot be read is no failure but unknown.
    pub async fn service_provider_config(&self) -> Result<Answer<Capabilities>, Failure> {
        let reply = self.call(&Request::get("/ServiceProviderConfig")).await?;
        finish(reply, 200, |reply, oddities| {
            let (found, more) = discovery::capabilities(&answer::object(reply)?);
            oddities.extend(more);
            Ok(found)
        })
    }

    /// `GET /Schemas`
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn schemas(&self) -> Result<Answer<Vec<Resource>>, Failure> {
        self.discover("/Schemas").await
    }

    /// `GET /ResourceTypes`
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn resource_types(&self) -> Result<Answer<Vec<Resource>>, Failure> {
        self.discover("/ResourceTypes").await
    }

    async fn discover(&self, path: &str) -> Result<Answer<Vec<Resource>>, Failure> {
        let reply = self.call(&Request::get(path)).await?;
        finish(reply, 200, |reply, oddities| discovery::resources(answer::json(reply)?, oddities))
    }
}

/// What an answer says about the load of the target.
fn signal(result: &Result<Reply, Failure>) -> Signal {
    match result {
        Ok(reply) if matches!(reply.status, 429 | 503) => Signal::Throttled(reply.retry_after()),
        Ok(_) => Signal::Answered,
        Err(Failure { kind: FailureKind::Timeout(_), .. }) => Signal::TimedOut,
        Err(_) => Signal::Void,
    }
}

/// Authorization that the request brings itself.
async fn given(request: &Request, auth: &Authenticator) -> Grant {
    let redactor = auth.redactor().await;
    match &request.authorization {
        Authorization::Literal(value) => Grant { header: Some(value.as_str().into()), redactor },
        Authorization::Secret(secret) => {
            let mut redactor = Redactor::clone(&redactor);
            let value = secret.expose();
            redactor.credential(value.split_once(' ').map_or(value, |(_, credential)| credential));
            Grant { header: Some(secret.clone()), redactor: Arc::new(redactor) }
        }
        Authorization::Configured | Authorization::None => Grant { header: None, redactor },
    }
}

fn headers(request: &Request, grant: &Grant, user_agent: &str) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        let name =
            HeaderName::try_from(name.as_str()).map_err(|_| format!("\"{name}\" is not a header name"))?;
        let value = HeaderValue::from_bytes(value.as_bytes())
            .map_err(|_| format!("the value of {name} has characters that cannot be sent"))?;
        headers.append(name, value);
    }
    let mut default = |name: HeaderName, value: &str| -> Result<(), String> {
        let left_out = request.without.iter().any(|n| name.as_str().eq_ignore_ascii_case(n));
        if !left_out && !headers.contains_key(&name) {
            let mut value = HeaderValue::try_from(value)
                .map_err(|_| format!("the value of {name} has characters that cannot be sent"))?;
            value.set_sensitive(name == AUTHORIZATION);
            headers.insert(name, value);
        }
        Ok(())
    };
    default(ACCEPT, "application/scim+json, application/json")?;
    default(USER_AGENT, user_agent)?;
    if request.body.as_ref().is_some_and(|body: &Bytes| !body.is_empty()) {
        default(CONTENT_TYPE, SCIM_JSON)?;
    }
    if let Some(value) = &grant.header {
        default(AUTHORIZATION, value.expose())?;
    }
    Ok(headers)
}

fn conditional(request: Request, if_match: Option<&str>) -> Request {
    match if_match {
        Some(tag) => request.header("if-match", tag),
        None => request,
    }
}

fn collection(endpoint: &str) -> String {
    format!("/{}", endpoint.trim_matches('/'))
}

fn member(endpoint: &str, id: &str) -> Result<String, Failure> {
    let id = segment(id).map_err(|e| Failure::new(FailureKind::Unsendable(e.to_string())))?;
    Ok(format!("{}/{id}", collection(endpoint)))
}

fn finish<T>(
    reply: Reply,
    expected: u16,
    read: impl FnOnce(&Reply, &mut Vec<Oddity>) -> Result<T, FailureKind>,
) -> Result<Answer<T>, Failure> {
    let mut oddities = answer::oddities(&reply, expected);
    match read(&reply, &mut oddities) {
        Ok(value) => Ok(Answer { value, status: reply.status, oddities, exchange: reply.exchange }),
        Err(kind) => Err(Failure::new(kind).with_exchange(reply.exchange)),
    }
}

/// The answer to a change: nothing, or the resource. Entra does not need the full resource, and neither do we.
fn changed(reply: &Reply, id: &str, oddities: &mut Vec<Oddity>) -> Result<Option<Object>, FailureKind> {
    if reply.body.is_empty() {
        if reply.status == 200 {
            oddities.push(Oddity::NoResource);
        }
        return Ok(None);
    }
    let has_id = |resource: &Map<String, Value>| answer::Text::named(resource, "id").is_some();
    match answer::json(reply)? {
        Value::Object(resource) if has_id(&resource) => {
            let object = answer::object_of(reply, resource, oddities)?;
            answer::same_id(id, &object, oddities)?;
            Ok(Some(object))
        }
        _ => {
            oddities.push(Oddity::NoResource);
            Ok(None)
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { target, auth, pacer, .. } = &*self.shared;
        f.debug_struct("Client").field("target", target).field("auth", auth).field("pacer", pacer).finish()
    }
}

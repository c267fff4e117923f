//! The walk of one authenticated request: scope → query options → body → handler → answer.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use directory::{Actor, Caller, Context, TenantId};
use http::Method;
use http::request::Parts;
use provision::application::Application;
use provision::job::Job;
use serde_json::{Value, json};

use super::authenticate::{insufficient, note};
use super::endpoint::{Content, Endpoint};
use super::options::Options;
use super::reply::{Failure, Reply, broken, client_request_id};
use crate::app::App;
use crate::authenticate::Client;
use crate::inventory::Access;
use crate::panic::{CatchPanic, Panicked};
use crate::request_id::Arrival;
use crate::router::{Answered, WORK_TIMEOUT};
use crate::scim::parameters::Parameters;
use crate::scim::reply::Refusal;
use crate::scim::{body, media};

pub(crate) type Answer = Result<Reply, Failure>;

/// What a handler works with; everything in it has been checked as far as HTTP goes.
pub(crate) struct Call {
    pub(crate) app: App,
    pub(crate) client: Arc<Client>,
    pub(crate) arrival: Arrival,
    pub(crate) method: Method,
    /// The path as asked, for links.
    pub(crate) target: String,
    path: Vec<(String, String)>,
    pub(crate) options: Options,
    /// Null for a request without.
    pub(crate) body: Value,
    writes: bool,
}

impl Call {
    pub(crate) fn tenant(&self) -> &TenantId {
        &self.client.tenant
    }

    /// A part of the path by its name in the table of endpoints.
    pub(crate) fn part(&self, name: &str) -> &str {
        self.path
            .iter()
            .find_map(|(known, value)| (known == name).then_some(value.as_str()))
            .unwrap_or_default()
    }

    pub(crate) fn context(&self) -> Context {
        let key = &self.client.key;
        let caller = Caller {
            actor: Actor::Key { id: key.key_id.clone(), name: key.key_name.clone() },
            request_id: self.arrival.request_id.clone(),
            address: self.arrival.address,
        };
        Context::new(self.client.tenant.clone(), caller)
    }

    pub(crate) fn refused(&self, error: provision::Error) -> Failure {
        Failure::of_provisioning(error, &self.arrival.request_id)
    }

    pub(crate) fn failed(&self, error: directory::Error) -> Failure {
        Failure::of_directory(error, &self.arrival.request_id)
    }

    /// The application of the path. One that the key may not see is as unknown as one that never was.
    pub(crate) async fn application(&self) -> Result<Application, Failure> {
        let id = self.part("id").to_ascii_lowercase();
        let key = &self.client.key;
        if !key.may_read_application(&id) {
            return Err(Failure::missing("application", self.part("id")));
        }
        if self.writes && !key.may_write_application(&id) {
            return Err(insufficient("the API key may only read this application"));
        }
        let found = self.app.provisioning.application(self.tenant(), &id).await;
        found.map_err(|error| match error {
            provision::Error::Unknown { .. } => Failure::missing("application", self.part("id")),
            other => self.refused(other),
        })
    }

    /// The application of the path and its job, which must be the one that the path names.
    pub(crate) async fn job(&self) -> Result<(Application, Job), Failure> {
        let application = self.application().await?;
        let job = self.app.provisioning.job(self.tenant(), &application.id).await;
        let job = job.map_err(|error| self.refused(error))?;
        if job.id.eq_ignore_ascii_case(self.part("job")) {
            Ok((application, job))
        } else {
            Err(Failure::missing("synchronization job", self.part("job")))
        }
    }

    /// A link to this list with another token; absolute, as Graph's clients insist.
    pub(crate) fn link(&self, token_name: &str, token: &str) -> String {
        let origin = self.app.directory.public_url().as_str();
        format!("{origin}{}?{}", self.target, self.options.query_with(token_name, token))
    }

    /// A page of a list, with the link to the next if there is one.
    pub(crate) fn page(&self, values: Vec<Value>, next: Option<&str>, total: Option<u64>) -> Reply {
        let mut body = json!({ "value": values });
        if let (Some(total), true) = (total, self.options.count) {
            body["@odata.count"] = json!(total);
        }
        if let Some(token) = next {
            body["@odata.nextLink"] = json!(self.link("$skiptoken", token));
        }
        Reply::json(body)
    }

    /// Where a list goes on: the position that the `$skiptoken` holds.
    ///
    /// # Errors
    /// A token that this list has not given.
    pub(crate) fn position(&self, list: &str) -> Result<Option<String>, Failure> {
        let Some(token) = &self.options.skip_token else { return Ok(None) };
        let position = self.app.directory.page_position(self.tenant(), &self.options.about(list), token);
        position.map(Some).ok_or_else(|| {
            Failure::bad(
                "the $skiptoken is not one that this list was given; follow @odata.nextLink unchanged",
            )
        })
    }

    pub(crate) fn token(&self, list: &str, position: &str) -> String {
        self.app.directory.page_token(self.tenant(), &self.options.about(list), position)
    }

    /// A page of a list that is in memory as a whole; filtered, counted, cut.
    pub(crate) fn cut(&self, list: &str, values: Vec<Value>) -> Answer {
        let skip = self.position(list)?.and_then(|at| at.parse::<usize>().ok()).unwrap_or(0);
        let matching: Vec<Value> =
            values.into_iter().filter(|v| self.options.filter.as_ref().is_none_or(|f| f.holds(v))).collect();
        let total = matching.len();
        let page = self.options.page();
        let rows = matching.into_iter().skip(skip).take(page).map(|v| self.options.selected(v, &[]));
        let rows: Vec<Value> = rows.collect::<Result<_, _>>()?;
        let end = skip.saturating_add(page);
        let next = (end < total).then(|| self.token(list, &end.to_string()));
        Ok(self.page(rows, next.as_deref(), Some(total as u64)))
    }

    /// The body, which must be an object.
    pub(crate) fn object(&mut self) -> Result<serde_json::Map<String, Value>, Failure> {
        match self.body.take() {
            Value::Object(object) => Ok(object),
            other => {
                Err(Failure::bad(format!("the body is {}; expected a JSON object", scim::json::kind(&other))))
            }
        }
    }
}

pub(crate) async fn run(
    app: App,
    endpoint: &'static Endpoint,
    path: Vec<(String, String)>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let (Some(client), Some(arrival)) =
        (head.extensions.get::<Arc<Client>>().cloned(), head.extensions.get::<Arrival>().cloned())
    else {
        // Authentication is the outermost layer; without its mark nothing is answered.
        return broken();
    };
    let asked_as = client_request_id(&head.headers);
    let answer = match gather(endpoint, &client, &head, body).await {
        Ok((options, body)) => {
            let call = Call {
                app: app.clone(),
                client: client.clone(),
                arrival: arrival.clone(),
                method: head.method.clone(),
                target: head.uri.path().to_owned(),
                path,
                options,
                body,
                writes: endpoint.row.access.is_graph_write(),
            };
            work(&app, endpoint, call).await
        }
        Err(failure) => Err(failure),
    };
    let mut response = match answer {
        Ok(reply) => reply.into_response(&arrival, asked_as.as_deref()),
        Err(failure) => {
            note(&app, &client.tenant, (&client.key.key_id, &client.key.key_name), &head, &failure);
            failure.into_response(&arrival, asked_as.as_deref())
        }
    };
    response.extensions_mut().insert(Answered(endpoint.path.as_str().into()));
    response
}

async fn work(app: &App, endpoint: &'static Endpoint, call: Call) -> Answer {
    let request_id = call.arrival.request_id.clone();
    let writes = call.writes;
    let work = CatchPanic::new((endpoint.row.handler)(call));
    let outcome = if writes {
        // A task of its own: when the client goes away, or waits no longer, the write is still completed.
        tokio::time::timeout(WORK_TIMEOUT, tokio::spawn(work)).await
    } else {
        tokio::time::timeout(WORK_TIMEOUT, work).await.map(Ok)
    };
    match outcome {
        Ok(Ok(Ok(answer))) => answer,
        Ok(Ok(Err(Panicked))) => {
            app.metrics.panicked();
            Err(Refusal::internal(&request_id).into())
        }
        Ok(Err(_)) => Err(Refusal::internal(&request_id).into()),
        Err(_) => {
            app.metrics.timed_out();
            Err(Refusal::timed_out().into())
        }
    }
}

/// Everything that is asked of a request before its handler sees it.
async fn gather(
    endpoint: &Endpoint,
    client: &Client,
    head: &Parts,
    body: Body,
) -> Result<(Options, Value), Failure> {
    let key = &client.key;
    let allowed = match endpoint.row.access {
        Access::GraphReadAll => key.may_read_applications(),
        Access::GraphWriteAll => key.may_write_applications(),
        // Which application it is, and whether the key may touch that one, the handler sees.
        Access::GraphWrite => key
            .scopes
            .iter()
            .any(|s| matches!(s, directory::KeyScope::Provisioning | directory::KeyScope::ProvisioningOf(_))),
        _ => key.may_provision(),
    };
    if !allowed {
        return Err(insufficient(match endpoint.row.access {
            Access::GraphReadAll => {
                "the API key is for one application; this needs PROVISIONING or PROVISIONING:READ"
            }
            Access::GraphWriteAll => "this needs an API key with scope PROVISIONING",
            _ => "the API key may only read; changes need a key with scope PROVISIONING",
        }));
    }
    let parameters = Parameters::parse(head.uri.query().unwrap_or_default())?;
    let options = Options::read(&parameters, endpoint.row.options)?;
    let value = match endpoint.row.content {
        Content::None => Value::Null,
        content => {
            media::check_content(&head.headers)?;
            let bytes = body::read(&head.headers, body).await?;
            if bytes.trim_ascii().is_empty() && content == Content::Optional {
                Value::Null
            } else {
                scim::json::parse(&bytes)?
            }
        }
    };
    Ok((options, value))
}

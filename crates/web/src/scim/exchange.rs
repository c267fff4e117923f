//! The walk of one authenticated SCIM request: scope → media types → query → body → handler → request log → answer.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use directory::{Actor, Caller, Context, Error, Exchange, Precondition, Recorder, Written};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, StatusCode, header};
use parking_lot::Mutex;
use scim::projection::Projection;
use serde_json::Value;

use super::endpoint::{Answer, Endpoint};
use super::parameters::Parameters;
use super::reply::{Refusal, Reply};
use super::{body, media};
use crate::app::App;
use crate::authenticate::{Client, insufficient};
use crate::inventory::Access;
use crate::panic::{CatchPanic, Panicked};
use crate::request_id::Arrival;
use crate::request_log::{Draft, Facts, Holder};
use crate::router::{Answered, WORK_TIMEOUT};

/// What a handler works with; everything in it has been checked as far as HTTP goes.
pub(crate) struct Call {
    pub(crate) app: App,
    pub(crate) client: Arc<Client>,
    pub(crate) arrival: Arrival,
    pub(crate) method: Method,
    /// The `{id}` of the path; empty for a path without.
    pub(crate) id: String,
    pub(crate) parameters: Parameters,
    pub(crate) condition: Precondition,
    pub(crate) body: Value,
    draft: Arc<Draft>,
}

/// Where a [`Recorder`] leaves the reply it has recorded.
pub(crate) type Slot = Arc<Mutex<Option<Reply>>>;

impl Call {
    pub(crate) fn refusal(&self, error: Error) -> Refusal {
        Refusal::from_error(error, &self.arrival.request_id)
    }

    /// The context of a write whose answer is made, and recorded, on the writer's thread; the same bytes are then sent.
    pub(crate) fn context(
        &self,
        shown_by: Projection,
        answer: impl FnOnce(&Written) -> Reply + Send + 'static,
    ) -> (Context, Slot) {
        let slot = Slot::default();
        let (draft, filled) = (self.draft.clone(), slot.clone());
        let record: Recorder = Box::new(move |written| -> Exchange {
            let mut reply = answer(written);
            reply.quirks = written.quirks.clone();
            reply.recorded = true;
            let exchange = draft.finish(Facts::of_reply(&reply));
            *filled.lock() = Some(reply);
            exchange
        });
        let Client { tenant, key } = &*self.client;
        let caller = Caller {
            actor: Actor::Key { id: key.key_id.clone(), name: key.key_name.clone() },
            request_id: self.arrival.request_id.clone(),
            address: self.arrival.address,
        };
        (Context::new(tenant.clone(), caller).shown_by(shown_by).recorded_by(record), slot)
    }
}

pub(crate) async fn run(
    app: App,
    endpoint: &'static Endpoint,
    id: Option<String>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let (Some(client), Some(arrival)) =
        (head.extensions.get::<Arc<Client>>(), head.extensions.get::<Arrival>())
    else {
        // Authentication is the outermost layer; without its mark nothing is answered.
        return Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error").into_response();
    };
    let (client, arrival) = (client.clone(), arrival.clone());
    let key = Holder::Client(client.clone());
    let mut draft = Draft::new(&arrival, Some(key), &head.method, &head.uri, &head.headers);
    draft.set_resource(id.as_deref());
    let input = gather(endpoint, &client, &head, body, &mut draft).await;
    let draft = Arc::new(draft);
    let request_id = arrival.request_id.clone();
    let call = input.map(|(parameters, condition, body)| Call {
        app: app.clone(),
        client: client.clone(),
        arrival,
        method: head.method,
        id: id.unwrap_or_default(),
        parameters,
        condition,
        body,
        draft: draft.clone(),
    });
    let work =
        Box::pin(finish(app.clone(), endpoint, client.clone(), draft.clone(), request_id.clone(), call));
    let is_write = endpoint.access == Access::ScimWrite;
    let outcome = if is_write {
        // A task of its own: when the client goes away, or waits no longer, the write and its log entry are still completed.
        tokio::time::timeout(WORK_TIMEOUT, tokio::spawn(work)).await
    } else {
        tokio::time::timeout(WORK_TIMEOUT, work).await.map(Ok)
    };
    let mut response = match outcome {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => Refusal::internal(&request_id).into_response(),
        Err(_) => {
            app.metrics.timed_out();
            let refusal = Refusal::timed_out();
            // A write goes on by itself, and records what becomes of it.
            if !is_write {
                record(&app, &client, &draft, &Err(refusal.clone())).await;
            }
            refusal.into_response()
        }
    };
    response.extensions_mut().insert(Answered(endpoint.path.into()));
    response
}

/// Everything that is asked of a request before its handler sees it.
async fn gather(
    endpoint: &Endpoint,
    client: &Client,
    head: &Parts,
    body: Body,
    draft: &mut Draft,
) -> Result<(Parameters, Precondition, Value), Refusal> {
    if endpoint.access == Access::ScimWrite && !client.key.may_write() {
        return Err(insufficient("the API key may only read; changes need a key with scope SCIM2"));
    }
    media::check_accept(&head.headers)?;
    let parameters = Parameters::parse(head.uri.query().unwrap_or_default())?;
    let condition = condition(&head.headers)?;
    if !endpoint.body {
        return Ok((parameters, condition, Value::Null));
    }
    media::check_content(&head.headers)?;
    let bytes = body::read(&head.headers, body).await?;
    match scim::json::parse(&bytes) {
        Ok(value) => {
            draft.set_body(&value);
            Ok((parameters, condition, value))
        }
        Err(error) => {
            draft.set_unreadable_body(bytes.len());
            Err(error.into())
        }
    }
}

/// RFC 7644 §3.14
fn condition(headers: &HeaderMap) -> Result<Precondition, Refusal> {
    let text = |name: HeaderName| -> Result<Option<String>, Refusal> {
        let values = headers.get_all(&name).iter().map(|v| v.to_str());
        let values: Vec<&str> = values.collect::<Result<_, _>>().map_err(|_| {
            Refusal::new(
                StatusCode::BAD_REQUEST,
                format!("the header {name} holds characters that are not ASCII"),
            )
        })?;
        Ok((!values.is_empty()).then(|| values.join(",")))
    };
    let (if_match, if_none_match) = (text(header::IF_MATCH)?, text(header::IF_NONE_MATCH)?);
    let condition = Precondition::from_headers(if_match.as_deref(), if_none_match.as_deref());
    condition.map_err(|error| Refusal::from_error(error, ""))
}

async fn finish(
    app: App,
    endpoint: &'static Endpoint,
    client: Arc<Client>,
    draft: Arc<Draft>,
    request_id: String,
    call: Result<Call, Refusal>,
) -> Response {
    let answer = match call {
        Ok(call) => match CatchPanic::new((endpoint.handler)(call)).await {
            Ok(answer) => answer,
            Err(Panicked) => {
                app.metrics.panicked();
                Err(Refusal::internal(&request_id))
            }
        },
        Err(refusal) => Err(refusal),
    };
    record(&app, &client, &draft, &answer).await;
    match answer {
        Ok(reply) => reply.into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// A write has recorded itself. Errors are always kept; reads as far as the buffer takes them.
async fn record(app: &App, client: &Client, draft: &Draft, answer: &Answer) {
    match answer {
        Ok(reply) if reply.recorded => {}
        Ok(reply) if client.key.settings.log_reads => {
            app.directory.record_read(&client.tenant, || draft.finish(Facts::of_reply(reply)));
        }
        Ok(_) => {}
        Err(refusal) => {
            app.directory.record_error(&client.tenant, draft.finish(Facts::of_refusal(refusal))).await;
        }
    }
}

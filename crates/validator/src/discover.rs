//! Before the checks: is the target there, does it take the credentials, what does it say it is, how many users has it?

use scim_client::Request;
use serde_json::Value;

use crate::options::Options;
use crate::reply::Reply;
use crate::run::Refusal;
use crate::schema::{Origin, SchemaSource, Schemas};
use crate::value::cut;
use crate::wire::Wire;
use crate::world::Features;

pub(crate) struct Discovered {
    pub(crate) schemas: Schemas,
    pub(crate) features: Features,
    pub(crate) existing_users: Option<u64>,
}

pub(crate) async fn discover(wire: &Wire, options: &Options) -> Result<Discovered, Refusal> {
    let config = fetch(wire, Request::get("/ServiceProviderConfig")).await?;
    let features = Features::read(config.as_ref());
    let schemas = schemas(wire, options).await?;
    let existing_users = existing(wire, &schemas.user.endpoint).await?;
    if let Some(found) = existing_users
        && found > options.max_existing_users
        && !options.yes
    {
        return Err(Refusal::TooManyUsers { found, limit: options.max_existing_users });
    }
    Ok(Discovered { schemas, features, existing_users })
}

async fn schemas(wire: &Wire, options: &Options) -> Result<Schemas, Refusal> {
    match &options.schema {
        SchemaSource::Default => Ok(Schemas::built_in()),
        SchemaSource::Given(value) => Schemas::read(value, None, Origin::Given).ok_or(Refusal::SchemaFile),
        SchemaSource::Discover => {
            let schemas = fetch(wire, Request::get("/Schemas")).await?;
            let types = fetch(wire, Request::get("/ResourceTypes")).await?;
            let read = schemas.and_then(|s| Schemas::read(&s, types.as_ref(), Origin::Discovered));
            let mut schemas = read.unwrap_or_else(Schemas::built_in);
            if schemas.group.is_none() && answers(wire, "/Groups").await? {
                schemas.group = Schemas::built_in().group;
                schemas.problems.push("the target answers at /Groups but defines no Group schema".to_owned());
            }
            Ok(schemas)
        }
    }
}

/// The JSON of a 200; `None` for any other answer, which the checks judge.
async fn fetch(wire: &Wire, request: Request) -> Result<Option<Value>, Refusal> {
    let reply = send(wire, request).await?;
    Ok((reply.status == 200 && reply.body.is_object() || reply.body.is_array()).then_some(reply.body))
}

async fn answers(wire: &Wire, path: &str) -> Result<bool, Refusal> {
    Ok(send(wire, Request::get(path).query("count", "1")).await?.status == 200)
}

/// How many users there are, if the target says it.
async fn existing(wire: &Wire, path: &str) -> Result<Option<u64>, Refusal> {
    let reply = send(wire, Request::get(path).query("startIndex", "1").query("count", "1")).await?;
    match reply.status {
        401 | 403 => Err(Refusal::Unauthorized { status: reply.status }),
        _ => Ok(reply.total().and_then(|t| u64::try_from(t).ok())),
    }
}

async fn send(wire: &Wire, request: Request) -> Result<Reply, Refusal> {
    match wire.send(&request).await.answer {
        Ok(answer) => Ok(Reply::new(answer, 0)),
        Err(why) => Err(Refusal::Unreachable { why: cut(&why, 400) }),
    }
}

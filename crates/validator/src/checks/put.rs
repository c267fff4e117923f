//! Replacing with PUT (RFC 7644 §3.5.1). Okta updates users this way.

use serde_json::{Map, Value, json};

use crate::check::{Check, Level::*, Need, Profile};
use crate::probe::{Made, Probe};
use crate::value::{at, has, same, shown};
use crate::verdict::{Outcome, ensure};

const PUT: &[Need] = &[Need::Check("put-replace")];
/// Entra never sends PUT.
const WITHOUT_ENTRA: &[Profile] = &[Profile::Rfc, Profile::Okta];

pub(super) const CHECKS: &[Check] = &[
    Check::new("put-replace", "PUT replaces values", Must, "RFC 7644 §3.5.1")
        .what("PUT of the resource with another value answers 200 with the resource; GET shows the value.")
        .why("Okta updates profiles with PUT: no change arrives.")
        .needs(&[Need::Check("user-read")])
        .for_profiles(WITHOUT_ENTRA)
        .run(|p| Box::pin(replace(p))),
    Check::new("put-answer", "The answer to PUT is the resource", Must, "RFC 7644 §3.5.1")
        .what("The body of the 200 equals GET afterwards.")
        .why("Clients keep the answer and do not read again.")
        .needs(PUT)
        .for_profiles(WITHOUT_ENTRA)
        .run(|p| Box::pin(answer(p))),
    Check::new("put-keeps-read-only", "PUT does not change what is read-only", Must, "RFC 7644 §3.5.1")
        .what("PUT with another id and meta.created: both stay.")
        .why("A client could take the place of another resource.")
        .needs(PUT)
        .for_profiles(WITHOUT_ENTRA)
        .run(|p| Box::pin(keeps_read_only(p))),
    Check::new("put-null-clears", "null in PUT clears", Must, "RFC 7643 §2.5, RFC 7644 §3.5.1")
        .what("PUT with an attribute null: GET does not show it.")
        .why("Values that were taken away stay for ever.")
        .needs(PUT)
        .for_profiles(WITHOUT_ENTRA)
        .run(|p| Box::pin(null_clears(p))),
    Check::new(
        "put-multi-replaced",
        "PUT replaces all values of a multi-valued attribute",
        Must,
        "RFC 7644 §3.5.1",
    )
    .what("PUT with one e-mail where there were two leaves that one.")
    .why("Old addresses stay for ever.")
    .needs(&[Need::Check("put-replace"), Need::User("emails.value")])
    .for_profiles(WITHOUT_ENTRA)
    .run(|p| Box::pin(multi_replaced(p))),
    Check::new("put-requires-user-name", "PUT without userName is refused", Must, "RFC 7644 §3.5.1")
        .what("PUT without the required userName answers 400.")
        .why("The user loses what it is found by.")
        .needs(PUT)
        .for_profiles(WITHOUT_ENTRA)
        .run(|p| Box::pin(requires_user_name(p))),
    Check::new("put-conflict", "PUT to a taken userName is 409", Must, "RFC 7644 §3.3, §3.12 uniqueness")
        .what("PUT with the userName of another user answers 409 and changes nothing.")
        .why("Two users with one name: every match by userName finds both and fails.")
        .needs(PUT)
        .for_profiles(WITHOUT_ENTRA)
        .run(|p| Box::pin(conflict(p))),
    Check::new("put-unknown", "PUT of an unknown id is 404", Must, "RFC 7644 §3.5.1")
        .what("PUT to a random id answers 404; PUT does not create.")
        .why("A client makes resources under ids of its own.")
        .needs(PUT)
        .for_profiles(WITHOUT_ENTRA)
        .run(|p| Box::pin(unknown(p))),
    Check::new("put-rename", "PUT changes userName", Must, "RFC 7644 §3.5.1")
        .what("PUT with a free userName: GET and the filter find the new name, not the old one.")
        .why("Whoever changes the name is not found, or twice.")
        .needs(&[Need::Check("put-replace"), Need::Check("filter-eq")])
        .for_profiles(WITHOUT_ENTRA)
        .run(|p| Box::pin(rename(p))),
];

/// A user with a plain value, and the body of its PUT.
async fn ready(p: &mut Probe) -> Outcome<(Made, String, Map<String, Value>)> {
    let plain = p.plain_attribute()?;
    let user = p.user_with(json!({ (plain.clone()): "Before" })).await?;
    let mut body = user.sent.clone();
    body.insert("id".into(), user.id.clone().into());
    Ok((user, plain, body))
}

async fn replace(p: &mut Probe) -> Outcome {
    let (user, plain, mut body) = ready(p).await?;
    body.insert(plain.clone(), "After".into());
    let reply = p.put(&user.path, &Value::Object(body)).await?;
    reply.is(&[200])?;
    has(&p.read(&user).await?.body, &plain, &"After".into()).map_err(|stop| stop.at(reply.exchange))
}

async fn answer(p: &mut Probe) -> Outcome {
    let (user, plain, mut body) = ready(p).await?;
    body.insert(plain, "After".into());
    let reply = p.put(&user.path, &Value::Object(body)).await?;
    let read = p.read(&user).await?;
    ensure(same(&reply.body, &read.body), "the answer to equal what GET gives", || {
        format!("{} and {}", shown(&reply.body), shown(&read.body))
    })
    .map_err(|stop| stop.at(reply.exchange))
}

async fn keeps_read_only(p: &mut Probe) -> Outcome {
    let (user, _, mut body) = ready(p).await?;
    let created = at(&p.read(&user).await?.body, "meta.created").cloned().unwrap_or_default();
    body.insert("id".into(), "muster-check-own-id".into());
    body.insert("meta".into(), json!({ "created": "2001-01-01T00:00:00Z" }));
    let reply = p.put(&user.path, &Value::Object(body)).await?;
    // Ignored, or refused: either keeps them.
    reply.is(&[200, 400])?;
    let read = p.read(&user).await?;
    has(&read.body, "id", &user.id.clone().into()).map_err(|stop| stop.at(reply.exchange))?;
    has(&read.body, "meta.created", &created).map_err(|stop| stop.at(reply.exchange))
}

async fn null_clears(p: &mut Probe) -> Outcome {
    let (user, plain, mut body) = ready(p).await?;
    body.insert(plain.clone(), Value::Null);
    let reply = p.put(&user.path, &Value::Object(body)).await?;
    reply.is(&[200])?;
    crate::value::lacks(&p.read(&user).await?.body, &plain).map_err(|stop| stop.at(reply.exchange))
}

async fn multi_replaced(p: &mut Probe) -> Outcome {
    let (one, two) = (p.generator().email(), p.generator().email());
    let emails = json!([{ "type": "work", "value": one }, { "type": "home", "value": two }]);
    let user = p.user_with(json!({ "emails": emails })).await?;
    let mut body = user.sent.clone();
    body.insert("emails".into(), json!([{ "type": "home", "value": two }]));
    let reply = p.put(&user.path, &Value::Object(body)).await?;
    reply.is(&[200])?;
    let read = p.read(&user).await?;
    let left = at(&read.body, "emails").and_then(Value::as_array).map_or(0, Vec::len);
    ensure(left == 1, "one e-mail", || format!("{left}")).map_err(|stop| stop.at(reply.exchange))?;
    has(&read.body, "emails.value", &two.into()).map_err(|stop| stop.at(reply.exchange))
}

async fn requires_user_name(p: &mut Probe) -> Outcome {
    let (user, _, mut body) = ready(p).await?;
    body.remove("userName");
    p.put(&user.path, &Value::Object(body)).await?.refuses(&[400], "PUT without userName")?;
    has(&p.read(&user).await?.body, "userName", &user.name().into())
}

async fn conflict(p: &mut Probe) -> Outcome {
    let other = p.user().await?;
    let (user, _, mut body) = ready(p).await?;
    body.insert("userName".into(), other.name().into());
    p.put(&user.path, &Value::Object(body)).await?.is(&[409])?;
    has(&p.read(&user).await?.body, "userName", &user.name().into())
}

async fn unknown(p: &mut Probe) -> Outcome {
    let body = p.user_body(crate::generate::Fill::Required);
    let path = format!("{}/{}", p.users(), p.dice.guid());
    p.put(&path, &Value::Object(body)).await?.is(&[404])
}

async fn rename(p: &mut Probe) -> Outcome {
    let (user, _, mut body) = ready(p).await?;
    let name = p.generator().user_name();
    body.insert("userName".into(), name.clone().into());
    p.put(&user.path, &Value::Object(body)).await?.is(&[200])?;
    let path = p.users();
    p.find(&path, &format!("userName eq \"{name}\"")).await?.finds(&[&user.id])?;
    p.find(&path, &format!("userName eq \"{}\"", user.name())).await?.finds(&[])
}

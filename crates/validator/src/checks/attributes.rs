//! What the schemas say of each attribute is what happens. One case an attribute, made from the discovered schemas.

use scim::attribute::{Attribute, AttributeType, Mutability, Returned};
use serde_json::{Map, Value, json};

use crate::check::{Check, Level::*, Need, Subject};
use crate::generate::{Fill, is_round_trip};
use crate::probe::{Made, Probe, merge};
use crate::schema::{Found, ResourceKind, Schemas};
use crate::value::{at, has, lacks, shown};
use crate::verdict::{Outcome, cannot_judge, ensure, not_applicable};

const AGAIN: &str =
    "Entra compares what it reads with what it sent, and sends the difference again in every cycle.";
const MISLED: &str = "Clients believe what the schema says: mappings made from it do not work.";

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "attribute-round-trip",
        "The attribute is stored and returned",
        Must,
        "RFC 7643 §7 returned, mutability",
    )
    .what("POST with a value of the attribute; GET has it, with the type that the schema names.")
    .why(AGAIN)
    .needs(&[Need::Check("user-read")])
    .each(writable)
    .run(|p| Box::pin(round_trip(p))),
    Check::new("attribute-replace", "The attribute is changed by PATCH", Must, "RFC 7644 §3.5.2.3")
        .what("PATCH replace with the attribute's path; GET has the new value.")
        .why(AGAIN)
        .needs(&[Need::Check("patch-replace")])
        .each(changeable)
        .run(|p| Box::pin(replace(p))),
    Check::new("attribute-remove", "The attribute is removed by PATCH", Must, "RFC 7644 §3.5.2.2")
        .what("PATCH remove with the attribute's path; GET does not have it.")
        .why("A value that was taken away stays for ever.")
        .needs(&[Need::Check("patch-remove")])
        .each(removable)
        .run(|p| Box::pin(remove(p))),
    Check::new("attribute-projection", "The attribute can be asked for and left out", Must, "RFC 7644 §3.9")
        .what("attributes=<path> shows it, excludedAttributes=<path> does not.")
        .why("Clients get more or less than they asked for.")
        .needs(&[Need::Check("attributes-only"), Need::Check("excluded-attributes")])
        .each(writable)
        .run(|p| Box::pin(projection(p))),
    Check::new(
        "attribute-case",
        "The attribute compares as caseExact says",
        Must,
        "RFC 7643 §2.2 caseExact, RFC 7644 §3.4.2.2",
    )
    .what("A filter with the value finds the resource; with the value in the other case if and only if caseExact is false.")
    .why("Entra does not find whom it looks for where this is the matching attribute.")
    .needs(&[Need::Check("filter-and")])
    .explained_by("filter-eq-case")
    .each(comparable)
    .run(|p| Box::pin(case(p))),
    Check::new(
        "attribute-present",
        "The attribute can be filtered by presence",
        Must,
        "RFC 7644 §3.4.2.2 pr",
    )
    .what("userName eq … and <path> pr finds the user that has it, and not the one that has not.")
    .why("Filters on the attribute give wrong users.")
    .needs(&[Need::Check("filter-and"), Need::Check("filter-pr")])
    .each(optional)
    .run(|p| Box::pin(present(p))),
    Check::new(
        "attribute-read-only",
        "A read-only attribute cannot be written",
        Must,
        "RFC 7643 §7 mutability readOnly, RFC 7644 §3.3",
    )
    .what("POST with a value of the attribute: it is ignored (or refused with 400).")
    .why(MISLED)
    .needs(&[Need::Check("user-read")])
    .each(read_only_ones)
    .run(|p| Box::pin(read_only(p))),
    Check::new(
        "attribute-immutable",
        "An immutable attribute cannot be changed",
        Must,
        "RFC 7643 §7 mutability immutable, RFC 7644 §3.5.2",
    )
    .what("After POST with a value, PATCH replace of it is refused or has no effect.")
    .why(MISLED)
    .needs(&[Need::Check("patch-replace")])
    .each(immutable_ones)
    .run(|p| Box::pin(immutable(p))),
    Check::new(
        "attribute-never",
        "An attribute that is never returned is not",
        Must,
        "RFC 7643 §7 returned never",
    )
    .what("POST with a value: neither the answer, GET nor attributes=<path> has it.")
    .why("Secrets end up in every client's log.")
    .needs(&[Need::Check("user-read")])
    .each(never_ones)
    .run(|p| Box::pin(never(p))),
    Check::new(
        "attribute-request",
        "An attribute that is returned on request is returned only then",
        Must,
        "RFC 7643 §7 returned request",
    )
    .what("GET does not have it, attributes=<path> has it.")
    .why(MISLED)
    .needs(&[Need::Check("attributes-only")])
    .each(request_ones)
    .run(|p| Box::pin(on_request(p))),
    Check::new(
        "attribute-always",
        "An attribute that is always returned is",
        Must,
        "RFC 7643 §7 returned always",
    )
    .what("attributes= of another one and excludedAttributes=<path> still show it.")
    .why(MISLED)
    .needs(&[Need::Check("attributes-only")])
    .each(always_ones)
    .run(|p| Box::pin(always(p))),
    Check::new(
        "attribute-wrong-type",
        "A value of another type is refused",
        Should,
        "RFC 7643 §2.3, RFC 7644 §3.12 invalidValue",
    )
    .what("POST with an object for a simple attribute and with a number for a complex one answers 4xx.")
    .why("What is stored instead breaks every reader of that resource.")
    .needs(&[Need::Check("user-read")])
    .each(writable)
    .run(|p| Box::pin(wrong_type(p))),
];

// ---- subjects ----

fn select(schemas: &Schemas, wanted: impl Fn(&Found<'_>) -> bool) -> Vec<Subject> {
    let kinds = std::iter::once(&schemas.user).chain(&schemas.group);
    kinds
        .flat_map(|kind| {
            let found: Vec<Subject> = kind
                .attributes()
                .filter(|(_, found)| wanted(found))
                .map(|(path, _)| Subject { kind: kind.name, path })
                .collect();
            found
        })
        .collect()
}

/// Attributes whose values are ids of other resources have checks of their own, as has the password.
fn is_plain(a: &Attribute) -> bool {
    a.sub("$ref").is_none() && !a.name.eq_ignore_ascii_case("password") && !a.name.contains("ertificate")
}

fn writable(schemas: &Schemas) -> Vec<Subject> {
    select(schemas, |f| is_round_trip(f.attribute) && is_plain(f.attribute))
}

fn changeable(schemas: &Schemas) -> Vec<Subject> {
    select(schemas, |f| {
        is_round_trip(f.attribute) && is_plain(f.attribute) && f.attribute.mutability == Mutability::ReadWrite
    })
}

fn removable(schemas: &Schemas) -> Vec<Subject> {
    select(schemas, |f| {
        is_round_trip(f.attribute)
            && is_plain(f.attribute)
            && f.attribute.mutability == Mutability::ReadWrite
            && !f.attribute.required
            && !f.attribute.name.eq_ignore_ascii_case("userName")
            && !f.attribute.name.eq_ignore_ascii_case("active")
    })
}

fn optional(schemas: &Schemas) -> Vec<Subject> {
    let mut subjects = removable(schemas);
    subjects.retain(|s| s.kind == "User");
    subjects
}

fn comparable(schemas: &Schemas) -> Vec<Subject> {
    let mut subjects = select(schemas, |f| {
        let a = f.attribute;
        is_round_trip(a)
            && a.kind == AttributeType::String
            && !a.multi_valued
            && a.canonical_values.is_empty()
    });
    subjects.retain(|s| s.kind == "User" && s.path != "userName");
    subjects
}

fn read_only_ones(schemas: &Schemas) -> Vec<Subject> {
    select(schemas, |f| {
        f.attribute.mutability == Mutability::ReadOnly && !["id", "meta"].contains(&f.attribute.name.as_str())
    })
}

fn immutable_ones(schemas: &Schemas) -> Vec<Subject> {
    select(schemas, |f| {
        f.attribute.mutability == Mutability::Immutable && is_plain(f.attribute) && is_round_trip(f.attribute)
    })
}

fn never_ones(schemas: &Schemas) -> Vec<Subject> {
    select(schemas, |f| f.attribute.returned == Returned::Never && f.attribute.kind == AttributeType::String)
}

fn request_ones(schemas: &Schemas) -> Vec<Subject> {
    select(schemas, |f| {
        f.attribute.returned == Returned::Request
            && is_plain(f.attribute)
            && f.attribute.mutability == Mutability::ReadWrite
    })
}

fn always_ones(schemas: &Schemas) -> Vec<Subject> {
    select(schemas, |f| {
        f.attribute.returned == Returned::Always && is_plain(f.attribute) && is_round_trip(f.attribute)
    })
}

// ---- the cases ----

/// The subject's definition and a value for it.
fn subject(p: &mut Probe) -> Outcome<(Subject, Attribute, Value)> {
    let subject = p.subject()?;
    let attribute = p
        .kind(subject.kind)?
        .find(&subject.path)
        .map(|f| f.attribute.clone())
        .ok_or_else(|| cannot_judge("the attribute is not in the schema"))?;
    let value = value(p, &subject, &attribute)?;
    Ok((subject, attribute, value))
}

fn value(p: &mut Probe, subject: &Subject, attribute: &Attribute) -> Outcome<Value> {
    let is_name = subject.kind == "Group" && attribute.name.eq_ignore_ascii_case("displayName");
    if is_name {
        return Ok(p.generator().group_name().into());
    }
    // A value with letters of both cases, so that a comparison can tell.
    if attribute.kind == AttributeType::String
        && !attribute.multi_valued
        && attribute.canonical_values.is_empty()
        && attribute.name.eq_ignore_ascii_case("displayName")
    {
        return Ok(p.generator().words().into());
    }
    p.generator()
        .value(attribute, "")
        .ok_or_else(|| not_applicable("no value of this attribute can be made up"))
}

/// `{path: value}` as it stands in a body.
fn placed(kind: &ResourceKind, path: &str, value: Value) -> Value {
    match kind.find(path) {
        Some(Found { extension: Some(extension), attribute, .. }) => {
            json!({ (extension.id.clone()): { (attribute.name.clone()): value } })
        }
        _ => json!({ path: value }),
    }
}

fn endpoint(p: &Probe, subject: &Subject) -> Outcome<String> {
    Ok(p.kind(subject.kind)?.endpoint.clone())
}

fn body(p: &mut Probe, subject: &Subject, value: Option<Value>) -> Outcome<Map<String, Value>> {
    let mut body = match subject.kind {
        "User" => p.user_body(Fill::Required),
        _ => p.group_body(),
    };
    if let Some(value) = value {
        let more = placed(p.kind(subject.kind)?, &subject.path, value);
        merge(&mut body, more);
    }
    Ok(body)
}

async fn made(p: &mut Probe, subject: &Subject, value: Value) -> Outcome<Made> {
    let (path, body) = (endpoint(p, subject)?, body(p, subject, Some(value))?);
    p.make(&path, body).await
}

fn is_of_type(value: &Value, attribute: &Attribute) -> bool {
    if attribute.multi_valued {
        let one = Attribute { multi_valued: false, ..attribute.clone() };
        return value.as_array().is_some_and(|items| items.iter().all(|v| is_of_type(v, &one)));
    }
    match attribute.kind {
        AttributeType::Boolean => value.is_boolean(),
        AttributeType::Integer => value.is_i64() || value.is_u64(),
        AttributeType::Decimal => value.is_number(),
        AttributeType::DateTime => value.as_str().and_then(scim::compare::date).is_some(),
        AttributeType::Complex => value.as_object().is_some_and(|members| {
            members.iter().all(|(name, v)| attribute.sub(name).is_none_or(|sub| is_of_type(v, sub)))
        }),
        _ => value.is_string(),
    }
}

async fn round_trip(p: &mut Probe) -> Outcome {
    let (subject, attribute, value) = subject(p)?;
    let (path, body) = (endpoint(p, &subject)?, body(p, &subject, Some(value.clone()))?);
    let reply = p.post(&path, &Value::Object(body)).await?;
    reply.is(&[201])?;
    let read = p.get(&format!("{path}/{}", reply.id()?)).await?;
    has(&read.body, &subject.path, &value).map_err(|stop| stop.at(reply.exchange))?;
    let got = at(&read.body, &subject.path).cloned().unwrap_or_default();
    ensure(is_of_type(&got, &attribute), format!("a value of type {:?}", attribute.kind), || shown(&got))
        .map_err(|stop| stop.at(read.exchange))
}

async fn replace(p: &mut Probe) -> Outcome {
    let (subject, attribute, first) = subject(p)?;
    let second = value(p, &subject, &attribute)?;
    let resource = made(p, &subject, first).await?;
    let reply =
        p.patch(&resource.path, &json!([{ "op": "replace", "path": subject.path, "value": second }])).await?;
    reply.is(&[200, 204])?;
    has(&p.read(&resource).await?.body, &subject.path, &second).map_err(|stop| stop.at(reply.exchange))
}

async fn remove(p: &mut Probe) -> Outcome {
    let (subject, _, value) = subject(p)?;
    let resource = made(p, &subject, value).await?;
    let reply = p.patch(&resource.path, &json!([{ "op": "remove", "path": subject.path }])).await?;
    reply.is(&[200, 204])?;
    lacks(&p.read(&resource).await?.body, &subject.path).map_err(|stop| stop.at(reply.exchange))
}

async fn projection(p: &mut Probe) -> Outcome {
    let (subject, attribute, value) = subject(p)?;
    let resource = made(p, &subject, value.clone()).await?;
    let asked = p.query(&resource.path, &[("attributes", &subject.path)]).await?;
    asked.is(&[200])?;
    has(&asked.body, &subject.path, &value)?;
    if attribute.returned == Returned::Always {
        return Ok(());
    }
    let left = p.query(&resource.path, &[("excludedAttributes", &subject.path)]).await?;
    left.is(&[200])?;
    lacks(&left.body, &subject.path)
}

async fn case(p: &mut Probe) -> Outcome {
    let (subject, attribute, value) = subject(p)?;
    let Some(text) = value.as_str().filter(|t| t.to_uppercase() != *t) else {
        return Err(not_applicable("the value has no letters to change"));
    };
    let other = text.to_uppercase();
    let resource = made(p, &subject, value.clone()).await?;
    let name = resource.sent.get("userName").and_then(Value::as_str).unwrap_or_default();
    let filter = |text: &str| format!("userName eq \"{name}\" and {} eq {}", subject.path, Value::from(text));
    let path = endpoint(p, &subject)?;
    // That it is found at all is the prerequisite, and each attribute has its own.
    let reply = p.query(&path, &[("filter", &filter(text))]).await?;
    if !reply.ids().contains(&resource.id) {
        let why = "a filter with the very value does not find the user, so that nothing can be said of case";
        return Err(cannot_judge(why));
    }
    let reply = p.query(&path, &[("filter", &filter(&other))]).await?;
    reply.is(&[200])?;
    if attribute.case_exact { reply.finds(&[]) } else { reply.finds(&[&resource.id]) }
}

async fn present(p: &mut Probe) -> Outcome {
    let (subject, _, value) = subject(p)?;
    let with = made(p, &subject, value).await?;
    let (path, bare) = (endpoint(p, &subject)?, body(p, &subject, None)?);
    let without = p.make(&path, bare).await?;
    let (one, two) = (with.name().to_owned(), without.name().to_owned());
    for (name, expected) in [(one, vec![with.id.as_str()]), (two, vec![])] {
        let reply =
            p.query(&path, &[("filter", &format!("userName eq \"{name}\" and {} pr", subject.path))]).await?;
        reply.is(&[200])?;
        reply.finds(&expected)?;
    }
    Ok(())
}

async fn read_only(p: &mut Probe) -> Outcome {
    let subject = p.subject()?;
    let found = p.kind(subject.kind)?.find(&subject.path).map(|f| f.attribute.clone());
    let attribute = found.ok_or_else(|| cannot_judge("the attribute is not in the schema"))?;
    let one = if attribute.is_complex() { json!({ "value": "muster-check" }) } else { json!("muster-check") };
    let value = if attribute.multi_valued { json!([one]) } else { one };
    let (path, body) = (endpoint(p, &subject)?, body(p, &subject, Some(value.clone()))?);
    let reply = p.post(&path, &Value::Object(body)).await?;
    if reply.status == 400 {
        return Ok(());
    }
    reply.is(&[201])?;
    let read = p.get(&format!("{path}/{}", reply.id()?)).await?;
    let got = at(&read.body, &subject.path);
    ensure(!got.is_some_and(|g| crate::value::holds(g, &value)), "the value to be ignored", || {
        got.map(shown).unwrap_or_default()
    })
    .map_err(|stop| stop.at(reply.exchange))
}

async fn immutable(p: &mut Probe) -> Outcome {
    let (subject, attribute, first) = subject(p)?;
    let second = value(p, &subject, &attribute)?;
    let resource = made(p, &subject, first.clone()).await?;
    let reply =
        p.patch(&resource.path, &json!([{ "op": "replace", "path": subject.path, "value": second }])).await?;
    reply.no_crash("a change of an immutable attribute")?;
    has(&p.read(&resource).await?.body, &subject.path, &first).map_err(|stop| stop.at(reply.exchange))
}

async fn never(p: &mut Probe) -> Outcome {
    let (subject, _, value) = subject(p)?;
    let (path, body) = (endpoint(p, &subject)?, body(p, &subject, Some(value))?);
    let reply = p.post(&path, &Value::Object(body)).await?;
    reply.is(&[201])?;
    let location = format!("{path}/{}", reply.id()?);
    let read = p.get(&location).await?;
    let asked = p.query(&location, &[("attributes", &subject.path)]).await?;
    for reply in [reply, read, asked] {
        let there = at(&reply.body, &subject.path).is_some();
        ensure(!there, format!("no {}", subject.path), || "a value".to_owned())
            .map_err(|stop| stop.at(reply.exchange))?;
    }
    Ok(())
}

async fn on_request(p: &mut Probe) -> Outcome {
    let (subject, _, value) = subject(p)?;
    let resource = made(p, &subject, value.clone()).await?;
    let read = p.read(&resource).await?;
    lacks(&read.body, &subject.path).map_err(|stop| stop.at(read.exchange))?;
    let asked = p.query(&resource.path, &[("attributes", &subject.path)]).await?;
    asked.is(&[200])?;
    has(&asked.body, &subject.path, &value).map_err(|stop| stop.at(asked.exchange))
}

async fn always(p: &mut Probe) -> Outcome {
    let (subject, _, value) = subject(p)?;
    let resource = made(p, &subject, value.clone()).await?;
    for (name, path) in [("attributes", "externalId"), ("excludedAttributes", subject.path.as_str())] {
        let reply = p.query(&resource.path, &[(name, path)]).await?;
        reply.is(&[200])?;
        has(&reply.body, &subject.path, &value)?;
    }
    Ok(())
}

async fn wrong_type(p: &mut Probe) -> Outcome {
    let (subject, attribute, _) = subject(p)?;
    let wrong = if attribute.is_complex() { json!(17) } else { json!({ "muster": { "check": [1] } }) };
    let (path, body) = (endpoint(p, &subject)?, body(p, &subject, Some(wrong.clone()))?);
    let reply = p.post(&path, &Value::Object(body)).await?;
    reply.no_crash("a value of the wrong type")?;
    if !reply.is_success() {
        return reply.refuses_any("a value of the wrong type");
    }
    let stored = at(&reply.body, &subject.path);
    ensure(!stored.is_some_and(|s| crate::value::holds(s, &wrong)), "the value to be refused", || {
        stored.map(shown).unwrap_or_default()
    })
}

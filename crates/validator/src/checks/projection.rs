//! attributes, excludedAttributes and returned (RFC 7644 §3.9).

use serde_json::{Value, json};

use crate::check::{Check, Level::*, Need};
use crate::probe::{Made, Probe};
use crate::value::{has, lacks, member, shown};
use crate::verdict::{Outcome, ensure, not_applicable};

const USER: &[Need] = &[Need::Check("user-read")];
const MORE: &str =
    "Clients that ask for little get more than they can take: groups with all their members, for one.";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";

pub(super) const CHECKS: &[Check] = &[
    Check::new("attributes-only", "attributes gives only what is named", Must, "RFC 7644 §3.9")
        .what("GET ?attributes=userName shows userName, id and schemas and no other attribute.")
        .why(MORE)
        .needs(USER)
        .run(|p| Box::pin(only(p))),
    Check::new("attributes-id-always", "id is always returned", Must, "RFC 7643 §3.1, RFC 7644 §3.9")
        .what("GET ?attributes= of something else, and ?excludedAttributes=id, still show id.")
        .why("Entra finds no id and fails the user.")
        .needs(USER)
        .run(|p| Box::pin(id_always(p))),
    Check::new("attributes-list", "attributes works on queries", Must, "RFC 7644 §3.9")
        .what("A filtered query with attributes=userName shows no other attribute.")
        .why(MORE)
        .needs(&[Need::Check("user-read"), Need::Check("filter-eq")])
        .run(|p| Box::pin(list(p))),
    Check::new(
        "attributes-several",
        "attributes names several, with blanks and in any case",
        Must,
        "RFC 7644 §3.9, RFC 7643 §2.1",
    )
    .what("GET ?attributes=USERNAME,<another> shows both.")
    .why("Clients miss values they asked for.")
    .needs(USER)
    .run(|p| Box::pin(several(p))),
    Check::new("attributes-sub", "attributes names a sub-attribute", Must, "RFC 7644 §3.9, §3.10")
        .what("GET ?attributes=name.familyName shows that and not name.givenName.")
        .why(MORE)
        .needs(&[Need::Check("user-read"), Need::User("name.familyName"), Need::User("name.givenName")])
        .run(|p| Box::pin(sub(p))),
    Check::new(
        "attributes-multi-sub",
        "attributes names a sub-attribute of a multi-valued attribute",
        Must,
        "RFC 7644 §3.9, §3.10",
    )
    .what("GET ?attributes=emails.value shows the values and not the types.")
    .why(MORE)
    .needs(&[Need::Check("user-read"), Need::User("emails.value")])
    .run(|p| Box::pin(multi_sub(p))),
    Check::new("attributes-urn", "attributes takes the full URN", Must, "RFC 7644 §3.10")
        .what("GET ?attributes=urn:…:core:2.0:User:userName shows userName.")
        .why("Clients that qualify names get nothing.")
        .needs(USER)
        .run(|p| Box::pin(urn(p))),
    Check::new("attributes-extension", "attributes names an extension's attribute", Must, "RFC 7644 §3.10")
        .what("GET ?attributes=urn:…:enterprise:2.0:User:department shows that and no core attribute.")
        .why("Clients cannot read extension attributes selectively.")
        .needs(&[Need::Check("user-read"), Need::User(ENTERPRISE)])
        .run(|p| Box::pin(extension(p))),
    Check::new("excluded-attributes", "excludedAttributes leaves out what is named", Must, "RFC 7644 §3.9")
        .what("GET ?excludedAttributes=<one> lacks that attribute and has the others.")
        .why(MORE)
        .needs(USER)
        .run(|p| Box::pin(excluded(p))),
    Check::new("excluded-attributes-list", "excludedAttributes works on queries", Must, "RFC 7644 §3.9")
        .what("A filtered query with excludedAttributes lacks that attribute in every resource.")
        .why("Entra excludes members from every query for groups.")
        .needs(&[Need::Check("user-read"), Need::Check("filter-eq")])
        .run(|p| Box::pin(excluded_list(p))),
    Check::new(
        "excluded-attributes-sub",
        "excludedAttributes names a sub-attribute",
        Must,
        "RFC 7644 §3.9, §3.10",
    )
    .what("GET ?excludedAttributes=name.givenName lacks that and keeps name.familyName.")
    .why("The whole name is missing, or nothing.")
    .needs(&[Need::Check("user-read"), Need::User("name.familyName"), Need::User("name.givenName")])
    .run(|p| Box::pin(excluded_sub(p))),
    Check::new("attributes-unknown", "An unknown name in attributes is no error", Should, "RFC 7644 §3.9")
        .what("GET ?attributes=userName,musterCheckUnknown answers 200 with userName.")
        .why("A client with a wider schema cannot read at all.")
        .needs(USER)
        .run(|p| Box::pin(unknown(p))),
    Check::new("attributes-on-create", "attributes works on the answer to a write", Should, "RFC 7644 §3.9")
        .what("POST ?attributes=userName answers with userName and without the other attributes.")
        .why(MORE)
        .needs(USER)
        .run(|p| Box::pin(on_create(p))),
];

/// A user with a value in a plain attribute, and that attribute's path.
async fn with_plain(p: &mut Probe) -> Outcome<(Made, String)> {
    let plain = p.plain_attribute()?;
    let user = p.user_with(json!({ (plain.clone()): "Seen By Default" })).await?;
    Ok((user, plain))
}

/// No attribute but these and what is always there.
fn nothing_but(body: &Value, names: &[&str]) -> Outcome {
    let more = body.as_object().into_iter().flatten().find(|(name, value)| {
        let always = ["id", "schemas", "meta"].iter().any(|a| a.eq_ignore_ascii_case(name));
        !always && !crate::value::is_unassigned(value) && !names.iter().any(|n| n.eq_ignore_ascii_case(name))
    });
    ensure(more.is_none(), format!("only {} beside what is always returned", names.join(", ")), || {
        more.map(|(name, value)| format!("{name} {}", shown(value))).unwrap_or_default()
    })
}

async fn only(p: &mut Probe) -> Outcome {
    let (user, plain) = with_plain(p).await?;
    let reply = p.query(&user.path, &[("attributes", "userName")]).await?;
    reply.is(&[200])?;
    has(&reply.body, "userName", &user.name().into())?;
    lacks(&reply.body, &plain)?;
    // What a schema says is always returned may come too.
    let always: Vec<String> = p
        .user_kind()
        .attributes()
        .filter(|(_, f)| f.attribute.returned == scim::attribute::Returned::Always)
        .map(|(path, _)| path)
        .collect();
    let mut names: Vec<&str> = always.iter().map(String::as_str).collect();
    names.push("userName");
    nothing_but(&reply.body, &names)
}

async fn id_always(p: &mut Probe) -> Outcome {
    let (user, plain) = with_plain(p).await?;
    for (name, value) in [("attributes", plain.as_str()), ("excludedAttributes", "id")] {
        let reply = p.query(&user.path, &[(name, value)]).await?;
        reply.is(&[200])?;
        has(&reply.body, "id", &user.id.clone().into())?;
    }
    Ok(())
}

async fn list(p: &mut Probe) -> Outcome {
    let (user, plain) = with_plain(p).await?;
    let filter = format!("userName eq \"{}\"", user.name());
    let path = p.users();
    let reply = p.query(&path, &[("filter", &filter), ("attributes", "userName")]).await?;
    reply.is(&[200])?;
    reply.finds(&[&user.id])?;
    let first = reply.resources().first().cloned().unwrap_or_default();
    has(&first, "userName", &user.name().into())?;
    lacks(&first, &plain)
}

async fn several(p: &mut Probe) -> Outcome {
    let (user, plain) = with_plain(p).await?;
    let reply = p.query(&user.path, &[("attributes", &format!("USERNAME,{plain}"))]).await?;
    reply.is(&[200])?;
    has(&reply.body, "userName", &user.name().into())?;
    has(&reply.body, &plain, &"Seen By Default".into())
}

async fn named(p: &mut Probe) -> Outcome<Made> {
    p.user_with(json!({ "name": { "familyName": "Roe", "givenName": "Ida" } })).await
}

async fn sub(p: &mut Probe) -> Outcome {
    let user = named(p).await?;
    let reply = p.query(&user.path, &[("attributes", "name.familyName")]).await?;
    reply.is(&[200])?;
    has(&reply.body, "name.familyName", &"Roe".into())?;
    lacks(&reply.body, "name.givenName")
}

async fn multi_sub(p: &mut Probe) -> Outcome {
    let mail = p.generator().email();
    let user = p.user_with(json!({ "emails": [{ "type": "work", "value": mail }] })).await?;
    let reply = p.query(&user.path, &[("attributes", "emails.value")]).await?;
    reply.is(&[200])?;
    has(&reply.body, "emails.value", &mail.into())?;
    lacks(&reply.body, "emails.type")
}

async fn urn(p: &mut Probe) -> Outcome {
    let (user, plain) = with_plain(p).await?;
    let name = format!("{}:userName", p.user_kind().core.id);
    let reply = p.query(&user.path, &[("attributes", &name)]).await?;
    reply.is(&[200])?;
    has(&reply.body, "userName", &user.name().into())?;
    lacks(&reply.body, &plain)
}

async fn extension(p: &mut Probe) -> Outcome {
    let user = p.user_with(json!({ (scim::urn::ENTERPRISE_USER): { "department": "Works" } })).await?;
    let reply = p.query(&user.path, &[("attributes", ENTERPRISE)]).await?;
    reply.is(&[200])?;
    has(&reply.body, ENTERPRISE, &"Works".into())
}

async fn excluded(p: &mut Probe) -> Outcome {
    let (user, plain) = with_plain(p).await?;
    let reply = p.query(&user.path, &[("excludedAttributes", &plain)]).await?;
    reply.is(&[200])?;
    lacks(&reply.body, &plain)?;
    has(&reply.body, "userName", &user.name().into())
}

async fn excluded_list(p: &mut Probe) -> Outcome {
    let (user, plain) = with_plain(p).await?;
    let filter = format!("userName eq \"{}\"", user.name());
    let path = p.users();
    let reply = p.query(&path, &[("filter", &filter), ("excludedAttributes", &plain)]).await?;
    reply.is(&[200])?;
    reply.finds(&[&user.id])?;
    let first = reply.resources().first().cloned().unwrap_or_default();
    lacks(&first, &plain)?;
    has(&first, "userName", &user.name().into())
}

async fn excluded_sub(p: &mut Probe) -> Outcome {
    let user = named(p).await?;
    let reply = p.query(&user.path, &[("excludedAttributes", "name.givenName")]).await?;
    reply.is(&[200])?;
    has(&reply.body, "name.familyName", &"Roe".into())?;
    lacks(&reply.body, "name.givenName")
}

async fn unknown(p: &mut Probe) -> Outcome {
    let (user, _) = with_plain(p).await?;
    let reply = p.query(&user.path, &[("attributes", "userName,musterCheckUnknown")]).await?;
    reply.is(&[200])?;
    has(&reply.body, "userName", &user.name().into())
}

async fn on_create(p: &mut Probe) -> Outcome {
    let plain = p.plain_attribute()?;
    let body = p.user_body_with(json!({ (plain.clone()): "Seen By Default" }));
    let path = p.users();
    let request = scim_client::Request::post(&path, &Value::Object(body)).query("attributes", "userName");
    let reply = p.send(request).await?;
    reply.is(&[201])?;
    if member(&reply.body, "userName").is_none() {
        return Err(not_applicable("the answer to a create has no resource"));
    }
    lacks(&reply.body, &plain)
}

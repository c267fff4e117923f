//! Creating and reading users (RFC 7644 §3.3, §3.4.1).

use scim_client::Request;
use serde_json::{Map, Value, json};

use crate::check::{Check, Level::*, Need};
use crate::generate::Fill;
use crate::probe::{Probe, merge};
use crate::shrink::{self, Shrinker};
use crate::value::{at, echoes, has, is_absent, lacks, member, same, shown};
use crate::verdict::{Outcome, Stop, deviates, ensure, not_applicable};

const ENTERPRISE_DEPARTMENT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
const RETRIED: &str =
    "Entra logs the user as failed, puts it into escrow and repeats the same request every cycle.";
const USER: &[Need] = &[Need::Check("user-create")];

pub(super) const CHECKS: &[Check] = &[
    Check::new("user-create", "A user is created", Must, "RFC 7644 §3.3")
        .what("POST /Users with the required attributes answers 201 with the resource and its id.")
        .why("No user can be provisioned: Entra and Okta stop here.")
        .run(|p| Box::pin(create(p))),
    Check::new("user-create-location", "The answer to a create says where the user is", Must, "RFC 7644 §3.3")
        .what("The Location header is there and equals meta.location, which ends in the resource's path.")
        .why("Clients that follow Location read another resource, or none.")
        .needs(USER)
        .run(|p| Box::pin(create_location(p))),
    Check::new("user-create-meta", "A created user has meta", Must, "RFC 7643 §3.1")
        .what("meta.resourceType is User; created and lastModified are dates and equal.")
        .why("Clients cannot tell a user from another resource or see when it changed.")
        .needs(USER)
        .run(|p| Box::pin(create_meta(p))),
    Check::new("user-create-schemas", "A user says its schemas", Must, "RFC 7643 §3")
        .what("schemas of a created user has the core User URN, and an extension's URN only with its attributes.")
        .why("Entra's reader takes the type from schemas.")
        .needs(USER)
        .run(|p| Box::pin(create_schemas(p))),
    Check::new("user-create-id-assigned", "The server assigns the id", Must, "RFC 7643 §3.1")
        .what("POST with id and meta of the client's own: both are ignored.")
        .why("A client could take the place of another resource.")
        .needs(USER)
        .run(|p| Box::pin(id_assigned(p))),
    Check::new("user-create-full", "Every attribute that is sent comes back", Must, "RFC 7644 §3.3")
        .what("POST with every writable attribute of the schemas; each is in GET with the value that was sent.")
        .why("Entra compares what it reads with what it sent, and sends the difference again in every cycle.")
        .needs(USER)
        .run(|p| Box::pin(create_full(p))),
    Check::new("user-create-answer", "The answer to a create is the resource", Must, "RFC 7644 §3.3")
        .what("The body of the 201 equals GET of the new user.")
        .why("Clients keep the answer and do not read again.")
        .needs(USER)
        .run(|p| Box::pin(create_answer(p))),
    Check::new("user-create-exact", "Values come back as they were sent", Entra, "Entra: use-scim, values are echoed")
        .what("Phone numbers, blanks and letter case in plain strings are not rewritten.")
        .why("Entra sees a difference in every cycle and updates the user for ever.")
        .needs(&[Need::Check("user-create"), Need::User("phoneNumbers")])
        .run(|p| Box::pin(create_exact(p))),
    Check::new("user-create-unicode", "Names outside ASCII are kept", Must, "RFC 7644 §3.8")
        .what("POST with letters of several scripts and an emoji; GET gives the same.")
        .why("Every user with such a name is updated for ever, or has a broken name.")
        .needs(USER)
        .run(|p| Box::pin(unicode(p))),
    Check::new("user-create-no-user-name", "A user without userName is refused", Must, "RFC 7643 §4.1.1")
        .what("POST without userName answers 400.")
        .why("A user that cannot be found again is created a second time in the next cycle.")
        .needs(USER)
        .run(|p| Box::pin(no_user_name(p))),
    Check::new("user-create-empty-user-name", "An empty userName is refused", Must, "RFC 7643 §4.1.1")
        .what("POST with userName \"\" answers 400.")
        .why("A user that cannot be found again is created a second time in the next cycle.")
        .needs(USER)
        .run(|p| Box::pin(empty_user_name(p))),
    Check::new("user-create-nulls", "null and [] mean unassigned", Must, "RFC 7643 §2.5")
        .what("POST with null and with an empty array is accepted, and GET does not show a value.")
        .why("Okta sends empty arrays, Entra null: users are refused.")
        .needs(USER)
        .run(|p| Box::pin(nulls(p))),
    Check::new("user-create-name-case", "Attribute names are read without case", Must, "RFC 7643 §2.1")
        .what("POST with USERNAME and DISPLAYNAME creates the user with these values.")
        .why("Clients that write names differently lose values without notice.")
        .needs(USER)
        .run(|p| Box::pin(name_case(p))),
    Check::new("user-create-wrong-type", "A value of the wrong type is refused", Must, "RFC 7644 §3.12 invalidValue")
        .what("POST with an object where a string belongs answers 400.")
        .why("What is stored instead breaks every reader of that user.")
        .needs(USER)
        .run(|p| Box::pin(wrong_type(p))),
    Check::new("user-create-unknown-attribute", "An unknown attribute is no server error", Should, "RFC 7644 §3.3")
        .what("POST with an attribute no schema has: it is ignored or refused with 400.")
        .why(RETRIED)
        .needs(USER)
        .run(|p| Box::pin(unknown_attribute(p))),
    Check::new("user-create-json-type", "A body of application/json is read", Should, "RFC 7644 §3.8")
        .what("POST with Content-Type application/json is accepted.")
        .why("Some clients send it; their users are refused.")
        .needs(USER)
        .run(|p| Box::pin(json_type(p))),
    Check::new("user-create-active-default", "A user is active when nothing is said", Entra, "Entra: use-scim, attribute mappings")
        .what("POST without active: GET does not say active false.")
        .why("Where the mapping of active was removed, every new user is locked out.")
        .needs(&[Need::Check("user-create"), Need::User("active")])
        .run(|p| Box::pin(active_default(p))),
    Check::new("user-create-string-booleans", "Booleans as strings are read", Entra, "Entra: app-provisioning, SCIM compliance")
        .what("POST with active \"True\" and primary \"True\"; GET shows JSON booleans.")
        .why("Entra's default dialect and Microsoft's validator write booleans as strings.")
        .needs(&[Need::Check("user-create"), Need::User("active"), Need::User("emails")])
        .run(|p| Box::pin(string_booleans(p))),
    Check::new("user-create-undeclared-extension", "An extension's attributes are read though schemas does not name it", Entra, "Entra: customize-application-attributes")
        .what("POST with the enterprise extension as a key but not in schemas; GET shows the value.")
        .why("Entra writes the attributes of custom extensions without naming the URN.")
        .needs(&[Need::Check("user-create"), Need::User(ENTERPRISE_DEPARTMENT)])
        .run(|p| Box::pin(undeclared_extension(p))),
    Check::new("user-create-unused-extension", "schemas may name an extension without attributes", Entra, "Entra: use-scim, create user")
        .what("POST whose schemas names the enterprise extension but has none of its attributes.")
        .why("Entra always names it; every user without such attributes is refused.")
        .needs(&[Need::Check("user-create"), Need::User(ENTERPRISE_DEPARTMENT)])
        .run(|p| Box::pin(unused_extension(p))),
    Check::new("user-create-client-meta", "meta and empty roles in a create are tolerated", Entra, "Entra: use-scim, create user")
        .what("POST as Entra sends it, with meta.resourceType and roles [].")
        .why(RETRIED)
        .needs(USER)
        .run(|p| Box::pin(client_meta(p))),
    Check::new("user-read", "A user is read by id", Must, "RFC 7644 §3.4.1")
        .what("GET /Users/{id} answers 200 with that user.")
        .why("Entra reads before each update, and fails the user when it is not found.")
        .needs(USER)
        .run(|p| Box::pin(read(p))),
    Check::new("user-read-unknown", "An unknown id is 404", Must, "RFC 7644 §3.12")
        .what("GET of a random id answers 404 with an error message.")
        .why("Entra takes anything else as a broken service.")
        .run(|p| Box::pin(read_unknown(p))),
    Check::new("user-no-password", "A password never comes back", Must, "RFC 7643 §4.1.1, §7 returned never")
        .what("POST with a password; neither the answer, GET, a query nor attributes=password shows it.")
        .why("Every client's log then has the password, or its hash.")
        .needs(USER)
        .run(|p| Box::pin(no_password(p))),
];

async fn create(p: &mut Probe) -> Outcome {
    let body = p.user_body(Fill::Required);
    let path = p.users();
    let reply = p.post(&path, &Value::Object(body.clone())).await?;
    reply.is(&[201])?;
    reply.id()?;
    has(&reply.body, "userName", &body.get("userName").cloned().unwrap_or_default())
}

async fn create_location(p: &mut Probe) -> Outcome {
    let (body, path) = (p.user_body(Fill::Required), p.users());
    let reply = p.post(&path, &Value::Object(body)).await?;
    let id = reply.id()?;
    let header = reply.header("location").map(str::to_owned);
    let meta = at(&reply.body, "meta.location").and_then(Value::as_str).map(str::to_owned);
    let end = format!("{path}/{id}");
    for (name, value) in [("the Location header", &header), ("meta.location", &meta)] {
        ensure(value.as_ref().is_some_and(|v| v.ends_with(&end)), format!("{name} ending in {end}"), || {
            value.clone().unwrap_or_else(|| "none".to_owned())
        })?;
    }
    ensure(header == meta, "Location and meta.location to be equal", || format!("{header:?} and {meta:?}"))
}

async fn create_meta(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    let body = p.read(&user).await?.body;
    has(&body, "meta.resourceType", &"User".into())?;
    let date = |name: &str| at(&body, name).and_then(Value::as_str).and_then(scim::compare::date);
    let (created, modified) = (date("meta.created"), date("meta.lastModified"));
    ensure(
        created.is_some() && modified.is_some(),
        "meta.created and meta.lastModified to be dates",
        || shown(member(&body, "meta").unwrap_or(&Value::Null)),
    )?;
    ensure(modified >= created, "lastModified not before created", || shown(&body["meta"]))
}

async fn create_schemas(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    let body = p.read(&user).await?.body;
    let Some(Value::Array(schemas)) = member(&body, "schemas") else {
        return Err(deviates("schemas to be an array", "none"));
    };
    let core = p.user_kind().core.id.clone();
    ensure(schemas.iter().any(|s| s.as_str() == Some(&core)), format!("{core} in schemas"), || {
        shown(&json!(schemas))
    })
}

async fn id_assigned(p: &mut Probe) -> Outcome {
    let body = p.user_body_with(json!({
        "id": "muster-check-own-id",
        "meta": { "resourceType": "User", "created": "2001-01-01T00:00:00Z", "location": "https://example.com/x" }
    }));
    let path = p.users();
    let reply = p.post(&path, &Value::Object(body)).await?;
    reply.is(&[201])?;
    let id = reply.id()?;
    ensure(id != "muster-check-own-id", "an id of the server's own", || format!("the client's id {id}"))?;
    let created = at(&reply.body, "meta.created").and_then(Value::as_str).unwrap_or_default();
    ensure(!created.starts_with("2001"), "meta.created of the server's own", || created.to_owned())
}

/// On a deviation the body is reduced to the smallest that still fails.
async fn create_full(p: &mut Probe) -> Outcome {
    let body = p.user_body(Fill::All);
    let Err(stop) = create_and_compare(p, &body).await else { return Ok(()) };
    if !matches!(stop, Stop::Deviates(_)) {
        return Err(stop);
    }
    const FIXED: &[&str] = &["userName"];
    let mut shrinker = Shrinker::new(shrink::parts(&body, FIXED));
    let mut last = (stop, body.clone());
    while let Some(candidate) = shrinker.candidate() {
        let mut smaller = shrink::body(&body, FIXED, &candidate);
        smaller.insert("userName".into(), p.generator().user_name().into());
        match create_and_compare(p, &smaller).await {
            Err(stop @ Stop::Deviates(_)) => {
                last = (stop, smaller);
                shrinker.judge(true, candidate);
            }
            _ => shrinker.judge(false, candidate),
        }
    }
    Err(last.0.with_minimal(Value::Object(last.1)))
}

async fn create_and_compare(p: &mut Probe, body: &Map<String, Value>) -> Outcome {
    let path = p.users();
    let reply = p.post(&path, &Value::Object(body.clone())).await?;
    reply.is(&[201])?;
    let location = format!("{path}/{}", reply.id()?);
    let read = p.get(&location).await?;
    let outcome = echoes(&read.body, body, &[]);
    // The next attempt uses the same values, some of which may be unique.
    p.delete(&location).await?;
    outcome.map_err(|stop| stop.at(reply.exchange))
}

async fn create_answer(p: &mut Probe) -> Outcome {
    let (body, path) = (p.user_body(Fill::Required), p.users());
    let reply = p.post(&path, &Value::Object(body)).await?;
    reply.is(&[201])?;
    let read = p.get(&format!("{path}/{}", reply.id()?)).await?;
    ensure(same(&reply.body, &read.body), "the answer to equal what GET gives", || {
        format!("{} and {}", shown(&reply.body), shown(&read.body))
    })
    .map_err(|stop| stop.at(reply.exchange))
}

async fn create_exact(p: &mut Probe) -> Outcome {
    let plain = p.plain_attribute()?;
    let sent = json!({
        "phoneNumbers": [{ "type": "work", "value": "55555555555" }],
        (plain.clone()): "  McDonald  of THE Isles "
    });
    let user = p.user_with(sent.clone()).await?;
    let read = p.read(&user).await?;
    has(&read.body, "phoneNumbers[type eq \"work\"].value", &"55555555555".into())?;
    has(&read.body, "userName", &user.name().into())?;
    // Blanks at the ends may be trimmed; those within and the case may not.
    let got = at(&read.body, &plain).and_then(Value::as_str).unwrap_or_default();
    ensure(got.trim() == "McDonald  of THE Isles", format!("{plain} as it was sent"), || got.to_owned())
}

async fn unicode(p: &mut Probe) -> Outcome {
    let plain = p.plain_attribute()?;
    let value = json!("Zoë Łukasiewicz-Ångström 山田太郎 Ольга 🜁");
    let user = p.user_with(json!({ (plain.clone()): value })).await?;
    has(&p.read(&user).await?.body, &plain, &value)
}

async fn no_user_name(p: &mut Probe) -> Outcome {
    let mut body = p.user_body(Fill::Required);
    body.remove("userName");
    let path = p.users();
    p.post(&path, &Value::Object(body)).await?.refuses(&[400], "a user without userName")
}

async fn empty_user_name(p: &mut Probe) -> Outcome {
    let body = p.user_body_with(json!({ "userName": "" }));
    let path = p.users();
    p.post(&path, &Value::Object(body)).await?.refuses(&[400], "an empty userName")
}

async fn nulls(p: &mut Probe) -> Outcome {
    let plain = p.plain_attribute()?;
    let mut more = json!({ (plain.clone()): null });
    if p.offers(Need::User("emails")) {
        more["emails"] = json!([]);
    }
    let (body, path) = (p.user_body_with(more), p.users());
    let reply = p.post(&path, &Value::Object(body)).await?;
    reply.is(&[201])?;
    let read = p.get(&format!("{path}/{}", reply.id()?)).await?;
    lacks(&read.body, &plain)?;
    lacks(&read.body, "emails").map_err(|stop| stop.at(reply.exchange))
}

async fn name_case(p: &mut Probe) -> Outcome {
    let plain = p.plain_attribute()?;
    let mut body = p.user_body(Fill::Required);
    let name = body.remove("userName").unwrap_or_default();
    body.insert("USERNAME".into(), name.clone());
    body.insert(plain.to_uppercase(), "Written Large".into());
    let path = p.users();
    let reply = p.post(&path, &Value::Object(body)).await?;
    reply.is(&[201])?;
    let read = p.get(&format!("{path}/{}", reply.id()?)).await?;
    has(&read.body, "userName", &name).map_err(|stop| stop.at(reply.exchange))?;
    has(&read.body, &plain, &"Written Large".into()).map_err(|stop| stop.at(reply.exchange))
}

async fn wrong_type(p: &mut Probe) -> Outcome {
    let body = p.user_body_with(json!({ "userName": { "value": ["x"] } }));
    let path = p.users();
    p.post(&path, &Value::Object(body)).await?.refuses(&[400], "an object as userName")
}

async fn unknown_attribute(p: &mut Probe) -> Outcome {
    let body = p.user_body_with(json!({ "musterCheckUnknown": { "a": [1, 2] } }));
    let path = p.users();
    let reply = p.post(&path, &Value::Object(body)).await?;
    ensure([200, 201, 400].contains(&reply.status), "the attribute to be ignored, or status 400", || {
        reply.summary()
    })
}

async fn json_type(p: &mut Probe) -> Outcome {
    let (body, path) = (p.user_body(Fill::Required), p.users());
    let request = Request::post(&path, &Value::Object(body)).header("content-type", "application/json");
    p.send(request).await?.is(&[201])
}

async fn active_default(p: &mut Probe) -> Outcome {
    let mut body = p.user_body(Fill::Required);
    body.remove("active");
    let path = p.users();
    let user = p.make(&path, body).await?;
    let read = p.read(&user).await?;
    ensure(at(&read.body, "active") != Some(&false.into()), "the user to be active", || {
        "active false".to_owned()
    })
}

async fn string_booleans(p: &mut Probe) -> Outcome {
    let mail = p.generator().email();
    let body = p.user_body_with(json!({
        "active": "True",
        "emails": [{ "type": "work", "value": mail, "primary": "True" }]
    }));
    let path = p.users();
    let reply = p.post(&path, &Value::Object(body)).await?;
    reply.is(&[201])?;
    let read = p.get(&format!("{path}/{}", reply.id()?)).await?;
    has(&read.body, "active", &true.into()).map_err(|stop| stop.at(reply.exchange))?;
    has(&read.body, "emails[type eq \"work\"].primary", &true.into()).map_err(|stop| stop.at(reply.exchange))
}

async fn undeclared_extension(p: &mut Probe) -> Outcome {
    let mut body = p.user_body(Fill::Required);
    body.insert("schemas".into(), json!([p.user_kind().core.id]));
    body.insert(scim::urn::ENTERPRISE_USER.into(), json!({ "department": "Works" }));
    let path = p.users();
    let reply = p.post(&path, &Value::Object(body)).await?;
    reply.is(&[201])?;
    let read = p.get(&format!("{path}/{}", reply.id()?)).await?;
    has(&read.body, ENTERPRISE_DEPARTMENT, &"Works".into()).map_err(|stop| stop.at(reply.exchange))
}

async fn unused_extension(p: &mut Probe) -> Outcome {
    let mut body = p.user_body(Fill::Required);
    body.insert("schemas".into(), json!([p.user_kind().core.id, scim::urn::ENTERPRISE_USER]));
    let path = p.users();
    p.post(&path, &Value::Object(body)).await?.is(&[201])
}

async fn client_meta(p: &mut Probe) -> Outcome {
    let mut body = p.user_body_with(json!({ "meta": { "resourceType": "User" } }));
    merge(&mut body, json!({ "roles": [] }));
    let path = p.users();
    p.post(&path, &Value::Object(body)).await?.is(&[201])
}

async fn read(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    let reply = p.read(&user).await?;
    has(&reply.body, "id", &user.id.clone().into())?;
    echoes(&reply.body, &user.sent, &[])
}

async fn read_unknown(p: &mut Probe) -> Outcome {
    let path = format!("{}/{}", p.users(), p.dice.guid());
    p.get(&path).await?.is(&[404])
}

async fn no_password(p: &mut Probe) -> Outcome {
    if p.user_kind().find("password").is_none() {
        return Err(not_applicable("the User schema has no password"));
    }
    let secret = format!("Mu-{}!7a", p.dice.base36(12));
    let (body, path) = (p.user_body_with(json!({ "password": secret })), p.users());
    let reply = p.post(&path, &Value::Object(body)).await?;
    reply.is(&[201])?;
    let location = format!("{path}/{}", reply.id()?);
    let read = p.get(&location).await?;
    let asked = p.query(&location, &[("attributes", "password")]).await?;
    for reply in [reply, read, asked] {
        ensure(is_absent(&reply.body, "password"), "no password in the answer", || "a password".to_owned())
            .map_err(|stop| stop.at(reply.exchange))?;
    }
    Ok(())
}

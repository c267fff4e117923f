//! Discovery (RFC 7644 §4, RFC 7643 §5–§7): what the target says it is.

use scim_client::Request;
use serde_json::{Value, json};

use crate::check::{Check, Level::*};
use crate::probe::Probe;
use crate::schema::entries;
use crate::value::{cut, has, member, shown};
use crate::verdict::{Outcome, deviates, ensure, not_applicable};

const ENTRA_READS: &str = "Entra reads /Schemas when the configuration is saved; without it no attribute is \
                           discovered, and the gallery's test of discoverability fails.";

pub(super) const CHECKS: &[Check] = &[
    Check::new("discovery-config", "ServiceProviderConfig is served", Must, "RFC 7644 §4")
        .what("GET /ServiceProviderConfig answers 200 with a resource of that schema.")
        .why("Clients cannot know what the server supports and leave features unused, or fail at them.")
        .run(|p| Box::pin(config(p))),
    Check::new("discovery-config-members", "ServiceProviderConfig is complete", Must, "RFC 7643 §5")
        .what("patch, bulk, filter, changePassword, sort and etag each say supported; filter and bulk their limits.")
        .why("A client that reads a missing member takes the feature as absent.")
        .needs(&[Need::Check("discovery-config")])
        .run(|p| Box::pin(config_members(p))),
    Check::new("discovery-config-authentication", "Authentication schemes are described", Must, "RFC 7643 §5")
        .what("Each of authenticationSchemes has type, name and description.")
        .why("An administrator looks there for which credentials to enter.")
        .needs(&[Need::Check("discovery-config")])
        .run(|p| Box::pin(authentication_schemes(p))),
    Check::new("discovery-patch-advertised", "PATCH is advertised", Entra, "Entra: use-scim, PATCH is mandatory for groups")
        .what("ServiceProviderConfig says patch.supported true.")
        .why("Entra and Okta update with PATCH and cannot work without it.")
        .needs(&[Need::Check("discovery-config")])
        .run(|p| Box::pin(patch_advertised(p))),
    Check::new("discovery-schemas", "Schemas are served as a ListResponse", Must, "RFC 7644 §4, §3.4.2")
        .what("GET /Schemas answers 200 with a ListResponse that has the User schema.")
        .why(ENTRA_READS)
        .run(|p| Box::pin(schemas(p))),
    Check::new("discovery-schema-by-id", "A schema is served by its URN", Must, "RFC 7644 §4")
        .what("GET /Schemas/{URN} answers with the same schema as the list.")
        .why("Clients that know the URN ask for one schema.")
        .needs(&[Need::Check("discovery-schemas")])
        .run(|p| Box::pin(schema_by_id(p))),
    Check::new("discovery-schema-definitions", "Attribute definitions are well formed", Must, "RFC 7643 §7")
        .what("Every attribute has a name and known keywords for type, mutability, returned and uniqueness.")
        .why("Entra ignores or refuses schemas with keywords it does not know (readwrite, READ_WRITE).")
        .needs(&[Need::Check("discovery-schemas")])
        .run(|p| Box::pin(definitions(p))),
    Check::new("discovery-schema-no-nulls", "Schemas leave out what has no value", Entra, "Entra: use-scim, schema discovery")
        .what("No member in /Schemas is null.")
        .why("Entra's reader of /Schemas fails on null.")
        .needs(&[Need::Check("discovery-schemas")])
        .run(|p| Box::pin(no_nulls(p))),
    Check::new("discovery-user-schema", "The User schema defines userName as RFC 7643 does", Must, "RFC 7643 §4.1.1")
        .what("userName is a required, single-valued string that is not caseExact and unique on the server.")
        .why("Entra matches users by userName without case; a definition that says otherwise misleads every client.")
        .needs(&[Need::Check("discovery-schemas")])
        .run(|p| Box::pin(user_schema(p))),
    Check::new("discovery-mapped-attributes", "What Entra maps by default can be discovered", Entra, "Entra gallery: Schema_Discoverability_Test")
        .what("userName, active, displayName, name.givenName, name.familyName and emails[type eq \"work\"].value are in /Schemas.")
        .why("The gallery's mandatory Schema_Discoverability_Test fails for each mapped attribute that is missing.")
        .needs(&[Need::Check("discovery-schemas")])
        .microsoft("Schema_Discoverability_Test", "Every mapped attribute is found in /Schemas", false)
        .run(|p| Box::pin(mapped_attributes(p))),
    Check::new("discovery-resource-types", "ResourceTypes are served as a ListResponse", Must, "RFC 7644 §4, RFC 7643 §6")
        .what("GET /ResourceTypes answers 200; each has name, endpoint and schema.")
        .why("Clients find endpoints and extensions there.")
        .run(|p| Box::pin(resource_types(p))),
    Check::new("discovery-resource-type-by-id", "A resource type is served by its name", Must, "RFC 7644 §4")
        .what("GET /ResourceTypes/User answers with the User resource type.")
        .why("Clients that know the name ask for one resource type.")
        .needs(&[Need::Check("discovery-resource-types")])
        .run(|p| Box::pin(resource_type_by_id(p))),
    Check::new("discovery-types-have-schemas", "Each resource type's schemas are defined", Must, "RFC 7643 §6")
        .what("The schema and schemaExtensions of every resource type are in /Schemas.")
        .why("An extension that is named but not defined cannot be mapped.")
        .needs(&[Need::Check("discovery-resource-types"), Need::Check("discovery-schemas")])
        .run(|p| Box::pin(types_have_schemas(p))),
    Check::new("discovery-endpoints", "Each resource type's endpoint answers", Must, "RFC 7643 §6")
        .what("GET of each endpoint with count=1 answers 200 with a ListResponse.")
        .why("Entra's connection test asks /Users and /Groups and takes anything but 200 as an incompatible service.")
        .needs(&[Need::Check("discovery-resource-types")])
        .run(|p| Box::pin(endpoints(p))),
    Check::new("discovery-locations", "Discovery resources say where they are", Should, "RFC 7643 §3.1")
        .what("meta.location of each resource type and schema ends in its own path.")
        .why("A client that follows the location ends up elsewhere.")
        .needs(&[Need::Check("discovery-resource-types"), Need::Check("discovery-schemas")])
        .run(|p| Box::pin(locations(p))),
    Check::new("discovery-filter-refused", "A filter on discovery is refused", Should, "RFC 7644 §4")
        .what("GET /Schemas, /ResourceTypes and /ServiceProviderConfig with a filter answers 403.")
        .why("A client that takes the unfiltered answer as filtered draws wrong conclusions.")
        .needs(&[Need::Check("discovery-schemas")])
        .for_profiles(&[Profile::Rfc])
        .run(|p| Box::pin(filter_refused(p))),
    Check::new("discovery-read-only", "Discovery cannot be written", Must, "RFC 7644 §4")
        .what("POST to /Schemas and /ServiceProviderConfig and PUT on the User schema are refused.")
        .why("Who can write there changes what every client believes about the server.")
        .run(|p| Box::pin(read_only(p))),
    Check::new("discovery-unknown", "An unknown schema or resource type is 404", Must, "RFC 7644 §3.12")
        .what("GET of a schema and a resource type that do not exist.")
        .why("A 200 for nothing makes clients believe in an extension that is not there.")
        .run(|p| Box::pin(unknown(p))),
];

use crate::check::{Need, Profile};

async fn config(p: &mut Probe) -> Outcome {
    let reply = p.get("/ServiceProviderConfig").await?;
    reply.is(&[200])?;
    has(&reply.body, "schemas", &json!([scim::urn::SERVICE_PROVIDER_CONFIG]))
}

async fn config_members(p: &mut Probe) -> Outcome {
    let body = p.get("/ServiceProviderConfig").await?.body;
    for feature in ["patch", "bulk", "filter", "changePassword", "sort", "etag"] {
        let supported = member(&body, feature).and_then(|f| member(f, "supported"));
        ensure(
            supported.is_some_and(Value::is_boolean),
            format!("{feature}.supported to be a boolean"),
            || shown(supported.unwrap_or(&Value::Null)),
        )?;
    }
    for (feature, limit) in [("bulk", "maxOperations"), ("bulk", "maxPayloadSize"), ("filter", "maxResults")]
    {
        let value = member(&body, feature).and_then(|f| member(f, limit));
        ensure(value.is_some_and(Value::is_u64), format!("{feature}.{limit} to be a number"), || {
            shown(value.unwrap_or(&Value::Null))
        })?;
    }
    Ok(())
}

async fn authentication_schemes(p: &mut Probe) -> Outcome {
    let body = p.get("/ServiceProviderConfig").await?.body;
    let Some(Value::Array(schemes)) = member(&body, "authenticationSchemes") else {
        return Err(deviates("authenticationSchemes to be an array", "none"));
    };
    for scheme in schemes {
        for name in ["type", "name", "description"] {
            let there = member(scheme, name).is_some_and(|v| v.as_str().is_some_and(|t| !t.is_empty()));
            ensure(there, format!("an authentication scheme with {name}"), || shown(scheme))?;
        }
    }
    Ok(())
}

async fn patch_advertised(p: &mut Probe) -> Outcome {
    let body = p.get("/ServiceProviderConfig").await?.body;
    has(&body, "patch.supported", &true.into())
}

async fn schemas(p: &mut Probe) -> Outcome {
    let reply = p.get("/Schemas").await?;
    reply.is(&[200])?;
    let list = reply.list()?;
    let user = list.iter().any(|s| member(s, "id").and_then(Value::as_str) == Some(scim::urn::USER));
    ensure(user, format!("the schema {} in the list", scim::urn::USER), || {
        format!("{} schemas without it", list.len())
    })?;
    let total = reply.total();
    ensure(total == i64::try_from(list.len()).ok(), "totalResults to be the number of schemas", || {
        format!("totalResults {total:?} for {} schemas", list.len())
    })
}

async fn schema_by_id(p: &mut Probe) -> Outcome {
    let reply = p.get(&format!("/Schemas/{}", scim::urn::USER)).await?;
    reply.is(&[200])?;
    has(&reply.body, "id", &scim::urn::USER.into())?;
    ensure(member(&reply.body, "attributes").is_some_and(Value::is_array), "a schema with attributes", || {
        cut(&reply.text, 200)
    })
}

async fn definitions(p: &mut Probe) -> Outcome {
    p.get("/Schemas").await?;
    let problems = p.schema_problems();
    match problems {
        [] => Ok(()),
        [first, ..] => Err(deviates(
            "schemas as RFC 7643 §7 defines them",
            format!("{} problems, first: {first}", problems.len()),
        )),
    }
}

async fn no_nulls(p: &mut Probe) -> Outcome {
    fn null_at(value: &Value, place: String) -> Option<String> {
        match value {
            Value::Null => Some(place),
            Value::Array(items) => {
                items.iter().enumerate().find_map(|(i, v)| null_at(v, format!("{place}[{i}]")))
            }
            Value::Object(members) => members.iter().find_map(|(k, v)| null_at(v, format!("{place}.{k}"))),
            _ => None,
        }
    }
    let reply = p.get("/Schemas").await?;
    match null_at(&reply.body, String::new()) {
        None => Ok(()),
        Some(place) => Err(deviates("no null in /Schemas", format!("null at {place}"))),
    }
}

async fn user_schema(p: &mut Probe) -> Outcome {
    p.get("/Schemas").await?;
    let Some(found) = p.user_kind().find("userName") else {
        return Err(deviates("userName in the User schema", "no userName"));
    };
    let a = found.attribute;
    let wrong = [
        (!a.required, "required false"),
        (a.case_exact, "caseExact true"),
        (a.multi_valued, "multiValued true"),
        (a.uniqueness == scim::attribute::Uniqueness::None, "uniqueness none"),
    ];
    match wrong.into_iter().find(|(wrong, _)| *wrong) {
        None => Ok(()),
        Some((_, got)) => Err(deviates("userName required, unique, not caseExact, single-valued", got)),
    }
}

async fn mapped_attributes(p: &mut Probe) -> Outcome {
    p.get("/Schemas").await?;
    let mapped = [
        "userName",
        "active",
        "displayName",
        "name.givenName",
        "name.familyName",
        "emails.value",
        "emails.type",
    ];
    match mapped.into_iter().find(|path| p.user_kind().find(path).is_none()) {
        None => Ok(()),
        Some(path) => Err(deviates(format!("{path} in the User schema"), format!("no {path}"))),
    }
}

async fn resource_types(p: &mut Probe) -> Outcome {
    let reply = p.get("/ResourceTypes").await?;
    reply.is(&[200])?;
    for resource_type in reply.list()? {
        for name in ["name", "endpoint", "schema"] {
            let there =
                member(resource_type, name).is_some_and(|v| v.as_str().is_some_and(|t| !t.is_empty()));
            ensure(there, format!("a resource type with {name}"), || shown(resource_type))?;
        }
    }
    let user = reply.resources().iter().any(|t| member(t, "name").and_then(Value::as_str) == Some("User"));
    ensure(user, "a resource type User", || "none".to_owned())
}

async fn resource_type_by_id(p: &mut Probe) -> Outcome {
    let reply = p.get("/ResourceTypes/User").await?;
    reply.is(&[200])?;
    has(&reply.body, "name", &"User".into())?;
    has(&reply.body, "schema", &scim::urn::USER.into())
}

async fn types_have_schemas(p: &mut Probe) -> Outcome {
    let types = p.get("/ResourceTypes").await?;
    let schemas = p.get("/Schemas").await?;
    let known: Vec<&str> =
        schemas.resources().iter().filter_map(|s| member(s, "id").and_then(Value::as_str)).collect();
    for resource_type in types.resources() {
        let extensions = member(resource_type, "schemaExtensions").and_then(Value::as_array);
        let named = extensions.into_iter().flatten().filter_map(|e| member(e, "schema"));
        for urn in named.chain(member(resource_type, "schema")).filter_map(Value::as_str) {
            ensure(known.contains(&urn), format!("{urn} in /Schemas"), || "it is not there".to_owned())?;
        }
    }
    Ok(())
}

async fn endpoints(p: &mut Probe) -> Outcome {
    let types = p.get("/ResourceTypes").await?;
    for resource_type in entries(&types.body) {
        let Some(endpoint) = member(&resource_type, "endpoint").and_then(Value::as_str) else { continue };
        let last = endpoint.rsplit('/').find(|part| !part.is_empty()).unwrap_or(endpoint);
        let reply = p.query(&format!("/{last}"), &[("count", "1")]).await?;
        reply.is(&[200])?;
        reply.list()?;
    }
    Ok(())
}

async fn locations(p: &mut Probe) -> Outcome {
    for path in ["/ResourceTypes", "/Schemas"] {
        let reply = p.get(path).await?;
        for resource in reply.resources() {
            let id = member(resource, "id").or_else(|| member(resource, "name")).and_then(Value::as_str);
            let Some(id) = id else { continue };
            let location =
                member(resource, "meta").and_then(|m| member(m, "location")).and_then(Value::as_str);
            let expected = format!("{path}/{id}");
            ensure(
                location.is_some_and(|l| l.ends_with(&expected)),
                format!("meta.location ending in {expected}"),
                || location.map_or_else(|| "no meta.location".to_owned(), str::to_owned),
            )?;
        }
    }
    Ok(())
}

async fn filter_refused(p: &mut Probe) -> Outcome {
    for path in ["/Schemas", "/ResourceTypes", "/ServiceProviderConfig"] {
        let reply = p.query(path, &[("filter", "id eq \"x\"")]).await?;
        if reply.status == 404 || reply.status == 501 {
            return Err(not_applicable(format!("{path} is not served")));
        }
        reply.refuses(&[403], &format!("a filter on {path}"))?;
    }
    Ok(())
}

async fn read_only(p: &mut Probe) -> Outcome {
    let body = json!({ "schemas": [scim::urn::SCHEMA], "id": "urn:example:muster-check", "name": "x", "attributes": [] });
    let requests = [
        Request::post("/Schemas", &body),
        Request::post("/ServiceProviderConfig", &body),
        Request::put(format!("/Schemas/{}", scim::urn::USER), &body),
    ];
    for request in requests {
        let what = format!("{} {}", request.method, request.path);
        p.send(request).await?.refuses_any(&what)?;
    }
    Ok(())
}

async fn unknown(p: &mut Probe) -> Outcome {
    for path in ["/Schemas/urn:example:nonexistent", "/ResourceTypes/Nonexistent"] {
        p.get(path).await?.is(&[404])?;
    }
    Ok(())
}

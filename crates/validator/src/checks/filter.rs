//! Filters (RFC 7644 §3.4.2.2), on three users of the check's own.

use scim_client::Request;
use serde_json::{Value, json};

use crate::check::{Check, Level::*, Need, Profile};
use crate::probe::{Made, Probe};
use crate::verdict::{Outcome, ensure, not_applicable};

const EQ: &[Need] = &[Need::Check("filter-eq")];
const MATCH: &str = "Entra does not find the user it looks for, and creates it again or gives up.";
const WRONG: &str = "A client that filters gets the wrong users, and acts on them.";
const RFC: &[Profile] = &[Profile::Rfc];
const DEPARTMENT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";

/// `{a}` `{b}` `{c}` are the userNames, `{A}` one in capitals, `{salt}` is in all of them, `{id}` the first one's id,
/// `{xa}` its externalId, `{plain}` a simple string attribute with the values `Alpha {salt}`, `beta {salt}` and none.
macro_rules! filter {
    ($id:literal, $name:literal, $level:ident, $clause:literal, $needs:expr, $profiles:expr, $why:expr, $filter:literal => [$($user:literal),*]) => {
        Check::new($id, $name, $level, $clause)
            .what(concat!("GET ?filter=", $filter, " on three users finds exactly those that match."))
            .why($why)
            .needs($needs)
            .for_profiles($profiles)
            .run(|p| Box::pin(finds(p, $filter, &[$($user),*])))
    };
}

const ALL3: &[Profile] = &[Profile::Rfc, Profile::Entra, Profile::Okta];
const ENTRA: &[Profile] = &[Profile::Entra];
const ACTIVE: &[Need] = &[Need::Check("filter-eq"), Need::Check("filter-and"), Need::User("active")];
const EMAIL: &[Need] = &[Need::Check("filter-eq"), Need::User("emails.value"), Need::User("emails.type")];
const AND: &[Need] = &[Need::Check("filter-eq"), Need::Check("filter-and")];
const CO: &[Need] = &[Need::Check("filter-eq"), Need::Check("filter-co")];
const SW: &[Need] = &[Need::Check("filter-eq"), Need::Check("filter-sw")];
const AND_SW: &[Need] = &[Need::Check("filter-eq"), Need::Check("filter-and"), Need::Check("filter-sw")];

pub(super) const CHECKS: &[Check] = &[
    filter!("filter-eq", "eq on userName", Must, "RFC 7644 §3.4.2.2", &[Need::Check("user-create"), Need::Filter], ALL3, MATCH,
        "userName eq \"{a}\"" => [0]),
    filter!("filter-eq-case", "userName matches without case", Must, "RFC 7643 §4.1.1, RFC 7644 §3.4.2.2", EQ, ALL3, MATCH,
        "userName eq \"{A}\"" => [0]),
    filter!("filter-no-match", "No match is an empty list", Must, "RFC 7644 §3.4.2", EQ, ALL3,
        "Entra's connection test is such a query; anything but 200 with totalResults 0 is an incompatible service.",
        "userName eq \"nonexistent-{a}\"" => []),
    filter!("filter-no-wildcards", "% and _ are no wildcards", Must, "RFC 7644 §3.4.2.2", EQ, ALL3,
        "The user is matched with somebody else's account. Microsoft's validator generates names with _ on purpose.",
        "userName eq \"muster-check-{salt}-anna%two@example.com\"" => []),
    filter!("filter-underscore", "_ matches only itself", Must, "RFC 7644 §3.4.2.2", EQ, ALL3,
        "The user is matched with somebody else's account.",
        "userName eq \"muster-check-{salt}-anna.one_example.com\"" => []),
    filter!("filter-operator-case", "Operators are read without case", Must, "RFC 7644 §3.4.2.2", EQ, ALL3, MATCH,
        "userName EQ \"{a}\"" => [0]),
    filter!("filter-name-case", "Attribute names are read without case", Must, "RFC 7644 §3.4.2.2, RFC 7643 §2.1", EQ, ALL3, MATCH,
        "USERNAME eq \"{a}\"" => [0]),
    filter!("filter-urn", "A filter takes the full URN", Must, "RFC 7644 §3.10", EQ, RFC, WRONG,
        "urn:ietf:params:scim:schemas:core:2.0:User:userName eq \"{a}\"" => [0]),
    filter!("filter-id", "eq on id", Must, "RFC 7644 §3.4.2.2", EQ, ALL3,
        "Entra checks references by id.",
        "id eq \"{id}\"" => [0]),
    filter!("filter-external-id", "eq on externalId", Must, "RFC 7644 §3.4.2.2", EQ, ALL3,
        "Where externalId is the matching attribute, every user is created again.",
        "externalId eq \"{xa}\"" => [0]),
    filter!("filter-ne", "ne", Must, "RFC 7644 §3.4.2.2", AND_SW, RFC, WRONG,
        "userName sw \"muster-check-{salt}-\" and userName ne \"{a}\"" => [1, 2]),
    filter!("filter-co", "co", Must, "RFC 7644 §3.4.2.2", EQ, RFC, WRONG,
        "userName co \"{salt}-Bert\"" => [2]),
    filter!("filter-co-case", "co without case", Must, "RFC 7643 §4.1.1, RFC 7644 §3.4.2.2", CO, RFC, WRONG,
        "userName co \"{salt}-an\"" => [0, 1]),
    filter!("filter-sw", "sw", Must, "RFC 7644 §3.4.2.2", EQ, RFC, WRONG,
        "userName sw \"muster-check-{salt}-Bert\"" => [2]),
    filter!("filter-sw-case", "sw without case", Must, "RFC 7644 §3.4.2.2", SW, RFC, WRONG,
        "userName sw \"MUSTER-CHECK-{salt}-AN\"" => [0, 1]),
    filter!("filter-ew", "ew", Must, "RFC 7644 §3.4.2.2", AND_SW, RFC, WRONG,
        "userName ew \"three@example.com\" and userName sw \"muster-check-{salt}-\"" => [2]),
    filter!("filter-gt", "gt on strings", Must, "RFC 7644 §3.4.2.2", AND_SW, RFC, WRONG,
        "userName sw \"muster-check-{salt}-\" and userName gt \"muster-check-{salt}-b\"" => [2]),
    filter!("filter-ge", "ge on strings", Must, "RFC 7644 §3.4.2.2", AND_SW, RFC, WRONG,
        "userName sw \"muster-check-{salt}-\" and userName ge \"{c}\"" => [2]),
    filter!("filter-lt", "lt on strings", Must, "RFC 7644 §3.4.2.2", AND_SW, RFC, WRONG,
        "userName sw \"muster-check-{salt}-\" and userName lt \"{c}\"" => [0, 1]),
    filter!("filter-le", "le on strings", Must, "RFC 7644 §3.4.2.2", AND_SW, RFC, WRONG,
        "userName sw \"muster-check-{salt}-\" and userName le \"muster-check-{salt}-b\"" => [0, 1]),
    filter!("filter-pr", "pr", Must, "RFC 7644 §3.4.2.2", AND_SW, RFC, WRONG,
        "userName sw \"muster-check-{salt}-\" and {plain} pr" => [0, 1]),
    filter!("filter-and", "and", Must, "RFC 7644 §3.4.2.2", EQ, ALL3,
        "Entra's membership checks combine two conditions.",
        "userName eq \"{a}\" and {plain} eq \"Alpha {salt}\"" => [0]),
    filter!("filter-and-false", "and needs both sides", Must, "RFC 7644 §3.4.2.2", EQ, ALL3,
        "A membership check answers yes for the wrong user.",
        "userName eq \"{a}\" and {plain} eq \"beta {salt}\"" => []),
    filter!("filter-or", "or", Must, "RFC 7644 §3.4.2.2", EQ, RFC, WRONG,
        "userName eq \"{a}\" or userName eq \"{c}\"" => [0, 2]),
    filter!("filter-not", "not", Must, "RFC 7644 §3.4.2.2", AND_SW, RFC, WRONG,
        "userName sw \"muster-check-{salt}-\" and not (userName eq \"{b}\")" => [0, 2]),
    filter!("filter-precedence", "and binds tighter than or", Must, "RFC 7644 §3.4.2.2", &[Need::Check("filter-and"), Need::Check("filter-or")], RFC, WRONG,
        "userName eq \"{a}\" or userName eq \"{b}\" and userName eq \"{c}\"" => [0]),
    filter!("filter-parentheses", "Parentheses group", Must, "RFC 7644 §3.4.2.2", &[Need::Check("filter-and"), Need::Check("filter-or")], RFC, WRONG,
        "(userName eq \"{a}\" or userName eq \"{b}\") and userName eq \"{b}\"" => [1]),
    filter!("filter-active", "A boolean compares with true", Must, "RFC 7644 §3.4.2.2", ACTIVE, RFC, WRONG,
        "userName eq \"{a}\" and active eq true" => [0]),
    filter!("filter-active-false", "A boolean compares with false", Must, "RFC 7644 §3.4.2.2", ACTIVE, RFC, WRONG,
        "userName eq \"{a}\" and active eq false" => []),
    filter!("filter-active-string", "A boolean compares with \"True\"", Entra, "Entra: app-provisioning, string booleans", ACTIVE, ENTRA, MATCH,
        "userName eq \"{a}\" and active eq \"True\"" => [0]),
    filter!("filter-sub", "A sub-attribute", Must, "RFC 7644 §3.4.2.2, §3.10", &[Need::Check("filter-eq"), Need::User("name.familyName")], ALL3, MATCH,
        "name.familyName eq \"Alpha{salt}\"" => [0]),
    filter!("filter-multi", "A value of a multi-valued attribute", Must, "RFC 7644 §3.4.2.2", EMAIL, ALL3,
        "Where e-mail is the matching attribute, every user is created again.",
        "emails.value eq \"a.{salt}@example.com\"" => [0]),
    filter!("filter-multi-short", "A multi-valued attribute stands for its value", Should, "RFC 7644 §3.4.2.2, examples", EMAIL, RFC, WRONG,
        "emails co \"a.{salt}@\"" => [0]),
    filter!("filter-value-path", "A value path", Must, "RFC 7644 §3.4.2.2, figure 1", EMAIL, ALL3, MATCH,
        "emails[type eq \"work\" and value eq \"a.{salt}@example.com\"]" => [0]),
    filter!("filter-value-path-one-element", "One element satisfies the whole value path", Must, "RFC 7644 §3.4.2.2", EMAIL, ALL3,
        "A private address is taken for the work address.",
        "emails[type eq \"home\" and value eq \"a.{salt}@example.com\"]" => []),
    filter!("filter-entra-value-path", "Entra's form of a value path", Entra, "Entra: customize-application-attributes, matching", EMAIL, ENTRA, MATCH,
        "emails[type eq \"work\"].value eq \"a.{salt}@example.com\"" => [0]),
    filter!("filter-extension", "An extension's attribute", Must, "RFC 7644 §3.10", &[Need::Check("filter-eq"), Need::User(DEPARTMENT)], ALL3, MATCH,
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq \"Dep {salt}\"" => [0]),
    filter!("filter-date", "A date compares as an instant", Must, "RFC 7644 §3.4.2.2", AND, RFC,
        "Clients that ask for what changed since miss users.",
        "userName eq \"{a}\" and meta.created gt \"2001-01-01T00:00:00Z\"" => [0]),
    filter!("filter-date-offset", "A date may have an offset", Must, "RFC 7643 §2.3.5", AND, RFC,
        "Clients that ask for what changed since miss users.",
        "userName eq \"{a}\" and meta.lastModified lt \"2001-01-01T00:00:00+02:00\"" => []),
    Check::new(
        "filter-plus",
        "+ in a query is a blank",
        Entra,
        "Entra: requests as captured; WHATWG URL, form encoding",
    )
    .what("GET ?filter=userName+eq+%22…%22.")
    .why("Every query of Entra is written so: nothing is found, the connection test fails.")
    .needs(EQ)
    .run(|p| Box::pin(encoded(p, "+"))),
    Check::new("filter-percent-20", "%20 in a query is a blank", Must, "RFC 3986 §2.1")
        .what("GET ?filter=userName%20eq%20%22…%22.")
        .why("Every query of Okta is written so.")
        .needs(EQ)
        .run(|p| Box::pin(encoded(p, "%20"))),
    Check::new(
        "filter-escapes",
        "Quotes and backslashes in a value are escaped",
        Must,
        "RFC 7644 §3.4.2.2, RFC 7159 §7",
    )
    .what("A user whose displayName has \" and \\ is found by that value, JSON-escaped.")
    .why("Such a value breaks out of the filter: the wrong users are found.")
    .needs(AND)
    .run(|p| Box::pin(escapes(p))),
    Check::new("filter-injection", "A value is never code", Must, "RFC 7644 §7.5.2")
        .what("Values with ' OR '1'='1 and comment marks find nothing and do no harm.")
        .why("Whoever can choose a name reads or changes the whole directory.")
        .needs(EQ)
        .run(|p| Box::pin(injection(p))),
    Check::new("filter-unicode", "A value outside ASCII", Must, "RFC 7644 §3.8")
        .what("A user is found by a displayName with letters of several scripts.")
        .why("Users and groups with such names are not found, and created again.")
        .needs(AND)
        .run(|p| Box::pin(unicode(p))),
    Check::new("filter-bad-syntax", "A broken filter is refused", Must, "RFC 7644 §3.12 invalidFilter")
        .what("Unfinished and unbalanced filters answer 400.")
        .why("An ignored filter gives everybody: the client acts on the first user it finds.")
        .needs(EQ)
        .run(|p| Box::pin(bad_syntax(p))),
    Check::new(
        "filter-bad-syntax-type",
        "A broken filter is refused as invalidFilter",
        Must,
        "RFC 7644 §3.12, table 9",
    )
    .what("The 400 has scimType invalidFilter.")
    .why("The administrator cannot see what is wrong.")
    .needs(&[Need::Check("filter-bad-syntax")])
    .run(|p| Box::pin(bad_syntax_type(p))),
    Check::new(
        "filter-unknown-attribute",
        "An unknown attribute matches nobody",
        Must,
        "RFC 7644 §3.4.2.2, §3.12",
    )
    .what("A filter on an attribute no schema has answers 400 or an empty list, never everybody.")
    .why("An ignored condition gives everybody: the client acts on the first user it finds.")
    .needs(EQ)
    .run(|p| Box::pin(unknown_attribute(p))),
    Check::new("filter-boolean-order", "A boolean has no order", Must, "RFC 7644 §3.4.2.2, table 3")
        .what("active gt true answers 400 invalidFilter.")
        .why("What such a filter finds means nothing.")
        .needs(&[Need::Check("filter-eq"), Need::User("active")])
        .for_profiles(RFC)
        .run(|p| Box::pin(boolean_order(p))),
    Check::new("filter-search-post", "A query by POST finds the same", Must, "RFC 7644 §3.4.3")
        .what("POST /Users/.search with a SearchRequest finds what GET finds.")
        .why("Clients with long filters or secret values query by POST.")
        .needs(EQ)
        .for_profiles(RFC)
        .run(|p| Box::pin(search_post(p))),
    Check::new("filter-search-root", "A query over all types by POST", Must, "RFC 7644 §3.4.3, §3.4.2.1")
        .what("POST /.search with a filter on userName finds the user.")
        .why("Clients that search everything find nothing.")
        .needs(&[Need::Check("filter-search-post")])
        .for_profiles(RFC)
        .run(|p| Box::pin(search_root(p))),
    Check::new("filter-resources-complete", "A query gives whole resources", Must, "RFC 7644 §3.4.2")
        .what("What a query gives for a user equals GET of that user.")
        .why("Entra compares what a query gives with its own values and updates what is missing.")
        .needs(EQ)
        .run(|p| Box::pin(resources_complete(p))),
];

/// Three users, so that each filter has something to leave out.
async fn people(p: &mut Probe) -> Outcome<(Vec<Made>, String)> {
    let plain = p.plain_attribute()?;
    let salt = p.salt().to_owned();
    let mut users = Vec::new();
    for (name, value, mail) in [
        ("Anna.one", format!("Alpha {salt}"), "a"),
        ("anna_two", format!("beta {salt}"), "b"),
        ("Bert.three", String::new(), "c"),
    ] {
        let mut more = json!({
            "userName": format!("muster-check-{salt}-{name}@example.com"),
            "externalId": format!("X{salt}-{mail}"),
        });
        if !value.is_empty() {
            more[&plain] = value.clone().into();
        }
        if p.offers(Need::User("name.familyName")) && !value.is_empty() {
            more["name"] = json!({ "familyName": value.replace(' ', "") });
        }
        if p.offers(Need::User("emails.value")) {
            more["emails"] = json!([
                { "type": "work", "value": format!("{mail}.{salt}@example.com"), "primary": true },
                { "type": "home", "value": format!("{mail}.{salt}.home@example.com") },
            ]);
        }
        if p.offers(Need::User(DEPARTMENT)) && mail == "a" {
            more[scim::urn::ENTERPRISE_USER] = json!({ "department": format!("Dep {salt}") });
        }
        if p.offers(Need::User("active")) {
            more["active"] = true.into();
        }
        users.push(p.user_with(more).await?);
    }
    Ok((users, plain))
}

async fn finds(p: &mut Probe, template: &str, expected: &[usize]) -> Outcome {
    let (users, plain) = people(p).await?;
    let name = |at: usize| users.get(at).map(Made::name).unwrap_or_default().to_owned();
    let first = users.first().map(|u| u.id.clone()).unwrap_or_default();
    let filter = template
        .replace("{A}", &name(0).to_uppercase())
        .replace("{a}", &name(0))
        .replace("{b}", &name(1))
        .replace("{c}", &name(2))
        .replace("{id}", &first)
        .replace("{xa}", &format!("X{}-a", p.salt()))
        .replace("{plain}", &plain)
        .replace("{salt}", p.salt());
    let expected: Vec<&str> =
        expected.iter().filter_map(|at| users.get(*at)).map(|u| u.id.as_str()).collect();
    let path = p.users();
    p.find(&path, &filter).await?.finds(&expected)
}

async fn encoded(p: &mut Probe, blank: &str) -> Outcome {
    let user = p.user().await?;
    let name = user.name().replace('@', "%40");
    let request = Request::get(p.users()).raw_query(format!("filter=userName{blank}eq{blank}%22{name}%22"));
    let reply = p.send(request).await?;
    reply.is(&[200])?;
    reply.finds(&[&user.id])
}

async fn escapes(p: &mut Probe) -> Outcome {
    let plain = p.plain_attribute()?;
    let value = format!("Say \"{}\" \\ o'Neil", p.salt());
    let user = p.user_with(json!({ (plain.clone()): value })).await?;
    let filter = format!("{plain} eq {}", Value::from(value));
    let path = p.users();
    p.find(&path, &filter).await?.finds(&[&user.id])
}

async fn injection(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    let path = p.users();
    for value in ["' OR '1'='1", "x' OR 1=1 --", "*)(objectClass=*", "' UNION SELECT * FROM users; --"] {
        let filter = format!("userName eq {}", Value::from(value));
        let reply = p.query(&path, &[("filter", &filter)]).await?;
        reply.no_crash("a value that looks like code")?;
        ensure(reply.resources().is_empty(), "no user", || format!("{} users", reply.resources().len()))
            .map_err(|stop| stop.at(reply.exchange))?;
    }
    p.get(&user.path).await?.is(&[200])
}

async fn unicode(p: &mut Probe) -> Outcome {
    let plain = p.plain_attribute()?;
    let value = format!("Zoë Łukasiewicz 山田太郎 {}", p.salt());
    let user = p.user_with(json!({ (plain.clone()): value })).await?;
    let path = p.users();
    p.find(&path, &format!("{plain} eq {}", Value::from(value))).await?.finds(&[&user.id])
}

const BROKEN: &[&str] = &[
    "userName eq",
    "userName eq \"unclosed",
    "eq \"x\"",
    "(userName eq \"x\"",
    "userName xx \"x\"",
    "userName eq \"x\" and",
    "emails[type eq \"work\"",
];

async fn bad_syntax(p: &mut Probe) -> Outcome {
    let path = p.users();
    for filter in BROKEN {
        p.query(&path, &[("filter", filter)]).await?.refuses(&[400], &format!("the filter {filter}"))?;
    }
    Ok(())
}

async fn bad_syntax_type(p: &mut Probe) -> Outcome {
    let path = p.users();
    p.query(&path, &[("filter", "userName eq")]).await?.has_scim_type(&["invalidFilter"])
}

async fn unknown_attribute(p: &mut Probe) -> Outcome {
    p.user().await?;
    let path = p.users();
    let reply = p.query(&path, &[("filter", "musterCheckUnknown eq \"x\"")]).await?;
    reply.no_crash("a filter on an unknown attribute")?;
    ensure(reply.status == 400 || reply.resources().is_empty(), "status 400 or an empty list", || {
        format!("{} users", reply.resources().len())
    })
    .map_err(|stop| stop.at(reply.exchange))
}

async fn boolean_order(p: &mut Probe) -> Outcome {
    let path = p.users();
    p.query(&path, &[("filter", "active gt true")]).await?.refuses(&[400], "an order of booleans")
}

async fn search(p: &mut Probe, path: &str) -> Outcome {
    let user = p.user().await?;
    let body = json!({
        "schemas": [scim::urn::SEARCH_REQUEST],
        "filter": format!("userName eq \"{}\"", user.name()),
        "startIndex": 1,
        "count": 10,
    });
    let reply = p.post(path, &body).await?;
    if [404, 405, 501].contains(&reply.status) {
        return Err(not_applicable(format!("POST {path} is not offered ({})", reply.status)));
    }
    reply.is(&[200])?;
    reply.list()?;
    reply.finds(&[&user.id])
}

async fn search_post(p: &mut Probe) -> Outcome {
    let path = format!("{}/.search", p.users());
    search(p, &path).await
}

async fn search_root(p: &mut Probe) -> Outcome {
    search(p, "/.search").await
}

async fn resources_complete(p: &mut Probe) -> Outcome {
    let user = p.full_user().await?;
    let path = p.users();
    let found = p.find(&path, &format!("userName eq \"{}\"", user.name())).await?;
    found.finds(&[&user.id])?;
    let listed = found.resources().first().cloned().unwrap_or_default();
    let read = p.read(&user).await?;
    for (name, value) in read.body.as_object().into_iter().flatten() {
        crate::value::has(&listed, name, value).map_err(|stop| stop.at(found.exchange))?;
    }
    Ok(())
}

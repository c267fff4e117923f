//! Sorting (RFC 7644 §3.4.2.3), if it is advertised.

use serde_json::json;

use crate::check::{Check, Level::*, Need, Profile};
use crate::probe::Probe;
use crate::verdict::{Outcome, ensure};

const RFC: &[Profile] = &[Profile::Rfc];
const SORT: &[Need] = &[Need::Sort, Need::Check("filter-sw")];
const BASE: &[Need] = &[Need::Check("sort-ascending")];
const WHY: &str = "Clients that rely on the order page through the wrong users.";

pub(super) const CHECKS: &[Check] = &[
    Check::new("sort-ascending", "sortBy sorts", Must, "RFC 7644 §3.4.2.3")
        .what("GET ?sortBy=userName&sortOrder=ascending.")
        .why(WHY)
        .needs(SORT)
        .for_profiles(RFC)
        .run(|p| Box::pin(sorted(p, "userName", Some("ascending"), &[0, 1, 2, 3]))),
    Check::new("sort-default", "Without sortOrder it is ascending", Must, "RFC 7644 §3.4.2.3")
        .what("GET ?sortBy=userName.")
        .why(WHY)
        .needs(BASE)
        .for_profiles(RFC)
        .run(|p| Box::pin(sorted(p, "userName", None, &[0, 1, 2, 3]))),
    Check::new("sort-descending", "sortOrder descending", Must, "RFC 7644 §3.4.2.3")
        .what("GET ?sortBy=userName&sortOrder=descending.")
        .why(WHY)
        .needs(BASE)
        .for_profiles(RFC)
        .run(|p| Box::pin(sorted(p, "userName", Some("descending"), &[3, 2, 1, 0]))),
    Check::new("sort-missing-last", "Resources without the attribute are last", Must, "RFC 7644 §3.4.2.3")
        .what("GET ?sortBy=name.familyName where one user has none, ascending.")
        .why(WHY)
        .needs(&[Need::Check("sort-ascending"), Need::User("name.familyName")])
        .for_profiles(RFC)
        .run(|p| Box::pin(sorted(p, "name.familyName", Some("ascending"), &[2, 1, 0, 3]))),
    Check::new(
        "sort-missing-first",
        "Resources without the attribute are first in descending order",
        Must,
        "RFC 7644 §3.4.2.3",
    )
    .what("GET ?sortBy=name.familyName where one user has none, descending.")
    .why(WHY)
    .needs(&[Need::Check("sort-missing-last")])
    .for_profiles(RFC)
    .run(|p| Box::pin(sorted(p, "name.familyName", Some("descending"), &[3, 0, 1, 2]))),
    Check::new("sort-paged", "The order holds across pages", Must, "RFC 7644 §3.4.2.3, §3.4.2.4")
        .what("Two sorted pages of two are the sorted four.")
        .why(WHY)
        .needs(BASE)
        .for_profiles(RFC)
        .run(|p| Box::pin(paged(p))),
    Check::new("sort-unknown", "An unknown sortBy is no server error", Should, "RFC 7644 §3.4.2.3")
        .what("GET ?sortBy=musterCheckUnknown is ignored or answers 400.")
        .why("A server error is repeated; a 400 is corrected.")
        .needs(SORT)
        .for_profiles(RFC)
        .run(|p| Box::pin(unknown(p))),
];

/// Four users whose names sort only without case: a, B, c, D; the family names run the other way, the last has none.
async fn four(p: &mut Probe) -> Outcome<Vec<String>> {
    let salt = p.salt().to_owned();
    let mut ids = Vec::new();
    for (first, family) in [("a", Some("Zimmer")), ("B", Some("maes")), ("c", Some("Abel")), ("D", None)] {
        let mut more = json!({ "userName": format!("muster-check-{salt}-{first}@example.com") });
        if p.offers(Need::User("name.familyName")) {
            more["name"] = match family {
                Some(family) => json!({ "familyName": family }),
                None => json!({ "givenName": "Ida" }),
            };
        }
        ids.push(p.user_with(more).await?.id);
    }
    Ok(ids)
}

async fn sorted(p: &mut Probe, by: &str, order: Option<&str>, expected: &[usize]) -> Outcome {
    let ids = four(p).await?;
    let expected: Vec<&String> = expected.iter().filter_map(|at| ids.get(*at)).collect();
    let (path, filter) = (p.users(), format!("userName sw \"muster-check-{}-\"", p.salt()));
    let mut parameters = vec![("filter", filter.as_str()), ("sortBy", by)];
    parameters.extend(order.map(|order| ("sortOrder", order)));
    let reply = p.query(&path, &parameters).await?;
    reply.is(&[200])?;
    let got = reply.ids();
    ensure(got.iter().eq(expected.iter().copied()), format!("the order {expected:?}"), || format!("{got:?}"))
}

async fn paged(p: &mut Probe) -> Outcome {
    let ids = four(p).await?;
    let (path, filter) = (p.users(), format!("userName sw \"muster-check-{}-\"", p.salt()));
    let mut got = Vec::new();
    for start in ["1", "3"] {
        let parameters =
            [("filter", filter.as_str()), ("sortBy", "userName"), ("startIndex", start), ("count", "2")];
        got.extend(p.query(&path, &parameters).await?.ids());
    }
    ensure(got == ids, format!("the order {ids:?}"), || format!("{got:?}"))
}

async fn unknown(p: &mut Probe) -> Outcome {
    let path = p.users();
    let reply = p.query(&path, &[("sortBy", "musterCheckUnknown"), ("count", "1")]).await?;
    ensure([200, 400].contains(&reply.status), "status 200 or 400", || reply.summary())
}

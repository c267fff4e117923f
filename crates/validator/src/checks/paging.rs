//! Paging by index (RFC 7644 §3.4.2.4) and totals (§3.4.2).

use std::collections::HashSet;

use scim_client::Request;
use serde_json::Value;

use crate::check::{Check, Level::*, Need, Profile};
use crate::generate::Fill;
use crate::probe::{Made, Probe};
use crate::reply::Reply;
use crate::verdict::{Outcome, ensure, not_applicable};

const LOST: &str = "A full import misses users, or sees them twice, without any error.";
const LIST: &[Need] = &[Need::Check("paging-list")];
const OWN: &[Need] = &[Need::Check("paging-list"), Need::Check("filter-sw")];

pub(super) const CHECKS: &[Check] = &[
    Check::new("paging-list", "A list is a ListResponse", Must, "RFC 7644 §3.4.2")
        .what("GET /Users answers 200 with schemas, totalResults, itemsPerPage and startIndex that fit Resources.")
        .why("Entra and Okta cannot read the answer: the service is incompatible.")
        .needs(&[Need::Check("user-create")])
        .run(|p| Box::pin(list(p))),
    Check::new("paging-count", "count is the most resources of a page", Must, "RFC 7644 §3.4.2.4")
        .what("GET with count=2 and five users gives two, with totalResults 5.")
        .why("Pages are larger than the client can take.")
        .needs(OWN)
        .run(|p| Box::pin(count(p))),
    Check::new("paging-pages", "The pages together are the whole", Must, "RFC 7644 §3.4.2.4")
        .what("Seven users in pages of three: each comes exactly once.")
        .why(LOST)
        .needs(OWN)
        .run(|p| Box::pin(pages(p, 7, 3))),
    Check::new("paging-start-index-echo", "startIndex is echoed", Must, "RFC 7644 §3.4.2.4")
        .what("Each page says the startIndex that was asked for, and itemsPerPage as many as it has.")
        .why("The gallery's SCIM_User_Pagination_Test and Okta's import stop at the first page.")
        .needs(OWN)
        .microsoft("SCIM_User_Pagination_Test", "Pages of users echo startIndex", false)
        .run(|p| Box::pin(start_index_echo(p))),
    Check::new("paging-total-everywhere", "totalResults is the same on every page", Must, "RFC 7644 §3.4.2")
        .what("The first, a later and an empty page say the same totalResults.")
        .why(LOST)
        .needs(OWN)
        .run(|p| Box::pin(total_everywhere(p))),
    Check::new("paging-start-zero", "startIndex 0 is 1", Must, "RFC 7644 §3.4.2.4")
        .what("GET with startIndex=0 gives what startIndex=1 gives.")
        .why("Clients that count from 0 lose the first user or get an error.")
        .needs(OWN)
        .run(|p| Box::pin(start_at(p, "0"))),
    Check::new("paging-start-negative", "A negative startIndex is 1", Must, "RFC 7644 §3.4.2.4")
        .what("GET with startIndex=-5 gives what startIndex=1 gives.")
        .why("A client that computes wrongly gets an error instead of the first page.")
        .needs(OWN)
        .run(|p| Box::pin(start_at(p, "-5"))),
    Check::new("paging-count-zero", "count 0 gives only the total", Must, "RFC 7644 §3.4.2.4")
        .what("GET with count=0 gives no resource and a true totalResults.")
        .why("Clients that only count get everybody, or an error.")
        .needs(OWN)
        .run(|p| Box::pin(count_nothing(p, "0"))),
    Check::new("paging-count-negative", "A negative count is 0", Must, "RFC 7644 §3.4.2.4")
        .what("GET with count=-3 gives no resource and a true totalResults.")
        .why("A client that computes wrongly gets everybody.")
        .needs(OWN)
        .for_profiles(&[Profile::Rfc])
        .run(|p| Box::pin(count_nothing(p, "-3"))),
    Check::new("paging-count-large", "A count above the maximum is no error", Must, "RFC 7644 §3.4.2.4")
        .what("GET with count=1000000 answers 200 with at most as many as the server allows.")
        .why("Clients that ask for everything at once get nothing.")
        .needs(OWN)
        .run(|p| Box::pin(count_large(p))),
    Check::new("paging-beyond", "A page beyond the end is empty", Must, "RFC 7644 §3.4.2.4")
        .what("GET with startIndex beyond totalResults answers 200 without resources.")
        .why("Clients that read until nothing comes end with an error, or never.")
        .needs(OWN)
        .run(|p| Box::pin(beyond(p))),
    Check::new("paging-not-a-number", "count and startIndex that are no numbers are no server error", Should, "RFC 7644 §3.12")
        .what("GET with count=abc and startIndex=abc answers 400, or ignores them.")
        .why("A server error is repeated; a 400 is corrected.")
        .needs(LIST)
        .run(|p| Box::pin(not_a_number(p))),
    Check::new("paging-repeatable", "The same page twice is the same", Should, "RFC 7644 §3.4.2.4")
        .what("The same query three times, without changes between, gives the same order.")
        .why(LOST)
        .needs(OWN)
        .run(|p| Box::pin(repeatable(p))),
    Check::new("paging-unfiltered", "Pages of everything", Must, "RFC 7644 §3.4.2.4")
        .what("At least eleven users, read in pages of five without a filter: every user comes exactly once.")
        .why("Account discovery and Okta's import read this way.")
        .needs(LIST)
        .alone()
        .run(|p| Box::pin(unfiltered(p))),
    Check::new("paging-under-writes", "New users do not hide old ones", Entra, "Entra: initial cycle; RFC 7644 §3.4.2.4 allows it")
        .what("While eight users are read in pages of two, others are created; each of the eight still comes.")
        .why(LOST)
        .needs(OWN)
        .alone()
        .run(|p| Box::pin(under_writes(p))),
    Check::new("paging-total-moves", "totalResults follows creates and deletes", Must, "RFC 7644 §3.4.2")
        .what("The unfiltered totalResults grows by two with two users and shrinks again with one deleted.")
        .why("Clients decide by it whether there is more to read.")
        .needs(LIST)
        .alone()
        .run(|p| Box::pin(total_moves(p))),
    Check::new("paging-max-results", "No page is larger than advertised", Must, "RFC 7643 §5 filter.maxResults")
        .what("GET with a count above filter.maxResults gives at most maxResults.")
        .why("Clients size their buffers by it.")
        .needs(LIST)
        .alone()
        .run(|p| Box::pin(max_results(p))),
    Check::new("paging-groups", "Pages of groups", Must, "RFC 7644 §3.4.2.4")
        .what("Seven groups in pages of three: each comes exactly once, and startIndex is echoed.")
        .why("The gallery's SCIM_Group_Pagination_Test, and every import of groups.")
        .needs(&[Need::Check("group-create"), Need::Check("filter-sw")])
        .microsoft("SCIM_Group_Pagination_Test", "Pages of groups echo startIndex", false)
        .run(|p| Box::pin(group_pages(p))),
];

/// A page of this check's own users.
async fn page(p: &mut Probe, start: &str, count: &str) -> Outcome<Reply> {
    let (path, filter) = (p.users(), format!("userName sw \"muster-check-{}-\"", p.salt()));
    let reply = p.query(&path, &[("filter", &filter), ("startIndex", start), ("count", count)]).await?;
    reply.is(&[200])?;
    reply.list()?;
    Ok(reply)
}

fn once(seen: &[String], expected: &[Made]) -> Outcome {
    let unique: HashSet<&String> = seen.iter().collect();
    ensure(unique.len() == seen.len(), "no resource twice", || {
        format!("{} resources, {} different", seen.len(), unique.len())
    })?;
    let missing = expected.iter().filter(|m| !unique.contains(&m.id)).count();
    ensure(missing == 0, format!("all {} resources", expected.len()), || format!("{missing} are missing"))
}

async fn list(p: &mut Probe) -> Outcome {
    p.user().await?;
    let path = p.users();
    let reply = p.get(&path).await?;
    reply.is(&[200])?;
    let resources = reply.list()?.len();
    ensure(
        reply.total().is_some_and(|t| t >= i64::try_from(resources).unwrap_or(0)),
        "totalResults not below the resources",
        || format!("totalResults {:?} with {resources} resources", reply.total()),
    )?;
    // RFC 7644 §3.4.2.4: both are required when the answer is a page.
    if reply.total() != i64::try_from(resources).ok() {
        ensure(
            reply.items_per_page() == i64::try_from(resources).ok(),
            "itemsPerPage as many as there are",
            || format!("itemsPerPage {:?} with {resources} resources", reply.items_per_page()),
        )?;
    }
    Ok(())
}

async fn count(p: &mut Probe) -> Outcome {
    p.several_users(5).await?;
    let reply = page(p, "1", "2").await?;
    ensure(reply.resources().len() == 2, "two resources", || format!("{}", reply.resources().len()))?;
    ensure(reply.total() == Some(5), "totalResults 5", || reply.says("totalResults"))
}

async fn pages(p: &mut Probe, users: usize, size: usize) -> Outcome {
    let made = p.several_users(users).await?;
    let mut seen = Vec::new();
    let mut start = 1;
    while start <= users {
        let reply = page(p, &start.to_string(), &size.to_string()).await?;
        seen.extend(reply.ids());
        start += size;
    }
    once(&seen, &made)
}

async fn start_index_echo(p: &mut Probe) -> Outcome {
    p.several_users(11).await?;
    for start in [1_i64, 6, 11] {
        let reply = page(p, &start.to_string(), "5").await?;
        ensure(reply.number("startIndex") == Some(start), format!("startIndex {start}"), || {
            reply.says("startIndex")
        })?;
        let resources = i64::try_from(reply.resources().len()).unwrap_or(0);
        ensure(reply.items_per_page() == Some(resources), format!("itemsPerPage {resources}"), || {
            reply.says("itemsPerPage")
        })?;
    }
    Ok(())
}

async fn total_everywhere(p: &mut Probe) -> Outcome {
    p.several_users(5).await?;
    for (start, count) in [("1", "2"), ("3", "2"), ("5", "2"), ("9", "2")] {
        let reply = page(p, start, count).await?;
        ensure(reply.total() == Some(5), format!("totalResults 5 with startIndex {start}"), || {
            reply.says("totalResults")
        })?;
    }
    Ok(())
}

async fn start_at(p: &mut Probe, start: &str) -> Outcome {
    p.several_users(3).await?;
    let (first, other) = (page(p, "1", "2").await?, page(p, start, "2").await?);
    ensure(first.ids() == other.ids(), "the first page", || {
        format!("{:?} and {:?}", first.ids(), other.ids())
    })
}

async fn count_nothing(p: &mut Probe, count: &str) -> Outcome {
    p.several_users(3).await?;
    let reply = page(p, "1", count).await?;
    ensure(reply.resources().is_empty(), "no resource", || format!("{}", reply.resources().len()))?;
    ensure(reply.total() == Some(3), "totalResults 3", || reply.says("totalResults"))
}

async fn count_large(p: &mut Probe) -> Outcome {
    let made = p.several_users(3).await?;
    let reply = page(p, "1", "1000000").await?;
    once(&reply.ids(), &made)
}

async fn beyond(p: &mut Probe) -> Outcome {
    p.several_users(3).await?;
    let reply = page(p, "500", "5").await?;
    ensure(reply.resources().is_empty(), "no resource", || format!("{}", reply.resources().len()))
}

async fn not_a_number(p: &mut Probe) -> Outcome {
    let path = p.users();
    for name in ["count", "startIndex"] {
        let reply = p.query(&path, &[(name, "abc")]).await?;
        ensure([200, 400].contains(&reply.status), "status 400 or 200", || reply.summary())?;
    }
    Ok(())
}

async fn repeatable(p: &mut Probe) -> Outcome {
    p.several_users(6).await?;
    let first = page(p, "1", "4").await?.ids();
    for _ in 0..2 {
        let again = page(p, "1", "4").await?.ids();
        ensure(again == first, "the same order", || format!("{first:?} then {again:?}"))?;
    }
    Ok(())
}

async fn unfiltered(p: &mut Probe) -> Outcome {
    let made = p.several_users(11).await?;
    let path = p.users();
    let (mut seen, mut start) = (Vec::new(), 1_i64);
    for _ in 0..400 {
        let reply = p.query(&path, &[("startIndex", &start.to_string()), ("count", "5")]).await?;
        reply.is(&[200])?;
        reply.list()?;
        ensure(reply.number("startIndex") == Some(start), format!("startIndex {start}"), || {
            reply.says("startIndex")
        })?;
        let ids = reply.ids();
        if ids.is_empty() {
            break;
        }
        start += i64::try_from(ids.len()).unwrap_or(0);
        seen.extend(ids);
        if reply.total().is_some_and(|total| start > total) {
            break;
        }
    }
    once(&seen, &made)
}

async fn under_writes(p: &mut Probe) -> Outcome {
    let made = p.several_users(8).await?;
    let users = p.users();
    let mut seen = HashSet::new();
    for start in ["1", "3", "5", "7", "9", "11"] {
        seen.extend(page(p, start, "2").await?.ids());
        let body = p.user_body(Fill::Required);
        p.prepare(Request::post(&users, &Value::Object(body)), &[201]).await?;
    }
    let missing = made.iter().filter(|m| !seen.contains(&m.id)).count();
    ensure(missing == 0, "each of the eight users", || format!("{missing} were skipped"))
}

async fn total_moves(p: &mut Probe) -> Outcome {
    let path = p.users();
    let before = p.query(&path, &[("count", "1")]).await?.total().unwrap_or_default();
    let made = p.several_users(2).await?;
    let more = p.query(&path, &[("count", "1")]).await?.total().unwrap_or_default();
    ensure(more == before + 2, format!("totalResults {}", before + 2), || more.to_string())?;
    if let Some(one) = made.first() {
        p.prepare(Request::delete(&one.path), &[204]).await?;
    }
    let less = p.query(&path, &[("count", "1")]).await?.total().unwrap_or_default();
    ensure(less == before + 1, format!("totalResults {}", before + 1), || less.to_string())
}

async fn max_results(p: &mut Probe) -> Outcome {
    let Some(max) = p.max_results().filter(|max| *max > 0 && *max <= 50) else {
        return Err(not_applicable(
            "filter.maxResults is not advertised, or too large to be reached by a check",
        ));
    };
    let wanted = usize::try_from(max).unwrap_or(50) + 1;
    p.several_users(wanted).await?;
    let path = p.users();
    let reply = p.query(&path, &[("count", &(wanted + 1).to_string())]).await?;
    reply.is(&[200])?;
    ensure(reply.resources().len() < wanted, format!("at most {max} resources"), || {
        reply.resources().len().to_string()
    })
}

async fn group_pages(p: &mut Probe) -> Outcome {
    let path = p.groups();
    let bodies = (0..7).map(|_| p.group_body()).collect();
    let made = p.make_all(&path, bodies).await?;
    let filter = format!("displayName sw \"muster-check-{} \"", p.salt());
    let mut seen = Vec::new();
    for start in [1_i64, 4, 7] {
        let parameters = [("filter", filter.as_str()), ("startIndex", &start.to_string()), ("count", "3")];
        let reply = p.query(&path, &parameters).await?;
        reply.is(&[200])?;
        ensure(reply.number("startIndex") == Some(start), format!("startIndex {start}"), || {
            reply.says("startIndex")
        })?;
        seen.extend(reply.ids());
    }
    once(&seen, &made)
}

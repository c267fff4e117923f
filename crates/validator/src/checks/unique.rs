//! Uniqueness (RFC 7643 §2.4 uniqueness, RFC 7644 §3.12): in order, by case, and in a race.

use scim_client::Request;
use serde_json::{Value, json};

use crate::check::{Check, Level::*, Need};
use crate::generate::Fill;
use crate::probe::Probe;
use crate::reply::Reply;
use crate::verdict::{Outcome, cannot_judge, ensure};

const USER: &[Need] = &[Need::Check("user-create")];
const TWICE: &str =
    "Two accounts for one person: every match finds both, and Entra gives up with DuplicateTargetEntries.";

pub(super) const CHECKS: &[Check] = &[
    Check::new("unique-user-name", "A taken userName is 409", Must, "RFC 7644 §3.3, §3.12 uniqueness")
        .what("POST of the same user twice: the second answers 409.")
        .why(TWICE)
        .needs(USER)
        .run(|p| Box::pin(user_name(p))),
    Check::new(
        "unique-user-name-case",
        "A userName that differs only in case is taken",
        Must,
        "RFC 7643 §4.1.1, §2.2 caseExact",
    )
    .what("POST of the same userName in capitals answers 409.")
    .why(TWICE)
    .needs(&[Need::Check("unique-user-name")])
    .run(|p| Box::pin(user_name_case(p))),
    Check::new("unique-scim-type", "The 409 says uniqueness", Must, "RFC 7644 §3.12, table 9")
        .what("The 409 has scimType uniqueness.")
        .why("A client cannot tell a taken name from another conflict.")
        .needs(&[Need::Check("unique-user-name")])
        .run(|p| Box::pin(scim_type(p))),
    Check::new("unique-detail", "The 409 says which attribute", Should, "RFC 7644 §3.12 detail")
        .what("The detail of the 409 is not empty.")
        .why("Entra shows it to the administrator, who learns nothing.")
        .needs(&[Need::Check("unique-user-name")])
        .run(|p| Box::pin(detail(p))),
    Check::new("unique-first-stays", "A refused create changes nothing", Must, "RFC 7644 §3.3")
        .what("After the 409 the first user is as it was, and one user is found.")
        .why("The first user's data is lost to the second.")
        .needs(&[Need::Check("unique-user-name"), Need::Check("filter-eq")])
        .run(|p| Box::pin(first_stays(p))),
    Check::new(
        "unique-group-name",
        "A taken group name is 409",
        Entra,
        "Microsoft SCIM Validator, Create a duplicate Group",
    )
    .what("POST of the same displayName twice: the second answers 409.")
    .why("Entra matches groups by displayName and finds both.")
    .needs(&[Need::Check("group-create")])
    .run(|p| Box::pin(group_name(p))),
    Check::new(
        "unique-race-users",
        "Of parallel creates with one userName one wins",
        Must,
        "RFC 7643 §2.4 uniqueness",
    )
    .what("Eight POSTs of the same user at once: one 201, seven 409, one user.")
    .why(TWICE)
    .needs(&[Need::Check("unique-user-name"), Need::Check("filter-eq")])
    .run(|p| Box::pin(race_users(p))),
    Check::new(
        "unique-race-groups",
        "Of parallel creates with one group name one wins",
        Entra,
        "Microsoft SCIM Validator, Create a duplicate Group",
    )
    .what("Eight POSTs of the same group at once: one 201, seven 409.")
    .why("Entra matches groups by displayName and finds both.")
    .needs(&[Need::Check("unique-group-name")])
    .run(|p| Box::pin(race_groups(p))),
    Check::new(
        "unique-race-rename",
        "Of parallel renames to one userName one wins",
        Must,
        "RFC 7643 §2.4 uniqueness",
    )
    .what("Six users are renamed to the same name at once: one succeeds, five are 409.")
    .why(TWICE)
    .needs(&[Need::Check("patch-conflict"), Need::Check("filter-eq")])
    .run(|p| Box::pin(race_rename(p))),
    Check::new("parallel-creates", "Eight different users at once", Must, "RFC 7644 §3.3")
        .what("Eight POSTs of different users at once all answer 201.")
        .why("Microsoft's validator starts with six creates at once; Entra works in parallel.")
        .needs(USER)
        .run(|p| Box::pin(parallel_creates(p))),
    Check::new("parallel-patches", "Parallel changes of one user lose nothing", Must, "RFC 7644 §3.5.2")
        .what("Two attributes of one user are changed at once, several times: both have their values.")
        .why("One change overwrites the other without any error.")
        .needs(&[Need::Check("patch-replace")])
        .run(|p| Box::pin(parallel_patches(p))),
];

async fn second(p: &mut Probe) -> Outcome<Reply> {
    let user = p.user().await?;
    let path = p.users();
    p.post(&path, &Value::Object(user.sent)).await
}

async fn user_name(p: &mut Probe) -> Outcome {
    second(p).await?.is(&[409])
}

async fn user_name_case(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    let mut body = user.sent.clone();
    body.insert("userName".into(), user.name().to_uppercase().into());
    let path = p.users();
    p.post(&path, &Value::Object(body)).await?.is(&[409])
}

async fn scim_type(p: &mut Probe) -> Outcome {
    second(p).await?.has_scim_type(&["uniqueness"])
}

async fn detail(p: &mut Probe) -> Outcome {
    let reply = second(p).await?;
    let there = reply.body["detail"].as_str().is_some_and(|d| !d.trim().is_empty());
    ensure(there, "a detail", || reply.summary())
}

async fn first_stays(p: &mut Probe) -> Outcome {
    let plain = p.plain_attribute()?;
    let user = p.user_with(json!({ (plain.clone()): "First" })).await?;
    let mut body = user.sent.clone();
    body.insert(plain.clone(), "Second".into());
    let path = p.users();
    let reply = p.post(&path, &Value::Object(body)).await?;
    reply.is(&[409])?;
    crate::value::has(&p.read(&user).await?.body, &plain, &"First".into())
        .map_err(|stop| stop.at(reply.exchange))?;
    p.find(&path, &format!("userName eq \"{}\"", user.name())).await?.finds(&[&user.id])
}

async fn group_name(p: &mut Probe) -> Outcome {
    let group = p.group().await?;
    let path = p.groups();
    p.post(&path, &Value::Object(group.sent)).await?.is(&[409])
}

/// One success, and all others 409.
fn one_winner(replies: Vec<Result<Reply, String>>, won: &[u16]) -> Outcome {
    let total = replies.len();
    let replies: Vec<Reply> = replies.into_iter().filter_map(Result::ok).collect();
    if replies.len() < total {
        return Err(cannot_judge("some of the parallel requests had no answer"));
    }
    let of = |statuses: &[u16]| replies.iter().filter(|r| statuses.contains(&r.status)).count();
    ensure(of(won) == 1 && of(&[409]) == total - 1, format!("one success and {} 409", total - 1), || {
        let all: Vec<String> = replies.iter().map(|r| r.status.to_string()).collect();
        all.join(", ")
    })
}

async fn race_users(p: &mut Probe) -> Outcome {
    let (body, path) = (p.user_body(Fill::Required), p.users());
    let name = body.get("userName").and_then(Value::as_str).unwrap_or_default().to_owned();
    let body = Value::Object(body);
    let replies = p.send_all((0..8).map(|_| Request::post(&path, &body)).collect()).await?;
    one_winner(replies, &[201])?;
    let found = p.find(&path, &format!("userName eq \"{name}\"")).await?;
    ensure(found.ids().len() == 1, "one user", || found.ids().len().to_string())
}

async fn race_groups(p: &mut Probe) -> Outcome {
    let (body, path) = (Value::Object(p.group_body()), p.groups());
    let replies = p.send_all((0..8).map(|_| Request::post(&path, &body)).collect()).await?;
    one_winner(replies, &[201])
}

async fn race_rename(p: &mut Probe) -> Outcome {
    let users = p.several_users(6).await?;
    let name = p.generator().user_name();
    let body = crate::probe::patch_body(&json!([{ "op": "replace", "path": "userName", "value": name }]));
    let replies = p.send_all(users.iter().map(|u| Request::patch(&u.path, &body)).collect()).await?;
    one_winner(replies, &[200, 204])
}

async fn parallel_creates(p: &mut Probe) -> Outcome {
    let path = p.users();
    let requests =
        (0..8).map(|_| Request::post(&path, &Value::Object(p.user_body(Fill::Required)))).collect();
    for reply in p.send_all(requests).await? {
        reply.map_err(cannot_judge)?.is(&[201])?;
    }
    Ok(())
}

async fn parallel_patches(p: &mut Probe) -> Outcome {
    let names = p.plain_attributes(2)?;
    let user = p.user().await?;
    for round in 0..5 {
        let value = format!("Round {round}");
        let requests = names.iter().map(|name| {
            let operations = json!([{ "op": "replace", "path": name, "value": value }]);
            Request::patch(&user.path, &crate::probe::patch_body(&operations))
        });
        let requests = requests.collect();
        for reply in p.send_all(requests).await? {
            reply.map_err(cannot_judge)?.is(&[200, 204])?;
        }
        let read = p.read(&user).await?;
        for name in &names {
            crate::value::has(&read.body, name, &value.clone().into())?;
        }
    }
    Ok(())
}

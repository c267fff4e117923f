//! `groups/delta`: who came to a group and who left it.

use directory::{KeyScope, Kind, Precondition};
use http::Method;
use serde_json::{Value, json};

use super::{Answered, Stage};

const USER: &str = "#microsoft.graph.user";

fn came(id: &str) -> Value {
    json!({ "id": id, "@odata.type": USER })
}

fn left(id: &str) -> Value {
    json!({ "id": id, "@odata.type": USER, "@removed": { "reason": "deleted" } })
}

/// Every page up to the end, and the link of the end.
async fn round(stage: &Stage, first: Value) -> (Vec<Value>, String) {
    let (mut page, mut values) = (first, Vec::new());
    loop {
        values.extend(page["value"].as_array().unwrap().iter().cloned());
        let (next, end) = (page["@odata.nextLink"].as_str(), page["@odata.deltaLink"].as_str());
        match (next, end) {
            (Some(next), None) => page = stage.follow(next).await,
            (None, Some(end)) => return (values, end.to_owned()),
            both => panic!("exactly one link: {both:?}"),
        }
    }
}

async fn people(stage: &Stage, n: usize) -> Vec<String> {
    let mut people = Vec::new();
    for at in 0..n {
        people.push(stage.user(&format!("p{at}@contoso.example"), json!({})).await);
    }
    people
}

async fn group(stage: &Stage, name: &str, members: &[String]) -> String {
    let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
    let group = json!({ "schemas": [scim::urn::GROUP], "displayName": name, "members": members });
    stage.house.resource(Kind::Group, group).await
}

async fn delete(stage: &Stage, kind: Kind, id: &str) {
    let done = stage.house.directory.delete(stage.house.cx(), kind, id, Precondition::default()).await;
    done.unwrap();
}

#[tokio::test]
async fn members_come_and_leave() {
    let stage = Stage::new().await;
    let people = people(&stage, 3).await;
    let crew = group(&stage, "Crew", &people[..2]).await;
    let empty = group(&stage, "Empty", &[]).await;
    let directory = &stage.house.directory;

    let (all, link) = round(&stage, stage.get("/groups/delta()").await.json_of(200)).await;
    assert_eq!(all.len(), 2);
    assert_eq!(
        all[0],
        json!({ "id": crew, "createdDateTime": all[0]["createdDateTime"], "description": null,
            "displayName": "Crew", "mail": null, "mailEnabled": all[0]["mailEnabled"], "mailNickname": null,
            "securityEnabled": all[0]["securityEnabled"],
            "members@delta": [came(&people[0]), came(&people[1])] })
    );
    assert!(all[1].get("members@delta").is_none(), "{}", all[1]);
    assert_eq!(stage.follow(&link).await["value"], json!([]));

    directory.remove_members(stage.house.cx(), &crew, vec![people[0].clone()]).await.unwrap();
    directory.add_members(stage.house.cx(), &crew, vec![people[2].clone()]).await.unwrap();
    delete(&stage, Kind::User, &people[1]).await;
    directory.add_members(stage.house.cx(), &empty, vec![crew.clone()]).await.unwrap();
    let (changed, after) = round(&stage, stage.follow(&link).await).await;
    assert_eq!((changed.len(), &changed[0]["id"]), (2, &json!(crew)));
    assert_eq!(
        changed[0]["members@delta"],
        json!([left(&people[1]), came(&people[2]), left(&people[0])]),
        "the last to move first"
    );
    let nested = json!([{ "id": crew, "@odata.type": "#microsoft.graph.group" }]);
    assert_eq!(changed[1]["members@delta"], nested);
    // A link gives the same as often as it is followed, and what moved is not told again behind the next.
    assert_eq!(round(&stage, stage.follow(&link).await).await.0, changed);
    assert_eq!(stage.follow(&after).await["value"], json!([]));

    // A change of something else is no move; who came back is told to have come.
    let rename = scim::patch::parse(json!({ "schemas": [scim::urn::PATCH_OP],
        "Operations": [{ "op": "replace", "path": "displayName", "value": "Crews" }] }));
    let done =
        directory.patch(stage.house.cx(), Kind::Group, &crew, rename.unwrap(), Precondition::default()).await;
    done.unwrap();
    let (renamed, after) = round(&stage, stage.follow(&after).await).await;
    assert_eq!(renamed[0]["displayName"], "Crews");
    assert!(renamed[0].get("members@delta").is_none(), "{renamed:?}");
    directory.restore(stage.house.cx(), Kind::User, &people[1]).await.unwrap();
    let (back, after) = round(&stage, stage.follow(&after).await).await;
    assert_eq!(back[0]["members@delta"], json!([came(&people[1])]));

    // A group that went has no members to tell; one that came back has all.
    delete(&stage, Kind::Group, &crew).await;
    let (gone, after) = round(&stage, stage.follow(&after).await).await;
    assert_eq!(gone[0], json!({ "id": crew, "@removed": { "reason": "changed" } }));
    directory.restore(stage.house.cx(), Kind::Group, &crew).await.unwrap();
    let (back, _) = round(&stage, stage.follow(&after).await).await;
    let back = back.iter().find(|group| group["id"] == crew).unwrap();
    assert_eq!(back["members@delta"], json!([came(&people[1]), came(&people[2])]));
}

#[tokio::test]
async fn members_are_told_where_they_are_asked_for() {
    let stage = Stage::new().await;
    let people = people(&stage, 1).await;
    let crew = group(&stage, "Crew", &people).await;
    let (named, with) =
        round(&stage, stage.get("/groups/delta?$select=displayName,members").await.json_of(200)).await;
    assert_eq!(named, [json!({ "id": crew, "displayName": "Crew", "members@delta": [came(&people[0])] })]);
    let (unnamed, without) =
        round(&stage, stage.get("/groups/delta?$select=displayName").await.json_of(200)).await;
    assert_eq!(unnamed, [json!({ "id": crew, "displayName": "Crew" })]);
    // Users have no members to select, nor has a list of groups.
    for path in ["/users/delta?$select=members", "/groups?$select=members"] {
        stage.get(path).await.refused(400, "Request_BadRequest");
    }
    stage.house.directory.remove_members(stage.house.cx(), &crew, people.clone()).await.unwrap();
    assert_eq!(stage.follow(&with).await["value"][0]["members@delta"], json!([left(&people[0])]));
    // A round without members cannot be gone on with them: who moved before is not known.
    let token = without.split("deltatoken=").nth(1).unwrap();
    let got = stage.get(&format!("/groups/delta?$deltatoken={token}")).await;
    assert!(got.refused(410, "syncStateNotFound").contains("begin anew"));
    assert_eq!(got.header("location"), "https://muster.example/graph/v1.0/groups/delta");
}

/// Groups of any size in pages of bounded size; nobody is lost or told to be in when he is not, whatever moves meanwhile.
#[tokio::test]
async fn large_groups_are_told_in_pieces() {
    let stage = Stage::new().await;
    let people = people(&stage, 2_300).await;
    let large = group(&stage, "Large", &people[..2_200]).await;
    let small = group(&stage, "Small", &people[..3]).await;
    let mut page = stage.get("/groups/delta?$select=displayName,members").await.json_of(200);
    let (mut known, mut pages, mut moved) = (Mirror::default(), 0, false);
    let end = loop {
        pages += 1;
        let told: usize = page["value"].as_array().unwrap().iter().map(|group| members(group).len()).sum();
        assert!(told <= 1_000 && !page["value"].as_array().unwrap().is_empty(), "{told}");
        known.learn(&page);
        if !moved {
            // Behind and before where the round is.
            let directory = &stage.house.directory;
            let gone = vec![people[0].clone(), people[2_100].clone()];
            directory.remove_members(stage.house.cx(), &large, gone).await.unwrap();
            directory.add_members(stage.house.cx(), &large, people[2_200..].to_vec()).await.unwrap();
            moved = true;
        }
        match page["@odata.nextLink"].as_str() {
            Some(next) => page = stage.follow(next).await,
            None => break page["@odata.deltaLink"].as_str().unwrap().to_owned(),
        }
    };
    assert_eq!(pages, 3);
    assert_eq!(known.of(&small), people[..3]);
    let mut in_it: Vec<String> = people[1..2_100].to_vec();
    in_it.extend_from_slice(&people[2_101..]);
    let (changes, end) = round(&stage, stage.follow(&end).await).await;
    known.learn(&json!({ "value": changes }));
    assert_eq!(known.of(&large), in_it);

    // Everybody leaves, in one request: more than one page tells.
    let directory = &stage.house.directory;
    directory.remove_members(stage.house.cx(), &large, in_it.clone()).await.unwrap();
    let first = stage.follow(&end).await;
    assert_eq!(members(&first["value"][0]).len(), 1_000);
    assert!(first.get("@odata.deltaLink").is_none());
    let (changes, end) = round(&stage, first).await;
    known.learn(&json!({ "value": changes }));
    assert_eq!(known.of(&large), <[String; 0]>::default());
    assert_eq!(stage.follow(&end).await["value"], json!([]));
}

#[tokio::test]
async fn a_token_from_before_a_restored_backup_is_gone() {
    let stage = Stage::new().await;
    let people = people(&stage, 1).await;
    let crew = group(&stage, "Crew", &people).await;
    let (_, link) = round(&stage, stage.get("/groups/delta").await.json_of(200)).await;
    // The same server over data that has not come so far, as after an older copy was put back.
    let token = link.split("deltatoken=").nth(1).unwrap();
    let older = Stage::new().await;
    assert_eq!(older.house.contoso, stage.house.contoso, "the tests' houses are alike");
    for version in ["v1.0", "beta"] {
        let path = format!("{version}/groups/delta?$deltatoken={token}");
        let got = older.ask(&older.key, Method::GET, &path, Value::Null).await;
        got.refused(410, "syncStateNotFound");
        let begin = format!("https://muster.example/graph/{version}/groups/delta");
        assert_eq!(got.header("location"), begin);
    }
    // The control: where the token was given it is good.
    assert_eq!(stage.follow(&link).await["value"], json!([]), "{crew}");
}

#[tokio::test]
async fn members_are_for_keys_of_everything_and_of_this_tenant() {
    let stage = Stage::new().await;
    let application = stage.application("Passcodes").await;
    let reading = stage.new_key(&[KeyScope::ProvisioningRead]).await;
    let one = stage.new_key(&[KeyScope::ProvisioningOf(application)]).await;
    let people = people(&stage, 1).await;
    group(&stage, "Crew", &people).await;
    let (_, link) = round(&stage, stage.get("/groups/delta").await.json_of(200)).await;
    let path = link.strip_prefix("https://muster.example/graph/").unwrap();
    let ask = async |key: &str, path: &str| stage.ask(key, Method::GET, path, Value::Null).await;
    ask(&reading, path).await.json_of(200);
    ask(&one, path).await.refused(403, "Authorization_RequestDenied");
    let foreign = stage.foreign_key(&[KeyScope::Provisioning]).await;
    ask(&foreign, path).await.refused(400, "Request_BadRequest");
    assert_eq!(ask(&foreign, "v1.0/groups/delta").await.json_of(200)["value"], json!([]));
}

fn members(group: &Value) -> &[Value] {
    group["members@delta"].as_array().map_or(&[], Vec::as_slice)
}

/// What a client that keeps a copy knows.
#[derive(Default)]
struct Mirror(std::collections::BTreeMap<String, std::collections::BTreeSet<String>>);

impl Mirror {
    fn learn(&mut self, page: &Value) {
        for group in page["value"].as_array().unwrap() {
            let known = self.0.entry(group["id"].as_str().unwrap().to_owned()).or_default();
            for member in members(group) {
                let id = member["id"].as_str().unwrap();
                match member.get("@removed") {
                    None => drop(known.insert(id.to_owned())),
                    Some(_) => drop(known.remove(id)),
                }
            }
        }
    }

    fn of(&self, group: &str) -> Vec<String> {
        self.0[group].iter().cloned().collect()
    }
}

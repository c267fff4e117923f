//! A company of 42 people with managers and six groups, its application, and what its target should say.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;

use serde_json::{Value, json};

use super::Case;
use super::third_party::ThirdParty;
use crate::client::{Client, id_of, patch_body};
use crate::relay::Relay;
use crate::server::{PATIENCE, Ran, Server, Tenant, program};

pub(super) const APP: &str = "Third party";
const PEOPLE: usize = 42;
const ALLOW: &str = "127.0.0.0/8";

pub(super) struct Company {
    server: Server,
    tenant: Tenant,
    relay: Relay,
    pub(super) target: Client,
    people: Vec<String>,
    groups: BTreeMap<&'static str, String>,
    case: Case,
}

/// What is compared: path of the target and its value. Nothing is an absent value.
type Shown = BTreeMap<String, Value>;

/// Name and path of every mapped attribute, as both sides show it.
const USER_PATHS: [&str; 17] = [
    "userName",
    "active",
    "displayName",
    "title",
    "preferredLanguage",
    "name.givenName",
    "name.familyName",
    "name.formatted",
    "emails.work.value",
    "addresses.work.streetAddress",
    "addresses.work.locality",
    "addresses.work.country",
    "phoneNumbers.work.value",
    "phoneNumbers.mobile.value",
    "externalId",
    "employeeNumber",
    "department",
];

fn user_name(n: usize) -> String {
    format!("person{n:02}@contoso.example")
}

fn person(n: usize, manager: Option<&String>) -> Value {
    let mut body = json!({
        "schemas": [scim::urn::USER, scim::urn::ENTERPRISE_USER, scim::urn::DIRECTORY_USER],
        "userName": user_name(n),
        "displayName": format!("Person {n}"),
        "active": n % 10 != 9,
        "name": { "givenName": format!("Given{n}"), "familyName": format!("O'Family \"{n}\" Çelik") },
        "preferredLanguage": "en-GB",
        "emails": [{ "type": "work", "value": format!("mail{n:02}@contoso.example"), "primary": true }],
        "phoneNumbers": [{ "type": "work", "value": format!("+1 555 01{n:02}") }],
        scim::urn::ENTERPRISE_USER: { "employeeNumber": (7000 + n).to_string(), "department": (["Sales", "Support", "R&D"][n % 3]) },
        scim::urn::DIRECTORY_USER: { "mailNickname": format!("p{n}") },
    });
    // Some have what others lack.
    if n.is_multiple_of(2) {
        body["title"] = json!("Engineer");
        body["addresses"] = json!([{ "type": "work", "streetAddress": format!("{n} Road"), "locality": "Köln", "country": "DE" }]);
    }
    if let Some(manager) = manager {
        body[scim::urn::ENTERPRISE_USER]["manager"] = json!({ "value": manager });
    }
    body
}

impl Company {
    pub(super) async fn found(third_party: &ThirdParty, case: Case) -> Self {
        let target = third_party.client().await;
        let relay = Relay::to(third_party.address.clone()).await;
        let server = Server::start(&["--log", "error", "--provision-allow", ALLOW]);
        let tenant = server.tenant("Contoso");
        let mut company =
            Self { server, tenant, relay, target, people: Vec::new(), groups: BTreeMap::new(), case };
        company.hire().await;
        let url = format!("{}{}", company.relay.url, third_party.base);
        company.app(&[
            "create",
            APP,
            "--target-url",
            &url,
            "--secret-env",
            "APP_SECRET",
            "--dialect",
            case.dialect,
        ]);
        company.narrow_mapping();
        let mut assigned: Vec<&str> = company.groups.keys().copied().collect();
        let direct = user_name(40);
        assigned.push(&direct);
        company.app(&[&["assign", APP], &assigned[..]].concat());
        company.relay.taken();
        company
    }

    async fn hire(&mut self) {
        for n in 0..PEOPLE {
            // Five report to each; the last is nobody's colleague at the target, and has one report.
            let manager = n.checked_sub(1).and_then(|before| self.people.get(before / 5));
            let body = person(n, manager);
            self.people.push(id_of(&self.tenant.client.post("/Users", &body).await.expect(201)));
        }
        self.set_manager(7, PEOPLE - 1).await;
        let groups: [(&str, Vec<usize>); 6] = [
            ("Everybody", (0..40).collect()),
            ("Engineering", (0..40).step_by(2).collect()),
            ("Leads", (0..5).collect()),
            ("Sales & Support", vec![1, 3, 9]),
            ("One", vec![0]),
            ("Nobody", vec![]),
        ];
        for (name, members) in groups {
            let members: Vec<Value> = members.iter().map(|n| json!({ "value": self.people[*n] })).collect();
            let body = json!({ "schemas": [scim::urn::GROUP], "displayName": name, "members": members });
            let id = id_of(&self.tenant.client.post("/Groups", &body).await.expect(201));
            self.groups.insert(name, id);
        }
    }

    /// `muster app …`, which must succeed.
    pub(super) fn app(&self, arguments: &[&str]) -> Ran {
        let mut command = program();
        command.arg("app").args(arguments).arg("--data").arg(&self.server.data);
        command.args(["--tenant", &self.tenant.id]).env("APP_SECRET", &self.target.key);
        command.env("MUSTER_PROVISION_ALLOW", ALLOW).stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = command.spawn().unwrap().wait_with_output().unwrap();
        let ran = Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
        ran
    }

    fn narrow_mapping(&self) {
        let mut rules = self.app(&["mapping", "show", APP, "--json"]).json();
        if !self.case.references {
            let attributes = rules["mappings"][0]["attributes"].as_array_mut().unwrap();
            attributes.retain(|attribute| !attribute["target"].as_str().unwrap().ends_with(":manager"));
        }
        rules["mappings"][1]["enabled"] = self.case.groups.into();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rules.json");
        std::fs::write(&path, rules.to_string()).unwrap();
        self.app(&["mapping", "set", APP, &path.display().to_string()]);
    }

    pub(super) fn status(&self) -> Value {
        self.app(&["status", APP, "--json"]).json()
    }

    /// One more cycle, to its end; after a command, if one is given.
    pub(super) async fn any_cycle(&self, command: &[&str]) -> Value {
        let before = self.status()["cycles"][0]["id"].clone();
        self.app(&["pause", APP]);
        if let Some((verb, flags)) = command.split_first() {
            self.app(&[&[*verb, APP], flags].concat());
        }
        self.app(&["start", APP]);
        let began = std::time::Instant::now();
        loop {
            let status = self.status();
            let newest = status["cycles"][0].clone();
            if !newest["ended"].is_null() && newest["id"] != before {
                return newest;
            }
            assert!(began.elapsed() < PATIENCE, "{status:#}");
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    }

    /// One that completes without a failure.
    pub(super) async fn cycle(&self, command: &[&str], kind: &str) {
        let cycle = self.any_cycle(command).await;
        let failed = cycle["counts"].as_array().unwrap().iter().any(|count| count["status"] == "failure");
        if cycle["outcome"] != "completed" || failed {
            let logs = self.app(&["logs", APP, "--status", "failure", "--limit", "3", "--ndjson"]).stdout;
            panic!("{cycle:#}\n{logs}");
        }
        assert_eq!(cycle["kind"], kind, "{cycle:#}");
    }

    /// What was written at the target since the last time.
    pub(super) fn writes(&self) -> Vec<String> {
        self.relay.taken().into_iter().filter(|line| !line.starts_with("GET ")).collect()
    }

    async fn patch(&self, n: usize, operations: Value) {
        let path = format!("/Users/{}", self.people[n]);
        let reply = self.tenant.client.send("PATCH", &path, Some(&patch_body(&operations))).await;
        assert!(reply.status < 300, "{}", reply.text);
    }

    async fn set_manager(&self, n: usize, manager: usize) {
        let path = format!("{}:manager", scim::urn::ENTERPRISE_USER);
        let value = json!({ "value": self.people[manager] });
        self.patch(n, json!([{ "op": "replace", "path": path, "value": value }])).await;
    }

    async fn patch_group(&self, name: &str, operations: Value) {
        let path = format!("/Groups/{}", self.groups[name]);
        let reply = self.tenant.client.send("PATCH", &path, Some(&patch_body(&operations))).await;
        assert!(reply.status < 300, "{}", reply.text);
    }

    pub(super) async fn disable(&self, n: usize) {
        self.patch(n, json!([{ "op": "replace", "path": "active", "value": false }])).await;
    }

    /// Rename, mail, what was not there before, disable, enable, unassign, delete, managers, members, a group's name.
    pub(super) async fn first_changes(&self) {
        self.patch(
            1,
            json!([
            { "op": "replace", "path": "userName", "value": "renamed@contoso.example" },
            { "op": "replace", "path": "name.familyName", "value": "New" },
            { "op": "replace", "path": "displayName", "value": "Renamed" }]),
        )
        .await;
        self.patch(2, json!([{ "op": "replace", "path": "emails[type eq \"work\"].value", "value": "new@contoso.example" }]))
            .await;
        self.patch(3, json!([{ "op": "add", "path": "title", "value": "Lead" }])).await;
        self.disable(4).await;
        self.patch(9, json!([{ "op": "replace", "path": "active", "value": true }])).await;
        self.app(&["unassign", APP, &user_name(40)]);
        self.tenant.client.send("DELETE", &format!("/Users/{}", self.people[38]), None).await;
        self.set_manager(8, 3).await;
        self.patch_group("Leads", json!([{ "op": "replace", "path": "displayName", "value": "Team leads" }]))
            .await;
        let member = json!([{ "value": self.people[6] }]);
        self.patch_group("One", json!([{ "op": "add", "path": "members", "value": member }])).await;
        self.patch_group("Nobody", json!([{ "op": "add", "path": "members", "value": member }])).await;
        let path = format!("members[value eq \"{}\"]", self.people[0]);
        self.patch_group("Engineering", json!([{ "op": "remove", "path": path }])).await;
    }

    /// Reassign, rename again, an address for one who had none, a manager assigned at last, a group emptied and one deleted.
    pub(super) async fn second_changes(&self) {
        self.app(&["assign", APP, &user_name(40), &user_name(41)]);
        self.patch(1, json!([{ "op": "replace", "path": "userName", "value": user_name(1) }])).await;
        let address =
            json!([{ "type": "work", "streetAddress": "5 Way", "locality": "Oslo", "country": "NO" }]);
        if self.case.references {
            // By the RFC a new element is added whole; Entra names a part of what is not there, and these targets refuse that.
            self.patch(5, json!([{ "op": "add", "path": "addresses", "value": address }])).await;
        }
        self.patch(4, json!([{ "op": "replace", "path": "active", "value": true }])).await;
        self.set_manager(8, 0).await;
        self.patch_group("One", json!([{ "op": "remove", "path": "members" }])).await;
        self.tenant.client.send("DELETE", &format!("/Groups/{}", self.groups["Sales & Support"]), None).await;
    }

    pub(super) async fn at_target(&self, path: &str) -> Vec<Value> {
        let list = self.target.get(&format!("{path}?startIndex=1&count=200")).await.expect(200);
        let all = list["Resources"].as_array().cloned().unwrap_or_default();
        assert_eq!(list["totalResults"], all.len(), "one page: {list}");
        all
    }

    pub(super) async fn assert_mirrored(&self, when: &str) {
        if let Some(difference) = self.differences().await {
            panic!("{when}: {difference}");
        }
    }

    /// What the target says that it should not, or does not say; in words.
    pub(super) async fn differences(&self) -> Option<String> {
        let mut problems = Vec::new();
        let shown: BTreeMap<String, Value> = self
            .at_target("/Users")
            .await
            .into_iter()
            .map(|user| (user["userName"].as_str().unwrap().to_owned(), user))
            .collect();
        let (mut wanted, mut left) = (BTreeMap::new(), BTreeSet::new());
        for n in 0..PEOPLE {
            let reply = self.tenant.client.get(&format!("/Users/{}", self.people[n])).await;
            if reply.status == 404 {
                left.insert(user_name(n));
            } else {
                let name = reply.body["userName"].as_str().unwrap().to_owned();
                wanted.insert(name, reply.body);
            }
        }
        let assigned = self.assigned().await;
        let ids: BTreeMap<&str, &Value> = wanted
            .iter()
            .filter_map(|(name, source)| Some((source["id"].as_str()?, &shown.get(name)?["id"])))
            .collect();
        for (name, user) in &shown {
            let Some(source) = wanted.get(name) else {
                if !left.contains(name) || user["active"] != json!(false) {
                    problems.push(format!("{name} is at the target: {user}"));
                }
                continue;
            };
            if !assigned.contains(source["id"].as_str().unwrap()) {
                if user["active"] != json!(false) {
                    problems.push(format!("{name} is not disabled: {user}"));
                }
                continue;
            }
            let (source_shown, target_shown) = (self.of_source(source, &ids), self.of_target(user));
            if source_shown != target_shown {
                problems.push(format!("{name}:\nwanted {source_shown:?}\nshown  {target_shown:?}"));
            }
        }
        for (name, source) in &wanted {
            // Somebody disabled is not created, as with Entra.
            let due = assigned.contains(source["id"].as_str().unwrap()) && source["active"] == json!(true);
            if due && !shown.contains_key(name) {
                problems.push(format!("{name} is missing"));
            }
        }
        problems.extend(self.group_differences(&ids).await);
        (!problems.is_empty()).then(|| problems.join("\n"))
    }

    /// Ids in the directory of who is assigned, directly or through a group.
    async fn assigned(&self) -> BTreeSet<String> {
        let mut ids = BTreeSet::new();
        let list = self.app(&["assignments", APP, "--json"]).json();
        for row in list["assignments"].as_array().unwrap() {
            let id = row["id"].as_str().unwrap().to_owned();
            if self.groups.values().any(|group| *group == id) {
                let group = self.tenant.client.get(&format!("/Groups/{id}")).await;
                ids.extend(members(&group.body));
            }
            ids.insert(id);
        }
        ids
    }

    fn of_source(&self, source: &Value, ids: &BTreeMap<&str, &Value>) -> Shown {
        let mut shown = flat(source);
        let text = |path: &str| source["name"][path].as_str().unwrap_or_default().to_owned();
        shown.insert("name.formatted".into(), format!("{} {}", text("givenName"), text("familyName")).into());
        match source[scim::urn::DIRECTORY_USER].get("mailNickname") {
            Some(nickname) => drop(shown.insert("externalId".into(), nickname.clone())),
            None => drop(shown.remove("externalId")),
        }
        let manager = source[scim::urn::ENTERPRISE_USER]["manager"]["value"].as_str();
        if let Some(id) = manager.filter(|_| self.case.references).and_then(|manager| ids.get(manager)) {
            shown.insert("manager".into(), (*id).clone());
        }
        shown
    }

    fn of_target(&self, user: &Value) -> Shown {
        let mut shown = flat(user);
        if let Some(id) = user[scim::urn::ENTERPRISE_USER]["manager"].get("value") {
            shown.insert("manager".into(), id.clone());
        }
        shown
    }

    async fn group_differences(&self, ids: &BTreeMap<&str, &Value>) -> Vec<String> {
        let mut wanted = BTreeMap::new();
        for id in self.groups.values() {
            let reply = self.tenant.client.get(&format!("/Groups/{id}")).await;
            if reply.status == 200 {
                let members: BTreeSet<String> = members(&reply.body)
                    .iter()
                    .filter_map(|member| ids.get(member.as_str())?.as_str().map(str::to_owned))
                    .collect();
                let name = reply.body["displayName"].as_str().unwrap().to_owned();
                wanted.insert(name, (json!(id), members));
            }
        }
        if !self.case.groups {
            wanted.clear();
        }
        let mut shown = BTreeMap::new();
        for group in self.at_target("/Groups").await {
            let whole =
                self.target.get(&format!("/Groups/{}", group["id"].as_str().unwrap())).await.expect(200);
            let name = whole["displayName"].as_str().unwrap().to_owned();
            let list = members(&whole);
            let set: BTreeSet<String> = list.iter().cloned().collect();
            assert_eq!(list.len(), set.len(), "nobody is a member twice: {whole}");
            shown.insert(name, (whole["externalId"].clone(), set));
        }
        if wanted == shown {
            Vec::new()
        } else {
            vec![format!("groups:\nwanted {wanted:?}\nshown  {shown:?}")]
        }
    }
}

fn members(group: &Value) -> Vec<String> {
    let all = group["members"].as_array().cloned().unwrap_or_default();
    all.iter().filter_map(|member| member["value"].as_str().map(str::to_owned)).collect()
}

/// The mapped attributes that have a value, by their paths.
fn flat(user: &Value) -> Shown {
    let value = |path: &str| -> Option<Value> {
        let parts: Vec<&str> = path.split('.').collect();
        match parts[..] {
            ["employeeNumber" | "department"] => user[scim::urn::ENTERPRISE_USER].get(path).cloned(),
            [list, kind, sub] => {
                let all = user[list].as_array()?;
                let element: Vec<&Value> = all.iter().filter(|element| element["type"] == kind).collect();
                assert!(element.len() < 2, "one {kind} of {list}: {user}");
                element.first()?.get(sub).cloned()
            }
            [name, sub] => user[name].get(sub).cloned(),
            _ => user.get(path).cloned(),
        }
    };
    USER_PATHS
        .iter()
        .filter_map(|path| Some(((*path).to_owned(), value(path).filter(|v| !v.is_null())?)))
        .collect()
}

//! Users and groups of an application: picked, assigned, looked for, taken out; and what a user's and a group's own page
//! say of it.

use directory::{Kind, Precondition};
use http::StatusCode;
use jiff::Timestamp;
use provision::application::{Application, Details, Role};
use serde_json::json;
use store::{LinkRow, LogEntry};

use super::applications::quarantined;
use super::headers::assert_quiet;
use super::{Browser, Got, House};

/// Two applications' worth of people: ada and alan in Rail, grace by herself.
struct Crowd {
    house: House,
    application: Application,
    ada: String,
    alan: String,
    grace: String,
    rail: String,
}

impl Crowd {
    async fn new() -> Self {
        let house = House::new().await;
        let application = house.application("Tracker").await;
        let (ada, alan, grace) =
            (house.user("ada").await, house.user("alan").await, house.user("grace").await);
        let rail = house.group("Rail", &[&ada, &alan]).await;
        Self { house, application, ada, alan, grace, rail }
    }

    fn path(&self, tail: &str) -> String {
        self.house.apps(&format!("/{}/users{tail}", self.application.id))
    }

    async fn assign(&self, objects: &[(Kind, &String)]) {
        let objects = objects.iter().map(|(kind, id)| (*kind, (*id).clone())).collect();
        self.house.app.provisioning.assign(self.house.cx(), &self.application.id, objects, "").await.unwrap();
    }

    /// Users and groups that are assigned.
    async fn assigned(&self) -> (u64, u64) {
        let provisioning = &self.house.app.provisioning;
        provisioning.assignment_counts(&self.house.contoso, &self.application.id).await.unwrap()
    }

    async fn link(&self, source: &str, managed: bool) {
        let at: Timestamp = "2026-03-01T11:30:00Z".parse().unwrap();
        let row = LinkRow {
            source_id: source.to_owned(),
            kind: Kind::User,
            target_id: format!("t-{source}"),
            name: source.to_owned(),
            managed,
            disabled: false,
            via: None,
            linked: at,
            updated: at,
        };
        let id = self.application.id.clone();
        self.house.store.tenant(&self.house.contoso).write(move |w| w.put_link(&id, &row)).await.unwrap();
    }
}

/// The values that a form would send on: boxes that are ticked, and hidden fields.
fn members(page: &str) -> Vec<String> {
    let inputs = page.split("<input").skip(1).map(|rest| rest.split_once('>').unwrap().0);
    let carried = inputs.filter(|input| input.contains("name=\"member\""));
    let carried = carried.filter(|input| input.contains("type=\"hidden\"") || input.contains(" checked"));
    let value = |input: &str| input.split_once("value=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
    carried.map(value).collect()
}

fn named<'a>(members: &'a [String], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    members.iter().map(|member| ("member", member.as_str())).chain(more.iter().copied()).collect()
}

async fn send(browser: &Browser<'_>, path: &str, fields: &[(&str, &str)]) -> Got {
    let got = browser.post(path, fields).await;
    assert_eq!(got.status, StatusCode::OK, "{path}");
    assert_quiet(&got.text);
    got
}

#[tokio::test(flavor = "multi_thread")]
async fn picked_in_two_searches_and_assigned_at_the_end_only() {
    let crowd = Crowd::new().await;
    let browser = crowd.house.signed_in("app-admin").await;
    let list = browser.get(&crowd.path("")).await.text;
    assert!(list.contains("No users or groups assigned") && list.contains("Add user/group"), "{list}");
    let add = browser.get(&crowd.path("/add")).await.text;
    assert!(add.contains("None Selected") && add.contains("disabled>Assign"), "{add}");
    let all = send(&browser, &crowd.path("/pick"), &[]).await.text;
    assert!(all.contains("4 matches") && members(&all).is_empty(), "{all}");
    let first = send(&browser, &crowd.path("/pick"), &[("q", "LAN")]).await.text;
    assert!(first.contains("1 match<") && !first.contains(">grace"), "{first}");
    let ada = format!("users/{}", crowd.ada);
    // Ticked, and then something else is searched: the tick stays, though its row is gone.
    let second = send(&browser, &crowd.path("/pick"), &[("member", &ada), ("q", "rail"), ("kind", "groups")])
        .await
        .text;
    assert!(second.contains("1 match<") && second.contains("1 user selected"), "{second}");
    assert_eq!(members(&second), std::slice::from_ref(&ada));
    let both = [ada.clone(), format!("groups/{}", crowd.rail)];
    let third = send(&browser, &crowd.path("/pick"), &named(&both, &[("q", "rail")])).await.text;
    assert_eq!(members(&third), both, "hidden, and ticked in its row");
    let selected = send(&browser, &crowd.path("/selected"), &named(&both, &[])).await.text;
    assert!(
        selected.contains("1 user and 1 group selected") && !selected.contains("disabled>Assign"),
        "{selected}"
    );
    assert_eq!(members(&selected), both);
    assert_eq!(crowd.assigned().await, (0, 0), "leaving now assigns nobody");
    let got = browser.post(&crowd.path("/add"), &named(&both, &[])).await;
    assert_eq!(got.location(), crowd.path(""));
    let list = browser.get(got.location()).await.text;
    for word in
        ["2 users and groups assigned to Tracker.", "1 user, 1 group", ">ada<", ">Rail<", "Default Access"]
    {
        assert!(list.contains(word), "{word}: {list}");
    }
    assert_eq!(crowd.assigned().await, (1, 1));
    assert_eq!(crowd.house.audited("application.assign").await[0]["count"], 2);
    let again = send(&browser, &crowd.path("/pick"), &[]).await.text;
    assert_eq!(again.matches("Assigned already").count(), 2, "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_selection_is_taken_back_one_by_one_or_as_a_whole() {
    let crowd = Crowd::new().await;
    let browser = crowd.house.signed_in("app-admin").await;
    let both = [format!("users/{}", crowd.ada), format!("groups/{}", crowd.rail)];
    for path in ["/pick", "/selected"] {
        let got = send(&browser, &crowd.path(path), &named(&both, &[("drop", &both[0])])).await.text;
        assert_eq!(members(&got), both[1..], "{path}");
        assert!(got.contains("1 group selected"), "{path}");
    }
    // Opened with ada, Rail ticked, then cancelled: ada stays.
    let opened = send(&browser, &crowd.path("/pick"), &[("member", &both[0])]).await.text;
    assert!(opened.contains(&format!("name=\"before\" value=\"{}\"", both[0])), "{opened}");
    let more = [("picking", "yes"), ("before", both[0].as_str()), ("cancel", "yes")];
    let back = send(&browser, &crowd.path("/selected"), &named(&both, &more)).await.text;
    assert_eq!(members(&back), both[..1]);
    let kept = send(&browser, &crowd.path("/pick"), &named(&both, &more[..2])).await.text;
    assert_eq!(
        kept.matches("name=\"before\"").count(),
        1,
        "what was chosen at first is remembered, not what is ticked"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_and_those_who_are_gone_are_not_assigned() {
    let crowd = Crowd::new().await;
    let browser = crowd.house.signed_in("app-admin").await;
    let got = browser.post(&crowd.path("/add"), &[]).await;
    assert_eq!(got.status, StatusCode::BAD_REQUEST);
    assert!(got.text.contains("Select at least one user or group"), "{}", got.text);
    let gone = format!("users/{}", crowd.alan);
    crowd
        .house
        .directory
        .delete(crowd.house.cx(), Kind::User, &crowd.alan, Precondition::None)
        .await
        .unwrap();
    let both = [format!("users/{}", crowd.ada), gone];
    let got = browser.post(&crowd.path("/add"), &named(&both, &[])).await;
    assert_eq!(got.status, StatusCode::BAD_REQUEST);
    assert!(got.text.contains("not in the directory any more"), "{}", got.text);
    assert_eq!(members(&got.text), both[..1], "the others stay selected");
    assert_eq!(crowd.assigned().await, (0, 0));
    let got = browser.post(&crowd.path("/add"), &[("member", &both[0]), ("role", "no such role")]).await;
    assert_eq!(got.status, StatusCode::BAD_REQUEST);
    assert!(got.text.contains("has no role"), "{}", got.text);
    let many: Vec<String> = (0..1_001).map(|index| format!("users/{index}")).collect();
    let got = browser.post(&crowd.path("/add"), &named(&many, &[])).await;
    assert_eq!(got.status, StatusCode::BAD_REQUEST);
    assert!(got.text.contains("At most 1,000"), "{}", got.text);
    assert_eq!(crowd.assigned().await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_chosen_where_there_are_roles() {
    let crowd = Crowd::new().await;
    let browser = crowd.house.signed_in("app-admin").await;
    assert!(!browser.get(&crowd.path("/add")).await.text.contains("name=\"role\""));
    let role = Role {
        id: "r1".into(),
        value: "editor".into(),
        display_name: "Editor <1>".into(),
        description: String::new(),
        enabled: true,
    };
    let details = Details { roles: vec![role], ..crowd.application.details.clone() };
    let provisioning = &crowd.house.app.provisioning;
    let id = &crowd.application.id;
    provisioning.update_application(crowd.house.cx(), id, "Tracker", details).await.unwrap();
    let ada = format!("users/{}", crowd.ada);
    let pick = send(&browser, &crowd.path("/pick"), &[("role", "r1")]).await;
    assert_eq!(pick.field("role"), "r1", "the picker carries it");
    let add = send(&browser, &crowd.path("/selected"), &[("member", &ada), ("role", "r1")]).await.text;
    assert!(add.contains("<option value=\"r1\" selected>Editor &lt;1&gt;</option>"), "{add}");
    browser.post(&crowd.path("/add"), &[("member", &ada), ("role", "r1")]).await;
    assert!(browser.get(&crowd.path("")).await.text.contains("Editor &lt;1&gt;"));
    let user =
        browser.get(&format!("/t/{}/users/{}/applications", crowd.house.contoso, crowd.ada)).await.text;
    assert!(user.contains("assigned directly") && user.contains("Editor &lt;1&gt;"), "{user}");
}

#[tokio::test(flavor = "multi_thread")]
async fn assignments_are_removed_after_their_meaning_was_said_in_numbers() {
    let crowd = Crowd::new().await;
    let browser = crowd.house.signed_in("app-admin").await;
    crowd.assign(&[(Kind::Group, &crowd.rail), (Kind::User, &crowd.ada), (Kind::User, &crowd.grace)]).await;
    crowd.link(&crowd.alan, true).await;
    let nothing = browser.post(&crowd.path("/remove"), &[]).await;
    assert!(browser.get(nothing.location()).await.text.contains("nothing was changed"));
    for (ids, words) in [
        (
            vec![&crowd.rail],
            ["Remove 1 assignment from Tracker?", "1 user leaves scope", "disables 1 account"],
        ),
        (vec![&crowd.ada], ["Remove 1 assignment", "No user leaves scope", "ada"]),
        (
            vec![&crowd.rail, &crowd.ada, &crowd.grace],
            ["Remove 3 assignments", "3 users leave scope", "disables 1 account"],
        ),
        (
            vec![&crowd.grace],
            ["Remove 1 assignment", "1 user leaves scope", "None of them has been provisioned"],
        ),
    ] {
        let fields: Vec<(&str, &str)> = ids.iter().map(|id| ("member", id.as_str())).collect();
        let asked = send(&browser, &crowd.path("/remove"), &fields).await.text;
        for word in words {
            assert!(asked.contains(word), "{word}: {asked}");
        }
        assert_eq!(members(&asked).len(), ids.len());
    }
    assert_eq!(crowd.assigned().await, (2, 1), "asking removes nobody");
    let sure = [("member", crowd.rail.as_str()), ("member", crowd.ada.as_str()), ("sure", "yes")];
    let got = browser.post(&crowd.path("/remove"), &sure).await;
    let list = browser.get(got.location()).await.text;
    assert!(list.contains("2 assignments removed.") && list.contains(">grace<"), "{list}");
    assert_eq!(crowd.assigned().await, (1, 0));
    assert_eq!(crowd.house.audited("application.unassign").await[0]["count"], 2);
    let late = browser.post(&crowd.path("/remove"), &[("member", crowd.rail.as_str())]).await;
    assert!(browser.get(late.location()).await.text.contains("not assigned any more"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_searched_and_paged_and_a_reader_changes_nothing() {
    let crowd = Crowd::new().await;
    let house = &crowd.house;
    let mut ids = Vec::new();
    for index in 0..30 {
        ids.push(house.user(&format!("user{index:02}")).await);
    }
    let objects: Vec<(Kind, &String)> =
        ids.iter().map(|id| (Kind::User, id)).chain([(Kind::Group, &crowd.rail)]).collect();
    crowd.assign(&objects).await;
    house.directory.delete(house.cx(), Kind::User, &ids[29], Precondition::None).await.unwrap();
    let browser = house.signed_in("reader").await;
    for (query, rows, words) in [
        ("", 24, "30 users, 1 group"),
        ("?page=1", 24, "Not in the directory any more"),
        ("?page=2", 6, "Object type"),
        ("?size=50", 30, "31"),
        ("?q=SER1", 10, "10 matches"),
        ("?q=rail", 1, "1 match"),
        ("?q=%25", 0, "No assignment matches"),
    ] {
        let page = browser.get(&crowd.path(query)).await.text;
        assert_quiet(&page);
        assert_eq!(page.matches("data-row").count(), rows, "{query}");
        assert!(page.contains(words), "{query}: {page}");
        for button in ["Add user/group", "Remove selected", "type=\"checkbox\""] {
            assert!(!page.contains(button), "{query}: a reader sees {button}");
        }
    }
    let beyond = browser.get(&crowd.path("?page=9")).await;
    assert_eq!(beyond.location(), crowd.path("?page=2"));
    let bad = browser.get(&house.apps("/none/users")).await;
    assert_eq!(bad.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_and_a_group_say_why_they_are_in_scope_and_what_they_are_there() {
    let crowd = Crowd::new().await;
    let house = &crowd.house;
    crowd.assign(&[(Kind::Group, &crowd.rail), (Kind::User, &crowd.grace)]).await;
    crowd.link(&crowd.ada, true).await;
    let other = house.application("Wiki").await;
    house.dress(&other, true, "Active", quarantined()).await;
    let entry = LogEntry {
        application: crowd.application.id.clone(),
        cycle: None,
        at: "2026-03-01T11:30:00Z".parse().unwrap(),
        duration_us: 1,
        kind: Kind::User,
        action: "create".into(),
        status: "failure".into(),
        source_id: crowd.ada.clone(),
        source_name: "ada".into(),
        target_id: None,
        code: Some("EntryConflict".into()),
        summary: "The target says <no>.".into(),
        actor: "provisioning".into(),
        document: "{}".into(),
    };
    house.store.tenant(&house.contoso).write(move |w| w.append_provisioning_log(&entry)).await.unwrap();
    let browser = house.signed_in("reader").await;
    let page = async |kind: &str, id: &str| {
        let got = browser.get(&format!("/t/{}/{kind}/{id}/applications", house.contoso)).await;
        assert_eq!(got.status, StatusCode::OK, "{kind}");
        assert_quiet(&got.text);
        assert!(!got.text.contains("Wiki"), "nobody is in scope of it");
        got.text
    };
    let ada = page("users", &crowd.ada).await;
    for word in [
        ">Tracker<",
        "assigned through group",
        &format!("groups/{}\">Rail</a>", crowd.rail),
        &format!("t-{}", crowd.ada),
        "Failure",
        "EntryConflict",
        "The target says &lt;no&gt;.",
    ] {
        assert!(ada.contains(word), "{word}: {ada}");
    }
    let grace = page("users", &crowd.grace).await;
    assert!(
        grace.contains("assigned directly") && grace.contains("provisioning is not configured"),
        "{grace}"
    );
    let rail = page("groups", &crowd.rail).await;
    assert!(rail.contains("assigned directly"), "{rail}");
    let nobody = house.user("nobody").await;
    assert!(page("users", &nobody).await.contains("In scope of no application"));
    house.dress(&crowd.application, true, "Paused", json!({})).await;
    assert!(page("users", &crowd.grace).await.contains("has not been started"));
    for kind in ["users", "groups"] {
        let got = browser.get(&format!("/t/{}/{kind}/none/applications", house.contoso)).await;
        assert_eq!(got.status, StatusCode::NOT_FOUND, "{kind}");
    }
}

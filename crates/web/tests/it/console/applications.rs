//! Enterprise applications: made, described, looked for, deleted; what a page says of each state.

use directory::AuditQuery;
use http::StatusCode;
use provision::application::{Application, Template};
use serde_json::{Value, json};

use super::headers::assert_quiet;
use super::{Browser, Got, House};

impl House {
    pub(super) fn apps(&self, tail: &str) -> String {
        format!("/t/{}/apps{tail}", self.contoso)
    }

    pub(super) async fn application(&self, name: &str) -> Application {
        self.app.provisioning.create_application(self.cx(), name, Template::Scim).await.unwrap()
    }

    /// Audit rows by action, the newest first.
    pub(super) async fn audited(&self, action: &str) -> Vec<Value> {
        let query = AuditQuery { limit: 500, ..AuditQuery::default() };
        let rows = self.directory.audit(&self.contoso, query).await.unwrap();
        rows.into_iter().filter(|row| row.action == action).map(|row| row.detail).collect()
    }

    /// What only a configuration and cycles bring about, written as they would.
    pub(super) async fn dress(
        &self,
        of: &Application,
        connected: bool,
        schedule: &'static str,
        state: Value,
    ) {
        let id = of.id.clone();
        let write = move |write: &store::TenantWrite<'_>| {
            let mut row = write.job(&id)?.unwrap();
            if connected {
                let mut config: Value = serde_json::from_str(&row.config).unwrap();
                config["connection"] = json!({ "tenantUrl": "https://scim.target.example/v2" });
                row.config = config.to_string();
            }
            row.schedule = schedule.to_owned();
            row.next = (schedule == "Active").then(|| "2026-03-01T16:00:00Z".parse().unwrap());
            row.state = state.to_string();
            write.update_job(&row)
        };
        assert!(self.store.tenant(&self.contoso).write(write).await.unwrap());
    }
}

pub(super) fn quarantined() -> Value {
    json!({ "lastBegan": "2026-03-01T10:00:00Z", "quarantine": {
        "reason": "EncounteredQuarantineException", "message": "The target answers 401 <b>unauthorized</b>.",
        "currentBegan": "2026-03-01T10:00:00Z", "seriesBegan": "2026-03-01T10:00:00Z", "seriesCount": 1,
        "nextAttempt": "2026-03-01T16:00:00Z",
    } })
}

async fn shows(browser: &Browser<'_>, path: &str, words: &[&str]) -> Got {
    let got = browser.get(path).await;
    assert_eq!(got.status, StatusCode::OK, "{path}");
    assert_quiet(&got.text);
    for word in words {
        assert!(got.text.contains(word), "{path} lacks {word}: {}", got.text);
    }
    got
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_is_created_is_listed_and_opens() {
    let house = House::new().await;
    let browser = house.signed_in("app-admin").await;
    let empty = shows(&browser, &house.apps(""), &["No applications yet", "New application"]).await;
    assert!(!empty.text.contains("type=\"search\""), "nothing to search yet");
    shows(
        &browser,
        &house.apps("/new"),
        &["Custom SCIM application", "Muster tenant", "Create your own application"],
    )
    .await;
    let form =
        shows(&browser, &house.apps("/new/own"), &["find in the gallery (Non-gallery)", ">Add<"]).await;
    let template = form.field("template");
    let fields = [("name", "  Visual Passcodes "), ("template", template.as_str())];
    let got = browser.post(&house.apps("/new/own"), &fields).await;
    assert_eq!(got.status, StatusCode::SEE_OTHER);
    let page = got.location().to_owned();
    shows(
        &browser,
        &page,
        &[
            "Visual Passcodes created.",
            "<h1>Visual Passcodes</h1>",
            "Not configured",
            "Get started",
            "Assign users and groups",
            "Provision user accounts",
        ],
    )
    .await;
    shows(&browser, &house.apps(""), &["1 application", ">Visual Passcodes<", "Not configured", &page]).await;
    assert_eq!(house.audited("application.create").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_of_the_gallery_is_kept() {
    let house = House::new().await;
    let browser = house.signed_in("app-admin").await;
    let found = shows(&browser, &house.apps("/new?q=MUSTER"), &["1 template", "Muster tenant"]).await;
    assert!(!found.text.contains("Custom SCIM application</strong>"));
    shows(&browser, &house.apps("/new?q=zzz"), &["No template matches", "Create your own application"]).await;
    let id = Template::MusterTenant.id();
    let form =
        shows(&browser, &house.apps(&format!("/new/own?template={id}")), &["Muster tenant</h1>"]).await;
    assert!(form.text.contains(&format!("value=\"{id}\" checked")), "{}", form.text);
    let got = browser.post(&house.apps("/new/own"), &[("name", "Passcodes"), ("template", id)]).await;
    shows(&browser, got.location(), &["Muster tenant"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_cannot_be_is_refused_with_what_was_typed() {
    let house = House::new().await;
    house.application("Taken").await;
    let browser = house.signed_in("app-admin").await;
    let long = "x".repeat(121);
    for (name, status, why) in [
        ("", StatusCode::BAD_REQUEST, "Give the application a name"),
        ("   ", StatusCode::BAD_REQUEST, "Give the application a name"),
        ("tAKEN", StatusCode::CONFLICT, "There is an application named"),
        (&long, StatusCode::BAD_REQUEST, "at most 120 characters"),
        ("a\u{202e}b", StatusCode::BAD_REQUEST, "Control characters"),
    ] {
        let fields = [("name", name), ("template", Template::MusterTenant.id())];
        let got = browser.post(&house.apps("/new/own"), &fields).await;
        assert_eq!(got.status, status, "{name}");
        assert!(got.text.contains("id=\"name-error\"") && got.text.contains(why), "{name}: {}", got.text);
        assert!(got.text.contains(&format!("value=\"{}\"", name.trim())), "{name} is kept");
        assert!(got.text.contains(&format!("value=\"{}\" checked", Template::MusterTenant.id())), "{name}");
    }
    let all = house.app.provisioning.applications(&house.contoso).await.unwrap();
    assert_eq!(all.len(), 1, "nothing was created");
}

/// Five applications, one in each state.
async fn one_of_each(house: &House) {
    let began = json!({ "lastBegan": "2026-03-01T11:00:00Z" });
    for (name, connected, schedule, state) in [
        ("Alpha", false, "Paused", json!({})),
        ("Beta", true, "Paused", json!({})),
        ("Gamma", true, "Active", began.clone()),
        ("Delta", true, "Paused", began),
        ("Epsilon", true, "Active", quarantined()),
    ] {
        let made = house.application(name).await;
        house.dress(&made, connected, schedule, state).await;
        house.clock.advance(jiff::SignedDuration::from_secs(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_narrowed_by_its_url() {
    let house = House::new().await;
    one_of_each(&house).await;
    let browser = house.signed_in("reader").await;
    for (query, names) in [
        ("", &["Alpha", "Beta", "Delta", "Epsilon", "Gamma"][..]),
        ("?order=down", &["Gamma", "Epsilon", "Delta", "Beta", "Alpha"]),
        ("?sort=created", &["Alpha", "Beta", "Gamma", "Delta", "Epsilon"]),
        ("?status=not-configured", &["Alpha"]),
        ("?status=not-run", &["Beta"]),
        ("?status=active", &["Gamma"]),
        ("?status=paused", &["Delta"]),
        ("?status=quarantine", &["Epsilon"]),
        ("?q=LTA", &["Delta"]),
        ("?q=ta&status=paused", &["Delta"]),
        ("?q=ta&status=active", &[]),
        ("?status=unknown&page=9&size=3", &["Alpha", "Beta", "Delta", "Epsilon", "Gamma"]),
    ] {
        let mut got = browser.get(&house.apps(query)).await;
        if got.status == StatusCode::SEE_OTHER {
            got = browser.get(got.location()).await;
        }
        let shown: Vec<&str> =
            got.text.split("data-row>").skip(1).map(|rest| rest.split_once('<').unwrap().0).collect();
        assert_eq!(shown, names, "{query}");
    }
    let words = ["Not configured (1)", "Not run (1)", "Active (1)", "Paused (1)", "Quarantine (1)"];
    let all = shows(&browser, &house.apps(""), &words).await;
    assert!(!all.text.contains("New application"), "a reader creates nothing");
    shows(&browser, &house.apps("?q=zzz"), &["No application matches", "Show all applications"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_quarantine_is_said_where_it_is_looked_for() {
    let house = House::new().await;
    one_of_each(&house).await;
    let browser = house.signed_in("reader").await;
    let home = shows(
        &browser,
        &format!("/t/{}", house.contoso),
        &[
            "Provisioning into <strong>Epsilon</strong> is in quarantine",
            "Tried again",
            "Restart provisioning",
        ],
    )
    .await;
    assert!(home.text.contains("&lt;b&gt;unauthorized&lt;/b&gt;"), "the target's words are quoted");
    for other in ["Alpha", "Beta", "Gamma", "Delta"] {
        assert!(!home.text.contains(&format!("<strong>{other}</strong>")), "{other} needs no attention");
    }
    let epsilon = house.app.provisioning.application_named(&house.contoso, "epsilon").await.unwrap();
    let page = house.apps(&format!("/{}", epsilon.id));
    shows(
        &browser,
        &page,
        &["Provisioning is in quarantine", "https://scim.target.example/v2", "role=\"alert\""],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn name_and_description_are_changed_by_those_who_may() {
    let house = House::new().await;
    house.application("Other").await;
    let made = house.application("Tracker").await;
    let path = house.apps(&format!("/{}/properties", made.id));
    let reader = house.signed_in("reader").await;
    let seen = shows(&reader, &path, &["Tracker | Properties", &made.id]).await;
    for word in [">Save<", "Delete application", "name=\"description\""] {
        assert!(!seen.text.contains(word), "a reader sees {word}");
    }
    let browser = house.signed_in("app-admin").await;
    let fields = [("name", "Issues"), ("description", "Line one\r\nLine <two>")];
    assert_eq!(browser.post(&path, &fields).await.location(), path);
    shows(&browser, &path, &["Issues saved.", "Line one\nLine &lt;two&gt;"]).await;
    browser.post(&path, &fields).await;
    shows(&browser, &path, &["Nothing was changed."]).await;
    assert_eq!(house.audited("application.update").await.len(), 1);
    let long = "x".repeat(2_001);
    for (name, description, marked) in
        [("", "kept", "name"), ("OTHER", "kept", "name"), ("Fine", long.as_str(), "description")]
    {
        let got = browser.post(&path, &[("name", name), ("description", description)]).await;
        assert_eq!(got.status, StatusCode::BAD_REQUEST, "{name}");
        assert!(got.text.contains(&format!("id=\"{marked}-error\"")), "{name}: {}", got.text);
        assert!(got.text.contains(&format!(">{description}</textarea>")), "{name}: what was typed is kept");
    }
    let after = house.app.provisioning.application(&house.contoso, &made.id).await.unwrap();
    assert_eq!((after.name.as_str(), after.details.template), ("Issues", Template::Scim));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_is_deleted_by_its_name_only() {
    let house = House::new().await;
    let made = house.application("Tracker").await;
    let (ada, group) = (house.user("ada").await, house.group("Rail", &[]).await);
    let objects = vec![(directory::Kind::User, ada), (directory::Kind::Group, group)];
    house.app.provisioning.assign(house.cx(), &made.id, objects, "").await.unwrap();
    let browser = house.signed_in("app-admin").await;
    let path = house.apps(&format!("/{}/delete", made.id));
    shows(&browser, &path, &["Delete Tracker?", "2 assignments (1 user, 1 group)", "cannot be undone"]).await;
    for typed in ["", "tracker", "Tracker 2"] {
        let got = browser.post(&path, &[("confirmation", typed)]).await;
        assert_eq!(got.status, StatusCode::BAD_REQUEST, "{typed}");
        assert!(got.text.contains("nothing was deleted") && got.text.contains(&format!("value=\"{typed}\"")));
    }
    assert_eq!(house.app.provisioning.applications(&house.contoso).await.unwrap().len(), 1);
    let got = browser.post(&path, &[("confirmation", "Tracker")]).await;
    assert_eq!(got.location(), house.apps(""));
    shows(&browser, &house.apps(""), &["Tracker deleted.", "No applications yet"]).await;
    assert_eq!(browser.get(&house.apps(&format!("/{}", made.id))).await.status, StatusCode::NOT_FOUND);
    assert_eq!(house.audited("application.delete").await[0]["assignedUsers"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lesser_role_is_told_which_one_it_takes() {
    let house = House::new().await;
    let made = house.application("Tracker").await;
    let ada = house.user("ada").await;
    let reader = house.signed_in("reader").await;
    for tail in ["/new", "/new/own", &format!("/{}/delete", made.id), &format!("/{}/users/add", made.id)] {
        let got = reader.get(&house.apps(tail)).await;
        assert_eq!(got.status, StatusCode::FORBIDDEN, "{tail}");
        assert!(got.text.contains("takes the role Application Administrator"), "{tail}");
    }
    let member = format!("users/{ada}");
    for (tail, fields) in [
        ("/new/own".to_owned(), vec![("name", "x")]),
        (format!("/{}/properties", made.id), vec![("name", "x")]),
        (format!("/{}/delete", made.id), vec![("name", "Tracker")]),
        (format!("/{}/users/add", made.id), vec![("member", member.as_str())]),
        (format!("/{}/users/pick", made.id), vec![]),
        (format!("/{}/users/selected", made.id), vec![]),
        (format!("/{}/users/remove", made.id), vec![("member", ada.as_str()), ("sure", "yes")]),
    ] {
        let got = reader.post(&house.apps(&tail), &fields).await;
        assert_eq!(got.status, StatusCode::FORBIDDEN, "{tail}");
        assert!(got.text.contains("takes the role Application Administrator"), "{tail}");
        let admin = house.signed_in("app-admin").await;
        let mut forged = fields.clone();
        forged.push(("csrf", "forged"));
        let got = admin.post_raw(&house.apps(&tail), &forged).await;
        assert_eq!(got.status, StatusCode::FORBIDDEN, "{tail}");
        assert!(got.text.contains("This form is no longer valid"), "{tail}");
    }
    let (users, _) = house.app.provisioning.assignment_counts(&house.contoso, &made.id).await.unwrap();
    let all = house.app.provisioning.applications(&house.contoso).await.unwrap();
    assert_eq!((users, all.len(), all[0].0.name.as_str()), (0, 1, "Tracker"), "nothing was changed");
}

//! Provision on demand: one user, one group, and what is not in scope.

use directory::Kind;
use http::StatusCode;
use provision::alias::ObjectKind;

use super::Ground;

#[tokio::test(flavor = "multi_thread")]
async fn one_user_is_provisioned_on_demand_with_every_step_shown() {
    let ground = Ground::configured().await;
    let ada = ground.person("ada@contoso.example", "Ada", "Lovelace").await;
    let bob = ground.person("bob@contoso.example", "Bob", "Stranger").await;
    ground.assign(Kind::User, &ada).await;
    let browser = ground.house.signed_in("app-admin").await;
    let page = ground.page("/on-demand");
    let found = browser.get(&format!("{page}?q=lovelace")).await;
    assert!(found.text.contains(&format!("{page}?object={ada}")) && !found.text.contains(&bob));
    let chosen = browser.get(&format!("{page}?object={ada}")).await;
    assert!(chosen.text.contains(">Provision</button>"));
    let got = browser.post(&page, &[("kind", "users"), ("object", &ada)]).await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.text);
    for words in [
        "Import",
        "Determine if in scope",
        "Match between source and target",
        "Perform action",
        "Create",
        "Provision another object",
        "POST",
        "Modified attributes",
    ] {
        assert!(got.text.contains(words), "{words}: {}", got.text);
    }
    assert!(!got.text.contains(&ground.secret));
    assert_eq!(ground.arrived().await, ["ada@contoso.example"]);
    let again = browser.post(&page, &[("kind", "users"), ("object", &ada)]).await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(ground.arrived().await.len(), 1, "a repeat makes no duplicate");
    let outside = browser.post(&page, &[("kind", "users"), ("object", &bob)]).await;
    assert!(outside.text.contains("Skipped") && outside.text.contains("not in scope"), "{}", outside.text);
    assert_eq!(ground.arrived().await.len(), 1);
    assert_eq!(browser.post(&page, &[("kind", "users")]).await.status, StatusCode::BAD_REQUEST);
    let absent = [("kind", "users"), ("object", "0198c0de-0000-7000-8000-000000000000")];
    assert_eq!(browser.post(&page, &absent).await.status, StatusCode::NOT_FOUND);
    // The rules of the default mapping did it.
    assert!(ground.rules().await.target(ObjectKind::User).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_provisioned_on_demand_with_a_few_members() {
    let ground = Ground::configured().await;
    let mut people = Vec::new();
    for index in 0..6 {
        people.push(
            ground.person(&format!("p{index}@contoso.example"), "Pat", &format!("Number{index}")).await,
        );
    }
    let members: Vec<&str> = people.iter().map(String::as_str).collect();
    let group = ground.house.group("Rail", &members).await;
    ground.assign(Kind::Group, &group).await;
    let browser = ground.house.signed_in("app-admin").await;
    let page = ground.page("/on-demand");
    let got = browser.post(&page, &[("kind", "users"), ("object", members[0])]).await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.text);
    let chosen = browser.get(&format!("{page}?kind=groups&object={group}")).await;
    assert!(
        chosen.text.contains("Choose up to 5 members") && chosen.text.contains("Pat Number5"),
        "{}",
        chosen.text
    );
    let mut fields = vec![("kind", "groups"), ("object", group.as_str())];
    fields.extend(members.iter().map(|id| ("member", *id)));
    let got = browser.post(&page, &fields).await;
    assert_eq!(got.status, StatusCode::CONFLICT, "six are too many");
    assert!(got.text.contains("at most 5 members") || got.text.contains("At most 5 members"), "{}", got.text);
    assert_eq!(got.text.matches(" checked").count(), 6, "what was ticked is kept");
    let got = browser.post(&page, &fields[..4]).await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.text);
    assert!(got.text.contains("Provision another object") && got.text.contains("/Groups"), "{}", got.text);
    assert_eq!(ground.arrived().await.len(), 1, "a member that is not at the target is left out");
}

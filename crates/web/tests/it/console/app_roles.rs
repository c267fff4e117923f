//! App roles in the console: made, renamed, disabled, deleted when nobody has them.

use directory::Kind;
use http::StatusCode;

use super::House;

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_created_renamed_disabled_and_deleted() {
    let house = House::new().await;
    let (made, ada) = (house.application("Tracker").await, house.user("ada").await);
    let page = format!("/t/{}/apps/{}/roles", house.contoso, made.id);
    let browser = house.signed_in("app-admin").await;
    let got = browser.get(&page).await;
    assert!(got.text.contains("No app roles") && got.text.contains("Create app role"), "{}", got.text);

    let new = format!("{page}/new");
    for (name, value, marked) in
        [("", "edit", "displayName"), ("Editor", "", "value"), ("Editor", "a b", "value")]
    {
        let fields =
            [("displayName", name), ("value", value), ("description", "kept <b>"), ("enabled", "yes")];
        let got = browser.post(&new, &fields).await;
        assert_eq!(got.status, StatusCode::BAD_REQUEST, "{name:?} {value:?}");
        assert!(got.text.contains(&format!("id=\"{marked}-error\"")), "{}", got.text);
        assert!(got.text.contains(">kept &lt;b&gt;</textarea>"), "what was typed is kept");
    }
    let fields = [("displayName", "Editor"), ("value", "edit"), ("enabled", "yes")];
    assert_eq!(browser.post(&new, &fields).await.location(), page);
    let got = browser.get(&page).await;
    for words in ["App role Editor created.", "<code>edit</code>", "Enabled", "To nobody"] {
        assert!(got.text.contains(words), "{words}: {}", got.text);
    }
    let role = house.role(&made.id).await;
    let edit = format!("{page}/{role}/edit");

    let objects = vec![(Kind::User, ada.clone())];
    house.app.provisioning.assign(house.cx(), &made.id, objects, &role).await.unwrap();
    let got = browser.get(&edit).await;
    assert!(got.text.contains("It is assigned to somebody"), "{}", got.text);
    assert!(!got.text.contains("data-dialog"), "nothing is offered that is refused");
    browser.post(&format!("{page}/{role}/delete"), &[]).await;
    let got = browser.get(&page).await;
    assert!(
        got.text.contains("is assigned to somebody; assign another role first, then remove it."),
        "{}",
        got.text
    );

    assert_eq!(browser.post(&edit, &[("displayName", "Author"), ("value", "edit")]).await.location(), page);
    let got = browser.get(&page).await;
    assert!(got.text.contains("Author") && got.text.contains("Disabled"), "{}", got.text);
    let add = browser.get(&format!("/t/{}/apps/{}/users/add", house.contoso, made.id)).await;
    assert!(!add.text.contains("Author"), "a disabled role is not offered");
    let user = browser.get(&format!("/t/{}/apps/{}/users", house.contoso, made.id)).await;
    assert!(user.text.contains("Author"), "who has it keeps it");
    let history = browser.get(&format!("/t/{}/logs/audit", house.contoso)).await;
    assert!(
        history.text.contains("App role changed") && history.text.contains("App role created"),
        "{}",
        history.text
    );

    house.app.provisioning.unassign(house.cx(), &made.id, vec![ada]).await.unwrap();
    let ask = browser.get(&format!("{page}/{role}/delete")).await;
    assert!(ask.text.contains("Delete the app role Author?"), "{}", ask.text);
    assert_eq!(browser.post(&format!("{page}/{role}/delete"), &[]).await.location(), page);
    assert_eq!(browser.get(&edit).await.status, StatusCode::NOT_FOUND);

    let reader = house.signed_in("reader").await;
    assert_eq!(reader.get(&page).await.status, StatusCode::OK);
    assert_eq!(reader.get(&new).await.status, StatusCode::FORBIDDEN);
}

impl House {
    async fn role(&self, application: &str) -> String {
        let found = self.app.provisioning.application(&self.contoso, application).await.unwrap();
        found.details.roles[0].id.clone()
    }
}

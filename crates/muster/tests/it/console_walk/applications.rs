//! Enterprise apps where the walk of provisioning does not go: without script, properties, the end of assignments and of an
//! application, and what a user's own page says.

use super::stage::{NADIA, Stage, populate};

const SEARCH: &str = "Search by name, user name or e-mail";

/// A tenant with people in it, and an application that was created in the console.
async fn stage() -> (Stage, String, String) {
    let stage = Stage::new().await;
    let tenant = stage.tenant("Fabrikam");
    stage.operator("mira", "application-administrator", &[&tenant]);
    let client = stage.client(&tenant);
    populate(&client).await;
    let made =
        stage.server.muster(&["app", "create", "Visual Passcodes", "--tenant", &tenant, "--json"]).json();
    let application = made["id"].as_str().unwrap().to_owned();
    (stage, tenant, application)
}

/// Tick the box of the row with this name.
async fn tick(stage: &Stage, name: &str) {
    const FIND: &str = "return [...document.querySelectorAll('main tbody tr')]
        .find(row => row.textContent.includes(arguments[0]))?.querySelector('input') || null";
    stage.browser.until(&format!("the box of {name}"), FIND, &[name.into()]).await;
    const CLICK: &str = "[...document.querySelectorAll('main tbody tr')]
        .find(row => row.textContent.includes(arguments[0])).querySelector('input').click()";
    stage.browser.script(CLICK, &[name.into()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_and_groups_are_picked_and_assigned_without_script() {
    let (stage, tenant, application) = stage().await;
    let browser = &stage.browser;
    browser.allow_script(false).await;
    stage.sign_in("mira").await;
    browser.press("Enterprise apps").await;
    browser.press("Visual Passcodes").await;
    browser.on_page("Visual Passcodes").await;
    browser.press("Users and groups").await;
    browser.on_page("Visual Passcodes | Users and groups").await;
    browser.press("Add user/group").await;
    browser.on_page("Add Assignment").await;
    browser.press("None Selected").await;
    browser.on_page("Users and groups").await;
    stage.inspector.look(browser, "without-script-picker").await;
    browser.fill(SEARCH, "nadia").await;
    browser.press("Search").await;
    browser.sees("#picker-results", "1 match").await;
    tick(&stage, NADIA).await;
    browser.fill(SEARCH, "site").await;
    browser.press("Search").await;
    browser.sees("#picker-results", "1 user selected").await;
    tick(&stage, "Site Engineering").await;
    browser.press("Select").await;
    browser.on_page("Add Assignment").await;
    browser.press("1 user and 1 group selected").await;
    browser.press("Cancel").await;
    browser.on_page("Add Assignment").await;
    stage.inspector.look(browser, "without-script-selected").await;
    browser.press("Assign").await;
    browser.sees(".banner.ok", "2 users and groups assigned").await;
    let listed = stage
        .server
        .muster(&["app", "assignments", "Visual Passcodes", "--tenant", &tenant, "--json"])
        .json();
    assert_eq!(listed["assignments"].as_array().map(Vec::len), Some(2), "{application}: {listed}");
    stage.inspector.verdict();
}

/// App roles: made, disabled, taken into an assignment, deleted.
#[tokio::test(flavor = "multi_thread")]
async fn app_roles_are_made_and_given() {
    let (stage, tenant, application) = stage().await;
    let browser = &stage.browser;
    stage.sign_in("mira").await;
    stage.open(&format!("/t/{tenant}/apps/{application}")).await;
    browser.press("App roles").await;
    browser.on_page("Visual Passcodes | App roles").await;
    stage.look("app-roles-none").await;
    for (name, value) in [("Administrator", "admin"), ("Auditor", "audit")] {
        browser.press("Create app role").await;
        browser.on_page("Create app role").await;
        browser.fill("Display name", name).await;
        browser.fill("Value", value).await;
        browser.fill("Description", "May look at everything.").await;
        stage.look("app-role-new").await;
        browser.press("Apply").await;
        browser.sees(".banner.ok", &format!("App role {name} created.")).await;
    }
    stage.look("app-roles").await;
    browser.press("Auditor").await;
    browser.on_page("Edit app role").await;
    let enabled = browser.field("Enable this app role").await;
    browser.click(&enabled).await;
    browser.fill("Display name", "Administrator").await;
    browser.press("Apply").await;
    browser.sees("#displayName-error", "already").await;
    stage.inspector.look_at_refusal(browser, "app-role-refused", 400).await;
    browser.fill("Display name", "Reviewer").await;
    browser.press("Apply").await;
    browser.sees("tbody tr", "Reviewer").await;
    browser.sees("tbody tr", "Disabled").await;
    stage.open(&format!("/t/{tenant}/apps/{application}/users/add")).await;
    assert_eq!(browser.options("Role").await, ["Default Access", "Administrator"]);
    stage.open(&format!("/t/{tenant}/apps/{application}/roles")).await;
    browser.press("Reviewer").await;
    browser.press("Delete app role").await;
    browser.sees("dialog[open]", "Delete the app role Reviewer?").await;
    stage.look("app-role-delete").await;
    browser.press("Delete app role").await;
    browser.sees(".banner.ok", "App role Reviewer deleted.").await;
    stage.inspector.verdict();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_is_described_emptied_and_deleted() {
    let (stage, tenant, application) = stage().await;
    let browser = &stage.browser;
    stage.sign_in("mira").await;
    let path = format!("/t/{tenant}/apps/{application}");
    stage.open(&format!("{path}/properties")).await;
    browser.fill("Description", "Owned by the platform team.").await;
    browser.press("Save").await;
    browser.sees(".banner.ok", "saved").await;
    stage.look("application-properties").await;

    let assigned = ["app", "assign", "Visual Passcodes", "Site Engineering", "--tenant", &tenant];
    let assigned = stage.server.muster(&assigned);
    assert_eq!(assigned.code, 0, "{assigned:?}");
    stage.open(&format!("{path}/users")).await;
    tick(&stage, "Site Engineering").await;
    browser.press("Remove selected").await;
    browser.on_page("Remove 1 assignment from Visual Passcodes?").await;
    browser.sees("main", "1 user leaves scope").await;
    stage.look("assignment-remove").await;
    browser.press("Cancel").await;
    browser.press("Site Engineering").await;
    browser.press("Applications").await;
    browser.sees("main", "assigned directly").await;
    stage.look("group-applications").await;
    browser.press("Members 1").await;
    browser.press(NADIA).await;
    browser.press("Applications").await;
    browser.sees("main", "assigned through group Site Engineering").await;
    stage.look("user-applications").await;

    stage.open(&format!("{path}/properties")).await;
    browser.press("Delete application").await;
    browser.sees("dialog[open]", "1 assignment (1 group)").await;
    stage.look("application-delete").await;
    browser.fill("Type the application's name to confirm", "Visual Passcodes").await;
    browser.press("Delete application").await;
    browser.on_page("Enterprise apps").await;
    browser.sees(".banner.ok", "Visual Passcodes deleted").await;
    stage.inspector.verdict();
}

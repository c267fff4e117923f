//! The real engine into service providers that others wrote: scim2-server (PyPI) and scimmy-routers (npm). After each cycle the
//! target is read through its own API and compared with the mapping of what is in scope, field by field.
//!
//! `cargo xtask ci` installs them (`xtask/src/needs.rs`). Without them the tests say that they did not run, or fail if
//! `MUSTER_REQUIRE_TARGETS=1`.

mod company;
mod third_party;

use serde_json::json;

use self::company::Company;
use self::third_party::ThirdParty;

/// How the target is spoken to, and what it takes worded like that. The rest is left out of the mapping.
#[derive(Debug, Clone, Copy)]
struct Case {
    dialect: &'static str,
    /// A manager, and elements that are added whole.
    references: bool,
    groups: bool,
}

async fn converges(target: ThirdParty, case: Case) {
    let company = Company::found(&target, case).await;
    company.cycle(&[], "initial").await;
    company.assert_mirrored("after the initial cycle").await;
    let writes = company.writes();
    assert!(writes.iter().any(|line| line.starts_with("POST ")), "{writes:?}");

    company.first_changes().await;
    company.cycle(&[], "incremental").await;
    company.assert_mirrored("after the first changes").await;
    company.writes();
    company.second_changes().await;
    company.cycle(&[], "incremental").await;
    company.assert_mirrored("after the second changes").await;
    assert!(!company.writes().is_empty(), "the changes were sent");

    company.cycle(&[], "incremental").await;
    assert_eq!(company.writes(), Vec::<String>::new(), "nothing has changed, nothing is sent");
    // Everything is looked at again, and what the target says is what is wanted.
    company.cycle(&["restart", "--reset", "Watermark"], "initial").await;
    assert_eq!(company.writes(), Vec::<String>::new(), "nothing differs, nothing is sent");
    company.assert_mirrored("after everything was looked at again").await;
    assert_eq!(company.status()["held"]["objects"], 0);

    // The comparison itself: a change at the target behind our back must not pass.
    let somebody = company.at_target("/Users").await.remove(0);
    let operations = json!([{ "op": "replace", "path": "displayName", "value": "Somebody else" }]);
    let path = format!("/Users/{}", somebody["id"].as_str().unwrap());
    let reply = company.target.patch(&path, &operations).await;
    assert!(reply.status < 300, "{}", reply.text);
    assert!(company.differences().await.is_some(), "the comparison sees a wrong name");
}

macro_rules! cases {
    ($($name:ident: $target:ident, $dialect:literal, references $references:literal, groups $groups:literal;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            let Some(target) = ThirdParty::$target() else { return };
            converges(target, Case { dialect: $dialect, references: $references, groups: $groups }).await;
        }
    )*};
}

// What these targets refuse of Entra's dialects is in docs/guide/provisioning-targets.md.
cases! {
    scim2_server_in_plain_rfc: scim2_server, "rfc", references true, groups true;
    scim2_server_with_the_flag: scim2_server, "aadOptscim062020", references false, groups false;
    scim2_server_in_legacy: scim2_server, "legacy", references false, groups false;
    scimmy_in_plain_rfc: scimmy, "rfc", references true, groups true;
    scimmy_with_the_flag: scimmy, "aadOptscim062020", references false, groups true;
}

/// What the default dialect sends to disable somebody is refused, and the refusal is told with what the target said.
#[tokio::test(flavor = "multi_thread")]
async fn scimmy_refuses_to_disable_in_legacy() {
    let Some(target) = ThirdParty::scimmy() else { return };
    let company = Company::found(&target, Case { dialect: "legacy", references: false, groups: true }).await;
    company.cycle(&[], "initial").await;
    company.assert_mirrored("after the initial cycle").await;
    company.disable(4).await;
    let cycle = company.any_cycle(&[]).await;
    let failed = json!([{ "kind": "User", "action": "disable", "status": "failure", "n": 1 }]);
    assert_eq!(cycle["counts"], failed, "{cycle:#}");
    let logs = company.app(&["logs", company::APP, "--status", "failure", "--json"]).json();
    let told = logs[0]["summary"].as_str().unwrap();
    assert!(told.contains("400") && told.contains("active"), "{told}");
    assert_eq!(company.status()["held"]["objects"], 1, "it is tried again");
}

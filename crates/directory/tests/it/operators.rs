//! Operators: roles, sign-in, sessions.

use std::net::IpAddr;

use directory::{AuditQuery, Error, Grant, Permission, Role, Session};
use jiff::SignedDuration;

use crate::house::{House, caller, house, refusal};

const PASSWORD: &str = "three words and a comma";

async fn operator(house: &House, name: &str, grant: Grant) -> directory::Operator {
    house.directory.create_operator(caller(), name, PASSWORD, vec![grant]).await.unwrap()
}

fn address(last: u8) -> Option<IpAddr> {
    Some(IpAddr::from([192, 0, 2, last]))
}

async fn session(house: &House, token: &str) -> Option<Session> {
    house.directory.session(token).await.unwrap()
}

#[test]
fn what_roles_allow() {
    use Permission as P;
    let all = [
        P::Read,
        P::ManageDirectory,
        P::ManageKeys,
        P::ManageSettings,
        P::ManageApplications,
        P::ManageTenants,
        P::ManageOperators,
    ];
    let allowed =
        |role: Role| all.iter().map(|p| if role.allows(*p) { 'x' } else { '-' }).collect::<String>();
    assert_eq!(Role::ALL.map(allowed), ["xxxxxxx", "xxxxx--", "xx--x--", "x------"]);
    for role in Role::ALL {
        assert_eq!(Role::parse(role.as_str()), Some(role));
        assert_eq!(Role::parse(role.title()), Some(role));
        assert_eq!(Role::parse(&role.title().to_lowercase().replace(' ', "-")), Some(role));
    }
    assert_eq!(Role::parse("root"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_in_one_tenant_is_none_in_another() {
    let house = house().await;
    let other = house.directory.create_tenant(caller(), "Contoso").await.unwrap().id;
    let here = operator(
        &house,
        "ada",
        Grant { role: Role::TenantAdministrator, tenant: Some(house.tenant.clone()) },
    )
    .await;
    let all = operator(&house, "root", Grant::everywhere(Role::GlobalAdministrator)).await;
    let found = house.directory.operator_named("ADA").await.unwrap();
    assert_eq!(found, here);
    assert!(found.may(Permission::ManageKeys, &house.tenant) && !found.may(Permission::Read, &other));
    assert!(!found.may_everywhere(Permission::Read) && all.may_everywhere(Permission::ManageTenants));
    let nowhere = directory::TenantId::parse("00000000-0000-7000-8000-000000000000").unwrap();
    let grant = Grant { role: Role::Reader, tenant: Some(nowhere) };
    assert_eq!(refusal(house.directory.grant_role(caller(), &here.id, grant).await), (404, ""));
    house
        .directory
        .grant_role(caller(), &here.id, Grant { role: Role::Reader, tenant: Some(other.clone()) })
        .await
        .unwrap();
    assert!(house.directory.operator(&here.id).await.unwrap().may(Permission::Read, &other));
    house.directory.delete_tenant(directory::Context::new(other.clone(), caller())).await.unwrap();
    assert!(
        !house.directory.operator(&here.id).await.unwrap().may(Permission::Read, &other),
        "roles go with the tenant"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_operators() {
    let house = house().await;
    let admin = operator(&house, "root", Grant::everywhere(Role::GlobalAdministrator)).await;
    let before = house.dump().await;
    let long = "x".repeat(1_025);
    for (name, password) in [
        ("", PASSWORD),
        ("ROOT", PASSWORD),
        ("ada", "short"),
        ("ada", "aaaaaaaaaaaaaaaaaaaa"),
        ("ada", "password12345"),
        ("ada.lovelace", "ada.lovelace1"),
        ("ada", &long),
    ] {
        let outcome = house.directory.create_operator(caller(), name, password, vec![]).await;
        assert!(matches!(outcome, Err(Error::Invalid { .. })), "{name} {password}: {outcome:?}");
    }
    let last = Grant::everywhere(Role::GlobalAdministrator);
    assert_eq!(refusal(house.directory.revoke_role(caller(), &admin.id, last).await), (400, ""));
    assert_eq!(refusal(house.directory.disable_operator(caller(), &admin.id, true).await), (400, ""));
    assert_eq!(refusal(house.directory.set_password(caller(), "nosuch", PASSWORD).await), (404, ""));
    assert_eq!(house.dump().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_and_out() {
    let house = house().await;
    let sign_in = |name: &'static str, password: &'static str| {
        house.directory.sign_in(name, password, address(1), "r-2")
    };
    assert!(!house.directory.has_operators().await.unwrap());
    let ada = operator(&house, "ada", Grant::everywhere(Role::GlobalAdministrator)).await;
    for (name, password) in [("ada", "wrong password"), ("nobody", PASSWORD), ("", ""), ("ada", "")] {
        let told = sign_in(name, password).await.unwrap_err();
        assert_eq!(told, Error::Forbidden("the name or the password is wrong".into()), "{name}");
    }
    let signed_in = sign_in(" ADA ", PASSWORD).await.unwrap();
    let found = session(&house, &signed_in.token).await.unwrap();
    assert_eq!(found, signed_in.session);
    assert_eq!(found.operator, ada);
    assert!(house.directory.csrf_matches(&signed_in.token, &found.csrf));
    assert!(
        !house.directory.csrf_matches(&signed_in.token, "")
            && !house.directory.csrf_matches("x", &found.csrf)
    );
    house.directory.select_tenant(&signed_in.token, Some(house.tenant.clone())).await.unwrap();
    assert_eq!(session(&house, &signed_in.token).await.unwrap().tenant, Some(house.tenant.clone()));
    let dump = house.dump().await;
    assert!(
        !dump.contains(&signed_in.token)
            && !dump.contains(PASSWORD)
            && dump.contains("$argon2id$v=19$m=19456,t=2,p=1$")
    );
    house.directory.sign_out(&signed_in.token, found.caller("r-3", None)).await.unwrap();
    assert_eq!(session(&house, &signed_in.token).await, None);
    let rows = house.directory.system_audit(AuditQuery { limit: 20, ..AuditQuery::default() }).await.unwrap();
    let actions: Vec<&str> = rows.iter().rev().map(|row| row.action.as_str()).collect();
    assert_eq!(
        actions,
        [
            "tenant.create",
            "operator.create",
            "sign_in.failed",
            "sign_in.failed",
            "sign_in.failed",
            "sign_in.failed",
            "sign_in",
            "sign_out"
        ]
    );
    let named: Vec<Option<&str>> = rows.iter().rev().map(|row| row.name.as_deref()).collect();
    assert_eq!(
        named[2..7],
        [Some("ada"), None, None, Some("ada"), Some("ada")],
        "what was typed as a name is not written down"
    );
    assert!(matches!(
        house.directory.verify_system_audit().await.unwrap(),
        directory::Verdict::Intact { rows: 8, .. }
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_slow_down_one_name_from_one_address() {
    let house = house().await;
    operator(&house, "ada", Grant::everywhere(Role::GlobalAdministrator)).await;
    let try_from = |password: &'static str, from| house.directory.sign_in("ada", password, from, "r");
    for _ in 0..5 {
        assert_eq!(refusal(try_from("wrong", address(1)).await), (403, ""));
    }
    assert_eq!(refusal(try_from(PASSWORD, address(1)).await), (429, ""), "even the right password must wait");
    assert!(try_from(PASSWORD, address(2)).await.is_ok(), "nobody can lock somebody else out");
    house.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(refusal(try_from("wrong", address(1)).await), (403, ""));
    house.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(refusal(try_from(PASSWORD, address(1)).await), (429, ""), "the pause doubles");
    house.clock.advance(SignedDuration::from_secs(1));
    assert!(try_from(PASSWORD, address(1)).await.is_ok());
    assert_eq!(refusal(try_from("wrong", address(1)).await), (403, ""), "and starts anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_end() {
    let house = house().await;
    let ada = operator(&house, "ada", Grant::everywhere(Role::GlobalAdministrator)).await;
    operator(&house, "root", Grant::everywhere(Role::GlobalAdministrator)).await;
    let sign_in = async || house.directory.sign_in("ada", PASSWORD, address(1), "r").await.unwrap().token;
    let advance = |minutes| house.clock.advance(SignedDuration::from_mins(minutes));
    // Idle.
    let token = sign_in().await;
    advance(29);
    assert!(session(&house, &token).await.is_some());
    advance(30);
    assert_eq!(session(&house, &token).await, None, "30 minutes without a request");
    // Absolute.
    let token = sign_in().await;
    for _ in 0..35 {
        advance(20);
        assert!(session(&house, &token).await.is_some());
    }
    advance(20);
    assert_eq!(session(&house, &token).await, None, "12 hours after sign-in");
    // The password again.
    let token = sign_in().await;
    advance(16);
    assert!(!session(&house, &token).await.unwrap().recent);
    assert_eq!(refusal(house.directory.confirm_password(&token, "wrong", address(1), "r").await), (403, ""));
    house.directory.confirm_password(&token, PASSWORD, address(1), "r").await.unwrap();
    assert!(session(&house, &token).await.unwrap().recent);
    // A new password, a disabled operator.
    let other = sign_in().await;
    let new = "another set of words";
    assert_eq!(refusal(house.directory.change_password(caller(), &ada.id, "wrong", new).await), (403, ""));
    house.directory.change_password(caller(), &ada.id, PASSWORD, new).await.unwrap();
    assert_eq!((session(&house, &token).await, session(&house, &other).await), (None, None));
    let token = house.directory.sign_in("ada", new, address(1), "r").await.unwrap().token;
    house.directory.disable_operator(caller(), &ada.id, true).await.unwrap();
    assert_eq!(session(&house, &token).await, None);
    assert_eq!(refusal(house.directory.sign_in("ada", new, address(3), "r").await), (403, ""));
    // Permissions are those of now.
    let token = house.directory.sign_in("root", PASSWORD, address(1), "r").await.unwrap().token;
    house.directory.disable_operator(caller(), &ada.id, false).await.unwrap();
    let root = house.directory.operator_named("root").await.unwrap();
    house
        .directory
        .revoke_role(caller(), &root.id, Grant::everywhere(Role::GlobalAdministrator))
        .await
        .unwrap();
    assert!(!session(&house, &token).await.unwrap().operator.may(Permission::Read, &house.tenant));
}

#[tokio::test(flavor = "multi_thread")]
async fn generated_passwords_will_do() {
    let house = house().await;
    let password = house.directory.generate_password();
    assert_eq!(password.len(), 23);
    assert_ne!(password, house.directory.generate_password());
    house.directory.create_operator(caller(), "ada", &password, vec![]).await.unwrap();
}

#[tokio::test]
async fn a_v6_household_is_slowed_down_as_one() {
    let house = house().await;
    operator(&house, "ada", Grant::everywhere(Role::Reader)).await;
    let sign_in = |last: u16| {
        let address = IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, last]);
        house.directory.sign_in("ada", "a wrong guess", Some(address), "r")
    };
    for last in 0..5 {
        assert_eq!(refusal(sign_in(last).await).0, 403);
    }
    assert_eq!(refusal(sign_in(5).await).0, 429);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_sign_in_with_the_old_password_does_not_outlive_the_change() {
    let house = house().await;
    let ada = operator(&house, "ada", Grant::everywhere(Role::Reader)).await;
    let passwords = ["the first of two passwords", "the second of two passwords"];
    let mut current = PASSWORD;
    for next in passwords.into_iter().cycle().take(8) {
        let signing_in = tokio::spawn({
            let directory = house.directory.clone();
            async move { directory.sign_in("ada", current, address(1), "r").await }
        });
        house.directory.set_password(caller(), &ada.id, next).await.unwrap();
        // Whichever came first: the session is refused, or ended by the change.
        if let Ok(signed_in) = signing_in.await.unwrap() {
            assert!(session(&house, &signed_in.token).await.is_none(), "signed in with {current}");
        }
        current = next;
    }
}

//! API keys: who gets in, and who does not.

use directory::{AuthError, Context, Error, KeyScope, NewKey};
use jiff::SignedDuration;

use crate::house::{House, caller, house, refusal};

async fn key(house: &House, scopes: &[KeyScope]) -> (String, String) {
    let new = NewKey { name: "Entra".into(), scopes: scopes.to_vec(), expires: None };
    let (row, key) = house.directory.create_key(house.cx(), new).await.unwrap();
    (row.id, key)
}

async fn verdict(house: &House, tenant: &directory::TenantId, key: &str) -> &'static str {
    match house.directory.verify_key(tenant, key, None).await {
        Ok(found) if found.may_write() => "writes",
        Ok(found) if found.may_read() => "reads",
        Ok(_) => "nothing",
        Err(AuthError::Invalid) => "invalid",
        Err(AuthError::Expired { .. }) => "expired",
        Err(AuthError::Revoked { .. }) => "revoked",
        Err(AuthError::Failed(error)) => panic!("{error}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_gets_in() {
    let house = house().await;
    let other = house.directory.create_tenant(caller(), "Contoso").await.unwrap().id;
    let nowhere = directory::TenantId::parse("00000000-0000-7000-8000-000000000000").unwrap();
    let (_, full) = key(&house, &[KeyScope::Scim2]).await;
    let (_, reader) = key(&house, &[KeyScope::Scim2Read]).await;
    let (revoked_id, revoked) = key(&house, &[KeyScope::Scim2]).await;
    house.directory.revoke_key(house.cx(), &revoked_id).await.unwrap();
    let here = &house.tenant;
    // Well-formed, but of nobody: another master key would have made it.
    let stranger = crate::house::seeded(99).await;
    let (_, strange) = key(&stranger, &[KeyScope::Scim2]).await;
    let cases = [
        (here, full.as_str(), "writes"),
        (here, &reader, "reads"),
        (here, &revoked, "revoked"),
        (&other, &full, "invalid"),
        (&other, &revoked, "invalid"),
        (&nowhere, &full, "invalid"),
        (here, &strange, "invalid"),
        (here, "", "invalid"),
        (here, "null", "invalid"),
        (here, &full[..full.len() - 1], "invalid"),
    ];
    for (tenant, key, expected) in cases {
        assert_eq!(verdict(&house, tenant, key).await, expected, "{tenant} {key}");
    }
    house.clock.advance(SignedDuration::from_hours(24 * 90));
    assert_eq!(verdict(&house, here, &full).await, "expired", "a key lives 90 days when nothing is said");
    assert_eq!(verdict(&house, &other, &full).await, "invalid", "and says so on its own tenant only");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_itself_is_kept_nowhere() {
    let house = house().await;
    let (id, key) = key(&house, &[KeyScope::Scim2]).await;
    assert!(key.starts_with(&format!("mst_{id}_")));
    let dump = house.dump().await;
    let secret = key.rsplit('_').next().unwrap();
    assert!(dump.contains(&id) && !dump.contains(secret) && !dump.contains(&secret[..20]));
    let row = house.directory.keys(&house.tenant).await.unwrap().remove(0);
    assert!(!format!("{row:?}").contains(secret));
}

#[tokio::test(flavor = "multi_thread")]
async fn rotation_lets_both_secrets_in_until_the_overlap_ends() {
    let house = house().await;
    let (id, first) = key(&house, &[KeyScope::Scim2]).await;
    let rotate = |hours| house.directory.rotate_key(house.cx(), &id, SignedDuration::from_hours(hours));
    let (_, second) = rotate(24).await.unwrap();
    for (key, hours, expected) in [
        (&first, 0, "writes"),
        (&second, 23, "writes"),
        (&first, 0, "writes"),
        (&first, 1, "invalid"),
        (&second, 0, "writes"),
    ] {
        house.clock.advance(SignedDuration::from_hours(hours));
        assert_eq!(verdict(&house, &house.tenant, key).await, expected);
    }
    let (_, third) = rotate(0).await.unwrap();
    assert_eq!(verdict(&house, &house.tenant, &second).await, "invalid");
    assert_eq!(verdict(&house, &house.tenant, &third).await, "writes");
    assert_eq!(refusal(rotate(24 * 8).await), (400, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn last_use_is_written_by_the_flush() {
    let house = house().await;
    let (_, key) = key(&house, &[KeyScope::Scim2]).await;
    house.directory.verify_key(&house.tenant, &key, "198.51.100.7".parse().ok()).await.unwrap();
    let before = house.dump().await;
    house.directory.flush().await.unwrap();
    let row = house.directory.keys(&house.tenant).await.unwrap().remove(0);
    assert_eq!(
        (row.last_used, row.last_address.as_deref()),
        (Some(house.directory.now()), Some("198.51.100.7"))
    );
    assert_eq!(house.dump().await, before, "and counts as no change");
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_keys() {
    let house = house().await;
    let now = house.directory.now();
    let before = house.dump().await;
    let create = |name: &str, scopes: &[KeyScope], expires| {
        house.directory.create_key(house.cx(), NewKey { name: name.into(), scopes: scopes.to_vec(), expires })
    };
    let full = [KeyScope::Scim2];
    let year = now + SignedDuration::from_hours(24 * 367);
    for (name, scopes, expires) in [
        ("", &full[..], None),
        ("a\nb", &full, None),
        (&"x".repeat(101), &full, None),
        ("a", &[], None),
        ("a", &full, Some(now)),
        ("a", &full, Some(year)),
    ] {
        assert!(
            matches!(create(name, scopes, expires).await, Err(Error::Invalid { .. })),
            "{name} {expires:?}"
        );
    }
    assert!(KeyScope::parse("SCIM3").is_err());
    assert_eq!(KeyScope::parse("scim2:read").unwrap(), KeyScope::Scim2Read);
    assert_eq!(refusal(house.directory.revoke_key(house.cx(), "nosuch").await), (404, ""));
    let other = house.directory.create_tenant(caller(), "Contoso").await.unwrap().id;
    let after = house.dump().await;
    assert_ne!(before, after);
    let (id, _) = key(&house, &full).await;
    let elsewhere = Context::new(other, caller());
    assert_eq!(
        refusal(house.directory.revoke_key(elsewhere, &id).await),
        (404, ""),
        "a key of another tenant"
    );
}

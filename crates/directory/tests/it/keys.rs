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

/// Good once, so that it is remembered; then changed in each way that takes its rights.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_remembered_is_refused_at_once() {
    let house = house().await;
    let (tenant, directory) = (&house.tenant, &house.directory);
    let (id, first) = key(&house, &[KeyScope::Scim2]).await;
    assert_eq!(verdict(&house, tenant, &first).await, "writes");
    let (_, second) = directory.rotate_key(house.cx(), &id, SignedDuration::ZERO).await.unwrap();
    assert_eq!(verdict(&house, tenant, &first).await, "invalid", "rotated without an overlap");
    assert_eq!(verdict(&house, tenant, &second).await, "writes");
    let (_, third) = directory.rotate_key(house.cx(), &id, SignedDuration::from_secs(5)).await.unwrap();
    assert_eq!(verdict(&house, tenant, &second).await, "writes");
    house.clock.advance(SignedDuration::from_secs(5));
    assert_eq!(verdict(&house, tenant, &second).await, "invalid", "the overlap ends while it is remembered");
    assert_eq!(verdict(&house, tenant, &third).await, "writes");
    directory.revoke_key(house.cx(), &id).await.unwrap();
    assert_eq!(verdict(&house, tenant, &third).await, "revoked");

    let expires = Some(directory.now() + SignedDuration::from_secs(5));
    let new = NewKey { name: "Short".into(), scopes: vec![KeyScope::Scim2], expires };
    let (_, short) = directory.create_key(house.cx(), new).await.unwrap();
    assert_eq!(verdict(&house, tenant, &short).await, "writes");
    house.clock.advance(SignedDuration::from_secs(5));
    assert_eq!(verdict(&house, tenant, &short).await, "expired", "it ends while it is remembered");

    let (_, last) = key(&house, &[KeyScope::Scim2]).await;
    let settings = directory.verify_key(tenant, &last, None).await.unwrap().settings.clone();
    let changed = directory::Settings { log_reads: !settings.log_reads, ..settings };
    directory.set_settings(house.cx(), changed.clone()).await.unwrap();
    assert_eq!(directory.verify_key(tenant, &last, None).await.unwrap().settings, changed);
    directory.delete_tenant(house.cx()).await.unwrap();
    assert_eq!(verdict(&house, tenant, &last).await, "invalid", "its tenant is gone");
}

/// Behind the back of the directory, as another node would: what is remembered stays until news comes.
#[tokio::test(flavor = "multi_thread")]
async fn news_from_elsewhere_ends_what_is_remembered() {
    for (news, expected) in
        [("none", "writes"), ("this key", "revoked"), ("any", "revoked"), ("time", "revoked")]
    {
        let house = house().await;
        let (id, shown) = key(&house, &[KeyScope::Scim2]).await;
        assert_eq!(verdict(&house, &house.tenant, &shown).await, "writes");
        revoke_in_the_store(&house, &id).await;
        let cache = house.directory.key_cache();
        match news {
            "this key" => cache.invalidate(&id),
            "any" => cache.invalidate_all(),
            "time" => house.clock.advance(directory::key_cache::BELIEVED),
            _ => {}
        }
        assert_eq!(verdict(&house, &house.tenant, &shown).await, expected, "{news}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_news_nothing_is_remembered() {
    let house = house().await;
    let (id, shown) = key(&house, &[KeyScope::Scim2]).await;
    let cache = house.directory.key_cache();
    assert_eq!(verdict(&house, &house.tenant, &shown).await, "writes");
    cache.set_enabled(false);
    assert_eq!(verdict(&house, &house.tenant, &shown).await, "writes");
    revoke_in_the_store(&house, &id).await;
    assert_eq!(verdict(&house, &house.tenant, &shown).await, "revoked");
    cache.set_enabled(true);
    assert_eq!(verdict(&house, &house.tenant, &shown).await, "revoked");
}

/// Two processes on one database: `muster key revoke` beside a server.
#[tokio::test(flavor = "multi_thread")]
async fn another_process_is_heard_at_once() {
    let house = house().await;
    let folder = tempfile::tempdir().unwrap();
    let beacon = folder.path().join("keys.changed");
    let url = directory::PublicUrl::parse("https://muster.example").unwrap();
    let beside = directory::Directory::new(
        house.store.clone(),
        house.clock.clone(),
        directory::Random::seeded(8),
        &directory::Secret::new([7; 32]),
        url,
    );
    for directory in [&house.directory, &beside] {
        directory.key_cache().watch(&beacon).unwrap();
    }
    let (id, shown) = key(&house, &[KeyScope::Scim2]).await;
    for _ in 0..2 {
        assert_eq!(verdict(&house, &house.tenant, &shown).await, "writes");
    }
    beside.revoke_key(house.cx(), &id).await.unwrap();
    assert_eq!(verdict(&house, &house.tenant, &shown).await, "revoked");
}

async fn revoke_in_the_store(house: &House, id: &str) {
    let (id, at) = (id.to_owned(), house.directory.now());
    let store = house.store.tenant(&house.tenant);
    store.write(move |write| write.revoke_key(&id, at).map(drop)).await.unwrap();
}

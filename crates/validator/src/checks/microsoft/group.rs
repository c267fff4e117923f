//! The group tests of Microsoft's validator.

use super::*;

/// As the validator makes it: a name of capitals, and a GUID.
async fn capital_group(p: &mut Probe) -> Outcome<Made> {
    let mut body = p.group_body();
    let name = format!("{}-{} {}", PREFIX.to_uppercase(), p.salt().to_uppercase(), p.dice.letters(12));
    body.insert("displayName".into(), name.into());
    body.insert("externalId".into(), p.dice.guid().into());
    let path = p.groups();
    p.make(&path, body).await
}

pub(super) async fn get_group(p: &mut Probe) -> Outcome {
    let group = capital_group(p).await?;
    let reply = p.query(&group.path, &[("excludedAttributes", "members")]).await?;
    reply.is(&[200])?;
    ensure(
        member(&reply.body, "members").is_none(),
        "the response should exclude the attribute: members",
        || "members in it".to_owned(),
    )
}

pub(super) async fn filter_group(p: &mut Probe, letters: Letters, excluding: bool) -> Outcome {
    let group = capital_group(p).await?;
    let (path, filter) = (p.groups(), format!("displayName eq \"{}\"", letters.of(group.name())));
    let mut parameters = vec![("filter", filter.as_str())];
    if excluding {
        parameters.insert(0, ("excludedAttributes", "members"));
    }
    let reply = p.query(&path, &parameters).await?;
    lists(&reply, &[&group])?;
    let first = reply.resources().first().cloned().unwrap_or_default();
    ensure(
        !excluding || member(&first, "members").is_none(),
        "the response should exclude the attribute: members",
        || "members in it".to_owned(),
    )
}

pub(super) async fn filter_no_group(p: &mut Probe) -> Outcome {
    let (path, name) = (p.groups(), p.dice.letters(12));
    let filter = format!("displayName eq \"nonexistente997dccbd8b7_{name}\"");
    lists(&p.query(&path, &[("filter", &filter)]).await?, &[])
}

pub(super) async fn create_group(p: &mut Probe) -> Outcome {
    let mut body = p.group_body();
    body.insert("externalId".into(), p.dice.guid().into());
    let path = p.groups();
    let reply = p.post(&path, &Value::Object(body.clone())).await?;
    reply.is(&[201])?;
    let name = body["displayName"].as_str().unwrap_or_default().to_owned();
    let found = p.query(&path, &[("filter", &format!("displayName eq \"{name}\""))]).await?;
    found.finds(&[&reply.id()?])?;
    echoes(found.resources().first().unwrap_or(&Value::Null), &body, &["members"])
}

pub(super) async fn duplicate_group(p: &mut Probe) -> Outcome {
    let group = capital_group(p).await?;
    let path = p.groups();
    p.post(&path, &Value::Object(group.sent)).await?.is(&[409])
}

pub(super) async fn patch_group(p: &mut Probe, name: &str) -> Outcome {
    let group = capital_group(p).await?;
    let value: Value =
        if name == "externalId" { p.dice.guid().into() } else { p.generator().group_name().into() };
    let reply = p.patch(&group.path, &json!([{ "op": "replace", "value": { name: value } }])).await?;
    reply.is(&[200, 204])?;
    has(&p.read(&group).await?.body, name, &value).map_err(|stop| stop.at(reply.exchange))
}

pub(super) async fn add_member(p: &mut Probe) -> Outcome {
    let (group, user) = (capital_group(p).await?, p.user().await?);
    let operations = json!([{ "op": "replace", "path": "members", "value": [{ "value": user.id }] }]);
    let reply = p.patch(&group.path, &operations).await?;
    reply.is(&[200, 204])?;
    has_members(&p.read(&group).await?.body, &[&user]).map_err(|stop| stop.at(reply.exchange))
}

pub(super) async fn remove_member(p: &mut Probe) -> Outcome {
    let (group, one, two) = (capital_group(p).await?, p.user().await?, p.user().await?);
    let both = json!([{ "value": one.id }, { "value": two.id }]);
    p.patch(&group.path, &json!([{ "op": "replace", "path": "members", "value": both }]))
        .await?
        .is(&[200, 204])?;
    let remove = json!([{ "op": "remove", "path": format!("members[value eq \"{}\"]", one.id) }]);
    let reply = p.patch(&group.path, &remove).await?;
    reply.is(&[200, 204])?;
    has_members(&p.read(&group).await?.body, &[&two]).map_err(|stop| stop.at(reply.exchange))
}

pub(super) async fn delete_group(p: &mut Probe) -> Outcome {
    let group = capital_group(p).await?;
    p.delete(&group.path).await?.is(&[204])?;
    p.get(&group.path).await?.is(&[404])?;
    let (path, filter) = (p.groups(), format!("displayName eq \"{}\"", group.name()));
    lists(&p.query(&path, &[("filter", &filter)]).await?, &[])
}

pub(super) async fn group_same_attribute(p: &mut Probe) -> Outcome {
    let (group, user) = (capital_group(p).await?, p.user().await?);
    let operations = json!([
        { "op": "add", "path": "members", "value": [{ "value": user.id }] },
        { "op": "remove", "path": format!("members[value eq \"{}\"]", user.id) },
    ]);
    let reply = p.patch(&group.path, &operations).await?;
    reply.is(&[200, 204])?;
    let members = member_ids(&p.read(&group).await?.body);
    ensure(members.is_empty(), "no member", || members.join(", ")).map_err(|stop| stop.at(reply.exchange))
}

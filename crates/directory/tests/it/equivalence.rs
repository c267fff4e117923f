//! Whatever the filter: what the indexes and the evaluator find together is what the evaluator alone would find.
//!
//! `MUSTER_PAIRS` is how many pairs of a filter and a resource are compared.

use directory::{Kind, Scope, TenantId, scim_type};
use scim::Resource;
use scim::attribute::Attribute;
use scim::filter::Filter;
use scim::message::SearchRequest;
use serde_json::{Value, json};

use crate::house::{ENTERPRISE, GROUP, House, USER, ids, seeded};

/// SplitMix64: enough to vary, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.roll(from.len())]
    }

    fn chance(&mut self, of: usize) -> bool {
        self.roll(of) == 0
    }
}

/// Few values, so that filters hit; spellings that folding joins and that SQL could trip over.
const TEXTS: &[&str] = &[
    "ada",
    "ADA",
    "Ada L",
    "straße",
    "STRASSE",
    "ſtraße",
    "ﬁn",
    "fin",
    "İx",
    "ıx",
    "a%",
    "a_",
    "%",
    "a'b",
    "a\\\\b",
    "ab",
    "aZ",
    "é",
    "e\u{301}",
    "Å",
    "ß",
    "1",
    "01",
    "\u{10ffff}z",
    "\u{10ffff}",
    "a\u{ffff}",
    "日本",
    "",
    " ",
    "a b",
    "true",
    "ad",
];

/// Fewer still, so that conditions on one element meet.
fn address(dice: &mut Dice) -> String {
    format!("x{}", dice.pick(&TEXTS[..8]))
}

fn user(dice: &mut Dice, number: usize) -> Value {
    let mut body = json!({ "schemas": [USER], "userName": format!("{}{number}", dice.pick(TEXTS)) });
    for name in ["displayName", "externalId", "title", "nickName"] {
        if dice.chance(2) {
            body[name] = (*dice.pick(TEXTS)).into();
        }
    }
    if dice.chance(2) {
        body["active"] = dice.chance(2).into();
    }
    if dice.chance(2) {
        body["name"] = json!({ "familyName": dice.pick(TEXTS), "givenName": dice.pick(TEXTS) });
    }
    let emails: Vec<Value> = (0..dice.roll(4))
        .map(|_| json!({ "value": address(dice), "type": *dice.pick(&["work", "home", "WORK"]) }))
        .collect();
    body["emails"] = emails.into();
    if dice.chance(2) {
        body[ENTERPRISE] = json!({ "employeeNumber": dice.pick(TEXTS), "department": dice.pick(TEXTS) });
        body["schemas"] = json!([USER, ENTERPRISE]);
    }
    body
}

struct Pools {
    users: Vec<String>,
    groups: Vec<String>,
}

/// A comparison about a kind, often on what is indexed.
fn leaf(dice: &mut Dice, kind: Kind, pools: &Pools) -> String {
    let text = |dice: &mut Dice| {
        let mut text = (*dice.pick(TEXTS)).to_owned();
        if dice.chance(4) {
            text = text.to_uppercase();
        }
        if dice.chance(3) {
            text.push_str(&dice.roll(12).to_string());
        }
        // TEXTS are written as they stand in JSON.
        format!("\"{text}\"")
    };
    let email = |dice: &mut Dice| format!("\"{}\"", address(dice));
    let id = |dice: &mut Dice, of: &[String]| {
        let unknown = dice.chance(8);
        format!("\"{}\"", if unknown { "ghost" } else { dice.pick(of).as_str() })
    };
    let operator = *dice.pick(&["eq", "eq", "eq", "sw", "ne", "co", "ew", "gt", "le", "EQ"]);
    let equality = *dice.pick(&["eq", "eq", "eq", "ne"]);
    if dice.chance(12) {
        return format!(
            "{} pr",
            dice.pick(&["displayName", "externalId", "members", "groups", "meta", "id", "emails", "title"])
        );
    }
    if dice.chance(16) {
        return format!(
            "{} {equality} null",
            dice.pick(&["displayName", "externalId", "emails.value", "userName"])
        );
    }
    if dice.chance(10) {
        let date = dice.pick(&["2026-03-01T12:00:00Z", "2026-03-01T13:00:00+01:00", "2027-01-01T00:00:00Z"]);
        return format!("meta.created {} \"{date}\"", dice.pick(&["eq", "gt", "ge", "lt"]));
    }
    if dice.chance(12) {
        return format!("meta.resourceType {equality} \"{}\"", dice.pick(&["User", "Group", "user"]));
    }
    if dice.chance(6) {
        return format!(
            "id {equality} {}",
            id(dice, if dice_is_user(kind) { &pools.users } else { &pools.groups })
        );
    }
    match kind {
        Kind::User => match dice.roll(9) {
            0 | 1 => format!("userName {operator} {}", text(dice)),
            2 => format!("externalId {operator} {}", text(dice)),
            3 => format!("emails.value {operator} {}", email(dice)),
            4 => format!("emails {operator} {}", email(dice)),
            5 => format!("{ENTERPRISE}:employeeNumber {operator} {}", text(dice)),
            6 => format!("active {equality} {}", dice.pick(&["true", "false", "\"True\""])),
            7 => format!("groups{} {equality} {}", dice.pick(&["", ".value"]), id(dice, &pools.groups)),
            _ => format!(
                "{} {operator} {}",
                dice.pick(&["displayName", "title", "name.familyName", "department"]),
                text(dice)
            ),
        },
        Kind::Group => match dice.roll(4) {
            0 => format!("displayName {operator} {}", text(dice)),
            1 => format!("externalId {operator} {}", text(dice)),
            2 => format!("members{} {equality} {}", dice.pick(&["", ".value"]), id(dice, &pools.users)),
            _ => format!("members.{} {operator} {}", dice.pick(&["display", "type"]), text(dice)),
        },
    }
}

fn dice_is_user(kind: Kind) -> bool {
    kind == Kind::User
}

/// `emails[…]`, `members[…]`
fn value_path(dice: &mut Dice, kind: Kind, pools: &Pools) -> String {
    let part = |dice: &mut Dice| match kind {
        Kind::User if dice.chance(2) => format!("type eq \"{}\"", dice.pick(&["work", "home"])),
        Kind::User => format!("value {} \"{}\"", dice.pick(&["eq", "eq", "sw", "ne"]), address(dice)),
        Kind::Group if dice.chance(3) => "type eq \"User\"".to_owned(),
        Kind::Group => format!("value eq \"{}\"", dice.pick(&pools.users)),
    };
    let mut inner = part(dice);
    for _ in 0..dice.roll(3) {
        inner = format!("{inner} {} {}", dice.pick(&["and", "or"]), part(dice));
    }
    if dice.chance(5) {
        inner = format!("not ({inner})");
    }
    format!("{}[{inner}]", if kind == Kind::User { "emails" } else { "members" })
}

fn filter(dice: &mut Dice, kind: Kind, pools: &Pools, depth: usize) -> String {
    if depth == 0 || dice.chance(3) {
        return if dice.chance(4) { value_path(dice, kind, pools) } else { leaf(dice, kind, pools) };
    }
    if dice.chance(5) {
        return format!("not ({})", filter(dice, kind, pools, depth - 1));
    }
    let word = *dice.pick(&["and", "and", "or"]);
    let parts: Vec<String> =
        (0..2 + dice.roll(2)).map(|_| format!("({})", filter(dice, kind, pools, depth - 1))).collect();
    parts.join(&format!(" {word} "))
}

async fn populate(house: &House, dice: &mut Dice) -> Pools {
    let mut pools = Pools { users: Vec::new(), groups: Vec::new() };
    for number in 0..24 {
        // One that meets an inactive user of the same externalId is refused.
        let Ok(written) = house.create(Kind::User, user(dice, number)).await else { continue };
        pools.users.push(written.id);
    }
    for number in 0..8 {
        let mut body = json!({ "schemas": [GROUP], "displayName": format!("{}{number}", dice.pick(TEXTS)) });
        if dice.chance(2) {
            body["externalId"] = (*dice.pick(TEXTS)).into();
        }
        let mut members: Vec<Value> =
            (0..dice.roll(5)).map(|_| json!({ "value": dice.pick(&pools.users) })).collect();
        members.push(json!({ "value": "ghost" }));
        body["members"] = members.into();
        pools.groups.push(house.create(Kind::Group, body).await.unwrap().id);
    }
    // Changed and deleted ones leave nothing behind in the indexes.
    for id in pools.users.iter().step_by(5) {
        let value = json!({ "displayName": *dice.pick(TEXTS), "externalId": *dice.pick(TEXTS), "emails": [{ "value": address(dice) }] });
        house.patch(Kind::User, id, json!([{ "op": "replace", "value": value }])).await.unwrap();
    }
    for id in pools.users.iter().skip(1).step_by(6) {
        house.patch(Kind::User, id, json!([{ "op": "remove", "path": "active" }])).await.unwrap();
    }
    house.delete(Kind::User, &pools.users[3]).await.unwrap();
    house.delete(Kind::Group, &pools.groups[2]).await.unwrap();
    pools
}

/// All resources of a kind with every attribute, those too that are only returned when they are asked for.
async fn everything(house: &House, tenant: &TenantId, kind: Kind) -> Vec<Resource> {
    let resource_type = scim_type(kind);
    let of = |urn: Option<&str>, attributes: &[Attribute]| -> Vec<String> {
        let name = |attribute: &Attribute| match urn {
            Some(urn) => format!("{urn}:{}", attribute.name),
            None => attribute.name.clone(),
        };
        let all = attributes.iter().flat_map(|a| {
            let subs = a.sub_attributes.iter().map(|s| format!("{}.{}", name(a), s.name)).collect::<Vec<_>>();
            std::iter::once(name(a)).filter(|_| a.sub_attributes.is_empty()).chain(subs).collect::<Vec<_>>()
        });
        all.collect()
    };
    let mut attributes = of(None, &resource_type.schema.attributes);
    attributes.extend(of(None, &resource_type.common));
    for extension in &resource_type.extensions {
        attributes.extend(of(Some(&extension.id), &extension.attributes));
    }
    let request = SearchRequest { count: Some(1_000), attributes, ..SearchRequest::default() };
    house.directory.query(tenant, Scope::Kind(kind), request).await.unwrap().list.resources
}

fn evaluated(filter: &Filter, resources: &[Resource], kind: Kind) -> Vec<String> {
    let matching: Vec<Resource> =
        resources.iter().filter(|r| filter.matches(r, scim_type(kind))).cloned().collect();
    ids(&matching)
}

#[tokio::test(flavor = "multi_thread")]
async fn indexes_and_evaluator_find_what_the_evaluator_finds() {
    let wanted: usize = std::env::var("MUSTER_PAIRS").ok().and_then(|n| n.parse().ok()).unwrap_or(2_000);
    let (mut pairs, mut hits, mut round) = (0, 0, 0);
    while pairs < wanted {
        round += 1;
        let (mut dice, house) = (Dice(round), seeded(round).await);
        let pools = populate(&house, &mut dice).await;
        let users = everything(&house, &house.tenant, Kind::User).await;
        let groups = everything(&house, &house.tenant, Kind::Group).await;
        for _ in 0..200 {
            let kind = if dice.chance(3) { Kind::Group } else { Kind::User };
            let text = filter(&mut dice, kind, &pools, 2);
            let resources = if kind == Kind::User { &users } else { &groups };
            let parsed = scim::filter::read(&text, scim_type(kind));
            let found = house.find(Scope::Kind(kind), &text).await;
            match parsed {
                Err(_) => assert!(found.is_err(), "{text}"),
                Ok((parsed, _)) => {
                    let expected = evaluated(&parsed, resources, kind);
                    assert_eq!(found.unwrap(), expected, "{text}");
                    hits += usize::from(!expected.is_empty() && expected.len() < resources.len());
                    pairs += resources.len();
                }
            }
            // The same filter at the root, where it meets both kinds.
            if let (true, Ok(found)) = (dice.chance(4), house.find(Scope::All, &text).await) {
                let parsed = scim::filter::parse(&text).unwrap();
                let mut expected = evaluated(&parsed, &users, Kind::User);
                expected.extend(evaluated(&parsed, &groups, Kind::Group));
                assert_eq!(found, expected, "at the root: {text}");
                pairs += users.len() + groups.len();
            }
        }
    }
    assert!(hits * 100 > pairs / 10, "only {hits} of the filters chose some and left some");
}

//! A plan names who would come to a group and leave it.

use directory::Kind;
use provision::cycle_plan::{PlanEntry, PlanSummary};
use provision::job::CycleOutcome;
use serde_json::json;

use crate::walk::Stage;

impl Stage {
    async fn plan(&self) -> (PlanSummary, Vec<PlanEntry>) {
        let (quiet, cx) = (|_, _| {}, self.house.cx());
        let provisioning = &self.house.provisioning;
        let plan = provisioning.plan(cx, &self.app, false, &quiet).await.unwrap();
        let tenant = &self.house.tenant;
        let entries = provisioning.plan_entries(tenant, &self.app, &plan.id, None, 0, 100).await.unwrap();
        (plan, entries.into_iter().map(|(_, entry)| entry).collect())
    }

    async fn apply(&self, plan: &PlanSummary) -> Result<CycleOutcome, provision::Error> {
        let (quiet, cx) = (|_, _| {}, self.house.cx());
        self.house.provisioning.apply(cx, &self.app, &plan.id, &quiet).await
    }
}

fn members(entries: &[PlanEntry]) -> Vec<String> {
    let of = |entry: &PlanEntry| {
        let members = entry.members.as_ref()?;
        assert_eq!((members.add, members.remove), (members.added.len() as u64, members.removed.len() as u64));
        let mut added = members.added.clone();
        added.sort();
        Some(format!("{} {}: +{} -{}", entry.action, entry.name, added.join(","), members.removed.join(",")))
    };
    entries.iter().filter_map(of).collect()
}

#[tokio::test]
async fn members_who_come_and_go_are_part_of_the_plan() {
    let stage = Stage::new().await;
    let (alice, bob) = (stage.user("alice").await, stage.user("bob").await);
    let carol = stage.stranger("carol", json!({})).await;
    let staff = stage.group("Staff", &[&alice, &bob]).await;
    stage.start().await;
    // A group that is made, with members that are made.
    let (plan, entries) = stage.plan().await;
    assert_eq!(members(&entries), ["create Staff: +alice,bob -"]);
    assert_eq!(stage.target.done(), [], "a plan writes nothing");
    assert_eq!(stage.apply(&plan).await.unwrap(), CycleOutcome::Completed);
    let there = stage.target_id(&staff).await;
    assert_eq!(stage.target.members(&there).len(), 2);
    let (plan, entries) = stage.plan().await;
    assert!(!plan.changes_anything() && members(&entries).is_empty(), "{entries:?}");

    // One comes who is not at the target yet, one goes.
    stage.change(Kind::Group, &staff, json!({ "members": [{ "value": alice }, { "value": carol }] })).await;
    let (plan, entries) = stage.plan().await;
    assert_eq!(members(&entries), ["update Staff: +carol -bob"]);
    let shown = entries.iter().find(|entry| entry.members.is_some()).unwrap();
    let names: Vec<&str> = shown.changes.iter().map(|change| change.name.as_str()).collect();
    assert_eq!(names, ["members added", "members removed"]);
    assert_eq!(shown.changes[0].new, Some(json!("1: carol")));
    assert_eq!(plan.counts.get("update"), Some(&1));
    assert!(plan.changes_anything());

    // Whoever else comes makes it another plan.
    let dave = stage.user("dave").await;
    let also = json!([{ "value": alice }, { "value": carol }, { "value": dave }]);
    stage.change(Kind::Group, &staff, json!({ "members": also })).await;
    assert_eq!(stage.apply(&plan).await.unwrap_err().status(), 409);
    let (plan, _) = stage.plan().await;
    assert_eq!(stage.apply(&plan).await.unwrap(), CycleOutcome::Completed);
    let mut expected = std::collections::BTreeSet::new();
    for id in [&alice, &carol, &dave] {
        expected.insert(stage.target_id(id).await);
    }
    assert_eq!(stage.target.members(&there), expected);
    let (plan, entries) = stage.plan().await;
    assert!(!plan.changes_anything(), "{entries:?}");
}

/// The group itself has not changed: only now is one of its members assigned.
#[tokio::test]
async fn a_group_hears_of_a_member_who_comes_to_the_target() {
    let stage = Stage::new().await;
    let alice = stage.user("alice").await;
    let nested = stage.house.group("Nested", &[&alice]).await;
    let staff = stage.group("Staff", &[&nested]).await;
    let late = stage.stranger("late", json!({})).await;
    stage.start().await;
    stage.cycle().await;
    let team = stage.group("Team", &[]).await;
    stage.change(Kind::Group, &team, json!({ "members": [{ "value": nested }] })).await;
    stage.cycle().await;
    assert!(stage.target.members(&stage.target_id(&staff).await).is_empty(), "a nested group is not there");
    stage.assign(Kind::Group, &nested).await;
    stage.assign(Kind::User, &late).await;
    let (plan, entries) = stage.plan().await;
    assert_eq!(
        members(&entries),
        ["create Nested: +alice -", "update Staff: +Nested -", "update Team: +Nested -"]
    );
    assert_eq!(stage.apply(&plan).await.unwrap(), CycleOutcome::Completed);
    let there = stage.target_id(&nested).await;
    for group in [&staff, &team] {
        assert_eq!(stage.target.members(&stage.target_id(group).await), [there.clone()].into());
    }
    assert!(!stage.plan().await.0.changes_anything());
}

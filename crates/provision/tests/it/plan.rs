//! What is decided about one object.

use provision::alias::ObjectKind;
use provision::mapping::{Actions, AttributeMapping, FlowBehavior, FlowType, Mapper, MappingSource, Purpose};
use provision::patch::{Dialect, create_body};
use provision::plan::{
    Action, Change, Decision, Facts, FailureCode, Found, Link, LinkChange, LookUp, Settings, SkipReason,
    SourceState, TargetState, WithoutSoftDelete, decide, diff, look_up,
};
use provision::source::SourceObject;
use provision::target_schema::TargetSchema;
use serde_json::json;

use crate::world::{cork, group_mapper, in_scope, mapper, nadia, target, unassigned, users};

/// One situation; tests change what they are about.
struct Case {
    mapper: Mapper,
    settings: Settings,
    user: SourceObject,
    source: SourceState,
    assigned: bool,
    link: Option<Link>,
    target: TargetState,
}

fn managed() -> Option<Link> {
    Some(Link { target_id: "t-1".into(), managed: true })
}

/// The target object as it is after a creation.
fn provisioned(mapper: &Mapper, user: &SourceObject) -> scim::Resource {
    let mut body = create_body(mapper, &target(mapper, user, Purpose::Create), Dialect::Rfc);
    body.insert("id".into(), json!("t-1"));
    body
}

fn found(resource: scim::Resource) -> TargetState {
    TargetState::Found(Found {
        id: "t-1".into(),
        resource,
        matched_by: Some("userName".into()),
        linked_to: None,
    })
}

impl Case {
    fn linked() -> Self {
        let (mapper, user) = (mapper(), nadia());
        let target = found(provisioned(&mapper, &user));
        Self {
            mapper,
            settings: Settings::default(),
            user,
            source: SourceState::Present,
            assigned: true,
            link: managed(),
            target,
        }
    }

    fn new_user() -> Self {
        Self { link: None, target: TargetState::Absent, ..Self::linked() }
    }

    fn group() -> Self {
        Self { mapper: group_mapper(), user: cork(), ..Self::linked() }
    }

    fn inactive(mut self) -> Self {
        self.user.resource.insert("active".into(), json!(false));
        self
    }

    fn decide(&self) -> Decision {
        self.with(decide)
    }

    fn with<T>(&self, ask: impl FnOnce(&Mapper, &Settings, &Facts<'_>) -> T) -> T {
        let mut user = self.user.clone();
        user.removed = self.source != SourceState::Present || !self.assigned;
        let purpose = if self.target == TargetState::Absent { Purpose::Create } else { Purpose::Update };
        let wanted = target(&self.mapper, &user, purpose);
        let scope = if self.assigned { in_scope(&user) } else { unassigned(&user) };
        ask(
            &self.mapper,
            &self.settings,
            &Facts {
                source: self.source,
                is_active: user.is_active(),
                scope: &scope,
                link: self.link.as_ref(),
                target: &self.target,
                wanted: &wanted,
            },
        )
    }

    #[track_caller]
    fn skips(&self, reason: SkipReason, link: LinkChange) {
        let decision = self.decide();
        assert_eq!(decision.action, Action::Skip { reason }, "{}", decision.reason);
        assert_eq!(decision.link, link);
        assert!(!decision.counts_as_deletion);
    }

    #[track_caller]
    fn fails(&self, code: FailureCode) {
        match self.decide().action {
            Action::Fail { code: found, .. } => assert_eq!(found, code),
            other => panic!("expected {code:?}, found {other:?}"),
        }
    }

    #[track_caller]
    fn disables(&self, link: LinkChange) {
        let decision = self.decide();
        let Action::Disable { changes, .. } = &decision.action else { panic!("{decision:?}") };
        assert!(changes.iter().any(|c| c.target == "active" && c.after == Some(json!(false))), "{changes:?}");
        assert_eq!((decision.link, decision.counts_as_deletion), (link, true));
    }
}

const NO: Actions = Actions { create: false, update: false, delete: false };

fn without(actions: Actions) -> Settings {
    Settings { actions, ..Settings::default() }
}

#[test]
fn who_is_in_scope_and_not_there_is_created() {
    let decision = Case::new_user().decide();
    assert_eq!((decision.action, decision.link), (Action::Create, LinkChange::Set));
    Case { settings: without(NO), ..Case::new_user() }.skips(SkipReason::CreateDisabled, LinkChange::Keep);
    Case::new_user().inactive().skips(SkipReason::NotActiveInSource, LinkChange::Keep);
    Case { assigned: false, ..Case::new_user() }.skips(SkipReason::NotEffectivelyEntitled, LinkChange::Keep);
    Case { source: SourceState::SoftDeleted, ..Case::new_user() }
        .skips(SkipReason::NotActiveInSource, LinkChange::Keep);
    Case { source: SourceState::Purged, ..Case::new_user() }
        .skips(SkipReason::NotActiveInSource, LinkChange::Keep);
}

#[test]
fn what_matches_is_adopted() {
    let mut case = Case { link: None, ..Case::linked() };
    let decision = case.decide();
    assert_eq!(decision.action, Action::Adopt { id: "t-1".into(), changes: Vec::new() });
    assert_eq!(decision.link, LinkChange::Set);
    let mut other = provisioned(&case.mapper, &case.user);
    other.insert("title".into(), json!("Boss"));
    case.target = found(other);
    let Action::Adopt { changes, .. } = case.decide().action else { panic!("adopts") };
    assert_eq!(changes.len(), 1);
    assert_eq!(
        (&changes[0].before, &changes[0].after),
        (&Some(json!("Boss")), &Some(json!("Site Engineer")))
    );
    case.settings.actions.create = false;
    assert!(
        matches!(case.decide().action, Action::Adopt { .. }),
        "without Create existing accounts are matched"
    );
    case.settings.actions.update = false;
    assert_eq!(case.decide().action, Action::Adopt { id: "t-1".into(), changes: Vec::new() });
    let case = Case { link: None, ..Case::linked() }.inactive();
    assert!(matches!(case.decide().action, Action::Adopt { changes, .. } if changes.len() == 1));
}

#[test]
fn adoption_is_refused_where_it_is_doubtful() {
    let mut case = Case { link: None, ..Case::linked() };
    let mut by_email = Found {
        id: "t-1".into(),
        resource: provisioned(&case.mapper, &case.user),
        matched_by: Some("emails[type eq \"work\"].value".into()),
        linked_to: None,
    };
    case.target = TargetState::Found(by_email.clone());
    case.fails(FailureCode::EntryConflict);
    case.settings.adopt_by_email = true;
    assert!(matches!(case.decide().action, Action::Adopt { .. }));
    by_email.linked_to = Some("s-9".into());
    case.target = TargetState::Found(by_email);
    case.fails(FailureCode::DuplicateSourceEntries);
    case.target = TargetState::Ambiguous { filter: "userName eq \"a\"".into(), count: 2 };
    case.fails(FailureCode::DuplicateTargetEntries);
    case.target = TargetState::NothingToMatch;
    case.fails(FailureCode::MissingValues);
    case.target = TargetState::Unknown;
    case.fails(FailureCode::InternalError);
}

#[test]
fn who_is_linked_is_kept_in_line() {
    Case::linked().skips(SkipReason::RedundantExport, LinkChange::Keep);
    let mut case = Case::linked();
    case.user.resource.insert("title".into(), json!("Director"));
    let Action::Update { id, changes } = case.decide().action else { panic!("updates") };
    assert_eq!((id.as_str(), changes.len()), ("t-1", 1));
    case.settings.actions.update = false;
    case.skips(SkipReason::UpdateDisabled, LinkChange::Keep);
    Case::linked().inactive().disables(LinkChange::Keep);
}

#[test]
fn who_comes_back_is_enabled() {
    let mut case = Case::linked();
    let mut disabled = provisioned(&case.mapper, &case.user);
    disabled.insert("active".into(), json!(false));
    case.target = found(disabled);
    case.link = Some(Link { target_id: "t-1".into(), managed: false });
    let decision = case.decide();
    assert!(matches!(decision.action, Action::Enable { .. }), "{decision:?}");
    assert_eq!(decision.link, LinkChange::Set);
}

#[test]
fn who_leaves_is_disabled() {
    Case { assigned: false, ..Case::linked() }.disables(LinkChange::Unmanage);
    Case { source: SourceState::SoftDeleted, ..Case::linked() }.disables(LinkChange::Keep);
    // Only `active` is sent, whatever else has changed.
    let mut case = Case { assigned: false, ..Case::linked() };
    case.user.resource.insert("title".into(), json!("Director"));
    let Action::Disable { changes, .. } = case.decide().action else { panic!("disables") };
    assert_eq!(changes.len(), 1);
    case.settings.actions.update = false;
    case.skips(SkipReason::UpdateDisabled, LinkChange::Unmanage);
    let mut case = Case { assigned: false, ..Case::linked() };
    let mut disabled = provisioned(&case.mapper, &case.user);
    disabled.insert("active".into(), json!("False"));
    case.target = found(disabled);
    case.skips(SkipReason::RedundantExport, LinkChange::Unmanage);
    case.target = TargetState::Gone;
    case.skips(SkipReason::GoneInTarget, LinkChange::Remove);
}

#[test]
fn who_is_not_managed_is_left_alone() {
    let link = Some(Link { target_id: "t-1".into(), managed: false });
    Case { assigned: false, link: link.clone(), ..Case::linked() }
        .skips(SkipReason::NotManaged, LinkChange::Keep);
    Case { source: SourceState::SoftDeleted, link: link.clone(), ..Case::linked() }
        .skips(SkipReason::NotManaged, LinkChange::Keep);
    Case { source: SourceState::Purged, link, ..Case::linked() }
        .skips(SkipReason::NotManaged, LinkChange::Remove);
}

#[test]
fn out_of_scope_deletions_can_be_skipped() {
    let settings = Settings { skip_out_of_scope_deletions: true, ..Settings::default() };
    Case { settings, assigned: false, ..Case::linked() }
        .skips(SkipReason::SkipOutOfScopeDeletions, LinkChange::Unmanage);
    Case { settings, source: SourceState::SoftDeleted, ..Case::linked() }.disables(LinkChange::Keep);
}

#[test]
fn who_is_purged_is_deleted() {
    let decision = Case { source: SourceState::Purged, ..Case::linked() }.decide();
    assert_eq!(decision.action, Action::Delete { id: "t-1".into() });
    assert_eq!((decision.link, decision.counts_as_deletion), (LinkChange::Remove, true));
    Case { source: SourceState::Purged, settings: without(NO), ..Case::linked() }
        .skips(SkipReason::DeleteDisabled, LinkChange::Remove);
}

#[test]
fn groups_that_leave_are_deleted() {
    for case in [
        Case { assigned: false, ..Case::group() },
        Case { source: SourceState::SoftDeleted, ..Case::group() },
        Case { source: SourceState::Purged, ..Case::group() },
    ] {
        assert_eq!(case.mapper.kind, ObjectKind::Group);
        let decision = case.decide();
        assert_eq!(decision.action, Action::Delete { id: "t-1".into() });
        assert!(decision.counts_as_deletion);
    }
    Case { assigned: false, settings: without(NO), ..Case::group() }
        .skips(SkipReason::DeleteDisabled, LinkChange::Unmanage);
    let settings = Settings { skip_out_of_scope_deletions: true, ..Settings::default() };
    Case { assigned: false, settings, ..Case::group() }
        .skips(SkipReason::SkipOutOfScopeDeletions, LinkChange::Unmanage);
}

#[test]
fn without_soft_delete_the_setting_decides() {
    let mut rules = users();
    rules.attributes.retain(|a| a.target != "active");
    let mapper = Mapper::new(&rules, &TargetSchema::users()).unwrap();
    let case = Case { mapper, assigned: false, ..Case::linked() };
    case.skips(SkipReason::SoftDeleteNotMapped, LinkChange::Unmanage);
    let settings = Settings { without_soft_delete: WithoutSoftDelete::Delete, ..Settings::default() };
    assert_eq!(Case { settings, ..case }.decide().action, Action::Delete { id: "t-1".into() });
}

#[test]
fn what_is_gone_is_an_error_unless_it_may_be_made_again() {
    let mut case = Case { target: TargetState::Gone, ..Case::linked() };
    case.fails(FailureCode::InvalidAnchor);
    case.settings.recreate_missing = true;
    let decision = case.decide();
    assert_eq!((decision.action, decision.link), (Action::Create, LinkChange::Set));
    case.inactive().skips(SkipReason::NotActiveInSource, LinkChange::Remove);
}

#[test]
fn a_mapping_without_result_fails_the_object() {
    let mut rules = users();
    rules.attributes[3].source = MappingSource::Expression("Error(\"no title\")".into());
    let mapper = Mapper::new(&rules, &TargetSchema::users()).unwrap();
    Case { mapper: mapper.clone(), ..Case::linked() }.fails(FailureCode::MappingFailed);
    Case { mapper: mapper.clone(), ..Case::new_user() }.fails(FailureCode::MappingFailed);
    // Nobody stays enabled because a title cannot be computed.
    Case { mapper, assigned: false, ..Case::linked() }.disables(LinkChange::Unmanage);
}

#[test]
fn the_target_is_asked_only_when_needed() {
    let check = |case: Case, expect: LookUp| assert_eq!(case.with(look_up), expect);
    check(Case::new_user(), LookUp::ByMatching);
    check(Case::linked(), LookUp::ByLink);
    check(Case { assigned: false, ..Case::new_user() }, LookUp::No);
    check(Case { assigned: false, ..Case::linked() }, LookUp::ByLink);
    check(Case { assigned: false, ..Case::group() }, LookUp::No);
    check(Case { source: SourceState::Purged, ..Case::linked() }, LookUp::No);
    check(Case { source: SourceState::SoftDeleted, ..Case::linked() }, LookUp::ByLink);
    let settings = Settings { skip_out_of_scope_deletions: true, ..Settings::default() };
    check(Case { settings, assigned: false, ..Case::linked() }, LookUp::No);
}

fn changes(mapping: AttributeMapping, current: serde_json::Value) -> Vec<Change> {
    let mut rules = users();
    rules.attributes.retain(|a| a.matching_priority > 0);
    rules.attributes.push(mapping);
    let mapper = Mapper::new(&rules, &TargetSchema::users()).unwrap();
    let mut current = crate::world::resource(current);
    current.insert("userName".into(), json!("NADIA.okafor@fabrikam.example"));
    diff(&mapper, &target(&mapper, &nadia(), Purpose::Update), &current)
}

#[test]
fn differences_follow_the_flow() {
    let title = || AttributeMapping::direct("title", "jobTitle");
    let with = |flow| AttributeMapping { flow, ..title() };
    assert!(changes(title(), json!({ "title": "SITE ENGINEER" })).is_empty(), "letter case is no difference");
    assert_eq!(changes(title(), json!({})).len(), 1);
    assert_eq!(changes(title(), json!({ "title": "x" })).len(), 1);
    assert_eq!(changes(with(FlowType::AttributeAddOnly), json!({})).len(), 1);
    assert!(changes(with(FlowType::AttributeAddOnly), json!({ "title": "x" })).is_empty());
    assert!(changes(with(FlowType::ValueAddOnly), json!({ "title": "x" })).is_empty());
    let always = AttributeMapping { flow_behavior: FlowBehavior::FlowAlways, ..title() };
    assert_eq!(changes(always, json!({ "title": "Site Engineer" })).len(), 1);
    let clearing = AttributeMapping { flow_null: true, ..AttributeMapping::direct("title", "state") };
    assert_eq!(changes(clearing.clone(), json!({ "title": "x" }))[0].after, None);
    assert!(changes(clearing, json!({})).is_empty());
    assert!(changes(AttributeMapping::direct("title", "state"), json!({ "title": "x" })).is_empty());
}

#[test]
fn additive_lists_send_what_is_missing() {
    let roles =
        |flow| AttributeMapping { flow, ..AttributeMapping::expression("roles", "Split(\"A,B\", \",\")") };
    let there = || json!({ "roles": [{ "value": "b" }, { "value": "C" }] });
    let added = changes(roles(FlowType::MultiValueAddOnly), there());
    assert_eq!(added[0].after, Some(json!([{ "value": "A" }])));
    assert!(added[0].additive);
    let replaced = changes(roles(FlowType::Always), there());
    assert_eq!(replaced[0].after, Some(json!([{ "value": "A" }, { "value": "B" }])));
    assert!(!replaced[0].additive);
    assert!(
        changes(roles(FlowType::Always), json!({ "roles": [{ "value": "B" }, { "value": "a" }] })).is_empty()
    );
}

#[test]
fn redacted_values_are_hidden_from_logs() {
    let secret = AttributeMapping::expression("title", "Redact([jobTitle])");
    let change = &changes(secret, json!({ "title": "x" }))[0];
    assert_eq!(change.after, Some(json!("Site Engineer")));
    assert_eq!(change.shown(), (Some(json!("[Redact]")), Some(json!("[Redact]"))));
}

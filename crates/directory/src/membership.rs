//! Who is in which group. Members are rows, never part of a group's document; writes are deltas.

use std::collections::BTreeSet;

use scim::Resource;
use scim::filter::Filter;
use scim::filter::eval::matches_element;
use scim::patch::{Member, MemberChange};
use serde_json::{Value, json};
use store::{ChangeKind, Kind, UnknownMembers};

use crate::context::{Context, Written};
use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::location::scim_type;
use crate::representation::each_member;
use crate::transaction::Transaction;
use crate::version::Precondition;

/// What really changed: a member added and removed again in one request is in neither list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Delta {
    added: BTreeSet<String>,
    removed: BTreeSet<String>,
}

impl Delta {
    pub(crate) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({ "added": self.added, "removed": self.removed })
    }

    fn add(&mut self, members: Vec<String>) {
        for member in members {
            if !self.removed.remove(&member) {
                self.added.insert(member);
            }
        }
    }

    fn remove(&mut self, members: Vec<String>) {
        for member in members {
            if !self.added.remove(&member) {
                self.removed.insert(member);
            }
        }
    }
}

/// `user` or `group`, as audit actions begin.
pub(crate) fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "user",
        Kind::Group => "group",
    }
}

/// Take `members` out of a body that has been checked.
///
/// # Errors
/// `invalidValue` for a member without a `value`.
pub(crate) fn take(resource: &mut Resource) -> Result<Vec<Member>> {
    let Some(Value::Array(items)) = resource.shift_remove("members") else { return Ok(Vec::new()) };
    let text = |item: &Value, name: &str| item.get(name).and_then(Value::as_str).map(str::to_owned);
    items
        .iter()
        .map(|item| match text(item, "value").filter(|value| !value.is_empty()) {
            Some(value) => Ok(Member { value, kind: text(item, "type") }),
            None => Err(scim::Error::invalid_value(
                "members: every member needs a value, the id of the user or group",
            )
            .into()),
        })
        .collect()
}

impl Directory {
    /// Add users or groups to a group, for the console.
    ///
    /// # Errors
    /// As [`Directory::patch`].
    pub async fn add_members(&self, cx: Context, group: &str, members: Vec<String>) -> Result<Written> {
        let members = members.into_iter().map(|value| Member { value, kind: None }).collect();
        self.move_members(cx, group, MemberChange::Add(members)).await
    }

    /// Remove users or groups from a group, for the console.
    ///
    /// # Errors
    /// As [`Directory::patch`].
    pub async fn remove_members(&self, cx: Context, group: &str, members: Vec<String>) -> Result<Written> {
        self.move_members(cx, group, MemberChange::Remove(members)).await
    }

    async fn move_members(&self, cx: Context, group: &str, change: MemberChange) -> Result<Written> {
        let group = group.to_owned();
        let (written, ()) = self.transact(cx, move |t| Ok((t.apply_to_members(&group, change)?, ()))).await?;
        Ok(written)
    }
}

impl Transaction<'_> {
    fn apply_to_members(&self, group: &str, change: MemberChange) -> Result<Written> {
        use crate::transaction::{Members, Outcome, Update};
        let stored = self.load(Kind::Group, group, &Precondition::None)?;
        let document = crate::representation::document(&stored)?;
        let members = self.change_members(group, vec![change])?;
        let update = Update { before: &document, after: &document, members, action: "group.update" };
        let version = stored.version;
        let stored = self.update(stored, update)?;
        let outcome =
            Outcome { created: false, changed: version != stored.version, quirks: Default::default() };
        self.written(&stored, outcome, Members::IfFew)
    }

    /// Carry out the changes of one request in their order.
    pub(crate) fn change_members(&self, group: &str, changes: Vec<MemberChange>) -> Result<Delta> {
        let mut delta = Delta::default();
        for change in changes {
            match change {
                MemberChange::Add(members) => delta.add(self.add(group, members)?),
                MemberChange::Remove(members) => delta.remove(self.write.remove_members(group, &members)?),
                MemberChange::RemoveWhere(filter) => {
                    let members = self.matching(group, &filter)?;
                    delta.remove(self.write.remove_members(group, &members)?);
                }
                MemberChange::Set(members) => self.set(group, members, &mut delta)?,
                MemberChange::Clear => self.set(group, Vec::new(), &mut delta)?,
            }
        }
        Ok(delta)
    }

    pub(crate) fn set_members(&self, group: &str, members: Vec<Member>) -> Result<Delta> {
        let mut delta = Delta::default();
        self.set(group, members, &mut delta)?;
        Ok(delta)
    }

    /// The difference to what is stored: members that stay are not touched.
    fn set(&self, group: &str, members: Vec<Member>, delta: &mut Delta) -> Result<()> {
        let mut stored = BTreeSet::new();
        each_member(self.write, group, |row| {
            stored.insert(row.member);
        })?;
        let wanted: BTreeSet<&str> = members.iter().map(|m| m.value.as_str()).collect();
        let surplus: Vec<String> = stored.iter().filter(|m| !wanted.contains(m.as_str())).cloned().collect();
        let missing: Vec<Member> = members.iter().filter(|m| !stored.contains(&m.value)).cloned().collect();
        delta.add(self.add(group, missing)?);
        if !surplus.is_empty() {
            delta.remove(self.write.remove_members(group, &surplus)?);
        }
        Ok(())
    }

    /// Adding a member that is there already is not an error: Entra repeats itself.
    fn add(&self, group: &str, members: Vec<Member>) -> Result<Vec<String>> {
        if members.is_empty() {
            return Ok(Vec::new());
        }
        if members.iter().any(|member| member.value == group) {
            let detail = format!("members: a group cannot be a member of itself ({group})");
            return Err(Error::Scim(scim::Error::invalid_value(detail)));
        }
        let ids: Vec<String> =
            members.into_iter().map(|m| m.value).collect::<BTreeSet<_>>().into_iter().collect();
        let kinds = self.write.kinds_of(&ids)?;
        let unknown_too = self.write.settings()?.unknown_members == UnknownMembers::Keep;
        let rows: Vec<(String, Option<Kind>)> = ids
            .into_iter()
            .map(|id| (kinds.get(&id).copied(), id))
            .filter(|(kind, _)| kind.is_some() || unknown_too)
            .map(|(kind, id)| (id, kind))
            .collect();
        Ok(self.write.add_members(group, &rows)?)
    }

    /// The members that a `members[…]` filter selects; none is not an error (Entra removes who left already).
    fn matching(&self, group: &str, filter: &Filter) -> Result<Vec<String>> {
        let Some(attribute) = scim_type(Kind::Group).core("members") else { return Ok(Vec::new()) };
        let links = self.links();
        let mut found = Vec::new();
        each_member(self.write, group, |row| {
            let id = row.member.clone();
            if matches_element(filter, &links.member(row), attribute) {
                found.push(id);
            }
        })?;
        Ok(found)
    }

    /// A group changes because one of its members came or went: new version, change and audit row.
    pub(crate) fn member_moved(&self, group: &str, members: Value) -> Result<()> {
        self.write.touch(Kind::Group, group, self.now)?;
        self.write.append_change(Kind::Group, group, ChangeKind::Updated, self.now)?;
        let stored = self.reload(Kind::Group, group)?;
        let document = crate::representation::document(&stored)?;
        let detail = json!({ "changes": [], "members": members });
        self.audit_resource("group.update", Kind::Group, group, &document, detail)
    }
}

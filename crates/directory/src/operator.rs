//! Operators: the people who sign in to the console, and what their roles let them do.

use jiff::Timestamp;
use serde_json::{Value, json};
use store::{OperatorRow, RoleRow, SystemRead, SystemWrite, TenantId};

use crate::audit::system_entry;
use crate::context::Caller;
use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::{name, password};

/// What an operator may be, everywhere or in one tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything, in every tenant.
    GlobalAdministrator,
    /// Everything in a tenant but making and deleting tenants and operators.
    TenantAdministrator,
    /// Users, groups and enterprise applications of a tenant.
    ApplicationAdministrator,
    /// Sees everything of a tenant but secrets, changes nothing.
    Reader,
}

/// What a function of the console or the command line asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    Read,
    /// Users and groups
    ManageDirectory,
    ManageKeys,
    ManageSettings,
    ManageApplications,
    /// Create, rename and delete tenants.
    ManageTenants,
    ManageOperators,
}

impl Role {
    pub const ALL: [Role; 4] =
        [Self::GlobalAdministrator, Self::TenantAdministrator, Self::ApplicationAdministrator, Self::Reader];

    /// As stored and as named on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GlobalAdministrator => "GlobalAdministrator",
            Self::TenantAdministrator => "TenantAdministrator",
            Self::ApplicationAdministrator => "ApplicationAdministrator",
            Self::Reader => "Reader",
        }
    }

    /// As people read it.
    pub fn title(self) -> &'static str {
        match self {
            Self::GlobalAdministrator => "Global Administrator",
            Self::TenantAdministrator => "Tenant Administrator",
            Self::ApplicationAdministrator => "Application Administrator",
            Self::Reader => "Reader",
        }
    }

    /// Case, spaces, `-` and `_` do not matter.
    pub fn parse(text: &str) -> Option<Self> {
        let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        Self::ALL.into_iter().find(|role| role.as_str().eq_ignore_ascii_case(&plain))
    }

    pub fn allows(self, permission: Permission) -> bool {
        use Permission as P;
        match self {
            Self::GlobalAdministrator => true,
            Self::TenantAdministrator => !matches!(permission, P::ManageTenants | P::ManageOperators),
            Self::ApplicationAdministrator => {
                matches!(permission, P::Read | P::ManageDirectory | P::ManageApplications)
            }
            Self::Reader => permission == P::Read,
        }
    }
}

/// A role, in one tenant or (without one) in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub role: Role,
    pub tenant: Option<TenantId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    pub id: String,
    pub name: String,
    pub disabled: bool,
    pub created: Timestamp,
    pub grants: Vec<Grant>,
}

impl Operator {
    /// Whether the operator may do this in this tenant.
    pub fn may(&self, permission: Permission, tenant: &TenantId) -> bool {
        !self.disabled
            && self
                .grants
                .iter()
                .any(|g| g.role.allows(permission) && g.tenant.as_ref().is_none_or(|t| t == tenant))
    }

    /// Whether the operator may do this in every tenant, those to come included: what making tenants and operators asks.
    pub fn may_everywhere(&self, permission: Permission) -> bool {
        !self.disabled && self.grants.iter().any(|g| g.tenant.is_none() && g.role.allows(permission))
    }
}

impl Directory {
    /// # Errors
    /// [`Error::Invalid`] also when the name is taken.
    pub async fn create_operator(
        &self,
        caller: Caller,
        name: &str,
        password: &str,
        grants: Vec<Grant>,
    ) -> Result<Operator> {
        let name = name::acceptable("name", name)?;
        password::acceptable(password, &name)?;
        let now = self.now();
        let row = OperatorRow {
            id: self.0.random.resource_id(now),
            name_key: scim::compare::fold(&name),
            name,
            password_hash: self.0.passwords.hash(password).await?,
            created: now,
            disabled: None,
        };
        let operator =
            Operator { id: row.id.clone(), name: row.name.clone(), disabled: false, created: now, grants };
        let grants = operator.grants.clone();
        self.0
            .store
            .write(move |write| {
                write.insert_operator(&row).map_err(name_taken)?;
                for grant in &grants {
                    existing(write, grant)?;
                    write.grant_role(&row.id, &grant.to_row())?;
                }
                let roles: Vec<Value> = grants.iter().map(Grant::to_json).collect();
                let detail = json!({ "operator": row.id, "roles": roles });
                write.append_system_audit(system_entry(
                    &caller,
                    now,
                    "operator.create",
                    Some(row.name),
                    detail,
                ))?;
                Ok::<_, Error>(())
            })
            .await?;
        Ok(operator)
    }

    /// By name.
    ///
    /// # Errors
    /// [`Error::Internal`]
    pub async fn operators(&self) -> Result<Vec<Operator>> {
        self.0
            .store
            .read(|read| {
                let mut rows = read.operators()?;
                rows.sort_by(|a, b| a.name_key.cmp(&b.name_key));
                rows.into_iter().map(|row| with_grants(read, row)).collect()
            })
            .await
    }

    /// # Errors
    /// [`Error::Unknown`]
    pub async fn operator(&self, id: &str) -> Result<Operator> {
        let found = self.0.store.read(|read| self.read_operator(read, id)).await?;
        found.ok_or_else(|| unknown(id))
    }

    /// # Errors
    /// [`Error::Unknown`]
    pub async fn operator_named(&self, name: &str) -> Result<Operator> {
        let key = scim::compare::fold(name.trim());
        let found = self
            .0
            .store
            .read(|read| match read.operator_by_name(&key)? {
                Some(row) => with_grants(read, row).map(Some),
                None => Ok(None),
            })
            .await?;
        found.ok_or_else(|| unknown(name))
    }

    /// Whether there is anybody who could sign in.
    ///
    /// # Errors
    /// [`Error::Internal`]
    pub async fn has_operators(&self) -> Result<bool> {
        self.0.store.read(|read| Ok(read.count_operators()? > 0)).await
    }

    /// A new password, set by somebody else; ends the operator's sessions.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Invalid`]
    pub async fn set_password(&self, caller: Caller, operator: &str, password: &str) -> Result<()> {
        let found = self.operator(operator).await?;
        password::acceptable(password, &found.name)?;
        let hash = self.0.passwords.hash(password).await?;
        self.change_operator(caller, found, "operator.set_password", json!({}), move |write, operator| {
            write.set_password(&operator.id, &hash)?;
            write.end_sessions_of(&operator.id)?;
            Ok(())
        })
        .await
    }

    /// A new password, set by the operator, who gives the present one; ends all sessions.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when the present one is wrong; [`Error::Invalid`], [`Error::Throttled`]
    pub async fn change_password(
        &self,
        caller: Caller,
        operator: &str,
        current: &str,
        new: &str,
    ) -> Result<()> {
        let found = self.operator(operator).await?;
        self.prove(&found.name, current, caller.address, &caller.request_id, "confirm.failed").await?;
        self.set_password(caller, operator, new).await
    }

    /// A disabled operator cannot sign in, and is signed out.
    ///
    /// # Errors
    /// [`Error::Unknown`]; [`Error::Invalid`] for the last Global Administrator.
    pub async fn disable_operator(&self, caller: Caller, operator: &str, disabled: bool) -> Result<()> {
        let found = self.operator(operator).await?;
        let (at, action) =
            if disabled { (Some(self.now()), "operator.disable") } else { (None, "operator.enable") };
        self.change_operator(caller, found, action, json!({}), move |write, operator| {
            write.disable_operator(&operator.id, at)?;
            if disabled {
                write.end_sessions_of(&operator.id)?;
                somebody_is_left(write)?;
            }
            Ok(())
        })
        .await
    }

    /// # Errors
    /// [`Error::Unknown`], [`Error::NoTenant`]
    pub async fn grant_role(&self, caller: Caller, operator: &str, grant: Grant) -> Result<()> {
        let found = self.operator(operator).await?;
        let detail = grant.to_json();
        self.change_operator(caller, found, "operator.grant", detail, move |write, operator| {
            existing(write, &grant)?;
            write.grant_role(&operator.id, &grant.to_row())?;
            Ok(())
        })
        .await
    }

    /// # Errors
    /// [`Error::Unknown`]; [`Error::Invalid`] for the last Global Administrator.
    pub async fn revoke_role(&self, caller: Caller, operator: &str, grant: Grant) -> Result<()> {
        let found = self.operator(operator).await?;
        let detail = grant.to_json();
        self.change_operator(caller, found, "operator.revoke", detail, move |write, operator| {
            write.revoke_role(&operator.id, &grant.to_row())?;
            somebody_is_left(write)
        })
        .await
    }

    /// A password to be shown once, for `demo` and for operators that others make.
    pub fn generate_password(&self) -> String {
        password::generate(&self.0.random)
    }

    async fn change_operator(
        &self,
        caller: Caller,
        operator: Operator,
        action: &'static str,
        mut detail: Value,
        change: impl FnOnce(&SystemWrite<'_>, &Operator) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        let now = self.now();
        self.0
            .store
            .write(move |write| {
                change(write, &operator)?;
                detail["operator"] = operator.id.into();
                write.append_system_audit(system_entry(&caller, now, action, Some(operator.name), detail))?;
                Ok::<_, Error>(())
            })
            .await
    }

    pub(crate) fn read_operator(&self, read: &SystemRead<'_>, id: &str) -> Result<Option<Operator>> {
        read.operator(id)?.map(|row| with_grants(read, row)).transpose()
    }
}

impl Grant {
    /// The role everywhere.
    pub fn everywhere(role: Role) -> Self {
        Self { role, tenant: None }
    }

    fn to_row(&self) -> RoleRow {
        RoleRow { role: self.role.as_str().to_owned(), tenant: self.tenant.clone() }
    }

    fn to_json(&self) -> Value {
        json!({ "role": self.role.as_str(), "tenant": self.tenant.as_ref().map(TenantId::as_str) })
    }
}

fn with_grants(read: &SystemRead<'_>, row: OperatorRow) -> Result<Operator> {
    let grants = read
        .roles_of(&row.id)?
        .into_iter()
        .filter_map(|grant| Some(Grant { role: Role::parse(&grant.role)?, tenant: grant.tenant }))
        .collect();
    Ok(Operator {
        id: row.id,
        name: row.name,
        disabled: row.disabled.is_some(),
        created: row.created,
        grants,
    })
}

/// A role in a tenant that does not exist would come to life with a tenant of that id.
fn existing(write: &SystemWrite<'_>, grant: &Grant) -> Result<()> {
    match &grant.tenant {
        Some(tenant) if write.tenant_info(tenant)?.is_none() => Err(Error::NoTenant),
        _ => Ok(()),
    }
}

fn somebody_is_left(write: &SystemWrite<'_>) -> Result<()> {
    for row in write.operators()? {
        if with_grants(write, row)?.may_everywhere(Permission::ManageOperators) {
            return Ok(());
        }
    }
    Err(Error::invalid("operator", "this is the last Global Administrator; make another one first"))
}

fn name_taken(error: store::Error) -> Error {
    match error {
        store::Error::Conflict(_) => Error::invalid("name", "an operator of that name exists"),
        other => other.into(),
    }
}

fn unknown(name: &str) -> Error {
    Error::Unknown { what: "operator", name: name.to_owned() }
}

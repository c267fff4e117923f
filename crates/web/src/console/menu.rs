//! The left menu: what there is, and where one is.

use directory::Permission;

use super::component::icon::Icon;
use super::visit::Visit;

/// An entry of the menu that a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Home,
    Users,
    DeletedUsers,
    Groups,
    DeletedGroups,
    Applications,
    Keys,
    RequestLog,
    ProvisioningLog,
    AuditLog,
    SystemAudit,
    Validator,
    BasicInformation,
    ScimConfiguration,
    Limits,
    Operators,
    Tenants,
    Profile,
}

/// One line of the menu.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) label: &'static str,
    pub(crate) path: &'static str,
    pub(crate) icon: Icon,
    /// The key that goes there after `g`.
    pub(crate) key: &'static str,
    /// Opened by this entry itself or by one below it.
    pub(crate) sections: &'static [Section],
    pub(crate) below: &'static [Below],
}

/// A line below another.
#[derive(Debug)]
pub(crate) struct Below {
    pub(crate) label: &'static str,
    pub(crate) path: &'static str,
    pub(crate) section: Section,
    /// Only for those who may do this everywhere.
    pub(crate) everywhere: Option<Permission>,
}

const fn below(label: &'static str, path: &'static str, section: Section) -> Below {
    Below { label, path, section, everywhere: None }
}

const fn global(label: &'static str, path: &'static str, section: Section, needs: Permission) -> Below {
    Below { label, path, section, everywhere: Some(needs) }
}

/// The words are the original identity provider's.
pub(crate) static MENU: [Item; 9] = [
    Item { label: "Home", path: "", icon: Icon::Home, key: "h", sections: &[Section::Home], below: &[] },
    Item {
        label: "Users",
        path: "users",
        icon: Icon::Users,
        key: "u",
        sections: &[Section::Users, Section::DeletedUsers],
        below: &[
            below("All users", "users", Section::Users),
            below("Deleted users", "users/deleted", Section::DeletedUsers),
        ],
    },
    Item {
        label: "Groups",
        path: "groups",
        icon: Icon::Groups,
        key: "g",
        sections: &[Section::Groups, Section::DeletedGroups],
        below: &[
            below("All groups", "groups", Section::Groups),
            below("Deleted groups", "groups/deleted", Section::DeletedGroups),
        ],
    },
    Item {
        label: "Enterprise apps",
        path: "apps",
        icon: Icon::Apps,
        key: "a",
        sections: &[Section::Applications],
        below: &[],
    },
    Item {
        label: "API Keys",
        path: "keys",
        icon: Icon::Key,
        key: "k",
        sections: &[Section::Keys],
        below: &[],
    },
    Item {
        label: "Logs",
        path: "logs",
        icon: Icon::Logs,
        key: "l",
        sections: &[Section::RequestLog, Section::ProvisioningLog, Section::AuditLog, Section::SystemAudit],
        below: &[
            below("Request log", "logs/requests", Section::RequestLog),
            below("Provisioning logs", "logs/provisioning", Section::ProvisioningLog),
            below("Audit log", "logs/audit", Section::AuditLog),
            global("Sign-ins", "logs/system", Section::SystemAudit, Permission::ManageOperators),
        ],
    },
    Item {
        label: "Validator",
        path: "validator",
        icon: Icon::Shield,
        key: "v",
        sections: &[Section::Validator],
        below: &[],
    },
    Item {
        label: "Tenant Config",
        path: "config",
        icon: Icon::Settings,
        key: "c",
        sections: &[
            Section::BasicInformation,
            Section::ScimConfiguration,
            Section::Limits,
            Section::Operators,
            Section::Tenants,
        ],
        below: &[
            below("Basic Information", "config/basic", Section::BasicInformation),
            below("SCIM2 Configuration", "config/scim", Section::ScimConfiguration),
            below("Limits and retention", "config/limits", Section::Limits),
            global("Operators", "config/operators", Section::Operators, Permission::ManageOperators),
            global("Tenants", "config/tenants", Section::Tenants, Permission::ManageTenants),
        ],
    },
    Item {
        label: "Profile",
        path: "profile",
        icon: Icon::Person,
        key: "p",
        sections: &[Section::Profile],
        below: &[],
    },
];

impl Below {
    pub(crate) fn is_for(&self, visit: &Visit) -> bool {
        self.everywhere.is_none_or(|permission| visit.may_everywhere(permission))
    }
}

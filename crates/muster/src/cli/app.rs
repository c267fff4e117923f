//! `muster app`: what can be asked of applications and their provisioning.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use super::Span;

/// Which application, and of which tenant.
#[derive(Debug, Clone, Args)]
pub(crate) struct Named {
    /// The application, by its name or id
    #[arg(value_name = "APP")]
    pub(crate) app: String,
    /// The tenant it belongs to, by its id or name
    #[arg(long, value_name = "ID")]
    pub(crate) tenant: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum App {
    /// Create an application; with --target-url it is tested first and made only if the test passes
    Create(Create),
    /// List the applications of a tenant
    List {
        /// The tenant, by its id or name
        #[arg(long, value_name = "ID")]
        tenant: String,
    },
    /// Show an application: connection, settings, assignments; never a secret
    Show(Named),
    /// Set where the target is, and with what to sign in; what is not given stays
    Connect {
        #[command(flatten)]
        named: Named,
        #[command(flatten)]
        connection: Connection,
    },
    /// Test Connection: the calls that Entra ID makes, each with what it showed
    Test {
        #[command(flatten)]
        named: Named,
        /// Try these instead of what is stored; nothing is saved
        #[command(flatten)]
        connection: Connection,
    },
    /// Assign users and groups
    Assign {
        #[command(flatten)]
        named: Named,
        /// Users by userName, groups by displayName, or either by id
        #[arg(value_name = "USER|GROUP", required = true)]
        objects: Vec<String>,
        /// Role, by its name or id [default: default access]
        #[arg(long, value_name = "ROLE")]
        role: Option<String>,
    },
    /// Take assignments back; at the target the users are disabled with the next cycle
    Unassign {
        #[command(flatten)]
        named: Named,
        /// Users by userName, groups by displayName, or either by id
        #[arg(value_name = "USER|GROUP", required = true)]
        objects: Vec<String>,
    },
    /// List who is assigned
    Assignments {
        #[command(flatten)]
        named: Named,
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: usize,
    },
    /// Attribute mappings
    #[command(subcommand)]
    Mapping(Mapping),
    /// Who is provisioned: assigned users and groups or all, and scoping filters
    #[command(subcommand)]
    Scope(Scope),
    /// Change settings: interval, push, notification e-mail, accidental-deletions prevention
    Set(Box<Set>),
    /// Start provisioning; harmless if it has been started
    Start(Named),
    /// Pause provisioning; a running cycle stops after what it is doing
    Pause(Named),
    /// Restart provisioning: forget what is named, and run at once
    Restart {
        #[command(flatten)]
        named: Named,
        /// What to forget or allow: Watermark, Escrows, QuarantineState, ConnectorDataStore, Full, ForceDeletes;
        /// several with commas [default: Watermark,Escrows,QuarantineState]
        #[arg(long, value_name = "WHAT", default_value = "")]
        reset: String,
    },
    /// Show how it stands: state, progress, numbers, the last cycles
    Status {
        #[command(flatten)]
        named: Named,
        /// Follow the cycle with a progress bar until it ends; exit code 0 only if it completed
        #[arg(long)]
        watch: bool,
    },
    /// Provision one user or group now, and show each step
    ProvisionOnDemand {
        #[command(flatten)]
        named: Named,
        /// User by userName, group by displayName, or either by id
        #[arg(value_name = "USER|GROUP")]
        object: String,
        /// Of a group: these members; repeatable
        #[arg(long = "member", value_name = "USER")]
        members: Vec<String>,
    },
    /// Compute what the next cycle would do, without sending a write
    ///
    /// Exit code 0: nothing to do; 3: it would change something; 1: it could not be computed.
    Plan {
        #[command(flatten)]
        named: Named,
        /// Look at every object, as an initial cycle does, not only at what has changed
        #[arg(long)]
        all: bool,
        /// How many entries to show
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: usize,
    },
    /// Do what a plan says; refused if source, target or configuration have changed since
    Apply {
        #[command(flatten)]
        named: Named,
        /// What `app plan` printed
        #[arg(value_name = "HASH")]
        plan: String,
    },
    /// Explain a user or group: scope, match, each attribute, last entries, next try
    Explain {
        #[command(flatten)]
        named: Named,
        /// User by userName, group by displayName, or either by id
        #[arg(value_name = "USER|GROUP")]
        object: String,
    },
    /// Provisioning logs, newest first
    Logs(Box<Logs>),
    /// Delete an application with its job, links and secrets; nothing is changed at the target
    Delete {
        #[command(flatten)]
        named: Named,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Its name, unique in the tenant
    pub(crate) name: String,
    /// The tenant whose users and groups it gets, by its id or name
    #[arg(long, value_name = "ID")]
    pub(crate) tenant: String,
    /// What it is made from
    #[arg(long, value_enum, default_value_t = TemplateName::Scim)]
    pub(crate) template: TemplateName,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TemplateName {
    /// Any application with a SCIM 2.0 endpoint
    Scim,
    /// Another tenant of a Muster server
    MusterTenant,
}

/// Where the target is and how it is spoken to. A secret comes from the environment or from standard input, never from the
/// command line, where everybody on the machine could read it.
#[derive(Debug, Clone, Default, Args)]
#[command(group = ArgGroup::new("secret").args(["secret_env", "secret_stdin"]))]
pub(crate) struct Connection {
    /// SCIM Base URL of the target; a query such as `?aadOptscim062020` is kept
    #[arg(long, value_name = "URL")]
    pub(crate) target_url: Option<String>,
    /// Environment variable that holds the secret: token, password or client secret
    #[arg(long, value_name = "VAR")]
    pub(crate) secret_env: Option<String>,
    /// Read the secret from standard input
    #[arg(long)]
    pub(crate) secret_stdin: bool,
    /// How to sign in at the target [default: bearer]
    #[arg(long, value_enum)]
    pub(crate) auth: Option<AuthName>,
    /// With --auth basic: the user name
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// With --auth oauth: where tokens are fetched
    #[arg(long, value_name = "URL")]
    pub(crate) token_url: Option<String>,
    /// With --auth oauth: the client
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// With --auth oauth: the scope to ask the token for
    #[arg(long, value_name = "SCOPE")]
    pub(crate) oauth_scope: Option<String>,
    /// With --auth oauth: the client's credentials go into the body instead of the header
    #[arg(long)]
    pub(crate) client_in_body: bool,
    /// How requests are worded [default: what the URL's flag says, else legacy]
    #[arg(long, value_enum)]
    pub(crate) dialect: Option<DialectName>,
    /// Requests at the same time at most [default: 16]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) in_flight: Option<u32>,
    /// Requests per second at most [default: as fast as the target answers]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) per_second: Option<u32>,
}

impl Connection {
    /// Whether any of it was given.
    pub(crate) fn is_given(&self) -> bool {
        let texts = [
            &self.target_url,
            &self.secret_env,
            &self.user,
            &self.token_url,
            &self.client_id,
            &self.oauth_scope,
        ];
        texts.iter().any(|text| text.is_some())
            || self.secret_stdin
            || self.client_in_body
            || self.auth.is_some()
            || self.dialect.is_some()
            || self.in_flight.is_some()
            || self.per_second.is_some()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AuthName {
    /// A token in `Authorization: Bearer`
    Bearer,
    /// User name and password
    Basic,
    /// OAuth 2.0 client credentials
    Oauth,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DialectName {
    /// As Entra ID without a flag: `Replace`, booleans as text
    Legacy,
    /// As Entra ID with `?aadOptscim062020`
    #[value(name = "aadOptscim062020")]
    AadOptscim062020,
    /// RFC 7644 to the letter
    Rfc,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Mapping {
    /// Show the mappings; with --json the document that `set` takes
    Show {
        #[command(flatten)]
        named: Named,
        /// Print Microsoft Graph's synchronization schema
        #[arg(long)]
        graph: bool,
    },
    /// Replace the mappings by those of a file
    Set {
        #[command(flatten)]
        named: Named,
        /// JSON as `show --json` or `show --graph` prints it; `-` is standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Restore the default mappings
    Reset(Named),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Scope {
    /// Show which scope and which filters are set
    Show(Named),
    /// Provision assigned users and groups, and the direct members of the groups
    Assigned(Named),
    /// Provision all users and groups of the tenant
    All(Named),
    /// Replace the scoping filters by those of a file
    Filters {
        #[command(flatten)]
        named: Named,
        /// JSON: {"users": [{"name", "clauses": [{"attribute", "operator", "value"}]}], "groups": […]}; `-` is standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

impl Switch {
    pub(crate) fn is_on(self) -> bool {
        self == Self::On
    }
}

/// A number, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bound(pub(crate) Option<u64>);

impl std::str::FromStr for Bound {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self(None)),
            number => number
                .parse()
                .map(|n| Self(Some(n)))
                .map_err(|_| format!("\"{text}\" is neither a number nor off")),
        }
    }
}

/// Settings; what is not given stays.
#[derive(Debug, Args)]
pub(crate) struct Set {
    #[command(flatten)]
    pub(crate) named: Named,
    /// Time between the starts of two cycles: `40m`, `30s`, `2h`; from 10 seconds to a day
    #[arg(long, value_name = "DURATION")]
    pub(crate) interval: Option<Span>,
    /// Whether a change of the directory is sent at once, not only with the next cycle
    #[arg(long, value_enum, value_name = "on|off")]
    pub(crate) push: Option<Switch>,
    /// Address that gets an e-mail when the job goes into quarantine, or `off`
    #[arg(long, value_name = "ADDRESS|off")]
    pub(crate) notify: Option<String>,
    /// Accidental-deletions prevention: users and groups that one cycle may disable or delete, or `off` for no prevention
    #[arg(long, value_name = "N|off")]
    pub(crate) threshold: Option<Bound>,
    /// Accidental-deletions prevention: percent of what is provisioned that one cycle may disable or delete, or `off`
    #[arg(long, value_name = "N|off")]
    pub(crate) threshold_percent: Option<Bound>,
    /// Whether users who leave the scope are left alone at the target
    #[arg(long, value_enum, value_name = "on|off")]
    pub(crate) skip_out_of_scope_deletions: Option<Switch>,
    /// Whether an account of the target is taken over because its e-mail address matches
    #[arg(long, value_enum, value_name = "on|off")]
    pub(crate) adopt_by_email: Option<Switch>,
    /// Whether what somebody deleted at the target is created again
    #[arg(long, value_enum, value_name = "on|off")]
    pub(crate) recreate_missing: Option<Switch>,
    /// Another name for the application
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// What the application is for
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Logs {
    #[command(flatten)]
    pub(crate) named: Named,
    /// Only entries with this status
    #[arg(long, value_name = "STATUS", value_parser = ["success", "failure", "skipped", "warning"])]
    pub(crate) status: Option<String>,
    /// Only entries with this action
    #[arg(long, value_name = "ACTION", value_parser = ["create", "update", "disable", "delete", "stagedDelete", "other"])]
    pub(crate) action: Option<String>,
    /// Only entries about this user or group
    #[arg(long, value_name = "USER|GROUP")]
    pub(crate) user: Option<String>,
    /// Only entries that hold this text in names, ids, error code or summary
    #[arg(long, value_name = "TEXT")]
    pub(crate) text: Option<String>,
    /// Only entries of this cycle
    #[arg(long, value_name = "ID")]
    pub(crate) cycle: Option<String>,
    /// Only entries since then: `2h` (ago), or a time as in 2026-11-24T08:00:00Z
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<String>,
    /// Only entries before then
    #[arg(long, value_name = "WHEN")]
    pub(crate) until: Option<String>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: usize,
    /// Show one entry with everything in it
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["follow", "csv", "ndjson"])]
    pub(crate) entry: Option<u64>,
    /// Print new entries as they come, oldest first, until Ctrl-C
    #[arg(long, conflicts_with = "csv")]
    pub(crate) follow: bool,
    /// Print CSV
    #[arg(long, conflicts_with = "ndjson")]
    pub(crate) csv: bool,
    /// Print one JSON document a line, with steps and exchanges
    #[arg(long)]
    pub(crate) ndjson: bool,
}

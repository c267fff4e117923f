//! Limits of the engine's pure part; each is enforced at one more than it says.

/// Characters of one mapping expression, as Entra has it.
pub const EXPRESSION_CHARS: usize = 10_000;
/// Calls inside calls.
pub const EXPRESSION_DEPTH: usize = 32;
/// Calls, attributes and constants of one expression.
pub const EXPRESSION_NODES: usize = 1_000;
/// Steps that the evaluation of one expression may take; a step is a node, or 64 bytes of what it makes.
pub const FUEL: u64 = 200_000;
/// Bytes of one value, all its parts together.
pub const VALUE_BYTES: usize = 65_536;
/// Parts of a multi-valued value.
pub const VALUE_PARTS: usize = 10_000;
/// Characters of a regular expression.
pub const PATTERN_CHARS: usize = 1_000;
/// Bytes that a compiled regular expression may take.
pub const PATTERN_BYTES: usize = 512 * 1_024;
/// Characters that `RandomString` makes at most, as Entra has it.
pub const RANDOM_CHARS: i64 = 256;

/// Bytes of a job's mappings and attribute lists as JSON.
pub const RULES_BYTES: usize = 2_000_000;
/// Mappings of one object mapping.
pub const MAPPINGS: usize = 500;
/// Attributes of one target object.
pub const TARGET_ATTRIBUTES: usize = 1_000;
/// Filters of one scope, and clauses of one filter.
pub const SCOPE_FILTERS: usize = 100;
pub const SCOPE_CLAUSES: usize = 100;
/// Members of one PATCH operation.
pub const MEMBERS_PER_OPERATION: usize = 100;
/// Clients kept between cycles; each has connections, a token and a pace.
pub const OPEN_CLIENTS: usize = 1_000;

/// Characters of the name of an application, a role or a value of one.
pub const NAME_CHARS: usize = 120;
pub const DESCRIPTION_CHARS: usize = 2_000;
/// Roles of an application.
pub const ROLES: usize = 100;
/// Users and groups that one request assigns or unassigns.
pub const ASSIGNED_AT_ONCE: usize = 1_000;
/// Names of them that one row of the audit log keeps.
pub const NAMES_IN_AUDIT: usize = 100;
/// Rows of one page.
pub const PAGE: usize = 500;
/// Entries of the log in memory at a time while it is exported; each may hold several exchanges.
pub const EXPORTED_AT_ONCE: usize = 100;
/// Characters of a cause that a notification tells.
pub const NOTICE_CHARS: usize = 2_000;
/// Jobs whose last notification is kept in mind.
pub const NOTICES: usize = 10_000;
/// Characters of a user name, a client identifier.
pub const CREDENTIAL_CHARS: usize = 1_000;

/// Objects of a target that ignores filters that are looked through for one that matches.
pub const OBJECTS_LOOKED_THROUGH: usize = 5_000;
/// Members that a log entry names as not provisioned.
pub const UNRESOLVED_NAMED: usize = 20;
/// Members of a group that one run on demand takes, as Entra has it.
pub const ON_DEMAND_MEMBERS: usize = 5;
/// Runs on demand of one application within [`ON_DEMAND_WINDOW`], as Entra has it.
pub const ON_DEMAND_RUNS: usize = 5;
pub const ON_DEMAND_WINDOW: jiff::SignedDuration = jiff::SignedDuration::from_secs(10);

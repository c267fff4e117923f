//! The command line: what can be asked, and nothing about how it is done.

pub(crate) mod app;
#[cfg(test)]
mod guide;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// User provisioning over SCIM 2.0: a directory that Microsoft Entra ID, Okta and others provision into.
#[derive(Debug, Parser)]
#[command(name = "muster", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes. Each may also stand in the configuration file or in the environment.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Global {
    /// Data folder: the database and the master key [default: ./muster-data] [env: MUSTER_DATA]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Database, `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/DATABASE` [default: muster.db in the data folder] [env: MUSTER_DATABASE_URL]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) database_url: Option<String>,
    /// URL under which clients reach the server [default: the listening address] [env: MUSTER_PUBLIC_URL]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// Configuration file [default: muster.toml in the data folder] [env: MUSTER_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Network that provisioning may reach though it is not public; repeatable [env: MUSTER_PROVISION_ALLOW]
    #[arg(long = "provision-allow", global = true, value_name = "NETWORK")]
    pub(crate) provision_allow: Vec<String>,
    /// What to log: a level, or directives as in `info,store=debug` [default: info] [env: MUSTER_LOG]
    #[arg(long, global = true, value_name = "LEVEL")]
    pub(crate) log: Option<String>,
    /// How to log [default: text] [env: MUSTER_LOG_FORMAT]
    #[arg(long, global = true, value_name = "FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
    /// Print one JSON document on standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

impl LogFormat {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server
    Serve(Serve),
    /// Show what it does: a company provisioned into an identity provider, in a throw-away folder, checked
    Demo(Demo),
    /// Tenants: isolated directories with their own keys and settings
    #[command(subcommand)]
    Tenant(Tenant),
    /// API keys: what a SCIM client signs in with
    #[command(subcommand)]
    Key(Key),
    /// Operators: people who sign in to the console
    #[command(subcommand)]
    Operator(Operator),
    /// Applications that a tenant's users and groups are provisioned into
    #[command(subcommand)]
    App(Box<app::App>),
    /// The audit log
    #[command(subcommand)]
    Audit(Audit),
    /// Fill a tenant from a file: users and groups as CSV, or as SCIM or Microsoft Graph JSON, one object a line
    ///
    /// What is there already (by id, userName or a group's displayName) is brought up to date, so an import can be run again.
    /// Exit code 0: all lines; 1: some lines failed and are told; 2: nothing was imported.
    Import(Import),
    /// Print the configuration in effect and where each value comes from; secrets are masked
    Config(ServerOptions),
    /// Bring the database to this version's schema (`serve` does it too)
    Migrate,
    /// Copy the whole database into an empty one, such as from SQLite into PostgreSQL; the server must be stopped
    ///
    /// A copy that was broken off goes on where it was when it is run again. At the end every row is compared.
    CopyDatabase {
        /// The database to copy into, `postgres://USER:PASSWORD@HOST/DATABASE` or `sqlite:PATH`
        #[arg(long, value_name = "URL", env = "MUSTER_COPY_TO", hide_env_values = true)]
        to: String,
    },
    /// Judge a SCIM service provider, anybody's: what would Entra ID and Okta trip over?
    ///
    /// It makes users and groups whose names begin with muster-check and deletes them again; it touches nothing else.
    /// Exit code 0: clean; 1: deviations; 2: something could not be judged, or nothing was run.
    Validate(Box<Validate>),
}

#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// SCIM Base URL of the target, `https://host/scim/v2`; http and private addresses are allowed
    #[arg(value_name = "URL", required_unless_present = "list")]
    pub(crate) url: Option<String>,
    #[command(flatten)]
    pub(crate) sign_in: SignIn,
    #[command(flatten)]
    pub(crate) choice: Choice,
    #[command(flatten)]
    pub(crate) conduct: Conduct,
    /// Write a report as FORMAT to the next -o; alone, to standard output instead of the summary; repeatable
    #[arg(long = "report", value_name = "FORMAT", value_parser = ["html", "json", "junit", "sarif", "md"])]
    pub(crate) reports: Vec<String>,
    /// File of a report; its ending tells the format (.html .json .xml .sarif .md) if no --report does; repeatable
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// List the checks with clause and level, and end
    #[arg(long)]
    pub(crate) list: bool,
}

/// With what to sign in at the target; nothing is allowed too.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SignIn {
    /// Bearer token; others on this machine can see it in the list of processes: prefer --token-env
    #[arg(long, value_name = "TOKEN", conflicts_with_all = ["token_env", "client_id"])]
    pub(crate) token: Option<String>,
    /// Environment variable that holds the bearer token
    #[arg(long, value_name = "VAR", conflicts_with = "client_id")]
    pub(crate) token_env: Option<String>,
    /// OAuth 2.0 client credentials: the client
    #[arg(long, value_name = "ID", requires_all = ["client_secret_env", "token_url"])]
    pub(crate) client_id: Option<String>,
    /// Environment variable that holds the client's secret
    #[arg(long, value_name = "VAR", requires = "client_id")]
    pub(crate) client_secret_env: Option<String>,
    /// Where tokens are fetched
    #[arg(long, value_name = "URL", requires = "client_id")]
    pub(crate) token_url: Option<String>,
    /// Scope to ask the token for
    #[arg(long, value_name = "SCOPE", requires = "client_id")]
    pub(crate) scope: Option<String>,
}

/// What is checked.
#[derive(Debug, Clone, Args)]
pub(crate) struct Choice {
    /// For whom the target is to work
    #[arg(long, default_value = "all", value_parser = ["entra", "okta", "rfc", "all"])]
    pub(crate) profile: String,
    /// Only these checks or themes, and what they need; `filter-*` takes all that begin so; repeatable
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Not these checks or themes; repeatable
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) skip: Vec<String>,
    /// Attributes to make values for: what the target says, the RFC's own, or a file with Schema resources
    #[arg(long, value_name = "discover|default|FILE", default_value = "discover")]
    pub(crate) schema: String,
}

/// How it is checked.
#[derive(Debug, Clone, Args)]
pub(crate) struct Conduct {
    /// The same seed makes the same values [default: drawn, and shown]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Leave what was created
    #[arg(long)]
    pub(crate) keep: bool,
    /// Checks that run at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) concurrency: u16,
    /// Requests per second at most [default: as fast as the target answers]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rps: Option<u32>,
    /// Seconds to wait for one answer
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout: u64,
    /// Refuse a target with more users: it is likely no test tenant
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(crate) max_existing_users: u64,
    /// Run whatever the number of users
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) options: ServerOptions,
}

/// What only a server needs. Each may also stand in the configuration file or in the environment.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ServerOptions {
    /// Address to listen on; port 0 takes a free one [default: 127.0.0.1:8080] [env: MUSTER_LISTEN]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<String>,
    /// Requests per second and tenant; 0 is no limit [default: 200] [env: MUSTER_RATE_LIMIT]
    #[arg(long, value_name = "N")]
    pub(crate) rate_limit: Option<u32>,
    /// Certificate chain (PEM); with --tls-key the server speaks HTTPS [env: MUSTER_TLS_CERT]
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Private key (PEM) of the certificate [env: MUSTER_TLS_KEY]
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Address or network of a reverse proxy whose X-Forwarded-For is believed; repeatable [env: MUSTER_TRUSTED_PROXIES]
    #[arg(long = "trusted-proxy", value_name = "ADDR")]
    pub(crate) trusted_proxies: Vec<String>,
    /// Network that the console's validator may reach though it is not public; repeatable [env: MUSTER_VALIDATOR_ALLOW]
    #[arg(long = "validator-allow", value_name = "NETWORK")]
    pub(crate) validator_allow: Vec<String>,
    /// Mail server for notifications, smtps://USER:PASSWORD@HOST; others on this machine can see flags: prefer the
    /// environment [env: MUSTER_SMTP_URL]
    #[arg(long, value_name = "URL")]
    pub(crate) smtp_url: Option<String>,
    /// Address that notifications come from [env: MUSTER_MAIL_FROM]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) mail_from: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// People of the company
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(20..=100_000))]
    pub(crate) users: u32,
    /// End after the table: exit code 0 only if all was as expected
    #[arg(long)]
    pub(crate) exit: bool,
    /// Address to listen on [default: 127.0.0.1:8080, or a free port if that is taken]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The tenant to fill, by id or name
    #[arg(long, value_name = "ID")]
    pub(crate) tenant: String,
    /// The file; it is read twice, so it cannot be a pipe
    pub(crate) file: PathBuf,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub(crate) preview: bool,
    /// How it is written; told by its ending or its first character otherwise
    #[arg(long, value_enum, default_value_t = ImportFormat::Auto)]
    pub(crate) format: ImportFormat,
    /// Go on where an import of the same file was cut off
    #[arg(long, conflicts_with = "preview")]
    pub(crate) resume: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ImportFormat {
    Auto,
    Csv,
    Ndjson,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Tenant {
    /// Create a tenant
    Create { name: String },
    /// List all tenants
    List,
    /// Show one tenant
    Show { id: String },
    /// Give a tenant another name
    Rename { id: String, name: String },
    /// Delete a tenant with everything in it
    Delete {
        id: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Show the settings of a tenant, or change those that are given as NAME=VALUE
    Settings {
        id: String,
        #[arg(value_name = "NAME=VALUE")]
        changes: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Create an API key; its value is shown once
    Create {
        /// The tenant it belongs to
        #[arg(long, value_name = "ID")]
        tenant: String,
        /// What it is for, as lists and logs show it
        #[arg(long)]
        name: String,
        /// SCIM2 or SCIM2:READ; repeatable
        #[arg(long = "scope", value_name = "SCOPE", required = true)]
        scopes: Vec<String>,
        /// How long it works: `90d`, `12h`, `1y`; a year at most
        #[arg(long, value_name = "DURATION", default_value = "90d")]
        expires: Span,
    },
    /// List the API keys of a tenant
    List {
        #[arg(long, value_name = "ID")]
        tenant: String,
    },
    /// Make a new value for a key; the old one works on for the overlap
    Rotate {
        id: String,
        /// How long the old value works on; `0d` stops it at once
        #[arg(long, value_name = "DURATION", default_value = "7d")]
        overlap: Span,
    },
    /// Revoke an API key at once
    Revoke { id: String },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Operator {
    /// Create an operator
    Create {
        /// The name to sign in with
        name: String,
        /// Role; without --tenant in all tenants
        #[arg(long, value_enum, default_value_t = RoleName::GlobalAdministrator)]
        role: RoleName,
        /// Tenant the role is for; repeatable
        #[arg(long = "tenant", value_name = "ID")]
        tenants: Vec<String>,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
        /// Make a password and show it once
        #[arg(long, conflicts_with = "password_stdin")]
        generate: bool,
    },
    /// List all operators
    List,
    /// Set the password of an operator and end its sessions
    SetPassword {
        name: String,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
        /// Make a password and show it once
        #[arg(long, conflicts_with = "password_stdin")]
        generate: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleName {
    GlobalAdministrator,
    TenantAdministrator,
    ApplicationAdministrator,
    Reader,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Recompute the hash chain of one tenant, or of all and of the sign-ins
    Verify {
        #[arg(long, value_name = "ID")]
        tenant: Option<String>,
    },
    /// List audit entries, newest first
    List {
        #[arg(long, value_name = "ID")]
        tenant: String,
        /// How many
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
    },
}

/// `90d`, `12h`, `30m`, `20s`, `2w`, `1y`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) jiff::SignedDuration);

impl std::str::FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("\"{text}\" is not a duration such as 90d, 12h, 2w or 1y");
        let unit = text.chars().last().ok_or_else(refused)?;
        let number: i64 = text.strip_suffix(unit).and_then(|n| n.parse().ok()).ok_or_else(refused)?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 7 * 86_400,
            'y' => 365 * 86_400,
            _ => return Err(refused()),
        };
        match number.checked_mul(seconds) {
            Some(seconds) if number >= 0 && seconds <= 100 * 365 * 86_400 => {
                Ok(Self(jiff::SignedDuration::from_secs(seconds)))
            }
            _ => Err(format!("\"{text}\" must be at most 100 years")),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn spans() {
        let table: &[(&str, Option<i64>)] = &[
            ("90d", Some(90 * 86_400)),
            ("12h", Some(43_200)),
            ("30m", Some(1_800)),
            ("20s", Some(20)),
            ("2w", Some(14 * 86_400)),
            ("1y", Some(365 * 86_400)),
            ("0d", Some(0)),
            ("-1d", None),
            ("101y", None),
            ("d", None),
            ("", None),
            ("90", None),
            ("90 d", None),
            ("9223372036854775807y", None),
            ("5€", None),
        ];
        for (text, seconds) in table {
            assert_eq!(text.parse::<Span>().ok().map(|s| s.0.as_secs()), *seconds, "{text}");
        }
    }
}

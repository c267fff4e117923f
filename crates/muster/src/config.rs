//! The configuration in effect: defaults, then the file, then the environment, then flags; and where each value is from.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::{Global, LogFormat, ServerOptions};
use crate::data::Folder;
use crate::output::{Doing as _, Failure, Result};

pub(crate) const LISTEN: &str = "127.0.0.1:8080";
const DATA: &str = "./muster-data";
const RATE_LIMIT: u32 = 200;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Default,
    /// What a server that runs or ran on this data folder wrote down.
    Server,
    File(PathBuf),
    Environment(&'static str),
    Flag(&'static str),
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Server => f.write_str("last server on this data folder"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) source: Source,
}

#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) data: Setting<PathBuf>,
    pub(crate) database_url: Setting<Option<String>>,
    pub(crate) listen: Setting<String>,
    pub(crate) public_url: Setting<Option<String>>,
    pub(crate) rate_limit: Setting<u32>,
    pub(crate) tls_cert: Setting<Option<PathBuf>>,
    pub(crate) tls_key: Setting<Option<PathBuf>>,
    pub(crate) trusted_proxies: Setting<Vec<String>>,
    pub(crate) validator_allow: Setting<Vec<String>>,
    pub(crate) provision_allow: Setting<Vec<String>>,
    pub(crate) smtp_url: Setting<Option<String>>,
    pub(crate) mail_from: Setting<Option<String>>,
    pub(crate) log: Setting<String>,
    pub(crate) log_format: Setting<LogFormat>,
}

/// The file's contents. An unknown key is an error: a misspelt setting must not be silently without effect.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    data: Option<PathBuf>,
    database_url: Option<String>,
    listen: Option<String>,
    public_url: Option<String>,
    rate_limit: Option<u32>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    trusted_proxies: Option<Vec<String>>,
    validator_allow: Option<Vec<String>>,
    provision_allow: Option<Vec<String>>,
    smtp_url: Option<String>,
    mail_from: Option<String>,
    log: Option<String>,
    log_format: Option<String>,
}

/// Environment variables, so that tests can give their own.
pub(crate) type Environment<'a> = &'a dyn Fn(&'static str) -> Option<String>;

pub(crate) fn process_environment(name: &'static str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

impl Config {
    /// # Errors
    /// A file or variable that cannot be read or understood.
    pub(crate) fn load(
        global: &Global,
        server: &ServerOptions,
        environment: Environment<'_>,
    ) -> Result<Self> {
        let (file, path) = File::load(global, environment)?;
        let pick = Picker { environment, path };
        let mut config = Self {
            data: pick.one(global.data.clone(), ("--data", "MUSTER_DATA"), file.data, DATA.into())?,
            database_url: pick.optional(
                global.database_url.clone(),
                ("--database-url", "MUSTER_DATABASE_URL"),
                file.database_url,
            )?,
            listen: pick.one(
                server.listen.clone(),
                ("--listen", "MUSTER_LISTEN"),
                file.listen,
                LISTEN.into(),
            )?,
            public_url: pick.optional(
                global.public_url.clone(),
                ("--public-url", "MUSTER_PUBLIC_URL"),
                file.public_url,
            )?,
            rate_limit: pick.one(
                server.rate_limit,
                ("--rate-limit", "MUSTER_RATE_LIMIT"),
                file.rate_limit,
                RATE_LIMIT,
            )?,
            tls_cert: pick.optional(
                server.tls_cert.clone(),
                ("--tls-cert", "MUSTER_TLS_CERT"),
                file.tls_cert,
            )?,
            tls_key: pick.optional(server.tls_key.clone(), ("--tls-key", "MUSTER_TLS_KEY"), file.tls_key)?,
            trusted_proxies: pick.list(
                &server.trusted_proxies,
                ("--trusted-proxy", "MUSTER_TRUSTED_PROXIES"),
                file.trusted_proxies,
            ),
            validator_allow: pick.list(
                &server.validator_allow,
                ("--validator-allow", "MUSTER_VALIDATOR_ALLOW"),
                file.validator_allow,
            ),
            provision_allow: pick.list(
                &global.provision_allow,
                ("--provision-allow", "MUSTER_PROVISION_ALLOW"),
                file.provision_allow,
            ),
            smtp_url: pick.optional(
                server.smtp_url.clone(),
                ("--smtp-url", "MUSTER_SMTP_URL"),
                file.smtp_url,
            )?,
            mail_from: pick.optional(
                server.mail_from.clone(),
                ("--mail-from", "MUSTER_MAIL_FROM"),
                file.mail_from,
            )?,
            log: pick.one(global.log.clone(), ("--log", "MUSTER_LOG"), file.log, "info".into())?,
            log_format: log_format(&pick, global, file.log_format)?,
        };
        config.recall();
        config.check()?;
        Ok(config)
    }

    pub(crate) fn folder(&self) -> Folder {
        Folder::new(&self.data.value)
    }

    /// The database as a URL.
    pub(crate) fn database(&self) -> String {
        match &self.database_url.value {
            Some(url) => url.clone(),
            None => format!("sqlite:{}", self.folder().database().display()),
        }
    }

    /// The public URL, or where the server would be found without one.
    pub(crate) fn public_url(&self) -> String {
        let scheme = if self.tls_cert.value.is_some() { "https" } else { "http" };
        match &self.public_url.value {
            Some(url) => url.clone(),
            None => format!("{scheme}://{}", self.listen.value),
        }
    }

    /// A command beside a server gives out the links of that server, not those of the defaults.
    fn recall(&mut self) {
        if self.public_url.value.is_none()
            && let Some(url) = self.folder().recall_public_url()
        {
            self.public_url = Setting { value: Some(url), source: Source::Server };
        }
    }

    fn check(&self) -> Result<()> {
        if self.tls_cert.value.is_some() != self.tls_key.value.is_some() {
            return Err(Failure::usage("TLS needs both a certificate and a key")
                .hint("give --tls-cert and --tls-key"));
        }
        if self.smtp_url.value.is_some() != self.mail_from.value.is_some() {
            return Err(Failure::usage("mail needs both a server and an address to send from")
                .hint("give --smtp-url and --mail-from"));
        }
        Ok(())
    }

    /// Every setting: name, value with secrets masked, source.
    pub(crate) fn shown(&self) -> Vec<(&'static str, Value, Source)> {
        let path = |p: &Option<PathBuf>| json!(p.as_ref().map(|p| p.display().to_string()));
        vec![
            ("data", json!(self.data.value.display().to_string()), self.data.source.clone()),
            ("database_url", json!(mask(&self.database())), self.database_url.source.clone()),
            ("listen", json!(self.listen.value), self.listen.source.clone()),
            ("public_url", json!(self.public_url()), self.public_url.source.clone()),
            ("rate_limit", json!(self.rate_limit.value), self.rate_limit.source.clone()),
            ("tls_cert", path(&self.tls_cert.value), self.tls_cert.source.clone()),
            ("tls_key", path(&self.tls_key.value), self.tls_key.source.clone()),
            ("trusted_proxies", json!(self.trusted_proxies.value), self.trusted_proxies.source.clone()),
            ("validator_allow", json!(self.validator_allow.value), self.validator_allow.source.clone()),
            ("provision_allow", json!(self.provision_allow.value), self.provision_allow.source.clone()),
            ("smtp_url", json!(self.smtp_url.value.as_deref().map(mask)), self.smtp_url.source.clone()),
            ("mail_from", json!(self.mail_from.value), self.mail_from.source.clone()),
            ("log", json!(self.log.value), self.log.source.clone()),
            ("log_format", json!(self.log_format.value.as_str()), self.log_format.source.clone()),
        ]
    }
}

impl File {
    /// The file that is named, or the one in the data folder if there is one.
    fn load(global: &Global, environment: Environment<'_>) -> Result<(Self, PathBuf)> {
        let named = global.config.clone().or_else(|| environment("MUSTER_CONFIG").map(PathBuf::from));
        let data = global.data.clone().or_else(|| environment("MUSTER_DATA").map(PathBuf::from));
        let path = named.clone().unwrap_or_else(|| data.unwrap_or_else(|| DATA.into()).join("muster.toml"));
        if named.is_none() && !path.exists() {
            return Ok((Self::default(), path));
        }
        let text = fs::read_to_string(&path).doing(format_args!("configuration file {}", path.display()))?;
        Ok((Self::parse(&text, &path)?, path))
    }

    fn parse(text: &str, path: &Path) -> Result<Self> {
        toml::from_str(text).map_err(|e| {
            let line = e
                .span()
                .map_or(1, |span| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
            Failure::new(format!("configuration file {}, line {line}: {}", path.display(), e.message()))
                .hint("`muster config` lists every setting")
        })
    }
}

/// Picks the value of the source that counts most.
struct Picker<'a> {
    environment: Environment<'a>,
    path: PathBuf,
}

impl Picker<'_> {
    fn optional<T>(
        &self,
        flag: Option<T>,
        names: (&'static str, &'static str),
        file: Option<T>,
    ) -> Result<Setting<Option<T>>>
    where
        T: std::str::FromStr<Err: std::fmt::Display>,
    {
        let (flag_name, variable) = names;
        if let Some(value) = flag {
            return Ok(Setting { value: Some(value), source: Source::Flag(flag_name) });
        }
        if let Some(text) = (self.environment)(variable) {
            let value = text.parse().doing(format_args!("{variable}=\"{}\"", mask(&text)))?;
            return Ok(Setting { value: Some(value), source: Source::Environment(variable) });
        }
        Ok(match file {
            Some(value) => Setting { value: Some(value), source: Source::File(self.path.clone()) },
            None => Setting { value: None, source: Source::Default },
        })
    }

    fn one<T>(
        &self,
        flag: Option<T>,
        names: (&'static str, &'static str),
        file: Option<T>,
        default: T,
    ) -> Result<Setting<T>>
    where
        T: std::str::FromStr<Err: std::fmt::Display>,
    {
        let Setting { value, source } = self.optional(flag, names, file)?;
        Ok(Setting { value: value.unwrap_or(default), source })
    }

    fn list(
        &self,
        flag: &[String],
        (flag_name, variable): (&'static str, &'static str),
        file: Option<Vec<String>>,
    ) -> Setting<Vec<String>> {
        if !flag.is_empty() {
            return Setting { value: flag.to_vec(), source: Source::Flag(flag_name) };
        }
        if let Some(text) = (self.environment)(variable) {
            let value =
                text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect();
            return Setting { value, source: Source::Environment(variable) };
        }
        match file {
            Some(value) => Setting { value, source: Source::File(self.path.clone()) },
            None => Setting { value: Vec::new(), source: Source::Default },
        }
    }
}

/// For a command that has no configuration.
pub(crate) fn log_format_of(global: &Global) -> LogFormat {
    global.log_format.unwrap_or(LogFormat::Text)
}

fn log_format(pick: &Picker<'_>, global: &Global, file: Option<String>) -> Result<Setting<LogFormat>> {
    let flag = global.log_format.map(|format| format.as_str().to_owned());
    let Setting { value, source } =
        pick.one(flag, ("--log-format", "MUSTER_LOG_FORMAT"), file, LogFormat::Text.as_str().to_owned())?;
    let value = match value.as_str() {
        "text" => LogFormat::Text,
        "json" => LogFormat::Json,
        other => {
            return Err(Failure::new(format!("log_format \"{other}\" ({source}) is unknown"))
                .hint("use text or json"));
        }
    };
    Ok(Setting { value, source })
}

/// A URL without its password.
pub(crate) fn mask(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((user, host)) => {
            let name = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{name}:***@{host}{tail}")
        }
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Variables<'a> = &'a [(&'a str, &'a str)];

    fn load(file: &str, variables: Variables<'_>, global: Global, server: &ServerOptions) -> Result<Config> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("muster.toml");
        fs::write(&path, file).unwrap();
        let global = Global { data: Some(global.data.unwrap_or(folder.path().into())), ..global };
        let environment = |name: &'static str| {
            variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned())
        };
        Config::load(&global, server, &environment)
    }

    #[test]
    fn flags_before_environment_before_file_before_default() {
        let none = ServerOptions::default();
        let flag = ServerOptions { rate_limit: Some(4), ..ServerOptions::default() };
        let variable = [("MUSTER_RATE_LIMIT", "3")];
        let table: [(&str, Variables<'_>, &ServerOptions, u32); 4] = [
            ("", &[], &none, RATE_LIMIT),
            ("rate_limit = 2", &[], &none, 2),
            ("rate_limit = 2", &variable, &none, 3),
            ("rate_limit = 2", &variable, &flag, 4),
        ];
        for (file, variables, server, expect) in table {
            let config = load(file, variables, Global::default(), server).unwrap();
            assert_eq!(config.rate_limit.value, expect);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let none = ServerOptions::default();
        let table: [(&str, Variables<'_>, &str); 6] = [
            ("rate_limt = 2", &[], "rate_limt"),
            ("\nrate_limit = \"x\"", &[], "line 2"),
            ("", &[("MUSTER_RATE_LIMIT", "many")], "MUSTER_RATE_LIMIT"),
            ("", &[("MUSTER_LOG_FORMAT", "xml")], "xml"),
            ("tls_cert = \"a.pem\"", &[], "TLS"),
            ("", &[("MUSTER_SMTP_URL", "smtps://mail.example")], "to send from"),
        ];
        for (file, variables, expect) in table {
            let failure = load(file, variables, Global::default(), &none).unwrap_err();
            assert!(failure.error.contains(expect), "{failure:?}");
        }
    }

    #[test]
    fn passwords_are_masked() {
        let table = [
            ("postgres://muster:hunter2@db.example/muster", "postgres://muster:***@db.example/muster"),
            ("postgres://muster:a@b@db.example/", "postgres://muster:***@db.example/"),
            ("smtps://muster:hunter2@mail.example", "smtps://muster:***@mail.example"),
            ("postgres://db.example/x@y", "postgres://db.example/x@y"),
            ("sqlite:/var/lib/muster.db", "sqlite:/var/lib/muster.db"),
        ];
        for (url, expect) in table {
            assert_eq!(mask(url), expect);
        }
    }
}

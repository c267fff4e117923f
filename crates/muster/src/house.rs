//! Everything below the front, opened and wired: master key, store, directory, provisioning.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use directory::{Actor, Caller, Context, Directory, PublicUrl, Random, SystemClock, TenantId};
use provision::mail::{MailServer, Mailer};
use provision::{Provisioning, Seal};
use store::{Location, Options, Store};

use crate::config::{Config, mask};
use crate::data::{Folder, MasterKey};
use crate::output::{Doing as _, Failure, Result};

/// Connections to a database server that read at the same time.
const CONNECTIONS: usize = 16;

/// Whether a data folder that is not there is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Create {
    Yes,
    No,
}

impl Create {
    pub(crate) fn when(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

pub(crate) struct House {
    pub(crate) directory: Directory,
    pub(crate) provisioning: Provisioning,
    pub(crate) store: Store,
}

impl House {
    /// # Errors
    /// No database there and `create` says no; a master key that is lost or open to others; a database that cannot be
    /// opened or is newer than this version.
    pub(crate) fn open(config: &Config, public_url: &str, create: Create) -> Result<Self> {
        let options = provision::Options {
            networks: networks(&config.provision_allow.value, "network for provisioning")?,
            mail: mailer(config)?,
            process: crate::process::this(),
            ..provision::Options::default()
        };
        let url = config.database();
        let location = location(&url)?;
        if let Location::File(file) = &location {
            refuse_missing(file, create)?;
        }
        let folder = config.folder();
        folder.create()?;
        let random = Random::system();
        let key = folder.secret(&location, &random)?;
        let public_url = PublicUrl::parse(public_url).map_err(failure)?;
        // On a server each request asks for its key: nodes have no other news of each other's changes yet.
        let news = match &location {
            Location::File(file) => Some(beside(file)),
            _ => None,
        };
        let store = open_store(location, &url, &folder, &key)?;
        let secret = key.secret;
        let directory = Directory::new(store.clone(), Arc::new(SystemClock), random, &secret, public_url);
        if let Some(news) = news {
            directory.key_cache().watch(&news).doing(format_args!("{}", news.display()))?;
        }
        let seal = Seal::new(&secret.key("sealed credentials"));
        let provisioning = Provisioning::new(directory.clone(), store.clone(), seal, options);
        Ok(Self { directory, provisioning, store })
    }

    /// Who works at the command line.
    pub(crate) fn caller(&self) -> Caller {
        let user = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(crate::config::process_environment);
        let user = user.unwrap_or_else(|| "unknown".to_owned());
        Caller { actor: Actor::Cli { user }, request_id: self.directory.request_id(), address: None }
    }

    pub(crate) fn context(&self, tenant: &TenantId) -> Context {
        Context::new(tenant.clone(), self.caller())
    }

    /// What is buffered gets written, what is running ends.
    pub(crate) async fn close(self) {
        if let Err(error) = self.directory.flush().await {
            tracing::error!(%error, "the last entries of the request log were not written");
        }
        drop(self.provisioning);
        drop(self.directory);
        self.store.close();
    }
}

/// Who sends notifications, if a mail server is configured.
fn mailer(config: &Config) -> Result<Option<Mailer>> {
    let (Some(url), Some(from)) = (&config.smtp_url.value, &config.mail_from.value) else { return Ok(None) };
    let wrong = |what: &str, why: String| {
        Failure::usage(format!("{what}: {why}"))
            .hint("as in --smtp-url smtps://user:password@mail.example.com")
    };
    let server = MailServer::parse(url).map_err(|why| wrong("the mail server", why))?;
    Mailer::new(&server, from).map(Some).map_err(|why| wrong("mail", why))
}

/// Networks as they are written in flags and files.
pub(crate) fn networks<N>(texts: &[String], what: &str) -> Result<Vec<N>>
where
    N: std::str::FromStr<Err: std::fmt::Display>,
{
    let parse = |text: &String| {
        text.parse().map_err(|e| {
            Failure::usage(format!("{what} \"{text}\": {e}")).hint("give an address or a network: 10.0.0.0/8")
        })
    };
    texts.iter().map(parse).collect()
}

/// The database, if its secrets are kept under this key.
fn open_store(location: Location, url: &str, folder: &Folder, key: &MasterKey) -> Result<Store> {
    let is_server = matches!(location, Location::Postgres(_));
    let mut options = Options::located(location);
    options.database_time = true;
    options.master_key = Some(key.secret.key("fingerprint"));
    if is_server {
        options.readers = CONNECTIONS;
    }
    match Store::open(options) {
        Err(store::Error::OtherKey) => {
            if key.is_new {
                folder.forget_master_key();
            }
            let path = folder.master_key();
            Err(Failure::new(format!(
                "database {}: it was made with another master key than {}",
                mask(url),
                path.display()
            ))
            .hint("copy master.key from the node, or from the backup, that the database belongs to"))
        }
        opened => opened.doing(format_args!("database {}", mask(url))),
    }
}

/// Grows by a byte with each change of a key, a tenant or its settings, whichever process makes it.
fn beside(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".news");
    name.into()
}

/// Where the database is.
pub(crate) fn location(url: &str) -> Result<Location> {
    let wanted = "use postgres://USER:PASSWORD@HOST/DATABASE or sqlite:PATH, or leave --database-url away for the embedded \
                  database in the data folder";
    match Location::parse(url) {
        Ok(location @ (Location::File(_) | Location::Postgres(_))) => Ok(location),
        Ok(Location::Memory) => {
            Err(Failure::new("a database in memory would forget everything").hint(wanted))
        }
        Err(error) => Err(Failure::new(format!("{}: {error}", mask(url))).hint(wanted)),
    }
}

/// A read in a folder that does not exist is a misspelt folder, not a wish for a new one.
pub(crate) fn refuse_missing(file: &Path, create: Create) -> Result<()> {
    if create == Create::Yes || file.exists() {
        return Ok(());
    }
    Err(Failure::new(format!("there is no database at {}", file.display()))
        .hint("name the data folder with --data, or make one: muster tenant create NAME"))
}

/// What the directory refuses, in the words of the command line.
pub(crate) fn failure(error: directory::Error) -> Failure {
    let text = error.to_string();
    match error {
        directory::Error::NoTenant => Failure::new("there is no such tenant").hint("muster tenant list"),
        directory::Error::Unknown { what: "operator", .. } => Failure::new(text).hint("muster operator list"),
        directory::Error::Busy => Failure::new(text).hint("try again"),
        directory::Error::Internal(_) => Failure::new(text).hint("--log debug says more"),
        directory::Error::Invalid { field, .. } => match field {
            "name" => Failure::new(text).hint("choose another name"),
            "password" => Failure::new(text).hint("--generate makes a good one and shows it once"),
            "expires" => Failure::new(text).hint("as in --expires 90d"),
            "overlap" => Failure::new(text).hint("as in --overlap 7d"),
            "public-url" => Failure::new(text).hint("as in --public-url https://scim.example.com"),
            _ => Failure::new(text),
        },
        _ => Failure::new(text),
    }
}

//! The data folder: the database, the master key, and where its server was seen last.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use directory::{Random, Secret};
use serde_json::{Value, json};
use store::Location;

use crate::output::{Doing as _, Failure, Result};

#[derive(Debug, Clone)]
pub(crate) struct Folder(PathBuf);

/// The master key, and whether it has just been made.
pub(crate) struct MasterKey {
    pub(crate) secret: Secret,
    pub(crate) is_new: bool,
}

impl Folder {
    pub(crate) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("muster.db")
    }

    pub(crate) fn master_key(&self) -> PathBuf {
        self.0.join("master.key")
    }

    /// Make the folder, for nobody but this user, unless it is there.
    pub(crate) fn create(&self) -> Result<()> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.0);
        made.doing(format_args!("data folder {}", self.0.display()))
    }

    /// The master key; made at first use. A database whose key is lost is refused, never given a new one: every API key
    /// and cursor would stop working, and what is encrypted under the old key would be lost for good.
    /// Whether a database on a server has a key, the database itself knows.
    pub(crate) fn secret(&self, location: &Location, random: &Random) -> Result<MasterKey> {
        // The database first: whoever makes both makes the key first, so a database without a key is no race.
        let has_database = matches!(location, Location::File(file) if file.exists());
        let path = self.master_key();
        match fs::symlink_metadata(&path) {
            Ok(_) => Ok(MasterKey { secret: read_secret(&path)?, is_new: false }),
            Err(e) if e.kind() == ErrorKind::NotFound && has_database => Err(Failure::new(format!(
                "the master key {} is missing but the database is not",
                path.display()
            ))
            .hint("restore master.key from the backup of this data folder; a new one would not fit")),
            Err(e) if e.kind() == ErrorKind::NotFound => {
                Ok(MasterKey { secret: self.make_secret(random)?, is_new: true })
            }
            Err(e) => Err(e).doing(format_args!("master key {}", path.display())),
        }
    }

    /// All or nothing: the file appears under its name with its contents on disk. Of two processes at once one wins.
    fn make_secret(&self, random: &Random) -> Result<Secret> {
        let path = self.master_key();
        let draft = self.0.join(format!("master.key.{}", std::process::id()));
        let made = (|| {
            let secret = Secret::generate(random);
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
            writeln!(file, "{}", secret.to_hex())?;
            file.sync_all()?;
            fs::hard_link(&draft, &path)
                .or_else(|e| if e.kind() == ErrorKind::AlreadyExists { Ok(()) } else { Err(e) })?;
            File::open(&self.0)?.sync_all()
        })();
        let _ = fs::remove_file(&draft);
        made.doing(format_args!("master key {}", path.display()))?;
        read_secret(&path)
    }

    /// A new key that turned out to be of no use is as if it had never been.
    pub(crate) fn forget_master_key(&self) {
        drop(fs::remove_file(self.master_key()));
    }

    fn server_file(&self) -> PathBuf {
        self.0.join("server.json")
    }

    /// Write down where this server is, so that commands beside it give out its links.
    pub(crate) fn note_server(&self, public_url: &str, address: &str) -> Result<()> {
        let path = self.server_file();
        let draft = self.0.join(format!("server.json.{}", std::process::id()));
        let text = format!("{:#}\n", json!({ "public_url": public_url, "listening": address }));
        fs::write(&draft, text)
            .and_then(|()| fs::rename(&draft, &path))
            .doing(format_args!("{}", path.display()))
    }

    pub(crate) fn recall_public_url(&self) -> Option<String> {
        let text = fs::read_to_string(self.server_file()).ok()?;
        let noted: Value = serde_json::from_str(&text).ok()?;
        Some(noted.get("public_url")?.as_str()?.to_owned())
    }
}

fn read_secret(path: &Path) -> Result<Secret> {
    let doing = format!("master key {}", path.display());
    let mode = fs::metadata(path).doing(&doing)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(Failure::new(format!("{doing} may be read by others (mode {:04o})", mode & 0o7777))
            .hint(format!("chmod 600 {}, and consider whether somebody has read it", path.display())));
    }
    let text = fs::read_to_string(path).doing(&doing)?;
    Secret::from_hex(&text).ok_or_else(|| {
        Failure::new(format!("{doing} does not hold 64 hexadecimal digits")).hint("restore it from a backup")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, Folder) {
        let folder = tempfile::tempdir().unwrap();
        let data = Folder::new(&folder.path().join("data"));
        data.create().unwrap();
        (folder, data)
    }

    #[test]
    fn the_key_is_made_once_and_kept_private() {
        let (_keep, data) = folder();
        let random = Random::seeded(1);
        let location = Location::File(data.database());
        let first = data.secret(&location, &random).unwrap();
        assert!(first.is_new);
        fs::write(data.database(), "").unwrap();
        let second = data.secret(&location, &random).unwrap();
        assert!(!second.is_new);
        assert_eq!(first.secret.to_hex(), second.secret.to_hex());
        assert_eq!(fs::metadata(data.master_key()).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&data.0).unwrap().count(), 2, "no draft is left behind");
    }

    #[test]
    fn a_lost_open_or_broken_key_is_refused() {
        let (_keep, data) = folder();
        let random = Random::seeded(1);
        let location = Location::File(data.database());
        let open = || data.secret(&location, &random).err().unwrap().error;
        fs::write(data.database(), "").unwrap();
        assert!(open().contains("missing"));
        assert!(!data.master_key().exists());
        fs::write(data.master_key(), "0".repeat(64)).unwrap();
        fs::set_permissions(data.master_key(), fs::Permissions::from_mode(0o640)).unwrap();
        assert!(open().contains("0640"));
        fs::set_permissions(data.master_key(), fs::Permissions::from_mode(0o600)).unwrap();
        assert!(data.secret(&location, &random).is_ok());
        fs::write(data.master_key(), "short").unwrap();
        assert!(open().contains("64"));
    }
}

//! Who the server runs as. PostgreSQL refuses to run as root, and tests in a container often are root.

use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use crate::error::{Doing as _, Error, Result};

/// In this order.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Account {
    Own,
    Other { user: u32, group: u32 },
}

impl Account {
    pub(crate) fn choose() -> Result<Self> {
        let own = std::fs::metadata("/proc/self").doing("/proc/self")?.uid();
        if own != 0 {
            return Ok(Self::Own);
        }
        let accounts = std::fs::read_to_string("/etc/passwd").doing("/etc/passwd")?;
        let found = UNPRIVILEGED.iter().find_map(|name| entry(&accounts, name));
        found.ok_or_else(|| {
            Error::new(
                "the tests run as root, PostgreSQL does not, and there is no account postgres or nobody",
            )
        })
    }

    /// Make the account the owner.
    pub(crate) fn give(self, folder: &Path) -> Result<()> {
        match self {
            Self::Own => Ok(()),
            Self::Other { user, group } => {
                chown(folder, Some(user), Some(group)).doing(&folder.display().to_string())
            }
        }
    }

    pub(crate) fn command(self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder).env("LC_ALL", "C");
        if let Self::Other { user, group } = self {
            command.uid(user).gid(group);
        }
        command
    }
}

fn entry(accounts: &str, name: &str) -> Option<Account> {
    let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some(Account::Other { user: fields.next()?.parse().ok()?, group: fields.next()?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_read_off_its_line() {
        let accounts = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n";
        assert_eq!(entry(accounts, "nobody"), Some(Account::Other { user: 65534, group: 65533 }));
        assert_eq!(entry(accounts, "postgres"), None);
    }
}

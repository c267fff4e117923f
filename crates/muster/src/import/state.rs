//! How far an import has come, in a small file beside its input, so that one that was cut off can go on.

use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::file::Source;
use super::tally::Tally;
use crate::output::{Failure, Result};

/// The two readings of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Step {
    Objects,
    References,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    pub(crate) tenant: String,
    /// Tells the file from another, and from itself after a change.
    pub(crate) print: String,
    pub(crate) step: Step,
    /// Every line up to this one is done in `step`.
    pub(crate) line: u64,
    pub(crate) tally: Tally,
}

impl Progress {
    pub(crate) fn begin(tenant: &str, print: String) -> Self {
        Self { tenant: tenant.to_owned(), print, step: Step::Objects, line: 0, tally: Tally::default() }
    }
}

/// The file in which progress is kept.
#[derive(Debug)]
pub(crate) struct Keeper {
    path: PathBuf,
    /// A folder that cannot be written to is told once.
    told: bool,
}

impl Keeper {
    pub(crate) fn beside(source: &Source) -> Self {
        let mut name = source.path.file_name().unwrap_or_default().to_owned();
        name.push(".muster-import");
        Self { path: source.path.with_file_name(name), told: false }
    }

    /// Without a note there is nothing to skip: the import begins at the beginning.
    ///
    /// # Errors
    /// The note belongs to another file or tenant.
    pub(crate) fn resume(&self, begun: Progress) -> Result<Progress> {
        let anew = "run it without --resume; what is there already is left as it is";
        let Ok(text) = fs::read(&self.path) else { return Ok(begun) };
        let Ok(kept) = serde_json::from_slice::<Progress>(&text) else {
            return Err(Failure::usage(format!("{} cannot be read", self.path.display())).hint(anew));
        };
        if kept.print != begun.print {
            return Err(Failure::usage("the file has changed since the import that was cut off").hint(anew));
        }
        if kept.tenant != begun.tenant {
            return Err(Failure::usage("the import that was cut off went to another tenant").hint(anew));
        }
        Ok(kept)
    }

    /// All or nothing. An import does not fail because its progress cannot be kept.
    pub(crate) fn keep(&mut self, progress: &Progress) {
        let draft = self.path.with_extension("muster-import.draft");
        let kept = serde_json::to_vec(progress)
            .map_err(std::io::Error::other)
            .and_then(|text| fs::write(&draft, text))
            .and_then(|()| fs::rename(&draft, &self.path));
        if let Err(error) = kept
            && !std::mem::replace(&mut self.told, true)
        {
            tracing::warn!(%error, "{} cannot be written; --resume will not work", self.path.display());
        }
    }

    pub(crate) fn forget(&self) {
        let _ = fs::remove_file(&self.path);
    }
}

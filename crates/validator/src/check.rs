//! A check: one value in one place. Lists, docs, console and reports derive from it.

use std::fmt;
use std::pin::Pin;

use serde::Serialize;

use crate::probe::Probe;
use crate::schema::Schemas;
use crate::verdict::Outcome;

/// Whose rule it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Level {
    /// RFC 2119 MUST, SHALL, REQUIRED
    #[serde(rename = "MUST")]
    Must,
    #[serde(rename = "SHOULD")]
    Should,
    #[serde(rename = "MAY")]
    May,
    /// The RFC does not ask for it, or asks for something else; Microsoft Entra needs it.
    Entra,
    /// The RFC does not ask for it; Okta needs it.
    Okta,
}

impl Level {
    pub const ALL: [Self; 5] = [Self::Must, Self::Should, Self::May, Self::Entra, Self::Okta];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::May => "MAY",
            Self::Entra => "Entra",
            Self::Okta => "Okta",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// For whom the target is to work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// What Entra uses, by RFC and by its own dialect.
    Entra,
    /// What Okta uses.
    Okta,
    /// The RFCs, whole.
    Rfc,
    #[default]
    All,
}

impl Profile {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Entra => "entra",
            Self::Okta => "okta",
            Self::Rfc => "rfc",
            Self::All => "all",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Entra, Self::Okta, Self::Rfc, Self::All].into_iter().find(|p| p.as_str() == text)
    }

    pub fn includes(self, check: &Check) -> bool {
        self == Self::All || check.profiles.contains(&self)
    }
}

const EVERYBODY: &[Profile] = &[Profile::Rfc, Profile::Entra, Profile::Okta];

/// What must be true before a check makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// This check passed. If it did not, the dependent could not be judged.
    Check(&'static str),
    Patch,
    Filter,
    Bulk,
    Sort,
    Etag,
    Cursor,
    ChangePassword,
    /// The target serves groups.
    Groups,
    /// The User schema has this attribute (`emails`, `name.familyName`, `urn:…:User:manager`).
    User(&'static str),
    /// The Group schema has this attribute.
    Group(&'static str),
}

/// A test of Microsoft's SCIM Validator or gallery validation that a check carries out, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Microsoft {
    pub name: &'static str,
    pub description: &'static str,
    /// A preview test does not count for Microsoft.
    pub preview: bool,
}

pub type Running<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

#[derive(Clone, Copy, Serialize)]
pub struct Check {
    pub id: &'static str,
    pub name: &'static str,
    pub level: Level,
    /// `RFC 7644 §3.3`, or where Entra or Okta say so.
    pub clause: &'static str,
    /// What is sent and what is looked at.
    pub what: &'static str,
    /// Why a client cares: what Entra or Okta do when it is otherwise.
    pub why: &'static str,
    pub theme: &'static str,
    pub needs: &'static [Need],
    pub profiles: &'static [Profile],
    pub microsoft: Option<Microsoft>,
    /// A check whose deviation for the same cause explains a deviation of this one.
    pub explained_by: Option<&'static str>,
    /// Looks at the whole collection, so nothing else may write meanwhile.
    pub alone: bool,
    /// One case for each subject that the discovered schemas give.
    #[serde(skip)]
    pub each: Option<fn(&Schemas) -> Vec<Subject>>,
    #[serde(skip)]
    pub run: for<'a> fn(&'a mut Probe) -> Running<'a>,
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What one case of a repeated check is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// `User` or `Group`
    pub kind: &'static str,
    /// The attribute's path.
    pub path: String,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The extension's URN is long and the attribute's name tells.
        let short = match self.path.rfind(':') {
            Some(colon) => self.path.get(colon + 1..).unwrap_or(&self.path),
            None => &self.path,
        };
        write!(f, "{}.{short}", self.kind)
    }
}

impl Check {
    pub const fn new(id: &'static str, name: &'static str, level: Level, clause: &'static str) -> Self {
        let profiles = match level {
            Level::Entra => &[Profile::Entra],
            Level::Okta => &[Profile::Okta],
            _ => EVERYBODY,
        };
        Self {
            id,
            name,
            level,
            clause,
            what: "",
            why: "",
            theme: "",
            needs: &[],
            profiles,
            microsoft: None,
            explained_by: None,
            alone: false,
            each: None,
            run: |_| Box::pin(async { Ok(()) }),
        }
    }

    #[must_use]
    pub const fn what(mut self, what: &'static str) -> Self {
        self.what = what;
        self
    }

    #[must_use]
    pub const fn why(mut self, why: &'static str) -> Self {
        self.why = why;
        self
    }

    #[must_use]
    pub const fn needs(mut self, needs: &'static [Need]) -> Self {
        self.needs = needs;
        self
    }

    /// Which profiles run it, where the level alone says it wrongly.
    #[must_use]
    pub const fn for_profiles(mut self, profiles: &'static [Profile]) -> Self {
        self.profiles = profiles;
        self
    }

    #[must_use]
    pub const fn microsoft(mut self, name: &'static str, description: &'static str, preview: bool) -> Self {
        self.microsoft = Some(Microsoft { name, description, preview });
        self
    }

    /// Where that check, or the first case of this one, deviates for the same cause, the others only refer to it: one
    /// cause is no wall of red.
    #[must_use]
    pub const fn explained_by(mut self, id: &'static str) -> Self {
        self.explained_by = Some(id);
        self
    }

    #[must_use]
    pub const fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    #[must_use]
    pub const fn each(mut self, each: fn(&Schemas) -> Vec<Subject>) -> Self {
        self.each = Some(each);
        self
    }

    #[must_use]
    pub const fn run(mut self, run: for<'a> fn(&'a mut Probe) -> Running<'a>) -> Self {
        self.run = run;
        self
    }
}

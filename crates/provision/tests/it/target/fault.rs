//! What the service provider does wrong: now and then, or always.

use directory::Kind;
use jiff::SignedDuration;
use scim_client::FailureKind;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Create,
    Get,
    Query,
    Replace,
    /// PATCH
    Change,
    Delete,
}

impl Verb {
    pub(crate) fn method(self) -> &'static str {
        match self {
            Self::Create => "POST",
            Self::Get | Self::Query => "GET",
            Self::Replace => "PUT",
            Self::Change => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// What happens instead of what should.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// It fails, and nothing was done.
    Refuse(FailureKind, Option<u16>),
    /// It fails, and it was done.
    ApplyThen(FailureKind, Option<u16>),
    /// The answer is about the right object and has another one's id.
    OtherId,
    /// The answer is another object.
    OtherObject,
    /// The answer has an id and nothing else.
    IdAlone,
}

/// Something wrong with some requests.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    /// Empty: with all.
    verbs: Vec<Verb>,
    kind: Option<Kind>,
    /// Requests that are let pass first.
    pub(crate) skip: usize,
    pub(crate) times: usize,
    pub(crate) what: What,
}

impl Fault {
    /// Once.
    pub(crate) fn once(verbs: &[Verb], what: What) -> Self {
        Self { verbs: verbs.to_vec(), kind: None, skip: 0, times: 1, what }
    }

    /// Until it is healed.
    pub(crate) fn always(verbs: &[Verb], what: What) -> Self {
        Self { times: usize::MAX, ..Self::once(verbs, what) }
    }

    /// With requests about such objects only.
    pub(crate) fn of(mut self, kind: Kind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Let so many requests pass first.
    pub(crate) fn after(mut self, requests: usize) -> Self {
        self.skip = requests;
        self
    }

    pub(crate) fn fits(&self, verb: Verb, kind: Kind) -> bool {
        (self.verbs.is_empty() || self.verbs.contains(&verb)) && self.kind.is_none_or(|k| k == kind)
    }
}

/// How lists are paged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paging {
    Right,
    /// Without totalResults.
    Untold,
    /// Every page is the first.
    Repeats,
    Miscounts(u64),
    /// There is always another one.
    Endless,
}

/// What it always does.
#[derive(Debug, Clone)]
pub(crate) struct Habits {
    pub(crate) ignores_filters: bool,
    /// 404 instead of an empty list.
    pub(crate) not_found_for_no_match: bool,
    pub(crate) paging: Paging,
    pub(crate) page_size: usize,
    /// New objects are not seen before so long.
    pub(crate) lag: SignedDuration,
    pub(crate) upper_cases_user_names: bool,
    /// Target attributes that it does not keep.
    pub(crate) drops: Vec<String>,
    pub(crate) no_patch: bool,
    pub(crate) no_groups: bool,
    pub(crate) unique_groups: bool,
    /// 409 without a scimType.
    pub(crate) plain_conflicts: bool,
    pub(crate) refuses_unknown_members: bool,
    /// Nobody's name is taken.
    pub(crate) accepts_duplicates: bool,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            ignores_filters: false,
            not_found_for_no_match: false,
            paging: Paging::Right,
            page_size: 100,
            lag: SignedDuration::ZERO,
            upper_cases_user_names: false,
            drops: Vec::new(),
            no_patch: false,
            no_groups: false,
            unique_groups: false,
            plain_conflicts: false,
            refuses_unknown_members: false,
            accepts_duplicates: false,
        }
    }
}

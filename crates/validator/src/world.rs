//! What all cases of a run share: the wire, the options, what the target is, and the ledger.

use serde::Serialize;
use serde_json::Value;

use crate::check::Need;
use crate::ledger::Ledger;
use crate::options::Options;
use crate::schema::Schemas;
use crate::value::member;
use crate::wire::Wire;

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) wire: Wire,
    pub(crate) options: Options,
    pub(crate) schemas: Schemas,
    pub(crate) features: Features,
    pub(crate) ledger: Ledger,
}

/// What ServiceProviderConfig says (RFC 7643 §5).
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Features {
    /// Whether there is a ServiceProviderConfig at all.
    pub advertised: bool,
    pub patch: bool,
    pub filter: bool,
    pub bulk: bool,
    pub sort: bool,
    pub etag: bool,
    pub change_password: bool,
    pub cursor: bool,
    pub max_results: Option<u64>,
    #[serde(skip)]
    pub config: Value,
}

impl Features {
    /// Without a ServiceProviderConfig, what every client uses is taken as supported and the rest as not.
    pub fn read(config: Option<&Value>) -> Self {
        let Some(config) = config else { return Self { patch: true, filter: true, ..Self::default() } };
        let of = |feature: &str, flag: &str| {
            member(config, feature).and_then(|f| member(f, flag)).and_then(scim::compare::boolean)
        };
        Self {
            advertised: true,
            patch: of("patch", "supported").unwrap_or(true),
            filter: of("filter", "supported").unwrap_or(true),
            bulk: of("bulk", "supported").unwrap_or(false),
            sort: of("sort", "supported").unwrap_or(false),
            etag: of("etag", "supported").unwrap_or(false),
            change_password: of("changePassword", "supported").unwrap_or(false),
            cursor: of("pagination", "cursor").unwrap_or(false),
            max_results: member(config, "filter")
                .and_then(|f| member(f, "maxResults"))
                .and_then(Value::as_u64),
            config: config.clone(),
        }
    }
}

impl World {
    /// Why a check that needs this does not apply.
    pub(crate) fn missing(&self, need: Need) -> Option<String> {
        let features = &self.features;
        let (there, why) = match need {
            Need::Check(_) => (true, String::new()),
            Need::Patch => (features.patch, "PATCH is not advertised".to_owned()),
            Need::Filter => (features.filter, "filter is not advertised".to_owned()),
            Need::Bulk => (features.bulk, "bulk is not advertised".to_owned()),
            Need::Sort => (features.sort, "sort is not advertised".to_owned()),
            Need::Etag => (features.etag, "etag is not advertised".to_owned()),
            Need::Cursor => (features.cursor, "cursor paging (RFC 9865) is not advertised".to_owned()),
            Need::ChangePassword => (features.change_password, "changePassword is not advertised".to_owned()),
            Need::Groups => (self.schemas.group.is_some(), "the target serves no groups".to_owned()),
            Need::User(path) => (self.schemas.user.has(path), format!("the User schema has no {path}")),
            Need::Group(path) => (
                self.schemas.group.as_ref().is_some_and(|g| g.has(path)),
                format!("the Group schema has no {path}"),
            ),
        };
        (!there).then_some(why)
    }
}

//! Queries (RFC 7644 §3.4.2, §3.4.3; RFC 9865): the indexes narrow, the evaluator decides, totals are true.

use scim::filter::Filter;
use scim::limits;
use scim::message::{ListResponse, SearchRequest};
use scim::path::AttributePath;
use scim::projection::Projection;
use scim::quirk::Quirks;
use scim::schema::ResourceType;
use scim::sort::SortOrder;
use store::{Kind, Narrow, Stored, TenantId, TenantRead};

use crate::cursor::{Cursors, Position};
use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::get::MEMBERS_AT_ONCE;
use crate::location::scim_type;
use crate::narrow::{Plan, mentions, plan};
use crate::representation::{Links, Load};

mod page;
mod sorted;
mod text;

/// What a query is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Kind(Kind),
    /// `/.search` at the root: users and groups.
    All,
}

/// A page, and the tolerated deviations that the query needed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    pub list: ListResponse,
    pub quirks: Quirks,
}

impl Scope {
    pub(crate) fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Kind(Kind::User) => &[Kind::User],
            Self::Kind(Kind::Group) => &[Kind::Group],
            Self::All => &[Kind::User, Kind::Group],
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kind(kind) => kind.as_str(),
            Self::All => "",
        }
    }
}

/// A page as it is sent: JSON text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListText {
    pub text: Vec<u8>,
    pub quirks: Quirks,
}

/// A query that has been found acceptable.
struct Query {
    directory: Directory,
    tenant: TenantId,
    scope: Scope,
    request: SearchRequest,
    plans: Vec<(Kind, Plan)>,
    sort: Option<(AttributePath, SortOrder)>,
    projection: Projection,
    count: usize,
    paging: Paging,
}

enum Paging {
    /// 1-based
    Index(u64),
    /// Behind this resource; `None` for the first page.
    Cursor(Option<Position>),
}

/// Matching resources of the page, and how many there are in all.
struct Page {
    rows: Vec<Stored>,
    total: u64,
    next: Option<Position>,
}

impl Directory {
    /// # Errors
    /// `invalidFilter`, `invalidValue`, `invalidCursor`, `expiredCursor`, `invalidCount`; [`Error::NoTenant`]
    pub async fn query(&self, tenant: &TenantId, scope: Scope, request: SearchRequest) -> Result<Answer> {
        let (query, quirks) = self.read_query(tenant, scope, request)?;
        query.carry_out(Query::response, |list| Answer { list, quirks }).await
    }

    /// The same as it is sent, with what is made of it; see [`Self::get_text`].
    ///
    /// # Errors
    /// As [`Self::query`].
    pub async fn query_text<T: Send + 'static>(
        &self,
        tenant: &TenantId,
        scope: Scope,
        request: SearchRequest,
        then: impl FnOnce(ListText) -> T + Send + 'static,
    ) -> Result<T> {
        let (query, quirks) = self.read_query(tenant, scope, request)?;
        query.carry_out(Query::text, |text| then(ListText { text, quirks })).await
    }

    fn read_query(&self, tenant: &TenantId, scope: Scope, request: SearchRequest) -> Result<(Query, Quirks)> {
        let (filter, quirks) = read_filter(request.filter.as_deref(), scope)?;
        let attributes: Vec<&str> = request.attributes.iter().map(String::as_str).collect();
        let excluded: Vec<&str> = request.excluded_attributes.iter().map(String::as_str).collect();
        let count = count(request.count);
        let query = Query {
            directory: self.clone(),
            tenant: tenant.clone(),
            scope,
            plans: scope.kinds().iter().map(|&kind| (kind, plan(filter.as_ref(), kind))).collect(),
            sort: sort(&request, scope)?,
            projection: Projection::new(&attributes, &excluded)?,
            paging: paging(self, tenant, scope, &request, count)?,
            count,
            request,
        };
        Ok((query, quirks))
    }
}

/// RFC 7644 §3.4.2.4 and RFC 9865 §2: a negative count is 0; a larger one than the maximum is answered with that many.
fn count(asked: Option<i64>) -> usize {
    match asked {
        None => limits::PAGE_DEFAULT,
        Some(count) => usize::try_from(count.max(0)).unwrap_or(limits::PAGE_MAX).min(limits::PAGE_MAX),
    }
}

fn paging(
    directory: &Directory,
    tenant: &TenantId,
    scope: Scope,
    request: &SearchRequest,
    count: usize,
) -> Result<Paging> {
    match (&request.cursor, request.start_index) {
        // RFC 9865 §2.4: one of the two names the method.
        (Some(_), Some(_)) => {
            Err(scim::Error::invalid_value("startIndex and cursor are two ways of paging; send one of them")
                .into())
        }
        // RFC 9865 §2: an empty cursor asks for the first page.
        (Some(cursor), None) if cursor.is_empty() => Ok(Paging::Cursor(None)),
        (Some(cursor), None) => {
            let cursors =
                Cursors::new(&directory.0.secrets.cursors, tenant, scope, request, count, directory.now());
            Ok(Paging::Cursor(Some(cursors.read(cursor)?)))
        }
        // RFC 7644 §3.4.2.4: a value less than 1 is 1.
        (None, start) => Ok(Paging::Index(start.and_then(|s| u64::try_from(s).ok()).unwrap_or(1).max(1))),
    }
}

fn sort(request: &SearchRequest, scope: Scope) -> Result<Option<(AttributePath, SortOrder)>> {
    let Some(text) = &request.sort_by else { return Ok(None) };
    let path = AttributePath::parse(text)
        .map_err(|e| scim::Error::invalid_value(format!("sortBy: {}", e.detail)))?;
    if !scope.kinds().iter().any(|&kind| scim_type(kind).resolve(&path).is_some()) {
        let detail = format!("sortBy: \"{path}\" is not an attribute; see /Schemas for those that are");
        return Err(scim::Error::invalid_value(detail).into());
    }
    // The order by id is the order without a sort.
    let by_id = path.schema.is_none() && path.name.eq_ignore_ascii_case("id");
    let natural = by_id && request.sort_order == SortOrder::Ascending && matches!(scope, Scope::Kind(_));
    Ok(if natural { None } else { Some((path, request.sort_order)) })
}

fn read_filter(text: Option<&str>, scope: Scope) -> Result<(Option<Filter>, Quirks)> {
    let Some(text) = text else { return Ok((None, Quirks::default())) };
    match scope {
        Scope::Kind(kind) => {
            let (filter, quirks) = scim::filter::read(text, scim_type(kind))?;
            Ok((Some(filter), quirks))
        }
        Scope::All => {
            let filter = scim::filter::parse(text)?;
            validate_anywhere(&filter, scope)?;
            Ok((Some(filter), Quirks::default()))
        }
    }
}

/// RFC 7644 §3.4.2.1: at the root an attribute that one type does not have simply matches none of its resources; one that
/// no type has is a mistake.
fn validate_anywhere(filter: &Filter, scope: Scope) -> Result<()> {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().try_for_each(|p| validate_anywhere(p, scope)),
        Filter::Not(inner) => validate_anywhere(inner, scope),
        leaf => {
            let types = scope.kinds().iter().map(|&kind| scim_type(kind));
            let mut errors: Vec<(bool, scim::Error)> = Vec::new();
            for resource_type in types {
                match leaf.validate(resource_type) {
                    Ok(()) => return Ok(()),
                    Err(error) => errors.push((has_attribute(leaf, resource_type), error)),
                }
            }
            // The type that has the attribute knows best what is wrong with the comparison.
            errors.sort_by_key(|(known, _)| !known);
            errors.into_iter().next().map_or(Ok(()), |(_, error)| Err(error.into()))
        }
    }
}

fn has_attribute(leaf: &Filter, resource_type: &ResourceType) -> bool {
    match leaf {
        Filter::Compare(path, ..) | Filter::Present(path) | Filter::ValuePath(path, _) => {
            resource_type.resolve(path).is_some()
        }
        _ => false,
    }
}

impl Query {
    /// Whether the indexes alone find a handful of rows.
    fn is_quick(&self) -> bool {
        self.sort.is_none()
            && self.count <= limits::PAGE_DEFAULT
            && self.plans.iter().all(|(_, plan)| plan.rest.is_none() && is_point(&plan.narrow))
    }

    fn links(&self) -> Links<'_> {
        Links { public_url: self.directory.public_url(), tenant: &self.tenant }
    }

    /// Where it costs nobody else: a handful of rows on this thread, all else as a scan.
    async fn carry_out<T, U: Send + 'static>(
        self,
        answer: fn(&Self, &TenantRead<'_>, Page) -> Result<T>,
        then: impl FnOnce(T) -> U + Send + 'static,
    ) -> Result<U>
    where
        T: 'static,
    {
        let store = self.directory.0.store.tenant(&self.tenant);
        if self.is_quick() {
            let quick = |read: &TenantRead<'_>| {
                let page = self.page(read)?;
                if self.is_huge(read, &page)? { Ok(None) } else { answer(&self, read, page).map(Some) }
            };
            if let Some(list) = store.read(quick).await? {
                return Ok(then(list));
            }
        }
        store.scan(move |read| answer(&self, read, self.page(read)?).map(then)).await
    }

    /// Whether the page holds groups with so many members that it is better read as a scan.
    fn is_huge(&self, read: &TenantRead<'_>, page: &Page) -> Result<bool> {
        let mut members = 0;
        if self.projection.wants("members") {
            for group in page.rows.iter().filter(|row| row.kind == Kind::Group) {
                members += read.member_count(&group.id)?;
            }
        }
        Ok(members > MEMBERS_AT_ONCE)
    }

    fn page(&self, read: &TenantRead<'_>) -> Result<Page> {
        match &self.sort {
            None => self.in_order_of_id(read),
            Some((path, order)) => self.sorted(read, path, *order),
        }
    }

    fn response(&self, read: &TenantRead<'_>, page: Page) -> Result<ListResponse> {
        let load = Load::for_projection(&self.projection);
        let links = self.links();
        let mut resources = Vec::with_capacity(page.rows.len());
        for row in &page.rows {
            resources.push(self.projection.apply(links.full(read, row, load)?, scim_type(row.kind)));
        }
        let next_cursor = page.next.map(|position| self.cursors().issue(position)).transpose()?;
        Ok(ListResponse {
            total_results: page.total,
            start_index: self.start_index(),
            resources,
            next_cursor,
            previous_cursor: None,
        })
    }

    fn start_index(&self) -> Option<u64> {
        match self.paging {
            Paging::Index(start) => Some(start),
            Paging::Cursor(_) => None,
        }
    }

    fn cursors(&self) -> Cursors<'_> {
        let Self { directory, tenant, scope, request, count, .. } = self;
        Cursors::new(&directory.0.secrets.cursors, tenant, *scope, request, *count, directory.now())
    }

    /// What must be loaded to decide the filter's rest, and the sort key.
    fn load_to_decide(&self, kind: Kind, rest: Option<&Filter>) -> Load {
        let resource_type = scim_type(kind);
        let needs = |attribute: &str| {
            rest.is_some_and(|filter| mentions(filter, resource_type, attribute))
                || self.sort.as_ref().is_some_and(|(path, _)| {
                    resource_type.resolve(path).is_some_and(|r| r.attribute.name == attribute)
                })
        };
        Load { groups: needs("groups"), members: needs("members") }
    }
}

/// Whether the narrow selects a few rows through one index entry.
fn is_point(narrow: &Narrow) -> bool {
    match narrow {
        Narrow::Nothing | Narrow::Id(_) | Narrow::UniqueKey(_) | Narrow::Value { .. } => true,
        Narrow::And(parts) => parts.iter().any(is_point),
        Narrow::Or(parts) => parts.len() <= 4 && parts.iter().all(is_point),
        _ => false,
    }
}

fn rank(kind: Kind) -> u8 {
    match kind {
        Kind::User => 0,
        Kind::Group => 1,
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::NoTenant => Self::NoTenant,
            store::Error::Busy => Self::Busy,
            store::Error::Away(why) => {
                tracing::error!(why, "the database cannot be reached");
                Self::Busy
            }
            other => Self::internal(other),
        }
    }
}

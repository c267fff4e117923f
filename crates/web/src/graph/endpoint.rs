//! The table of Graph endpoints. Each is there under `/graph/v1.0` and `/graph/beta`, unless it says otherwise.

use std::pin::Pin;
use std::sync::OnceLock;

use http::{Method, StatusCode};

use super::exchange::{Answer, Call};
use super::options::{ANY, DELTA, LIST, LOGS, MEMBERS, NONE, QUERY, SELECT};
use super::reply::Failure;
use super::{
    assignment, delta, directory_object, job, log, object_connection, on_demand, principal, schema, secret,
    source_attribute, template,
};
use crate::inventory::Access;

type Handler = fn(Call) -> Pin<Box<dyn Future<Output = Answer> + Send>>;

/// Whether a request's body is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// It is not; clients that send one need not.
    None,
    Json,
    /// Nothing is as good as an empty object.
    Optional,
}

/// One method of one path below the version.
pub(crate) struct Row {
    pub(crate) method: Method,
    path: &'static str,
    pub(crate) access: Access,
    pub(crate) content: Content,
    pub(crate) options: &'static [&'static str],
    pub(crate) handler: Handler,
    only_beta: bool,
}

/// A row under one version.
pub(crate) struct Endpoint {
    pub(crate) row: &'static Row,
    pub(crate) path: String,
}

const fn get(path: &'static str, access: Access, options: &'static [&'static str], handler: Handler) -> Row {
    Row { method: Method::GET, path, access, content: Content::None, options, handler, only_beta: false }
}

const fn read(path: &'static str, options: &'static [&'static str], handler: Handler) -> Row {
    get(path, Access::GraphRead, options, handler)
}

const fn write(method: Method, path: &'static str, content: Content, handler: Handler) -> Row {
    Row { method, path, access: Access::GraphWrite, content, options: NONE, handler, only_beta: false }
}

const fn post(path: &'static str, content: Content, handler: Handler) -> Row {
    write(Method::POST, path, content, handler)
}

/// A question with a body.
const fn asked(path: &'static str, handler: Handler) -> Row {
    let (method, access) = (Method::POST, Access::GraphRead);
    Row { method, path, access, content: Content::Json, options: NONE, handler, only_beta: false }
}

const fn beta(mut row: Row) -> Row {
    row.only_beta = true;
    row
}

const ALL: Access = Access::GraphReadAll;

macro_rules! synchronization {
    () => {
        "/servicePrincipals/{id}/synchronization"
    };
}

macro_rules! job {
    ($rest:literal) => {
        concat!(synchronization!(), "/jobs/{job}", $rest)
    };
}

/// A change that belongs to no application.
const fn everything(path: &'static str, handler: Handler) -> Row {
    let (method, access) = (Method::POST, Access::GraphWriteAll);
    Row { method, path, access, content: Content::Json, options: NONE, handler, only_beta: false }
}

macro_rules! handler {
    ($handler:path) => {
        |call| Box::pin($handler(call))
    };
}

static ROWS: &[Row] = &[
    read("/applicationTemplates", LIST, handler!(template::list)),
    read("/applicationTemplates/{template}", SELECT, handler!(template::get)),
    everything("/applicationTemplates/{template}/instantiate", handler!(template::instantiate)),
    read("/applications", LIST, handler!(principal::applications)),
    read("/applications/{id}", SELECT, handler!(principal::application)),
    read("/servicePrincipals", LIST, handler!(principal::list)),
    read("/servicePrincipals/{id}", SELECT, handler!(principal::get)),
    write(Method::PATCH, "/servicePrincipals/{id}", Content::Json, handler!(principal::update)),
    write(Method::DELETE, "/servicePrincipals/{id}", Content::None, handler!(principal::delete)),
    read("/servicePrincipals/{id}/appRoleAssignedTo", LIST, handler!(assignment::list)),
    post("/servicePrincipals/{id}/appRoleAssignedTo", Content::Json, handler!(assignment::create)),
    read("/servicePrincipals/{id}/appRoleAssignedTo/{assignment}", SELECT, handler!(assignment::get)),
    write(
        Method::DELETE,
        "/servicePrincipals/{id}/appRoleAssignedTo/{assignment}",
        Content::None,
        handler!(assignment::delete),
    ),
    read(concat!(synchronization!(), "/templates"), NONE, handler!(job::templates)),
    read(concat!(synchronization!(), "/templates/{template}"), NONE, handler!(job::template)),
    read(concat!(synchronization!(), "/templates/{template}/schema"), NONE, handler!(job::template_schema)),
    read("/applications/{id}/synchronization/templates", NONE, handler!(job::templates)),
    read("/applications/{id}/synchronization/templates/{template}", NONE, handler!(job::template)),
    read(
        "/applications/{id}/synchronization/templates/{template}/schema",
        NONE,
        handler!(job::template_schema),
    ),
    read(concat!(synchronization!(), "/secrets"), NONE, handler!(secret::list)),
    write(Method::PUT, concat!(synchronization!(), "/secrets"), Content::Json, handler!(secret::put)),
    post(
        concat!(synchronization!(), "/acquireAccessToken"),
        Content::Optional,
        handler!(secret::acquire_token),
    ),
    read(concat!(synchronization!(), "/jobs"), NONE, handler!(job::list)),
    post(concat!(synchronization!(), "/jobs"), Content::Json, handler!(job::create)),
    post(concat!(synchronization!(), "/jobs/validateCredentials"), Content::Json, handler!(secret::validate)),
    read(job!(""), NONE, handler!(job::get)),
    write(Method::PATCH, job!(""), Content::Json, handler!(job::update)),
    write(Method::DELETE, job!(""), Content::None, handler!(job::delete)),
    post(job!("/start"), Content::None, handler!(job::start)),
    post(job!("/pause"), Content::None, handler!(job::pause)),
    post(job!("/restart"), Content::Optional, handler!(job::restart)),
    post(job!("/validateCredentials"), Content::Json, handler!(secret::validate_job)),
    post(job!("/provisionOnDemand"), Content::Json, handler!(on_demand::run)),
    post(job!("/bulkUpload"), Content::None, handler!(job::bulk_upload)),
    read(job!("/schema"), NONE, handler!(schema::get)),
    write(Method::PUT, job!("/schema"), Content::Json, handler!(schema::replace)),
    write(Method::PATCH, job!("/schema"), Content::Json, handler!(schema::replace)),
    write(Method::DELETE, job!("/schema"), Content::None, handler!(schema::reset)),
    read(job!("/schema/filterOperators"), NONE, handler!(schema::operators)),
    read(job!("/schema/filterOperators()"), NONE, handler!(schema::operators)),
    read(job!("/schema/functions"), NONE, handler!(schema::functions)),
    read(job!("/schema/functions()"), NONE, handler!(schema::functions)),
    post(job!("/schema/directories/{directory}/discover"), Content::None, handler!(schema::discover)),
    asked(job!("/schema/parseExpression"), handler!(schema::parse_expression)),
    beta(read(job!("/{objectConnection}"), NONE, handler!(object_connection::get))),
    beta(write(
        Method::DELETE,
        job!("/{objectConnection}"),
        Content::None,
        handler!(object_connection::delete),
    )),
    read("/auditLogs/provisioning", LOGS, handler!(log::list)),
    read("/auditLogs/provisioning/{entry}", SELECT, handler!(log::get)),
    read("/sourceAttributes", LIST, handler!(source_attribute::list)),
    get("/users", ALL, QUERY, handler!(directory_object::users)),
    get("/users/delta", ALL, DELTA, handler!(delta::users)),
    get("/users/delta()", ALL, DELTA, handler!(delta::users)),
    get("/users/{object}", ALL, SELECT, handler!(directory_object::user)),
    get("/groups", ALL, QUERY, handler!(directory_object::groups)),
    get("/groups/delta", ALL, DELTA, handler!(delta::groups)),
    get("/groups/delta()", ALL, DELTA, handler!(delta::groups)),
    get("/groups/{object}", ALL, SELECT, handler!(directory_object::group)),
    get("/groups/{object}/members", ALL, MEMBERS, handler!(directory_object::members)),
];

/// Every endpoint, under each version it has.
pub(crate) fn endpoints() -> &'static [Endpoint] {
    static ENDPOINTS: OnceLock<Vec<Endpoint>> = OnceLock::new();
    ENDPOINTS.get_or_init(|| {
        let under = |root: &str, row: &'static Row| Endpoint { row, path: format!("{root}{}", row.path) };
        let released = ROWS.iter().filter(|row| !row.only_beta).map(|row| under("/graph/v1.0", row));
        released.chain(ROWS.iter().map(|row| under("/graph/beta", row))).collect()
    })
}

/// A known path with a method it does not have; the router adds `Allow`.
pub(crate) fn wrong_method() -> &'static Endpoint {
    static ROW: Row = read("/{wrong-method}", ANY, |call| Box::pin(std::future::ready(Err(not_here(&call)))));
    static WRONG: OnceLock<Endpoint> = OnceLock::new();
    WRONG.get_or_init(|| Endpoint { row: &ROW, path: "/graph/{wrong-method}".to_owned() })
}

/// Anything else under `/graph`.
pub(crate) fn nowhere() -> &'static Endpoint {
    static ROW: Row = read("/{nowhere}", ANY, |_| Box::pin(std::future::ready(Err(nothing()))));
    static NOWHERE: OnceLock<Endpoint> = OnceLock::new();
    NOWHERE.get_or_init(|| Endpoint { row: &ROW, path: "/graph/{nowhere}".to_owned() })
}

fn not_here(call: &Call) -> Failure {
    let message = format!("{} is not possible here; the header Allow lists what is", call.method);
    Failure::new(StatusCode::METHOD_NOT_ALLOWED, message)
}

fn nothing() -> Failure {
    let message =
        "there is nothing at this address; the guide to the Graph API lists what there is below /graph/v1.0";
    Failure::new(StatusCode::NOT_FOUND, message)
}

//! Named maxima of everything a client can send. Each is checked before the work it bounds is begun.

/// Bytes of a filter (`filter=` or `SearchRequest.filter`) and of a PATCH path.
pub const FILTER_BYTES: usize = 8 * 1024;
/// Nesting of a filter: parentheses, `not (…)` and value paths.
pub const FILTER_DEPTH: usize = 32;
/// Comparisons and presence tests in one filter.
pub const FILTER_TERMS: usize = 64;
/// Nesting of a JSON body.
pub const JSON_DEPTH: usize = 32;
/// Bytes of a request body.
pub const BODY_BYTES: usize = 1024 * 1024;
/// Operations in one PATCH request.
pub const PATCH_OPERATIONS: usize = 1_000;
/// Values carried by all operations of one PATCH request together.
pub const PATCH_VALUES: usize = 10_000;
/// Bytes of values that the filters and value lists of one PATCH request are compared with, all operations together.
pub const PATCH_COMPARED_BYTES: usize = 16 * 1024 * 1024;
/// Bytes of a stored document, so that PATCH cannot grow one beyond what a PUT may send.
pub const RESOURCE_BYTES: usize = BODY_BYTES;
/// Elements of one multi-valued attribute of a stored resource (members are rows and do not count).
pub const ATTRIBUTE_VALUES: usize = 1_000;
/// Bytes of one string value.
pub const STRING_BYTES: usize = 64 * 1024;
/// Bytes of a value that takes part in uniqueness or matching (`userName`, `externalId`, group `displayName`).
pub const KEY_BYTES: usize = 1024;
/// Resources of one page when the client names no `count`.
pub const PAGE_DEFAULT: usize = 100;
/// Resources of one page at most; a larger `count` is answered with this many.
pub const PAGE_MAX: usize = 1_000;
/// Attribute names in one `attributes` or `excludedAttributes` list.
pub const PROJECTION_PATHS: usize = 128;

//! A page as it is sent: the text of a ListResponse (RFC 7644 §3.4.2), made without reading the resources.

use std::collections::HashMap;
use std::io::Write as _;

use scim::urn;
use store::{GroupRef, Kind, Stored, TenantRead};

use super::{Page, Query};
use crate::error::{Error, Result};
use crate::shown::{Shape, Shower};

/// Bytes of a user in a list, about; for room made before.
const USER_BYTES: usize = 1_200;
/// Users whose groups are looked up together.
const AT_ONCE: usize = 256;

impl Query {
    pub(super) fn text(&self, read: &TenantRead<'_>, page: Page) -> Result<Vec<u8>> {
        let mut out = Vec::with_capacity(256 + page.rows.len() * USER_BYTES);
        let (total, items) = (page.total, page.rows.len());
        write!(
            out,
            "{{\"schemas\":[\"{}\"],\"totalResults\":{total},\"itemsPerPage\":{items}",
            urn::LIST_RESPONSE
        )
        .map_err(Error::internal)?;
        if let Some(start_index) = self.start_index() {
            write!(out, ",\"startIndex\":{start_index}").map_err(Error::internal)?;
        }
        if let Some(position) = page.next {
            out.extend_from_slice(b",\"nextCursor\":");
            serde_json::to_writer(&mut out, &self.cursors().issue(position)?).map_err(Error::internal)?;
        }
        out.extend_from_slice(b",\"Resources\":[");
        let shape = Shape::new(&self.projection);
        let mut shower = Shower::new(self.links(), &shape);
        let groups = if shape.load().groups { groups_of(read, &page.rows)? } else { HashMap::new() };
        for (at, row) in page.rows.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            if row.kind == Kind::User && shape.load().groups {
                let groups = groups.get(&row.id).map_or(&[][..], Vec::as_slice);
                shower.write_in_groups(read, row, groups, &mut out)?;
            } else {
                shower.write(read, row, &mut out)?;
            }
        }
        out.extend_from_slice(b"]}");
        Ok(out)
    }
}

fn groups_of(read: &TenantRead<'_>, rows: &[Stored]) -> Result<HashMap<String, Vec<GroupRef>>> {
    let users: Vec<&str> =
        rows.iter().filter(|row| row.kind == Kind::User).map(|row| row.id.as_str()).collect();
    let mut groups = HashMap::new();
    for users in users.chunks(AT_ONCE) {
        groups.extend(read.groups_of_each(users)?);
    }
    Ok(groups)
}

//! A resource as it is sent: JSON text, made from the stored text without reading it. It says what [`crate::representation`]
//! says as values, to the byte.

use std::io::Write as _;
use std::sync::Arc;

use scim::projection::Projection;
use scim::text::Mask;
use serde_json::Value;
use store::{GroupRef, Kind, MemberRow, Stored, TenantRead};

use crate::error::{Error, Result};
use crate::location::scim_type;
use crate::representation::{Links, Load, date_time, each_member};

/// How resources of one answer are shown.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    projection: Projection,
    users: Arc<Mask>,
    groups: Arc<Mask>,
    load: Load,
}

/// Writes resources one behind the other; what it needs in between is kept for the next.
pub(crate) struct Shower<'a> {
    links: Links<'a>,
    shape: &'a Shape,
    id: Vec<u8>,
    linked: Vec<u8>,
    meta: Vec<u8>,
}

impl Shape {
    pub(crate) fn new(projection: &Projection) -> Self {
        Self {
            users: projection.mask(scim_type(Kind::User)),
            groups: projection.mask(scim_type(Kind::Group)),
            load: Load::for_projection(projection),
            projection: projection.clone(),
        }
    }

    /// The same, but for what is not loaded: it is left out.
    pub(crate) fn loading(self, load: Load) -> Self {
        let Load { groups, members } = self.load;
        Self { load: Load { groups: groups && load.groups, members: members && load.members }, ..self }
    }

    pub(crate) fn load(&self) -> Load {
        self.load
    }

    fn mask(&self, kind: Kind) -> &Mask {
        match kind {
            Kind::User => &self.users,
            Kind::Group => &self.groups,
        }
    }
}

impl<'a> Shower<'a> {
    pub(crate) fn new(links: Links<'a>, shape: &'a Shape) -> Self {
        Self { links, shape, id: Vec::new(), linked: Vec::new(), meta: Vec::new() }
    }

    /// Append the resource.
    ///
    /// # Errors
    /// A document that cannot be read.
    pub(crate) fn write(&mut self, read: &TenantRead<'_>, stored: &Stored, out: &mut Vec<u8>) -> Result<()> {
        match stored.kind {
            Kind::User if self.shape.load.groups => {
                self.write_in_groups(read, stored, &read.groups_of(&stored.id)?, out)
            }
            Kind::Group if self.shape.load.members => {
                self.linked.clear();
                let (links, linked) = (self.links, &mut self.linked);
                let mut failed = None;
                each_member(read, &stored.id, |member| {
                    failed = failed.take().or(links.write_member(&member, linked).err());
                })?;
                failed.map_or(Ok(()), Err)?;
                self.finish(read, stored, "members", out)
            }
            _ => {
                self.linked.clear();
                self.finish(read, stored, "", out)
            }
        }
    }

    /// The same for a user, whose groups are known already.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub(crate) fn write_in_groups(
        &mut self,
        read: &TenantRead<'_>,
        stored: &Stored,
        groups: &[GroupRef],
        out: &mut Vec<u8>,
    ) -> Result<()> {
        self.linked.clear();
        for group in groups {
            self.links.write_group(group, &mut self.linked)?;
        }
        self.finish(read, stored, "groups", out)
    }

    /// `linked` holds the elements of the attribute that other rows say.
    fn finish(
        &mut self,
        read: &TenantRead<'_>,
        stored: &Stored,
        linked: &str,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        self.id.clear();
        quote(&stored.id, &mut self.id)?;
        self.meta.clear();
        self.links.write_meta(stored, &mut self.meta)?;
        if !self.linked.is_empty() {
            self.linked.push(b']');
        }
        let (id, meta) = (text(&self.id)?, text(&self.meta)?);
        let more = [(linked, text(&self.linked)?), ("meta", meta)];
        let more = if self.linked.is_empty() { more.get(1..).unwrap_or_default() } else { &more[..] };
        if self.shape.mask(stored.kind).write(&stored.document, id, more, out).is_some() {
            return Ok(());
        }
        let resource = self.links.full(read, stored, self.shape.load)?;
        let shown = self.shape.projection.apply(resource, scim_type(stored.kind));
        serde_json::to_writer(out, &Value::Object(shown)).map_err(Error::internal)
    }
}

impl Links<'_> {
    fn write_meta(&self, stored: &Stored, out: &mut Vec<u8>) -> Result<()> {
        let resource_type = scim_type(stored.kind);
        write!(out, "{{\"resourceType\":\"{}\",\"created\":\"", resource_type.name)
            .map_err(Error::internal)?;
        write_date_time(stored.created, out)?;
        out.extend_from_slice(b"\",\"lastModified\":\"");
        write_date_time(stored.modified, out)?;
        out.extend_from_slice(b"\",\"location\":");
        self.write_location(stored.kind, &stored.id, out)?;
        write!(out, ",\"version\":\"W/\\\"{}\\\"\"}}", stored.version).map_err(Error::internal)
    }

    fn write_location(&self, kind: Kind, id: &str, out: &mut Vec<u8>) -> Result<()> {
        quote(&self.public_url.location(self.tenant, kind, id), out)
    }

    fn write_group(&self, group: &GroupRef, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(if out.is_empty() { b"[{\"value\":" } else { b",{\"value\":" });
        quote(&group.id, out)?;
        out.extend_from_slice(b",\"$ref\":");
        self.write_location(Kind::Group, &group.id, out)?;
        out.extend_from_slice(b",\"display\":");
        quote(&group.name, out)?;
        out.extend_from_slice(b",\"type\":\"direct\"}");
        Ok(())
    }

    fn write_member(&self, member: &MemberRow, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(if out.is_empty() { b"[{\"value\":" } else { b",{\"value\":" });
        quote(&member.member, out)?;
        if let Some(kind) = member.kind {
            out.extend_from_slice(b",\"$ref\":");
            self.write_location(kind, &member.member, out)?;
            out.extend_from_slice(b",\"type\":");
            quote(scim_type(kind).name, out)?;
        }
        if let Some(name) = &member.name {
            out.extend_from_slice(b",\"display\":");
            quote(name, out)?;
        }
        out.push(b'}');
        Ok(())
    }
}

fn quote(text: &str, out: &mut Vec<u8>) -> Result<()> {
    serde_json::to_writer(out, text).map_err(Error::internal)
}

fn text(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(Error::internal)
}

/// As [`date_time`] has it: most are of years with four digits, for which no calendar is needed but this one.
fn write_date_time(at: jiff::Timestamp, out: &mut Vec<u8>) -> Result<()> {
    let ms = at.as_millisecond();
    // 1970 to 9999
    if !(0..253_402_300_800_000).contains(&ms) || at.subsec_nanosecond() % 1_000_000 != 0 {
        out.extend_from_slice(date_time(at).as_bytes());
        return Ok(());
    }
    let (days, of_day) = (ms / 86_400_000, ms % 86_400_000);
    let (year, month, day) = civil(days);
    let (hour, minute, second, ms) =
        (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1_000 % 60, of_day % 1_000);
    digits(year, 1_000, b'-', out);
    digits(month, 10, b'-', out);
    digits(day, 10, b'T', out);
    digits(hour, 10, b':', out);
    digits(minute, 10, b':', out);
    digits(second, 10, b'.', out);
    digits(ms, 100, b'Z', out);
    Ok(())
}

/// `number` from the digit of weight `weight` on, and what stands behind it.
fn digits(number: i64, mut weight: i64, behind: u8, out: &mut Vec<u8>) {
    while weight > 0 {
        out.push(b'0' + u8::try_from(number / weight % 10).unwrap_or(0));
        weight /= 10;
    }
    out.push(behind);
}

/// Year, month and day of a day counted from 1970-01-01 in the Gregorian calendar (eras of 400 years that begin in March).
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, turned) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + turned, month, day)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_date_is_written_as_it_is_shown() {
        let fixed = [-1, 0, 951_782_400_000, 253_402_207_200_000];
        // Every day of three leap cycles and their ends, at changing times of day.
        let days = (0..60_000_i64).map(|day| day * 86_400_000 + day * 7_919 % 86_400_000);
        for ms in fixed.into_iter().chain(days) {
            let at = Timestamp::from_millisecond(ms).unwrap();
            let mut out = Vec::new();
            write_date_time(at, &mut out).unwrap();
            assert_eq!(std::str::from_utf8(&out).unwrap(), date_time(at), "{ms}");
        }
    }
}

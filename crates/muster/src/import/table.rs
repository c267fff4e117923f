//! A CSV file: what its header says, and a record of each row.

use std::collections::HashMap;

use directory::Kind;
use provision::expression::parse_date;
use serde_json::Value;

use super::attribute::{self, Place, Target};
use super::{Fault, Manager, Record};
use crate::output::{Failure, Result};

/// Cells of one row.
const COLUMNS: usize = 1_000;

/// What the header says.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    pub(crate) kind: Kind,
    pub(crate) separator: u8,
    pub(crate) columns: Vec<Column>,
}

#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) place: Place,
}

/// What separates cells: of comma, semicolon and tab the one that the header has most of.
pub(crate) fn separator(header: &str) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0_u32), (b';', 0), (b'\t', 0)];
    for byte in header.bytes() {
        quoted ^= byte == b'"';
        if let Some((_, count)) = counts.iter_mut().find(|(separator, _)| *separator == byte && !quoted) {
            *count += 1;
        }
    }
    // Of equals the first: the comma.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(separator, _)| *separator)
}

/// The cells of one record, without the spaces around them.
fn cells(text: &str, separator: u8) -> Result<Vec<String>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .terminator(csv::Terminator::Any(b'\n'))
        .trim(csv::Trim::All)
        .buffer_capacity(text.len().max(1))
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    match reader.read_record(&mut record) {
        Ok(_) if record.len() > COLUMNS => {
            Err(format!("it has {} cells; at most {COLUMNS} are read", record.len()))
        }
        Ok(_) => Ok(record.iter().map(str::to_owned).collect()),
        Err(error) => Err(error.to_string()),
    }
}

impl Header {
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub(crate) fn read(text: &str) -> Result<Self> {
        let separator = separator(text);
        let names = cells(text, separator).map_err(|why| refused(&[("the header".to_owned(), why)]))?;
        let kind = kind_of(&names).ok_or_else(|| {
            Failure::usage("the header names neither users nor groups")
                .hint("users need a column userPrincipalName (or userName), groups displayName")
        })?;
        let mut wrong = Vec::new();
        let mut columns = Vec::with_capacity(names.len());
        let mut taken: HashMap<String, String> = HashMap::new();
        for (number, name) in names.into_iter().enumerate() {
            if name.is_empty() {
                let error = format!("column {} has no name", number + 1);
                wrong.push((error, "name it, or take it out".to_owned()));
                continue;
            }
            match attribute::place(kind, &name) {
                Ok(place) => {
                    if let Some(key) = key(kind, &place)
                        && let Some(other) = taken.insert(key, name.clone())
                    {
                        let error = format!("the columns \"{other}\" and \"{name}\" are the same attribute");
                        wrong.push((error, "take one of them out".to_owned()));
                    }
                    columns.push(Column { name, place });
                }
                Err(problem) => wrong.push(problem),
            }
        }
        if wrong.is_empty() { Ok(Self { kind, separator, columns }) } else { Err(refused(&wrong)) }
    }

    /// Columns that are read and not used.
    pub(crate) fn ignored(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().filter(|column| column.place == Place::Ignored).map(|column| column.name.as_str())
    }

    /// One row. An empty cell says nothing.
    ///
    /// # Errors
    /// What is wrong with it, and nothing of it is imported.
    pub(crate) fn record(&self, line: u64, text: &str) -> Result<Record, Vec<Fault>> {
        let cells =
            cells(text, self.separator).map_err(|why| vec![Fault::new(line, "", why, "correct the line")])?;
        if cells.len() != self.columns.len() {
            let error = format!("{} cells, where the header has {}", cells.len(), self.columns.len());
            let hint = "put cells that hold the separator or a quote in quotes, and leave no cell out";
            return Err(vec![Fault::new(line, "", error, hint)]);
        }
        let mut record = Record::new(line, self.kind);
        let mut faults = Vec::new();
        for (column, cell) in self.columns.iter().zip(cells).filter(|(_, cell)| !cell.is_empty()) {
            match &column.place {
                Place::Ignored => {}
                Place::Id => record.id = Some(cell),
                Place::Manager => record.manager = Some(Manager::Is(cell)),
                Place::Members => record.members.extend(references(&cell)),
                Place::Value(target) => match value(target, cell) {
                    Ok(value) => record.set(&column.name, &target.path, Some(value)),
                    Err(error) => faults.push(Fault::new(line, &column.name, error, DATES)),
                },
            }
        }
        if faults.is_empty() { Ok(record) } else { Err(faults) }
    }
}

pub(crate) const DATES: &str = "write it as 2026-03-01 or 2026-03-01T08:30:00Z";

/// Users or groups: by the column that only one of them has, or by what all columns can be.
fn kind_of(names: &[String]) -> Option<Kind> {
    let has = |wanted: &[&str]| names.iter().any(|name| wanted.iter().any(|w| w.eq_ignore_ascii_case(name)));
    let all = |kind| names.iter().all(|name| attribute::place(kind, name).is_ok());
    if has(&["userPrincipalName", "userName"]) {
        return Some(Kind::User);
    }
    let by_id = has(&["id", "objectId"]);
    match has(&["displayName"]) {
        true if has(&["members"]) || all(Kind::Group) => Some(Kind::Group),
        true if by_id => Some(Kind::User),
        true => Some(Kind::Group),
        false => by_id.then_some(if all(Kind::Group) && !all(Kind::User) { Kind::Group } else { Kind::User }),
    }
}

/// Two columns with the same key would say two things of one attribute.
fn key(kind: Kind, place: &Place) -> Option<String> {
    match place {
        Place::Ignored => None,
        Place::Value(target) => {
            let core = format!("{}:", directory::scim_type(kind).schema.id.to_ascii_lowercase());
            let path = target.path.to_ascii_lowercase();
            Some(path.strip_prefix(&core).unwrap_or(&path).to_owned())
        }
        other => Some(format!("{other:?}")),
    }
}

/// A text is kept as it is, whatever a spreadsheet would make of it.
pub(crate) fn value(target: &Target, text: String) -> Result<Value, String> {
    if !target.is_date {
        return Ok(text.into());
    }
    match parse_date(&text) {
        Some(at) => Ok(at.to_string().into()),
        None => Err(format!("\"{}\" is no date", text.chars().take(80).collect::<String>())),
    }
}

/// `a@x;b@x`
pub(crate) fn references(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(';').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned)
}

fn refused(wrong: &[(String, String)]) -> Failure {
    const SHOWN: usize = 20;
    let lines: Vec<String> =
        wrong.iter().take(SHOWN).map(|(error, hint)| format!("line 1: {error}; {hint}")).collect();
    let more = wrong.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!("\nand {more} more") } else { String::new() };
    Failure::usage(format!("{}{more}", lines.join("\n")))
        .hint("nothing was imported; correct the header first")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> Header {
        Header::read(text).unwrap_or_else(|failure| panic!("{text}: {}", failure.error))
    }

    #[test]
    fn a_header_tells_users_from_groups() {
        for (text, kind, separator) in [
            ("userPrincipalName,displayName", Kind::User, b','),
            ("UserName", Kind::User, b','),
            ("objectId,department", Kind::User, b','),
            ("id,displayName,jobTitle", Kind::User, b','),
            ("displayName,members", Kind::Group, b','),
            ("displayName;description;members", Kind::Group, b';'),
            ("displayName\tmembers", Kind::Group, b'\t'),
            ("\"a;b;c\"\tdisplayName\tmembers", Kind::Group, b'\t'),
        ] {
            let read = Header::read(&text.replace("\"a;b;c\"\t", "")).unwrap();
            assert_eq!((read.kind, super::separator(text)), (kind, separator), "{text}");
        }
    }

    #[test]
    fn all_that_is_wrong_with_a_header_is_told_at_once() {
        let check = |text: &str, expect: &[&str]| {
            let failure = Header::read(text).expect_err(text);
            assert!(failure.usage, "{text}");
            for expect in expect {
                assert!(failure.error.contains(expect), "{} does not say {expect}", failure.error);
            }
        };
        check("department,city", &["names neither users nor groups"]);
        check(
            "userPrincipalName,departement,,mail,MAIL,emails[type eq \"\"work\"\"].value",
            &["is department meant?", "column 3 has no name", "\"mail\" and \"MAIL\" are the same attribute"],
        );
        check("userName,userPrincipalName", &["\"userName\" and \"userPrincipalName\""]);
        let core = format!("userName,{}:userName", scim::urn::USER);
        check(&core, &["are the same attribute"]);
        check(&format!("userName{}", ",x".repeat(2_000)), &["at most 1000"]);
    }

    #[test]
    fn a_row_is_read_as_its_header_says() {
        let header =
            header("userPrincipalName,objectId,mail,manager,employeeHireDate,createdDateTime,jobTitle");
        assert_eq!(header.ignored().collect::<Vec<_>>(), ["createdDateTime"]);
        let record =
            header.record(7, "ada@x , 42,\"a\n\"\"b\"\"\",bo@x,2026-03-01,never,=cmd|' /C calc'!A0").unwrap();
        assert_eq!(
            (record.line, record.id.as_deref(), record.name.as_deref()),
            (7, Some("42"), Some("ada@x"))
        );
        assert_eq!(record.manager, Some(Manager::Is("bo@x".into())));
        let set: Vec<_> =
            record.settings.iter().map(|s| (s.label.as_str(), s.value.clone().unwrap())).collect();
        assert_eq!(
            set,
            [
                ("userPrincipalName", "ada@x".into()),
                ("mail", "a\n\"b\"".into()),
                ("employeeHireDate", "2026-03-01T00:00:00Z".into()),
                ("jobTitle", "=cmd|' /C calc'!A0".into()),
            ]
        );
        let faults = header.record(8, "ada@x,,,,soon,,").unwrap_err();
        assert_eq!((faults[0].line, faults[0].attribute.as_str()), (8, "employeeHireDate"));
        for ragged in ["ada@x", "a,b,c,d,e,f,g,h", "\"a,,,,,,"] {
            let faults = header.record(9, ragged).unwrap_err();
            assert!(faults[0].error.contains("where the header has 7"), "{faults:?}");
        }
    }

    #[test]
    fn members_stand_between_semicolons() {
        let header = header("displayName,members");
        assert_eq!(header.record(2, "Rail,a@x; b@x;;42;").unwrap().members, ["a@x", "b@x", "42"]);
    }
}

//! The file that is imported: what form it has, what tells it from another, and its records.

use std::collections::BTreeSet;
use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{BufReader, Seek as _};
use std::path::{Path, PathBuf};

use directory::Kind;

use super::lines::{LINE_BYTES, Line, Lines, beginning};
use super::table::Header;
use super::{Fault, Record, object};
use crate::cli::ImportFormat;
use crate::output::{Doing as _, Failure, Result};

/// Bytes at the beginning and the end that tell one file from another.
const PRINT_BYTES: u64 = 64 * 1024;

#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) size: u64,
    /// `csv`, `ndjson`
    pub(crate) format: &'static str,
    header: Option<Header>,
}

impl Source {
    /// # Errors
    /// A file that cannot be read, whose form cannot be told, or whose header is wrong.
    pub(crate) fn open(path: &Path, format: ImportFormat) -> Result<Self> {
        let shown = path.display();
        let unreadable = |error: std::io::Error| {
            Failure::usage(format!("{shown}: {error}")).hint("name a CSV or NDJSON file that can be read")
        };
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(Failure::usage(format!("{shown} is no file"))
                .hint("it is read twice, so it cannot be a pipe; write it to a file first"));
        }
        let head = beginning(File::open(path).map_err(unreadable)?, PRINT_BYTES).map_err(unreadable)?;
        if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
            return Err(Failure::usage(format!("{shown} is UTF-16"))
                .hint("save it as UTF-8: in Excel \"CSV UTF-8 (comma delimited)\""));
        }
        let is_csv = match format {
            ImportFormat::Csv => true,
            ImportFormat::Ndjson => false,
            ImportFormat::Auto => is_csv(path, &head)?,
        };
        let mut source = Self {
            path: path.to_owned(),
            size: metadata.len(),
            format: if is_csv { "csv" } else { "ndjson" },
            header: None,
        };
        if is_csv {
            source.header = Some(source.read_header()?);
        }
        Ok(source)
    }

    fn read_header(&self) -> Result<Header> {
        // A header has no line end in a cell, so the separator can be told from its line.
        match self.lines(None)?.read().doing(self.path.display())? {
            Some((_, Line::Text(text))) if !text.trim().is_empty() => Header::read(&text),
            Some((_, Line::NotUtf8(at))) => {
                Err(Failure::usage(format!("line 1 is not UTF-8 at byte {}", at + 1))
                    .hint("save the file as UTF-8: in Excel \"CSV UTF-8 (comma delimited)\""))
            }
            Some((_, Line::TooLong)) => {
                Err(Failure::usage("line 1 is longer than 1 MiB").hint("is this a CSV file?"))
            }
            _ => Err(Failure::usage(format!("{} has no header", self.path.display()))
                .hint("the first line names the columns: userPrincipalName,displayName,…")),
        }
    }

    fn lines(&self, separator: Option<u8>) -> Result<Lines<BufReader<File>>> {
        let file = File::open(&self.path).doing(self.path.display())?;
        let mut lines = Lines::new(BufReader::with_capacity(256 * 1024, file), separator);
        lines.skip_mark().doing(self.path.display())?;
        Ok(lines)
    }

    /// What all its records are; of JSON each says it itself.
    pub(crate) fn kind(&self) -> Option<Kind> {
        self.header.as_ref().map(|header| header.kind)
    }

    /// All records from the beginning.
    pub(crate) fn records(&self) -> Result<Records<'_>> {
        let mut lines = self.lines(self.header.as_ref().map(|header| header.separator))?;
        let mut ignored = BTreeSet::new();
        if let Some(header) = &self.header {
            lines.read().doing(self.path.display())?;
            ignored.extend(header.ignored().map(str::to_owned));
        }
        Ok(Records { source: self, lines, ignored })
    }

    /// The same for the same file, and another when it was changed.
    pub(crate) fn print(&self) -> Result<String> {
        let print = || -> std::io::Result<u64> {
            let mut file = File::open(&self.path)?;
            let mut hasher = DefaultHasher::new();
            self.size.hash(&mut hasher);
            beginning(&mut file, PRINT_BYTES)?.hash(&mut hasher);
            file.seek(std::io::SeekFrom::Start(self.size.saturating_sub(PRINT_BYTES)))?;
            beginning(&mut file, PRINT_BYTES)?.hash(&mut hasher);
            Ok(hasher.finish())
        };
        Ok(format!("{:016x}", print().doing(self.path.display())?))
    }
}

fn is_csv(path: &Path, head: &[u8]) -> Result<bool> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    let first =
        head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).iter().find(|byte| !byte.is_ascii_whitespace());
    match (ending.as_str(), first) {
        ("csv" | "tsv", _) => Ok(true),
        ("ndjson" | "jsonl", _) | (_, Some(b'{')) => Ok(false),
        (_, Some(b'[')) => Err(Failure::usage(format!("{} is one JSON array", path.display()))
            .hint("write one object a line: jq -c '.[]' FILE > FILE.ndjson")),
        _ => Ok(true),
    }
}

#[derive(Debug)]
pub(crate) struct Records<'a> {
    source: &'a Source,
    lines: Lines<BufReader<File>>,
    /// Names that were met and not used.
    pub(crate) ignored: BTreeSet<String>,
}

/// What a line came to.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) line: u64,
    pub(crate) outcome: std::result::Result<Record, Vec<Fault>>,
}

impl Records<'_> {
    /// The next record that is not blank, behind line `after`.
    pub(crate) fn read(&mut self, after: u64) -> Result<Option<Read>> {
        loop {
            let Some((line, text)) = self.lines.read().doing(self.source.path.display())? else {
                return Ok(None);
            };
            if line <= after {
                continue;
            }
            let outcome = match text {
                Line::Text(text) if text.trim().is_empty() => continue,
                Line::Text(text) => match &self.source.header {
                    Some(header) => header.record(line, &text),
                    None => object::record(line, &text, &mut self.ignored),
                },
                Line::NotUtf8(at) => {
                    let error = format!("not UTF-8 at byte {} of the line", at + 1);
                    Err(vec![Fault::new(line, "", error, "save the file as UTF-8")])
                }
                Line::Unclosed => {
                    let error =
                        "a quote that begins in this line is not closed, so the rest of the file is in it";
                    Err(vec![Fault::new(line, "", error, "close it")])
                }
                Line::TooLong => {
                    let error = format!("longer than {} MiB", LINE_BYTES / 1024 / 1024);
                    Err(vec![Fault::new(
                        line,
                        "",
                        error,
                        "is a quote not closed? Of a large group, write several lines",
                    )])
                }
            };
            return Ok(Some(Read { line, outcome }));
        }
    }

    pub(crate) fn offset(&self) -> u64 {
        self.lines.offset
    }
}

/// What tells one name from another, without keeping it.
pub(crate) fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    scim::compare::fold(text).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_told_by_ending_and_beginning() {
        let check = |name: &str, head: &str, expect: Option<bool>| {
            assert_eq!(is_csv(Path::new(name), head.as_bytes()).ok(), expect, "{name} {head}");
        };
        check("a.csv", "{", Some(true));
        check("a.NDJSON", "a,b", Some(false));
        check("a", " \n{\"a\":1}", Some(false));
        check("a.json", "\u{feff}{\"a\":1}", Some(false));
        check("a.txt", "userName,title", Some(true));
        check("a.json", "[{}]", None);
        check("a", "", Some(true));
    }
}

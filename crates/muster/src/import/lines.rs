//! Records of a file, cut out without reading more than one of them: bounded, numbered, UTF-8.

use std::io::{BufRead, Read as _};

/// Bytes of one record.
pub(crate) const LINE_BYTES: usize = 1024 * 1024;

/// What is between two line ends, those inside quotes apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line {
    Text(String),
    /// More than [`LINE_BYTES`]; the rest was skipped.
    TooLong,
    /// The file ends inside quotes: whatever follows them was not meant to be in them.
    Unclosed,
    /// Not UTF-8 behind so many bytes.
    NotUtf8(usize),
}

#[derive(Debug)]
pub(crate) struct Lines<R> {
    reader: R,
    /// Of a CSV file: what separates cells, behind which a quote begins.
    separator: Option<u8>,
    /// The line the next record begins on.
    next: u64,
    /// Bytes read so far.
    pub(crate) offset: u64,
}

/// Where in a CSV record a byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    Start,
    Cell,
    Quotes,
    /// Behind a quote inside quotes: they end here, or it is doubled.
    Quote,
}

impl Within {
    fn after(self, byte: u8, separator: u8) -> Self {
        match (self, byte) {
            (Self::Start, b'"') | (Self::Quote, b'"') => Self::Quotes,
            (Self::Quotes, b'"') => Self::Quote,
            (Self::Quotes, _) => Self::Quotes,
            (_, byte) if byte == separator => Self::Start,
            _ => Self::Cell,
        }
    }
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(reader: R, separator: Option<u8>) -> Self {
        Self { reader, separator, next: 1, offset: 0 }
    }

    /// Past a byte order mark, if there is one.
    pub(crate) fn skip_mark(&mut self) -> std::io::Result<()> {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        if self.reader.fill_buf()?.starts_with(MARK) {
            self.reader.consume(MARK.len());
            self.offset += MARK.len() as u64;
        }
        Ok(())
    }

    /// The next record with the number of the line it begins on; without its line end.
    pub(crate) fn read(&mut self) -> std::io::Result<Option<(u64, Line)>> {
        let line = self.next;
        let mut record = Vec::new();
        let mut too_long = false;
        let mut within = Within::Start;
        let mut any = false;
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            any = true;
            let mut end = None;
            for (at, &byte) in buffer.iter().enumerate() {
                if byte == b'\n' {
                    self.next += 1;
                    if within != Within::Quotes {
                        end = Some(at);
                        break;
                    }
                }
                if let Some(separator) = self.separator {
                    within = within.after(byte, separator);
                }
            }
            let taken = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
            too_long |= record.len() + taken.len() > LINE_BYTES;
            if too_long {
                record = Vec::new();
            } else {
                record.extend_from_slice(taken);
            }
            let consumed = taken.len() + usize::from(end.is_some());
            self.reader.consume(consumed);
            self.offset += consumed as u64;
            if end.is_some() {
                break;
            }
        }
        if !any {
            return Ok(None);
        }
        if too_long {
            return Ok(Some((line, Line::TooLong)));
        }
        if within == Within::Quotes {
            return Ok(Some((line, Line::Unclosed)));
        }
        if record.last() == Some(&b'\r') {
            record.pop();
        }
        let text = String::from_utf8(record)
            .map_or_else(|e| Line::NotUtf8(e.utf8_error().valid_up_to()), Line::Text);
        Ok(Some((line, text)))
    }
}

/// The beginning of a file, to tell what it is.
pub(crate) fn beginning(reader: impl std::io::Read, bytes: u64) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    reader.take(bytes).read_to_end(&mut head)?;
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(bytes: &[u8], separator: Option<u8>) -> Vec<(u64, Line)> {
        // A buffer of three bytes: every seam is met.
        let mut lines = Lines::new(std::io::BufReader::with_capacity(3, bytes), separator);
        lines.skip_mark().unwrap();
        std::iter::from_fn(|| lines.read().unwrap()).collect()
    }

    fn texts(bytes: &str, separator: Option<u8>) -> Vec<(u64, String)> {
        let text = |(line, record)| match record {
            Line::Text(text) => (line, text),
            other => panic!("{other:?}"),
        };
        records(bytes.as_bytes(), separator).into_iter().map(text).collect()
    }

    #[test]
    fn line_ends_inside_quotes_are_part_of_a_cell() {
        let check = |text: &str, expect: &[(u64, &str)]| {
            let expect: Vec<_> = expect.iter().map(|(line, text)| (*line, (*text).to_owned())).collect();
            assert_eq!(texts(text, Some(b',')), expect, "{text:?}");
        };
        check("", &[]);
        check("a,b", &[(1, "a,b")]);
        check("a\r\n\nb\n", &[(1, "a"), (2, ""), (3, "b")]);
        check("a,\"b\nc\",d\ne", &[(1, "a,\"b\nc\",d"), (3, "e")]);
        check("\"a\"\"\n\"\nb", &[(1, "\"a\"\"\n\""), (3, "b")]);
        check("a\"b\nc", &[(1, "a\"b"), (2, "c")]);
        check("\"a\"x\"\nb", &[(1, "\"a\"x\""), (2, "b")]);
        check("a;\"b\nc\"", &[(1, "a;\"b"), (2, "c\"")]);
        assert_eq!(texts("{\"a\n\"", None), [(1, "{\"a".to_owned()), (2, "\"".to_owned())]);
    }

    #[test]
    fn quotes_that_are_not_closed_are_told() {
        let read = records(b"a\nb,\"c\nd\n", Some(b','));
        assert_eq!(read, [(1, Line::Text("a".into())), (2, Line::Unclosed)]);
    }

    #[test]
    fn a_mark_is_skipped_and_what_is_not_utf8_is_told() {
        assert_eq!(
            records(b"\xef\xbb\xbfa\nb", None),
            [(1, Line::Text("a".into())), (2, Line::Text("b".into()))]
        );
        assert_eq!(
            records(b"a\nb\xff\nc", Some(b',')),
            [(1, Line::Text("a".into())), (2, Line::NotUtf8(1)), (3, Line::Text("c".into()))]
        );
    }

    #[test]
    fn a_record_at_the_limit_is_read_and_one_beyond_it_skipped() {
        let record = |bytes: usize| format!("{}\nb", "x".repeat(bytes));
        let read = |text: &str| {
            let mut lines = Lines::new(text.as_bytes(), None);
            std::iter::from_fn(|| lines.read().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(read(&record(LINE_BYTES))[0], (1, Line::Text("x".repeat(LINE_BYTES))));
        assert_eq!(read(&record(LINE_BYTES + 1)), [(1, Line::TooLong), (2, Line::Text("b".into()))]);
    }
}

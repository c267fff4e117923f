//! Follows the bytes of an HTTP/1.1 connection far enough to know what is a request line, a header and a body.
//!
//! Two things need it that the HTTP library does not offer:
//! - Entra's logs and every `curl` user write `filter=userName+eq+"x"` with literal quotes; the library refuses a URL with
//!   `"`, `<` or `>`. They are escaped here, in request lines only.
//! - The library settles some ambiguities silently (a length given twice, a length beside chunks); here they are seen.
//!
//! Whenever the end of a message is not certain, the rest of the connection is passed on untouched, and the connection is closed
//! behind the answer (RFC 9112 §6.3): what would follow has no deadline and no certain beginning.

/// Bytes of one header line that are looked at; the HTTP library refuses longer heads by itself.
const LINE_BYTES: usize = 64 * 1024;

#[derive(Debug, Default)]
pub(crate) struct Framing {
    state: State,
    line: Vec<u8>,
    head: Head,
    ambiguous: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first byte of a request line.
    #[default]
    Start,
    RequestLine,
    Headers,
    Body(u64),
    ChunkSize,
    Chunk(u64),
    ChunkEnd,
    Trailers,
    Opaque,
}

/// What the header lines so far say about the body.
#[derive(Debug, Default)]
struct Head {
    length: Option<u64>,
    lengths: usize,
    chunked: bool,
    encodings: usize,
    unclear: bool,
}

impl Framing {
    /// Whether a request's head has begun and not ended.
    pub(crate) fn in_head(&self) -> bool {
        matches!(self.state, State::RequestLine | State::Headers)
    }

    /// Whether a request ended and the next has not begun.
    pub(crate) fn is_idle(&self) -> bool {
        self.state == State::Start
    }

    /// Whether the end of a message was not certain: what follows is not looked at any more.
    pub(crate) fn is_opaque(&self) -> bool {
        self.state == State::Opaque
    }

    /// Whether a head with two readings has come by.
    pub(crate) fn is_ambiguous(&self) -> bool {
        self.ambiguous
    }

    /// Append `input` to `out`, request lines escaped.
    pub(crate) fn pass(&mut self, input: &[u8], out: &mut Vec<u8>) {
        let mut rest = input;
        while let Some(&byte) = rest.first() {
            let taken = match self.state {
                State::Body(n) | State::Chunk(n) => self.skip(n, rest),
                State::Opaque => rest.len(),
                State::Start | State::RequestLine if matches!(byte, b'"' | b'<' | b'>') => {
                    out.extend_from_slice(match byte {
                        b'"' => b"%22",
                        b'<' => b"%3C",
                        _ => b"%3E",
                    });
                    self.state = State::RequestLine;
                    rest = &rest[1..];
                    continue;
                }
                _ => {
                    self.step(byte);
                    1
                }
            };
            let (now, later) = rest.split_at(taken);
            out.extend_from_slice(now);
            rest = later;
        }
    }

    /// Inside a body: how many bytes of `rest` belong to it.
    fn skip(&mut self, left: u64, rest: &[u8]) -> usize {
        let taken = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
        let left = left - taken as u64;
        let in_chunk = matches!(self.state, State::Chunk(_));
        self.state = match (in_chunk, left) {
            (true, 0) => State::ChunkEnd,
            (true, left) => State::Chunk(left),
            (false, 0) => State::Start,
            (false, left) => State::Body(left),
        };
        taken
    }

    fn step(&mut self, byte: u8) {
        match (self.state, byte) {
            // RFC 9112 §2.2: empty lines before a request line are ignored.
            (State::Start, b'\r' | b'\n') => {}
            (State::Start, _) => self.state = State::RequestLine,
            (State::RequestLine, b'\n') => {
                self.head = Head::default();
                self.state = State::Headers;
            }
            (State::RequestLine, _) => {}
            (_, b'\n') => {
                let mut line = std::mem::take(&mut self.line);
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                self.end_of_line(&line);
                line.clear();
                self.line = line;
            }
            (_, byte) if self.line.len() < LINE_BYTES => self.line.push(byte),
            _ => self.state = State::Opaque,
        }
    }

    fn end_of_line(&mut self, line: &[u8]) {
        self.state = match self.state {
            State::Headers if line.is_empty() => self.end_of_head(),
            State::Headers => {
                self.head.note(line);
                State::Headers
            }
            State::ChunkSize => match chunk_size(line) {
                Some(0) => State::Trailers,
                Some(n) => State::Chunk(n),
                None => State::Opaque,
            },
            State::ChunkEnd if line.is_empty() => State::ChunkSize,
            State::Trailers if line.is_empty() => State::Start,
            State::Trailers => State::Trailers,
            _ => State::Opaque,
        };
    }

    fn end_of_head(&mut self) -> State {
        let head = &self.head;
        if head.lengths > 1 || head.encodings > 1 || (head.lengths > 0 && head.encodings > 0) {
            self.ambiguous = true;
            return State::Opaque;
        }
        match (head.unclear, head.encodings > 0, head.length) {
            (true, _, _) => State::Opaque,
            (false, true, _) if head.chunked => State::ChunkSize,
            (false, true, _) => State::Opaque,
            (false, false, None | Some(0)) => State::Start,
            (false, false, Some(length)) => State::Body(length),
        }
    }
}

impl Head {
    fn note(&mut self, line: &[u8]) {
        let Some(colon) = line.iter().position(|b| *b == b':') else {
            self.unclear = true;
            return;
        };
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if name.eq_ignore_ascii_case(b"content-length") {
            self.lengths += 1;
            self.length = std::str::from_utf8(value)
                .ok()
                .filter(|v| v.bytes().all(|b| b.is_ascii_digit()))
                .and_then(|v| v.parse().ok());
            self.unclear |= self.length.is_none();
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.encodings += 1;
            self.chunked = value.eq_ignore_ascii_case(b"chunked");
        }
    }
}

/// RFC 9112 §7.1: hexadecimal digits, perhaps followed by an extension.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|b| *b == b';').next()?.trim_ascii();
    let digits = std::str::from_utf8(digits).ok().filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u64::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same whether the bytes come at once or one by one.
    fn passed(input: &str) -> String {
        let (mut whole, mut bytewise) = (Vec::new(), Vec::new());
        Framing::default().pass(input.as_bytes(), &mut whole);
        let mut framing = Framing::default();
        for byte in input.bytes() {
            framing.pass(&[byte], &mut bytewise);
        }
        assert_eq!(whole, bytewise);
        String::from_utf8(whole).unwrap()
    }

    fn check(input: &str, expect: &str) {
        assert_eq!(passed(input), expect);
    }

    #[test]
    fn quotes_are_escaped_in_request_lines_only() {
        check(
            "GET /Users?filter=userName+eq+\"a\" HTTP/1.1\r\nHost: \"h\"\r\n\r\n",
            "GET /Users?filter=userName+eq+%22a%22 HTTP/1.1\r\nHost: \"h\"\r\n\r\n",
        );
        check(
            "POST /a\" HTTP/1.1\r\nContent-Length: 5\r\n\r\n\"<>\"\"GET /b\" HTTP/1.1\r\n\r\n\r\nGET /c\" HTTP/1.1\r\n\r\n",
            "POST /a%22 HTTP/1.1\r\nContent-Length: 5\r\n\r\n\"<>\"\"GET /b%22 HTTP/1.1\r\n\r\n\r\nGET /c%22 HTTP/1.1\r\n\r\n",
        );
        check(
            "POST /a HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n3;x=\"1\"\r\n\"\r\"\r\n0\r\nT: \"\r\n\r\nGET /b\" HTTP/1.1\r\n\r\n",
            "POST /a HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n3;x=\"1\"\r\n\"\r\"\r\n0\r\nT: \"\r\n\r\nGET /b%22 HTTP/1.1\r\n\r\n",
        );
    }

    #[test]
    fn what_is_not_certain_passes_untouched() {
        for head in [
            "Content-Length: x\r\n",
            "Content-Length: +5\r\n",
            "Content-Length: 1\r\nContent-Length: 1\r\n",
            "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: gzip\r\n",
            "no colon\r\n",
        ] {
            let text = format!("POST / HTTP/1.1\r\n{head}\r\nGET /\" HTTP/1.1\r\n\r\n");
            check(&text, &text);
            let mut framing = Framing::default();
            framing.pass(text.as_bytes(), &mut Vec::new());
            assert!(framing.is_opaque(), "{head}");
        }
    }

    /// Java's client offers HTTP/2 with its first request; nothing here is ever upgraded, so the next request follows.
    #[test]
    fn an_offer_to_upgrade_changes_nothing() {
        check(
            "GET /a\" HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nGET /b\" HTTP/1.1\r\n\r\n",
            "GET /a%22 HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nGET /b%22 HTTP/1.1\r\n\r\n",
        );
    }

    #[test]
    fn two_readings_are_noticed() {
        let ambiguous = |head: &str| {
            let mut framing = Framing::default();
            framing.pass(format!("POST / HTTP/1.1\r\n{head}\r\n").as_bytes(), &mut Vec::new());
            framing.is_ambiguous()
        };
        assert!(ambiguous("Content-Length: 1\r\ncontent-length: 1\r\n"));
        assert!(ambiguous("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"));
        assert!(ambiguous("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"));
        assert!(!ambiguous("Content-Length: 1\r\n"));
        assert!(!ambiguous("Transfer-Encoding: chunked\r\n"));
    }
}

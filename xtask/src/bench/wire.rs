//! What an HTTP/1.1 answer says about itself: its status, and where its body ends.

use anyhow::Context;
use memchr::memmem;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Length(usize),
    Chunked,
    /// The body ends with the connection.
    UntilClose,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) framing: Framing,
    /// The server ends the connection behind this answer.
    pub(super) closes: bool,
}

impl Head {
    /// Of the bytes before the empty line.
    pub(super) fn parse(head: &[u8]) -> anyhow::Result<Self> {
        let text = std::str::from_utf8(head).context("the head of the answer is not text")?;
        let (version, status) = (text.get(..9), text.get(9..12).context("a status line")?);
        let status: u16 = status.parse().with_context(|| format!("a status, not {status:?}"))?;
        let mut framing = Framing::UntilClose;
        let mut closes = version == Some("HTTP/1.0 ");
        for line in text.split("\r\n").skip(1) {
            let Some((name, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") && framing != Framing::Chunked {
                framing = Framing::Length(value.parse().with_context(|| format!("Content-Length: {value}"))?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") && value.eq_ignore_ascii_case("chunked")
            {
                framing = Framing::Chunked;
            } else if name.eq_ignore_ascii_case("connection") {
                closes = value.eq_ignore_ascii_case("close");
            }
        }
        // RFC 9112 §6.3: these never have a body.
        if status == 204 || status == 304 || status < 200 {
            framing = Framing::Length(0);
        }
        closes |= framing == Framing::UntilClose;
        Ok(Self { status, framing, closes })
    }
}

/// Where the head ends, if all of it is there.
pub(super) fn head_end(bytes: &[u8]) -> Option<usize> {
    memmem::find(bytes, b"\r\n\r\n")
}

/// The body of a chunked answer, taken together; `None` while its end is not there.
pub(super) fn dechunked(mut bytes: &[u8]) -> anyhow::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    loop {
        let Some(line) = memmem::find(bytes, b"\r\n") else { return Ok(None) };
        let size = std::str::from_utf8(&bytes[..line]).context("a chunk's size")?;
        let size = size.split(';').next().unwrap_or_default().trim();
        let size =
            usize::from_str_radix(size, 16).with_context(|| format!("a chunk's size, not {size:?}"))?;
        let rest = &bytes[line + 2..];
        if size == 0 {
            // Trailers, which nobody sends, would stand here.
            return Ok((rest.len() >= 2).then_some(body));
        }
        if rest.len() < size + 2 {
            return Ok(None);
        }
        body.extend_from_slice(&rest[..size]);
        bytes = &rest[size + 2..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_tells_where_the_body_ends() {
        let cases = [
            ("HTTP/1.1 200 OK\r\ncontent-length: 12", 200, Framing::Length(12), false),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive",
                200,
                Framing::Chunked,
                false,
            ),
            ("HTTP/1.1 204 No Content", 204, Framing::Length(0), false),
            ("HTTP/1.1 500 Oops\r\nConnection: close\r\nContent-Length: 0", 500, Framing::Length(0), true),
            ("HTTP/1.1 200 OK", 200, Framing::UntilClose, true),
            ("HTTP/1.0 200 OK\r\nContent-Length: 3", 200, Framing::Length(3), true),
        ];
        for (text, status, framing, closes) in cases {
            assert_eq!(Head::parse(text.as_bytes()).unwrap(), Head { status, framing, closes }, "{text}");
        }
        for bad in ["", "HTTP/1.1 abc", "HTTP/1.1 200 OK\r\nContent-Length: many"] {
            assert!(Head::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn chunks_are_taken_together_once_all_are_there() {
        let whole = b"4\r\nWiki\r\n6;x=1\r\npedia \r\n0\r\n\r\n";
        assert_eq!(dechunked(whole).unwrap(), Some(b"Wikipedia ".to_vec()));
        for end in 0..whole.len() {
            assert_eq!(dechunked(&whole[..end]).unwrap(), None, "{end} bytes");
        }
        assert!(dechunked(b"zz\r\n").is_err());
    }
}

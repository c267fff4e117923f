//! Bits and encodings.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::Result;
use super::super::evaluate::Call;
use super::super::registry::{Function, Kind, example, optional, required};
use super::text::map;
use crate::value::Value;

pub(super) const TABLE: &[Function] = &[
    Function {
        name: "BitAnd",
        parameters: &[required("value1", Kind::Number), required("value2", Kind::Number)],
        result: Kind::Number,
        each: false,
        doc: "The bits that both numbers have. &H begins a hexadecimal number.",
        examples: &[
            example("BitAnd(&HF, &HF7)", &[], &["7"]),
            example("BitAnd([userAccountControl], 2)", &[("userAccountControl", "514")], &["2"]),
        ],
        run: |call| {
            Ok(match (call.integer(0)?, call.integer(1)?) {
                (Some(a), Some(b)) => Value::text((a & b).to_string()),
                _ => Value::Null,
            })
        },
    },
    Function {
        name: "ConvertToBase64",
        parameters: &[required("source", Kind::Text)],
        result: Kind::Text,
        each: true,
        doc: "The base64 form of the text's UTF-16 (little endian) bytes.",
        examples: &[example("ConvertToBase64(\"Hello world!\")", &[], &["SABlAGwAbABvACAAdwBvAHIAbABkACEA"])],
        run: |call| {
            map(call, |text| {
                STANDARD.encode(text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>())
            })
        },
    },
    Function {
        name: "ConvertFromBase64",
        parameters: &[required("source", Kind::Text), optional("encoding", Kind::Text)],
        result: Kind::Text,
        each: true,
        doc: "The text of a base64 form; its bytes are UTF-16 (little endian) unless the encoding is \"UTF8\".",
        examples: &[
            example("ConvertFromBase64(\"SABlAGwAbABvACAAdwBvAHIAbABkACEA\")", &[], &["Hello world!"]),
            example("ConvertFromBase64(\"SGVsbG8gd29ybGQh\", \"UTF8\")", &[], &["Hello world!"]),
        ],
        run: from_base64,
    },
    Function {
        name: "ConvertToUTF8Hex",
        parameters: &[required("source", Kind::Text)],
        result: Kind::Text,
        each: true,
        doc: "The text's UTF-8 bytes in hexadecimal.",
        examples: &[
            example("ConvertToUTF8Hex(\"Hello world!\")", &[], &["48656C6C6F20776F726C6421"]),
            example(
                "Join(\"\", 1000, Replace(ConvertToUTF8Hex([objectId]), , \"[a-zA-Z_]*\", , \"\", , ))",
                &[("objectId", "o1")],
                &["1000631"],
            ),
        ],
        run: |call| map(call, |text| hex(text.as_bytes())),
    },
    Function {
        name: "StringFromSid",
        parameters: &[required("source", Kind::Text)],
        result: Kind::Text,
        each: true,
        doc: "A security identifier, given as base64 of its bytes, in the form S-1-5-….",
        examples: &[example("StringFromSid(\"AQEAAAAAAAUSAAAA\")", &[], &["S-1-5-18"])],
        run: string_from_sid,
    },
    Function {
        name: "DNComponent",
        parameters: &[required("dn", Kind::Text), required("number", Kind::Number)],
        result: Kind::Text,
        each: true,
        doc: "The value of one component of a distinguished name, counted from the left and from 1.",
        examples: &[
            example("DNComponent(\"cn=Joe,dc=contoso,dc=com\", 1)", &[], &["Joe"]),
            example("DNComponent(\"cn=Doe\\\\, John,ou=Rail\", 1)", &[], &["Doe, John"]),
        ],
        run: dn_component,
    },
    Function {
        name: "DefaultDomain",
        parameters: &[],
        result: Kind::Text,
        each: false,
        doc: "The default domain of the tenant.",
        examples: &[example(
            "Join(\"@\", [mailNickname], DefaultDomain())",
            &[("mailNickname", "kim")],
            &["kim@contoso.example"],
        )],
        run: |call| Ok(call.environment().default_domain.map_or(Value::Null, Value::text)),
    },
];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a string does not fail.
        let _ = write!(out, "{byte:02X}");
        out
    })
}

fn decoded(call: &Call<'_, '_, '_>, text: &str) -> Result<Vec<u8>> {
    STANDARD.decode(text.trim()).map_err(|error| call.error(format!("the source is not base64: {error}")))
}

fn from_base64(call: &mut Call<'_, '_, '_>) -> Result<Value> {
    let Some(text) = call.text(0)? else { return Ok(Value::Null) };
    let encoding = call.text(1)?.unwrap_or_default();
    let bytes = decoded(call, &text)?;
    let decoded = match encoding.to_ascii_lowercase().replace('-', "").as_str() {
        "" | "utf16" | "utf16le" | "unicode" => {
            let units: Vec<u16> = bytes
                .chunks_exact(2)
                .map(|pair| pair.iter().rev().fold(0, |n, b| (n << 8) | u16::from(*b)))
                .collect();
            String::from_utf16(&units).ok().filter(|_| bytes.len().is_multiple_of(2))
        }
        "utf8" => String::from_utf8(bytes).ok(),
        "ascii" | "usascii" => String::from_utf8(bytes).ok().filter(|text| text.is_ascii()),
        _ => return Err(call.error(format!("the encoding \"{encoding}\" is not known; use UTF16 or UTF8"))),
    };
    match decoded {
        Some(text) => Ok(Value::Text(text)),
        None => Err(call.error("the bytes are no text in that encoding")),
    }
}

/// Revision, number of sub-authorities, six bytes of authority, then four bytes each.
fn string_from_sid(call: &mut Call<'_, '_, '_>) -> Result<Value> {
    let Some(text) = call.text(0)? else { return Ok(Value::Null) };
    let bytes = decoded(call, &text)?;
    let shape = bytes.split_at_checked(8).and_then(|(head, rest)| match head {
        [revision, count, authority @ ..] if rest.len() == usize::from(*count) * 4 => {
            let authority = authority.iter().fold(0_u64, |n, b| (n << 8) | u64::from(*b));
            Some((*revision, authority, rest))
        }
        _ => None,
    });
    let Some((revision, authority, rest)) = shape else {
        return Err(call.error("the bytes are not a security identifier"));
    };
    let mut sid = format!("S-{revision}-{authority}");
    for part in rest.chunks_exact(4) {
        let number = part.iter().rev().fold(0_u32, |n, b| (n << 8) | u32::from(*b));
        let _ = write!(sid, "-{number}");
    }
    Ok(Value::Text(sid))
}

fn dn_component(call: &mut Call<'_, '_, '_>) -> Result<Value> {
    let Some(text) = call.text(0)? else { return Ok(Value::Null) };
    let Some(number) = call.integer(1)? else { return Ok(Value::Null) };
    let mut components = vec![String::new()];
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        let Some(last) = components.last_mut() else { break };
        match c {
            '\\' => last.extend(characters.next()),
            ',' => components.push(String::new()),
            c => last.push(c),
        }
    }
    let wanted = number.checked_sub(1).and_then(|n| usize::try_from(n).ok()).and_then(|n| components.get(n));
    Ok(wanted.map_or(Value::Null, |c| Value::text(c.split_once('=').map_or(c.as_str(), |(_, v)| v).trim())))
}

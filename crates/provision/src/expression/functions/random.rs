//! Functions that draw: the caller's source of numbers makes them repeatable.

use super::super::Result;
use super::super::evaluate::Call;
use super::super::registry::{Function, Kind, example, optional, repeated, required, varying};
use crate::limits;
use crate::value::Value;

pub(super) const TABLE: &[Function] = &[
    Function {
        name: "Guid",
        parameters: &[],
        result: Kind::Text,
        each: false,
        doc: "A new GUID.",
        examples: &[varying("Guid()", &["2f9a3c1e-6f0d-4a57-9a3b-0c5e9f4d8b21"])],
        run: guid,
    },
    Function {
        name: "NewGuid",
        parameters: &[],
        result: Kind::Text,
        each: false,
        doc: "The same as Guid().",
        examples: &[varying("NewGuid()", &["2f9a3c1e-6f0d-4a57-9a3b-0c5e9f4d8b21"])],
        run: guid,
    },
    Function {
        name: "RandomString",
        parameters: &[
            required("length", Kind::Number),
            required("minimumNumbers", Kind::Number),
            required("minimumSpecialCharacters", Kind::Number),
            required("minimumCapital", Kind::Number),
            required("minimumLowerCase", Kind::Number),
            optional("charactersToAvoid", Kind::Text),
        ],
        result: Kind::Text,
        each: false,
        doc: "A random text of that length, at most 256, with at least so many characters of each sort and none of those to avoid.",
        examples: &[varying("RandomString(10,2,2,2,1,\"?,\")", &["1@!2BaRg53"])],
        run: random_string,
    },
    Function {
        name: "RandomNumber",
        parameters: &[required("start", Kind::Number), required("end", Kind::Number)],
        result: Kind::Number,
        each: false,
        doc: "A whole number from start to end, both included. Entra does not have it.",
        examples: &[varying("RandomNumber(100, 999)", &["417"]), example("RandomNumber(7, 7)", &[], &["7"])],
        run: random_number,
    },
    Function {
        name: "SelectUniqueValue",
        parameters: &[required("rule", Kind::Text), repeated("rule", Kind::Text)],
        result: Kind::Text,
        each: false,
        doc: "The first of at least two results that no object of the target has. Outermost function only, for mappings that apply only during object creation, and never for matching attributes. If all are taken the object is held in escrow.",
        examples: &[example(
            "SelectUniqueValue(Join(\"@\", [mailNickname], \"a.example\"), Join(\"@\", Append([mailNickname], \"1\"), \"a.example\"))",
            &[("mailNickname", "kim")],
            &["kim@a.example"],
        )],
        run: select_unique,
    },
];

fn guid(call: &mut Call<'_, '_, '_>) -> Result<Value> {
    let entropy = &mut call.environment().entropy;
    let (high, low) = (entropy.next(), entropy.next());
    // RFC 9562 §5.4: version 4, variant 2.
    let high = (high & !0xF000) | 0x4000;
    let low = (low & !(0b11 << 62)) | (0b10 << 62);
    Ok(Value::Text(format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xFFFF,
        high & 0xFFFF,
        low >> 48,
        low & 0xFFFF_FFFF_FFFF
    )))
}

/// A number below `bound`, without a lean worth speaking of.
fn below(call: &mut Call<'_, '_, '_>, bound: usize) -> usize {
    let drawn = u128::from(call.environment().entropy.next());
    usize::try_from((drawn * bound as u128) >> 64).unwrap_or(0)
}

const SORTS: [&str; 4] = [
    "0123456789",
    "!@#$%^&*()-_=+[]{}|;:,.<>?/~",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "abcdefghijklmnopqrstuvwxyz",
];

fn random_string(call: &mut Call<'_, '_, '_>) -> Result<Value> {
    let length = call.integer(0)?.unwrap_or(0);
    let avoid = call.text(5)?.unwrap_or_default();
    let allowed = SORTS.map(|sort| sort.chars().filter(|c| !avoid.contains(*c)).collect::<Vec<char>>());
    if !(0..=limits::RANDOM_CHARS).contains(&length) {
        return Err(call.error(format!("the length must be from 0 to {}", limits::RANDOM_CHARS)));
    }
    let length = usize::try_from(length).unwrap_or(0);
    let mut drawn = Vec::with_capacity(length);
    for (index, characters) in allowed.iter().enumerate() {
        let minimum = call.integer(index + 1)?.unwrap_or(0).clamp(0, limits::RANDOM_CHARS + 1);
        if minimum > 0 && characters.is_empty() {
            return Err(call.error("all characters of a sort that is wanted are to be avoided"));
        }
        for _ in 0..minimum {
            draw(call, characters, &mut drawn);
        }
    }
    if drawn.len() > length {
        return Err(call.error("the length is smaller than the minima together"));
    }
    let all: Vec<char> = allowed.concat();
    if all.is_empty() && length > 0 {
        return Err(call.error("all characters are to be avoided"));
    }
    while drawn.len() < length {
        draw(call, &all, &mut drawn);
    }
    for last in (1..drawn.len()).rev() {
        let other = below(call, last + 1);
        drawn.swap(last, other);
    }
    Ok(Value::Text(drawn.into_iter().collect()))
}

fn draw(call: &mut Call<'_, '_, '_>, characters: &[char], drawn: &mut Vec<char>) {
    let at = below(call, characters.len());
    drawn.extend(characters.get(at));
}

fn random_number(call: &mut Call<'_, '_, '_>) -> Result<Value> {
    let (Some(start), Some(end)) = (call.integer(0)?, call.integer(1)?) else { return Ok(Value::Null) };
    if start > end {
        return Err(call.error("the end must not be smaller than the start"));
    }
    let span = u128::from(end.abs_diff(start)) + 1;
    let offset = (u128::from(call.environment().entropy.next()) * span) >> 64;
    Ok(Value::text((i128::from(start) + offset as i128).to_string()))
}

fn select_unique(call: &mut Call<'_, '_, '_>) -> Result<Value> {
    let mut candidates: Vec<String> = Vec::new();
    for index in 0..call.len() {
        match call.text(index)? {
            Some(text) if !text.is_empty() && !candidates.contains(&text) => candidates.push(text),
            _ => {}
        }
    }
    let free = candidates.iter().find(|candidate| !(call.environment().taken)(candidate)).cloned();
    let none = candidates.is_empty();
    call.outcome().candidates = candidates;
    match free {
        Some(free) => Ok(Value::Text(free)),
        None if none => Ok(Value::Null),
        None => Err(call.error("every value that the rules give is taken in the target")),
    }
}

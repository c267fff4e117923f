//! `NormalizeDiacritics`: the letters it replaces, as Entra documents them.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, is_combining_mark};

const LETTERS: &[(&str, &str)] = &[
    ("äàâãåáąăā", "a"),
    ("çčć", "c"),
    ("ď", "d"),
    ("ëèéêęěėē", "e"),
    ("ğḡ", "g"),
    ("ïîìíıī", "i"),
    ("ľł", "l"),
    ("ñńň", "n"),
    ("öòőõôóōȫǭȭȱ", "o"),
    ("ř", "r"),
    ("šśșş", "s"),
    ("ťț", "t"),
    ("üùûúůűūǖ", "u"),
    ("ÿýȳ", "y"),
    ("źžż", "z"),
    ("æǣ", "ae"),
    ("ø", "oe"),
    ("ß", "ss"),
];

/// Letters whose combinations with macron, ring and underline are included.
const BASES: &str = "acdegilnorstuyz";
const MACRON: char = '\u{304}';
const MARKS: [char; 4] = [MACRON, '\u{30A}', '\u{331}', '\u{332}'];

/// German umlauts become the bare vowel; what is not in the table (`œ`, `đ`, `þ`, `ð`) stays.
pub fn normalize(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.nfc().peekable();
    while let Some(c) = rest.next() {
        let mut marks = Vec::new();
        while let Some(mark) = rest.next_if(|c| is_combining_mark(*c) && canonical_combining_class(*c) != 0) {
            marks.push(mark);
        }
        match replaced(c, &marks) {
            Some(plain) => out.push_str(&plain),
            None => {
                out.push(c);
                out.extend(marks);
            }
        }
    }
    out
}

fn replaced(c: char, marks: &[char]) -> Option<String> {
    let lower = lowered(c);
    let plain = match marks {
        [] => listed(lower).map(str::to_owned).or_else(|| combined(lower)),
        // Only with its macron is œ in the table.
        [MACRON] if lower == 'œ' => Some("oe".to_owned()),
        marks if marks.iter().all(|m| MARKS.contains(m)) => {
            listed(lower).map(str::to_owned).or_else(|| BASES.contains(lower).then(|| lower.to_string()))
        }
        _ => None,
    }?;
    Some(if c == lower { plain } else { plain.to_ascii_uppercase() })
}

/// The Turkish dotted capital is the one letter whose lower case is two characters.
fn lowered(c: char) -> char {
    match c {
        'İ' => 'i',
        c => {
            let mut lower = c.to_lowercase();
            match (lower.next(), lower.next()) {
                (Some(lower), None) => lower,
                _ => c,
            }
        }
    }
}

fn listed(lower: char) -> Option<&'static str> {
    if lower == 'i' {
        return Some("i");
    }
    LETTERS.iter().find(|(letters, _)| letters.contains(lower)).map(|(_, plain)| *plain)
}

/// A letter that Unicode composes of a base and macron, ring or underline.
fn combined(lower: char) -> Option<String> {
    let mut parts = std::iter::once(lower).nfd();
    let base = parts.next().filter(|base| BASES.contains(*base))?;
    let mut marks = parts.peekable();
    marks.peek()?;
    marks.all(|mark| MARKS.contains(&mark)).then(|| base.to_string())
}

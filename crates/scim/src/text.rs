//! A resource as a response shows it, made from its JSON text without reading that into values: what is shown is copied.
//!
//! It equals [`Projection::apply`] to the byte, which a property test holds it to. A text it cannot be sure about (a name in
//! another spelling or with escapes, white space between tokens) is given back as `None`; the caller then reads it.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use crate::attribute::Attribute;
use crate::projection::{Projection, Shown};
use crate::schema::{self, ResourceType};

/// What a projection shows of one resource type, looked up once for any number of resources.
#[derive(Debug)]
pub struct Mask {
    core: Vec<Rule>,
    extensions: Vec<(String, Vec<Rule>)>,
}

#[derive(Debug)]
struct Rule {
    name: String,
    show: Show,
}

#[derive(Debug)]
enum Show {
    Nothing,
    Whole,
    /// A complex attribute: each of its sub-attributes, and whether it is shown.
    Parts(Vec<(String, bool)>),
}

static DEFAULT: LazyLock<[Arc<Mask>; 2]> =
    LazyLock::new(|| schema::resource_types().map(|t| Arc::new(Mask::of(&Projection::Default, t))));

impl Projection {
    /// The same for the text of resources of that type.
    pub fn mask(&self, resource_type: &ResourceType) -> Arc<Mask> {
        let known = schema::resource_types().into_iter().zip(DEFAULT.iter());
        let default =
            known.filter(|(known, _)| *self == Self::Default && std::ptr::eq(*known, resource_type));
        default
            .map(|(_, mask)| mask.clone())
            .next()
            .unwrap_or_else(|| Arc::new(Mask::of(self, resource_type)))
    }
}

impl Mask {
    fn of(projection: &Projection, resource_type: &ResourceType) -> Self {
        let rule = |extension, attribute: &Attribute| Rule {
            name: attribute.name.clone(),
            show: Show::of(&projection.shows(extension, attribute, resource_type), attribute),
        };
        let core = resource_type.schema.attributes.iter().chain(&resource_type.common);
        let extensions = resource_type.extensions.iter().map(|extension| {
            let rules = extension.attributes.iter().map(|attribute| rule(Some(extension), attribute));
            (extension.id.clone(), rules.collect())
        });
        Self { core: core.map(|attribute| rule(None, attribute)).collect(), extensions: extensions.collect() }
    }

    /// Append what is shown of the resource whose attributes are `document` (an object's text), with `id` behind `schemas` and
    /// then `more` at the end; each is a name with a value's text. `None`, and nothing appended, when it takes reading.
    pub fn write(&self, document: &str, id: &str, more: &[(&str, &str)], out: &mut Vec<u8>) -> Option<()> {
        let start = out.len();
        let written = self.try_write(document, id, more, out);
        if written.is_none() {
            out.truncate(start);
        }
        written
    }

    fn try_write(&self, document: &str, id: &str, more: &[(&str, &str)], out: &mut Vec<u8>) -> Option<()> {
        let mut members = Members::of(document)?;
        let mut object = Object::open(out);
        let mut held: Vec<(&str, &str)> = Vec::new();
        let mut id_is_due = true;
        while let Some((name, value)) = members.next()? {
            // What is told beside the document is not in it, and nothing but `schemas` stands before `id`.
            if name == "id" || more.iter().any(|(known, _)| *known == name) {
                return None;
            }
            if name == "schemas" {
                if !id_is_due {
                    return None;
                }
                self.member(name, value, &mut object)?;
                self.member("id", id, &mut object)?;
                id_is_due = false;
            } else if id_is_due {
                held.push((name, value));
            } else {
                if !held.is_empty() {
                    for (name, value) in held.drain(..) {
                        self.member(name, value, &mut object)?;
                    }
                }
                self.member(name, value, &mut object)?;
            }
        }
        if id_is_due {
            self.member("id", id, &mut object)?;
        }
        for (name, value) in held.iter().chain(more) {
            self.member(name, value, &mut object)?;
        }
        object.close();
        Some(())
    }

    fn member(&self, name: &str, value: &str, object: &mut Object<'_>) -> Option<()> {
        if let Some((_, rules)) = self.extensions.iter().find(|(urn, _)| urn == name) {
            return extension(name, value, rules, object);
        }
        if self.extensions.iter().any(|(urn, _)| urn.eq_ignore_ascii_case(name)) {
            return None;
        }
        attribute(&self.core, name, value, object)
    }
}

impl Show {
    fn of(shown: &Shown, attribute: &Attribute) -> Self {
        match shown {
            Shown::Nothing => Self::Nothing,
            _ if !attribute.is_complex() => Self::Whole,
            shown => {
                let subs = attribute.sub_attributes.iter();
                Self::Parts(subs.map(|sub| (sub.name.clone(), shown.keeps(&sub.name, attribute))).collect())
            }
        }
    }
}

fn extension(name: &str, value: &str, rules: &[Rule], object: &mut Object<'_>) -> Option<()> {
    if !value.starts_with('{') {
        return Some(());
    }
    let mark = object.mark();
    object.name(name);
    let mut members = Members::of(value)?;
    let mut inner = Object::open(object.out);
    while let Some((name, value)) = members.next()? {
        attribute(rules, name, value, &mut inner)?;
    }
    if inner.close() {
        object.is_empty = false
    } else {
        object.take_back(mark)
    }
    Some(())
}

fn attribute(rules: &[Rule], name: &str, value: &str, object: &mut Object<'_>) -> Option<()> {
    let Some(rule) = rules.iter().find(|rule| rule.name == name) else {
        return if rules.iter().any(|rule| rule.name.eq_ignore_ascii_case(name)) { None } else { Some(()) };
    };
    match &rule.show {
        Show::Nothing => {}
        Show::Whole => object.member(name, value),
        Show::Parts(parts) => {
            let mark = object.mark();
            object.name(name);
            let kept = if value.starts_with('[') {
                elements(value, parts, object.out)?
            } else {
                element(value, parts, object.out)?
            };
            if kept { object.is_empty = false } else { object.take_back(mark) }
        }
    }
    Some(())
}

/// An array of complex values. One of which nothing is shown is left out; whether any is left, or there was none before.
fn elements(array: &str, parts: &[(String, bool)], out: &mut Vec<u8>) -> Option<bool> {
    if array == "[]" {
        out.extend_from_slice(b"[]");
        return Some(true);
    }
    let mut scan = Scan { text: array, at: 1 };
    out.push(b'[');
    let mut kept = false;
    loop {
        let mark = out.len();
        if kept {
            out.push(b',');
        }
        if element(scan.value()?, parts, out)? {
            kept = true;
        } else {
            out.truncate(mark);
        }
        match scan.take()? {
            b',' => {}
            b']' => break,
            _ => return None,
        }
    }
    out.push(b']');
    Some(kept)
}

fn element(value: &str, parts: &[(String, bool)], out: &mut Vec<u8>) -> Option<bool> {
    if !value.starts_with('{') {
        out.extend_from_slice(value.as_bytes());
        return Some(true);
    }
    let mark = out.len();
    let mut members = Members::of(value)?;
    let mut object = Object::open(out);
    while let Some((name, value)) = members.next()? {
        match parts.iter().find(|(known, _)| known == name) {
            Some((_, true)) => object.member(name, value),
            Some((_, false)) => {}
            None if parts.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) => return None,
            None => {}
        }
    }
    let kept = object.close();
    if !kept {
        out.truncate(mark);
    }
    Some(kept)
}

/// An object that is being written.
struct Object<'a> {
    out: &'a mut Vec<u8>,
    is_empty: bool,
}

impl<'a> Object<'a> {
    fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, is_empty: true }
    }

    fn name(&mut self, name: &str) {
        if !self.is_empty {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    fn member(&mut self, name: &str, value: &str) {
        self.name(name);
        self.out.extend_from_slice(value.as_bytes());
        self.is_empty = false;
    }

    fn mark(&self) -> usize {
        self.out.len()
    }

    /// A member of which nothing was left.
    fn take_back(&mut self, mark: usize) {
        self.out.truncate(mark);
    }

    /// Whether anything is in it.
    fn close(self) -> bool {
        self.out.push(b'}');
        !self.is_empty
    }
}

/// As much of a JSON text as is longer than `bytes` by no more than its last value: lists and objects end there.
pub fn cut(text: &str, bytes: usize) -> Cow<'_, str> {
    let mut scan = Scan { text, at: 0 };
    let mut open = Vec::new();
    while let Some(byte) = scan.take() {
        let ends_value = match byte {
            b'{' => {
                open.push('}');
                false
            }
            b'[' => {
                open.push(']');
                false
            }
            b'}' | b']' => {
                open.pop();
                true
            }
            b'"' => scan.end_of_string().is_some() && scan.peek() != Some(b':'),
            _ => matches!(scan.peek(), Some(b',' | b'}' | b']')),
        };
        if ends_value && scan.at >= bytes && !open.is_empty() {
            let mut kept = text.get(..scan.at).unwrap_or(text).to_owned();
            kept.extend(open.into_iter().rev());
            return Cow::Owned(kept);
        }
    }
    Cow::Borrowed(text)
}

/// Look at each member of each object, and at each text that is no member; a value that is an object or a list is shown as its
/// first character. `None` as soon as `accept` says no, or when a name has escapes.
pub(crate) fn names(text: &str, mut accept: impl FnMut(Option<&str>, &str) -> bool) -> Option<()> {
    let mut scan = Scan { text, at: 0 };
    while let Some(byte) = scan.take() {
        if byte != b'"' {
            continue;
        }
        let start = scan.at;
        scan.end_of_string()?;
        let whole = text.get(start - 1..scan.at)?;
        if scan.peek() != Some(b':') {
            if !accept(None, whole) {
                return None;
            }
            continue;
        }
        let name = text.get(start..scan.at - 1).filter(|name| !name.contains('\\'))?;
        scan.take()?;
        let value = match scan.peek()? {
            b'{' | b'[' => text.get(scan.at..scan.at + 1)?,
            _ => scan.value()?,
        };
        if !accept(Some(name), value) {
            return None;
        }
    }
    Some(())
}

/// The members of an object's text, one after the other.
struct Members<'a> {
    scan: Scan<'a>,
    begun: bool,
}

impl<'a> Members<'a> {
    fn of(object: &'a str) -> Option<Self> {
        let mut scan = Scan { text: object, at: 0 };
        (scan.take()? == b'{').then_some(Self { scan, begun: false })
    }

    /// `Some(None)` behind the last.
    fn next(&mut self) -> Option<Option<(&'a str, &'a str)>> {
        match self.scan.take()? {
            b'}' => return Some(None),
            b',' if self.begun => {
                if self.scan.take()? != b'"' {
                    return None;
                }
            }
            b'"' if !self.begun => {}
            _ => return None,
        }
        self.begun = true;
        let name = self.scan.name()?;
        if self.scan.take()? != b':' {
            return None;
        }
        Some(Some((name, self.scan.value()?)))
    }
}

/// A place in a JSON text.
struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    fn take(&mut self) -> Option<u8> {
        let byte = self.text.as_bytes().get(self.at).copied()?;
        self.at += 1;
        Some(byte)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The rest of a name behind its first quote; without escapes, so that it can be compared as it is.
    fn name(&mut self) -> Option<&'a str> {
        let rest = self.text.get(self.at..)?;
        let end = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\'))?;
        if rest.as_bytes().get(end) != Some(&b'"') {
            return None;
        }
        self.at += end + 1;
        rest.get(..end)
    }

    /// One value, whole.
    fn value(&mut self) -> Option<&'a str> {
        let start = self.at;
        match self.take()? {
            b'"' => self.end_of_string()?,
            b'{' | b'[' => self.end_of_nest()?,
            b' ' | b'\t' | b'\n' | b'\r' | b',' | b':' | b'}' | b']' => return None,
            _ => {
                let rest = self.text.as_bytes().get(self.at..)?;
                self.at +=
                    rest.iter().position(|byte| matches!(byte, b',' | b'}' | b']')).unwrap_or(rest.len());
            }
        }
        self.text.get(start..self.at)
    }

    fn end_of_string(&mut self) -> Option<()> {
        loop {
            let rest = self.text.as_bytes().get(self.at..)?;
            let stop = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
            let is_end = rest.get(stop) == Some(&b'"');
            // Behind a backslash the next byte means nothing.
            self.at += stop + if is_end { 1 } else { 2 };
            if is_end {
                return Some(());
            }
        }
    }

    fn end_of_nest(&mut self) -> Option<()> {
        let mut depth = 1_u32;
        while depth > 0 {
            match self.take()? {
                b'"' => self.end_of_string()?,
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                b' ' | b'\t' | b'\n' | b'\r' => return None,
                _ => {}
            }
        }
        Some(())
    }
}

//! .NET's custom and standard date formats, invariant culture: reading exactly one form, and writing it.

use std::fmt::Write;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// One format specifier; the number is how often its letter stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Day(usize),
    Month(usize),
    Year(usize),
    Hour12(usize),
    Hour24(usize),
    Minute(usize),
    Second(usize),
    /// `f`: exactly so many digits
    Fraction(usize),
    /// `F`: up to so many
    FractionUpTo(usize),
    Half(usize),
    Era,
    /// `z`
    Offset(usize),
    /// `K`: `Z`, an offset or nothing
    Zone,
    Literal(char),
}

#[derive(Debug, Clone)]
pub(super) struct Format(Vec<Part>);

/// What has been read so far.
#[derive(Debug, Default)]
struct Read {
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    hour: i8,
    twelve: bool,
    afternoon: bool,
    minute: i8,
    second: i8,
    nanosecond: i32,
    offset: Option<i32>,
}

impl Format {
    /// # Errors
    /// What is wrong with the format.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let mut letters = text.chars();
        let single = match (letters.next(), letters.next()) {
            (None, _) => return Err("a date format must not be empty".into()),
            (Some(letter), None) => Some(letter),
            _ => None,
        };
        let custom = match single {
            Some(letter) => standard(letter)
                .ok_or_else(|| format!("\"{letter}\" is not a standard date format; write %{letter}"))?,
            None => text,
        };
        parts(custom).map(Self)
    }

    /// Read a date; what is missing of it is today's, `today` being given, else the read fails.
    ///
    /// # Errors
    /// In words, what does not fit.
    pub(super) fn read(&self, text: &str, today: Option<Date>) -> Result<Timestamp, String> {
        let mut read = Read::default();
        let mut rest = text;
        let mut parts = self.0.iter().peekable();
        while let Some(part) = parts.next() {
            let optional = matches!(parts.peek(), Some(Part::FractionUpTo(_)));
            if *part == Part::Literal('.') && optional && !rest.starts_with('.') {
                parts.next();
                continue;
            }
            rest =
                read.part(part, rest).ok_or_else(|| format!("it does not fit the format at \"{rest}\""))?;
        }
        if !rest.is_empty() {
            return Err(format!("\"{rest}\" is left over"));
        }
        read.instant(today)
    }

    pub(super) fn write(&self, at: Timestamp) -> String {
        let date = Offset::UTC.to_datetime(at);
        let mut out = String::new();
        for part in &self.0 {
            if let Part::FractionUpTo(digits) = part {
                write_fraction_up_to(*digits, date, &mut out);
                continue;
            }
            // Writing to a string does not fail.
            let _ = write_part(part, date, &mut out);
        }
        out
    }
}

fn standard(letter: char) -> Option<&'static str> {
    Some(match letter {
        'd' => "MM/dd/yyyy",
        'D' => "dddd, dd MMMM yyyy",
        'f' => "dddd, dd MMMM yyyy HH:mm",
        'F' | 'U' => "dddd, dd MMMM yyyy HH:mm:ss",
        'g' => "MM/dd/yyyy HH:mm",
        'G' => "MM/dd/yyyy HH:mm:ss",
        'm' | 'M' => "MMMM dd",
        'o' | 'O' => "yyyy-MM-ddTHH:mm:ss.fffffffK",
        'r' | 'R' => "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
        's' => "yyyy-MM-ddTHH:mm:ss",
        't' => "HH:mm",
        'T' => "HH:mm:ss",
        'u' => "yyyy-MM-dd HH:mm:ss'Z'",
        'y' | 'Y' => "yyyy MMMM",
        _ => return None,
    })
}

fn parts(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(letter) = rest.next() {
        match letter {
            '%' => {}
            '\\' => {
                let escaped = rest.next().ok_or("a \"\\\" at the end of a date format escapes nothing")?;
                parts.push(Part::Literal(escaped));
            }
            '\'' | '"' => loop {
                match rest.next() {
                    Some(c) if c == letter => break,
                    Some(c) => parts.push(Part::Literal(c)),
                    None => return Err(format!("a quote ({letter}) in the date format is not closed")),
                }
            },
            letter => {
                let mut count = 1;
                while "dMyhHmsfFtgz".contains(letter) && rest.next_if_eq(&letter).is_some() {
                    count += 1;
                }
                parts.push(specifier(letter, count)?);
            }
        }
    }
    Ok(parts)
}

fn specifier(letter: char, count: usize) -> Result<Part, String> {
    Ok(match letter {
        'd' => Part::Day(count.min(4)),
        'M' => Part::Month(count.min(4)),
        'y' => Part::Year(count.min(5)),
        'h' => Part::Hour12(count.min(2)),
        'H' => Part::Hour24(count.min(2)),
        'm' => Part::Minute(count.min(2)),
        's' => Part::Second(count.min(2)),
        'f' | 'F' if count > 7 => return Err("a fraction of a second has at most 7 digits".into()),
        'f' => Part::Fraction(count),
        'F' => Part::FractionUpTo(count),
        't' => Part::Half(count.min(2)),
        'g' => Part::Era,
        'z' => Part::Offset(count.min(3)),
        'K' => Part::Zone,
        other => Part::Literal(other),
    })
}

fn write_part(part: &Part, at: DateTime, out: &mut String) -> std::fmt::Result {
    let name = |names: &[&'static str], index: usize| names.get(index).copied().unwrap_or_default();
    let short = |name: &'static str| name.get(..3).unwrap_or(name);
    let weekday = usize::try_from(at.weekday().to_sunday_zero_offset()).unwrap_or(0);
    let month = usize::try_from(at.month() - 1).unwrap_or(0);
    let twelve = if at.hour() % 12 == 0 { 12 } else { at.hour() % 12 };
    match part {
        Part::Day(3) => out.write_str(short(name(&DAYS, weekday))),
        Part::Day(4) => out.write_str(name(&DAYS, weekday)),
        Part::Day(width) => write!(out, "{:0width$}", at.day()),
        Part::Month(3) => out.write_str(short(name(&MONTHS, month))),
        Part::Month(4) => out.write_str(name(&MONTHS, month)),
        Part::Month(width) => write!(out, "{:0width$}", at.month()),
        Part::Year(width @ (1 | 2)) => write!(out, "{:0width$}", at.year() % 100),
        Part::Year(width) => write!(out, "{:0width$}", at.year()),
        Part::Hour12(width) => write!(out, "{twelve:0width$}"),
        Part::Hour24(width) => write!(out, "{:0width$}", at.hour()),
        Part::Minute(width) => write!(out, "{:0width$}", at.minute()),
        Part::Second(width) => write!(out, "{:0width$}", at.second()),
        Part::Fraction(digits) => out.write_str(fraction(at).get(..*digits).unwrap_or_default()),
        Part::FractionUpTo(_) => Ok(()),
        Part::Half(count) => out.write_str(match (at.hour() < 12, count) {
            (true, 1) => "A",
            (true, _) => "AM",
            (false, 1) => "P",
            (false, _) => "PM",
        }),
        Part::Era => out.write_str("A.D."),
        Part::Offset(1) => out.write_str("+0"),
        Part::Offset(2) => out.write_str("+00"),
        Part::Offset(_) => out.write_str("+00:00"),
        Part::Zone => out.write_str("Z"),
        Part::Literal(c) => out.write_char(*c),
    }
}

fn fraction(at: DateTime) -> String {
    format!("{:09}", at.subsec_nanosecond())
}

/// Without trailing zeros; a point before nothing goes, too.
fn write_fraction_up_to(digits: usize, at: DateTime, out: &mut String) {
    let fraction = fraction(at);
    let shown = fraction.get(..digits).unwrap_or_default().trim_end_matches('0');
    if shown.is_empty() && out.ends_with('.') {
        out.pop();
    }
    out.push_str(shown);
}

impl Read {
    /// Take one part off the front of `text`; gives the rest.
    fn part<'t>(&mut self, part: &Part, text: &'t str) -> Option<&'t str> {
        match part {
            Part::Day(1 | 2) => self.number(part, text, |read, n| read.day = i8::try_from(n).ok()),
            Part::Day(count) => named(text, &DAYS, *count == 3).map(|(_, rest)| rest),
            Part::Month(1 | 2) => self.number(part, text, |read, n| read.month = i8::try_from(n).ok()),
            Part::Month(count) => {
                let (index, rest) = named(text, &MONTHS, *count == 3)?;
                self.month = i8::try_from(index + 1).ok();
                Some(rest)
            }
            Part::Year(1 | 2) => self.number(part, text, |read, n| {
                // .NET: two digits mean 1950 to 2049.
                let century = if n < 50 { 2000 } else { 1900 };
                read.year = i16::try_from(century + n).ok();
            }),
            Part::Year(_) => self.number(part, text, |read, n| read.year = i16::try_from(n).ok()),
            Part::Hour12(_) => {
                self.twelve = true;
                self.number(part, text, |read, n| read.hour = i8::try_from(n).unwrap_or(-1))
            }
            Part::Hour24(_) => self.number(part, text, |read, n| read.hour = i8::try_from(n).unwrap_or(-1)),
            Part::Minute(_) => self.number(part, text, |read, n| read.minute = i8::try_from(n).unwrap_or(-1)),
            Part::Second(_) => self.number(part, text, |read, n| read.second = i8::try_from(n).unwrap_or(-1)),
            Part::Fraction(digits) => self.fraction(text, *digits, *digits),
            Part::FractionUpTo(digits) => self.fraction(text, 0, *digits),
            Part::Half(count) => self.half(text, *count),
            Part::Era => text.strip_prefix("A.D.").or_else(|| text.strip_prefix("AD")),
            Part::Offset(count) => self.offset(text, *count),
            Part::Zone => match text.strip_prefix('Z') {
                Some(rest) => {
                    self.offset = Some(0);
                    Some(rest)
                }
                None => Some(self.offset(text, 3).unwrap_or(text)),
            },
            // A "Z" that is a mere letter still says UTC.
            Part::Literal('Z') => {
                self.offset = Some(0);
                text.strip_prefix('Z')
            }
            Part::Literal(c) => text.strip_prefix(*c),
        }
    }

    fn number<'t>(&mut self, part: &Part, text: &'t str, set: fn(&mut Self, i32)) -> Option<&'t str> {
        let (least, most) = match part {
            Part::Year(1) => (1, 2),
            Part::Year(2) => (2, 2),
            Part::Year(count) => (*count, (*count).max(4)),
            Part::Day(1)
            | Part::Month(1)
            | Part::Hour12(1)
            | Part::Hour24(1)
            | Part::Minute(1)
            | Part::Second(1) => (1, 2),
            _ => (2, 2),
        };
        let (number, rest) = digits(text, least, most)?;
        set(self, number.parse().ok()?);
        Some(rest)
    }

    fn fraction<'t>(&mut self, text: &'t str, least: usize, most: usize) -> Option<&'t str> {
        let (shown, rest) = digits(text, least, most)?;
        self.nanosecond = format!("{shown:0<9}").parse().ok()?;
        Some(rest)
    }

    fn half<'t>(&mut self, text: &'t str, count: usize) -> Option<&'t str> {
        let (shown, rest) = text.split_at_checked(count)?;
        self.afternoon = match shown.to_ascii_uppercase().as_str() {
            "A" | "AM" => false,
            "P" | "PM" => true,
            _ => return None,
        };
        Some(rest)
    }

    fn offset<'t>(&mut self, text: &'t str, count: usize) -> Option<&'t str> {
        let sign = match text.chars().next()? {
            '+' => 1,
            '-' => -1,
            _ => return None,
        };
        let (hours, mut rest) = digits(text.get(1..)?, if count == 1 { 1 } else { 2 }, 2)?;
        let mut minutes = "0";
        if count == 3 {
            (minutes, rest) = digits(rest.strip_prefix(':').unwrap_or(rest), 2, 2)?;
        }
        let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
        // .NET: an offset is at most 14 hours.
        let seconds = (hours * 60 + minutes) * 60;
        if minutes > 59 || seconds > 14 * 3600 {
            return None;
        }
        self.offset = Some(sign * seconds);
        Some(rest)
    }

    fn instant(&self, today: Option<Date>) -> Result<Timestamp, String> {
        let hour = match (self.twelve, self.hour) {
            (false, hour) => hour,
            (true, 13..) => return Err("the hour is beyond 12".into()),
            (true, hour) => hour % 12 + if self.afternoon { 12 } else { 0 },
        };
        let whole = self.year.is_some() && self.month.is_some() && self.day.is_some();
        let today = match today {
            Some(today) => today,
            None if whole => Date::constant(1, 1, 1),
            None => return Err("the date is not whole".into()),
        };
        // .NET: with a year alone month and day are 1; with nothing of a date it is today.
        let none = self.year.is_none() && self.month.is_none() && self.day.is_none();
        let one = if none { (today.month(), today.day()) } else { (1, 1) };
        let date = Date::new(
            self.year.unwrap_or(today.year()),
            self.month.unwrap_or(one.0),
            self.day.unwrap_or(one.1),
        );
        let time = Time::new(hour, self.minute, self.second, self.nanosecond);
        let (Ok(date), Ok(time)) = (date, time) else { return Err("there is no such day or time".into()) };
        let offset = Offset::from_seconds(self.offset.unwrap_or(0)).unwrap_or(Offset::UTC);
        let instant = offset.to_timestamp(date.to_datetime(time));
        instant.ok().filter(|at| super::date::in_range(*at)).ok_or_else(|| "the date is out of range".into())
    }
}

/// As many digits as there are, from `least` to `most`.
fn digits(text: &str, least: usize, most: usize) -> Option<(&str, &str)> {
    let count = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if count < least {
        return None;
    }
    text.split_at_checked(count)
}

fn named<'t>(text: &'t str, names: &[&str], short: bool) -> Option<(usize, &'t str)> {
    names.iter().enumerate().find_map(|(index, name)| {
        let wanted = if short { name.get(..3)? } else { name };
        let (head, rest) = text.split_at_checked(wanted.len())?;
        head.eq_ignore_ascii_case(wanted).then_some((index, rest))
    })
}

//! Functions of dates. A date is text; functions that give one write `M/d/yyyy h:mm:ss tt`, in UTC.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{Span, Timestamp};

use super::super::Result;
use super::super::date::{self, show};
use super::super::date_format::Format;
use super::super::evaluate::Call;
use super::super::registry::{Function, Kind, example, optional, required};
use crate::value::Value;

/// Between 1601 and 1970, in seconds.
const FILETIME_EPOCH: i64 = 11_644_473_600;
const TICKS_PER_SECOND: i64 = 10_000_000;

pub(in crate::expression) const INTERVALS: [&str; 7] = ["yyyy", "m", "d", "ww", "h", "n", "s"];

const STYLES: [&str; 10] = [
    "None",
    "AllowLeadingWhite",
    "AllowTrailingWhite",
    "AllowInnerWhite",
    "AllowWhiteSpaces",
    "NoCurrentDateDefault",
    "AdjustToUniversal",
    "AssumeLocal",
    "AssumeUniversal",
    "RoundtripKind",
];

pub(super) const TABLE: &[Function] = &[
    Function {
        name: "CDate",
        parameters: &[required("expression", Kind::Text)],
        result: Kind::Date,
        each: true,
        doc: "A text as date, in UTC.",
        examples: &[
            example("CDate(\"2020-03-16-07:00\")", &[], &["3/16/2020 7:00:00 AM"]),
            example("CDate(\"2021-06-30+08:00\")", &[], &["6/29/2021 4:00:00 PM"]),
            example("CDate(\"2009-06-15T01:45:30-07:00\")", &[], &["6/15/2009 8:45:30 AM"]),
        ],
        run: |call| Ok(dated(call.date(0)?)),
    },
    Function {
        name: "Now",
        parameters: &[],
        result: Kind::Date,
        each: false,
        doc: "The current date and time, in UTC.",
        examples: &[example("Now()", &[], &["7/2/2021 3:33:38 PM"])],
        run: |call| Ok(Value::Text(show(call.environment().now))),
    },
    Function {
        name: "DateAdd",
        parameters: &[
            required("interval", Kind::Interval),
            required("value", Kind::Number),
            required("dateTime", Kind::Date),
        ],
        result: Kind::Date,
        each: false,
        doc: "A date so many intervals later, or earlier with a negative number: yyyy years, m months, d days, ww weeks, h hours, n minutes, s seconds.",
        examples: &[
            example("DateAdd(\"d\", 7, CDate(\"2012-03-16-07:00\"))", &[], &["3/23/2012 7:00:00 AM"]),
            example("DateAdd(\"d\", -10, CDate(\"2012-03-16-07:00\"))", &[], &["3/6/2012 7:00:00 AM"]),
            example("DateAdd(\"ww\", 2, CDate(\"2012-03-16-07:00\"))", &[], &["3/30/2012 7:00:00 AM"]),
            example("DateAdd(\"m\", 10, CDate(\"2012-03-16-07:00\"))", &[], &["1/16/2013 7:00:00 AM"]),
            example("DateAdd(\"yyyy\", 2, CDate(\"2012-03-16-07:00\"))", &[], &["3/16/2014 7:00:00 AM"]),
        ],
        run: date_add,
    },
    Function {
        name: "DateDiff",
        parameters: &[
            required("interval", Kind::Interval),
            required("date1", Kind::Date),
            required("date2", Kind::Date),
        ],
        result: Kind::Number,
        each: false,
        doc: "How many intervals from the first date to the second; negative if the second is earlier. Days and less are elapsed time, cut; weeks begin on Sunday; months and years are those of the calendar.",
        examples: &[
            example("DateDiff(\"d\", \"2021-08-18+08:00\", \"2021-08-31+08:00\")", &[], &["13"]),
            example("DateDiff(\"d\", \"8/25/2021 5:41:18 PM\", \"2012-03-16-07:00\")", &[], &["-3449"]),
            example("DateDiff(\"ww\", \"8/25/2021 5:41:18 PM\", \"2012-03-16-07:00\")", &[], &["-493"]),
            example("DateDiff(\"m\", \"8/25/2021 5:41:18 PM\", \"2012-03-16-07:00\")", &[], &["-113"]),
            example("DateDiff(\"yyyy\", \"8/25/2021 5:41:18 PM\", \"2012-03-16-07:00\")", &[], &["-9"]),
            example("DateDiff(\"h\", \"2021-08-24\", \"2021-08-25\")", &[], &["24"]),
            example("DateDiff(\"n\", \"2021-08-24\", \"2021-08-25\")", &[], &["1440"]),
            example("DateDiff(\"s\", \"2021-08-24\", \"2021-08-25\")", &[], &["86400"]),
            example("DateDiff(\"d\", \"2021-08-24\", \"2021-08-24\")", &[], &["0"]),
        ],
        run: date_diff,
    },
    Function {
        name: "DateFromNum",
        parameters: &[required("value", Kind::Number)],
        result: Kind::Date,
        each: true,
        doc: "The date of a number of 100 nanoseconds since 1601, as Active Directory counts.",
        examples: &[example("DateFromNum(129699324000000000)", &[], &["1/1/2012 11:00:00 PM"])],
        run: date_from_num,
    },
    Function {
        name: "NumFromDate",
        parameters: &[required("value", Kind::Date)],
        result: Kind::Number,
        each: true,
        doc: "The number of 100 nanoseconds since 1601 of a date, as Active Directory counts.",
        examples: &[
            example("NumFromDate(\"1/1/2012 11:00:00 PM\")", &[], &["129699324000000000"]),
            example(
                "NumFromDate(Join(\"\", FormatDateTime([end], ,\"yyyy-MM-ddzzz\",\"yyyy-MM-dd\"),\" 23:59:59-08:00\"))",
                &[("end", "2020-12-31-08:00")],
                &["132539615990000000"],
            ),
        ],
        run: num_from_date,
    },
    Function {
        name: "FormatDateTime",
        parameters: &[
            required("source", Kind::Text),
            optional("dateTimeStyles", Kind::Text),
            required("inputFormat", Kind::Text),
            optional("outputFormat", Kind::Text),
        ],
        result: Kind::Text,
        each: true,
        doc: "A date read in one format and written in another, in UTC, with .NET's format letters. With three arguments they are source, input and output format.",
        examples: &[
            example(
                "FormatDateTime(\"20150123105347.1Z\", , \"yyyyMMddHHmmss.fZ\", \"yyyy-MM-dd\")",
                &[],
                &["2015-01-23"],
            ),
            example(
                "FormatDateTime(\"31.12.2021\", \"dd.MM.yyyy\", \"MMM d, yyyy\")",
                &[],
                &["Dec 31, 2021"],
            ),
        ],
        run: format_date,
    },
];

fn dated(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| Value::Text(show(at)))
}

fn civil(at: Timestamp) -> DateTime {
    Offset::UTC.to_datetime(at)
}

fn date_add(call: &mut Call<'_, '_, '_>) -> Result<Value> {
    let (Some(interval), Some(count), Some(start)) = (call.text(0)?, call.integer(1)?, call.date(2)?) else {
        return Ok(Value::Null);
    };
    let span = Span::new();
    let span = match interval.as_str() {
        "yyyy" => span.try_years(count),
        "m" => span.try_months(count),
        "d" => span.try_days(count),
        "ww" => span.try_weeks(count),
        "h" => span.try_hours(count),
        "n" => span.try_minutes(count),
        "s" => span.try_seconds(count),
        _ => return Err(unknown(call, &interval)),
    };
    // A month later than January 31 is the last of February, as in VB.
    let end =
        span.and_then(|span| civil(start).checked_add(span)).and_then(|end| Offset::UTC.to_timestamp(end));
    match end {
        Ok(end) if date::in_range(end) => Ok(dated(Some(end))),
        _ => Err(call.error("the result is not a date from the year 1 to 9999")),
    }
}

fn unknown(call: &Call<'_, '_, '_>, interval: &str) -> super::super::Error {
    let known = INTERVALS.join(", ");
    call.error(format!("the interval \"{}\" is not one of {known}", super::super::lexer::cut(interval)))
}

/// As Visual Basic's `DateDiff`.
fn date_diff(call: &mut Call<'_, '_, '_>) -> Result<Value> {
    let (Some(interval), Some(from), Some(to)) = (call.text(0)?, call.date(1)?, call.date(2)?) else {
        return Ok(Value::Null);
    };
    let seconds = (to.as_nanosecond() - from.as_nanosecond()) / 1_000_000_000;
    let (a, b) = (civil(from), civil(to));
    let years = i128::from(b.year()) - i128::from(a.year());
    let difference = match interval.as_str() {
        "yyyy" => years,
        "m" => years * 12 + i128::from(b.month()) - i128::from(a.month()),
        "ww" => {
            let week = |at: DateTime, instant: Timestamp| {
                instant.as_nanosecond()
                    - i128::from(at.weekday().to_sunday_zero_offset()) * 86_400_000_000_000
            };
            (week(b, to) - week(a, from)) / 86_400_000_000_000 / 7
        }
        "d" => seconds / 86_400,
        "h" => seconds / 3_600,
        "n" => seconds / 60,
        "s" => seconds,
        _ => return Err(unknown(call, &interval)),
    };
    Ok(Value::text(difference.to_string()))
}

fn date_from_num(call: &mut Call<'_, '_, '_>) -> Result<Value> {
    let Some(ticks) = call.integer(0)? else { return Ok(Value::Null) };
    let nanoseconds = i128::from(ticks) * 100 - i128::from(FILETIME_EPOCH) * 1_000_000_000;
    match Timestamp::from_nanosecond(nanoseconds) {
        Ok(at) if date::in_range(at) => Ok(dated(Some(at))),
        _ => Err(call.error("the number is not a date from the year 1 to 9999")),
    }
}

fn num_from_date(call: &mut Call<'_, '_, '_>) -> Result<Value> {
    let Some(at) = call.date(0)? else { return Ok(Value::Null) };
    let ticks = (at.as_nanosecond() + i128::from(FILETIME_EPOCH) * 1_000_000_000) / 1_000_000_000
        * i128::from(TICKS_PER_SECOND)
        + i128::from(at.subsec_nanosecond() / 100);
    Ok(Value::text(ticks.to_string()))
}

fn format_date(call: &mut Call<'_, '_, '_>) -> Result<Value> {
    let Some(source) = call.text(0)?.filter(|text| !text.is_empty()) else { return Ok(Value::Null) };
    let short = call.len() == 3;
    let styles = if short { None } else { call.text(1)? };
    let (input, output) = if short { (1, 2) } else { (2, 3) };
    let (Some(input), Some(output)) = (call.text(input)?, call.text(output)?) else {
        return Err(call.error("inputFormat and outputFormat are needed"));
    };
    for style in styles.iter().flat_map(|styles| styles.split([',', '|'])).map(str::trim) {
        if !STYLES.contains(&style) {
            return Err(call.error(format!("\"{style}\" is not one of .NET's DateTimeStyles")));
        }
    }
    let today = civil(call.environment().now).date();
    let read = Format::new(&input).and_then(|format| format.read(source.trim(), Some(today)));
    let at = read.map_err(|why| {
        call.error(format!(
            "\"{}\" is not a date in the format \"{input}\": {why}",
            super::super::lexer::cut(&source)
        ))
    })?;
    match Format::new(&output) {
        Ok(format) => Ok(Value::Text(format.write(at))),
        Err(why) => Err(call.error(why)),
    }
}

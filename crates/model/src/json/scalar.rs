//! The scalars, one function each.

use super::Invalid;
use crate::FieldType;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mainstay_expr::{Decimal, Value, parse_date, parse_duration, parse_time, parse_timestamp};
use serde_json::Value as Json;
use uuid::Uuid;

/// The deepest nesting of a `json` field's document.
const MAX_DOCUMENT_DEPTH: usize = 32;
/// How many of an enum's values a message lists.
const LISTED_VARIANTS: usize = 10;
/// Times are kept in microseconds.
const MAX_FRACTION_DIGITS: usize = 6;

/// What a client has to send for a type, for messages.
pub(super) fn noun(ty: &FieldType) -> &'static str {
    match ty {
        FieldType::Uuid => "a text with a UUID",
        FieldType::Ref { .. } => "a text with a record's id",
        FieldType::Date => "a text with a date as 2026-11-21",
        FieldType::Time => "a text with a time of day as 08:30:00",
        FieldType::Timestamp => "a text with a timestamp as 2026-11-21T08:30:00Z",
        FieldType::Duration => "a text with a duration as PT1H30M",
        FieldType::Bytes => "a text with base64",
        _ => "a text",
    }
}

/// A JSON integer. `1.0` is not one: a client that sends it means something else by numbers than the field does.
pub(super) fn int(json: &Json) -> Result<Value, Invalid> {
    match json.as_i64() {
        Some(int) => Ok(Value::Int(int)),
        None if json.is_u64() => Err(Invalid::new("type", "must be an integer of at most 64 bits, signed")),
        None => Err(Invalid::new("type", "must be an integer")),
    }
}

pub(super) fn float(json: &Json) -> Result<Value, Invalid> {
    let number = json.as_f64().ok_or_else(|| Invalid::new("type", "must be a number"))?;
    // JSON has no NaN, and the parser refuses what overflows a double. Minus zero becomes zero, which it equals: some engines keep its sign
    // and others do not.
    Ok(Value::Float(number + 0.0))
}

/// A decimal as text, or as a number that can have been written in one way only.
pub(super) fn decimal(json: &Json, scale: u8) -> Result<Value, Invalid> {
    match json {
        Json::String(text) => decimal_of(text, scale),
        Json::Number(number) => decimal_of_number(number, scale),
        _ => Err(Invalid::new("type", "must be a decimal, as the text \"12.50\"")),
    }
}

/// Numbers with a point or an exponent come as doubles, and a double of many digits stands for several decimals: which one was
/// written is lost by then, so it is refused rather than guessed.
fn decimal_of_number(number: &serde_json::Number, scale: u8) -> Result<Value, Invalid> {
    let value = decimal_of(&shortest(number), scale)?;
    match (&value, number.as_f64().filter(|_| number.is_f64())) {
        (Value::Decimal(decimal), Some(double)) if !is_told_apart(*decimal, double) => {
            let message = "has more digits than a JSON number keeps: send it as a string, \"12.50\"";
            Err(Invalid::new("format", message))
        }
        _ => Ok(value),
    }
}

/// Whether a double is that of a decimal alone, and not of the one before or after it at the same scale too.
fn is_told_apart(decimal: Decimal, double: f64) -> bool {
    [-1, 1].into_iter().all(|step| {
        let neighbour = Decimal::new(decimal.mantissa() + step, decimal.scale());
        neighbour.is_none_or(|neighbour| neighbour.to_string().parse() != Ok(double))
    })
}

/// A number as its shortest text; a double without a fraction as the integer that it is.
fn shortest(number: &serde_json::Number) -> String {
    let text = number.to_string();
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

fn decimal_of(text: &str, scale: u8) -> Result<Value, Invalid> {
    let format = || {
        Invalid::new(
            "format",
            format!("must be a decimal as 12.50, of at most {} digits", Decimal::MAX_DIGITS),
        )
    };
    let decimal = Decimal::parse(text).ok_or_else(format)?;
    let rescaled = decimal.rescale(scale).ok_or_else(|| rescale_fault(decimal, scale))?;
    Ok(Value::Decimal(rescaled))
}

fn rescale_fault(decimal: Decimal, scale: u8) -> Invalid {
    if decimal.scale() > scale {
        return Invalid::new("scale", format!("must have at most {scale} digits after the point"));
    }
    let whole_digits = Decimal::MAX_DIGITS - scale;
    Invalid::new("format", format!("must have at most {whole_digits} digits before the point"))
}

/// Text without U+0000, which some stores cannot keep.
pub(super) fn text(text: &str) -> Result<Value, Invalid> {
    refuse_nul(text)?;
    Ok(Value::Text(text.to_owned()))
}

fn refuse_nul(text: &str) -> Result<(), Invalid> {
    if text.contains('\0') {
        return Err(Invalid::new("invalid_character", "must not contain the character U+0000"));
    }
    Ok(())
}

pub(super) fn variant(text: &str, variants: &[String]) -> Result<Value, Invalid> {
    if variants.iter().any(|variant| variant == text) {
        return Ok(Value::Text(text.to_owned()));
    }
    let listed: Vec<&str> = variants.iter().take(LISTED_VARIANTS).map(String::as_str).collect();
    let more = if variants.len() > LISTED_VARIANTS { ", …" } else { "" };
    Err(Invalid::new("enum", format!("must be one of {}{more}", listed.join(", "))))
}

pub(super) fn bytes(text: &str) -> Result<Value, Invalid> {
    let fault = |_| Invalid::new("format", "must be base64 with padding (RFC 4648)");
    STANDARD.decode(text).map(Value::Bytes).map_err(fault)
}

/// A UUID in its usual form of 36 characters; the other forms that some libraries read would make two texts of one id.
pub(super) fn uuid(text: &str) -> Result<Value, Invalid> {
    const HYPHENATED_LENGTH: usize = 36;
    let id = (text.len() == HYPHENATED_LENGTH).then(|| Uuid::try_parse(text).ok()).flatten();
    id.map(Value::Uuid).ok_or_else(|| Invalid::new("format", "must be a UUID of 36 characters"))
}

pub(super) fn temporal(ty: &FieldType, text: &str) -> Result<Value, Invalid> {
    let value = match ty {
        FieldType::Date => parse_date(text).map(Value::Date),
        FieldType::Time => parse_time(text).map(Value::Time),
        FieldType::Timestamp => parse_timestamp(text).map(Value::Timestamp),
        _ => parse_duration(text).map(Value::Duration),
    };
    value.ok_or_else(|| Invalid::new("format", temporal_fault(ty, text)))
}

/// What is wrong with a text that looks right at first sight, or else what it should look like.
fn temporal_fault(ty: &FieldType, text: &str) -> String {
    if fraction_digits(text) > MAX_FRACTION_DIGITS {
        return format!("must have at most {MAX_FRACTION_DIGITS} digits after the point of the seconds");
    }
    let form = noun(ty);
    match ty {
        FieldType::Duration => {
            format!("must be {form}, without years and months, of less than 292,000 years")
        }
        _ => format!("must be {form}"),
    }
}

/// How many digits follow the point.
fn fraction_digits(text: &str) -> usize {
    let fraction = text.split_once('.').map(|(_, fraction)| fraction).unwrap_or_default();
    fraction.bytes().take_while(u8::is_ascii_digit).count()
}

/// A document, as compact text. It is bounded and free of U+0000, so that every store can keep it.
pub(super) fn document(json: &Json) -> Result<Value, Invalid> {
    inspect(json, MAX_DOCUMENT_DEPTH)?;
    Ok(Value::Json(json.to_string()))
}

fn inspect(json: &Json, levels: usize) -> Result<(), Invalid> {
    let inner = || {
        let too_deep = || format!("must not be nested deeper than {MAX_DOCUMENT_DEPTH} levels");
        levels.checked_sub(1).ok_or_else(|| Invalid::new("format", too_deep()))
    };
    match json {
        Json::String(text) => refuse_nul(text),
        Json::Array(elements) => {
            let levels = inner()?;
            elements.iter().try_for_each(|element| inspect(element, levels))
        }
        Json::Object(members) => {
            let levels = inner()?;
            members.iter().try_for_each(|(key, value)| {
                refuse_nul(key)?;
                inspect(value, levels)
            })
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => Ok(()),
    }
}

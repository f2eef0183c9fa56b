//! Scalars: those of GraphQL where they fit, and ours for what they do not hold.

use super::text::Text;
use mainstay_model::FieldType;

/// The scalar of a type. Lists are no scalars.
pub(super) fn name(ty: &FieldType) -> &'static str {
    match ty {
        FieldType::Bool => "Boolean",
        FieldType::Int => "BigInt",
        FieldType::Float => "Float",
        FieldType::Decimal { .. } => "Decimal",
        FieldType::Text | FieldType::Enum(_) | FieldType::Secret => "String",
        FieldType::Uuid | FieldType::Ref { .. } => "UUID",
        FieldType::Date => "Date",
        FieldType::Time => "Time",
        FieldType::Timestamp => "DateTime",
        FieldType::Duration => "Duration",
        FieldType::Json | FieldType::List(_) => "JSON",
        FieldType::Bytes => "Bytes",
    }
}

/// The name, what it means, and where it is specified.
const OWN: [(&str, &str, Option<&str>); 9] = [
    (
        "BigInt",
        "A whole number of 64 bits, signed, as a JSON number. `Int` has 32. Beyond 2^53 a client has to read it with care.",
        None,
    ),
    ("Bytes", "Bytes in base64 with padding.", Some("https://www.rfc-editor.org/rfc/rfc4648#section-4")),
    ("Date", "A day: `2026-11-21`.", Some("https://www.rfc-editor.org/rfc/rfc3339")),
    (
        "DateTime",
        "An instant in UTC, to the microsecond: `2026-11-21T08:30:00.000000Z`. Another offset is taken, too.",
        Some("https://www.rfc-editor.org/rfc/rfc3339"),
    ),
    ("Decimal", "An exact decimal number, as text: `\"12.50\"`.", None),
    ("Duration", "A length of time: `PT1H30M`.", Some("https://www.iso.org/standard/70907.html")),
    ("JSON", "Any JSON document.", Some("https://www.rfc-editor.org/rfc/rfc8259")),
    (
        "Time",
        "A time of day, to the microsecond: `08:30:00`.",
        Some("https://www.rfc-editor.org/rfc/rfc3339"),
    ),
    ("UUID", "A UUID of 36 characters.", Some("https://www.rfc-editor.org/rfc/rfc9562")),
];

pub(super) fn write(text: &mut Text) {
    for (name, doc, specification) in OWN {
        text.doc("", doc);
        let by = specification.map(|url| format!(" @specifiedBy(url: \"{url}\")")).unwrap_or_default();
        text.raw(&format!("scalar {name}{by}\n\n"));
    }
}

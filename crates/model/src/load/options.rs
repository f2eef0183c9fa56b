//! Which options fit which types of fields.

use super::faults::Faults;
use super::fields::FieldSource;
use super::file::TypeName;
use TypeName::*;

const TYPES: [(TypeName, &str); 17] = [
    (Bool, "bool"),
    (Int, "int"),
    (Float, "float"),
    (Decimal, "decimal"),
    (String, "string"),
    (Text, "text"),
    (Uuid, "uuid"),
    (Date, "date"),
    (Time, "time"),
    (Timestamp, "timestamp"),
    (Duration, "duration"),
    (Json, "json"),
    (Bytes, "bytes"),
    (Enum, "enum"),
    (List, "list"),
    (Ref, "ref"),
    (Secret, "secret"),
];

/// The type as files have it.
pub(super) fn name_of(ty: TypeName) -> &'static str {
    TYPES.iter().find(|(known, _)| *known == ty).map_or("", |(_, name)| name)
}

/// Reports each option that says nothing about a field of this type.
pub(super) fn check(field: &FieldSource<'_>, ty: TypeName, faults: &mut Faults) {
    for option in field.options() {
        // A list of decimals or enums takes what its elements need.
        let fits =
            fits(option, ty) || (ty == List && field.file.of.is_some_and(|of| fits_element(option, of)));
        if !fits {
            let message = format!("`{option}` does not fit the type {}", name_of(ty));
            let takers: Vec<_> =
                TYPES.iter().filter(|(ty, _)| self::fits(option, *ty)).map(|(_, n)| *n).collect();
            let hint = format!("it fits {}", takers.join(", "));
            faults.error("unfit_option", field.option_place(option), message).help(hint);
        }
    }
}

fn fits(option: &str, ty: TypeName) -> bool {
    match option {
        "scale" => ty == Decimal,
        "values" => ty == Enum,
        "of" => ty == List,
        "model" | "on_delete" | "inverse" => ty == Ref,
        "min" | "max" => matches!(ty, Int | Float | Decimal | Date | Time | Timestamp | Duration),
        "min_length" | "max_length" => matches!(ty, String | Text | Bytes | List | Secret),
        "pattern" => matches!(ty, String | Text),
        "unique" | "index" => is_indexable(ty),
        "default" | "read" | "check" => ty != Secret,
        _ => true,
    }
}

fn fits_element(option: &str, of: TypeName) -> bool {
    matches!((option, of), ("scale", Decimal) | ("values", Enum))
}

/// Whether an index can order by it.
fn is_indexable(ty: TypeName) -> bool {
    !matches!(ty, Json | Bytes | List | Secret)
}

/// Whether it can be an element of a list.
pub(super) fn is_element(ty: TypeName) -> bool {
    !matches!(ty, Json | Bytes | List | Secret | Ref | Text)
}

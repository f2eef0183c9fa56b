//! Records that stand in the way of a migration, for people.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use uuid::Uuid;

/// How many records are named: two, since it takes two to clash.
const EXAMPLES: usize = 2;
/// How much of a value is shown, in characters.
const MAX_VALUE: usize = 60;

/// How many records a query of a check finds, and an example; `None` when it finds none.
pub(crate) fn obstacles(connection: &Connection, query: &str) -> rusqlite::Result<Option<String>> {
    let mut statement = connection.prepare(query)?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query([])?;
    let (mut count, mut examples) = (0_u64, Vec::new());
    while let Some(row) = rows.next()? {
        if examples.len() < EXAMPLES {
            examples.push(example(row, &names)?);
        }
        count += 1;
    }
    let records = if count == 1 { "record stands" } else { "records stand" };
    Ok((count > 0).then(|| format!("{count} {records} in the way, such as {}", examples.join(" and "))))
}

/// `0190… (title "a")`
fn example(row: &Row<'_>, names: &[String]) -> rusqlite::Result<String> {
    let id = Uuid::from_bytes(row.get(0)?);
    let values = names.iter().enumerate().skip(1);
    let values = values.map(|(place, name)| Ok(format!("{name} {}", shown(row.get_ref(place)?))));
    let values: Vec<String> = values.collect::<rusqlite::Result<_>>()?;
    Ok(if values.is_empty() { id.to_string() } else { format!("{id} ({})", values.join(", ")) })
}

fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Text(text) => {
            let text = String::from_utf8_lossy(text);
            let kept: String = text.chars().take(MAX_VALUE).collect();
            let rest = if kept.len() < text.len() { "…" } else { "" };
            format!("{:?}", kept + rest)
        }
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Null => "null".to_owned(),
        ValueRef::Blob(bytes) => format!("of {} bytes", bytes.len()),
    }
}

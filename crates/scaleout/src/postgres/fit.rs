//! Whether the tables are still such that this node can use them.
//!
//! Nodes of two versions of a project work side by side, unless the newer one renames something or gives it another type. An older node then answers what is
//! about that with `database_unreachable`; and says that it is not ready, so that it is asked no more.

use super::connection::Connection;
use mainstay_model::Application;
use mainstay_sql::migrate::{Schema, Table};
use std::time::{Duration, Instant};
use tokio_postgres::Error;

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(1);

/// What the database says of its tables, when that is not what was seen last. Each step of a migration writes it anew with what it does.
const CHANGED: &str =
    r#"SELECT "value", xmin::text FROM "_mainstay_meta" WHERE "key" = 'schema' AND xmin::text <> $1"#;

/// What is known of the tables.
pub(crate) struct Fit {
    /// The tables that are used here.
    used: Schema,
    looked: Option<Instant>,
    /// The version of the row that was seen last.
    seen: String,
    trouble: Option<String>,
}

impl Fit {
    /// Nothing was looked at yet.
    pub(crate) fn new(application: &Application) -> Self {
        Fit { used: Schema::of(application), looked: None, seen: String::new(), trouble: None }
    }

    /// Looks when it is time to. Answers what keeps this node from using the tables, if anything does.
    pub(crate) async fn look(&mut self, connection: &Connection) -> Result<Option<String>, Error> {
        if self.looked.is_none_or(|at| at.elapsed() >= EVERY) {
            let changed = connection.prepare(CHANGED).await?;
            if let Some(row) = connection.client.query_opt(&changed, &[&self.seen]).await? {
                self.trouble = trouble(&self.used, row.try_get(0)?);
                self.seen = row.try_get(1)?;
            }
            self.looked = Some(Instant::now());
        }
        Ok(self.trouble.clone())
    }
}

fn trouble(used: &Schema, there: &str) -> Option<String> {
    let Ok(there) = Schema::from_json(there) else {
        return Some("a newer version of the program has changed the tables".to_owned());
    };
    let missing = missing(used, &there).join(", ");
    (!missing.is_empty()).then(|| {
        format!(
            "another version of the project has changed the tables, and {missing} cannot be used any more"
        )
    })
}

/// The models and fields that are not there under their name and with their type. What else is different, nodes of two versions can bear.
fn missing(used: &Schema, there: &Schema) -> Vec<String> {
    let of_table = |table: &Table| match there.tables.iter().find(|other| other.name == table.name) {
        None => vec![table.name.clone()],
        Some(other) => {
            let is_there = |column| other.columns.iter().any(|other| (&other.name, &other.ty) == column);
            let missing = table.columns.iter().filter(|column| !is_there((&column.name, &column.ty)));
            missing.map(|column| format!("{}.{}", table.name, column.name)).collect()
        }
    };
    used.tables.iter().flat_map(of_table).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_model::Project;

    fn schema(note: &str) -> Schema {
        let files = [("mainstay.toml", ""), ("models/note.toml", note)];
        let loaded = Project::load_from(&files).unwrap_or_else(|faults| panic!("{}", faults.render(false)));
        Schema::of(&loaded.application)
    }

    fn check(now: &str, expected: &[&str]) {
        let used = schema("[fields]\ntext = \"string\"\n");
        assert_eq!(missing(&used, &schema(now)), expected, "{now}");
    }

    #[test]
    fn only_what_is_used_has_to_be_there() {
        check("[fields]\ntext = \"string\"\n", &[]);
        check(
            "[fields]\ntext = { type = \"string\", optional = true, unique = true }\nmood = \"int\"\n",
            &[],
        );
        check("[fields]\nbody = \"string\"\n", &["note.text"]);
        check("[fields]\ntext = \"int\"\n", &["note.text"]);
        let used = schema("[fields]\ntext = \"string\"\n");
        let mut without = used.clone();
        without.tables.retain(|table| table.name != "note");
        assert_eq!(missing(&used, &without), ["note"]);
    }

    #[test]
    fn what_cannot_be_read_is_of_a_newer_version() {
        let used = schema("[fields]\ntext = \"string\"\n");
        assert!(trouble(&used, r#"{"format": 99}"#).is_some());
        assert_eq!(trouble(&used, &used.to_json()), None);
    }
}

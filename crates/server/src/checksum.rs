//! What a table has, as a number and a digest.

use mainstay_expr::Value;
use ring::digest::{Context, SHA256};

/// What a table has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sum {
    /// The table.
    pub(crate) table: String,
    /// How many rows.
    pub(crate) rows: u64,
    /// SHA-256 of all of them in the order of their ids, in hexadecimal digits.
    pub(crate) digest: String,
}

/// A sum that is being made.
pub(crate) struct Summing {
    rows: u64,
    digest: Context,
}

impl Summing {
    pub(crate) fn new() -> Self {
        Summing { rows: 0, digest: Context::new(&SHA256) }
    }

    /// Adds a row.
    pub(crate) fn add(&mut self, row: &[Value]) {
        self.rows += 1;
        row.iter().for_each(|value| self.value(value));
    }

    /// What kind of value comes, how long it is where that differs, and its bytes: no two rows come down to the same.
    fn value(&mut self, value: &Value) {
        let (kind, bytes): (u8, &[u8]) = match value {
            Value::Null => (0, &[]),
            Value::Bool(bool) => (1, &[u8::from(*bool)]),
            Value::Int(int) | Value::Time(int) | Value::Timestamp(int) | Value::Duration(int) => {
                (2, &int.to_be_bytes())
            }
            Value::Date(days) => (2, &i64::from(*days).to_be_bytes()),
            Value::Decimal(decimal) => (2, &decimal.mantissa().to_be_bytes()),
            Value::Float(float) => (3, &float.to_bits().to_be_bytes()),
            Value::Text(text) | Value::Json(text) => (4, text.as_bytes()),
            Value::Uuid(id) => (5, id.as_bytes()),
            Value::Bytes(bytes) => (6, bytes),
            Value::List(list) => return self.add_list(list),
        };
        self.digest.update(&[kind]);
        self.digest.update(&(bytes.len() as u64).to_be_bytes());
        self.digest.update(bytes);
    }

    /// Stored lists are texts, so that there is none.
    fn add_list(&mut self, list: &[Value]) {
        self.value(&Value::Text(mainstay_sql::list_to_json(list)));
    }

    pub(crate) fn sum(self, table: &str) -> Sum {
        let digest = self.digest.finish();
        let digest = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Sum { table: table.to_owned(), rows: self.rows, digest }
    }
}

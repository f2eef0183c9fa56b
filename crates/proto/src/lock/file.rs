//! The text of the lock file.

use super::{Lock, Numbers};
use std::fmt::Write;

const HEAD: &str = "\
# The numbers of fields in gRPC messages, for this project's clients to rely on. `mainstay proto` keeps it: commit it, and
# leave its lines as they are. Where two branches gave one number to two fields, remove the line of one and run it again.
";

impl Lock {
    /// Reads the text of a lock file.
    ///
    /// # Errors
    /// Why it is none, for people; what it says is judged by [`Lock::faults`].
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|fault| fault.to_string())
    }

    /// The text of the lock file.
    pub fn to_text(&self) -> String {
        let mut out = format!("{HEAD}package = \"{}\"\n", self.package);
        for (version, tables) in &self.versions {
            for (table, numbers) in tables {
                numbers.write(&format!("{version}.{table}"), &mut out);
            }
        }
        out
    }
}

impl Numbers {
    fn write(&self, table: &str, out: &mut String) {
        let _ = writeln!(out, "\n[{table}]");
        if !self.message.is_empty() {
            let _ = writeln!(out, "message = \"{}\"", self.message);
        }
        let _ = writeln!(out, "next = {}", self.next);
        if !self.fields.is_empty() {
            let _ = writeln!(out, "[{table}.fields]");
        }
        let mut fields: Vec<_> = self.fields.iter().collect();
        fields.sort_by_key(|(_, entry)| entry.number);
        for (name, entry) in fields {
            let _ = writeln!(out, "{name} = {{ number = {}, type = \"{}\" }}", entry.number, entry.ty);
        }
        if !self.reserved.is_empty() {
            let _ = writeln!(out, "[{table}.reserved]");
        }
        for (number, name) in self.reserved() {
            let _ = writeln!(out, "{number} = \"{name}\"");
        }
    }
}

//! Whether a lock file is one that `mainstay proto` can have written.

use super::{FORBIDDEN, GREATEST, Lock, Numbers};
use crate::names::is_package;
use std::collections::{BTreeMap, BTreeSet};

/// What is wrong with a lock file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockFault {
    /// What to look for in the file: the name of the table or key.
    pub at: String,
    /// What is wrong, for people.
    pub message: String,
}

impl Lock {
    /// Everything that is wrong with it: a number that two fields have, one that was in use and is not accounted for any more, a name that
    /// two messages have.
    pub fn faults(&self) -> Vec<LockFault> {
        let mut faults = Vec::new();
        if !is_package(&self.package) {
            faults.push(fault("package", format!("`{}` cannot be a package", self.package)));
        }
        for (version, tables) in &self.versions {
            let is_version = version.strip_prefix('v').is_some_and(|number| number.parse::<u32>().is_ok());
            if !is_version {
                faults.push(fault(version, format!("`{version}` is not a version, as `v1`")));
            }
            for (table, numbers) in tables {
                numbers.faults(&format!("{version}.{table}"), Numbers::first(table), &mut faults);
            }
            shared_names(version, tables, &mut faults);
        }
        faults
    }
}

fn fault(at: &str, message: String) -> LockFault {
    LockFault { at: at.to_owned(), message }
}

fn shared_names(version: &str, tables: &BTreeMap<String, Numbers>, faults: &mut Vec<LockFault>) {
    let mut seen = BTreeSet::new();
    for (table, numbers) in tables.iter().filter(|(_, numbers)| !numbers.message.is_empty()) {
        if !seen.insert(&numbers.message) {
            let message = format!("another model's message is called `{}` too", numbers.message);
            faults.push(fault(&format!("{version}.{table}"), message));
        }
    }
}

impl Numbers {
    fn faults(&self, table: &str, first: u32, faults: &mut Vec<LockFault>) {
        let unread = self.reserved.keys().filter(|number| number.parse::<u32>().is_err());
        faults.extend(unread.map(|text| fault(table, format!("`{text}` under `reserved` is not a number"))));
        let reserved = self.reserved();
        let fields = self.fields.iter().map(|(name, entry)| (entry.number, name));
        let all = fields.chain(reserved.iter().map(|(number, name)| (*number, name)));
        let mut names: BTreeMap<u32, &str> = BTreeMap::new();
        for (number, name) in all {
            if let Some(other) = names.insert(number, name) {
                let message = format!(
                    "`{other}` and `{name}` have the number {number} both; a number is never used again"
                );
                faults.push(fault(table, message));
            }
            if number < first || number >= self.next || FORBIDDEN.contains(&number) {
                faults.push(fault(table, format!("`{name}` cannot have the number {number}")));
            }
        }
        if self.next < first || self.next > GREATEST {
            faults.push(fault(table, format!("`next` cannot be {}", self.next)));
            return;
        }
        // A hole is found without counting up to a number that somebody made up.
        let expected = self.next
            - first
            - u32::try_from(FORBIDDEN.filter(|number| (first..self.next).contains(number)).count())
                .unwrap_or(0);
        if u32::try_from(names.len()).unwrap_or(u32::MAX) < expected {
            let gone =
                (first..self.next).find(|number| !FORBIDDEN.contains(number) && !names.contains_key(number));
            let message = format!(
                "the number {} was a field's, and nothing says so any more: it belongs under `reserved`",
                gone.unwrap_or_default()
            );
            faults.push(fault(table, message));
        }
    }
}

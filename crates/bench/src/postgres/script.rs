//! Statements as scripts of `pgbench`.

use super::log::Statement;
use crate::workload::BATCH;
use std::fmt::Write;

/// An id in place of that of the recorded message is one of these followed by a number of twelve digits.
pub(super) const ID_OF_OLD: &str = "00000000-0000-7000-8000-";
/// The first of the numbers.
pub(super) const FIRST_NUMBER: u64 = 100_000_000_000;
/// Times are in microseconds since 1970; nothing else that is sent is between 2020 and 2096.
const TIMES: std::ops::Range<i64> = 1_577_836_800_000_000..4_000_000_000_000_000;

/// New messages have later times than those that are there.
const NOW: i64 = 2_000_000_000_000_000;

/// A script, and the variables that it begins with.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) text: String,
    pub(super) variables: Vec<(String, String)>,
}

/// Reads, each with another of the `count` numbered messages in place of the one that was recorded.
pub(super) fn reads(statements: &[Statement], id: &str, count: u64) -> Script {
    let mut script = Script::default();
    script.set("head", ID_OF_OLD);
    script.line(&format!("\\set n random({FIRST_NUMBER}, {})", FIRST_NUMBER + count - 1));
    script.pipeline(statements, id);
    script
}

/// Transactions, each as recorded, but for the id and the times of the message. `run` is another for each time that it is used.
pub(super) fn creates(statements: &[Statement], id: &str, run: u32) -> Script {
    let mut script = Script::writing(run);
    let begin = statements.iter().position(is_begin).unwrap_or(0);
    script.next_message();
    script.pipeline(&statements[..begin], id);
    script.pipeline(&statements[begin..], id);
    script
}

/// Transactions with a hundred messages each: what a single one does before it appends to the feed, a hundred times, and the rest too.
pub(super) fn batches(statements: &[Statement], id: &str, run: u32) -> Script {
    let mut script = Script::writing(run);
    let ends = |statement: &&Statement| !is_begin(statement) && !statement.text.starts_with("COMMIT");
    let steps: Vec<Statement> = statements.iter().filter(ends).cloned().collect();
    let feed = steps.iter().position(is_feed_lock).unwrap_or(steps.len());
    script.line("\\startpipeline");
    script.line("BEGIN;");
    for part in [&steps[..feed], &steps[feed..]] {
        for _ in 0..BATCH {
            script.next_message();
            part.iter().for_each(|statement| script.statement(statement, id));
        }
    }
    script.line("COMMIT;");
    script.line("\\endpipeline");
    script
}

/// The message alone: no rule, no refs, no feed, and no transaction around it.
pub(super) fn inserts(statements: &[Statement], id: &str, run: u32) -> Script {
    let mut script = Script::writing(run);
    let insert = statements.iter().find(|statement| statement.text.contains("INSERT INTO \"message\""));
    script.next_message();
    script.pipeline(insert.map_or(&[], std::slice::from_ref), id);
    script
}

fn is_begin(statement: &Statement) -> bool {
    statement.text.starts_with("BEGIN")
}

/// It is taken when all else is done, and others wait for it.
fn is_feed_lock(statement: &Statement) -> bool {
    statement.text.contains("pg_advisory_xact_lock")
}

impl Script {
    /// New messages have ids that grow, as those of the program do, from beyond all that are there.
    fn writing(run: u32) -> Self {
        let mut script = Script::default();
        script.set("head", &format!("ffffffff-0000-7000-8{run:03}-"));
        script.set("last", &FIRST_NUMBER.to_string());
        // Numbers have twelve digits, and so many microseconds are eleven days.
        script.set("start", &(NOW + i64::from(run) * 1_000_000_000_000).to_string());
        script
    }

    fn next_message(&mut self) {
        // A variable lives as long as its client, of which there are at most 4,096.
        self.line("\\set last :last + 4096");
        self.line("\\set n :last + :client_id");
        self.line("\\set now :start + :n");
    }

    /// Statements whose answers are not waited for one by one. A single one needs no pipeline.
    fn pipeline(&mut self, statements: &[Statement], id: &str) {
        let is_one = statements.len() < 2;
        if !is_one {
            self.line("\\startpipeline");
        }
        statements.iter().for_each(|statement| self.statement(statement, id));
        if !is_one {
            self.line("\\endpipeline");
        }
    }

    fn statement(&mut self, statement: &Statement, id: &str) {
        let mut parts = statement.text.split('$');
        let mut text = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
            let place = part[..digits].parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            match place.and_then(|place| statement.values.get(place)) {
                Some(value) => text += &self.value(value.as_deref(), id),
                None => text = text + "$" + &part[..digits],
            }
            text += &part[digits..];
        }
        self.line(&format!("{text};"));
    }

    /// What stands for a value. Those of the message's own change, alone or as the only one of a list; all others are bound as they were.
    fn value(&mut self, value: Option<&str>, id: &str) -> String {
        let Some(value) = value else { return "NULL".to_owned() };
        let single = value.strip_prefix('{').and_then(|value| value.strip_suffix('}'));
        let is_time = |text: &str| text.parse().is_ok_and(|time| TIMES.contains(&time));
        match (value, single) {
            (value, _) if value == id => "(:head::text || :n)::uuid".to_owned(),
            (_, Some(value)) if value == id => "('{' || :head::text || :n || '}')::uuid[]".to_owned(),
            (value, _) if is_time(value) => ":now".to_owned(),
            (_, Some(value)) if is_time(value) => "('{' || :now::text || '}')::int8[]".to_owned(),
            _ => format!(":{}", self.constant(value)),
        }
    }

    fn constant(&mut self, value: &str) -> String {
        if let Some((name, _)) =
            self.variables.iter().find(|(name, known)| name.starts_with('c') && known == value)
        {
            return name.clone();
        }
        let name = format!("c{}", self.variables.len());
        self.set(&name, value);
        name
    }

    fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0197a3c2-8a40-7000-8000-000000000abc";

    fn statement(text: &str, values: &[Option<&str>]) -> Statement {
        let values = values.iter().map(|value| value.map(str::to_owned)).collect();
        Statement { text: text.to_owned(), values }
    }

    fn create() -> Vec<Statement> {
        let list = format!("{{{ID}}}");
        vec![
            statement("SELECT rule", &[]),
            statement("BEGIN", &[]),
            statement("INSERT INTO \"message\" VALUES ($2, $1, $3, $10)", &[Some("x"), Some(ID), None]),
            statement("SELECT pg_advisory_xact_lock($1)", &[Some("7")]),
            statement("SELECT $1::uuid[], $2, $2", &[Some(&list), Some("{1790000000000000}")]),
            statement("COMMIT", &[]),
        ]
    }

    fn check(script: &Script, expected: &str) {
        assert_eq!(script.text, expected.replace("\n            ", "\n"));
    }

    #[test]
    fn a_read_asks_for_another_message_each_time() {
        let read = [statement("SELECT $1, $2::uuid", &[Some("it's"), Some(ID)])];
        let script = reads(&read, ID, 1_000);
        check(
            &script,
            "\\set n random(100000000000, 100000000999)
            SELECT :c1, (:head::text || :n)::uuid::uuid;\n",
        );
        let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(script.variables, [variable("head", ID_OF_OLD), variable("c1", "it's")]);
    }

    #[test]
    fn a_transaction_is_one_pipeline_behind_what_is_asked_before_it() {
        check(
            &creates(&create(), ID, 7),
            "\\set last :last + 4096
            \\set n :last + :client_id
            \\set now :start + :n
            SELECT rule;
            \\startpipeline
            BEGIN;
            INSERT INTO \"message\" VALUES ((:head::text || :n)::uuid, :c3, NULL, $10);
            SELECT pg_advisory_xact_lock(:c4);
            SELECT ('{' || :head::text || :n || '}')::uuid[]::uuid[], ('{' || :now::text || '}')::int8[], ('{' || :now::text || '}')::int8[];
            COMMIT;
            \\endpipeline\n",
        );
    }

    #[test]
    fn the_insert_stands_alone() {
        let script = inserts(&create(), ID, 7);
        assert!(
            script
                .text
                .ends_with("INSERT INTO \"message\" VALUES ((:head::text || :n)::uuid, :c3, NULL, $10);\n")
        );
        assert!(!script.text.contains("pipeline") && !script.text.contains("pg_advisory"));
    }

    #[test]
    fn a_batch_takes_the_lock_behind_its_last_row() {
        let text = batches(&create(), ID, 7).text;
        let at = |part: &str, count: u64| {
            assert_eq!(text.matches(part).count() as u64, count, "{part}");
            (text.find(part), text.rfind(part))
        };
        assert!(at("INSERT INTO", BATCH).1 < at("pg_advisory", BATCH).0);
        assert_eq!((at("BEGIN", 1).0.is_some(), at("COMMIT", 1).0.is_some()), (true, true));
    }
}

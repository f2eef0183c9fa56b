//! The statements in the log of a server with `log_statement = 'all'`.

/// What each entry is to begin with (`log_line_prefix`): the process, between signs that nothing else begins a line with.
pub(super) const PREFIX: &str = "@%p@ ";

/// A statement as a session sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    /// Its text, with `$1` and so on where values are bound.
    pub(super) text: String,
    /// The values in PostgreSQL's text form; `None` is null.
    pub(super) values: Vec<Option<String>>,
}

/// The statements in the order of the log, each with the process of its session.
pub(super) fn statements(log: &str) -> Vec<(u32, Statement)> {
    let mut statements: Vec<(u32, Statement)> = Vec::new();
    for (process, kind, text) in log.split("\n@").filter_map(entry) {
        match kind {
            "LOG" => statements.extend(statement(&text).map(|statement| (process, statement))),
            // It belongs to the last statement of its session.
            "DETAIL" => {
                let last = statements.iter_mut().rev().find(|(of, _)| *of == process);
                let values = text.strip_prefix("parameters: ").map(values);
                if let (Some((_, last)), Some(values)) = (last, values) {
                    last.values = values;
                }
            }
            _ => {}
        }
    }
    statements
}

/// The process, the kind and the text of an entry. Its further lines begin with a tab that the server puts there.
fn entry(entry: &str) -> Option<(u32, &str, String)> {
    let (process, rest) = entry.trim_start_matches('@').split_once("@ ")?;
    let (kind, text) = rest.split_once(":  ")?;
    Some((process.parse().ok()?, kind, text.trim_end_matches('\n').replace("\n\t", "\n")))
}

/// `statement: …` is one of the simple protocol, `execute name: …` one of the other.
fn statement(text: &str) -> Option<Statement> {
    let (kind, text) = text.split_once(": ")?;
    let is_one = kind == "statement" || kind.starts_with("execute ");
    is_one.then(|| Statement { text: text.to_owned(), values: Vec::new() })
}

/// The values of `$1 = 'it''s', $2 = NULL`.
fn values(text: &str) -> Vec<Option<String>> {
    let mut values = Vec::new();
    let mut rest = text;
    while let Some((_, value)) = rest.split_once(" = ") {
        let Some(quoted) = value.strip_prefix('\'') else {
            values.push(None);
            rest = value;
            continue;
        };
        let end = end_of_quoted(quoted);
        values.push(Some(quoted[..end].replace("''", "'")));
        rest = &quoted[end..];
    }
    values
}

/// Where the closing quote is: the first that is not one of two.
fn end_of_quoted(text: &str) -> usize {
    let mut quotes = text.match_indices('\'').map(|(at, _)| at).peekable();
    while let Some(at) = quotes.next() {
        if quotes.next_if_eq(&(at + 1)).is_none() {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_have_their_sessions_and_values() {
        let log = "@7@ LOG:  database system is ready to accept connections\n@8@ LOG:  statement: BEGIN\n\
            @8@ LOG:  execute s1: SELECT $1,\n\t\t$2\n@9@ LOG:  execute <unnamed>: SELECT 1\n\
            @8@ DETAIL:  parameters: $1 = 'it''s = $2, '' ', $2 = NULL, $3 = 'a\n\tb', $4 = ''\n";
        let statement = |text: &str, values: &[Option<&str>]| Statement {
            text: text.to_owned(),
            values: values.iter().map(|value| value.map(str::to_owned)).collect(),
        };
        let expected = [
            (8, statement("BEGIN", &[])),
            (8, statement("SELECT $1,\n\t$2", &[Some("it's = $2, ' "), None, Some("a\nb"), Some("")])),
            (9, statement("SELECT 1", &[])),
        ];
        assert_eq!(statements(log), expected);
        assert!(statements("").is_empty());
    }
}

//! Records that stand in the way of a migration, for people.

use crate::postgres::OpenError;
use crate::postgres::connect::reason;
use mainstay_sql::migrate::{MigrationStep, Plan, StepKind};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

/// How many records are named: two, since it takes two to clash.
const EXAMPLES: usize = 2;
/// How much of a value is shown, in characters.
const MAX_VALUE: usize = 60;

/// Looks for obstacles before anything is changed, as far as the tables are there by the names that they will have.
pub(super) async fn rehearse(client: &Client, plan: &Plan) -> Result<(), OpenError> {
    for step in plan.steps.iter().filter(|step| step.kind == StepKind::Check) {
        let not_yet =
            [&SqlState::UNDEFINED_TABLE, &SqlState::UNDEFINED_COLUMN, &SqlState::UNDEFINED_FUNCTION];
        match find(client, &step.sql).await {
            Err(error) if error.code().is_some_and(|code| not_yet.contains(&code)) => {}
            found => refuse(step, found)?,
        }
    }
    Ok(())
}

/// Looks for what a step says that there must not be.
pub(super) async fn check(client: &Client, step: &MigrationStep) -> Result<(), OpenError> {
    refuse(step, find(client, &step.sql).await)
}

fn refuse(
    step: &MigrationStep,
    found: Result<Option<String>, tokio_postgres::Error>,
) -> Result<(), OpenError> {
    let detail = match found {
        Ok(None) => return Ok(()),
        Ok(Some(detail)) => detail,
        Err(error) => reason(&error),
    };
    Err(OpenError::StepFailed { description: step.description.clone(), detail })
}

/// How many records a query of a check finds, and an example; `None` when it finds none.
async fn find(client: &Client, query: &str) -> Result<Option<String>, tokio_postgres::Error> {
    // All come as text, whatever their types are.
    let counted = format!("SELECT found.*, count(*) OVER () FROM ({query}) AS found LIMIT {EXAMPLES}");
    let messages = client.simple_query(&counted).await?;
    let rows: Vec<&SimpleQueryRow> = messages
        .iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        })
        .collect();
    let Some(count) = rows.first().and_then(|row| row.get(row.len() - 1)) else { return Ok(None) };
    let records = if count == "1" { "record stands" } else { "records stand" };
    let examples: Vec<String> = rows.iter().map(|row| example(row)).collect();
    Ok(Some(format!("{count} {records} in the way, such as {}", examples.join(" and "))))
}

/// `0190… (title "a")`
fn example(row: &SimpleQueryRow) -> String {
    let id = row.get(0).unwrap_or_default();
    let names = row.columns().iter().enumerate().skip(1).take(row.len() - 2);
    let values: Vec<String> =
        names.map(|(place, column)| format!("{} {}", column.name(), shown(row.get(place)))).collect();
    if values.is_empty() { id.to_owned() } else { format!("{id} ({})", values.join(", ")) }
}

fn shown(value: Option<&str>) -> String {
    let Some(text) = value else { return "null".to_owned() };
    if text.parse::<i64>().is_ok() {
        return text.to_owned();
    }
    let kept: String = text.chars().take(MAX_VALUE).collect();
    let rest = if kept.len() < text.len() { "…" } else { "" };
    format!("{:?}", kept + rest)
}

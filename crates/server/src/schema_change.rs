//! What a database and its models differ in, for people.

use crate::failure::Failure;
use crate::migration::Migration;
use crate::project::Opened;
use crate::terminal::{counted, shell_word};
use mainstay_embedded::OpenError;
use mainstay_sql::migrate::Plan;
use std::path::Path;

/// How many steps a summary names; `mainstay migrate plan` shows them all.
const SUMMARY_STEPS: usize = 5;

/// Applies what loses nothing and answers what was done, and what stays that no model has any more, in lines; nothing when there is neither.
pub(crate) fn apply_safe(project: &Opened, folder: &Path) -> Result<String, Failure> {
    let migration = Migration::of(project, folder)?;
    if migration.missing()?.is_some() {
        return Ok(String::new());
    }
    let plan = migration.plan()?;
    if !plan.is_safe() {
        return Err(schema_differs(&plan, &project.folder));
    }
    let stays: String = kept(&plan).map(|line| format!("{line}\n")).collect();
    if plan.is_empty() {
        return Ok(stays);
    }
    let done = migration.apply(false)?;
    let steps = bullets(done.steps.iter().map(|step| &step.description));
    Ok(format!("migrated    {steps}\n{stays}"))
}

/// Why the database was not opened or migrated, and what to do.
pub(crate) fn refused(error: OpenError, folder: &Path) -> Failure {
    match error {
        OpenError::SchemaDiffers(plan) => schema_differs(&plan, folder),
        OpenError::LosesData(plan) => loses_data(&plan),
        OpenError::Impossible(plan) => impossible(&plan),
        error => Failure::new(code(&error), error.to_string()).hint(advice(&error)),
    }
}

fn code(error: &OpenError) -> &'static str {
    match error {
        OpenError::Io { .. } => "data_folder",
        OpenError::InUse { .. } => "data_in_use",
        OpenError::RestoreInterrupted { .. } => "restore_interrupted",
        OpenError::Moved { .. } => "moved",
        OpenError::NotOurs => "not_a_database",
        OpenError::Damaged(_) => "database_damaged",
        OpenError::Newer { .. } => "database_newer",
        OpenError::SchemaDiffers(_) => "schema_differs",
        OpenError::LosesData(_) => "migration_loses_data",
        OpenError::Impossible(_) => "migration_impossible",
        OpenError::StepFailed { .. } => "migration_failed",
        OpenError::DiskFull => "disk_full",
        OpenError::Failed(_) => "database_failed",
    }
}

fn advice(error: &OpenError) -> &'static str {
    match error {
        OpenError::Io { .. } => {
            "the program needs to read and write there; choose another folder with `--data DIR`, or with `data.folder` in mainstay.toml"
        }
        OpenError::InUse { .. } => {
            "a `mainstay serve` has it open: stop it first, run this, and start it again; what its API can do, it can do meanwhile"
        }
        OpenError::RestoreInterrupted { .. } => {
            "run `mainstay restore` again; what was there before it is in a folder `before-restore-…` beside"
        }
        OpenError::Moved { .. } => "set `engine` and `url` in [data] to where they are",
        OpenError::NotOurs => "choose another folder with `--data DIR`, or move the file away",
        OpenError::Damaged(_) => "restore a backup; the file was left as it is",
        OpenError::Newer { .. } => "run the version of mainstay that made it, or a newer one",
        OpenError::DiskFull => {
            "make room on the disk, or choose another folder with `--data DIR`; nothing was changed"
        }
        OpenError::StepFailed { .. } => {
            "change the data or the models so that the step succeeds, and apply again"
        }
        OpenError::SchemaDiffers(_)
        | OpenError::LosesData(_)
        | OpenError::Impossible(_)
        | OpenError::Failed(_) => "the database was left as it is",
    }
}

pub(crate) fn schema_differs(plan: &Plan, folder: &Path) -> Failure {
    let folder = shell_word(folder);
    let steps = plan.steps.iter().map(|step| &step.description);
    let mut message = format!("the database is not as the models are{}", bullets(steps.take(SUMMARY_STEPS)));
    if plan.steps.len() > SUMMARY_STEPS {
        message += &format!("\n  - and {} more", plan.steps.len() - SUMMARY_STEPS);
    }
    message += &warnings(plan).map(|line| format!("\n  - {line}")).collect::<String>();
    Failure::new("schema_differs", message).hint(format!(
        "`mainstay migrate plan {folder}` shows the SQL, `mainstay migrate apply {folder}` runs it"
    ))
}

pub(crate) fn loses_data(plan: &Plan) -> Failure {
    Failure::new(
        "migration_loses_data",
        format!(
            "the migration would lose data or expose secrets{}",
            bullets(plan.losses.iter().chain(&plan.exposures))
        ),
    )
    .hint("if that is meant, run it again with `--allow-data-loss`; nothing has been changed yet")
}

pub(crate) fn impossible(plan: &Plan) -> Failure {
    Failure::new(
        "migration_impossible",
        format!("the migration cannot be run{}", bullets(plan.faults.iter())),
    )
    .hint("change the models; nothing has been changed in the database")
}

fn bullets<'a>(lines: impl Iterator<Item = &'a String>) -> String {
    lines.map(|line| format!("\n  - {line}")).collect()
}

/// Why the plan needs somebody's leave, or cannot be run.
fn warnings(plan: &Plan) -> impl Iterator<Item = String> {
    let possible = plan.possible_losses.iter().map(|loss| &loss.description);
    let losses = plan.losses.iter().chain(possible).map(|line| format!("LOSES DATA: {line}"));
    let exposures = plan.exposures.iter().map(|line| format!("EXPOSES A SECRET: {line}"));
    losses.chain(exposures).chain(plan.faults.iter().map(|line| format!("IMPOSSIBLE: {line}")))
}

/// What stays for nodes of the version before.
pub(crate) fn kept(plan: &Plan) -> impl Iterator<Item = String> {
    let line = |what| {
        format!("keeps {what}, which nodes of the version before may need: `--allow-data-loss` drops it")
    };
    plan.kept.iter().map(line)
}

/// The plan in full, as SQL that says what it does.
pub(crate) fn script(plan: &Plan) -> String {
    let mut text: String = warnings(plan).map(|line| format!("-- {line}\n")).collect();
    for step in &plan.steps {
        text += &format!("-- {}\n{};\n", step.description, step.sql.trim_end_matches(';'));
    }
    text += &kept(plan).map(|line| format!("-- {line}\n")).collect::<String>();
    text + &format!("-- {}\n", counted(plan.steps.len(), "step"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_sql::migrate::{MigrationStep, StepKind};

    fn plan(steps: usize) -> Plan {
        let step = |number| MigrationStep {
            sql: format!("SELECT {number}"),
            description: format!("step {number}"),
            kind: StepKind::Change,
            edits: Vec::new(),
            needed: true,
        };
        Plan {
            steps: (1..=steps).map(step).collect(),
            losses: vec!["drops room.name".to_owned()],
            ..Plan::default()
        }
    }

    #[test]
    fn a_script_names_exposed_secrets() {
        let exposures = vec!["note.token was secret".to_owned()];
        let text = script(&Plan { exposures, ..Plan::default() });
        assert_eq!(text, "-- EXPOSES A SECRET: note.token was secret\n-- 0 steps\n");
    }

    #[test]
    fn a_script_says_what_it_does() {
        let expected =
            "-- LOSES DATA: drops room.name\n-- step 1\nSELECT 1;\n-- step 2\nSELECT 2;\n-- 2 steps\n";
        assert_eq!(script(&plan(2)), expected);
    }

    #[test]
    fn a_script_says_what_stays() {
        let text = script(&Plan { kept: vec!["room.name".to_owned()], ..Plan::default() });
        assert!(text.starts_with("-- keeps room.name, which nodes of the version before may need"), "{text}");
    }

    #[test]
    fn a_summary_of_many_steps_is_short_and_hides_no_loss() {
        let text = refused(OpenError::SchemaDiffers(Box::new(plan(9))), Path::new("chat")).to_string();
        for part in [
            "error[schema_differs]",
            "- step 5\n  - and 4 more",
            "LOSES DATA: drops room.name",
            "migrate apply chat",
        ] {
            assert!(text.contains(part), "{part:?} is not in {text}");
        }
        assert!(!text.contains("step 6"), "{text}");
    }
}

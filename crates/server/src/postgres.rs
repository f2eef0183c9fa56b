//! What a project says of PostgreSQL, and what PostgreSQL says to that.

use crate::commands::runtime;
use crate::failure::Failure;
use crate::project::Opened;
use crate::schema_change;
use mainstay_model::{Application, ServiceUrl};
use mainstay_scaleout::postgres::{MasterKey, OpenError, Options, migrate};
use mainstay_sql::migrate::Plan;
use std::env;
use std::path::Path;
use tokio::runtime::Runtime;

/// The environment variable with the URL, which goes before the one of the settings.
const URL: &str = "MAINSTAY_DATA_URL";

/// The environment variable with the URLs of replicas, with spaces between.
const REPLICAS: &str = "MAINSTAY_DATA_REPLICAS";
/// The environment variable with the key that seals the keys in the database.
const MASTER_KEY: &str = "MAINSTAY_MASTER_KEY";

/// What the store is opened with.
pub(crate) fn options(project: &Opened) -> Result<Options, Failure> {
    let config = &project.application.config;
    Ok(Options {
        url: url(&config.data.url, env::var(URL).ok())?,
        replicas: replicas(&config.data.replicas, env::var(REPLICAS).ok()),
        replica_lag_ms: config.data.replica_lag_ms,
        durability: config.data.durability,
        readers: config.data.readers,
        writers: config.data.writers,
        write_queue: config.limits.write_queue,
        query_timeout_ms: config.limits.query_timeout_ms,
        connect_timeout_ms: config.data.connect_timeout_ms,
    })
}

/// The URL on the command line, or else that of the environment.
pub(crate) fn url_of_command(given: Option<&str>) -> Result<ServiceUrl, Failure> {
    let given = given.map(str::to_owned).or_else(|| env::var(URL).ok()).filter(|url| !url.is_empty());
    given.map(ServiceUrl::new).ok_or_else(|| {
        Failure::new("no_database_url", "it is not said where to").hint(format!(
            "set the environment variable {URL}, or say `--to`: postgres://user:password@host/database"
        ))
    })
}

fn url(set: &ServiceUrl, environment: Option<String>) -> Result<ServiceUrl, Failure> {
    let url = environment.filter(|url| !url.is_empty()).map_or_else(|| set.clone(), ServiceUrl::new);
    if url.is_empty() {
        let message = "the project keeps its records in PostgreSQL and does not say where that is";
        return Err(Failure::new("no_database_url", message).hint(format!(
            "set the environment variable {URL}, or `data.url` in mainstay.toml, to postgres://user:password@host/database"
        )));
    }
    Ok(url)
}

fn replicas(set: &[ServiceUrl], environment: Option<String>) -> Vec<ServiceUrl> {
    let urls = environment.map(|urls| urls.split_whitespace().map(ServiceUrl::new).collect::<Vec<_>>());
    urls.filter(|urls| !urls.is_empty()).unwrap_or_else(|| set.to_vec())
}

/// The key that seals the keys in the database, where one is given.
pub(crate) fn master_key() -> Result<Option<MasterKey>, Failure> {
    let Some(text) = env::var(MASTER_KEY).ok().filter(|text| !text.is_empty()) else { return Ok(None) };
    MasterKey::parse(&text).map(Some).ok_or_else(|| {
        Failure::new("bad_master_key", format!("{MASTER_KEY} is not 32 bytes in base64"))
            .hint("make one with `openssl rand -base64 32`, once, and give it to every node")
    })
}

/// Why a key in the database cannot be used, and what to do.
pub(crate) fn bad_key(detail: &str) -> Failure {
    Failure::new("bad_key", format!("a key in the database cannot be used: {detail}")).hint(format!(
        "set the environment variable {MASTER_KEY} as on the other nodes; if it is lost, remove the rows of `_mainstay_key`, and new \
         keys are made: whoever is logged in has to log in again"
    ))
}

/// Brings the database of a project to its models.
pub(crate) struct Migrator {
    options: Options,
    runtime: Runtime,
}

impl Migrator {
    pub(crate) fn of(project: &Opened) -> Result<Self, Failure> {
        Ok(Migrator { options: options(project)?, runtime: runtime()? })
    }

    /// Whether the database has tables of ours.
    pub(crate) fn is_made(&self) -> Result<bool, OpenError> {
        self.runtime.block_on(migrate::is_made(&self.options))
    }

    pub(crate) fn plan(&self, application: &Application) -> Result<Plan, OpenError> {
        self.runtime.block_on(migrate::plan(application, &self.options, false))
    }

    pub(crate) fn apply(&self, application: &Application, allow_data_loss: bool) -> Result<Plan, OpenError> {
        self.runtime.block_on(migrate::apply(application, &self.options, allow_data_loss))
    }
}

/// Why the database was not opened or migrated, and what to do.
pub(crate) fn refused(error: OpenError, folder: &Path) -> Failure {
    match error {
        OpenError::SchemaDiffers(plan) => schema_change::schema_differs(&plan, folder),
        OpenError::LosesData(plan) => schema_change::loses_data(&plan),
        OpenError::Impossible(plan) => schema_change::impossible(&plan),
        error => Failure::new(code(&error), error.to_string()).hint(advice(&error)),
    }
}

fn code(error: &OpenError) -> &'static str {
    match error {
        OpenError::BadUrl(_) => "bad_database_url",
        OpenError::Unreachable(_) => "database_unreachable",
        OpenError::Unfit(_) => "database_unfit",
        OpenError::Unfinished => "move_unfinished",
        OpenError::Damaged(_) => "database_damaged",
        OpenError::Newer { .. } => "database_newer",
        OpenError::SchemaDiffers(_) => "schema_differs",
        OpenError::LosesData(_) => "migration_loses_data",
        OpenError::Impossible(_) => "migration_impossible",
        OpenError::StepFailed { .. } => "migration_failed",
        OpenError::Failed(_) => "database_failed",
    }
}

fn advice(error: &OpenError) -> &'static str {
    match error {
        OpenError::BadUrl(_) => "write postgres://user:password@host:5432/database?sslmode=verify-full",
        OpenError::Unreachable(_) => {
            "look whether the server runs and has room for the connections of one more node, and at its address, its user and its \
             password in the URL"
        }
        OpenError::Unfit(_) => {
            "use PostgreSQL 14 or later, a database with `ENCODING 'UTF8'`, and the primary server"
        }
        OpenError::Newer { .. } => "run the version of mainstay that made it, or a newer one",
        OpenError::Unfinished => {
            "run the same `mainstay move` again, which goes on from there; or drop the database"
        }
        OpenError::StepFailed { .. } => {
            "change the data or the models so that the step succeeds, and apply again: it goes on from there"
        }
        OpenError::Damaged(_) => "restore a backup; the database was left as it is",
        OpenError::SchemaDiffers(_)
        | OpenError::LosesData(_)
        | OpenError::Impossible(_)
        | OpenError::Failed(_) => "the database was left as it is",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_goes_before_the_settings() {
        let check = |set: &str, environment: Option<&str>, expected: Option<&str>| {
            let found = url(&ServiceUrl::new(set), environment.map(str::to_owned)).ok();
            assert_eq!(found.as_ref().map(ServiceUrl::reveal), expected);
        };
        check("postgres://a", None, Some("postgres://a"));
        check("postgres://a", Some("postgres://b"), Some("postgres://b"));
        check("postgres://a", Some(""), Some("postgres://a"));
        check("", None, None);
    }

    #[test]
    fn replicas_are_parted_by_spaces() {
        let check = |environment: Option<&str>, expected: &[&str]| {
            let found = replicas(&[ServiceUrl::new("postgres://a")], environment.map(str::to_owned));
            assert_eq!(found.iter().map(ServiceUrl::reveal).collect::<Vec<_>>(), expected);
        };
        check(None, &["postgres://a"]);
        check(Some(" "), &["postgres://a"]);
        check(Some("postgres://b  postgres://c\n"), &["postgres://b", "postgres://c"]);
    }
}

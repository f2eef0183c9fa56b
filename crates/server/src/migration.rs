//! The migration of a project's database, by the engine that its settings name.

use crate::failure::Failure;
use crate::project::Opened;
use crate::records::database;
use crate::schema_change;
use mainstay_model::Engine;
use mainstay_sql::migrate::Plan;
use std::path::{Path, PathBuf};

/// A project's database, and how it is brought to the models.
pub(crate) struct Migration<'a> {
    project: &'a Opened,
    place: Place,
}

enum Place {
    Sqlite(PathBuf),
    #[cfg(feature = "postgres")]
    Postgres(crate::postgres::Migrator),
}

impl<'a> Migration<'a> {
    pub(crate) fn of(project: &'a Opened, folder: &Path) -> Result<Self, Failure> {
        let place = match project.application.config.data.engine {
            Engine::Sqlite => Place::Sqlite(database(folder)),
            Engine::Postgres => postgres(project)?,
        };
        Ok(Migration { project, place })
    }

    /// What is not there yet, when there are no tables.
    pub(crate) fn missing(&self) -> Result<Option<String>, Failure> {
        match &self.place {
            Place::Sqlite(path) => Ok((!path.exists()).then(|| path.display().to_string())),
            #[cfg(feature = "postgres")]
            Place::Postgres(migrator) => {
                let missing = !migrator.is_made().map_err(|error| self.refused_by_postgres(error))?;
                Ok(missing.then(|| "the schema of the database".to_owned()))
            }
        }
    }

    /// What [`Migration::apply`] would do if it were not allowed to lose data.
    pub(crate) fn plan(&self) -> Result<Plan, Failure> {
        let application = &self.project.application;
        match &self.place {
            Place::Sqlite(path) => {
                mainstay_embedded::migrate::plan(application, path).map_err(|error| self.refused(error))
            }
            #[cfg(feature = "postgres")]
            Place::Postgres(migrator) => {
                let plan = migrator.plan(application);
                plan.map_err(|error| self.refused_by_postgres(error))
            }
        }
    }

    /// Brings the database to the models.
    pub(crate) fn apply(&self, allow_data_loss: bool) -> Result<Plan, Failure> {
        let application = &self.project.application;
        match &self.place {
            Place::Sqlite(path) => mainstay_embedded::migrate::apply(application, path, allow_data_loss)
                .map_err(|error| self.refused(error)),
            #[cfg(feature = "postgres")]
            Place::Postgres(migrator) => {
                let done = migrator.apply(application, allow_data_loss);
                done.map_err(|error| self.refused_by_postgres(error))
            }
        }
    }

    fn refused(&self, error: mainstay_embedded::OpenError) -> Failure {
        schema_change::refused(error, &self.project.folder)
    }

    #[cfg(feature = "postgres")]
    fn refused_by_postgres(&self, error: mainstay_scaleout::postgres::OpenError) -> Failure {
        crate::postgres::refused(error, &self.project.folder)
    }
}

#[cfg(feature = "postgres")]
fn postgres(project: &Opened) -> Result<Place, Failure> {
    crate::postgres::Migrator::of(project).map(Place::Postgres)
}

#[cfg(not(feature = "postgres"))]
fn postgres(_: &Opened) -> Result<Place, Failure> {
    Err(crate::records::engine_missing())
}

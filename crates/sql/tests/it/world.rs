//! Records in memory, and the same in a database.

use crate::application::sample;
use crate::database::{Database, Engine};
use crate::generate::records;
use crate::postgres::PostgresDatabase;
use crate::random::Random;
use mainstay_expr::{Frame, ModelId, Predicate, Records, Value, evaluate_closed};
use mainstay_model::{Application, base};

pub(crate) struct World {
    pub(crate) app: Application,
    /// The records of each model, in the order of their ids.
    pub(crate) records: Vec<Vec<Vec<Value>>>,
    pub(crate) database: Box<dyn Engine>,
}

impl World {
    /// Random records of the sample application, in a SQLite.
    pub(crate) fn sqlite(random: &mut Random) -> World {
        World::random(random, |app| Box::new(Database::new(app)))
    }

    /// The same, in a PostgreSQL.
    pub(crate) fn postgres(random: &mut Random) -> World {
        World::random(random, |app| Box::new(PostgresDatabase::new(app)))
    }

    fn random(random: &mut Random, database: impl FnOnce(&Application) -> Box<dyn Engine>) -> World {
        let app = sample();
        let records: Vec<_> = app.models.iter().map(|model| records(random, model)).collect();
        let database = database(&app);
        for (model, records) in app.models.iter().zip(&records) {
            records.iter().for_each(|record| database.insert(&app, model.id, record));
        }
        World { app, records, database }
    }

    pub(crate) fn of(&self, model: ModelId) -> &[Vec<Value>] {
        &self.records[model.index()]
    }

    /// What is left to ask about other records when `record` is known.
    pub(crate) fn closed(predicate: &Predicate, record: &[Value]) -> Predicate {
        predicate.reduce(&Frame { record: Some(record), ..Frame::default() })
    }

    /// Whether a predicate holds of a record, by the evaluation in memory.
    pub(crate) fn holds(&self, predicate: &Predicate, record: &[Value]) -> bool {
        evaluate_closed(&World::closed(predicate, record), self)
    }
}

impl Records for World {
    fn live(&self, model: ModelId) -> Vec<&[Value]> {
        let records = self.of(model).iter().map(Vec::as_slice);
        records.filter(|record| record[base::DELETED_AT.index()].is_null()).collect()
    }
}

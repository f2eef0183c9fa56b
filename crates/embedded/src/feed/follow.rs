//! What a migration does to the feed.

use super::{End, LAST, note};
use crate::sqlite_error::store_error;
use mainstay_model::Application;
use mainstay_ports::StoreError;
use rusqlite::Connection;

/// Lets the feed speak of models by their new names, and not at all of models that are gone. The end of the feed stays where it is, so that
/// no number is used again.
pub(crate) fn follow(connection: &Connection, application: &Application) -> Result<(), StoreError> {
    note(connection, LAST, End::read(connection)?).map_err(store_error)?;
    let renamed = application.models.iter().filter_map(|model| Some((model.was.as_deref()?, &model.name)));
    for (old, new) in renamed.filter(|(old, _)| application.model_named(old).is_none()) {
        let update = r#"UPDATE "_mainstay_change" SET "model" = ?1 WHERE "model" = ?2"#;
        connection.execute(update, [new.as_str(), old]).map_err(store_error)?;
    }
    let names: Vec<String> = application.models.iter().map(|model| format!("'{}'", model.name)).collect();
    let delete = format!(r#"DELETE FROM "_mainstay_change" WHERE "model" NOT IN ({})"#, names.join(", "));
    connection.execute(&delete, []).map_err(store_error)?;
    Ok(())
}

//! What has changed since, by what the feed says of it.

use super::fill::{CHANGES, append};
use super::walk::{Walk, same};
use super::{Move, differs};
use crate::failure::Failure;
use mainstay_embedded::copy::Source;
use mainstay_scaleout::postgres::OpenError;
use mainstay_scaleout::postgres::copy::{Stage, State};
use mainstay_sql::migrate::Table;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Rows that are read and written at once.
const ROWS: usize = 1_000;

/// The records that were copied anew, by their tables' places in the schema.
#[derive(Debug, Default)]
pub(super) struct Followed {
    pub(super) ids: BTreeMap<usize, BTreeSet<Uuid>>,
    /// How many changes of the feed.
    pub(super) changes: usize,
}

/// Brings the target to where the source is, in one transaction: the rows that changed go, and then come as they are now. With all of one moment in
/// place, no unique index sees two of different moments.
pub(super) async fn follow(moving: &Move<'_>, source: &Source) -> Result<Followed, Failure> {
    let from = reached(moving, source).await?;
    let followed = changed(moving, source, from).await?;
    moving.progress.begin("following what is written", followed.records() as u64);
    let target = moving.target;
    target.begin().await.map_err(|error| moving.postgres(error))?;
    for (place, ids) in &followed.ids {
        let (table, ids) = (&source.schema().tables[*place], Vec::from_iter(ids.iter().copied()));
        target.remove(table, &ids).await.map_err(|error| moving.postgres(error))?;
    }
    for (place, ids) in &followed.ids {
        add(moving, source, &source.schema().tables[*place], ids).await?;
    }
    append(moving, source).await?;
    let end = i64::try_from(source.position().offset).unwrap_or(i64::MAX);
    let noted = async {
        target.note(Stage::Following(end)).await?;
        target.commit().await
    };
    noted.await.map_err(|error: OpenError| moving.postgres(error))?;
    Ok(followed)
}

/// Up to where the target is; nothing says that for one that is of another schema or history.
async fn reached(moving: &Move<'_>, source: &Source) -> Result<i64, Failure> {
    let schema = moving.target.schema().await.map_err(|error| moving.postgres(error))?;
    if schema.as_ref() != Some(source.schema()) {
        let message = "the models have changed since the moving began";
        return Err(Failure::new("move_outdated", message).hint("drop the target, and move into a new one"));
    }
    match moving.state().await? {
        State::Filling { epoch, stage: Stage::Following(offset) } if epoch == source.position().epoch => {
            Ok(offset)
        }
        // It was ready once, and the source went on: the last note of where it was is where its feed ends.
        State::Filling { epoch, stage: Stage::Ready } if epoch == source.position().epoch => {
            moving.target.last_change().await.map_err(|error| moving.postgres(error))
        }
        _ => Err(moving.occupied()),
    }
}

/// The records that changed behind `from`. Internal models are compared as a whole; and so are all, where the feed has forgotten.
async fn changed(moving: &Move<'_>, source: &Source, from: i64) -> Result<Followed, Failure> {
    let forgotten = source.feed_start().map_err(|error| moving.sqlite(error))?.offset > from;
    let mut followed = Followed::default();
    for (place, table) in source.schema().tables.iter().enumerate() {
        if forgotten || table.name.starts_with('_') {
            let mut walk = Walk::new(moving, source, table);
            while let Some(difference) = walk.next().await? {
                followed.ids.entry(place).or_default().insert(difference.id());
            }
        }
    }
    named(moving, source, from, &mut followed)?;
    Ok(followed)
}

/// The records that the feed names behind `from`.
fn named(moving: &Move<'_>, source: &Source, from: i64, followed: &mut Followed) -> Result<(), Failure> {
    let tables = &source.schema().tables;
    let mut last = from;
    loop {
        let changes = source.changes(last, CHANGES).map_err(|error| moving.sqlite(error))?;
        let Some(change) = changes.last() else { return Ok(()) };
        last = change.offset;
        followed.changes += changes.len();
        for change in changes {
            if let Some(place) = tables.iter().position(|table| table.name == change.model) {
                followed.ids.entry(place).or_default().insert(change.id);
            }
        }
    }
}

async fn add(moving: &Move<'_>, source: &Source, table: &Table, ids: &BTreeSet<Uuid>) -> Result<(), Failure> {
    let ids = Vec::from_iter(ids);
    for some in ids.chunks(ROWS) {
        let mut rows = Vec::new();
        for id in some {
            rows.extend(source.row(table, **id).map_err(|error| moving.sqlite(error))?);
        }
        moving.target.add(table, &rows).await.map_err(|error| moving.postgres(error))?;
        moving.progress.advance(some.len() as u64);
    }
    Ok(())
}

/// Compares what was copied anew, and where the feeds end.
pub(super) async fn verify(moving: &Move<'_>, source: &Source, followed: &Followed) -> Result<(), Failure> {
    for (place, ids) in &followed.ids {
        let table = &source.schema().tables[*place];
        for id in ids {
            same(moving, source, (table, *id)).await?;
        }
    }
    let here = source.last_change().map_err(|error| moving.sqlite(error))?;
    let there = moving.target.last_change().await.map_err(|error| moving.postgres(error))?;
    if here == there {
        Ok(())
    } else {
        Err(differs("the feed", &format!("it ends at {there} instead of {here}")))
    }
}

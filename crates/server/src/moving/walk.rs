//! Two databases, row by row in the order of their ids, and what differs.

use super::{Move, differs};
use crate::checksum::{Sum, Summing};
use crate::failure::Failure;
use mainstay_embedded::copy::Source;
use mainstay_expr::Value;
use mainstay_sql::migrate::Table;
use std::cmp::Ordering;
use std::vec;
use uuid::Uuid;

/// Rows that are read at once.
const PAGE: u32 = 1_000;

/// A row, as its columns. The first is its id.
pub(super) type Row = Vec<Value>;

/// A row in which two databases differ.
#[derive(Debug)]
pub(super) enum Difference {
    /// Only the source has it.
    Missing(Row),
    /// Only the target has it.
    Surplus(Uuid),
    /// Both have it, and the source has it so.
    Changed(Row),
}

impl Difference {
    pub(super) fn id(&self) -> Uuid {
        match self {
            Difference::Missing(row) | Difference::Changed(row) => id(row),
            Difference::Surplus(id) => *id,
        }
    }
}

pub(super) fn id(row: &Row) -> Uuid {
    row.first().and_then(Value::as_uuid).unwrap_or_default()
}

/// Both sides of a table, on their way from the lowest id to the highest.
pub(super) struct Walk<'a> {
    moving: &'a Move<'a>,
    source: &'a Source,
    table: &'a Table,
    here: Side,
    there: Side,
    pub(super) sums: (Summing, Summing),
}

/// One side: what was read and not looked at.
struct Side {
    page: vec::IntoIter<Row>,
    next: Option<Row>,
    after: Option<Uuid>,
    is_at_end: bool,
}

impl Side {
    fn new() -> Self {
        Side { page: Vec::new().into_iter(), next: None, after: None, is_at_end: false }
    }

    fn needs_page(&self) -> bool {
        self.next.is_none() && self.page.len() == 0 && !self.is_at_end
    }

    fn put(&mut self, page: Vec<Row>) {
        self.is_at_end = page.len() < PAGE as usize;
        self.after = page.last().map(id).or(self.after);
        self.page = page.into_iter();
    }

    fn step(&mut self) {
        self.next = self.next.take().or_else(|| self.page.next());
    }
}

impl<'a> Walk<'a> {
    pub(super) fn new(moving: &'a Move<'a>, source: &'a Source, table: &'a Table) -> Self {
        let sums = (Summing::new(), Summing::new());
        Walk { moving, source, table, here: Side::new(), there: Side::new(), sums }
    }

    /// The next difference; `None` behind the last row.
    pub(super) async fn next(&mut self) -> Result<Option<Difference>, Failure> {
        loop {
            self.read().await?;
            let order = match (&self.here.next, &self.there.next) {
                (None, None) => return Ok(None),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(here), Some(there)) => id(here).cmp(&id(there)),
            };
            let here = if order.is_le() { self.here.next.take() } else { None };
            let there = if order.is_ge() { self.there.next.take() } else { None };
            if let Some(row) = &here {
                self.sums.0.add(row);
                self.moving.progress.advance(1);
            }
            if let Some(row) = &there {
                self.sums.1.add(row);
            }
            match (here, there) {
                (Some(here), Some(there)) if here == there => {}
                (Some(here), Some(_)) => return Ok(Some(Difference::Changed(here))),
                (Some(here), None) => return Ok(Some(Difference::Missing(here))),
                (None, Some(there)) => return Ok(Some(Difference::Surplus(id(&there)))),
                (None, None) => return Ok(None),
            }
        }
    }

    /// Sees that each side has its next row at hand, if it has one.
    async fn read(&mut self) -> Result<(), Failure> {
        if self.here.needs_page() {
            let page = self.source.rows(self.table, self.here.after, PAGE);
            self.here.put(page.map_err(|error| self.moving.sqlite(error))?);
        }
        if self.there.needs_page() {
            let page = self.moving.target.rows(self.table, self.there.after, PAGE).await;
            self.there.put(page.map_err(|error| self.moving.postgres(error))?);
        }
        self.here.step();
        self.there.step();
        Ok(())
    }
}

/// Compares every row of every table.
pub(super) async fn verify(moving: &Move<'_>, source: &Source) -> Result<Vec<Sum>, Failure> {
    let mut sums = Vec::new();
    for table in &source.schema().tables {
        moving.progress.begin(&format!("comparing {}", table.name), count(moving, source, table)?);
        let mut walk = Walk::new(moving, source, table);
        if let Some(difference) = walk.next().await? {
            return Err(differs(&table.name, &told(&difference)));
        }
        let (here, there) = (walk.sums.0.sum(&table.name), walk.sums.1.sum(&table.name));
        if here != there {
            return Err(differs(&table.name, &format!("{here:?} is not {there:?}")));
        }
        sums.push(here);
    }
    Ok(sums)
}

pub(super) fn count(moving: &Move<'_>, source: &Source, table: &Table) -> Result<u64, Failure> {
    source.count(table).map_err(|error| moving.sqlite(error))
}

/// A difference without what is in it, which may be a secret.
fn told(difference: &Difference) -> String {
    let id = difference.id();
    match difference {
        Difference::Missing(_) => format!("{id} is missing"),
        Difference::Surplus(_) => format!("{id} is there in the copy alone"),
        Difference::Changed(_) => format!("{id} has other values"),
    }
}

/// Compares one row.
pub(super) async fn same(
    moving: &Move<'_>,
    source: &Source,
    (table, id): (&Table, Uuid),
) -> Result<(), Failure> {
    let here = source.row(table, id).map_err(|error| moving.sqlite(error))?;
    let there = moving.target.row(table, id).await.map_err(|error| moving.postgres(error))?;
    if here == there { Ok(()) } else { Err(differs(&table.name, &format!("{id} has other values"))) }
}

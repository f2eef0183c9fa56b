//! Moving a project from SQLite to PostgreSQL, while it is served.
//!
//! 1. `fill`: the rows as of one moment, without indexes, then the indexes. Whoever is interrupted compares and goes on.
//! 2. `follow`: the feed says which records have changed since, and these are copied anew, until few are left. Internal models are not in the feed, so
//!    they are compared as a whole.
//! 3. `verify`: every row of both sides, as of one moment.
//! 4. The stop: under SQLite's own lock, so that writes wait, the last changes follow, are compared, and the note that the data have moved is
//!    committed in place of whatever writes would come next. Whoever dies before that leaves a server that writes on as if nothing had been.

mod fill;
mod follow;
mod walk;

use crate::backup::read_keys;
pub(crate) use crate::checksum::Sum;
use crate::failure::Failure;
use crate::postgres;
use crate::schema_change;
use follow::Followed;
use mainstay_embedded::copy::{Moved, Source};
use mainstay_ports::{Clock, SystemClock};
use mainstay_scaleout::postgres::copy::{Database, Ends, Stage, State};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// As few changes as this may be left for the stop.
const FEW: usize = 200;
/// How often it is tried to come so near; a project that changes faster than it is copied stops for longer.
const ROUNDS: usize = 20;

/// From where to where.
pub(crate) struct Move<'a> {
    /// The project folder, for advice.
    pub(crate) project: &'a Path,
    /// The data folder.
    pub(crate) folder: &'a Path,
    /// Where to.
    pub(crate) target: &'a Database,
    /// Is told what is being done.
    pub(crate) progress: &'a dyn Progress,
}

/// Is told what is being done.
pub(crate) trait Progress {
    /// A part of the work begins; `total` is how many rows it is about, as far as that is known.
    fn begin(&self, what: &str, total: u64);
    /// So many more rows are done.
    fn advance(&self, rows: u64);
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Done {
    /// What each table has, which both sides agree on; nothing when it had moved before.
    pub(crate) sums: Vec<Sum>,
    /// How long writes waited.
    pub(crate) stopped: Duration,
}

impl Move<'_> {
    /// Moves, or goes on with moving where that was interrupted.
    pub(crate) async fn run(&self) -> Result<Done, Failure> {
        self.require_alone().await?;
        let source = self.open()?;
        let epoch = source.position().epoch;
        let stage = match (source.moved().map_err(|error| self.sqlite(error))?, self.state().await?) {
            (Some(moved), State::Filling { epoch: there, stage: Stage::Ready })
                if there == epoch && moved.to == self.target.name() =>
            {
                self.open_target().await?;
                return Ok(Done { sums: Vec::new(), stopped: Duration::ZERO });
            }
            (Some(moved), State::Whole { epoch: there })
                if there == epoch && moved.to == self.target.name() =>
            {
                return Ok(Done { sums: Vec::new(), stopped: Duration::ZERO });
            }
            (Some(moved), _) => return Err(moved_elsewhere(&moved)),
            (None, State::Empty) => None,
            (None, State::Filling { epoch: there, stage }) if there == epoch => Some(stage),
            (None, State::Filling { .. } | State::Whole { .. }) => return Err(self.occupied()),
        };
        drop(source);
        self.copy(stage).await?;
        let sums = self.approach().await?;
        self.finish(sums).await
    }

    /// The rows and indexes, unless they are there.
    async fn copy(&self, stage: Option<Stage>) -> Result<(), Failure> {
        if matches!(stage, Some(Stage::Following(_) | Stage::Ready)) {
            return Ok(());
        }
        let source = self.open()?;
        if stage.is_none() {
            self.create(&source).await.map_err(|error| self.postgres(error))?;
        }
        fill::fill(self, &source).await
    }

    async fn create(&self, source: &Source) -> Result<(), mainstay_scaleout::postgres::OpenError> {
        self.target.begin().await?;
        self.target.create(source.schema(), source.position().epoch).await?;
        self.target.commit().await
    }

    /// Comes near to where the source is, and compares all there is.
    async fn approach(&self) -> Result<Vec<Sum>, Failure> {
        let mut sums = None;
        for _ in 0..ROUNDS {
            let source = self.open()?;
            let followed = follow::follow(self, &source).await?;
            if sums.is_none() && followed.changes < 100 * FEW {
                sums = Some(walk::verify(self, &source).await?);
            } else if sums.is_some() && followed.changes <= FEW {
                break;
            }
        }
        match sums {
            Some(sums) => Ok(sums),
            None => walk::verify(self, &self.open()?).await,
        }
    }

    /// The stop: nobody writes until the source is marked or dropped.
    async fn finish(&self, sums: Vec<Sum>) -> Result<Done, Failure> {
        let stopped = Instant::now();
        let source = Source::stop_writes(&self.database()).map_err(|error| self.sqlite(error))?;
        // Somebody else may have moved them to another database meanwhile. Of two who reach this at once, the second sees the first one's mark.
        if let Some(moved) = source.moved().map_err(|error| self.sqlite(error))? {
            return Err(moved_elsewhere(&moved));
        }
        let followed = follow::follow(self, &source).await?;
        follow::verify(self, &source, &followed).await?;
        self.make_ready(&source).await?;
        let moved = Moved { at: SystemClock.now_micros(), to: self.target.name().to_owned() };
        source.mark(&moved).map_err(|error| self.sqlite(error))?;
        let stopped = stopped.elapsed();
        self.open_target().await?;
        Ok(Done { sums, stopped })
    }

    /// Everything that the target still lacks, but for the word that it is whole.
    async fn make_ready(&self, source: &Source) -> Result<(), Failure> {
        let start = source.feed_start().map_err(|error| self.sqlite(error))?;
        let end = i64::try_from(source.position().offset).unwrap_or(i64::MAX);
        let ends = Ends { start: (start.offset, start.bytes), end: (end, source.feed_bytes()) };
        let keys = read_keys(&self.folder.join("keys"))?;
        let ready = async {
            self.target.begin().await?;
            self.target.set_ends(ends).await?;
            self.target.set_keys(&keys).await?;
            self.target.note(Stage::Ready).await?;
            self.target.commit().await
        };
        ready.await.map_err(|error| self.postgres(error))
    }

    async fn open_target(&self) -> Result<(), Failure> {
        self.target.open().await.map_err(|error| self.postgres(error))
    }

    async fn require_alone(&self) -> Result<(), Failure> {
        if self.target.lock().await.map_err(|error| self.postgres(error))? {
            return Ok(());
        }
        let message = format!("somebody else fills {} already", self.target.name());
        Err(Failure::new("move_running", message).hint("wait for it, or end it"))
    }

    async fn state(&self) -> Result<State, Failure> {
        self.target.state().await.map_err(|error| self.postgres(error))
    }

    fn open(&self) -> Result<Source, Failure> {
        let database = self.database();
        if !database.exists() {
            let message = format!("there is no database in {}", self.folder.display());
            return Err(Failure::new("no_data", message).hint("choose another folder with `--data DIR`"));
        }
        Source::open(&database).map_err(|error| self.sqlite(error))
    }

    fn database(&self) -> PathBuf {
        crate::records::database(self.folder)
    }

    fn sqlite(&self, error: mainstay_embedded::OpenError) -> Failure {
        schema_change::refused(error, self.project)
    }

    fn postgres(&self, error: mainstay_scaleout::postgres::OpenError) -> Failure {
        postgres::refused(error, self.project)
    }

    fn occupied(&self) -> Failure {
        let message = format!("{} has data of another history, which are left alone", self.target.name());
        Failure::new("move_occupied", message).hint("use an empty database")
    }
}

fn moved_elsewhere(moved: &Moved) -> Failure {
    let message = format!("the data were moved to {} already", moved.to);
    Failure::new("moved", message)
        .hint("to go on here all the same, without what was written there: `mainstay move --take-back`, with the server stopped")
}

/// What differs, as soon as anything does.
fn differs(table: &str, what: &str) -> Failure {
    let message = format!("the copy differs from what was copied, in {table}: {what}");
    Failure::new("move_differs", message).hint(
        "nothing has moved, and the server goes on as before; somebody else may have written the target: drop it, and move into a new one",
    )
}

impl Followed {
    /// How many records.
    fn records(&self) -> usize {
        self.ids.values().map(std::collections::BTreeSet::len).sum()
    }
}

//! How far a database is that is being filled.

use super::Database;
use crate::postgres::OpenError;
use crate::postgres::meta;
use tokio_postgres::GenericClient;

/// The key of the note in `_mainstay_meta`.
pub(crate) const KEY: &str = "filling";

/// What is in a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nothing of ours.
    Empty,
    /// A part of the database that has this history.
    Filling {
        /// The history.
        epoch: u64,
        /// How far.
        stage: Stage,
    },
    /// A whole one.
    Whole {
        /// Its history.
        epoch: u64,
    },
}

/// How far a database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Rows of several moments, without indexes.
    Rows,
    /// All rows as of this change of the feed, and the indexes.
    Following(i64),
    /// All there is, and checked.
    Ready,
}

impl Stage {
    pub(super) fn text(self) -> String {
        match self {
            Stage::Rows => "rows".to_owned(),
            Stage::Following(offset) => format!("following {offset}"),
            Stage::Ready => "ready".to_owned(),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text.split_once(' ') {
            None if text == "rows" => Some(Stage::Rows),
            None if text == "ready" => Some(Stage::Ready),
            Some(("following", offset)) => offset.parse().ok().map(Stage::Following),
            _ => None,
        }
    }
}

impl Database {
    /// What is in it.
    ///
    /// # Errors
    /// When that cannot be read, or was made by a newer version.
    pub async fn state(&self) -> Result<State, OpenError> {
        let Some(meta) = meta::read(&self.client).await? else { return Ok(State::Empty) };
        let epoch = meta.epoch;
        let Some(text) = meta::optional_text(&self.client, KEY).await? else {
            return Ok(State::Whole { epoch });
        };
        let stage = Stage::parse(&text);
        let stage = stage.ok_or_else(|| OpenError::Damaged(format!("`{KEY}` is `{text}`")))?;
        Ok(State::Filling { epoch, stage })
    }

    /// Notes how far it is.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn note(&self, stage: Stage) -> Result<(), OpenError> {
        Ok(meta::write(&self.client, KEY, &stage.text()).await?)
    }

    /// Notes that it is whole, so that nodes open it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn open(&self) -> Result<(), OpenError> {
        let delete = r#"DELETE FROM "_mainstay_meta" WHERE "key" = $1"#;
        self.client.execute(delete, &[&KEY]).await?;
        Ok(())
    }
}

/// Refuses a database that is not whole.
pub(crate) async fn require_whole(client: &impl GenericClient) -> Result<(), OpenError> {
    match meta::optional_text(client, KEY).await? {
        Some(_) => Err(OpenError::Unfinished),
        None => Ok(()),
    }
}

//! How a watch begins: with the records that match, or with what was missed, up to the place where it joins its class.

use super::class::Class;
use super::hub::snapshot_asked;
use super::policy::{Asked, Policy};
use super::run::{PAGE, touch_of};
use super::seat::Seat;
use super::{Ended, Event, WatchRequest};
use crate::accounts::roles;
use crate::{Caller, Engine, Error, View};
use bytes::Bytes;
use mainstay_expr::Value;
use mainstay_ports::{Change, Changes, Position, Query, Selection};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

/// A watch that has not joined its class yet.
pub(super) struct Opening {
    engine: Engine,
    seat: Arc<Seat>,
    caller: Caller,
    request: WatchRequest,
    policy: Arc<Policy>,
    asked: Vec<Asked>,
    /// The last change that the watcher was told of.
    position: Position,
    /// Up to this change it may not have had the rights that it has now.
    unwitnessed: u64,
    stage: Stage,
}

/// How things are when a watch begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    /// The last change that the hub has told.
    pub(super) told: Position,
    /// The last change that there is.
    pub(super) end: u64,
}

enum Stage {
    Snapshot { after: Option<(Vec<Value>, Uuid)>, count: u64 },
    Ready { count: u64, more: bool },
    CatchUp,
}

/// How long, and how often, to look whether the hub has come to where it has to be.
const HUB_TIMEOUT: Duration = Duration::from_secs(5);
const HUB_PAUSE: Duration = Duration::from_millis(2);

/// How a watch goes on.
pub(super) enum Step {
    /// With events, and then with another step.
    Bytes(Bytes, Box<Opening>),
    /// With events, which may be none, and then with the frames of its class.
    Joined(Bytes, Arc<Class>),
    /// Not at all.
    End(Ended),
}

/// How many records of a snapshot are read at once.
const SNAPSHOT_PAGE: u32 = 100;
/// How near to the others a watcher has to be before it joins them.
const NEAR: u64 = 100;
/// How many bytes are gathered before they are handed out.
const ENOUGH_BYTES: usize = 64 << 10;

impl Opening {
    /// A watch that begins behind `from`, or else at `now`, with a snapshot if one is asked for.
    pub(super) fn new(
        engine: Engine,
        seat: Arc<Seat>,
        caller: Caller,
        request: WatchRequest,
        (policy, asked): (Arc<Policy>, Vec<Asked>),
        from: Option<Position>,
        now: Now,
    ) -> Self {
        let stage = if from.is_none() && request.snapshot {
            Stage::Snapshot { after: None, count: 0 }
        } else {
            Stage::Ready { count: 0, more: false }
        };
        let unwitnessed = if from.is_some() { now.end } else { 0 };
        let position = from.unwrap_or(now.told);
        Opening { engine, seat, caller, request, policy, asked, position, unwitnessed, stage }
    }

    /// Goes on by one step.
    pub(super) async fn step(self) -> Step {
        let result = match self.stage {
            Stage::Snapshot { .. } => self.snapshot().await,
            Stage::Ready { count, more } => Ok(self.ready(count, more)),
            Stage::CatchUp => self.catch_up().await,
        };
        result.unwrap_or_else(|error| {
            let code = error.code.as_str();
            tracing::warn!(code, detail = error.detail, "a watch could not begin");
            Step::End(Ended::Unavailable)
        })
    }

    /// The next page of the records that match.
    async fn snapshot(mut self) -> Result<Step, Error> {
        let Stage::Snapshot { after, count } = &mut self.stage else {
            return Ok(Step::End(Ended::Unavailable));
        };
        let wanted = self.request.limit.map_or(SNAPSHOT_PAGE, |limit| {
            let missing = u64::from(limit).saturating_sub(*count);
            SNAPSHOT_PAGE.min(u32::try_from(missing).unwrap_or(SNAPSHOT_PAGE))
        });
        let question =
            self.engine.question(&self.caller, &snapshot_asked(self.policy.model, &self.request))?;
        let query = question.ask(self.caller.user(), Selection::All, wanted);
        let page = {
            let _permit = self.engine.hub().reads.acquire().await;
            self.engine.store().query(Query { after: after.take(), ..query }).await?
        };
        *count += page.rows.len() as u64;
        let (count, more) = (*count, page.more);
        let last = page.rows.last().map(|row| {
            let values = question.order.iter().map(|key| row.record.get(key.field).clone()).collect();
            (values, row.record.id())
        });
        let model = self.engine.application().model(self.policy.model);
        let selected = self.policy.selected();
        let mut out = Vec::new();
        for row in page.rows {
            let view = View { selected: selected.clone(), ..question.rights.view(model, row) };
            self.policy.format.encode(self.engine.application(), &Event::Snapshot { view: &view }, &mut out);
        }
        let is_complete = !more || self.request.limit.is_some_and(|limit| count >= u64::from(limit));
        self.stage =
            if is_complete { Stage::Ready { count, more } } else { Stage::Snapshot { after: last, count } };
        if out.is_empty() {
            Ok(self.ready(count, more))
        } else {
            Ok(Step::Bytes(Bytes::from(out), Box::new(self)))
        }
    }

    fn ready(mut self, count: u64, more: bool) -> Step {
        let id = self.engine.event_ids().seal(&self.policy.digest, self.position);
        let ready = self.policy.encoded(self.engine.application(), &Event::Ready { id: &id, count, more });
        self.stage = Stage::CatchUp;
        Step::Bytes(ready, Box::new(self))
    }

    /// Goes through the changes that the hub has told to others, and joins them once it is near.
    async fn catch_up(mut self) -> Result<Step, Error> {
        let mut out = Vec::new();
        self.wait_for_hub().await?;
        loop {
            let told = self.engine.hub().told();
            if told.saturating_sub(self.position.offset) <= NEAR {
                return self.join(out).await;
            }
            if let Some(reason) = self.go_through(told, &mut out).await? {
                return Ok(Step::End(reason));
            }
            if !out.is_empty() {
                return Ok(Step::Bytes(Bytes::from(out), Box::new(self)));
            }
        }
    }

    /// Waits until the hub has come to what happened before the watch began: the hub itself knows of no watcher who was away.
    async fn wait_for_hub(&self) -> Result<(), Error> {
        let deadline = Instant::now() + HUB_TIMEOUT;
        while self.engine.hub().told() < self.unwitnessed {
            if Instant::now() > deadline {
                return Err(Error::internal("the hub does not follow the feed"));
            }
            sleep(HUB_PAUSE).await;
        }
        Ok(())
    }

    /// Joins the class, and goes through what was told up to that moment.
    async fn join(mut self, mut out: Vec<u8>) -> Result<Step, Error> {
        let (class, told) = {
            let hub = self.engine.hub();
            let mut state = hub.state.lock().await;
            let class = state.classes.of(&self.policy, hub.max_bytes);
            class.join(&self.seat);
            state.questions.add(&self.seat, self.asked.clone());
            (class, state.position.offset)
        };
        while self.position.offset < told {
            if let Some(reason) = self.go_through(told, &mut out).await? {
                return Ok(Step::End(reason));
            }
        }
        Ok(Step::Joined(Bytes::from(out), class))
    }

    /// Goes through a page of the changes up to `told`, as far as there is room in `out`.
    async fn go_through(&mut self, told: u64, out: &mut Vec<u8>) -> Result<Option<Ended>, Error> {
        let changes = {
            let _permit = self.engine.hub().reads.acquire().await;
            self.engine.store().changes(self.position, PAGE).await?
        };
        let Changes::Some { changes, .. } = changes else { return Ok(Some(Ended::HistoryGone)) };
        if changes.is_empty() {
            // What was told of can be missing at the end only when the history was cut.
            return Ok(Some(Ended::HistoryGone));
        }
        for change in changes.iter().take_while(|change| change.offset <= told) {
            if self.is_withdrawn_by(change).await? {
                return Ok(Some(Ended::RightsChanged));
            }
            if let Some(frame) = self.policy.frame(&self.engine, self.position.epoch, change).await? {
                out.extend_from_slice(&frame);
            }
            self.position.offset = change.offset;
            if out.len() >= ENOUGH_BYTES {
                break;
            }
        }
        Ok(None)
    }

    /// Whether a change alters what the watch stands on. What happened while nobody looked counts even if it was undone since: the watcher
    /// would be told of what it had no right to then.
    async fn is_withdrawn_by(&self, change: &Change) -> Result<bool, Error> {
        let touch = touch_of(change);
        let is_unwitnessed = change.offset <= self.unwitnessed;
        if is_unwitnessed && self.changes_own_roles(change) {
            return Ok(true);
        }
        for asked in &self.asked {
            let is_touched = !asked.question.shifts(&touch).is_empty();
            if is_touched && (is_unwitnessed || self.engine.ask(&asked.question).await? != asked.answer) {
                return Ok(true);
            }
        }
        self.policy.is_shifted(&self.engine, &touch).await
    }

    fn changes_own_roles(&self, change: &Change) -> bool {
        let user = self.engine.application().user();
        let is_own = change.model == user.id && self.caller.user() == Some(change.id);
        let roles_of = |record: &Option<_>| record.as_ref().map(|record| roles(user, record));
        is_own && roles_of(&change.before) != roles_of(&change.after)
    }
}

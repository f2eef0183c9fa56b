//! The task that reads the feed for all watchers.

use super::Ended;
use super::class::Class;
use super::purse::paid;
use super::sentry;
use super::state::State;
use crate::{Engine, Error};
use bytes::Bytes;
use futures::future::BoxFuture;
use mainstay_expr::Touch;
use mainstay_ports::{Change, Changes, Position, Record};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How many changes are read at once.
pub(super) const PAGE: u32 = 200;
/// How often it is looked who has left, and what time may have altered.
const TICK: Duration = Duration::from_millis(400);
/// The pauses after which something that failed is tried again. Rights that cannot be checked for longer count as withdrawn.
const PAUSES_MS: [u64; 4] = [10, 50, 150, 400];

/// Follows the feed until nobody watches any more.
pub(super) async fn run(engine: Engine) {
    tokio::select! {
        () = follow(&engine) => {}
        () = sentry::look_again(&engine) => {}
    }
}

async fn follow(engine: &Engine) {
    let mut ticked = Instant::now();
    loop {
        let position = engine.hub().state.lock().await.position;
        tokio::select! {
            () = engine.store().wait_beyond(position) => read_on(engine, position).await,
            () = sleep(TICK) => {}
        }
        if ticked.elapsed() >= TICK {
            engine.hub().lobby.refill(ticked.elapsed());
            ticked = Instant::now();
            if !tick(engine).await {
                return;
            }
        }
    }
}

/// Tidies up. Answers whether there is still somebody to go on for.
async fn tick(engine: &Engine) -> bool {
    let hub = engine.hub();
    let mut state = hub.state.lock().await;
    state.sweep();
    engine.channels().sweep();
    let asked = retried(|| Box::pin(state.questions.ticked(engine))).await;
    if let Err(error) = asked {
        give_up(&mut state, &error);
    }
    // Whoever comes while this lock is held enters the lobby first, and starts the task anew when it finds that it has ended.
    state.is_running = hub.lobby.len() + hub.sockets.len() > 0;
    hub.note_counts(&state);
    state.is_running
}

async fn read(engine: &Engine, position: Position) -> Result<Changes, Error> {
    Ok(engine.store().changes(position, PAGE).await?)
}

async fn read_on(engine: &Engine, position: Position) {
    let changes = retried(|| Box::pin(read(engine, position))).await;
    let mut state = engine.hub().state.lock().await;
    match changes {
        Ok(Changes::Some { changes, position }) => {
            tell(engine, &mut state, changes).await;
            state.position = position;
        }
        Ok(Changes::Reset { position }) => {
            end_all(&mut state, Ended::HistoryGone);
            state.position = position;
        }
        Err(error) => give_up(&mut state, &error),
    }
    engine.hub().set_told(state.position.offset);
}

/// Tells the classes of changes, and wakes each watcher once for all of them.
async fn tell(engine: &Engine, state: &mut State, changes: Vec<Change>) {
    let mut told: Vec<Arc<Class>> = Vec::new();
    for change in changes {
        let judged = retried(|| Box::pin(judge(engine, state, &change))).await;
        match judged {
            Ok(judged) => {
                judged.shifted.iter().for_each(|class| state.classes.remove(class));
                for (class, frame) in judged.frames {
                    if class.is_filling() {
                        class.wake();
                        class.let_take().await;
                    }
                    class.push(frame);
                    if !told.iter().any(|other| Arc::ptr_eq(other, &class)) {
                        told.push(class);
                    }
                }
            }
            Err(error) => give_up(state, &error),
        }
        state.position.offset = change.offset;
        engine.hub().set_told(change.offset);
    }
    told.iter().for_each(|class| class.wake());
}

/// What a change comes to.
struct Judged {
    /// What the classes are told.
    frames: Vec<(Arc<Class>, Bytes)>,
    /// The classes that cannot go on.
    shifted: Vec<Arc<Class>>,
}

/// Ends the watches whose rights or relations a change alters, and then finds out what the others are told of it.
async fn judge(engine: &Engine, state: &State, change: &Change) -> Result<Judged, Error> {
    let touch = touch_of(change);
    if change.model == engine.application().user().id {
        // The feed may be faster than the writer, who is about to do this too.
        engine.identities().forget_account(change.id);
        sentry::look_at(engine, change.id).await;
    }
    state.questions.touched(engine, &touch).await?;
    let mut shifted = Vec::new();
    for class in state.classes.iter() {
        if !class.policy.asked.contains(&touch.model) {
            continue;
        }
        let asking = class.policy.is_shifted(engine, &touch);
        // Where nobody is left to ask it for, what the class remembers may be wrong from here on.
        if paid(class.all(), asking).await? != Some(false) {
            class.end_all(Ended::RightsChanged);
            shifted.push(class.clone());
        }
    }
    let mut frames = Vec::new();
    for class in state.classes.concerned(change) {
        if shifted.iter().any(|other| Arc::ptr_eq(other, &class)) {
            continue;
        }
        let framing = class.policy.frame(engine, state.position.epoch, change);
        // What the record itself answers takes no time to speak of.
        let frame = match class.policy.asked.is_empty() {
            true => framing.await?,
            false => paid(class.all(), framing).await?.flatten(),
        };
        frames.extend(frame.map(|frame| (class, frame)));
    }
    Ok(Judged { frames, shifted })
}

/// A change, as predicates about other records see it.
pub(super) fn touch_of(change: &Change) -> Touch<'_> {
    Touch { model: change.model, before: live(change.before.as_ref()), after: live(change.after.as_ref()) }
}

fn live(record: Option<&Record>) -> Option<&[mainstay_expr::Value]> {
    record.filter(|record| record.deleted_at().is_none()).map(|record| record.values.as_slice())
}

type Attempt<'a, T> = BoxFuture<'a, Result<T, Error>>;

/// Tries again what failed, a few times.
async fn retried<'a, T>(mut attempt: impl FnMut() -> Attempt<'a, T>) -> Result<T, Error> {
    for pause in PAUSES_MS {
        match attempt().await {
            Ok(answer) => return Ok(answer),
            Err(_) => sleep(Duration::from_millis(pause)).await,
        }
    }
    attempt().await
}

fn give_up(state: &mut State, error: &Error) {
    tracing::error!(
        code = error.code.as_str(),
        detail = error.detail,
        "the feed cannot be followed; all watches are ended"
    );
    end_all(state, Ended::Unavailable);
}

fn end_all(state: &mut State, reason: Ended) {
    state.classes.iter().for_each(|class| class.end_all(reason));
    state.questions.end_all(reason);
    state.sweep();
}

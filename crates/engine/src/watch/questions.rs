//! The questions that watches stand on, each asked once for all that stand on it.

use super::Ended;
use super::policy::{Asked, is_timed};
use super::purse::paid;
use super::seat::Seat;
use crate::{Engine, Error};
use futures::StreamExt;
use futures::stream;
use mainstay_expr::{ModelId, Predicate, Touch};
use std::collections::HashMap;
use std::sync::Arc;

/// The questions that watches stand on.
#[derive(Default)]
pub(super) struct Questions {
    all: HashMap<String, Entry>,
    /// How many of them ask about a model.
    by_model: HashMap<ModelId, usize>,
}

struct Entry {
    question: Predicate,
    models: Vec<ModelId>,
    is_timed: bool,
    /// Who stands on it, with the answer that it got.
    seats: Vec<(Arc<Seat>, bool)>,
}

/// How many questions are asked at once.
const CONCURRENCY: usize = 8;

impl Questions {
    /// Notes that a watch stands on these.
    pub(super) fn add(&mut self, seat: &Arc<Seat>, asked: Vec<Asked>) {
        for Asked { question, answer } in asked {
            let key = format!("{question:?}");
            let by_model = &mut self.by_model;
            let entry = self.all.entry(key).or_insert_with(|| {
                let models = question.asked_models();
                models.iter().for_each(|model| *by_model.entry(*model).or_default() += 1);
                Entry { models, is_timed: is_timed(&question), question, seats: Vec::new() }
            });
            entry.seats.push((seat.clone(), answer));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Asks again what a change may have altered, and ends the watches for which it did.
    ///
    /// # Errors
    /// What the store failed with.
    pub(super) async fn touched(&self, engine: &Engine, touch: &Touch<'_>) -> Result<(), Error> {
        if !self.by_model.contains_key(&touch.model) {
            return Ok(());
        }
        let is_touched =
            |entry: &&Entry| entry.models.contains(&touch.model) && !entry.question.shifts(touch).is_empty();
        let touched: Vec<&Entry> = self.all.values().filter(is_touched).collect();
        ask_again(engine, touched).await
    }

    /// Asks again what time may have altered.
    ///
    /// # Errors
    /// What the store failed with.
    pub(super) async fn ticked(&self, engine: &Engine) -> Result<(), Error> {
        let timed: Vec<&Entry> = self.all.values().filter(|entry| entry.is_timed).collect();
        ask_again(engine, timed).await
    }

    /// Ends all that stands on questions.
    pub(super) fn end_all(&self, reason: Ended) {
        self.all.values().flat_map(|entry| &entry.seats).for_each(|(seat, _)| seat.end(reason));
    }

    /// Drops those who have left, and the questions that nobody stands on.
    pub(super) fn sweep(&mut self) {
        let by_model = &mut self.by_model;
        self.all.retain(|_, entry| {
            entry.seats.retain(|(seat, _)| seat.is_taken());
            if entry.seats.is_empty() {
                entry.models.iter().for_each(|model| release(by_model, *model));
            }
            !entry.seats.is_empty()
        });
    }
}

fn release(by_model: &mut HashMap<ModelId, usize>, model: ModelId) {
    if let Some(count) = by_model.get_mut(&model) {
        *count -= 1;
        if *count == 0 {
            by_model.remove(&model);
        }
    }
}

async fn ask_again(engine: &Engine, entries: Vec<&Entry>) -> Result<(), Error> {
    let asking: Vec<_> = entries.into_iter().map(|entry| entry.ask(engine)).collect();
    let mut asking = stream::iter(asking).buffer_unordered(CONCURRENCY);
    while let Some((entry, answer)) = asking.next().await {
        let Some(answer) = answer? else { continue };
        let other = entry.seats.iter().filter(|(_, before)| *before != answer);
        other.for_each(|(seat, _)| seat.end(Ended::RightsChanged));
    }
    Ok(())
}

impl Entry {
    async fn ask(&self, engine: &Engine) -> (&Entry, Result<Option<bool>, Error>) {
        let seats = self.seats.iter().map(|(seat, _)| seat.clone()).collect();
        (self, paid(seats, engine.ask(&self.question)).await)
    }
}

//! What a class of watchers may see: judging a change once for all of them.

use super::event_id::ClassDigest;
use super::{Event, Format, WatchRequest, event};
use crate::{Caller, Engine, Error, View};
use bytes::Bytes;
use mainstay_expr::{FieldId, Frame, ModelId, Predicate, Scope, Shift, Source, Touch, Value, Var, Vars};
use mainstay_model::{Application, Model};
use mainstay_ports::{Change, Position, Record};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What a class of watchers may see, and how it is written for them.
pub(super) struct Policy {
    pub(super) model: ModelId,
    pub(super) digest: ClassDigest,
    /// What is left of the read rule and the filter. It speaks of the record, and may ask about others that hang on it.
    pub(super) predicate: Predicate,
    /// The fields that are seen in some records and not in others.
    guards: Vec<(FieldId, Predicate)>,
    /// The fields that are never seen.
    hidden: Vec<FieldId>,
    selected: Option<Arc<[FieldId]>>,
    pub(super) format: Arc<dyn Format>,
    /// The models that it asks about.
    pub(super) asked: Vec<ModelId>,
    is_timed: bool,
    /// What its questions about single records came to. A change that could alter an answer ends the class's watches, so they stay true.
    answers: Mutex<HashMap<String, bool>>,
}

/// A question that a watch stands on, with its answer when it was asked last.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) question: Predicate,
    pub(super) answer: bool,
}

/// The most answers that a class remembers.
const MAX_ANSWERS: usize = 4_096;
/// How often questions are split off, since an answer may bring others to light.
const MAX_ROUNDS: usize = 8;

impl Engine {
    /// What a caller may see of what it asks for, and the questions on which that stands.
    pub(super) async fn policy(
        &self,
        caller: &Caller,
        model: &Model,
        request: &WatchRequest,
    ) -> Result<(Policy, Vec<Asked>), Error> {
        let selected = self.selection(model, &request.fields)?;
        let vars = self.read_vars(caller, model, "watch");
        let scope = Timeless(Frame { vars: Some(&vars), ..Frame::default() });
        let read = model.allow.read.as_ref();
        let mut conditions =
            vec![read.map_or(Predicate::Const(false), |rule| rule.predicate.as_ref().clone())];
        if let Some(source) = &request.filter {
            conditions.push(self.filter(model.id, source)?.as_ref().clone());
        }
        let mut asked = Vec::new();
        let predicate = self.settled(Predicate::All(conditions).reduce(&scope), &mut asked).await?;
        let facts = predicate.implied();
        let (mut guards, mut hidden) = (Vec::new(), Vec::new());
        for field in &model.fields {
            let Some(rule) = &field.read else { continue };
            if selected.as_ref().is_some_and(|selected| !selected.contains(&field.id)) {
                continue;
            }
            match self.settled(rule.reduce(&scope).given(&facts), &mut asked).await? {
                Predicate::Const(true) => {}
                Predicate::Const(false) => hidden.push(field.id),
                rule => guards.push((field.id, rule)),
            }
        }
        let policy = Policy::new(model, predicate, (guards, hidden), selected, request.format.clone());
        Ok((policy, asked))
    }

    /// A predicate with its questions answered, so far as they do not hang on the record.
    async fn settled(&self, predicate: Predicate, asked: &mut Vec<Asked>) -> Result<Predicate, Error> {
        let mut predicate = predicate.pinned();
        for _ in 0..MAX_ROUNDS {
            let questions = predicate.questions();
            if questions.is_empty() {
                break;
            }
            for question in questions {
                if !asked.iter().any(|asked| asked.question == question) {
                    let answer = self.ask(&question).await?;
                    asked.push(Asked { question, answer });
                }
            }
            let answer = |question: &Predicate| asked.iter().find(|asked| asked.question == *question);
            predicate = predicate.answered(&mut |question| Some(answer(question)?.answer)).pinned();
        }
        Ok(predicate)
    }

    /// What a question comes to now.
    pub(super) async fn ask(&self, question: &Predicate) -> Result<bool, Error> {
        match at(question, self.now()) {
            Predicate::Const(answer) => Ok(answer),
            question => Ok(self.store().holds(question).await?),
        }
    }
}

impl Policy {
    fn new(
        model: &Model,
        predicate: Predicate,
        (guards, hidden): (Vec<(FieldId, Predicate)>, Vec<FieldId>),
        selected: Option<Arc<[FieldId]>>,
        format: Arc<dyn Format>,
    ) -> Self {
        let text = format!("{:?}", (&model.name, &predicate, &guards, &hidden, &selected));
        let all = || std::iter::once(&predicate).chain(guards.iter().map(|(_, rule)| rule));
        let mut asked: Vec<ModelId> = all().flat_map(Predicate::asked_models).collect();
        asked.sort_unstable();
        asked.dedup();
        Policy {
            model: model.id,
            digest: ClassDigest::of(&text),
            asked,
            is_timed: all().any(is_timed),
            predicate,
            guards,
            hidden,
            selected,
            format,
            answers: Mutex::default(),
        }
    }

    /// What the watchers of this class are told of a change, if anything.
    ///
    /// # Errors
    /// What the store failed with when it was asked.
    pub(super) async fn frame(
        &self,
        engine: &Engine,
        epoch: u64,
        change: &Change,
    ) -> Result<Option<Bytes>, Error> {
        if change.model != self.model {
            return Ok(None);
        }
        let now = engine.now();
        let was = self.may_have_seen(engine, change.before.as_ref(), now).await?;
        let is = self.sees(engine, change.after.as_ref(), now).await?;
        if !was && !is {
            return Ok(None);
        }
        let id = engine.event_ids().seal(&self.digest, Position { epoch, offset: change.offset });
        let operation = change.operation;
        let view = match change.after.as_ref().filter(|_| is) {
            None => None,
            Some(record) => Some(self.view(engine, record, now).await?),
        };
        let event = match &view {
            None => Event::Leave { id: &id, record: change.id },
            Some(view) if was => Event::Change { id: &id, operation, view },
            Some(view) => Event::Enter { id: &id, operation, view },
        };
        Ok(Some(self.encoded(engine.application(), &event)))
    }

    /// The fields to show; all when `None`.
    pub(super) fn selected(&self) -> Option<Arc<[FieldId]>> {
        self.selected.clone()
    }

    pub(super) fn encoded(&self, application: &Application, event: &Event<'_>) -> Bytes {
        event::encoded(self.format.as_ref(), application, event)
    }

    /// Whether a record matched before a change. Where time alone can end that, what it was when it was written counts too: a watcher
    /// who saw it then is told that it is gone.
    async fn may_have_seen(&self, engine: &Engine, record: Option<&Record>, now: i64) -> Result<bool, Error> {
        let Some(before) = record else { return Ok(false) };
        Ok(self.sees(engine, record, now).await?
            || (self.is_timed && self.sees(engine, record, before.updated_at()).await?))
    }

    async fn sees(&self, engine: &Engine, record: Option<&Record>, now: i64) -> Result<bool, Error> {
        match record.filter(|record| record.deleted_at().is_none()) {
            Some(record) => self.holds(engine, &self.predicate, record, now).await,
            None => Ok(false),
        }
    }

    async fn holds(
        &self,
        engine: &Engine,
        predicate: &Predicate,
        record: &Record,
        now: i64,
    ) -> Result<bool, Error> {
        let vars = Vars { now, ..Vars::default() };
        let frame = Frame { vars: Some(&vars), record: Some(&record.values), ..Frame::default() };
        match predicate.reduce(&frame) {
            Predicate::Const(answer) => Ok(answer),
            question => self.answer(engine, question).await,
        }
    }

    async fn answer(&self, engine: &Engine, question: Predicate) -> Result<bool, Error> {
        // An answer that time may change is not worth remembering: `now` is part of the question.
        let key = (!self.is_timed).then(|| format!("{question:?}"));
        let known = key.as_ref().and_then(|key| self.answers().get(key).copied());
        if let Some(answer) = known {
            return Ok(answer);
        }
        let answer = engine.store().holds(question).await?;
        if let Some(key) = key {
            let mut answers = self.answers();
            if answers.len() >= MAX_ANSWERS {
                answers.clear();
            }
            answers.insert(key, answer);
        }
        Ok(answer)
    }

    fn answers(&self) -> std::sync::MutexGuard<'_, HashMap<String, bool>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn view(&self, engine: &Engine, record: &Record, now: i64) -> Result<View, Error> {
        let mut hidden = self.hidden.clone();
        for (field, rule) in &self.guards {
            if !self.holds(engine, rule, record, now).await? {
                hidden.push(*field);
            }
        }
        Ok(View {
            model: self.model,
            record: record.clone(),
            hidden,
            selected: self.selected.clone(),
            expanded: Vec::new(),
        })
    }

    /// Whether a change of another record may alter what this class sees of records that did not change themselves.
    ///
    /// # Errors
    /// What the store failed with when it was asked.
    pub(super) async fn is_shifted(&self, engine: &Engine, touch: &Touch<'_>) -> Result<bool, Error> {
        if !self.asked.contains(&touch.model) {
            return Ok(false);
        }
        let guards = self.guards.iter().map(|(_, rule)| rule);
        for predicate in std::iter::once(&self.predicate).chain(guards) {
            for shift in predicate.shifts(touch) {
                if matters(engine, &shift).await? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

/// Whether a shift makes a difference as things stand. If it makes one only together with another change, then that one is in the feed too
/// and is tested in its turn.
async fn matters(engine: &Engine, shift: &Shift) -> Result<bool, Error> {
    let before = side(engine, shift.before.as_ref()).await?;
    let after = side(engine, shift.after.as_ref()).await?;
    Ok(match (before, after) {
        (Some(false), Some(false)) => false,
        (Some(before), Some(after)) => before != after || !shift.is_condition_alone,
        _ => true,
    })
}

/// Whether a search finds the record; `None` when that hangs on records that are not known.
async fn side(engine: &Engine, condition: Option<&Predicate>) -> Result<Option<bool>, Error> {
    match condition {
        None => Ok(Some(false)),
        Some(Predicate::Const(answer)) => Ok(Some(*answer)),
        Some(question) if question.is_question() => engine.ask(question).await.map(Some),
        Some(_) => Ok(None),
    }
}

/// Whether what a predicate says may change by waiting.
pub(super) fn is_timed(predicate: &Predicate) -> bool {
    predicate.mentions(&|var| *var == Var::Now)
}

/// A predicate at an instant.
fn at(predicate: &Predicate, now: i64) -> Predicate {
    let vars = Vars { now, ..Vars::default() };
    predicate.reduce(&Frame { vars: Some(&vars), ..Frame::default() })
}

/// What a request brings, but for `now`: a watch lasts, so each change is judged by the clock of its own moment. It would also tell watchers
/// apart that are alike.
pub(super) struct Timeless<'a>(pub(super) Frame<'a>);

impl Scope for Timeless<'_> {
    fn var(&self, var: &Var) -> Option<Value> {
        if *var == Var::Now { None } else { self.0.var(var) }
    }

    fn field(&self, source: Source, field: FieldId) -> Option<&Value> {
        self.0.field(source, field)
    }
}

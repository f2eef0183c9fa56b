//! What a kind of caller asks of a model, worked out once.
//!
//! Programs ask the same few things over and over. What the rules leave for a caller, together with the filter and the order,
//! depends on the account's roles but not on which account it is: `auth.id` stays open, so that one question serves all accounts alike.

use super::rights::Rights;
use super::{OrderKey, order};
use crate::{Caller, Engine, Error};
use mainstay_expr::{Frame, ModelId, Predicate, Scope, Source, Value, Var, Vars};
use mainstay_model::Model;
use mainstay_ports::{Deleted, Freshness, Memo, Order, Query, Selection};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, PoisonError, RwLock};
use uuid::Uuid;

/// What is asked, but for which records of it and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Asked<'a> {
    pub(crate) model: ModelId,
    /// What the operation does with the model: `get` or `list`.
    pub(crate) verb: &'static str,
    pub(crate) deleted: Deleted,
    pub(crate) filter: Option<&'a str>,
    pub(crate) order: &'a [OrderKey],
}

/// A question, as far as it is the same for all callers of a kind.
pub(crate) struct Question {
    pub(crate) rights: Rights,
    pub(crate) order: Arc<[Order]>,
    model: ModelId,
    deleted: Deleted,
    filter: Arc<Predicate>,
    flags: Arc<[Predicate]>,
    memo: Memo,
}

impl Question {
    /// The query that asks it for an account.
    pub(crate) fn ask(&self, auth_id: Option<Uuid>, selection: Selection, limit: u32) -> Query {
        Query {
            model: self.model,
            selection,
            deleted: self.deleted,
            filter: self.filter.clone(),
            order: self.order.clone(),
            after: None,
            before: None,
            limit,
            flags: self.flags.clone(),
            auth_id,
            count: false,
            freshness: Freshness::Latest,
            memo: self.memo.clone(),
        }
    }
}

/// The questions that were asked lately. Strangers may ask anything, so when it is full it starts anew instead of growing.
#[derive(Default)]
pub(crate) struct Questions {
    hasher: RandomState,
    known: RwLock<HashMap<u64, Known>>,
}

/// A question with all that it depends on.
struct Known {
    is_account: bool,
    roles: Vec<String>,
    model: ModelId,
    verb: &'static str,
    deleted: Deleted,
    filter: Option<String>,
    order: Vec<OrderKey>,
    question: Arc<Question>,
}

/// A kind of caller: all of it that rules can ask for and that lasts, but for which account it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Kind<'a> {
    is_account: bool,
    roles: &'a [String],
}

const CAPACITY: usize = 2_048;

impl Questions {
    fn get(&self, hash: u64, kind: Kind<'_>, asked: &Asked<'_>) -> Option<Arc<Question>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&hash).filter(|known| known.is_for(kind, asked)).map(|known| known.question.clone())
    }

    fn put(&self, hash: u64, kind: Kind<'_>, asked: &Asked<'_>, question: &Arc<Question>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CAPACITY {
            known.clear();
        }
        known.insert(hash, Known::new(kind, asked, question.clone()));
    }
}

impl Known {
    fn new(kind: Kind<'_>, asked: &Asked<'_>, question: Arc<Question>) -> Self {
        Known {
            is_account: kind.is_account,
            roles: kind.roles.to_vec(),
            model: asked.model,
            verb: asked.verb,
            deleted: asked.deleted,
            filter: asked.filter.map(str::to_owned),
            order: asked.order.to_vec(),
            question,
        }
    }

    fn is_for(&self, kind: Kind<'_>, asked: &Asked<'_>) -> bool {
        let known = Asked {
            model: self.model,
            verb: self.verb,
            deleted: self.deleted,
            filter: self.filter.as_deref(),
            order: &self.order,
        };
        known == *asked && Kind { is_account: self.is_account, roles: &self.roles } == kind
    }
}

impl Engine {
    /// The question that a request comes to under the caller's rights.
    ///
    /// # Errors
    /// What is wrong with the filter or the order.
    pub(crate) fn question(&self, caller: &Caller, asked: &Asked<'_>) -> Result<Arc<Question>, Error> {
        let identity = caller.identity.as_deref();
        let kind = Kind {
            is_account: caller.user().is_some(),
            roles: identity.map_or(&[], |identity| &identity.roles),
        };
        let questions = self.questions();
        let hash = questions.hasher.hash_one((kind, asked));
        if let Some(question) = questions.get(hash, kind, asked) {
            return Ok(question);
        }
        let (question, is_lasting) = self.work_out(caller, asked)?;
        let question = Arc::new(question);
        if is_lasting {
            questions.put(hash, kind, asked, &question);
        }
        Ok(question)
    }

    /// The question, and whether it is the same the next time.
    fn work_out(&self, caller: &Caller, asked: &Asked<'_>) -> Result<(Question, bool), Error> {
        let model = self.application().model(asked.model);
        let order = order::order(model, asked.order)?;
        let filter = asked.filter.map(|source| self.filter(model.id, source)).transpose()?;
        let vars = self.read_vars(caller, model, asked.verb);
        let scope = AnyAccount(&vars);
        let rights = Rights::new(model, &scope, asked.deleted);
        let mut conditions = vec![rights.read.clone()];
        conditions.extend(filter.iter().map(|filter| filter.as_ref().clone()));
        conditions.extend(order::order_guards(model, &order));
        let is_lasting = is_lasting(model, filter.as_deref());
        let question = Question {
            model: model.id,
            deleted: asked.deleted,
            filter: Arc::new(Predicate::All(conditions).reduce(&scope)),
            flags: rights.flags().into(),
            order: order.into(),
            memo: if is_lasting { Memo::kept() } else { Memo::default() },
            rights,
        };
        Ok((question, is_lasting))
    }
}

/// What a request brings, but for which account it is. That it is one, and not nobody, is known.
struct AnyAccount<'a>(&'a Vars);

impl Scope for AnyAccount<'_> {
    fn var(&self, var: &Var) -> Option<Value> {
        let is_open = *var == Var::AuthId && self.0.auth_id.is_some();
        if is_open { None } else { Frame { vars: Some(self.0), ..Frame::default() }.var(var) }
    }

    fn field(&self, _: Source, _: mainstay_expr::FieldId) -> Option<&Value> {
        None
    }
}

/// Whether a model's rules and a filter come to the same in another request of the same kind: not if they ask for the time or the address.
fn is_lasting(model: &Model, filter: Option<&Predicate>) -> bool {
    let rules = [&model.allow.read, &model.allow.delete].into_iter().flatten();
    let rules = rules.map(|rule| rule.predicate.as_ref());
    let guards = model.fields.iter().filter_map(|field| field.read.as_deref());
    let changes = |var: &Var| matches!(var, Var::Now | Var::RequestAddress | Var::AuthClaim(_));
    rules.chain(guards).chain(filter).all(|predicate| !predicate.mentions(&changes))
}

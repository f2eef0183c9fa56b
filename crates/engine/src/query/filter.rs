//! Client filters, compiled once.

use crate::{Code, Engine, Error, FieldError};
use mainstay_expr::{Context, Fault, ModelId, Predicate, Use, compile};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// The filters that were asked for lately. Programs ask the same few over and over; strangers may ask anything, so when the cache is full it
/// starts anew instead of growing.
#[derive(Default)]
pub(crate) struct FilterCache {
    compiled: RwLock<HashMap<(ModelId, String), Arc<Predicate>>>,
}

impl FilterCache {
    const CAPACITY: usize = 1_024;

    fn get(&self, model: ModelId, source: &str) -> Option<Arc<Predicate>> {
        let compiled = self.compiled.read().unwrap_or_else(PoisonError::into_inner);
        compiled.get(&(model, source.to_owned())).cloned()
    }

    fn put(&self, model: ModelId, source: &str, predicate: &Arc<Predicate>) {
        let mut compiled = self.compiled.write().unwrap_or_else(PoisonError::into_inner);
        if compiled.len() >= Self::CAPACITY {
            compiled.clear();
        }
        compiled.insert((model, source.to_owned()), predicate.clone());
    }
}

impl Engine {
    /// The condition that a client's filter stands for.
    pub(crate) fn filter(&self, model: ModelId, source: &str) -> Result<Arc<Predicate>, Error> {
        if let Some(predicate) = self.filters().get(model, source) {
            return Ok(predicate);
        }
        let context = Context { model: Some(model), usage: Use::Filter };
        let compiled = compile(source, context, self.application().as_ref())
            .map_err(|faults| Error::invalid_filter(&faults))?;
        let predicate = Arc::new(compiled.predicate);
        self.filters().put(model, source, &predicate);
        Ok(predicate)
    }
}

impl Error {
    /// A filter that these faults were found in.
    pub fn invalid_filter(faults: &[Fault]) -> Self {
        let fields = faults.iter().map(|fault| {
            let hint = fault.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
            let place = format!("at {}..{}: ", fault.span.start, fault.span.end);
            FieldError::new("filter", fault.code, format!("{place}{}{hint}", fault.message))
        });
        Error { fields: fields.collect(), ..Error::new(Code::InvalidFilter, "the filter is not valid") }
    }
}

//! Documents: parsed and validated once, and kept by their text.

use crate::error::Failure;
use crate::kept::Kept;
use crate::plan::Plan;
use crate::schema::Built;
use crate::unique;
use apollo_compiler::ast::Value;
use apollo_compiler::executable::{Operation, Selection, SelectionSet};
use apollo_compiler::parser::Parser;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Name};
use lru::LruCache;
use mainstay_engine::Code;
use mainstay_model::GraphQl;
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

/// A valid document.
pub(crate) struct Document {
    pub(crate) parsed: Valid<ExecutableDocument>,
    /// The variables that decide what is left out (`@skip`, `@include`), sorted: there is a plan for each of their values.
    switches: Vec<Name>,
    plans: Mutex<LruCache<PlanKey, Arc<Plan>>>,
}

/// What tells the plans of a document from each other: the operation, and what the switches say.
type PlanKey = (Option<String>, Vec<bool>);

/// The plans of one document that are kept.
const PLANS: NonZeroUsize = NonZeroUsize::new(8).expect("it is not zero");

/// The documents that were asked for lately, by their texts. What is made of a text takes some 50 times as much.
pub(crate) struct Documents {
    known: Kept<Arc<Document>>,
}

impl Documents {
    pub(crate) fn new() -> Self {
        Documents { known: Kept::new() }
    }

    /// The document of a text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn get(&self, built: &Built, limits: &GraphQl, text: &str) -> Result<Arc<Document>, Failure> {
        if let Some(document) = self.known.get(text) {
            return Ok(document);
        }
        let document = Arc::new(Document::parse(built, limits, text)?);
        self.known.put(text, text.len(), document.clone());
        Ok(document)
    }
}

impl Document {
    /// Parses and validates a text.
    ///
    /// # Errors
    /// [`Code::DocumentTooLarge`], and [`Code::InvalidDocument`] with every fault and its place.
    pub(crate) fn parse(built: &Built, limits: &GraphQl, text: &str) -> Result<Self, Failure> {
        if text.len() > limits.document_bytes {
            let message = format!("the document is longer than {} bytes", limits.document_bytes);
            return Err(Failure::new(Code::DocumentTooLarge, message));
        }
        let mut parser = Parser::new().token_limit(limits.document_tokens).recursion_limit(NESTING);
        let parsed = parser.parse_executable(&built.schema, text, "document.graphql");
        let parsed = parsed.map_err(|faults| Failure::of_document(&faults.errors))?;
        let parsed = parsed.validate(&built.schema).map_err(|faults| Failure::of_document(&faults.errors))?;
        unique::check(&parsed)?;
        let switches = switches(&parsed);
        Ok(Document { parsed, switches, plans: Mutex::new(LruCache::new(PLANS)) })
    }

    /// The operation of this name, or the only one.
    ///
    /// # Errors
    /// [`Code::InvalidDocument`] when there is none.
    pub(crate) fn operation(&self, name: Option<&str>) -> Result<&Operation, Failure> {
        let operation = self.parsed.operations.get(name);
        operation
            .map(|node| node.as_ref())
            .map_err(|error| Failure::new(Code::InvalidDocument, error.message().to_string()))
    }

    /// The plan of an operation under what its switches say.
    ///
    /// # Errors
    /// What the plan is refused with.
    pub(crate) fn plan(
        &self,
        built: &Built,
        limits: &GraphQl,
        name: Option<&str>,
        is_on: impl Fn(&str) -> bool,
    ) -> Result<Arc<Plan>, Failure> {
        let values: Vec<bool> = self.switches.iter().map(|name| is_on(name)).collect();
        let key = (name.map(str::to_owned), values);
        if let Some(plan) = self.plans.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(plan.clone());
        }
        let plan = Arc::new(Plan::new(built, limits, self, self.operation(name)?, &is_on)?);
        self.plans.lock().unwrap_or_else(PoisonError::into_inner).put(key, plan.clone());
        Ok(plan)
    }
}

/// How deeply anything in a document may be nested, so that nothing that walks it runs out of stack. Selections have a limit of their own.
const NESTING: usize = 200;

/// The variables that `@skip` and `@include` ask for.
fn switches(document: &ExecutableDocument) -> Vec<Name> {
    let mut found = BTreeSet::new();
    document.operations.iter().for_each(|operation| gather(&operation.selection_set, &mut found));
    document.fragments.values().for_each(|fragment| gather(&fragment.selection_set, &mut found));
    found.into_iter().collect()
}

fn gather(selections: &SelectionSet, found: &mut BTreeSet<Name>) {
    for selection in &selections.selections {
        for directive in selection.directives().iter() {
            let asked = directive.arguments.iter().filter_map(|argument| match argument.value.as_ref() {
                Value::Variable(name) => Some(name.clone()),
                _ => None,
            });
            found.extend(asked);
        }
        match selection {
            Selection::Field(field) => gather(&field.selection_set, found),
            Selection::InlineFragment(inline) => gather(&inline.selection_set, found),
            Selection::FragmentSpread(_) => {}
        }
    }
}

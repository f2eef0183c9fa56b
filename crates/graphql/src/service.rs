//! What requests are run with, over whatever they come.

use crate::catalog::Root;
use crate::document::{Document, Documents};
use crate::error::Failure;
use crate::execute::{Answer, Follower, Retry, Run, Subscription, watch};
use crate::persisted::{Automatic, Persisted, TextHash};
use crate::plan::Plan;
use crate::schema::{Built, build};
use apollo_compiler::executable::Operation;
use apollo_compiler::request::{RequestError, coerce_variable_values};
use mainstay_api::operations::Operations;
use mainstay_engine::{Caller, Code};
use mainstay_model::GraphQl;
use mainstay_ports::Position;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::sync::Arc;

/// What requests are run with.
pub(crate) struct Service {
    pub(crate) operations: Operations,
    pub(crate) built: Arc<Built>,
    pub(crate) limits: GraphQl,
    documents: Documents,
    persisted: Persisted,
    automatic: Automatic,
}

/// What a client asks (GraphQL over HTTP, 5.1).
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Request {
    /// The document.
    pub(crate) query: Option<String>,
    /// The name of the operation in it.
    pub(crate) operation_name: Option<String>,
    pub(crate) variables: Map<String, Value>,
    /// Names a document of the project, in place of one.
    pub(crate) document_id: Option<String>,
    /// Names a document that may have been sent before.
    pub(crate) hash: Option<TextHash>,
}

/// A request whose document is valid and within the limits.
#[derive(Clone)]
pub(crate) struct Prepared {
    pub(crate) plan: Arc<Plan>,
    pub(crate) document: Arc<Document>,
    pub(crate) text: Arc<str>,
    pub(crate) variables: Map<String, Value>,
    name: Option<String>,
}

impl Service {
    /// # Errors
    /// What is wrong with the schema or with a document of the project.
    pub(crate) fn new(operations: Operations, documents: &[(String, String)]) -> Result<Self, String> {
        let limits = operations.application().config.graphql.clone();
        let built = Arc::new(build(operations.application(), operations.list())?);
        let persisted = Persisted::new(documents);
        let (documents_known, automatic) = (Documents::new(), Automatic::new());
        let service = Service { operations, built, limits, documents: documents_known, persisted, automatic };
        for (name, text) in documents {
            let checked = service.documents.get(&service.built, &service.limits, text);
            checked.map_err(|failure| format!("{name}: {}", failure.first().message))?;
        }
        Ok(service)
    }

    /// Parses, validates and plans a request, or finds that this was done before.
    ///
    /// # Errors
    /// What is wrong with it, before anything is run.
    pub(crate) fn prepare(&self, request: Request) -> Result<Prepared, Failure> {
        let text = self.text(&request)?;
        let document = self.documents.get(&self.built, &self.limits, &text)?;
        if let (Some(hash), Some(_), false) = (&request.hash, &request.query, self.limits.persisted_only) {
            self.automatic.keep(hash, &text);
        }
        let name = request.operation_name;
        let operation = document.operation(name.as_deref())?;
        let variables = self.variables(operation, request.variables)?;
        let is_on = |name: &str| variables.get(name) == Some(&Value::Bool(true));
        let plan = document.plan(&self.built, &self.limits, name.as_deref(), is_on)?;
        plan.check_cost(&variables, &self.limits)?;
        Ok(Prepared { plan, text, variables, name, document: document.clone() })
    }

    /// The text of the document that is asked for.
    fn text(&self, request: &Request) -> Result<Arc<str>, Failure> {
        if let Some(id) = &request.document_id {
            return self.persisted.get(id);
        }
        let text = request.query.as_deref();
        if let Some(hash) = &request.hash {
            match self.persisted.get(&hash.id()) {
                Err(_) if !self.limits.persisted_only => return self.automatic.text(hash, text),
                Err(_) if text.is_some() => {}
                known => return known,
            }
        }
        match text {
            Some(text) if !self.limits.persisted_only => Ok(text.into()),
            Some(text) => self.persisted.of_text(text),
            None => Err(Failure::new(Code::InvalidDocument, "send a document as `query`")),
        }
    }

    /// The variables' values, as their types have them (GraphQL, 6.1.2).
    fn variables(
        &self,
        operation: &Operation,
        given: Map<String, Value>,
    ) -> Result<Map<String, Value>, Failure> {
        if operation.variables.is_empty() {
            return Ok(Map::new());
        }
        let internal = |error: serde_json::Error| Failure::internal(error.to_string());
        let given = serde_json::from_value(Value::Object(given)).map_err(internal)?;
        let refused = |error: RequestError| Failure::new(Code::InvalidVariables, error.message().to_string());
        let coerced = coerce_variable_values(&self.built.schema, operation, &given).map_err(refused)?;
        match serde_json::to_value(&*coerced).map_err(internal)? {
            Value::Object(values) => Ok(values),
            _ => Ok(Map::new()),
        }
    }

    /// Runs a query or a mutation.
    pub(crate) async fn run(
        &self,
        caller: &Caller,
        prepared: &Prepared,
        key: Option<&str>,
        position: Option<Position>,
    ) -> Result<Answer, Failure> {
        let retry = key.map(|key| Retry {
            key,
            document: &prepared.text,
            operation: prepared.name.as_deref().unwrap_or_default(),
            variables: Value::Object(prepared.variables.clone()).to_string(),
        });
        let run = Run { position, retry: retry.as_ref(), ..self.run_of(caller, prepared) };
        Ok(run.all(&prepared.document, prepared.name.as_deref(), &prepared.plan).await)
    }

    /// Opens the watch of a subscription.
    ///
    /// # Errors
    /// What the watch is refused with.
    pub(crate) async fn watch(
        self: &Arc<Self>,
        caller: &Caller,
        prepared: &Prepared,
        token: Option<Arc<str>>,
    ) -> Result<Subscription, Failure> {
        let watch = watch(&self.run_of(caller, prepared), &prepared.plan, token).await?;
        let follower = prepared.plan.loads().then(|| Follower {
            service: self.clone(),
            caller: caller.clone(),
            prepared: prepared.clone(),
        });
        Ok(Subscription::new(watch, follower))
    }

    pub(crate) fn run_of<'a>(&'a self, caller: &'a Caller, prepared: &'a Prepared) -> Run<'a> {
        Run {
            operations: &self.operations,
            application: self.operations.application(),
            built: &self.built,
            caller,
            variables: &prepared.variables,
            position: None,
            retry: None,
        }
    }
}

impl Prepared {
    /// Whether it is a subscription.
    pub(crate) fn is_subscription(&self) -> bool {
        self.plan.root == Root::Subscription
    }

    /// Whether it is a mutation.
    pub(crate) fn is_mutation(&self) -> bool {
        self.plan.root == Root::Mutation
    }
}

impl Request {
    /// Reads the members of a request.
    ///
    /// # Errors
    /// [`Code::InvalidParameter`] for one that is of another type.
    pub(crate) fn read(mut members: Map<String, Value>) -> Result<Self, Failure> {
        let request = Request {
            query: text(&mut members, "query")?,
            operation_name: text(&mut members, "operationName")?,
            variables: object(&mut members, "variables")?,
            document_id: text(&mut members, "documentId")?,
            hash: hash(&mut members)?,
        };
        if request.query.is_none() && request.document_id.is_none() && request.hash.is_none() {
            return Err(Failure::new(Code::InvalidParameter, "send a document as `query`"));
        }
        Ok(request)
    }
}

/// The hash of the document: `{"persistedQuery": {"version": 1, "sha256Hash": "…"}}` among the extensions.
fn hash(members: &mut Map<String, Value>) -> Result<Option<TextHash>, Failure> {
    let mut given = object(&mut object(members, "extensions")?, "persistedQuery")?;
    if given.remove("version").is_some_and(|version| version != 1) {
        return Err(Failure::new(Code::InvalidParameter, "Unsupported persisted query version"));
    }
    Ok(text(&mut given, "sha256Hash")?.map(TextHash))
}

fn text(members: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Failure> {
    match members.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(malformed(name, "a string")),
    }
}

fn object(members: &mut Map<String, Value>, name: &str) -> Result<Map<String, Value>, Failure> {
    match members.remove(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(object)) => Ok(object),
        Some(_) => Err(malformed(name, "an object")),
    }
}

fn malformed(name: &str, expected: &str) -> Failure {
    let message: Cow<'_, str> = format!("`{name}` is {expected}").into();
    Failure::new(Code::InvalidParameter, message)
}

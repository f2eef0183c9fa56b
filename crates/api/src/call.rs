//! A request on its way to its handler.

use crate::answer::MAINSTAY_POSITION;
use crate::body;
use crate::conditions;
use crate::json;
use crate::operations::{Ask, Operations, Pairs, Parameters, parse_id};
use crate::protobuf;
use crate::query;
use crate::routes::{Place, Route};
use axum::body::{Body, Bytes};
use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;
use http::request::Parts;
use mainstay_content::Format;
use mainstay_engine::{Caller, Code, Engine, Error, Operation, OperationKind};
use mainstay_ports::Position;
use serde_json::{Map, Value};
use std::sync::Arc;
use uuid::Uuid;

/// What a handler gets beside the body: the request, and who asks.
pub(crate) struct Call {
    pub(crate) operations: Operations,
    pub(crate) route: Arc<Route>,
    pub(crate) parts: Parts,
    pub(crate) caller: Caller,
    pub(crate) query: Pairs,
    /// The form of the answer.
    pub(crate) format: Format,
}

impl Call {
    pub(crate) fn engine(&self) -> &Engine {
        self.operations.engine()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// The operation that the path leads to.
    pub(crate) fn operation(&self) -> &Operation {
        self.route.operation.as_ref().expect("only what is an operation asks for it")
    }

    /// What is asked of the operation.
    ///
    /// # Errors
    /// Everything that can be wrong with a path, headers, parameters and a body.
    pub(crate) async fn ask(&self, body: Body) -> Result<Ask, Error> {
        let kind = self.operation().kind;
        let (id, name) = self.about()?;
        Ok(Ask {
            of: None,
            id,
            name,
            conditions: conditions::of(kind, self.headers())?,
            parameters: self.parameters()?,
            position: self.position()?,
            body: self.body(kind, body).await?,
        })
    }

    /// What the path names: a record or API key, or a lock.
    fn about(&self) -> Result<(Option<Uuid>, Option<String>), Error> {
        let id = if self.route.id_place > 0 { Some(self.id()?) } else { None };
        Ok((id, (self.route.place == Place::Lock).then(|| self.name())))
    }

    fn parameters(&self) -> Result<Parameters, Error> {
        let parameters = self.query.parameters(self.operation().kind)?;
        if self.operation().kind != OperationKind::AppCheck || parameters.language.is_some() {
            return Ok(parameters);
        }
        let lists = self.headers().get_all(ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
        Ok(Parameters { language: Some(lists.collect::<Vec<_>>().join(",")), ..parameters })
    }

    /// The position that the answer has to be as new as, if the request has one: that of an earlier answer.
    ///
    /// # Errors
    /// [`Code::InvalidParameter`] for what is not a position, or two.
    pub(crate) fn position(&self) -> Result<Option<Position>, Error> {
        let parse = |text: &str| text.parse().ok();
        let headers = self.headers().get_all(MAINSTAY_POSITION).iter();
        let mut given = headers.map(|value| value.to_str().ok().and_then(parse)).chain(self.query.position());
        let Some(position) = given.next() else { return Ok(None) };
        position.filter(|_| given.next().is_none()).map(Some).ok_or_else(|| {
            let message =
                "send one position, as it was in an answer: `Mainstay-Position` or the parameter `position`";
            Error::new(Code::InvalidParameter, message)
        })
    }

    /// The record's id, in the path.
    fn id(&self) -> Result<Uuid, Error> {
        let segment = self.parts.uri.path().split('/').nth(self.route.id_place).unwrap_or_default();
        let decoded = || query::decode_percent(segment, false);
        let id = parse_id(segment).or_else(|| parse_id(&decoded()?));
        id.ok_or_else(|| Error::new(Code::InvalidId, "the id in the path is not a UUID"))
    }

    /// The lock's name, the path's end.
    fn name(&self) -> String {
        let segment = self.parts.uri.path().rsplit('/').next().unwrap_or_default();
        query::decode_percent(segment, false).unwrap_or_default()
    }

    async fn body(&self, kind: OperationKind, body: Body) -> Result<Option<Map<String, Value>>, Error> {
        match takes(kind) {
            Takes::Unread => Ok(None),
            Takes::Nothing => self.no_body(body).await.map(|()| None),
            Takes::Maybe => self.optional_object(body).await,
            Takes::Object => self.object(body).await.map(Some),
        }
    }

    /// Reads the body: an object.
    async fn object(&self, body: Body) -> Result<Map<String, Value>, Error> {
        let format = body::format(self.headers(), self.route.place.json_types())?;
        let (bytes_limit, _) = self.body_limits();
        let bytes = self.read(body, bytes_limit).await?;
        self.parsed(format, bytes).await
    }

    /// As [`Call::object`], where all may be left out.
    async fn optional_object(&self, body: Body) -> Result<Option<Map<String, Value>>, Error> {
        let (bytes_limit, _) = self.body_limits();
        let bytes = self.read(body, bytes_limit).await?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let format = body::format(self.headers(), self.route.place.json_types())?;
        self.parsed(format, bytes).await.map(Some)
    }

    async fn parsed(&self, format: Format, bytes: Bytes) -> Result<Map<String, Value>, Error> {
        let (_, depth) = self.body_limits();
        if format == Format::Protobuf {
            return protobuf::body(self.operations.protobuf(), self.operation(), self.about()?, &bytes);
        }
        parsed(format, bytes, depth).await
    }

    /// Sees that there is no body. An empty object is none either, since many clients send one always, and then not always with its type.
    async fn no_body(&self, body: Body) -> Result<(), Error> {
        let limits = self.operations.limits();
        let bytes = self.read(body, limits.body_bytes).await?;
        let format = body::format(self.headers(), body::JSON).unwrap_or(Format::Json);
        if bytes.is_empty() || json::parse(format, &bytes, limits.json_depth)?.is_empty() {
            return Ok(());
        }
        Err(Error::new(Code::InvalidJson, "this operation takes no body"))
    }

    /// Reads the bytes of a body, and expands them where they are compressed: `limit` is for both.
    async fn read(&self, body: Body, limit: usize) -> Result<Bytes, Error> {
        let coding = body::coding(self.headers())?;
        let bytes = body::read(body, limit).await?;
        self.route.measures.request_bytes.add(bytes.len() as u64);
        match coding.filter(|_| !bytes.is_empty()) {
            Some(coding) => body::expanded(bytes, coding, limit).await,
            None => Ok(bytes),
        }
    }

    /// The bounds on the body: bytes, and nesting. A batch has each record three levels deeper.
    pub(crate) fn body_limits(&self) -> (usize, usize) {
        const BATCH_ENVELOPE_DEPTH: usize = 3;
        let limits = self.operations.limits();
        match self.route.place {
            Place::Batch => (limits.batch_body_bytes, limits.json_depth + BATCH_ENVELOPE_DEPTH),
            _ => (limits.body_bytes, limits.json_depth),
        }
    }
}

/// The object in a body. The forms beside JSON take longer to read, YAML thirty times as long: a large one gets a thread that may take its time.
async fn parsed(format: Format, bytes: Bytes, max_depth: usize) -> Result<Map<String, Value>, Error> {
    const LARGE_BYTES: usize = 64 << 10;
    if format == Format::Json || bytes.len() < LARGE_BYTES {
        return json::parse(format, &bytes, max_depth);
    }
    let work = tokio::task::spawn_blocking(move || json::parse(format, &bytes, max_depth));
    work.await.map_err(|error| Error::internal(error.to_string()))?
}

/// What an operation makes of a body.
enum Takes {
    /// It is not looked at.
    Unread,
    /// There must be none.
    Nothing,
    /// It may be left out.
    Maybe,
    /// An object.
    Object,
}

fn takes(kind: OperationKind) -> Takes {
    use OperationKind::*;
    match kind {
        List | Watch | Get | GetLock | Me | ListKeys | GetKey | AppCheck => Takes::Unread,
        Publish | Subscribe | Enter | WatchPresence => Takes::Unread,
        Delete | DeleteMany | Restore | ReleaseLock | Logout | DeleteKey => Takes::Nothing,
        AcquireLock | RenewLock => Takes::Maybe,
        Create | Update | Put | UpdateMany | Batch => Takes::Object,
        Register | Login | Refresh | ChangePassword | CreateKey => Takes::Object,
    }
}

//! Who speaks over a socket, and what is done for it.

use crate::answer::{self, Members};
use crate::call::{self, named};
use crate::form::Form;
use crate::opened::Opened;
use crate::request::{self, Request, invalid};
use futures::future::BoxFuture;
use mainstay_api::operations::{Operations, Parameters};
use mainstay_engine::{Caller, Error, Identity, Operation, Roll, SocketSeat, SubscribeRequest, WatchRequest};
use serde_json::json;
use std::sync::Arc;

/// Who speaks, as far as a request has to know.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) operations: Operations,
    pub(crate) form: Form,
    /// As when the socket was opened: its request's id, address and agent. Who it is is looked up anew for each request.
    pub(crate) caller: Arc<Caller>,
    pub(crate) token: Option<Arc<str>>,
}

/// What came of a request, beside its answer.
pub(crate) enum Turned {
    Nothing,
    Opened(Opened),
    Renewed { token: Arc<str>, identity: Arc<Identity>, seat: Option<SocketSeat> },
}

/// A request on its way to its answer.
pub(crate) type Turn = BoxFuture<'static, (u64, Members, Turned)>;

impl Session {
    /// Does what a request asks for, but for what needs the socket itself.
    pub(crate) fn turn(&self, id: u64, number: u64, request: Request) -> Turn {
        let session = self.clone();
        Box::pin(async move {
            let request_id = format!("{}-{number}", session.caller.request_id);
            let turned = session.perform(&request_id, request).await;
            match turned {
                Ok((members, turned)) => (id, members, turned),
                Err(error) => (id, answer::failed(&error, &request_id).await, Turned::Nothing),
            }
        })
    }

    async fn perform(&self, request_id: &str, request: Request) -> Result<(Members, Turned), Error> {
        if let Request::Auth { token } = request {
            return self.log_in(token).await;
        }
        let caller = self.caller(request_id).await?;
        match request {
            Request::Call(call) => Ok((call::run(&self.operations, caller, *call).await, Turned::Nothing)),
            Request::Watch(watch) => self.watch(&caller, *watch).await,
            Request::Publish { channel, data } => {
                let publish = self.operations.engine().publish(&caller, &channel, &data);
                self.open(&caller, "channel.publish", publish).await?;
                Ok((answer::done(), Turned::Nothing))
            }
            Request::Subscribe { channel } => {
                let subscribe = self.operations.engine().subscribe(&caller, self.of_channel(channel));
                let opened = self.open(&caller, "channel.subscribe", subscribe).await?;
                Ok((answer::done(), Turned::Opened(Opened::Subscription(Box::new(opened)))))
            }
            Request::Presence { channel, by_account } => {
                let roll = if by_account { Roll::Accounts } else { Roll::Connections };
                let engine = self.operations.engine();
                let watch = engine.watch_presence(&caller, self.of_channel(channel), roll);
                let opened = self.open(&caller, "presence.watch", watch).await?;
                Ok((answer::done(), Turned::Opened(Opened::Subscription(Box::new(opened)))))
            }
            Request::Enter { channel, state } => {
                let enter = self.operations.engine().enter(&caller, self.of_channel(channel), &state);
                let stay = self.open(&caller, "presence.enter", enter).await?;
                let members = answer::ok(&json!({"member_id": stay.id()}));
                Ok((members, Turned::Opened(Opened::Stay(Box::new(stay)))))
            }
            Request::Auth { .. } | Request::State { .. } | Request::End { .. } | Request::Ping => {
                Ok((answer::done(), Turned::Nothing))
            }
        }
    }

    /// Who asks, by what the token says now.
    async fn caller(&self, request_id: &str) -> Result<Caller, Error> {
        let identity = match &self.token {
            Some(token) => Some(self.operations.authenticate(token).await?),
            None => None,
        };
        Ok(Caller { identity, request_id: request_id.to_owned(), ..self.caller.as_ref().clone() })
    }

    async fn log_in(&self, token: String) -> Result<(Members, Turned), Error> {
        let identity = self.operations.authenticate(&token).await?;
        let token: Arc<str> = token.into();
        let before = match &self.token {
            Some(token) => self.operations.authenticate(token).await.ok(),
            None => None,
        };
        // The place of a socket is its caller's: another caller needs another.
        let is_same = before.is_some_and(|before| before.user == identity.user);
        let seat = match is_same {
            true => None,
            false => {
                let caller = Caller { identity: Some(identity.clone()), ..self.caller.as_ref().clone() };
                Some(self.operations.engine().open_socket(&caller, Some(token.clone())).await?)
            }
        };
        let mut welcome = json!({"user": identity.user});
        // A page cannot read the headers of the answer that opened the socket.
        if let Some(end) = self.operations.end() {
            welcome["api"] = end;
        }
        let members = answer::ok(&welcome);
        Ok((members, Turned::Renewed { token, identity, seat }))
    }

    async fn watch(&self, caller: &Caller, watch: request::Watch) -> Result<(Members, Turned), Error> {
        let operation = named(&self.operations, &watch.operation)?;
        let parameters = Parameters::read(operation.kind, watch.parameters)?;
        let request = WatchRequest {
            filter: parameters.filter,
            fields: parameters.fields,
            snapshot: watch.snapshot,
            order: parameters.order,
            limit: parameters.limit,
            last_event_id: watch.last_event_id,
            at_least: call::position(watch.position)?,
            token: self.token.clone(),
            format: Arc::new(self.form),
        };
        let watch = self.operations.watch(caller, operation, request).await?;
        Ok((answer::done(), Turned::Opened(Opened::Watch(Box::new(watch)))))
    }

    async fn open<T>(
        &self,
        caller: &Caller,
        name: &str,
        opening: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        self.operations.open(caller, self.of_channels(name)?, opening).await
    }

    /// An operation of channels, which a project without any does not have.
    fn of_channels(&self, name: &str) -> Result<&Operation, Error> {
        self.operations.named(name).ok_or_else(|| invalid("the project has no channels"))
    }

    fn of_channel(&self, channel: String) -> SubscribeRequest {
        SubscribeRequest { channel, token: self.token.clone(), format: Arc::new(self.form) }
    }
}

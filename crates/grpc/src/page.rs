//! Lists, in pages that clients take.

use crate::metadata::Metadata;
use crate::method::Method;
use mainstay_api::operations::Reply;
use mainstay_api::protobuf::Answer;
use mainstay_engine::{Caller, Error, ListAnswer};
use mainstay_proto::{Messages, wire};

/// The largest message that clients of gRPC take unless they were told otherwise.
const TAKEN_BYTES: usize = 4 << 20;
/// What is left of it for what stands behind the records: where the next page begins, above all.
const HEAD_ROOM: usize = 64 << 10;

impl Method {
    /// A page of no more than [`TAKEN_BYTES`], unless a record alone has more. One that would be larger is asked for anew, with as many records as fit, so
    /// that its cursor stands behind the last of them: a page may be smaller than what was asked for (AIP-158). That is rare, and counts as two calls of
    /// the operation, which it is.
    pub(crate) async fn page(
        &self,
        caller: &Caller,
        metadata: &Metadata,
        message: &[u8],
    ) -> Result<Answer, Error> {
        let mut fitting = None;
        loop {
            let mut ask = self.ask(metadata, message)?;
            ask.parameters.limit = fitting.or(ask.parameters.limit);
            let reply = self.operations.call(caller, &self.operation, ask).await?;
            let answer = Answer::of(&self.messages, &self.operation, &reply);
            match &reply {
                Reply::Page(page) if answer.message.len() > TAKEN_BYTES && page.items.len() > 1 => {
                    fitting = u32::try_from(how_many_fit(&self.messages, page)).ok();
                }
                _ => return Ok(answer),
            }
        }
    }
}

/// How many records of a page fit that is too large: one at least, and not all.
fn how_many_fit(messages: &Messages, page: &ListAnswer) -> usize {
    let mut bytes = Vec::new();
    let too_many = page.items.iter().position(|view| {
        wire::nested(1, &mut bytes, |out| messages.encode_record(view, out));
        bytes.len() > TAKEN_BYTES - HEAD_ROOM
    });
    too_many.unwrap_or(page.items.len() - 1).max(1)
}

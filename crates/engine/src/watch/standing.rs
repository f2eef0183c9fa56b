//! What a caller may do as long as a rule holds that knows no record: a channel's, with the values of its name.

use super::Ended;
use super::policy::{Asked, Timeless};
use super::seat::Seat;
use crate::{Caller, Code, Engine, Error};
use mainstay_expr::{Frame, Predicate, Value};
use mainstay_model::Rule;
use std::sync::Arc;

impl Engine {
    /// Sees that a rule lets a caller do something now.
    ///
    /// # Errors
    /// [`Code::Forbidden`], and what the store failed with.
    pub(crate) async fn require_now(
        &self,
        caller: &Caller,
        operation: &str,
        rule: Option<&Rule>,
        values: &[Value],
    ) -> Result<(), Error> {
        let question = self.closed(caller, operation, rule, values);
        if self.ask(&question).await? { Ok(()) } else { Err(forbidden()) }
    }

    /// Sees that a rule lets a caller do something, and ends the seat when it does not any more.
    ///
    /// # Errors
    /// As [`Engine::require_now`].
    pub(crate) async fn require_while(
        &self,
        seat: &Arc<Seat>,
        caller: &Caller,
        operation: &str,
        rule: Option<&Rule>,
        values: &[Value],
    ) -> Result<(), Error> {
        self.follow_feed().await?;
        let question = self.closed(caller, operation, rule, values);
        match question {
            Predicate::Const(true) => return Ok(()),
            Predicate::Const(false) => return Err(forbidden()),
            _ => {}
        }
        // First noted and then asked: what changes in between is either in the answer, or the hub sees it and asks again.
        let asked = Asked { question: question.clone(), answer: true };
        self.hub().state.lock().await.questions.add(seat, vec![asked]);
        if self.ask(&question).await? && seat.ended() != Some(Ended::RightsChanged) {
            return Ok(());
        }
        Err(forbidden())
    }

    /// What a rule comes to for a caller: a constant, or a question about records that time may answer otherwise.
    fn closed(&self, caller: &Caller, operation: &str, rule: Option<&Rule>, values: &[Value]) -> Predicate {
        let Some(rule) = rule else { return Predicate::Const(false) };
        let vars = caller.vars(operation, self.now());
        rule.predicate.reduce(&Timeless(Frame {
            vars: Some(&vars),
            record: Some(values),
            ..Frame::default()
        }))
    }
}

fn forbidden() -> Error {
    Error::new(Code::Forbidden, "a rule forbids this")
}

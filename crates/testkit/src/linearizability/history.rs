//! What clients asked and were told, and when.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// A call, from its begin to its answer.
#[derive(Debug, Clone)]
pub struct Operation<C, A> {
    /// Who called: a client has one call at a time.
    pub client: usize,
    /// What was asked.
    pub call: C,
    /// When it began. Times are numbers that are drawn one after the other, so that no two are the same.
    pub began: u64,
    /// The answer, and when it was there. Without one nobody knows what became of the call: it may have been done, be done at any later time, or
    /// never.
    pub answer: Option<(A, u64)>,
}

impl<C, A> Operation<C, A> {
    /// When it ended, after all else where nobody knows.
    pub fn ended(&self) -> u64 {
        self.answer.as_ref().map_or(u64::MAX, |(_, at)| *at)
    }
}

/// Takes down what the clients of one process do. Its times are drawn in the order in which things happen, which clocks cannot promise.
#[derive(Debug)]
pub struct Recorder<C, A> {
    clock: AtomicU64,
    operations: Mutex<Vec<Operation<C, A>>>,
}

/// A call whose answer has not come yet.
#[derive(Debug)]
#[must_use = "a call that is not taken down would be missing in the history"]
pub struct Invocation<C> {
    client: usize,
    call: C,
    began: u64,
}

impl<C, A> Default for Recorder<C, A> {
    fn default() -> Self {
        Recorder { clock: AtomicU64::new(0), operations: Mutex::default() }
    }
}

impl<C, A> Recorder<C, A> {
    /// Has to come before anything of the call is sent.
    pub fn begin(&self, client: usize, call: C) -> Invocation<C> {
        Invocation { client, call, began: self.now() }
    }

    /// Has to come when the answer is there; `None` when it never will be. A call that certainly was not done is not to be taken down at all.
    pub fn end(&self, invocation: Invocation<C>, answer: Option<A>) {
        let answer = answer.map(|answer| (answer, self.now()));
        let Invocation { client, call, began } = invocation;
        self.lock().push(Operation { client, call, began, answer });
    }

    /// The history until now.
    pub fn take(&self) -> Vec<Operation<C, A>> {
        std::mem::take(&mut self.lock())
    }

    /// The answer that came last.
    pub fn last_answer(&self) -> Option<A>
    where
        A: Clone,
    {
        let operations = self.lock();
        let answers = operations.iter().rev().filter_map(|operation| operation.answer.as_ref());
        answers.map(|(answer, _)| answer.clone()).next()
    }

    fn now(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Operation<C, A>>> {
        self.operations.lock().expect("no client panics while it takes down a call")
    }
}

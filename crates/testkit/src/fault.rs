//! Faults as inputs.
//!
//! ```
//! # use mainstay_testkit::{Call, Fault, Faults};
//! // The third write finds the disk full; of all queries, one in ten is refused.
//! let faults = Faults::seeded(42).nth(Call::Transact, 3, Fault::DiskFull).sometimes(Call::Query, 0.1, Fault::Busy);
//! # drop(faults);
//! ```

use futures::future::BoxFuture;
use mainstay_expr::Predicate;
use mainstay_ports::{Changes, Committed, Isolation, Page, Position, Query, Store, StoreError, Transaction};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A method of the store that can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// [`Store::transact`], of what is not serializable
    Transact,
    /// [`Store::transact`], of what is
    Serializable,
    /// [`Store::query`], [`Store::holds`] and [`Store::now`]
    Query,
    /// [`Store::changes`]
    Changes,
    /// [`Store::position`]
    Position,
    /// [`Store::writable`]
    Writable,
    /// [`Store::trim_feed`]
    TrimFeed,
}

/// How a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is refused with [`StoreError::Busy`] and has no effect.
    Busy,
    /// It fails with [`StoreError::Contended`] and has no effect.
    Contended,
    /// It fails with [`StoreError::Timeout`] and has no effect.
    Timeout,
    /// It fails with [`StoreError::DiskFull`] and has no effect.
    DiskFull,
    /// It fails with [`StoreError::DiskFailed`] and has no effect.
    DiskFailed,
    /// It fails with [`StoreError::Failed`] and has no effect.
    Failed,
    /// It fails with [`StoreError::OutcomeUnknown`] and has no effect.
    Undone,
    /// It fails with [`StoreError::OutcomeUnknown`] and has its effect: the answer was lost.
    AnswerLost,
    /// It is done as asked, but later.
    Delay(Duration),
    /// It is done at once, and answered later: behind others that came after it.
    DelayAnswer(Duration),
}

/// Which calls go wrong, and how. The same seed and the same order of calls give the same faults.
#[derive(Debug, Clone)]
pub struct Faults {
    random: u64,
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    call: Call,
    seen: u64,
    when: When,
    fault: Fault,
}

#[derive(Debug, Clone, Copy)]
enum When {
    Nth(u64),
    Sometimes(f64),
}

impl Faults {
    /// No faults yet. The seed decides those that come by chance.
    pub fn seeded(seed: u64) -> Self {
        Faults { random: seed, rules: Vec::new() }
    }

    /// The `nth` call of this kind, counted from 1, goes wrong.
    pub fn nth(self, call: Call, nth: u64, fault: Fault) -> Self {
        self.with(call, When::Nth(nth), fault)
    }

    /// Calls of this kind go wrong with this probability, from 0 to 1.
    pub fn sometimes(self, call: Call, probability: f64, fault: Fault) -> Self {
        self.with(call, When::Sometimes(probability), fault)
    }

    fn with(mut self, call: Call, when: When, fault: Fault) -> Self {
        self.rules.push(Rule { call, seen: 0, when, fault });
        self
    }

    /// What becomes of the next call of this kind: the first rule that applies decides. All of them count it.
    fn next(&mut self, call: Call) -> Option<Fault> {
        let random = &mut self.random;
        let mut faults = self.rules.iter_mut().filter(|rule| rule.call == call).filter_map(|rule| {
            rule.seen += 1;
            let applies = match rule.when {
                When::Nth(nth) => rule.seen == nth,
                When::Sometimes(probability) => next_unit(random) < probability,
            };
            applies.then_some(rule.fault)
        });
        let first = faults.next();
        faults.for_each(drop);
        first
    }
}

/// The next number from 0 to 1 of the sequence, by SplitMix64 (Steele, Lea and Flood, 2014).
fn next_unit(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// A store with faults.
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    faults: Mutex<Faults>,
}

impl FaultyStore {
    /// Lets calls of `inner` go wrong.
    pub fn new(inner: Arc<dyn Store>, faults: Faults) -> Self {
        FaultyStore { inner, faults: Mutex::new(faults) }
    }

    async fn call<T>(
        &self,
        call: Call,
        inner: BoxFuture<'_, Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let fault = self.faults.lock().unwrap_or_else(PoisonError::into_inner).next(call);
        match fault {
            None => inner.await,
            Some(Fault::Delay(by)) => {
                tokio::time::sleep(by).await;
                inner.await
            }
            Some(Fault::DelayAnswer(by)) => {
                let answer = inner.await;
                tokio::time::sleep(by).await;
                answer
            }
            Some(Fault::AnswerLost) => {
                inner.await?;
                Err(StoreError::OutcomeUnknown("fault".to_owned()))
            }
            Some(Fault::Undone) => Err(StoreError::OutcomeUnknown("fault".to_owned())),
            Some(Fault::DiskFailed) => Err(StoreError::DiskFailed("fault".to_owned())),
            Some(Fault::Busy) => Err(StoreError::Busy),
            Some(Fault::Contended) => Err(StoreError::Contended),
            Some(Fault::Timeout) => Err(StoreError::Timeout),
            Some(Fault::DiskFull) => Err(StoreError::DiskFull),
            Some(Fault::Failed) => Err(StoreError::Failed("fault".to_owned())),
        }
    }
}

impl Store for FaultyStore {
    crate::delegate!(inner: heard, is_shared, wait_beyond);

    fn transact(&self, transaction: Transaction) -> BoxFuture<'_, Result<Committed, StoreError>> {
        let call = match transaction.isolation {
            Isolation::ReadCommitted => Call::Transact,
            Isolation::Serializable => Call::Serializable,
        };
        Box::pin(self.call(call, self.inner.transact(transaction)))
    }

    fn query(&self, query: Query) -> BoxFuture<'_, Result<Page, StoreError>> {
        Box::pin(self.call(Call::Query, self.inner.query(query)))
    }

    fn holds(&self, closed: Predicate) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(self.call(Call::Query, self.inner.holds(closed)))
    }

    fn changes(&self, after: Position, limit: u32) -> BoxFuture<'_, Result<Changes, StoreError>> {
        Box::pin(self.call(Call::Changes, self.inner.changes(after, limit)))
    }

    fn position(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        Box::pin(self.call(Call::Position, self.inner.position()))
    }

    fn writable(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.call(Call::Writable, self.inner.writable()))
    }

    fn now(&self, here: i64) -> BoxFuture<'_, Result<i64, StoreError>> {
        Box::pin(self.call(Call::Query, self.inner.now(here)))
    }

    fn trim_feed(&self, before_micros: i64, max_bytes: u64) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.call(Call::TrimFeed, self.inner.trim_feed(before_micros, max_bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(mut faults: Faults, calls: &[Call], expected: &[Option<Fault>]) {
        let found: Vec<_> = calls.iter().map(|call| faults.next(*call)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_nth_call_of_its_kind_goes_wrong() {
        let faults = Faults::seeded(0).nth(Call::Query, 2, Fault::Busy);
        let calls = [Call::Query, Call::Transact, Call::Query, Call::Query];
        check(faults, &calls, &[None, None, Some(Fault::Busy), None]);
    }

    #[test]
    fn every_rule_counts_every_call() {
        let faults = Faults::seeded(0).nth(Call::Query, 1, Fault::Busy).nth(Call::Query, 2, Fault::Timeout);
        check(faults, &[Call::Query; 3], &[Some(Fault::Busy), Some(Fault::Timeout), None]);
    }

    #[test]
    fn chance_follows_the_seed() {
        let count = |seed| {
            let mut faults = Faults::seeded(seed).sometimes(Call::Query, 0.25, Fault::Busy);
            (0..1_000).map(|_| faults.next(Call::Query).is_some()).collect::<Vec<_>>()
        };
        assert_eq!(count(1), count(1));
        assert_ne!(count(1), count(2));
        let hits = count(1).into_iter().filter(|hit| *hit).count();
        assert!((200..300).contains(&hits), "{hits} of 1000");
    }
}

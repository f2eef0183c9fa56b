//! Connections for reading. Each carries many queries at once, which the server answers one after the other.

use super::connect::{Connector, reason};
use super::connection::Connection;
use super::error::{is_stale_plan, store_error};
use super::measures::Measures;
use super::session::Purpose;
use mainstay_ports::StoreError;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;
use tokio_postgres::Error;

/// Whether an answer may take long. What is always short does not stand in line behind what is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// It is found by an id.
    Short,
    /// It may look at many records.
    Long,
}

/// How much longer than the server's own deadline an answer is waited for.
const GRACE: Duration = Duration::from_millis(500);

/// The connections.
pub(crate) struct Readers {
    connector: Arc<Connector>,
    short: Vec<Slot>,
    long: Vec<Slot>,
    timeout: Duration,
    measures: Arc<Measures>,
}

#[derive(Default)]
struct Slot {
    connection: Mutex<Option<Arc<Connection>>>,
    /// Held by who makes the connection, so that one is made.
    making: tokio::sync::Mutex<()>,
    in_flight: AtomicUsize,
}

/// Counts a query as long as it is asked.
struct InFlight<'a>(&'a Slot, &'a Measures);

impl<'a> InFlight<'a> {
    fn new(slot: &'a Slot, measures: &'a Measures) -> Self {
        slot.in_flight.fetch_add(1, Relaxed);
        measures.reads_in_flight.increment();
        InFlight(slot, measures)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Relaxed);
        self.1.reads_in_flight.decrement();
    }
}

impl Readers {
    /// As many as `count`, at least two. No connection is made yet.
    pub(crate) fn new(
        connector: Arc<Connector>,
        count: usize,
        timeout: Duration,
        measures: Arc<Measures>,
    ) -> Self {
        let slots = |count: usize| (0..count.max(1)).map(|_| Slot::default()).collect();
        Readers { connector, short: slots(count / 2), long: slots(count - count / 2), timeout, measures }
    }

    /// Asks on the connection with the least to do, and once more on another if that one broke.
    pub(crate) async fn ask<T, A>(
        &self,
        weight: Weight,
        question: impl Fn(Arc<Connection>) -> A,
    ) -> Result<T, StoreError>
    where
        A: Future<Output = Result<T, Error>>,
    {
        let asked = async {
            match self.ask_once(weight, &question).await {
                Err(StoreError::Unreachable(_)) => {
                    self.measures.read_retries.increment();
                    self.ask_once(weight, &question).await
                }
                answered => answered,
            }
        };
        timeout(self.timeout + GRACE, asked).await.unwrap_or(Err(StoreError::Timeout))
    }

    async fn ask_once<T, A>(
        &self,
        weight: Weight,
        question: &impl Fn(Arc<Connection>) -> A,
    ) -> Result<T, StoreError>
    where
        A: Future<Output = Result<T, Error>>,
    {
        let slots = if weight == Weight::Short { &self.short } else { &self.long };
        let slot = slots.iter().min_by_key(|slot| slot.in_flight.load(Relaxed)).expect("there is one");
        let _in_flight = InFlight::new(slot, &self.measures);
        let connection = slot.connection(&self.connector, &self.measures).await?;
        match question(connection.clone()).await {
            Err(error) if is_stale_plan(&error) => {
                connection.forget_statements();
                question(connection).await.map_err(store_error)
            }
            answered => answered.map_err(store_error),
        }
    }
}

impl Slot {
    async fn connection(
        &self,
        connector: &Connector,
        measures: &Measures,
    ) -> Result<Arc<Connection>, StoreError> {
        if let Some(open) = self.open() {
            return Ok(open);
        }
        let _making = self.making.lock().await;
        if let Some(open) = self.open() {
            return Ok(open);
        }
        let made = connector.connect(Purpose::Read).await;
        let made =
            made.map_err(|error| StoreError::Unreachable(format!("PostgreSQL: {}", reason(&error))))?;
        let made = Arc::new(made);
        let broken = self.connection.lock().unwrap_or_else(PoisonError::into_inner).replace(made.clone());
        if broken.is_some() {
            measures.reconnections.increment();
        }
        Ok(made)
    }

    fn open(&self) -> Option<Arc<Connection>> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        connection.clone().filter(|connection| !connection.is_closed())
    }
}

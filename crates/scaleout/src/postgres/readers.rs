//! Connections for reading. Each carries many queries at once, which the server answers one after the other.

use super::connect::{Connector, reason};
use super::connection::Connection;
use super::error::{is_full, is_locked, is_stale_plan, store_error};
use super::locked::Locked;
use super::measures::Measures;
use super::pool::{Pool, unreachable};
use super::session::Purpose;
use mainstay_ports::StoreError;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};
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

/// How often a question is asked whose connection breaks.
const TRIES: usize = 3;
/// How long who has no connection at all asks for one that the server has no room for, and how long it waits in between.
const FIRST: (Duration, Duration) = (Duration::from_secs(1), Duration::from_millis(50));

/// The connections. Where the server has no room for all of them, those that there are serve all.
pub(crate) struct Readers {
    connector: Arc<Connector>,
    short: Vec<Slot>,
    long: Vec<Slot>,
    /// Held by who makes a connection: a server that has just started, or is full, is not asked by many at once.
    making: tokio::sync::Mutex<()>,
    /// Those that share the server's room with them; a replica has none.
    writers: Option<Pool>,
    /// Who finds out which tables are locked; at a replica, nobody.
    locked: Option<Arc<Locked>>,
    timeout: Duration,
    measures: Arc<Measures>,
}

#[derive(Default)]
struct Slot {
    connection: Mutex<Option<Arc<Connection>>>,
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
        let (short, long) = (slots(count / 2), slots(count - count / 2));
        Readers {
            connector,
            short,
            long,
            making: Default::default(),
            writers: None,
            locked: None,
            timeout,
            measures,
        }
    }

    /// Begins with this connection, and leaves room for those who write.
    pub(crate) fn beside(mut self, writers: Pool, locked: Arc<Locked>, first: Connection) -> Self {
        self.writers = Some(writers);
        self.locked = Some(locked);
        self.short[0] =
            Slot { connection: Mutex::new(Some(Arc::new(first))), in_flight: AtomicUsize::new(0) };
        self
    }

    /// Asks on the connection with the least to do, and on another if that one broke. [`StoreError::Busy`] when a table is locked.
    pub(crate) async fn ask<T, A>(
        &self,
        weight: Weight,
        question: impl Fn(Arc<Connection>) -> A,
    ) -> Result<T, StoreError>
    where
        A: Future<Output = Result<T, Error>>,
    {
        let asked = async {
            for _ in 1..TRIES {
                match self.ask_once(weight, &question).await {
                    Err(StoreError::Unreachable(_)) => self.measures.read_retries.increment(),
                    answered => return answered,
                }
            }
            self.ask_once(weight, &question).await
        };
        let late = |_| match self.any_open(weight) {
            Some(_) => Err(StoreError::Timeout),
            None => Err(unreachable("no connection was made in time")),
        };
        timeout(self.timeout + GRACE, asked).await.unwrap_or_else(late)
    }

    async fn ask_once<T, A>(
        &self,
        weight: Weight,
        question: &impl Fn(Arc<Connection>) -> A,
    ) -> Result<T, StoreError>
    where
        A: Future<Output = Result<T, Error>>,
    {
        let slot = self.slots(weight).min_by_key(|slot| slot.in_flight.load(Relaxed)).expect("there is one");
        let (slot, connection) = match slot.open() {
            Some(open) => (slot, open),
            None => self.open(slot, weight).await?,
        };
        let _in_flight = InFlight::new(slot, &self.measures);
        match question(connection.clone()).await {
            Err(error) if is_stale_plan(&error) => {
                connection.forget_statements();
                question(connection).await.map_err(store_error)
            }
            Err(error) if is_locked(&error) => {
                self.leave(&connection).await;
                Err(StoreError::Busy)
            }
            answered => answered.map_err(store_error),
        }
    }

    /// Gives a connection up on which a question waited for a locked table. More of them may wait behind it, each for as long, and with them what needs
    /// another table; that is asked again elsewhere, and by then it is known which table it is.
    async fn leave(&self, connection: &Connection) {
        if let Some(locked) = &self.locked {
            locked.look().await;
        }
        connection.abort();
    }

    fn slots(&self, weight: Weight) -> impl Iterator<Item = &Slot> {
        if weight == Weight::Short { self.short.iter() } else { self.long.iter() }
    }

    /// Opens a slot, or takes another one that is open when that cannot be done now.
    async fn open<'a>(
        &'a self,
        slot: &'a Slot,
        weight: Weight,
    ) -> Result<(&'a Slot, Arc<Connection>), StoreError> {
        let asked = Instant::now();
        let _making = match (self.making.try_lock(), self.any_open(weight)) {
            (Ok(making), _) => making,
            // One is being made, which may take long.
            (Err(_), Some(open)) => return Ok(open),
            (Err(_), None) => self.making.lock().await,
        };
        if let Some(open) = slot.open() {
            return Ok((slot, open));
        }
        let made = match self.any_open(weight) {
            Some(open) if self.connector.room.is_full() => return Ok(open),
            Some(_) => self.make_further().await,
            // Another one has just tried that for as long as is good.
            None if self.connector.room.was_full_since(asked) => return Err(unreachable("it has no room")),
            None => self.make_first().await,
        };
        match made {
            Ok(made) => Ok((slot, slot.put(made, &self.measures))),
            Err(error) => self.any_open(weight).ok_or_else(|| unreachable(&reason(&error))),
        }
    }

    /// One that is open, of the same kind if there is one.
    fn any_open(&self, weight: Weight) -> Option<(&Slot, Arc<Connection>)> {
        let of = |weight| {
            let open = self.slots(weight).filter_map(|slot| Some((slot, slot.open()?)));
            open.min_by_key(|(slot, _)| slot.in_flight.load(Relaxed))
        };
        of(weight).or_else(|| of(if weight == Weight::Short { Weight::Long } else { Weight::Short }))
    }

    /// One more, once those who write have one.
    async fn make_further(&self) -> Result<Connection, Error> {
        if let Some(writers) = &self.writers {
            writers.begin().await;
        }
        self.connector.connect(Purpose::Read).await
    }

    /// The first one, for which those who write close one of theirs where the server has no room.
    async fn make_first(&self) -> Result<Connection, Error> {
        let started = Instant::now();
        loop {
            match self.connector.connect(Purpose::Read).await {
                Err(error) if is_full(&error) && started.elapsed() < FIRST.0 => {
                    self.writers.iter().for_each(Pool::make_room);
                    sleep(FIRST.1).await;
                }
                made => return made,
            }
        }
    }
}

impl Slot {
    fn put(&self, made: Connection, measures: &Measures) -> Arc<Connection> {
        let made = Arc::new(made);
        let broken = self.connection.lock().unwrap_or_else(PoisonError::into_inner).replace(made.clone());
        if broken.is_some() {
            measures.reconnections.increment();
        }
        made
    }

    fn open(&self) -> Option<Arc<Connection>> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        connection.clone().filter(|connection| !connection.is_closed())
    }
}

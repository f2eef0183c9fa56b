//! Connections for transactions, each for one at a time.

use super::connect::{Connector, reason};
use super::connection::Connection;
use super::error::is_full;
use super::session::Purpose;
use mainstay_ports::StoreError;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout_at};

/// How long a place stays empty for which the server has no room.
const ASIDE: Duration = Duration::from_secs(2);
/// How long who has no connection at all waits before it asks for one again.
const AGAIN: Duration = Duration::from_millis(100);
/// How long others wait for the first connection for writing.
const FIRST: Duration = Duration::from_secs(1);

/// The pool. What waits for a connection is served in the order of arrival.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Connections>);

struct Connections {
    connector: Arc<Connector>,
    /// Those that nobody uses. The one that was used last is taken first: it has its statements prepared and its memory warm.
    idle: Mutex<Vec<Connection>>,
    /// One for each connection that there may be.
    places: Arc<Semaphore>,
    /// How many connections there are.
    count: AtomicUsize,
    /// Whether the next one that comes back is to be closed.
    is_owed: AtomicBool,
    wait: Duration,
}

/// A connection of the pool, which goes back when this is dropped. It has to be discarded when its transaction may still be open.
pub(crate) struct Pooled {
    /// There until this is dropped.
    connection: Option<Connection>,
    pool: Arc<Connections>,
    _place: OwnedSemaphorePermit,
}

impl Pool {
    /// Makes a pool. No connection is made yet. Who wants one waits for it for so long.
    pub(crate) fn new(connector: Arc<Connector>, size: usize, wait: Duration) -> Self {
        Pool(Arc::new(Connections {
            connector,
            idle: Mutex::default(),
            places: Arc::new(Semaphore::new(size.clamp(1, Semaphore::MAX_PERMITS))),
            count: AtomicUsize::new(0),
            is_owed: AtomicBool::new(false),
            wait,
        }))
    }

    /// A connection, when one is free or can be made in time.
    pub(crate) async fn take(&self) -> Result<Pooled, StoreError> {
        let deadline = Instant::now() + self.0.wait;
        loop {
            let place = timeout_at(deadline, self.0.places.clone().acquire_owned()).await;
            let place = place.map_err(|_| StoreError::Busy)?.map_err(|_| StoreError::Busy)?;
            if let Some(connection) = self.0.next_idle() {
                return Ok(self.0.hand_out(connection, place));
            }
            match self.0.make(deadline).await? {
                Some(connection) => return Ok(self.0.hand_out(connection, place)),
                None => lay_aside(place),
            }
        }
    }

    /// Makes the first connection where there is none, so that others who want more than one do not take its room.
    pub(crate) async fn begin(&self) {
        if self.0.count.load(Relaxed) == 0 {
            // Where that fails, those who want to write are told why.
            let _ = timeout_at(Instant::now() + FIRST, self.take()).await;
        }
    }

    /// Closes a connection for the sake of somebody who has none; the last one is kept.
    pub(crate) fn make_room(&self) {
        if self.0.count.load(Relaxed) < 2 {
            return;
        }
        let mut idle = self.0.idle();
        if idle.is_empty() {
            self.0.is_owed.store(true, Relaxed);
        } else {
            drop(idle.remove(0));
            self.0.count.fetch_sub(1, Relaxed);
        }
    }
}

impl Connections {
    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_idle(&self) -> Option<Connection> {
        let mut idle = self.idle();
        while let Some(connection) = idle.pop() {
            if !connection.is_closed() {
                return Some(connection);
            }
            self.count.fetch_sub(1, Relaxed);
        }
        None
    }

    /// A new connection; `None` when there are some and the server has no room for more.
    async fn make(&self, deadline: Instant) -> Result<Option<Connection>, StoreError> {
        let mut why = "no connection was made in time".to_owned();
        loop {
            let has_others = self.count.load(Relaxed) > 0;
            if has_others && self.connector.room.is_full() {
                return Ok(None);
            }
            let connected = timeout_at(deadline, self.connector.connect(Purpose::Write)).await;
            match connected.map_err(|_| unreachable(&why))? {
                Ok(connection) => {
                    self.count.fetch_add(1, Relaxed);
                    return Ok(Some(connection));
                }
                Err(error) if is_full(&error) && has_others => return Ok(None),
                Err(error) if is_full(&error) && Instant::now() + AGAIN < deadline => {
                    why = reason(&error);
                    sleep(AGAIN).await;
                }
                Err(error) => return Err(unreachable(&reason(&error))),
            }
        }
    }

    fn hand_out(self: &Arc<Self>, connection: Connection, place: OwnedSemaphorePermit) -> Pooled {
        Pooled { connection: Some(connection), pool: self.clone(), _place: place }
    }
}

/// That the server cannot be reached.
pub(crate) fn unreachable(detail: &str) -> StoreError {
    StoreError::Unreachable(format!("PostgreSQL: {detail}"))
}

/// Keeps a place empty for a while, and with it whoever would take it: they wait for a connection to come back.
fn lay_aside(place: OwnedSemaphorePermit) {
    tokio::spawn(async move {
        sleep(ASIDE).await;
        drop(place);
    });
}

impl Pooled {
    /// Closes it, since nobody knows what is open in it.
    pub(crate) fn discard(mut self) {
        self.close();
    }

    fn close(&mut self) {
        if self.connection.take().is_some() {
            self.pool.count.fetch_sub(1, Relaxed);
        }
    }
}

impl Drop for Pooled {
    /// Gives it back before its place, so that who gets the place finds it.
    fn drop(&mut self) {
        let is_owed = self.pool.is_owed.swap(false, Relaxed) && self.pool.count.load(Relaxed) > 1;
        match self.connection.take_if(|connection| !is_owed && !connection.is_closed()) {
            Some(connection) => self.pool.idle().push(connection),
            None => self.close(),
        }
    }
}

impl Deref for Pooled {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("it is there until this is dropped")
    }
}

impl DerefMut for Pooled {
    fn deref_mut(&mut self) -> &mut Connection {
        self.connection.as_mut().expect("it is there until this is dropped")
    }
}

//! SIGTERM and SIGINT: the two ways in which a program is asked to stop; and SIGXFSZ, which must not stop it.

use crate::failure::Failure;
use std::io;
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The number of SIGXFSZ on the processors that Linux is usually run on, and on macOS.
const FILE_TOO_LARGE: i32 = 25;

/// Lets the program outlive a write beyond the limit on the size of files (`ulimit -f`). The write then fails, and is answered as one to a full
/// disk is; by itself the signal would end the program. Registered once, it holds as long as the process lives.
pub(crate) fn outlive_large_files() -> Result<(), Failure> {
    let registered = Builder::new_current_thread().enable_io().build().and_then(|runtime| {
        let _within = runtime.enter();
        signal(SignalKind::from_raw(FILE_TOO_LARGE)).map(drop)
    });
    registered.map_err(|error| Failure::new("signals", format!("cannot listen for signals: {error}")))
}

/// Waits for them, one after another.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Begins to listen. From now on they do not end the program by themselves.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let failed =
            |error: io::Error| Failure::new("signals", format!("cannot listen for signals: {error}"));
        let listen = |kind| signal(kind).map_err(failed);
        Ok(Signals {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    /// The name of the next one.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

//! What is counted of sockets.

use mainstay_ports::measure::Counter;

/// What is counted of sockets.
#[derive(Debug, Default)]
pub struct Measures {
    /// Sockets that were opened.
    pub opened: Counter,
    /// Sockets that were closed because their clients did not take what was sent, or did not answer.
    pub dropped: Counter,
    /// Messages from clients.
    pub received: Counter,
    /// Messages to clients.
    pub sent: Counter,
}

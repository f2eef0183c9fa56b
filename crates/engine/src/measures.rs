//! What the engine counts of itself.

use mainstay_ports::measure::{Counter, Gauge, Histogram};

/// What the engine counts of itself. Times are in nanoseconds.
#[derive(Debug, Default)]
pub struct Measures {
    /// Access tokens whose account was remembered.
    pub tokens_remembered: Counter,
    /// Access tokens that were checked, by their signature and in the store.
    pub tokens_checked: Counter,
    /// Passwords that wait for a worker.
    pub password_queue: Gauge,
    /// How long passwords waited for a worker.
    pub password_wait: Histogram,
    /// How long a worker took for each password.
    pub password_work: Histogram,
    /// Passwords that were turned away since too many waited.
    pub password_busy: Counter,
    /// Logins with a wrong password or of no account.
    pub login_failures: Counter,
    /// Logins that were refused since too many had failed.
    pub login_lockouts: Counter,
    /// What other nodes were told: messages on channels, changes of presence and beats.
    pub node_told: Counter,
    /// What could not be handed on to be told.
    pub node_lost: Counter,
    /// What other nodes told.
    pub node_heard: Counter,
    /// How often something between two things that a node told was not heard.
    pub node_gaps: Counter,
}

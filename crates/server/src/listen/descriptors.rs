//! File descriptors: each connection takes one, and the system gives a process only so many.

use std::time::{Duration, Instant};

/// Descriptors that are kept for the database with its readers, for logs and for the runtime.
const RESERVED: usize = 256;
/// How long to wait before the next try, at first and at most.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How far apart a shortage that lasts is logged.
const BETWEEN_LOGS: Duration = Duration::from_secs(5);

/// As many of the connections that a project asks for as there are descriptors for, and a warning when these are fewer. The soft limit, which
/// is low for the sake of old programs, is raised as far as it may be.
pub(super) fn affordable(max_connections: usize) -> usize {
    let wanted = u64::try_from(max_connections + RESERVED).unwrap_or(u64::MAX);
    let Ok(descriptors) = rlimit::increase_nofile_limit(wanted) else { return max_connections };
    let affordable = connections_within(usize::try_from(descriptors).unwrap_or(usize::MAX));
    if affordable >= max_connections {
        return max_connections;
    }
    tracing::warn!(
        max_connections,
        affordable,
        descriptors,
        "server.max_connections is beyond what the limit on open files (ulimit -Hn) allows, and is taken as what it does"
    );
    affordable
}

/// A small limit is shared half and half.
fn connections_within(descriptors: usize) -> usize {
    descriptors.saturating_sub(RESERVED).max(descriptors / 2).max(1)
}

/// A shortage that keeps connections from being accepted, while it lasts.
#[derive(Default)]
pub(super) struct Shortage {
    pause: Option<Duration>,
    logged: Option<Instant>,
}

impl Shortage {
    /// Notes that it is there still. Answers how long to wait, longer each time, and whether it is time to log it.
    pub(super) fn goes_on(&mut self, now: Instant) -> (Duration, bool) {
        let pause = self.pause.map_or(SHORTEST_PAUSE, |pause| (pause * 2).min(LONGEST_PAUSE));
        self.pause = Some(pause);
        let is_due = self.logged.is_none_or(|logged| now.duration_since(logged) >= BETWEEN_LOGS);
        if is_due {
            self.logged = Some(now);
        }
        (pause, is_due)
    }

    /// Notes that a connection was accepted. What was logged is remembered, since a shortage comes and goes with each connection.
    pub(super) fn is_over(&mut self) {
        self.pause = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_descriptors_are_left_for_the_rest() {
        for (descriptors, connections) in [(20_000, 19_744), (1_024, 768), (300, 150), (64, 32), (1, 1)] {
            assert_eq!(connections_within(descriptors), connections, "{descriptors}");
        }
    }

    #[test]
    fn a_shortage_is_waited_out_longer_each_time_and_logged_now_and_then() {
        let (mut shortage, start) = (Shortage::default(), Instant::now());
        let mut check = |seconds, pause_ms, is_due| {
            let now = start + Duration::from_secs(seconds);
            assert_eq!(shortage.goes_on(now), (Duration::from_millis(pause_ms), is_due), "at {seconds} s");
        };
        check(0, 100, true);
        check(0, 200, false);
        check(1, 400, false);
        check(2, 800, false);
        check(4, 1_000, false);
        check(5, 1_000, true);
        check(6, 1_000, false);
        shortage.is_over();
        assert_eq!(shortage.goes_on(start + Duration::from_secs(7)), (Duration::from_millis(100), false));
    }
}

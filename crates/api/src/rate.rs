//! How much a client may send over a socket.

use tokio::time::Instant;

/// A bucket that is full with the messages of a second, and fills at that rate.
#[derive(Debug)]
pub struct Rate {
    per_second: f64,
    left: f64,
    since: Instant,
}

impl Rate {
    /// A bucket for so many messages a second (`live.messages_per_second`).
    pub fn new(per_second: u32) -> Self {
        Rate { per_second: f64::from(per_second), left: f64::from(per_second), since: Instant::now() }
    }

    /// Whether one more may be sent now.
    pub fn take(&mut self) -> bool {
        let now = Instant::now();
        let filled = self.left + now.duration_since(self.since).as_secs_f64() * self.per_second;
        self.since = now;
        self.left = filled.min(self.per_second);
        let may = self.left >= 1.0;
        if may {
            self.left -= 1.0;
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::{advance, pause};

    #[tokio::test]
    async fn a_second_is_the_most_at_once() {
        pause();
        let mut rate = Rate::new(5);
        let taken = |rate: &mut Rate| (0..100).filter(|_| rate.take()).count();
        assert_eq!(taken(&mut rate), 5);
        advance(Duration::from_millis(400)).await;
        assert_eq!(taken(&mut rate), 2);
        advance(Duration::from_secs(60)).await;
        assert_eq!(taken(&mut rate), 5);
    }
}

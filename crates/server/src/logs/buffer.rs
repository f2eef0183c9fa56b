//! Between those who log and standard error: a bounded buffer, and a thread that empties it.
//!
//! A request must neither wait for whoever reads the log nor pay a system call for its line. So a line is copied into the buffer, and the thread
//! writes what has gathered in one go, some 50 times a second at most; sooner what is a warning or worse. When the reader does not keep
//! up the buffer gets full; further lines are then lost, and the log says how many as soon as it can.

use mainstay_ports::measure::Counter;
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What may wait to be written, in bytes: some thousands of lines.
const CAPACITY: usize = 1 << 20;
/// How long lines gather before they are written.
const GATHER: Duration = Duration::from_millis(20);

/// The buffer. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Buffer {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Wakes the thread.
    work: Condvar,
    /// Wakes those who wait until all is written.
    written: Condvar,
    lost: Arc<Counter>,
}

#[derive(Default)]
struct State {
    lines: Vec<u8>,
    /// Lines that found no room since it was last told.
    lost: u64,
    /// The thread sleeps until there is something to do; only then does it have to be woken.
    idle: bool,
    /// What waits shall not gather any longer.
    urgent: bool,
    /// The thread writes what it has taken.
    writing: bool,
    ended: bool,
}

/// What the thread took from the buffer.
struct Taken {
    lines: Vec<u8>,
    lost: u64,
}

impl Buffer {
    /// Adds a line with its end, or counts it as lost. Never waits for the reader of the log.
    pub(super) fn add(&self, line: &[u8], urgent: bool) {
        let mut state = self.lock();
        if state.lines.len() + line.len() > CAPACITY {
            state.lost += 1;
            self.shared.lost.increment();
            return;
        }
        state.lines.extend_from_slice(line);
        // A thread that lets lines gather looks by itself soon, unless it is told to hurry.
        let hurry = (urgent || state.lines.len() > CAPACITY / 2) && !state.urgent;
        state.urgent |= hurry;
        let wake = std::mem::take(&mut state.idle) || hurry;
        drop(state);
        if wake {
            self.shared.work.notify_one();
        }
    }

    /// How many lines were lost so far.
    pub(crate) fn lost(&self) -> Arc<Counter> {
        self.shared.lost.clone()
    }

    /// Waits until what was added is written, or the time is up.
    pub(super) fn flush(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        let mut state = self.lock();
        state.urgent = true;
        self.shared.work.notify_one();
        while state.writing || !state.lines.is_empty() {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else { return };
            let waited = self.shared.written.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Lets the thread end when all is written.
    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.shared.work.notify_one();
    }

    /// What the thread does: it writes until the end, and tells `complain` how many lines were lost.
    pub(super) fn write_all(&self, mut out: impl Write, complain: impl Fn(u64)) {
        let mut spare = Vec::new();
        while let Some(taken) = self.take(spare) {
            // A reader that went away is no reason to stop, and there is nobody to tell.
            let _ = out.write_all(&taken.lines).and_then(|()| out.flush());
            spare = taken.lines;
            spare.clear();
            self.lock().writing = false;
            self.shared.written.notify_all();
            if taken.lost > 0 {
                complain(taken.lost);
            }
        }
    }

    /// Waits for lines, lets more of them gather, and takes them all in exchange for an empty buffer. `None` at the end.
    fn take(&self, spare: Vec<u8>) -> Option<Taken> {
        let mut state = self.lock();
        while state.lines.is_empty() && state.lost == 0 {
            if state.ended {
                return None;
            }
            state.idle = true;
            state = self.shared.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.idle = false;
        let gathered =
            self.shared.work.wait_timeout_while(state, GATHER, |state| !state.urgent && !state.ended);
        let mut state = gathered.unwrap_or_else(PoisonError::into_inner).0;
        state.urgent = false;
        state.writing = true;
        let lines = std::mem::replace(&mut state.lines, spare);
        Some(Taken { lines, lost: std::mem::take(&mut state.lost) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
    use std::thread::{self, JoinHandle};

    const PATIENCE: Duration = Duration::from_secs(10);

    /// Hands on what is written, and waits until it is taken.
    struct Pipe(SyncSender<Vec<u8>>);

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let _ = self.0.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn start() -> (Buffer, Receiver<Vec<u8>>, JoinHandle<()>) {
        let (buffer, (sender, receiver)) = (Buffer::default(), sync_channel(0));
        let writer = buffer.clone();
        let complaining = buffer.clone();
        let complain = move |lost| complaining.add(format!("{lost} lost\n").as_bytes(), false);
        let thread = thread::spawn(move || writer.write_all(Pipe(sender), complain));
        (buffer, receiver, thread)
    }

    fn next(receiver: &Receiver<Vec<u8>>) -> String {
        let bytes = receiver.recv_timeout(PATIENCE).expect("something is written");
        String::from_utf8(bytes).expect("lines are text")
    }

    #[test]
    fn lines_are_written_in_order_and_together() {
        let (buffer, receiver, thread) = start();
        buffer.add(b"a\n", false);
        buffer.add(b"b\n", false);
        buffer.add(b"c\n", true);
        assert_eq!(next(&receiver), "a\nb\nc\n");
        buffer.add(b"d\n", false);
        assert_eq!(next(&receiver), "d\n", "it is written although nobody hurries");
        buffer.end();
        thread.join().expect("it ends");
    }

    #[test]
    fn who_does_not_read_loses_lines_and_learns_how_many() {
        const LINES: u64 = 4_000;
        let (buffer, receiver, thread) = start();
        let line = [b'x'; 1_023].iter().chain(b"\n").copied().collect::<Vec<u8>>();
        buffer.add(b"first\n", true);
        // The thread hangs on its first line, or has not begun: the buffer gets full either way, and nobody waits.
        let started = Instant::now();
        for _ in 0..LINES {
            buffer.add(&line, false);
        }
        assert!(started.elapsed() < PATIENCE / 2);
        let lost = buffer.lost().get();
        // The thread may have as much in its hands as the buffer holds.
        assert!((1_900..LINES).contains(&lost), "{lost} of {LINES}");
        buffer.end();
        let all: String = receiver.iter().map(|bytes| String::from_utf8(bytes).expect("text")).collect();
        thread.join().expect("it ends");
        assert!(all.starts_with("first\n") && all.ends_with(&format!("\n{lost} lost\n")), "{}", all.len());
        assert_eq!(all.lines().filter(|line| line.starts_with('x')).count() as u64, LINES - lost);
    }

    #[test]
    fn a_flush_waits_for_the_writing_and_not_for_ever() {
        let (buffer, receiver, thread) = start();
        buffer.add(b"a\n", false);
        let started = Instant::now();
        buffer.flush(Duration::from_millis(50));
        assert!(started.elapsed() < PATIENCE, "nobody reads, and it gives up");
        let reader = thread::spawn(move || next(&receiver));
        buffer.flush(PATIENCE);
        assert_eq!(reader.join().expect("it reads"), "a\n");
        buffer.end();
        thread.join().expect("it ends");
    }
}

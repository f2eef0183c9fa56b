//! What is logged while the tests run.
//!
//! One recorder for all: with one a test, events of a thread could be lost while another thread's recorder comes or goes. A test
//! finds its own lines by the request's id.

use std::fmt::{Debug, Write};
use std::sync::{Mutex, Once, PoisonError};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Begins to record, unless it was begun.
pub(crate) fn begin() {
    static BEGIN: Once = Once::new();
    BEGIN.call_once(|| tracing::subscriber::set_global_default(Recorder).unwrap());
}

/// Everything that was logged so far.
pub(crate) fn lines() -> Vec<String> {
    LINES.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The lines of a request, without what differs from run to run.
pub(crate) fn lines_of(request_id: &str) -> Vec<String> {
    let mark = format!("request_id=\"{request_id}\"");
    let http = lines().into_iter().filter(|line| line.starts_with("http ") && line.contains(&mark));
    http.map(|line| {
        let words = line.split(' ').filter(|word| !word.starts_with("duration_us="));
        words.collect::<Vec<_>>().join(" ")
    })
    .collect()
}

/// Writes each event as a line: target, level and fields.
struct Recorder;

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(format!("{} {}", event.metadata().target(), event.metadata().level()));
        event.record(&mut line);
        LINES.lock().unwrap_or_else(PoisonError::into_inner).push(line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

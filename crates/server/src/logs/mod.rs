//! Structured logs on standard error.

mod buffer;

use crate::failure::Failure;
use crate::terminal::colored_errors;
pub(crate) use buffer::Buffer;
use mainstay_model::{Log, LogFormat};
use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, IsTerminal, Write};
use std::panic::{self, PanicHookInfo};
use std::thread;
use std::time::Duration;
use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::MakeWriter;

/// How long the end of the program waits for the last lines to be written.
const LAST_LINES: Duration = Duration::from_secs(1);
/// How long a panic waits for its line to be written.
const PANIC_LINE: Duration = Duration::from_millis(100);

/// Keeps the log going. When it is dropped, what was logged is written.
pub(crate) struct Logs {
    /// Where the lines go first.
    pub(crate) buffer: Buffer,
}

impl Drop for Logs {
    fn drop(&mut self) {
        self.buffer.flush(LAST_LINES);
        self.buffer.end();
    }
}

/// Begins to log, in the form and from the level that the project or the command line chose.
pub(crate) fn start(log: &Log) -> Result<Logs, Failure> {
    let filter = filter(&log.level).map_err(|error| invalid_level(&log.level, &error))?;
    let buffer = Buffer::default();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(Lines(buffer.clone()));
    // Setting it fails only when logs were begun before, and a command begins them once.
    let _ = match log.format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Auto if !io::stderr().is_terminal() => builder.json().flatten_event(true).try_init(),
        LogFormat::Auto | LogFormat::Pretty => builder.with_ansi(colored_errors()).try_init(),
    };
    let writer = buffer.clone();
    thread::Builder::new()
        .name("log".to_owned())
        .spawn(move || writer.write_all(io::stderr(), complain_of_loss))
        .map_err(|error| {
            Failure::new("no_threads", format!("cannot start the threads of the program: {error}"))
        })?;
    log_panics(buffer.clone());
    Ok(Logs { buffer })
}

/// What is logged. The client of NATS would say at some levels what its password is, and at others what we say ourselves; so it is silent at all.
fn filter(level: &str) -> Result<EnvFilter, ParseError> {
    const SILENT: &str = "async_nats";
    let spoken = level.split(',').filter(|directive| !directive.trim_start().starts_with(SILENT));
    let silence = format!("{SILENT}=off");
    EnvFilter::try_new(spoken.chain([silence.as_str()]).collect::<Vec<_>>().join(","))
}

fn complain_of_loss(lines: u64) {
    tracing::warn!(target: "log", lines, "lines of the log were lost, since they were not read in time");
}

/// Lets a panic be a line of the log as all others, and written at once: it may be the last.
fn log_panics(buffer: Buffer) {
    panic::set_hook(Box::new(move |panic: &PanicHookInfo<'_>| {
        let message = panic.payload_as_str().unwrap_or("of an unknown kind");
        let backtrace = Backtrace::capture();
        let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
        let location = panic.location().map(tracing::field::display);
        tracing::error!(target: "panic", location, detail = message, backtrace, "a thread panicked");
        buffer.flush(PANIC_LINE);
    }));
}

/// Hands lines to the buffer.
struct Lines(Buffer);

/// A line on its way.
struct Line<'a> {
    buffer: &'a Buffer,
    urgent: bool,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { buffer: &self.0, urgent: false }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Line<'a> {
        Line { buffer: &self.0, urgent: *metadata.level() <= Level::WARN }
    }
}

impl Write for Line<'_> {
    /// An event is formatted as a whole before it is written, so these bytes are a line.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.buffer.add(line, self.urgent);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn invalid_level(level: &str, error: &dyn std::error::Error) -> Failure {
    Failure::new("invalid_log_level", format!("`{level}` is not a level of logs: {error}")).hint(
        "a level is `error`, `warn`, `info`, `debug` or `trace`, or a filter as `info,mainstay_engine=debug`",
    )
}

//! The load: many connections that ask as fast as they are answered, or at a pace.
//!
//! All of them run on one thread, which costs less for each request than several would, and leaves the other cores to
//! what is measured.

use crate::grpc::Channel;
use crate::http::{Answer, Connection};
use crate::process;
use crate::sample::Sample;
use crate::script::Script;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until, timeout};

/// How long the load runs before anything is counted.
const WARM_UP: Duration = Duration::from_millis(500);
/// How long the last answers may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Who is asked, and whose processor time and memory are counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its process.
    pub(crate) pid: u32,
    /// The process of the database server that it asks, which has children, if there is one.
    pub(crate) database: Option<u32>,
}

impl Target {
    /// The processor time that was spent so far, by it and by its database server.
    fn cpu(self) -> Result<(Duration, Duration), String> {
        let database = self.database.map_or(Ok(Duration::ZERO), process::cpu_of_family)?;
        Ok((process::cpu(self.pid)?, database))
    }
}

/// Connections that ask for the same kind of thing.
pub(crate) struct Crowd {
    /// What each connection asks.
    pub(crate) scripts: Vec<Script>,
    /// The least time between two requests of a connection; `None` asks again at once.
    pub(crate) interval: Option<Duration>,
}

impl Crowd {
    /// One that asks as fast as it is answered.
    pub(crate) fn eager(scripts: Vec<Script>) -> Self {
        Crowd { scripts, interval: None }
    }

    /// One that asks this often in a second, all connections together; 0 is as often as possible.
    pub(crate) fn paced(scripts: Vec<Script>, per_second: u32) -> Self {
        let interval = (per_second > 0).then(|| Duration::from_secs(scripts.len() as u64) / per_second);
        Crowd { scripts, interval }
    }
}

/// Drives the target with one crowd.
pub(crate) async fn measure(target: Target, crowd: Crowd, time: Duration) -> Result<Sample, String> {
    let mut samples = measure_together(target, vec![crowd], time).await?;
    samples.pop().ok_or_else(|| "nobody asked".to_owned())
}

/// Drives the target with several crowds at once; a sample for each. The processor time in each is that of all.
pub(crate) async fn measure_together(
    target: Target,
    crowds: Vec<Crowd>,
    time: Duration,
) -> Result<Vec<Sample>, String> {
    let phase = Arc::new(Phase::default());
    let mut running = Vec::with_capacity(crowds.len());
    for crowd in crowds {
        running.push(start(target.address, crowd, &phase).await?);
    }
    sleep(WARM_UP).await;
    process::forget_peak(target.pid);
    let (before, started) = (target.cpu()?, Instant::now());
    phase.set(Phase::COUNTING);
    sleep(time).await;
    phase.set(Phase::OVER);
    let (after, time) = (target.cpu()?, started.elapsed());
    let (cpu, database_cpu) = (after.0.saturating_sub(before.0), after.1.saturating_sub(before.1));
    let peak_kib = process::peak_kib(target.pid)?;
    let mut samples = Vec::with_capacity(running.len());
    for crowd in running {
        samples.push(Sample { time, cpu, database_cpu, peak_kib, ..finish(crowd).await? });
    }
    Ok(samples)
}

type Running = JoinSet<Result<Sample, String>>;

async fn start(address: SocketAddr, crowd: Crowd, phase: &Arc<Phase>) -> Result<Running, String> {
    let mut running = JoinSet::new();
    let count = crowd.scripts.len() as u32;
    for (number, script) in (0..).zip(crowd.scripts) {
        let connection = Asking::open(address, &script).await?;
        let pace = crowd.interval.map(|interval| Pace::new(interval, interval * number / count));
        running.spawn(ask(connection, script, pace, phase.clone()));
    }
    Ok(running)
}

/// Waits for the last answers, so that they do not burden what is measured next.
async fn finish(mut running: Running) -> Result<Sample, String> {
    let all = async {
        let mut sum = Sample::default();
        while let Some(ended) = running.join_next().await {
            sum.merge(&ended.map_err(|error| error.to_string())??);
        }
        Ok(sum)
    };
    timeout(PATIENCE, all).await.unwrap_or_else(|_| Err("the last answers do not come".to_owned()))
}

/// A connection in the protocol of its script.
enum Asking {
    Http(Connection),
    Grpc(Box<Channel>),
}

impl Asking {
    async fn open(address: SocketAddr, script: &Script) -> Result<Self, String> {
        match script.call() {
            None => Connection::open(address).await.map(Asking::Http),
            Some(call) => Channel::open(address, call).await.map(Box::new).map(Asking::Grpc),
        }
    }

    async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>, String> {
        match self {
            Asking::Http(connection) => connection.exchange(request).await,
            Asking::Grpc(channel) => channel.exchange(request).await,
        }
    }
}

/// Asks until it is over. What is answered while it counts is counted, whenever it was asked.
async fn ask(
    mut connection: Asking,
    mut script: Script,
    mut pace: Option<Pace>,
    phase: Arc<Phase>,
) -> Result<Sample, String> {
    let mut sample = Sample::default();
    while phase.get() != Phase::OVER {
        if let Some(pace) = &mut pace {
            pace.wait().await;
        }
        let started = Instant::now();
        let answer = connection.exchange(script.next_request()).await?;
        let good = script.is_good(answer.status, answer.body);
        match (phase.get(), good) {
            (Phase::COUNTING, true) => sample.add_good(started.elapsed()),
            (Phase::COUNTING, false) => sample.bad += 1,
            _ => {}
        }
    }
    Ok(sample)
}

/// When a connection asks next.
struct Pace {
    interval: Duration,
    due: Instant,
}

impl Pace {
    /// The first time comes after `delay`, which is another for each connection, so that they do not all ask at once.
    fn new(interval: Duration, delay: Duration) -> Self {
        Pace { interval, due: Instant::now() + delay }
    }

    /// One that is late does not hurry to make up for it: a pause is not followed by a burst.
    async fn wait(&mut self) {
        sleep_until(self.due.into()).await;
        self.due = (self.due + self.interval).max(Instant::now());
    }
}

/// How far the measurement is, told to all connections at once.
#[derive(Default)]
struct Phase(AtomicU8);

impl Phase {
    const COUNTING: u8 = 1;
    const OVER: u8 = 2;

    fn set(&self, phase: u8) {
        self.0.store(phase, Ordering::Relaxed);
    }

    fn get(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::http::request;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// Answers every third request with an error.
    async fn serve(listener: TcpListener) {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut buffer = [0; 1_024];
                let mut count = 0;
                while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
                    count += 1;
                    let status = if count % 3 == 0 { "503 No" } else { "200 OK" };
                    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\n{{}}");
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
    }

    async fn target() -> Target {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener));
        Target { address, pid: std::process::id(), database: None }
    }

    fn scripts(count: usize) -> Vec<Script> {
        let script = |_| Script::constant(request("GET", "/", None, None), 200, |_, _| true);
        (0..count).map(script).collect()
    }

    #[tokio::test]
    async fn good_and_bad_answers_are_told_apart() {
        let crowd = Crowd::eager(scripts(4));
        let sample = measure(target().await, crowd, Duration::from_millis(200)).await.unwrap();
        assert!(sample.bad > 0 && sample.time >= Duration::from_millis(200));
        let thirds = sample.good as f64 / sample.bad as f64;
        assert!((1.5..2.5).contains(&thirds), "{} good, {} bad", sample.good, sample.bad);
    }

    #[tokio::test]
    async fn a_pace_is_kept() {
        let crowds = vec![Crowd::paced(scripts(2), 100), Crowd::paced(scripts(2), 20)];
        let samples = measure_together(target().await, crowds, Duration::from_millis(500)).await.unwrap();
        for (sample, per_second) in samples.iter().zip([100.0, 20.0]) {
            let (asked, expected) =
                ((sample.good + sample.bad) as f64, per_second * sample.time.as_secs_f64());
            // A machine that is busy makes it fewer, and nothing makes it more, but for one of each connection at the edges.
            assert!(asked > 0.0 && asked <= expected + 4.0, "{asked} of {expected}");
        }
    }

    #[tokio::test]
    async fn a_connection_that_breaks_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target =
            Target { address: listener.local_addr().unwrap(), pid: std::process::id(), database: None };
        tokio::spawn(async move { drop(listener.accept().await) });
        let error = measure(target, Crowd::eager(scripts(1)), Duration::from_millis(10)).await.unwrap_err();
        assert!(error.contains("closed") || error.contains("receiving"), "{error}");
    }
}

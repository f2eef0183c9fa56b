//! The workloads `watch` and `live`: many connections that wait for the messages of one room, and a few that write them.
//!
//! The same audience watches the program and what is bare. It lives on one thread and does as little as it can for each
//! delivery, since it takes its share of the same cores.

mod audience;
mod scanner;
mod teller;
mod wire;

pub(crate) use wire::{Opening, Wire};

use crate::load::Target;
use crate::process;
use crate::sample::Sample;
use crate::scene::Scene;
use crate::script::Script;
use audience::Audience;
use std::io::Write;
use std::time::{Duration, Instant};

/// How long each kind of load runs before anything is counted.
const WARM_UP: Duration = Duration::from_millis(500);

/// Who watches what, and who tells them something.
pub(crate) struct Plan {
    /// What is watched.
    pub(crate) target: Target,
    /// How it is watched.
    pub(crate) wire: Wire,
    /// How each watcher opens its stream.
    pub(crate) watchers: Vec<Opening>,
    /// How each teller begins, and what it says; each time that is one event for each watcher.
    pub(crate) tellers: Vec<(Opening, Script)>,
}

impl Plan {
    /// A room's messages, watched by its members in turn.
    pub(crate) fn new(target: Target, scene: &Scene, wire: Wire, watchers: u16, tellers: u16) -> Self {
        let members = |count: u16| scene.members.iter().cycle().take(usize::from(count));
        let watchers = members(watchers).map(|member| wire.watcher(&scene.room, &member.token)).collect();
        let tellers = (0..).zip(members(tellers));
        let tellers = tellers
            .map(|(number, member)| (wire.teller(&member.token), wire.script(scene, member, number)))
            .collect();
        Plan { target, wire, watchers, tellers }
    }

    /// First single messages, of which each delivery is timed from when the message was sent; then a burst, in which as many
    /// messages are under way as there are tellers, and of which the deliveries are counted.
    pub(crate) fn measure(self, time: Duration) -> Result<Sample, String> {
        let pid = self.target.pid;
        let mut audience = Audience::gather(self)?;
        process::forget_peak(pid);
        audience.singles(WARM_UP)?;
        let latency = audience.singles(time)?;
        audience.burst(WARM_UP)?;
        let (cpu, started) = (process::cpu(pid)?, Instant::now());
        let good = audience.burst(time)?;
        let (cpu, time) = (process::cpu(pid)?.saturating_sub(cpu), started.elapsed());
        audience.drain()?;
        Ok(Sample { good, time, cpu, latency, peak_kib: process::peak_kib(pid)?, ..Sample::default() })
    }
}

/// How many bytes the event of a message has, found out by telling one to a watcher.
pub(crate) async fn event_bytes(target: Target, scene: &Scene, wire: Wire) -> Result<usize, String> {
    let plan = Plan::new(target, scene, wire, 1, 1);
    let bytes = tokio::task::spawn_blocking(move || plan.event_bytes());
    bytes.await.map_err(|error| error.to_string())?
}

impl Plan {
    fn event_bytes(mut self) -> Result<usize, String> {
        let (address, wire) = (self.target.address, self.wire);
        let watcher = self.watchers.pop().ok_or("nobody watches")?;
        let (teller, mut script) = self.tellers.pop().ok_or("nobody tells")?;
        let mut stream = audience::open(address, &watcher, wire)?;
        let mut told = audience::connect(address, &teller)?;
        told.write_all(script.next_request()).map_err(|error| format!("{address}: {error}"))?;
        scanner::first_event_bytes(&mut stream, wire)
    }

    /// Opens the watchers' streams, and asks `after` each of these numbers of them.
    pub(crate) fn hold<T>(
        &self,
        counts: &[u16],
        mut after: impl FnMut(u16) -> Result<T, String>,
    ) -> Result<Vec<T>, String> {
        let mut streams = Vec::with_capacity(self.watchers.len());
        let mut all = Vec::with_capacity(counts.len());
        for count in counts {
            while streams.len() < usize::from(*count) {
                let opening = &self.watchers[streams.len()];
                streams.push(audience::open(self.target.address, opening, self.wire)?);
            }
            all.push(after(*count)?);
        }
        Ok(all)
    }
}

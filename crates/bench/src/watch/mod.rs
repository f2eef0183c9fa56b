//! The workload `watch`: many connections that wait for the messages of one room, and a few that write them.
//!
//! The same audience watches the program and the bare loop. It lives on one thread and does as little as it can for each
//! delivery, since it takes its share of the same cores.

mod audience;
mod scanner;
mod teller;

use crate::client::Client;
use crate::load::Target;
use crate::process;
use crate::sample::Sample;
use crate::scene::{Scene, message};
use crate::script::Script;
use crate::workload::Workload;
use audience::Audience;
use std::time::{Duration, Instant};

/// How long each kind of load runs before anything is counted.
const WARM_UP: Duration = Duration::from_millis(500);

/// Who watches what, and who tells them something.
pub(crate) struct Plan {
    /// What is watched.
    pub(crate) target: Target,
    /// For each watcher the request that opens its stream.
    pub(crate) watchers: Vec<Vec<u8>>,
    /// What each teller posts; each post is one event for each watcher.
    pub(crate) tellers: Vec<Script>,
}

impl Plan {
    /// A room's messages, watched by its members in turn.
    pub(crate) fn new(target: Target, scene: &Scene, watchers: u16, tellers: u16) -> Self {
        let members = scene.members.iter().cycle().take(usize::from(watchers));
        Plan {
            target,
            watchers: members.map(|member| watch_request(&scene.room, &member.token)).collect(),
            tellers: Workload::Watch.scripts(scene, usize::from(tellers)),
        }
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

fn watch_request(room: &str, token: &str) -> Vec<u8> {
    let target = format!("/v1/messages?filter=room%20%3D%3D%20%22{room}%22&snapshot=false");
    let head = format!(
        "GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nAccept: text/event-stream\r\n\r\n"
    );
    head.into_bytes()
}

/// How many bytes the event of a message has, found out by posting one to a watcher.
pub(crate) async fn event_bytes(target: Target, scene: &Scene) -> Result<usize, String> {
    let mut plan = Plan::new(target, scene, 1, 0);
    let request = plan.watchers.pop().ok_or("nobody watches")?;
    let stream = tokio::task::spawn_blocking(move || audience::open(target.address, &request));
    let mut stream = stream.await.map_err(|error| error.to_string())??;
    let mut client = Client::open(target.address).await?;
    client.create("/v1/messages", &scene.members[0].token, &message(&scene.room, 0)).await?;
    let bytes = tokio::task::spawn_blocking(move || scanner::first_event_bytes(&mut stream));
    bytes.await.map_err(|error| error.to_string())?
}

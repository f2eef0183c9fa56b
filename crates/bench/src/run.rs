//! The whole run: set the scene, time the starts, then round after round.

use crate::bare::http::{BareAxum, scripts};
use crate::bare::sockets::BareSockets;
use crate::bare::stream::BareLoop;
use crate::client::Client;
use crate::data::{Data, Limits};
use crate::disk;
use crate::load::{Crowd, Target, measure, measure_together};
use crate::options::{Engine, Options};
use crate::postgres::Recorded;
use crate::process;
use crate::program::{Program, Running};
use crate::sample::{Sample, median};
use crate::scene::Scene;
use crate::step::{self, Size, Step};
use crate::watch::{Plan, Wire, event_bytes};
use crate::workload::{Workload, list_target};
use std::collections::BTreeMap;
use std::time::Duration;

/// Starts that the time to the first answer is the median of.
const STARTS: usize = 5;
/// After this long, a program that nobody asks has settled.
const IDLE: Duration = Duration::from_secs(2);

/// The workloads that find the messages as they were filled in, those that add to them, and those that are brought them.
const PHASES: [(&str, &[Workload]); 4] = [
    (
        "reading",
        &[
            Workload::ReadById,
            Workload::List,
            Workload::GraphqlReadById,
            Workload::GraphqlList,
            Workload::GrpcReadById,
            Workload::GrpcList,
            Workload::Login,
        ],
    ),
    ("writing", &[Workload::Create, Workload::Batch]),
    ("watching", &[Workload::Watch, Workload::LiveWatch1000, Workload::Live1000]),
    // Last, since the memory that it takes is not all given back.
    ("crowded", &[Workload::Live10000]),
];

/// How many sockets are held to see what memory one takes.
pub(crate) const IDLE_SOCKETS: [u16; 2] = [1_000, 10_000];
/// Descriptors for what else is open beside the sockets.
const SPARE_DESCRIPTORS: u64 = 500;

/// What was measured in turn.
pub(crate) struct Phase {
    /// Its name in the report.
    pub(crate) name: &'static str,
    /// All rounds of each step together.
    pub(crate) samples: BTreeMap<Step, Sample>,
}

/// Everything that was measured.
pub(crate) struct Measured {
    /// Where the program kept its data.
    pub(crate) engine: Engine,
    /// Messages in the room before anything was measured.
    pub(crate) messages: u64,
    /// The workloads and the limits.
    pub(crate) phases: Vec<Phase>,
    /// From the start of the program to its first good answer, on existing data.
    pub(crate) first_answer: Duration,
    /// Memory that is resident while nobody asks, in KiB.
    pub(crate) idle_kib: u64,
    /// Memory for each of [`IDLE_SOCKETS`] that hear a channel on which nothing is said, in KiB; empty when it was not measured.
    pub(crate) idle_socket_kib: Vec<f64>,
    /// What the program sends.
    pub(crate) sizes: Sizes,
}

/// Sizes of what the program sends, in bytes, so that the limits send as much.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sizes {
    /// An answer with one message.
    pub(crate) record: usize,
    /// An answer with a page of them.
    pub(crate) page: usize,
    /// The event of a new message; 0 when nobody is to watch.
    pub(crate) event: usize,
    /// The text of the frame with that event; 0 as above.
    pub(crate) record_frame: usize,
    /// The text of the frame with a message on a channel; 0 as above.
    pub(crate) message_frame: usize,
}

/// Measures it all with so many messages. What it starts has ended, and what it wrote is gone, when this returns or is dropped.
pub(crate) async fn run(options: &Options, messages: u64) -> Result<Measured, String> {
    disk::check(&options.folder);
    let folder = tempfile::Builder::new().prefix("mainstay-bench-").tempdir_in(&options.folder);
    let folder = folder.map_err(|error| format!("{}: {error}", options.folder.display()))?;
    let data = Data::open(options, folder.path())?;
    let program = Program::prepare(options, folder.path(), &data)?;
    let Filled { mut scene, sizes, recorded } = fill(&program, &data, options, messages).await?;
    let first_answer = time_starts(&program, &scene).await?;
    let idle_socket_kib = idle_socket_kib(options, &program, &scene).await?;
    let limits = data.limits(recorded)?;
    let mut stage = Stage::open(options, program.start()?, limits, sizes)?;
    let idle_kib = idle_kib(stage.program.target, &scene).await?;
    let mut phases = Vec::new();
    for (name, workloads) in PHASES {
        phases.push(Phase { name, samples: stage.phase(&mut scene, workloads).await? });
    }
    stage.program.stop()?;
    Ok(Measured { engine: options.engine, messages, phases, first_answer, idle_kib, idle_socket_kib, sizes })
}

/// What is known when the data are filled.
struct Filled {
    scene: Scene,
    sizes: Sizes,
    recorded: Option<Recorded>,
}

/// Fills the data.
async fn fill(program: &Program, data: &Data, options: &Options, messages: u64) -> Result<Filled, String> {
    let running = program.start()?;
    let address = running.target.address;
    let mut scene = Scene::set_up(address).await?;
    let missing = scene.fill(address, messages).await?;
    scene.renew_tokens(address).await?;
    let mut client = Client::open(address).await?;
    let token = &scene.members[0].token;
    let record = client.size(&message_target(&scene), token).await?;
    let page = client.size(&list_target(&scene.room), token).await?;
    let event = event_size(options, running.target, &scene, Workload::Watch, Wire::Events).await?;
    let record_frame =
        event_size(options, running.target, &scene, Workload::LiveWatch1000, Wire::Records).await?;
    let channel =
        [Workload::Live1000, Workload::Live10000].into_iter().find(|workload| options.wants(*workload));
    let message_frame = match channel {
        Some(workload) => event_size(options, running.target, &scene, workload, Wire::Channel).await?,
        None => 0,
    };
    let recorded = data.record(address, &scene).await?;
    running.stop()?;
    scene.fill_rows(data, missing)?;
    let sizes = Sizes { record, page, event, record_frame, message_frame };
    Ok(Filled { scene, sizes, recorded })
}

async fn event_size(
    options: &Options,
    target: Target,
    scene: &Scene,
    workload: Workload,
    wire: Wire,
) -> Result<usize, String> {
    if options.wants(workload) { event_bytes(target, scene, wire).await } else { Ok(0) }
}

fn message_target(scene: &Scene) -> String {
    format!("/v1/messages/{}", scene.messages[0])
}

async fn time_starts(program: &Program, scene: &Scene) -> Result<Duration, String> {
    let mut times = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        times.push(program.first_answer(&message_target(scene), &scene.members[0].token).await?);
    }
    Ok(median(times))
}

async fn idle_kib(target: Target, scene: &Scene) -> Result<u64, String> {
    Client::open(target.address).await?.get(&message_target(scene), &scene.members[0].token).await?;
    tokio::time::sleep(IDLE).await;
    process::resident_kib(target.pid)
}

/// What sockets add to the memory of a program that was idle, for each of them.
async fn idle_socket_kib(options: &Options, program: &Program, scene: &Scene) -> Result<Vec<f64>, String> {
    let most = IDLE_SOCKETS[IDLE_SOCKETS.len() - 1];
    if !options.wants(Workload::LiveIdle) || !has_descriptors(most) {
        return Ok(Vec::new());
    }
    let running = program.start()?;
    let target = running.target;
    let before = idle_kib(target, scene).await?;
    let plan = Plan::new(target, scene, Wire::Channel, most, 0);
    let per_socket = move |count: u16| {
        std::thread::sleep(IDLE);
        let after = process::resident_kib(target.pid)?;
        let kib = after.saturating_sub(before) as f64 / f64::from(count);
        eprintln!("idle sockets: {count} take {kib:.1} KiB each");
        Ok(kib)
    };
    let held = tokio::task::spawn_blocking(move || plan.hold(&IDLE_SOCKETS, per_socket)).await;
    let kib = held.map_err(|error| error.to_string())??;
    running.stop()?;
    Ok(kib)
}

/// Whether we may hold so many sockets. The program has the same bound, and as many at its end.
fn has_descriptors(sockets: u16) -> bool {
    let needed = u64::from(sockets) + SPARE_DESCRIPTORS;
    let may = rlimit::getrlimit(rlimit::Resource::NOFILE).map_or(u64::MAX, |(soft, _)| soft);
    if may < needed {
        eprintln!(
            "{sockets} sockets are left out: they take {needed} descriptors, and `ulimit -Hn` allows {may}"
        );
    }
    may >= needed
}

/// The program and its limits, ready to be measured in turn.
struct Stage<'a> {
    options: &'a Options,
    program: Running,
    axum: BareAxum,
    limits: Limits,
    bare_loop: BareLoop,
    bare_sockets: BareSockets,
    sizes: Sizes,
}

impl<'a> Stage<'a> {
    fn open(options: &'a Options, program: Running, limits: Limits, sizes: Sizes) -> Result<Self, String> {
        let axum = BareAxum::start(&[sizes.record, sizes.page])?;
        let bare_loop = BareLoop::start(sizes.event)?;
        let bare_sockets = BareSockets::start(sizes.record_frame, sizes.message_frame)?;
        Ok(Stage { options, program, axum, limits, bare_loop, bare_sockets, sizes })
    }

    async fn phase(
        &mut self,
        scene: &mut Scene,
        workloads: &[Workload],
    ) -> Result<BTreeMap<Step, Sample>, String> {
        let workloads: Vec<Workload> =
            workloads.iter().copied().filter(|workload| self.measures(*workload)).collect();
        let mut sums: BTreeMap<Step, Sample> = BTreeMap::new();
        for round in 1..=self.options.rounds {
            for step in step::of(&workloads, self.options.engine) {
                scene.renew_tokens(self.program.target.address).await?;
                let sample =
                    self.step(scene, step).await.map_err(|error| format!("{}: {error}", step.name()))?;
                eprintln!("round {round}: {} {:.0}/s", step.name(), sample.per_second());
                sums.entry(step).or_default().merge(&sample);
            }
        }
        Ok(sums)
    }

    async fn step(&mut self, scene: &Scene, step: Step) -> Result<Sample, String> {
        let (time, program) = (self.options.time(), self.program.target);
        let connections = usize::from(self.options.connections);
        match step {
            Step::Workload(Workload::Watch) => {
                self.watch(program, scene, Wire::Events, self.options.watchers).await
            }
            Step::Loop => self.watch(self.bare_loop.target, scene, Wire::Events, self.options.watchers).await,
            Step::Broadcast(wire, watchers) => {
                self.watch(self.bare_sockets.target, scene, wire, watchers).await
            }
            Step::Workload(workload) => {
                if let Some((wire, watchers)) = workload.audience() {
                    return self.watch(program, scene, wire, watchers).await;
                }
                measure(program, Crowd::eager(workload.scripts(scene, connections)), time).await
            }
            Step::Axum(size) => {
                let size = match size {
                    Size::Record => self.sizes.record,
                    Size::Page => self.sizes.page,
                };
                measure(
                    self.axum.target,
                    Crowd::eager(scripts(size, connections, &scene.members[0].token)),
                    time,
                )
                .await
            }
            Step::Bare(work) => self.limits.worker.measure(work, time),
            Step::Pgbench(work) => {
                let pgbench = self.limits.pgbench.as_mut().ok_or("there is no PostgreSQL")?;
                pgbench.measure(work, self.options.connections, time)
            }
            Step::ReadsAlone => measure(program, self.readers(scene), time).await,
            Step::ReadsBesideLogins => {
                let logins = Crowd::eager(Workload::Login.scripts(scene, connections - connections / 2));
                let mut samples = measure_together(program, vec![logins, self.readers(scene)], time).await?;
                samples.pop().ok_or_else(|| "nobody read".to_owned())
            }
        }
    }

    fn measures(&self, workload: Workload) -> bool {
        self.options.wants(workload)
            && workload.audience().is_none_or(|(_, watchers)| has_descriptors(watchers))
    }

    async fn watch(
        &self,
        target: Target,
        scene: &Scene,
        wire: Wire,
        watchers: u16,
    ) -> Result<Sample, String> {
        let plan = Plan::new(target, scene, wire, watchers, self.options.connections);
        let time = self.options.time();
        let measured = tokio::task::spawn_blocking(move || plan.measure(time)).await;
        measured.map_err(|error| error.to_string())?
    }

    fn readers(&self, scene: &Scene) -> Crowd {
        let half = usize::from(self.options.connections) / 2;
        Crowd::paced(Workload::ReadById.scripts(scene, half), self.options.reads_beside_logins)
    }
}

//! `mainstay serve` and `mainstay dev`

use super::runtime;
use crate::backend::Backend;
use crate::cli::ProjectArgs;
use crate::failure::{Failure, exit};
use crate::graphql::with_graphql;
use crate::listen::{Listener, Options, Stopped};
use crate::logs::{self, Logs};
use crate::metrics::Metrics;
use crate::project::{Opened, summary};
use crate::proto;
use crate::records::database;
use crate::schema_change;
use crate::signals::Signals;
use crate::terminal::{colored_errors, complain, counted, say};
use crate::tls::{self, Tls};
use crate::wake::{self, Nodes};
use axum::Router;
use clap::Args;
use mainstay_api::Api;
use mainstay_api::operations::Protocol;
use mainstay_engine::Engine as Service;
use mainstay_model::{Durability, Log, LogFormat};
use mainstay_ports::Wake;
use mainstay_ports::measure::Counter;
use mainstay_proto::{LOCK_FILE, Lock};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// How long between two rounds of tidying up.
const MAINTENANCE: Duration = Duration::from_secs(60);
/// The most connections to the listener of metrics.
const METRICS_CONNECTIONS: usize = 64;
/// How long it may take at the end to write down what was used.
const LAST_USES: Duration = Duration::from_secs(2);
/// How long it may take at the end to say goodbye to other nodes.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// How long tasks may take to notice that the program ends.
const LAST_TASKS: Duration = Duration::from_secs(1);

/// Serve a project
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mainstay serve                             the project in this folder
  mainstay serve examples/chat --listen 0.0.0.0:8080
  mainstay serve --listen 127.0.0.1:0        a free port; the output says which

SIGTERM or Ctrl-C ends it when the requests in flight are answered; a second one ends it at once.")]
pub(crate) struct Serve {
    #[command(flatten)]
    project: ProjectArgs,
    /// Where to listen, as 127.0.0.1:8080 [default: `server.listen` of mainstay.toml]
    #[arg(long, value_name = "ADDR", value_parser = listen_address)]
    listen: Option<SocketAddr>,
    #[command(flatten)]
    tls: TlsArgs,
    #[command(flatten)]
    log: LogArgs,
}

/// With which certificate to speak TLS, other than mainstay.toml says.
#[derive(Debug, Args)]
struct TlsArgs {
    /// The certificate to speak TLS with, in PEM [default: `server.tls.certificate` of mainstay.toml]
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// The certificate's key, in PEM [default: `server.tls.key` of mainstay.toml]
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
}

impl TlsArgs {
    /// TLS with what is named here, or else by the project; `None` for plain HTTP.
    fn open(&self, project: &Opened) -> Result<Option<Arc<Tls>>, Failure> {
        let files = match (&self.tls_certificate, &self.tls_key) {
            (Some(certificate), Some(key)) => {
                Some(tls::Files { certificate: certificate.clone(), key: key.clone() })
            }
            _ => tls::files(&project.folder, &project.application.config.server.tls),
        };
        Ok(files.map(Tls::open).transpose()?.map(Arc::new))
    }
}

/// How to log, other than mainstay.toml says.
#[derive(Debug, Args)]
struct LogArgs {
    /// The form of logs: `json`, `pretty`, or `auto` for pretty on a terminal [default: `log.format` of mainstay.toml]
    #[arg(long = "log-format", value_name = "FORMAT", value_parser = log_format)]
    format: Option<LogFormat>,
    /// The least level of logs, as `debug` or `info,mainstay_engine=debug` [default: `log.level` of mainstay.toml]
    #[arg(long = "log-level", value_name = "LEVEL")]
    level: Option<String>,
}

impl LogArgs {
    /// What is said here, and else what the project says.
    fn over(&self, log: &Log) -> Log {
        Log {
            format: self.format.unwrap_or(log.format),
            level: self.level.clone().unwrap_or_else(|| log.level.clone()),
        }
    }
}

fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "auto" => Ok(LogFormat::Auto),
        "json" => Ok(LogFormat::Json),
        "pretty" => Ok(LogFormat::Pretty),
        _ => Err("write `auto`, `json` or `pretty`".to_owned()),
    }
}

/// An address with a port. Of names only `localhost` is understood, which needs nobody to resolve it.
fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let numeric = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    numeric.as_deref().unwrap_or(text).parse().map_err(|_| {
        "write an IP address and a port: 127.0.0.1:8080 for this machine alone, 0.0.0.0:8080 for all, [::1]:8080".to_owned()
    })
}

/// Serve a project while it is being made: changes of models that lose nothing are applied at start
#[derive(Debug, Args)]
#[command(after_help = "\
Like `serve`, but the database follows the models by itself where nothing gets lost, so does api/proto.lock where
there is one, and logs are made for people.
Stop it and start it again after a change of the project.

Example:
  mainstay dev examples/chat")]
pub(crate) struct Dev {
    #[command(flatten)]
    serve: Serve,
}

impl Serve {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let project = Opened::load(&self.project.folder)?;
        let logs = logs::start(&self.log.over(&project.application.config.log))?;
        if !project.diagnostics.items.is_empty() {
            complain(&format!("{}: `mainstay check` shows them\n", summary(&project.diagnostics)));
        }
        self.open_and_serve(&project, &logs, false)
    }

    fn open_and_serve(&self, project: &Opened, logs: &Logs, is_dev: bool) -> Result<ExitCode, Failure> {
        let lock = proto::for_serving(project)?;
        let tls = self.tls.open(project)?;
        let runtime = runtime()?;
        // The port first: whoever starts the program twice shall hear of the port and not of the database's lock.
        let listener = {
            let _within = runtime.enter();
            Listener::bind(self.listen.unwrap_or(project.application.config.server.listen))?
        };
        let metrics_listener = {
            let _within = runtime.enter();
            project.application.config.server.metrics_listen.map(Listener::bind).transpose()?
        };
        let backend = Backend::open(project, self.project.data.data.as_deref(), &runtime)?;
        let listeners = Listeners { api: listener, tls, metrics: metrics_listener };
        let api = with_graphql(Api::new(backend.engine.clone()), project, is_dev)?;
        let nodes = wake::open(project, &backend, &runtime)?;
        say(&banner(project, &backend, nodes.as_ref(), &listeners));
        let wake = nodes.map(|nodes| nodes.wake);
        let code =
            runtime.block_on(serve(listeners, api, &backend, project, &lock, wake, logs.buffer.lost()));
        // Tasks that still run hold on to the store; with the last of them gone it closes, and all data are in its one file.
        runtime.shutdown_timeout(LAST_TASKS);
        drop(backend);
        code
    }
}

impl Dev {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let project = Opened::load(&self.serve.project.folder)?;
        let level = project.application.config.log.level.clone();
        let logs = logs::start(&self.serve.log.over(&Log { format: LogFormat::Pretty, level }))?;
        complain(&project.diagnostics.render(colored_errors()));
        let folder = project.data_folder(self.serve.project.data.data.as_deref());
        say(&schema_change::apply_safe(&project, &folder)?);
        if proto::update_if_any(&project)? {
            say(&format!("wrote {LOCK_FILE}\n"));
        }
        self.serve.open_and_serve(&project, &logs, true)
    }
}

/// Where the program listens.
struct Listeners {
    api: Listener,
    /// The TLS of `api`.
    tls: Option<Arc<Tls>>,
    /// For metrics alone.
    metrics: Option<Listener>,
}

async fn serve(
    listeners: Listeners,
    api: Api,
    backend: &Backend,
    project: &Opened,
    lock: &Lock,
    wake: Option<Arc<dyn Wake>>,
    log_lines_lost: Arc<Counter>,
) -> Result<ExitCode, Failure> {
    let (mut first, mut both) = (Signals::listen()?, Signals::listen()?);
    let watched = backend.engine.clone();
    let stop = async {
        let signal = first.next().await;
        tracing::info!(signal, "stopping");
        // They would not end by themselves.
        watched.close_watches();
    };
    let second_stop = async {
        both.next().await;
        both.next().await;
    };
    tokio::spawn(maintain(backend.engine.clone()));
    let follower = backend.engine.clone();
    tokio::spawn(async move { follower.follow_other_nodes().await });
    if let Some(wake) = wake.clone() {
        let node = backend.engine.clone();
        tokio::spawn(async move { node.join_nodes(wake).await });
    }
    if let Some(tls) = listeners.tls.clone() {
        tokio::spawn(tls.follow());
    }
    let options = Options { tls: listeners.tls, ..Options::of(&project.application.config) };
    let router = router(api, backend, lock, &options, listeners.metrics, log_lines_lost);
    let serving = listeners.api.serve(router, options, stop);
    say("ready\n");
    tokio::select! {
        stopped = serving => {
            note_uses(&backend.engine).await;
            if let Some(wake) = wake {
                let goodbye = backend.engine.leave_nodes(wake.as_ref());
                // Others notice without it, too.
                let _ = tokio::time::timeout(LAST_WORDS, goodbye).await;
            }
            Ok(report(stopped))
        }
        () = second_stop => Ok(ExitCode::from(exit::INTERRUPTED)),
    }
}

/// The API, with the metrics in it unless they have a listener of their own. That one serves as long as the program runs, a stop included.
fn router(
    api: Api,
    backend: &Backend,
    lock: &Lock,
    options: &Options,
    listener: Option<Listener>,
    log_lines_lost: Arc<Counter>,
) -> Router {
    let grpc = mainstay_grpc::endpoints(&api.operations(Protocol::Grpc), lock);
    let api = grpc.into_iter().fold(api.with_numbers(lock.clone()), Api::with);
    let sockets = Arc::<mainstay_live::Measures>::default();
    let versions = api.operations(Protocol::Live).versions();
    let live = versions.into_iter().map(|version| mainstay_live::endpoint(version, sockets.clone()));
    let api = live.fold(api, Api::with);
    #[cfg(feature = "echo")]
    let api = {
        let operations = api.operations(Protocol::Live);
        api.with(mainstay_live::echo(operations, sockets.clone()))
    };
    let metrics = Metrics {
        engine: backend.engine.clone(),
        records: backend.records.clone(),
        database: database(&backend.folder),
        requests: api.requests(),
        operations: api.counts(),
        sockets,
        connections: options.measures.clone(),
        tls: options.tls.clone(),
        log_lines_lost,
    };
    let Some(listener) = listener else { return api.with_metrics(move || metrics.text()).router() };
    let options = Options {
        max_connections: METRICS_CONNECTIONS,
        measures: Arc::default(),
        tls: None,
        ..options.clone()
    };
    tokio::spawn(listener.serve(metrics.router(), options, std::future::pending()));
    api.router()
}

fn report(stopped: Stopped) -> ExitCode {
    match stopped {
        Stopped::Drained => tracing::info!("stopped"),
        Stopped::Cut { connections } => {
            tracing::warn!(connections, "stopped; connections were cut since their time was up");
        }
    }
    ExitCode::SUCCESS
}

/// Writes down what maintenance would have the next time. It is not worth more than a moment.
async fn note_uses(engine: &Service) {
    match tokio::time::timeout(LAST_USES, engine.record_uses()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(code = error.code.as_str(), detail = error.detail, "uses were lost"),
        Err(_) => tracing::warn!("uses were lost: writing them down took too long"),
    }
}

async fn maintain(engine: Service) {
    loop {
        tokio::time::sleep(MAINTENANCE).await;
        match engine.maintain().await {
            Ok(done) => tracing::debug!(
                records = done.records,
                sessions = done.sessions,
                locks = done.locks,
                changes = done.changes,
                "tidied up"
            ),
            Err(error) => {
                tracing::error!(code = error.code.as_str(), detail = error.detail, "tidying up failed");
            }
        }
    }
}

fn banner(project: &Opened, backend: &Backend, nodes: Option<&Nodes>, listeners: &Listeners) -> String {
    let application = &project.application;
    let models = application.models.iter().filter(|model| !model.internal).count();
    let operations = backend.engine.registry().operations().len();
    let durability = match application.config.data.durability {
        Durability::Full => "full",
        Durability::Normal => "normal",
    };
    let metrics = listeners
        .metrics
        .as_ref()
        .map(|listener| format!("metrics     http://{}/metrics\n", listener.address()));
    let place = nodes.and_then(|nodes| nodes.place.as_ref());
    format!(
        "mainstay {version}\n\
         project     {name} in {folder}: {models}, {operations}\n\
         data        {data}, durability {durability})\n{nodes}\
         listening   {scheme}://{address}\n\
         docs        {scheme}://{address}/docs\n{metrics}",
        version = env!("CARGO_PKG_VERSION"),
        name = project.name(),
        folder = project.folder.display(),
        models = counted(models, "model"),
        operations = counted(operations, "operation"),
        data = backend.records.place(&backend.folder),
        scheme = if listeners.tls.is_some() { "https" } else { "http" },
        nodes = place.map(|place| format!("nodes       tell each other by {place}\n")).unwrap_or_default(),
        address = listeners.api.address(),
        metrics = metrics.unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_to_listen_on() {
        let check = |text: &str, expected: Option<&str>| {
            let address = listen_address(text).ok().map(|address| address.to_string());
            assert_eq!(address.as_deref(), expected, "{text:?}");
        };
        check("0.0.0.0:80", Some("0.0.0.0:80"));
        check("[::1]:80", Some("[::1]:80"));
        check("localhost:8080", Some("127.0.0.1:8080"));
        for text in [":8080", "8080", "localhost", "localhost:", "example.org:80", "127.0.0.1"] {
            check(text, None);
        }
    }
}

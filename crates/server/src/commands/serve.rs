//! `mainstay serve` and `mainstay dev`

use super::runtime;
use crate::backend::{Backend, database};
use crate::cli::ProjectArgs;
use crate::failure::{Failure, exit};
use crate::listen::{Listener, Options, Stopped};
use crate::project::{Opened, summary};
use crate::signals::Signals;
use crate::terminal::{colored_errors, complain, counted, say};
use crate::{logs, schema_change};
use clap::Args;
use mainstay_engine::Engine;
use mainstay_model::{Durability, Log, LogFormat};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// How long between two rounds of tidying up.
const MAINTENANCE: Duration = Duration::from_secs(60);
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
Like `serve`, but the database follows the models by itself where nothing gets lost, and logs are made for people.
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
        logs::start(&project.application.config.log)?;
        if !project.diagnostics.items.is_empty() {
            complain(&format!("{}: `mainstay check` shows them\n", summary(&project.diagnostics)));
        }
        self.open_and_serve(&project)
    }

    fn open_and_serve(&self, project: &Opened) -> Result<ExitCode, Failure> {
        let runtime = runtime()?;
        // The port first: whoever starts the program twice shall hear of the port and not of the database's lock.
        let listener = {
            let _within = runtime.enter();
            Listener::bind(self.listen.unwrap_or(project.application.config.server.listen))?
        };
        let Backend { engine, store, folder } = Backend::open(project, self.project.data.data.as_deref())?;
        say(&banner(project, &engine, &folder, listener.address()));
        let code = runtime.block_on(serve(listener, engine, project));
        // Tasks that still run hold on to the store; with the last of them gone it closes, and all data are in its one file.
        runtime.shutdown_timeout(LAST_TASKS);
        drop(store);
        code
    }
}

impl Dev {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let project = Opened::load(&self.serve.project.folder)?;
        let level = project.application.config.log.level.clone();
        logs::start(&Log { format: LogFormat::Pretty, level })?;
        complain(&project.diagnostics.render(colored_errors()));
        let folder = project.data_folder(self.serve.project.data.data.as_deref());
        say(&schema_change::apply_safe(&project, &database(&folder))?);
        self.serve.open_and_serve(&project)
    }
}

async fn serve(listener: Listener, engine: Engine, project: &Opened) -> Result<ExitCode, Failure> {
    let (mut first, mut both) = (Signals::listen()?, Signals::listen()?);
    let watched = engine.clone();
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
    tokio::spawn(maintain(engine.clone()));
    let serving =
        listener.serve(mainstay_api::router(engine), Options::of(&project.application.config), stop);
    say("ready\n");
    tokio::select! {
        stopped = serving => Ok(report(stopped)),
        () = second_stop => Ok(ExitCode::from(exit::INTERRUPTED)),
    }
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

async fn maintain(engine: Engine) {
    loop {
        tokio::time::sleep(MAINTENANCE).await;
        match engine.maintain().await {
            Ok(done) => tracing::debug!(
                records = done.records,
                sessions = done.sessions,
                changes = done.changes,
                "tidied up"
            ),
            Err(error) => {
                tracing::error!(code = error.code.as_str(), detail = error.detail, "tidying up failed");
            }
        }
    }
}

fn banner(project: &Opened, engine: &Engine, data: &Path, address: SocketAddr) -> String {
    let application = &project.application;
    let models = application.models.iter().filter(|model| !model.internal).count();
    let operations = engine.registry().operations().len();
    let durability = match application.config.data.durability {
        Durability::Full => "full",
        Durability::Normal => "normal",
    };
    format!(
        "mainstay {version}\n\
         project     {name} in {folder}: {models}, {operations}\n\
         data        {data} (SQLite, durability {durability})\n\
         listening   http://{address}\n\
         docs        http://{address}/docs\n",
        version = env!("CARGO_PKG_VERSION"),
        name = project.name(),
        folder = project.folder.display(),
        models = counted(models, "model"),
        operations = counted(operations, "operation"),
        data = data.display(),
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

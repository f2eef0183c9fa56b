//! A private PostgreSQL for the tests. One that happens to run on the machine is never used.

use crate::workspace::Workspace;
use crate::{process, tools};
use mainstay_services::postgres::{Installation, SHARED_URL, Server, Setup};
use std::time::Duration;

/// Debian's package makes a server and starts it, unless told before that it should not.
const NO_CLUSTER: &str = "sed -i 's/^#\\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf";

/// Sees that PostgreSQL is there: installs Debian's package as root where it is not.
pub(crate) fn ensure(workspace: &Workspace) -> Result<(), String> {
    if let Err(reason) = Installation::find() {
        install(workspace).map_err(|why| format!("{reason}; {why}"))?;
    }
    let mut version = workspace.command(Installation::find()?.folder().join("postgres"));
    version.arg("--version");
    print!("{}", process::text(version)?);
    Ok(())
}

/// Sees that PostgreSQL is there, and starts a server. It stops when it is dropped, and also when we are killed.
pub(crate) fn start(workspace: &Workspace) -> Result<Server, String> {
    ensure(workspace)?;
    Server::start(&Setup::quick())
}

fn install(workspace: &Workspace) -> Result<(), String> {
    tools::install(workspace, "postgresql-common")?;
    let mut no_cluster = workspace.command("sh");
    no_cluster.args(["-c", NO_CLUSTER]);
    process::run(no_cluster)?;
    tools::install(workspace, "postgresql")
}

/// `cargo xtask postgres`: a server for tests that are run by hand, until somebody ends us.
pub(crate) fn serve(workspace: &Workspace) -> Result<(), String> {
    let server = start(workspace)?;
    println!("export {SHARED_URL}={}", server.url());
    loop {
        std::thread::sleep(Duration::from_secs(3_600));
    }
}

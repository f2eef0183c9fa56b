//! The program, serving a project for a tool that asks it over HTTP.

use crate::process;
use crate::workspace::Workspace;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

/// A copy of an example in a folder that is made anew, without the data of somebody who has served it.
pub(crate) fn copy(workspace: &Workspace, example: &str, folder: &Path) -> Result<PathBuf, String> {
    let at = |error| format!("{}: {error}", folder.display());
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(at)?;
    }
    fs::create_dir_all(folder).map_err(at)?;
    let project = folder.join("project");
    let mut copy = workspace.command("cp");
    copy.arg("-r").arg(workspace.root.join("examples").join(example)).arg(&project);
    process::run(copy)?;
    let _ = fs::remove_dir_all(project.join("data"));
    Ok(project)
}

/// The program, serving. It is killed when this is dropped.
pub(crate) struct Server {
    child: Child,
    /// Kept open: who writes to a closed pipe ends.
    stdout: BufReader<ChildStdout>,
    /// Where it is: `http://127.0.0.1:…`.
    pub(crate) url: String,
}

impl Server {
    /// Serves a project on a free port. What the program logs goes to a file.
    pub(crate) fn start(
        workspace: &Workspace,
        program: &Path,
        project: &Path,
        log: &Path,
    ) -> Result<Server, String> {
        let failed = |error| format!("{}: {error}", program.display());
        let mut serve: Command = workspace.command(program);
        serve.arg("serve").arg(project).args(["--listen", "127.0.0.1:0"]);
        serve.stdout(Stdio::piped()).stderr(File::create(log).map_err(failed)?);
        let mut child = serve.spawn().map_err(failed)?;
        let stdout = BufReader::new(child.stdout.take().expect("it was asked to be piped"));
        let mut server = Server { child, stdout, url: String::new() };
        // The address is said in the last line but one, so nothing is left that could fill the pipe.
        let said = server.stdout.by_ref().lines().map_while(Result::ok);
        let url = said.filter_map(|line| line.find("http://").map(|at| line[at..].trim().to_owned())).next();
        server.url = url.ok_or_else(|| format!("it did not start: {} says why", log.display()))?;
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

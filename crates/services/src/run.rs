//! Running programs.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

/// Sends a signal, by the shell's own `kill`: a small machine has no other. Who is gone meanwhile needs none.
pub(crate) fn signal(name: &str, process: u32) {
    let _ = run(Command::new("sh").args(["-c", &format!("kill -s {name} {process}")]));
}

pub(crate) fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| format!("a free port: {error}"))?;
    listener.local_addr().map(|address| address.port()).map_err(|error| error.to_string())
}

/// Runs it to its end, and answers its output.
pub(crate) fn run(command: &mut Command) -> Result<String, String> {
    let program = Path::new(command.get_program()).display().to_string();
    let output = command.output().map_err(|error| format!("{program} did not start: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("{program} ended with {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)))
}

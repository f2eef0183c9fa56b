//! Running programs: what is run is printed, and a failure says what failed.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// Runs it with our stdout and stderr.
pub(crate) fn run(mut command: Command) -> Result<(), String> {
    announce(&command);
    let status = command.status().map_err(|error| not_started(&command, &error))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` ended with {status}", shown(&command))) }
}

/// Runs it silently, and answers with its stdout as it is. Its stderr becomes part of the error when it fails.
pub(crate) fn output(mut command: Command) -> Result<Vec<u8>, String> {
    let output = command.output().map_err(|error| not_started(&command, &error))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let reason = String::from_utf8_lossy(&output.stderr);
    Err(format!("`{}` ended with {}\n{}", shown(&command), output.status, reason.trim_end()))
}

/// Like [`output`], of a program that writes text.
pub(crate) fn text(command: Command) -> Result<String, String> {
    let bytes = output(command)?;
    String::from_utf8(bytes).map_err(|_| "it wrote something that is not UTF-8".to_owned())
}

/// Runs it with our stderr, and hands each line of its stdout to `each` as it comes.
pub(crate) fn lines(mut command: Command, mut each: impl FnMut(&str)) -> Result<(), String> {
    announce(&command);
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| not_started(&command, &error))?;
    let stdout = child.stdout.take().expect("it was asked to be piped");
    // Bytes, not `lines()`: a test may print what is not UTF-8, and that must not end the run.
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line.map_err(|error| error.to_string())?;
        each(&String::from_utf8_lossy(&line));
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("`{}` ended with {status}", shown(&command))) }
}

fn announce(command: &Command) {
    println!("$ {}", shown(command));
}

fn not_started(command: &Command, error: &std::io::Error) -> String {
    format!("`{}` did not start: {error}", shown(command))
}

/// The program's name without its folder, and its arguments.
fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).stdin(Stdio::null());
        command
    }

    #[test]
    fn lines_come_whole_and_survive_bad_utf8() {
        let mut seen = Vec::new();
        lines(shell(r"printf 'one\n\377\nlast'"), |line| seen.push(line.to_owned())).expect("it succeeds");
        assert_eq!(seen, ["one", "\u{fffd}", "last"]);
    }

    #[test]
    fn a_failure_says_what_failed_and_why() {
        let error = output(shell("echo because >&2; exit 3")).expect_err("it fails");
        assert!(
            error.contains("sh -c") && error.contains("exit status: 3") && error.ends_with("because"),
            "{error}"
        );
    }

    #[test]
    fn a_missing_program_is_an_error() {
        let error = run(Command::new("/no/such/program")).expect_err("it is not there");
        assert!(error.starts_with("`program` did not start"), "{error}");
    }
}

//! Processes: what Linux counts for them, and children that do not outlive us.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::ops::Range;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// The unit of the times in `/proc/<pid>/stat`: Linux shows them in hundredths of a second on every machine (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);
/// How long a child may take to say its first word, and to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// The processor time, user and system, that a process has spent so far with all of its threads.
pub(crate) fn cpu(pid: u32) -> Result<Duration, String> {
    let text = read(&format!("/proc/{pid}/stat"))?;
    let ticks = ticks(&text).ok_or_else(|| format!("/proc/{pid}/stat is not as expected: {text}"))?;
    Ok(TICK * ticks)
}

/// The processor time of a server that serves each connection in a child: its own, that of the children that ended, and that of those
/// that run.
pub(crate) fn cpu_of_family(parent: u32) -> Result<Duration, String> {
    let mut ticks = fields(&read(&format!("/proc/{parent}/stat"))?, 11..15).map(|times| times.iter().sum());
    for process in fs::read_dir("/proc").map_err(|error| error.to_string())?.flatten() {
        // One that ends meanwhile is counted with those that ended, the next time.
        let stat = fs::read_to_string(process.path().join("stat")).unwrap_or_default();
        if fields(&stat, 1..2) == Some(vec![parent]) {
            ticks = ticks.zip(self::ticks(&stat)).map(|(sum, more): (u32, u32)| sum + more);
        }
    }
    Ok(TICK * ticks.ok_or_else(|| format!("/proc/{parent}/stat is not as expected"))?)
}

/// Fields 14 and 15 of proc_pid_stat(5). The second field is a name in parentheses, which may hold spaces and
/// parentheses itself.
fn ticks(stat: &str) -> Option<u32> {
    fields(stat, 11..13)?.into_iter().reduce(|user, system| user + system)
}

/// Numbers behind the name, counted from 0.
fn fields(stat: &str, places: Range<usize>) -> Option<Vec<u32>> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let fields = after_name.split_whitespace().skip(places.start).take(places.len());
    let fields: Vec<u32> = fields.map(|field| field.parse().ok()).collect::<Option<_>>()?;
    (fields.len() == places.len()).then_some(fields)
}

/// The memory that a process has resident, in KiB.
pub(crate) fn resident_kib(pid: u32) -> Result<u64, String> {
    memory(pid, "VmRSS:")
}

/// The most that it had resident since it started, or since [`forget_peak`], in KiB.
pub(crate) fn peak_kib(pid: u32) -> Result<u64, String> {
    memory(pid, "VmHWM:")
}

fn memory(pid: u32, key: &str) -> Result<u64, String> {
    let text = read(&format!("/proc/{pid}/status"))?;
    kib(&text, key).ok_or_else(|| format!("/proc/{pid}/status does not have {key}"))
}

fn kib(status: &str, key: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Starts the peak anew, so that each workload has its own. Where the kernel does not allow it, the peak is that since
/// the start, which is never too little.
pub(crate) fn forget_peak(pid: u32) {
    let _ = fs::write(format!("/proc/{pid}/clear_refs"), "5");
}

fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))
}

/// A child process. It is killed, by its own id, when this is dropped.
pub(crate) struct Guard(Child);

impl Guard {
    /// Starts it with a piped stdout, and hands out the first line of that in which `wanted` finds something.
    pub(crate) fn start<T: Send + 'static>(
        command: &mut Command,
        wanted: impl Fn(&str) -> Option<T> + Send + 'static,
    ) -> Result<(Guard, T), String> {
        let mut child = spawn(command.stdout(Stdio::piped()))?;
        let stdout = child.0.stdout.take().ok_or("a child has no stdout")?;
        let (sender, found) = sync_channel(1);
        thread::spawn(move || watch(stdout, wanted, |found| drop(sender.try_send(found))));
        let found = found.recv_timeout(PATIENCE).map_err(|error| match error {
            RecvTimeoutError::Timeout => format!("{command:?} did not get ready"),
            RecvTimeoutError::Disconnected => format!("{command:?} ended before it was ready"),
        })?;
        Ok((child, found))
    }

    /// The child itself.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Asks it to end, as an operator does, and waits until it has.
    pub(crate) fn terminate(mut self) -> Result<(), String> {
        let pid = self.pid().to_string();
        // The standard library can only kill, and a program that was killed has to repair its data at the next start.
        let asked = Command::new("/bin/sh").args(["-c", "kill -TERM \"$0\"", &pid]).status();
        asked.map_err(|error| format!("/bin/sh: {error}"))?;
        let started = Instant::now();
        while self.0.try_wait().map_err(|error| error.to_string())?.is_none() {
            if started.elapsed() > PATIENCE {
                return Err(format!("process {pid} does not end"));
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a child.
pub(crate) fn spawn(command: &mut Command) -> Result<Guard, String> {
    command.spawn().map(Guard).map_err(|error| format!("{command:?} did not start: {error}"))
}

/// Reads to the end also when nobody is interested any more: a full pipe would stop the child.
fn watch<T>(stdout: impl Read, wanted: impl Fn(&str) -> Option<T>, mut tell: impl FnMut(T)) {
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        if let Some(found) = wanted(&line) {
            tell(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_behind_any_name() {
        let check = |stat: &str, expected| assert_eq!(ticks(stat), expected, "{stat}");
        check("12 (mainstay) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20", Some(300));
        check("12 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 1 2 0 0 20", Some(3));
        check("12 (mainstay) S 1 2 3", None);
        check("", None);
    }

    #[test]
    fn memory_is_read_by_its_key() {
        let status = "Name:\tmainstay\nVmHWM:\t   20480 kB\nVmRSS:\t   10240 kB\n";
        assert_eq!(kib(status, "VmHWM:"), Some(20_480));
        assert_eq!(kib(status, "VmRSS:"), Some(10_240));
        assert_eq!(kib(status, "VmSwap:"), None);
    }

    #[test]
    fn our_own_figures_can_be_read() {
        let pid = std::process::id();
        assert!(cpu(pid).is_ok());
        assert!(peak_kib(pid).is_ok_and(|peak| peak >= 100));
        assert!(resident_kib(pid).is_ok_and(|resident| resident >= 100));
    }

    #[test]
    fn a_family_is_a_process_and_its_children() {
        let pid = std::process::id();
        let alone = cpu_of_family(pid).expect("it can be read");
        let mut busy = spawn(&mut shell("while :; do :; done")).expect("it starts");
        while cpu(busy.child().id()).expect("it runs") < TICK * 20 {
            thread::sleep(TICK);
        }
        assert!(cpu_of_family(pid).expect("it can be read") >= alone + TICK * 20);
        drop(busy);
        assert!(cpu_of_family(pid).expect("it can be read") >= alone + TICK * 20);
    }

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_child_is_ready_when_it_says_so_and_ends_when_asked() {
        let wanted = |line: &str| line.strip_prefix("port ").map(str::to_owned);
        let script = "echo hello; echo port 7; exec sleep 60";
        let (guard, port) = Guard::start(&mut shell(script), wanted).expect("it says its port");
        assert_eq!(port, "7");
        guard.terminate().expect("it ends");
    }

    #[test]
    fn a_child_that_ends_early_is_an_error() {
        let started =
            Guard::start(&mut shell("echo hello"), |line| line.strip_prefix("port ").map(str::to_owned));
        assert!(started.is_err_and(|error| error.ends_with("ended before it was ready")));
    }
}

//! What Linux counts for the process. Elsewhere, and where `/proc` is not to be read, these metrics are not there.

use super::page::Page;
use std::fs;

/// Linux shows times to programs in hundredths of a second on every machine (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;
const PROCESSOR: &str = "Processor time, user and system.";
const VIRTUAL: &str = "Virtual memory.";
const RESIDENT: &str = "Resident memory.";
const START: &str = "When the process was started, in seconds since 1970.";
const THREADS: &str = "Threads of the process.";
const DESCRIPTORS: &str = "Open file descriptors.";
const MAX_DESCRIPTORS: &str = "The most file descriptors that the process may have open.";

/// Writes them, under the names that Prometheus' own libraries use.
pub(super) fn write(page: &mut Page) {
    let read = |path: &str| fs::read_to_string(path).ok();
    if let Some(stat) = read("/proc/self/stat").as_deref().and_then(Stat::parse) {
        page.counter("process_cpu_seconds_total", PROCESSOR, stat.processor_ticks as f64 / TICKS_PER_SECOND);
        page.gauge("process_virtual_memory_bytes", VIRTUAL, stat.virtual_bytes);
        page.gauge("process_threads", THREADS, stat.threads);
        if let Some(booted) = read("/proc/stat").as_deref().and_then(boot_seconds) {
            let started = booted as f64 + stat.start_ticks as f64 / TICKS_PER_SECOND;
            page.gauge("process_start_time_seconds", START, started);
        }
    }
    if let Some(kib) = read("/proc/self/status").as_deref().and_then(resident_kib) {
        page.gauge("process_resident_memory_bytes", RESIDENT, kib * 1_024);
    }
    if let Ok(descriptors) = fs::read_dir("/proc/self/fd") {
        // Less the one that is open for counting them.
        page.gauge("process_open_fds", DESCRIPTORS, descriptors.count().saturating_sub(1));
    }
    if let Ok((most, _)) = rlimit::Resource::NOFILE.get() {
        page.gauge("process_max_fds", MAX_DESCRIPTORS, most);
    }
}

/// What is used of `/proc/self/stat`, see proc_pid_stat(5).
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    processor_ticks: u64,
    threads: u64,
    start_ticks: u64,
    virtual_bytes: u64,
}

impl Stat {
    /// The second field is a name in parentheses, which may hold spaces and parentheses itself.
    fn parse(text: &str) -> Option<Self> {
        let (_, after_name) = text.rsplit_once(')')?;
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        // The first field here is the third of the manual.
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        Some(Stat {
            processor_ticks: field(14)? + field(15)?,
            threads: field(20)?,
            start_ticks: field(22)?,
            virtual_bytes: field(23)?,
        })
    }
}

fn boot_seconds(stat: &str) -> Option<u64> {
    stat.lines().find_map(|line| line.strip_prefix("btime "))?.parse().ok()
}

fn resident_kib(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_move_the_fields() {
        let text = "42 (a) (b c) S 1 2 3 4 5 6 7 8 9 10 110 120 13 14 15 16 17 18 190 2000 21";
        let expected = Stat { processor_ticks: 230, threads: 17, start_ticks: 190, virtual_bytes: 2000 };
        assert_eq!(Stat::parse(text), Some(expected));
        assert_eq!(Stat::parse("42 (a) S 1"), None);
        assert_eq!(Stat::parse(""), None);
    }

    #[test]
    fn single_values_are_found_in_their_files() {
        assert_eq!(boot_seconds("cpu 1 2\nbtime 1700000000\n"), Some(1_700_000_000));
        assert_eq!(resident_kib("VmPeak:\t 9 kB\nVmRSS:\t   18 kB\n"), Some(18));
        assert_eq!((boot_seconds(""), resident_kib("")), (None, None));
    }
}

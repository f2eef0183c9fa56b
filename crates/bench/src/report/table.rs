//! The report for people.

use super::{
    CREATES, CREATES_OF_INSERTS, DELIVERIES, FIRST_ANSWER_MS, IDLE_MIB, Line, PEAK_MIB, READS_KEPT,
    SOCKET_KIB, Target, WATCH_P50, WATCH_P99, mib,
};
use crate::options::Engine;
use crate::run::{IDLE_SOCKETS, Measured};
use crate::sample::Sample;
use crate::workload::Workload;
use std::fmt::Write;

/// The report.
pub(crate) fn table(measured: &Measured) -> String {
    let mut text = format!(
        "{:<22} {FIGURES}  {:>9} {:>9}  {:<22} {:<12} {:>7}\n",
        "workload", "peak MiB", "of limit", "limit", "target", "of axum"
    );
    // What these say was meant for the engine that is in the program.
    let mark = |target: Target| (measured.engine == Engine::Sqlite).then_some(target);
    let lines = measured.lines();
    lines.iter().for_each(|line| push(&mut text, &workload(line)));
    let mut phase = "";
    for limit in measured.limits() {
        if limit.phase != phase {
            phase = limit.phase;
            push(&mut text, &format!("\n{:<22} {FIGURES}", format!("beside {phase}")));
        }
        push(&mut text, &format!("{:<22} {}", limit.step.name(), figures(limit.sample)));
    }
    push(&mut text, "");
    let first_answer_ms = measured.first_answer.as_secs_f64() * 1e3;
    push(&mut text, &single("first good answer", first_answer_ms, "ms", mark(FIRST_ANSWER_MS)));
    push(&mut text, &single("idle memory", mib(measured.idle_kib), "MiB", mark(IDLE_MIB)));
    // Of 10,000 sockets the memory is told for each.
    let few = lines.iter().filter(|line| line.workload != Workload::Live10000);
    let peak_kib = few.map(|line| line.sample.peak_kib).max().unwrap_or(0);
    push(&mut text, &single("peak memory", mib(peak_kib), "MiB", mark(PEAK_MIB)));
    if let Some(create) = lines.iter().find(|line| line.workload == Workload::Create) {
        push(&mut text, &single("creates", create.sample.per_second(), "per s", mark(CREATES)));
    }
    if let Some(watch) = lines.iter().find(|line| line.workload == Workload::Watch) {
        push(&mut text, &single("deliveries", watch.sample.per_second(), "per s", mark(DELIVERIES)));
    }
    for (count, kib) in IDLE_SOCKETS.iter().zip(&measured.idle_socket_kib) {
        push(&mut text, &single(&format!("idle socket of {count}"), *kib, "KiB", Some(SOCKET_KIB)));
    }
    if let Some(delays) =
        lines.iter().filter(|line| line.workload == Workload::Watch).find_map(|line| line.delays)
    {
        push(&mut text, &single("watch, p50", delays.p50, "of loop's", mark(WATCH_P50)));
        push(&mut text, &single("watch, p99", delays.p99, "of loop's", mark(WATCH_P99)));
    }
    if let Some(kept) = measured.reads_kept() {
        push(&mut text, &single("reads beside logins", kept, "of alone", mark(READS_KEPT)));
    }
    if let Some(ratio) = measured.creates_of_inserts() {
        push(&mut text, &single("creates", ratio, "of inserts", Some(CREATES_OF_INSERTS)));
    }
    text
}

const FIGURES: &str = "     per s    p50 µs    p99 µs   CPU µs  per CPU s    DB µs     bad";

pub(super) fn push(text: &mut String, line: &str) {
    // Columns that are empty at the end of a line would leave white space there.
    text.push_str(line.trim_end());
    text.push('\n');
}

fn workload(line: &Line<'_>) -> String {
    let target = line.target.map(|target| verdict(target, line.ratio_to_limit)).unwrap_or_default();
    let of_axum = line.ratio_to_axum.map(|ratio| format!("{ratio:.3}")).unwrap_or_default();
    format!(
        "{:<22} {}  {:>9.1} {:>9.3}  {:<22} {target:<12} {of_axum:>7}",
        line.workload.name(),
        figures(line.sample),
        mib(line.sample.peak_kib),
        line.ratio_to_limit,
        line.limit.name(),
    )
}

fn figures(sample: &Sample) -> String {
    let mut text = format!("{:>10}", grouped(sample.per_second()));
    let times = [sample.latency.quantile(0.5) as f64, sample.latency.quantile(0.99) as f64];
    for time in times {
        // The bare libraries do not time their single operations.
        let shown = if time > 0.0 { grouped(time) } else { "–".to_owned() };
        let _ = write!(text, " {shown:>9}");
    }
    let _ = write!(text, " {:>8.1} {:>10}", sample.cpu_us(), grouped(sample.per_cpu_second()));
    let database_us = sample.database_cpu_us();
    let database = if database_us > 0.0 { format!("{database_us:.1}") } else { "–".to_owned() };
    let _ = write!(text, " {database:>8} {:>7}", sample.bad);
    text
}

fn single(name: &str, figure: f64, unit: &str, target: Option<Target>) -> String {
    let verdict = target.map(|target| verdict(target, figure)).unwrap_or_default();
    format!("{name:<22} {figure:>10.2} {unit:<10} {verdict}")
}

pub(super) fn verdict(target: Target, figure: f64) -> String {
    let word = if target.is_met(figure) { "met" } else { "MISSED" };
    match target {
        Target::AtLeast(least) => format!("≥ {least} {word}"),
        Target::AtMost(most) => format!("≤ {most} {word}"),
    }
}

/// `12,345`: a number that people read.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::measured;

    #[test]
    fn numbers_are_grouped() {
        for (number, expected) in [(0.0, "0"), (999.4, "999"), (1_000.0, "1,000"), (1_234_567.0, "1,234,567")]
        {
            assert_eq!(grouped(number), expected);
        }
    }

    #[test]
    fn each_line_says_whether_its_target_is_met() {
        let table = table(&measured());
        let check = |name: &str, words: &[&str]| {
            let line = table.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            words.iter().for_each(|word| assert!(line.contains(word), "{name}: `{word}` is not in\n{table}"));
        };
        check("list", &["600", "5000.0", "0.250", "axum_page", "≥ 0.2 met", "0.200"]);
        check("login", &["45", "0.900", "argon2id", "≥ 0.9 met"]);
        check("axum_record", &["1,000"]);
        check("first good answer", &["12.34 ms", "≤ 25 met"]);
        check("idle memory", &["10.00 MiB", "≤ 20 met"]);
        check("idle socket of 10000", &["11.00 KiB", "≤ 20 met"]);
        check("reads beside logins", &["0.75", "≥ 0.8 MISSED"]);
    }
}

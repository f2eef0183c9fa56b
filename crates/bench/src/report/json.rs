//! The report for programs.

use super::{Limit, Line, mib};
use crate::options::Options;
use crate::run::{IDLE_SOCKETS, Measured};
use crate::sample::Sample;
use serde_json::{Map, Value, json};

/// The report. Times end in their unit, rates are in answers a second, memory is in MiB.
///
/// Of several sizes, the report is that of the one with which growth is compared; `growth` has the figures of all.
pub(crate) fn json(all: &[Measured], options: &Options) -> Value {
    let base = all.iter().find(|measured| measured.messages == super::growth::BASE).or(all.first());
    let Some(base) = base else { return Value::Null };
    let mut report = single(base, options);
    if options.growth {
        report["growth"] = all.iter().map(size).collect();
        report["cpu_growth"] =
            super::growth::factors(all).into_iter().map(|(name, factor)| (name, rounded(factor))).collect();
    }
    report
}

fn size(measured: &Measured) -> Value {
    json!({"messages": measured.messages, "results": measured.lines().iter().map(result).collect::<Vec<_>>()})
}

fn single(measured: &Measured, options: &Options) -> Value {
    let sizes = measured.sizes;
    json!({
        "settings": {
            "engine": measured.engine.name(),
            "cores": std::thread::available_parallelism().map_or(0, usize::from),
            "connections": options.connections,
            "seconds": options.seconds,
            "rounds": options.rounds,
            "messages": measured.messages,
            "watchers": options.watchers,
            "reads_beside_logins": options.reads_beside_logins,
        },
        "first_answer_ms": rounded(measured.first_answer.as_secs_f64() * 1e3),
        "idle_rss_mib": rounded(mib(measured.idle_kib)),
        "idle_socket_kib": idle_sockets(measured),
        "reads_kept_beside_logins": measured.reads_kept().map(rounded),
        "creates_of_inserts": measured.creates_of_inserts().map(rounded),
        "answer_bytes": {"record": sizes.record, "page": sizes.page, "event": sizes.event, "record_frame": sizes.record_frame, "message_frame": sizes.message_frame},
        "results": measured.lines().iter().map(result).collect::<Vec<_>>(),
        "limits": measured.limits().map(|of| limit(&of)).collect::<Vec<_>>(),
    })
}

/// By the number of sockets.
fn idle_sockets(measured: &Measured) -> Value {
    let counts = IDLE_SOCKETS.iter().zip(&measured.idle_socket_kib);
    counts.map(|(count, kib)| (count.to_string(), rounded(*kib))).collect()
}

fn result(line: &Line<'_>) -> Value {
    let mut result = Map::from_iter([("workload".to_owned(), line.workload.name().into())]);
    add_figures(&mut result, line.sample);
    result.insert("limit".to_owned(), line.limit.name().into());
    result.insert("ratio_to_limit".to_owned(), rounded(line.ratio_to_limit).into());
    result.insert("ratio_to_axum_record".to_owned(), line.ratio_to_axum.map(rounded).into());
    if let Some(delays) = line.delays {
        result.insert("p50_ratio".to_owned(), rounded(delays.p50).into());
        result.insert("p99_ratio".to_owned(), rounded(delays.p99).into());
    }
    result.insert("rss_mib".to_owned(), rounded(mib(line.sample.peak_kib)).into());
    Value::Object(result)
}

fn limit(of: &Limit<'_>) -> Value {
    let names = [("limit".to_owned(), of.step.name().into()), ("phase".to_owned(), of.phase.into())];
    let mut limit = Map::from_iter(names);
    add_figures(&mut limit, of.sample);
    Value::Object(limit)
}

fn add_figures(to: &mut Map<String, Value>, sample: &Sample) {
    let figures = json!({
        "per_second": rounded(sample.per_second()),
        "p50_us": sample.latency.quantile(0.5),
        "p99_us": sample.latency.quantile(0.99),
        "cpu_us": rounded(sample.cpu_us()),
        "per_cpu_second": rounded(sample.per_cpu_second()),
        "database_cpu_us": rounded(sample.database_cpu_us()),
        "good": sample.good,
        "bad": sample.bad,
    });
    if let Value::Object(figures) = figures {
        to.extend(figures);
    }
}

/// Three places: more digits would say more than was measured.
fn rounded(figure: f64) -> f64 {
    (figure * 1e3).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Cli;
    use crate::report::tests::measured;
    use clap::Parser;

    #[test]
    fn the_report_has_its_keys() {
        let options = Cli::parse_from(["mainstay-bench"]).options;
        let report = json(&[measured()], &options);
        assert_eq!(report["settings"]["messages"], 100_000);
        assert_eq!((&report["first_answer_ms"], &report["idle_rss_mib"]), (&json!(12.34), &json!(10.0)));
        assert_eq!(report["reads_kept_beside_logins"], 0.75);
        assert_eq!(report["idle_socket_kib"], json!({"1000": 12.5, "10000": 11.0}));
        let expected = json!({
            "workload": "list", "per_second": 600.0, "p50_us": 0, "p99_us": 0, "cpu_us": 5000.0, "per_cpu_second": 200.0,
            "database_cpu_us": 0.0,            "good": 600, "bad": 1, "limit": "axum_page", "ratio_to_limit": 0.25, "ratio_to_axum_record": 0.2, "rss_mib": 2.0,
        });
        assert_eq!(report["results"][0], expected);
        let names: Vec<_> =
            report["limits"].as_array().into_iter().flatten().map(|limit| &limit["limit"]).collect();
        assert_eq!(names, ["axum_record", "axum_page", "argon2id", "reads_alone", "reads_beside_logins"]);
    }
}

//! The text format of Prometheus, version 0.0.4.

use mainstay_ports::measure::Distribution;
use std::fmt::{Display, Write};

/// A page of metrics, as it is written.
#[derive(Debug, Default)]
pub(super) struct Page {
    text: String,
}

/// The names and values of a series' labels.
pub(super) type Labels<'a> = &'a [(&'a str, &'a str)];

/// What the numbers of a histogram are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Nanoseconds, shown as seconds.
    Time,
    /// Just numbers.
    One,
}

impl Page {
    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// A counter with one series.
    pub(super) fn counter(&mut self, name: &str, help: &str, value: impl Display) {
        self.head(name, "counter", help);
        self.sample(name, &[], value);
    }

    /// A gauge with one series.
    pub(super) fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.head(name, "gauge", help);
        self.sample(name, &[], value);
    }

    /// A histogram with one series.
    pub(super) fn histogram(&mut self, name: &str, help: &str, unit: Unit, seen: &Distribution) {
        self.head(name, "histogram", help);
        self.distribution(name, &[], unit, seen);
    }

    /// What a metric is, before its series.
    pub(super) fn head(&mut self, name: &str, kind: &str, help: &str) {
        let help = help.replace('\\', r"\\").replace('\n', r"\n");
        self.line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
    }

    /// A series of a counter or gauge.
    pub(super) fn sample(&mut self, name: &str, labels: Labels<'_>, value: impl Display) {
        let labels = shown(labels, None);
        self.line(format_args!("{name}{labels} {value}"));
    }

    /// The series of a histogram.
    pub(super) fn distribution(&mut self, name: &str, labels: Labels<'_>, unit: Unit, seen: &Distribution) {
        for (bound, count) in &seen.cumulative {
            let labels = shown(labels, Some(&unit.show(*bound)));
            self.line(format_args!("{name}_bucket{labels} {count}"));
        }
        let count = seen.count;
        let all = shown(labels, Some("+Inf"));
        let labels = shown(labels, None);
        let sum = unit.show(seen.sum);
        self.line(format_args!(
            "{name}_bucket{all} {count}\n{name}_sum{labels} {sum}\n{name}_count{labels} {count}"
        ));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "{line}");
    }
}

impl Unit {
    fn show(self, value: u64) -> String {
        match self {
            Unit::Time => (value as f64 / 1e9).to_string(),
            Unit::One => value.to_string(),
        }
    }
}

/// Labels in braces, a histogram's bound last; nothing when there are none.
fn shown(labels: Labels<'_>, bound: Option<&str>) -> String {
    let all = labels.iter().copied().chain(bound.map(|bound| ("le", bound)));
    let all: Vec<String> = all.map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    if all.is_empty() { String::new() } else { format!("{{{}}}", all.join(",")) }
}

fn escaped(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_ports::measure::Histogram;

    fn check(write: impl FnOnce(&mut Page), expected: &[&str]) {
        let mut page = Page::default();
        write(&mut page);
        assert_eq!(page.into_text().lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_number_has_its_help_and_its_type() {
        check(
            |page| page.counter("a_total", "How many.\nReally.", 3),
            &[r"# HELP a_total How many.\nReally.", "# TYPE a_total counter", "a_total 3"],
        );
        check(|page| page.gauge("b", "B.", 0.5), &["# HELP b B.", "# TYPE b gauge", "b 0.5"]);
    }

    #[test]
    fn labels_are_escaped() {
        check(
            |page| page.sample("a", &[("x", "plain"), ("y", "\"\\\n")], 1),
            &[r#"a{x="plain",y="\"\\\n"} 1"#],
        );
    }

    #[test]
    fn a_histogram_is_cumulative_and_in_seconds() {
        let histogram = Histogram::new(&[100_000, 30_000_000_000]);
        histogram.observe(50_000);
        histogram.observe(2_000_000_000);
        check(
            |page| page.distribution("t_seconds", &[("m", "GET")], Unit::Time, &histogram.read()),
            &[
                r#"t_seconds_bucket{m="GET",le="0.0001"} 1"#,
                r#"t_seconds_bucket{m="GET",le="30"} 2"#,
                r#"t_seconds_bucket{m="GET",le="+Inf"} 2"#,
                r#"t_seconds_sum{m="GET"} 2.00005"#,
                r#"t_seconds_count{m="GET"} 2"#,
            ],
        );
    }
}

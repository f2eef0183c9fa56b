//! Events in the form of server-sent events (WHATWG HTML, 9.2).

use crate::encode;
use mainstay_engine::{Ended, Event, Format, View};
use mainstay_model::{Application, json};
use mainstay_ports::Operation;
use uuid::Uuid;

/// The media type.
pub(crate) const EVENT_STREAM: &str = "text/event-stream";
/// A comment, which keeps those between from thinking that the connection is dead.
pub(super) const HEARTBEAT: &[u8] = b":\n\n";

/// Server-sent events. JSON has no line breaks of its own, so each event has one line of data.
pub(super) struct Sse;

impl Format for Sse {
    fn name(&self) -> &'static str {
        "sse"
    }

    fn encode(&self, application: &Application, event: &Event<'_>, out: &mut Vec<u8>) {
        match event {
            Event::Snapshot { view } => {
                head(out, None, "snapshot");
                shown(application, None, view, out);
            }
            Event::Ready { id, count, more } => {
                head(out, Some(id), "ready");
                out.extend_from_slice(format!("{{\"count\":{count},\"more\":{more}}}").as_bytes());
            }
            Event::Enter { id, operation, view } => {
                head(out, Some(id), "enter");
                shown(application, Some(*operation), view, out);
            }
            Event::Change { id, operation, view } => {
                head(out, Some(id), "change");
                shown(application, Some(*operation), view, out);
            }
            Event::Leave { id, record } => {
                head(out, Some(id), "leave");
                out.push(b'{');
                id_of(*record, out);
                out.push(b'}');
            }
            // An id without data tells nobody anything, but is remembered.
            Event::Mark { id } => line(out, "id: ", id),
            Event::End(reason) => end(*reason, out),
        }
        if !matches!(event, Event::Mark { .. }) {
            out.push(b'\n');
        }
        out.push(b'\n');
    }
}

/// A reset takes the last id away, so that a browser that comes back begins anew.
fn end(reason: Ended, out: &mut Vec<u8>) {
    if reason.is_reset() {
        head(out, Some(""), "reset");
    } else {
        head(out, None, "end");
    }
    out.extend_from_slice(format!("{{\"reason\":\"{}\"}}", reason.as_str()).as_bytes());
}

/// The lines before the data, and the beginning of its line.
fn head(out: &mut Vec<u8>, id: Option<&str>, name: &str) {
    if let Some(id) = id {
        line(out, "id: ", id);
    }
    line(out, "event: ", name);
    out.extend_from_slice(b"data: ");
}

fn line(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(value.as_bytes());
    out.push(b'\n');
}

fn shown(application: &Application, operation: Option<Operation>, view: &View, out: &mut Vec<u8>) {
    out.push(b'{');
    if let Some(operation) = operation {
        out.extend_from_slice(b"\"operation\":");
        json::encode_str(operation.as_str(), out);
        out.push(b',');
    }
    id_of(view.record.id(), out);
    out.extend_from_slice(b",\"record\":");
    encode::record(application, view, out);
    out.push(b'}');
}

fn id_of(id: Uuid, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("\"id\":\"{id}\"").as_bytes());
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use mainstay_model::Project;

    #[track_caller]
    fn check(event: &Event<'_>, expected: &str) {
        let application = Project::load_from(&[("mainstay.toml", "")]).ok().unwrap().application;
        let mut out = Vec::new();
        Sse.encode(&application, event, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn events_have_the_form_that_browsers_read() {
        check(
            &Event::Ready { id: "x", count: 3, more: true },
            "id: x\nevent: ready\ndata: {\"count\":3,\"more\":true}\n\n",
        );
        check(
            &Event::Leave { id: "x", record: Uuid::from_u128(1) },
            "id: x\nevent: leave\ndata: {\"id\":\"00000000-0000-0000-0000-000000000001\"}\n\n",
        );
        check(&Event::Mark { id: "x" }, "id: x\n\n");
        check(&Event::End(Ended::TooSlow), "event: end\ndata: {\"reason\":\"too_slow\"}\n\n");
        check(&Event::End(Ended::HistoryGone), "id: \nevent: reset\ndata: {\"reason\":\"history_gone\"}\n\n");
    }
}

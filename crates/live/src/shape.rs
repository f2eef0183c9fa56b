//! Events, as the socket writes them.

use crate::form::Form;
use mainstay_api::encode_record;
use mainstay_engine::{ChannelEvent, ChannelFormat, Ended, Event, Format, Member, View};
use mainstay_model::{Application, json};
use mainstay_ports::Operation;
use uuid::Uuid;

impl Format for Form {
    fn name(&self) -> &'static str {
        self.subprotocol()
    }

    fn encode(&self, application: &Application, event: &Event<'_>, out: &mut Vec<u8>) {
        self.append(out, |out| write_watched(application, event, out));
    }
}

impl ChannelFormat for Form {
    fn name(&self) -> &'static str {
        self.subprotocol()
    }

    fn encode(&self, event: &ChannelEvent<'_>, out: &mut Vec<u8>) {
        self.append(out, |out| write_heard(event, out));
    }
}

fn write_watched(application: &Application, event: &Event<'_>, out: &mut Vec<u8>) {
    match event {
        Event::Snapshot { view } => {
            head("snapshot", None, out);
            shown(application, view, out);
        }
        Event::Ready { id, count, more } => {
            head("ready", Some(id), out);
            out.extend_from_slice(format!(",\"count\":{count},\"more\":{more}").as_bytes());
        }
        Event::Enter { id, operation, view } => {
            head("enter", Some(id), out);
            changed(application, *operation, view, out);
        }
        Event::Change { id, operation, view } => {
            head("change", Some(id), out);
            changed(application, *operation, view, out);
        }
        Event::Leave { id, record } => {
            head("leave", Some(id), out);
            member_id("record_id", *record, out);
        }
        Event::Mark { id } => head("mark", Some(id), out),
        Event::End(reason) => return ended(*reason, out),
    }
    out.push(b'}');
}

fn write_heard(event: &ChannelEvent<'_>, out: &mut Vec<u8>) {
    match event {
        ChannelEvent::Ready => head("ready", None, out),
        ChannelEvent::Message { user, data } => {
            head("message", None, out);
            of_user(*user, out);
            out.extend_from_slice(b",\"data\":");
            out.extend_from_slice(data.as_bytes());
        }
        ChannelEvent::Gap => head("gap", None, out),
        ChannelEvent::Here { members } => here(members, out),
        ChannelEvent::Join { member } => one("join", member, out),
        ChannelEvent::Update { member } => one("update", member, out),
        ChannelEvent::Leave { member } => one("leave", member, out),
        ChannelEvent::End(reason) => return ended(*reason, out),
    }
    out.push(b'}');
}

/// A reset takes away what was told; an end does not.
fn ended(reason: Ended, out: &mut Vec<u8>) {
    head(if reason.is_reset() { "reset" } else { "end" }, None, out);
    out.extend_from_slice(format!(",\"reason\":\"{}\"}}", reason.as_str()).as_bytes());
}

fn head(event: &str, event_id: Option<&str>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"event\":\"");
    out.extend_from_slice(event.as_bytes());
    out.push(b'"');
    if let Some(event_id) = event_id {
        out.extend_from_slice(b",\"event_id\":");
        json::encode_str(event_id, out);
    }
}

fn changed(application: &Application, operation: Operation, view: &View, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"operation\":");
    json::encode_str(operation.as_str(), out);
    shown(application, view, out);
}

fn shown(application: &Application, view: &View, out: &mut Vec<u8>) {
    member_id("record_id", view.record.id(), out);
    out.extend_from_slice(b",\"record\":");
    encode_record(application, view, out);
}

fn member_id(name: &str, id: Uuid, out: &mut Vec<u8>) {
    out.extend_from_slice(format!(",\"{name}\":\"{id}\"").as_bytes());
}

fn of_user(user: Option<Uuid>, out: &mut Vec<u8>) {
    match user {
        Some(user) => member_id("user", user, out),
        None => out.extend_from_slice(b",\"user\":null"),
    }
}

fn here(members: &[Member], out: &mut Vec<u8>) {
    head("here", None, out);
    out.extend_from_slice(b",\"members\":[");
    for (number, member) in members.iter().enumerate() {
        if number > 0 {
            out.push(b',');
        }
        shown_member(member, out);
    }
    out.push(b']');
}

fn one(event: &str, member: &Member, out: &mut Vec<u8>) {
    head(event, None, out);
    out.extend_from_slice(b",\"member\":");
    shown_member(member, out);
}

fn shown_member(member: &Member, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("{{\"id\":\"{}\"", member.id).as_bytes());
    of_user(member.user, out);
    out.extend_from_slice(b",\"state\":");
    out.extend_from_slice(member.state.as_bytes());
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn events_are_json() {
        let check = |event: &ChannelEvent<'_>, expected: Value| {
            let mut out = Vec::new();
            write_heard(event, &mut out);
            assert_eq!(serde_json::from_slice::<Value>(&out).unwrap(), expected);
        };
        let id = Uuid::from_u128(1);
        let member = Member { id, user: None, state: "{\"a\":1}".into() };
        let shown = json!({"id": id, "user": null, "state": {"a": 1}});
        check(&ChannelEvent::Ready, json!({"event": "ready"}));
        check(&ChannelEvent::Gap, json!({"event": "gap"}));
        check(
            &ChannelEvent::Message { user: Some(id), data: "[1]" },
            json!({"event": "message", "user": id, "data": [1]}),
        );
        check(
            &ChannelEvent::Here { members: &[member.clone(), member.clone()] },
            json!({"event": "here", "members": [shown, shown]}),
        );
        check(&ChannelEvent::Join { member: &member }, json!({"event": "join", "member": shown}));
        check(&ChannelEvent::End(Ended::TooSlow), json!({"event": "end", "reason": "too_slow"}));
        check(
            &ChannelEvent::End(Ended::RightsChanged),
            json!({"event": "reset", "reason": "rights_changed"}),
        );
    }
}

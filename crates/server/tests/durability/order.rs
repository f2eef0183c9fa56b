//! A kill does not show whether anything was synced: what the program wrote survives in the memory of the system. The order of its calls does.

use crate::case::Case;
use crate::random::Random;
use crate::strace::{Trace, is_possible};
use serde_json::json;
use std::collections::HashMap;

#[test]
fn each_acknowledgement_comes_behind_a_sync() {
    if !is_possible() {
        return;
    }
    let mut random = Random::seeded("order");
    let case = Case::new(&mut random);
    let calls = "pwrite64,fsync,fdatasync,write,writev,sendto,sendmsg";
    let trace = Trace::new(&case.project.path("")).calls(calls);
    let server = trace.serve(&case.project.path(""));
    let client = server.client();
    for number in 0..20 {
        client.post("/v1/notes", &json!({"owner": "order", "text": number.to_string()})).expect(201);
    }
    assert!(server.stop().success());
    let order = Order::read(&trace.text());
    assert_eq!((order.acknowledged, order.too_early), (20, 0), "{}", trace.text());
}

/// What a trace says of the order of writes to the log, syncs and answers.
#[derive(Default)]
struct Order {
    /// Whether something was written to the log, and not synced.
    unsynced: bool,
    /// Whether the log was synced since the last answer.
    synced: bool,
    acknowledged: u32,
    too_early: u32,
}

impl Order {
    /// Reads a trace, in which a call that others interrupt has two lines: where it begins and where it ends.
    fn read(trace: &str) -> Self {
        let mut order = Order::default();
        let mut unfinished: HashMap<&str, &str> = HashMap::new();
        for line in trace.lines() {
            let (thread, call) = line.trim_start().split_once(' ').unwrap_or_default();
            let call = call.trim_start();
            if call.ends_with("<unfinished ...>") {
                unfinished.insert(thread, call);
                order.begins(call);
            } else if call.starts_with("<... ") {
                order.ends(unfinished.remove(thread).unwrap_or_default(), call.ends_with("= 0"));
            } else {
                order.begins(call);
                order.ends(call, call.ends_with("= 0"));
            }
        }
        order
    }

    fn begins(&mut self, call: &str) {
        if call.contains("\"HTTP/1.1 201") {
            self.acknowledged += 1;
            self.too_early += u32::from(!self.synced || self.unsynced);
            self.synced = false;
        } else if call.starts_with("pwrite64(") && call.contains("-wal>") {
            self.unsynced = true;
        }
    }

    fn ends(&mut self, call: &str, with_success: bool) {
        if (call.starts_with("fsync(") || call.starts_with("fdatasync("))
            && call.contains("-wal>")
            && with_success
        {
            (self.synced, self.unsynced) = (true, false);
        }
    }
}

#[test]
fn an_acknowledgement_that_comes_too_early_is_found() {
    let check = |lines: &[&str], expected: (u32, u32)| {
        let order = Order::read(&lines.join("\n"));
        assert_eq!((order.acknowledged, order.too_early), expected, "{lines:?}");
    };
    let (write, sync) = ("1 pwrite64(5</x-wal>, \"\", 24, 0) = 24", "1 fsync(5</x-wal>) = 0");
    let answer = "2 writev(9<socket:[1]>, [{iov_base=\"HTTP/1.1 201 Created\"}], 1) = 99";
    check(&[write, sync, answer], (1, 0));
    check(&[write, answer, sync], (1, 1));
    check(&[write, sync, answer, write, answer], (2, 1));
    check(&[write, sync, write, answer], (1, 1));
    check(&[write, "1 fsync(5</x-wal>) = -1 EIO (Input/output error)", answer], (1, 1));
    check(&[write, "1 fsync(5</x.db>) = 0", answer], (1, 1));
    let (begun, ended) = ("1 fsync(5</x-wal> <unfinished ...>", "1 <... fsync resumed>) = 0");
    check(&[write, begun, answer, ended], (1, 1));
    check(&[write, begun, "3 write(1, \"log\", 3) = 3", ended, answer], (1, 0));
}

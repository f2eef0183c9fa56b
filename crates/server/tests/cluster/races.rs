//! Requests that meet at several nodes.

use crate::nodes::{Cluster, NODES};
use serde_json::json;
use std::thread;

const EACH: usize = 4;

/// Who puts a record makes it or changes it, whatever others do to it meanwhile: that it is there is no answer.
#[test]
fn who_puts_a_record_while_others_delete_it_is_never_told_that_it_exists() {
    let cluster = Cluster::new();
    let clients: Vec<_> = (0..NODES * EACH).map(|number| cluster.client(number % NODES)).collect();
    let work = |number: usize| {
        for round in 0..40 {
            let path = "/v1/folders/00000000-0000-0000-0000-000000000001";
            if number.is_multiple_of(3) {
                let status = clients[number].send("DELETE", path, None).status;
                assert!([204, 404].contains(&status), "{status}");
            } else {
                let body = json!({"owner": "w", "text": format!("{number} {round}")}).to_string();
                let answer = clients[number].send("PUT", path, Some(&body));
                assert!([200, 201].contains(&answer.status), "{answer:?}");
            }
        }
    };
    thread::scope(|scope| {
        let work = &work;
        let workers: Vec<_> = (0..clients.len()).map(|number| scope.spawn(move || work(number))).collect();
        workers.into_iter().for_each(|worker| worker.join().unwrap());
    });
}

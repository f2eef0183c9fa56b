//! The wire is a way to tell other nodes like any.

use mainstay_ports::conformance::wake::Ends;
use mainstay_testkit::Wire;

mainstay_ports::wake_conformance_suite!(open);

async fn open() -> Ends {
    let wire = Wire::new();
    Ends { nodes: [wire.end(), wire.end()], guard: Box::new(()) }
}

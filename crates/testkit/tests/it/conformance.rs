//! The suite that every store must pass.

use mainstay_model::Application;
use mainstay_ports::conformance::Opened;
use mainstay_testkit::MemoryStore;
use std::sync::Arc;

mainstay_ports::store_conformance_suite!(open);

fn open(application: Arc<Application>) -> Opened {
    Opened { store: Arc::new(MemoryStore::new(application)), guard: Box::new(()) }
}

//! libFuzzer makes up the bytes, guided by which of the program's branches they reach. `MAINSTAY_FUZZ` names the target.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mainstay_fuzz::Target;
use std::sync::OnceLock;

fuzz_target!(|bytes: &[u8]| target().run(bytes));

fn target() -> Target {
    static TARGET: OnceLock<Target> = OnceLock::new();
    *TARGET.get_or_init(|| {
        let name = std::env::var("MAINSTAY_FUZZ").unwrap_or_default();
        let found = Target::ALL.into_iter().find(|target| target.name() == name);
        found.unwrap_or_else(|| panic!("MAINSTAY_FUZZ is `{name}`, which is no target"))
    })
}

//! JSON, with the place of each fault.

use crate::fault::Fault;
use crate::strict::{self, Breach};
use serde_json::Value;

pub(crate) fn read(text: &str, max_depth: usize) -> Result<Value, Fault> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let explain = |error: serde_json::Error, breach: Option<Breach>| {
        let place = format!(" at line {} column {}", error.line(), error.column());
        breach.map_or_else(|| broken(&error), |breach| breach.fault(max_depth, &place))
    };
    let value = strict::placed(&mut deserializer, max_depth, explain)?;
    deserializer.end().map(|()| value).map_err(|error| broken(&error))
}

fn broken(error: &serde_json::Error) -> Fault {
    Fault::Invalid(format!("the body is not JSON: {error}"))
}

//! The operation on the application's clients.

use super::perform::Context;
use super::{Ask, Reply};
use mainstay_engine::AppClient;

/// Whether a client is new enough. What is missing is in doubt, and no fault.
pub(super) fn check(context: Context<'_>, ask: &Ask) -> Reply {
    let parameters = &ask.parameters;
    let client = AppClient {
        platform: parameters.platform.as_deref().unwrap_or_default(),
        version: parameters.version.as_deref().unwrap_or_default(),
        device: parameters.device.as_deref(),
        languages: parameters.language.as_deref(),
    };
    Reply::App(context.engine().app_check(&client))
}

//! From a project folder to a checked application.
//!
//! [`Project::load`] reads `mainstay.toml`, `models/*.toml` and `channels/*.toml`, checks all of it, and answers with an [`Application`] or with
//! every fault it found, each pointing at file, line and column. A project never half-loads.
//!
//! This crate owns: the project files and their JSON Schema, diagnostics, the checked models, and the JSON form of values.
//! It must not know: databases, HTTP.

mod app;
mod application;
mod builtin;
mod channel;
mod config;
mod diagnostic;
mod field;
pub mod json;
mod load;
mod render;
mod schema;
mod tls;
mod versions;

pub use app::{AppPlatform, AppText, AppVersion, NotAVersion};
pub use application::{Allow, Application, Check, Child, Index, Model, Rule, base};
pub use channel::{Channel, MAX_CHANNEL_NAME, Pattern, Segment, Variable, VariableType};
pub use config::{
    Accounts, Config, Data, Durability, Engine, GraphQl, Isolation, Limits, Live, Log, LogFormat, Password,
    Server, ServiceUrl, Wake, WakeAdapter,
};
pub use diagnostic::{Diagnostic, Diagnostics, Severity, SourceFile};
pub use field::{Constraints, Default, Field, FieldType, OnDelete};
pub use load::{Loaded, Project, nearest};
pub use schema::{channel_schema, config_schema, model_schema, version_schema};
pub use tls::Tls;
pub use versions::{
    Break, ChannelContract, Contract, Face, FieldContract, FieldFault, Gone, Lowered, ModelContract, Version,
    Versions,
};

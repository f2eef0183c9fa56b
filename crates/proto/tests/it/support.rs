use mainstay_engine::Registry;
use mainstay_model::{Application, Project};
use mainstay_proto::{Lock, Schema};
use prost_reflect::DescriptorPool;

pub(crate) fn application(models: &[(&str, &str)]) -> Application {
    let config = [("mainstay.toml".to_owned(), "name = \"Test it\"\n".to_owned())];
    let models = models.iter().map(|(name, text)| (format!("models/{name}.toml"), (*text).to_owned()));
    let files: Vec<(String, String)> = config.into_iter().chain(models).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    Project::load_from(&files).unwrap_or_else(|faults| panic!("{}", faults.render(false))).application
}

pub(crate) fn schema(application: &Application, lock: &Lock) -> Schema {
    let operations = Registry::new(application);
    Schema::new(application, operations.operations(), lock, 1)
}

/// The descriptors as reflection shows them.
pub(crate) fn pool(schema: &Schema) -> DescriptorPool {
    let mut pool = DescriptorPool::global();
    pool.add_file_descriptor_proto(schema.descriptor()).unwrap();
    pool
}

/// A model with a field of every type.
pub(crate) const THING: &str = r#"
doc = "A thing,\nof some kind."
[fields]
flag = "bool"
count = { type = "int", optional = true, doc = "How many." }
ratio = "float"
price = { type = "decimal", scale = 2 }
name = "string"
body = "text"
code = "uuid"
day = "date"
at = "time"
moment = "timestamp"
span = "duration"
extra = { type = "json", optional = true }
blob = "bytes"
state = { type = "enum", values = ["open", "shut"] }
tags = { type = "list", of = "string" }
ints = { type = "list", of = "int" }
moments = { type = "list", of = "timestamp", optional = true }
owner = { type = "ref", model = "user", optional = true }
pin = { type = "secret", optional = true }
a_1 = { type = "int", optional = true }
a1 = { type = "int", optional = true }
[allow]
read = "true"
"#;

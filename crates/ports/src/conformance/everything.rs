//! A model with a field of every type, and records with values that are easily lost on the way.

use crate::{Create, Step};
use mainstay_expr::{Decimal, Value};
use mainstay_model::{Application, Project};
use std::sync::Arc;
use uuid::Uuid;

/// What the model is called.
pub const MODEL: &str = "everything";

/// An application with this model alone.
pub fn application() -> Arc<Application> {
    let file = include_str!("project/everything.toml");
    let loaded = Project::load_from(&[("mainstay.toml", ""), ("models/everything.toml", file)]);
    Arc::new(loaded.unwrap_or_else(|faults| panic!("{}", faults.render(false))).application)
}

/// Makes a record. Those of different numbers differ.
pub fn create(application: &Application, number: i64) -> Step {
    let model = application.model_named(MODEL).unwrap();
    let field = |name: &str| model.field_named(name).unwrap().id;
    let values = values(number).into_iter().map(|(name, value)| (field(name), value)).collect();
    Step::Create(Create { model: model.id, id: Uuid::now_v7(), values, given: Vec::new() })
}

fn values(number: i64) -> Vec<(&'static str, Value)> {
    vec![
        ("truth", Value::Bool(number % 2 == 0)),
        ("count", Value::Int(i64::MIN + number)),
        ("weight", Value::Float(0.1 + number as f64)),
        ("price", Value::Decimal(Decimal::new(-1_999 - number, 2).unwrap())),
        ("name", Value::Text(format!("name {number} Ä 🦀"))),
        ("other", if number == 0 { Value::Null } else { Value::Uuid(Uuid::max()) }),
        ("day", Value::Date(-719_162)),
        ("hour", Value::Time(86_399_999_999)),
        ("moment", Value::Timestamp(-1)),
        ("span", Value::Duration(-5)),
        ("document", Value::Json(r#"{"a":[1,2.50,"\u0000"]}"#.to_owned())),
        ("raw", Value::Bytes(vec![0, 255, 0])),
        ("tags", Value::List(vec![Value::Text("\"quoted\"".to_owned()), Value::Text(String::new())])),
        ("days", Value::List(vec![Value::Date(0), Value::Date(20_000)])),
        ("word", Value::Text("secret".to_owned())),
    ]
}

//! Applications for tests, made by hand: this crate must not depend on how project files are read.

use mainstay_expr::{FieldId, ModelId};
use mainstay_model::{
    Allow, Application, Child, Config, Constraints, Field, FieldType, Index, Model, OnDelete, Versions, base,
};
use std::collections::HashMap;

/// Several models with fields of all types, which point to each other.
///
/// `place` keeps deleted records and points to itself, `note` keeps them and points to `place`, `tick` does not and points to `note`.
pub(crate) fn sample() -> Application {
    application(vec![
        model("place")
            .field("name", FieldType::Text, false)
            .field("rank", FieldType::Int, true)
            .field("open", FieldType::Bool, true)
            .field("parent", reference(0), true)
            .index(&["rank"], false),
        every_type(model("note").field("place", reference(0), true))
            .index(&["place"], false)
            .index(&["title"], false),
        model("tick")
            .field("note", reference(1), false)
            .field("count", FieldType::Int, false)
            .index(&["note"], false),
    ])
}

/// The ids of the models of [`sample`].
pub(crate) const PLACE: ModelId = ModelId(0);
pub(crate) const NOTE: ModelId = ModelId(1);
pub(crate) const TICK: ModelId = ModelId(2);

fn every_type(model: Builder) -> Builder {
    let scalars = [
        ("flag", FieldType::Bool),
        ("count", FieldType::Int),
        ("ratio", FieldType::Float),
        ("price", FieldType::Decimal { scale: 2 }),
        ("title", FieldType::Text),
        ("mark", FieldType::Uuid),
        ("day", FieldType::Date),
        ("clock", FieldType::Time),
        ("at", FieldType::Timestamp),
        ("span", FieldType::Duration),
    ];
    let model = scalars.iter().fold(model, |model, (name, ty)| {
        let list = FieldType::List(Box::new(ty.clone()));
        model.field(name, ty.clone(), true).field(&format!("{name}_required"), ty.clone(), false).field(
            &format!("{name}_list"),
            list,
            true,
        )
    });
    model.field("document", FieldType::Json, true).field("raw", FieldType::Bytes, true)
}

pub(crate) fn reference(model: u16) -> FieldType {
    FieldType::Ref { model: ModelId(model), on_delete: OnDelete::Cascade }
}

pub(crate) fn application(models: Vec<Builder>) -> Application {
    let models: Vec<Model> = models
        .into_iter()
        .enumerate()
        .map(|(place, builder)| Model { id: ModelId(u16::try_from(place).unwrap()), ..builder.0 })
        .collect();
    let children = |target: ModelId| -> Vec<Child> {
        let refs =
            models.iter().flat_map(|model| model.refs().map(move |(field, to, _)| (model, field.id, to)));
        let children = refs.filter(|(_, _, to)| *to == target);
        children
            .map(|(model, field, _)| Child { name: model.plural.clone(), model: model.id, field })
            .collect()
    };
    let children: Vec<_> = models.iter().map(|model| children(model.id)).collect();
    let pairs = models.into_iter().zip(children);
    let models: Vec<Model> = pairs.map(|(model, children)| Model { children, ..model }).collect();
    let by_name = models.iter().map(|model| (model.name.clone(), model.id)).collect();
    Application {
        config: Config::default(),
        models,
        by_name,
        versions: Versions::default(),
        channels: Vec::new(),
    }
}

pub(crate) struct Builder(pub(crate) Model);

pub(crate) fn model(name: &str) -> Builder {
    let model = Model {
        id: ModelId(0),
        name: name.to_owned(),
        plural: format!("{name}s"),
        doc: None,
        fields: Vec::new(),
        field_by_name: HashMap::new(),
        answer_order: Vec::new(),
        allow: Allow::default(),
        predicates: HashMap::new(),
        checks: Vec::new(),
        indexes: Vec::new(),
        children: Vec::new(),
        soft_delete: name != "tick",
        retention_micros: 0,
        internal: false,
        announced: false,
        was: None,
    };
    Builder(model)
        .field("id", FieldType::Uuid, false)
        .field("created_at", FieldType::Timestamp, false)
        .field("updated_at", FieldType::Timestamp, false)
        .field("version", FieldType::Int, false)
        .field("deleted_at", FieldType::Timestamp, true)
}

impl Builder {
    pub(crate) fn field(mut self, name: &str, ty: FieldType, optional: bool) -> Self {
        let id = FieldId(u16::try_from(self.0.fields.len()).unwrap());
        self.0.field_by_name.insert(name.to_owned(), id);
        self.0.fields.push(Field {
            id,
            name: name.to_owned(),
            ty,
            optional,
            default: None,
            unique: false,
            index: false,
            immutable: false,
            read_only: id.index() < base::COUNT,
            constraints: Constraints::default(),
            read: None,
            write: None,
            doc: None,
            was: None,
        });
        self
    }

    pub(crate) fn index(mut self, fields: &[&str], unique: bool) -> Self {
        let fields = fields.iter().map(|name| self.0.field_by_name[*name]).collect();
        self.0.indexes.push(Index { fields, unique });
        self
    }

    /// Changes the field that was added last.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Field)) -> Self {
        change(self.0.fields.last_mut().unwrap());
        self
    }

    /// Changes the model.
    pub(crate) fn having(mut self, change: impl FnOnce(&mut Model)) -> Self {
        change(&mut self.0);
        self
    }
}

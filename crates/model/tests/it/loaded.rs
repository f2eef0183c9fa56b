//! What a project becomes.

use crate::support::{check, load};
use mainstay_model::{Child, Default, FieldType, Index, Model, OnDelete, Project, base};
use std::path::Path;

fn names(model: &Model, index: &Index) -> Vec<String> {
    index.fields.iter().map(|field| model.field(*field).name.clone()).collect()
}

fn indexes(model: &Model) -> Vec<(Vec<String>, bool)> {
    model.indexes.iter().map(|index| (names(model, index), index.unique)).collect()
}

#[test]
fn the_example_loads_without_a_warning() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/chat");
    let loaded = Project::load(&folder).unwrap_or_else(|faults| panic!("{}", faults.render(false)));
    assert_eq!(loaded.diagnostics.render(false), "");
    let application = loaded.application;
    assert_eq!(application.config.name, "Chat");
    let room = application.model_named("room").unwrap();
    let children: Vec<&str> = room.children.iter().map(|child| child.name.as_str()).collect();
    assert_eq!(children, ["members", "messages"]);
    let message = application.model_named("message").unwrap();
    assert!(matches!(message.field_named("author").unwrap().default, Some(Default::Computed(_))));
    assert_eq!(
        indexes(message),
        [(vec!["room".to_owned(), "created_at".to_owned()], false), (vec!["author".to_owned()], false),]
    );
    assert!(application.model_named("member").unwrap().allow.update.is_none());
}

#[test]
fn the_model_of_the_guide_loads_without_a_warning() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/getting-started.md");
    let guide = std::fs::read_to_string(path).unwrap();
    let (_, rest) = guide.split_once("```toml\n# models/product.toml\n").unwrap();
    let (product, _) = rest.split_once("```").unwrap();
    check(&[("mainstay.toml", ""), ("models/product.toml", product)], &[]);
}

#[test]
fn the_built_in_models_are_without_fault_and_come_first() {
    let application = load(&[("models/note.toml", "")]);
    let names: Vec<&str> = application.models.iter().map(|model| model.name.as_str()).collect();
    let built_in = [
        "user",
        "_credential",
        "_session",
        "_refresh_token",
        "_attempt",
        "_api_key",
        "_idempotency_key",
        "_lock",
        "_api_use",
    ];
    assert_eq!(names, [&built_in[..], &["note"]].concat());
    for model in &application.models {
        assert_eq!(model.internal, model.name.starts_with('_'));
        assert!(!model.internal || model.allow.read.is_none());
        assert_eq!(application.model(model.id).name, model.name);
    }
    assert!(application.user().allow.create.is_none(), "an account has a password, which a record has not");
    assert_eq!(application.user().children, [], "internal models do not show on public ones");
}

#[test]
fn every_model_has_the_base_fields() {
    let application = load(&[("models/note.toml", "[fields]\nb = \"int\"\na = \"int\"")]);
    let note = application.model_named("note").unwrap();
    let names: Vec<&str> = note.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["id", "created_at", "updated_at", "version", "deleted_at", "b", "a"]);
    assert!(note.fields[..base::COUNT].iter().all(|field| field.read_only));
    let order: Vec<&str> = note.answer_order.iter().map(|id| note.field(*id).name.as_str()).collect();
    assert_eq!(order, ["id", "b", "a", "created_at", "updated_at", "version", "deleted_at"]);
    assert!(note.field(base::DELETED_AT).optional);
}

#[test]
fn fields_keep_the_order_of_the_file() {
    let text =
        "[fields]\nz = \"int\"\na.type = \"int\"\nm = { type = \"int\" }\n[fields.b]\ntype = \"int\"\n";
    let application = load(&[("models/note.toml", text)]);
    let declared = application.model_named("note").unwrap().declared();
    let names: Vec<&str> = declared.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["z", "a", "m", "b"]);
}

#[test]
fn options() {
    let text = r#"
        doc = "A note."
        plural = "jottings"
        soft_delete = false
        was = "memo"
        [fields]
        n = { type = "decimal", scale = 3, min = "0", max = 9.5, default = "1.25", doc = "N." }
        t = { type = "string", min_length = 1, pattern = "[a-z.]+", default = "auth.id", was = "s" }
        s = { type = "list", of = "string", optional = true }
        u = { type = "ref", model = "user", on_delete = "set-null", optional = true, unique = true }
    "#;
    let application = load(&[("models/note.toml", &text.replace("was = \"s\"", "was = \"r\""))]);
    let note = application.model_named("note").unwrap();
    assert_eq!(
        (note.plural.as_str(), note.soft_delete, note.was.as_deref()),
        ("jottings", false, Some("memo"))
    );
    assert!(!note.answer_order.contains(&base::DELETED_AT));
    let n = note.field_named("n").unwrap();
    assert_eq!(n.ty, FieldType::Decimal { scale: 3 });
    assert_eq!(format!("{:?}", n.default), "Some(Value(Decimal(Decimal { mantissa: 1250, scale: 3 })))");
    assert_eq!(format!("{:?}", n.constraints.max), "Some(Decimal(Decimal { mantissa: 9500, scale: 3 }))");
    let t = note.field_named("t").unwrap();
    assert_eq!(format!("{:?}", t.default), "Some(Value(Text(\"auth.id\")))");
    assert_eq!((t.constraints.max_length, t.was.as_deref()), (Some(255), Some("r")));
    assert!(!t.constraints.pattern.as_ref().unwrap().is_match("abc1"), "the whole text has to match");
    let (field, model, on_delete) = note.refs().next().unwrap();
    assert_eq!((field.name.as_str(), model, on_delete), ("u", application.user().id, OnDelete::SetNull));
    assert_eq!(indexes(note), [(vec!["u".to_owned()], true)]);
}

#[test]
fn refs_make_collections() {
    let application = load(&[
        ("models/note.toml", "[fields]\nparent = { type = \"ref\", model = \"note\", optional = true }"),
        ("models/page.toml", "[fields]\nnote = { type = \"ref\", model = \"note\", inverse = \"leaves\" }"),
    ]);
    let note = application.model_named("note").unwrap();
    let page = application.model_named("page").unwrap();
    let child = |name: &str, model: &Model| Child {
        name: name.to_owned(),
        model: model.id,
        field: model.declared()[0].id,
    };
    assert_eq!(note.children, [child("notes", note), child("leaves", page)]);
}

#[test]
fn a_project_adds_to_the_user() {
    let text = "doc = \"A person.\"\n[fields]\nnick = \"string\"\n[allow]\nread = \"auth.id != null\"\n[[indexes]]\nfields = [\"nick\", \"email\"]";
    let application = load(&[("models/user.toml", text)]);
    let user = application.user();
    let declared: Vec<&str> = user.declared().iter().map(|field| field.name.as_str()).collect();
    assert_eq!(declared, ["email", "name", "roles", "nick"]);
    assert_eq!(user.doc.as_deref(), Some("A person."));
    assert_eq!(user.allow.read.as_ref().unwrap().source, "auth.id != null");
    assert_eq!(user.allow.update.as_ref().unwrap().source, "is_self_or_admin");
    assert_eq!(
        indexes(user),
        [(vec!["nick".to_owned(), "email".to_owned()], false), (vec!["email".to_owned()], true),]
    );
}

#[test]
fn checks_keep_their_order_and_say_what_to_tell() {
    let text = "[fields]\nn = { type = \"int\", check = \"n > 0\" }\n\
                [[checks]]\nrule = \"n < 9\"\nmessage = \"too many\"\n[[checks]]\nrule = \"n != 5\"\nmessage = \"not five\"";
    let application = load(&[("models/note.toml", text)]);
    let checks = &application.model_named("note").unwrap().checks;
    let told: Vec<_> = checks.iter().map(|check| (check.field.is_some(), check.message.as_str())).collect();
    assert_eq!(told, [(true, "must satisfy n > 0"), (false, "too many"), (false, "not five")]);
}

#[test]
fn the_rule_of_locks_is_that_of_their_model() {
    let settings = "[locks]\nallow = \"name.startsWith('job-')\"\n";
    let application = Project::load_from(&[("mainstay.toml", settings)]).unwrap().application;
    let lock = application.model_named("_lock").unwrap();
    for rule in [&lock.allow.read, &lock.allow.create, &lock.allow.update] {
        assert_eq!(rule.as_ref().unwrap().source, "name.startsWith('job-')");
    }
    assert!(lock.allow.delete.is_none(), "a row that is gone would not know the numbers that were given");
    let wrong = [("mainstay.toml", "[locks]\nallow = \"nmae == 'job'\"\n"), ("models/note.toml", "")];
    check(&wrong, &["expr_unknown_name mainstay.toml:2:10 nmae"]);
    let careless = [("mainstay.toml", "[locks]\nallow = \"true\"\n"), ("models/note.toml", "")];
    check(&careless, &["?rule_always_true mainstay.toml:2:9 \"true\""]);
}

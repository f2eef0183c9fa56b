//! The `.proto` file and the descriptors say the same, and compilers take them.

use crate::support::{THING, application, pool, schema};
use mainstay_proto::{Lock, Schema};
use prost::Message;
use prost_types::FileDescriptorProto;

/// Compiles the `.proto` file by a compiler that knows nothing of us.
fn compiled(schema: &Schema) -> FileDescriptorProto {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("api.proto"), schema.to_proto()).unwrap();
    let mut compiler = protox::Compiler::new([folder.path()]).unwrap();
    compiler.include_source_info(true).open_file("api.proto").unwrap_or_else(|fault| panic!("{fault:?}"));
    let mut files = compiler.file_descriptor_set().file;
    files.retain(|file| file.name() == "api.proto");
    files.pop().unwrap()
}

/// The comments of what has one, by their paths.
fn comments(file: &FileDescriptorProto) -> Vec<(Vec<i32>, String)> {
    let locations = file.source_code_info.iter().flat_map(|info| &info.location);
    let comment = |text: &str| text.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    let mut comments: Vec<_> = locations
        .filter_map(|location| Some((location.path.clone(), comment(location.leading_comments.as_ref()?))))
        .filter(|(path, _)| path.len() > 1)
        .collect();
    comments.sort();
    comments
}

#[track_caller]
fn check(models: &[(&str, &str)]) {
    let application = application(models);
    let lock = Lock::default().covering(&application, 1);
    let schema = schema(&application, &lock);
    let (ours, theirs) = (schema.descriptor(), compiled(&schema));
    for (ours, theirs) in comments(&ours).into_iter().zip(comments(&theirs)) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(comments(&ours).len(), comments(&theirs).len());
    let bare = |file: FileDescriptorProto| FileDescriptorProto { name: None, source_code_info: None, ..file };
    for (ours, theirs) in ours.message_type.iter().zip(&theirs.message_type) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(bare(ours), bare(theirs), "{}", schema.to_proto());
    pool(&schema);
}

#[test]
fn the_file_compiles_to_our_descriptors() {
    check(&[]);
    check(&[("thing", THING)]);
}

#[test]
fn names_that_clash_are_told_apart() {
    let empty = "[allow]\nread = \"true\"\n";
    check(&[
        ("a_1", empty),
        ("a1", empty),
        ("lock", "plural = \"lockers\"\n[allow]\nread = \"true\"\n"),
        ("get_request", empty),
        ("problem", empty),
        ("room", empty),
        ("create_room_request", empty),
        ("filter", empty),
        ("google", empty),
        (
            "message",
            "[fields]\nmessage = \"string\"\noneof = \"int\"\nrecord = \"string\"\noptional = \"bool\"\n",
        ),
    ]);
}

#[test]
fn a_ref_whose_record_has_no_free_name_is_an_id_alone() {
    let thing = "[fields]\nowner = { type = \"ref\", model = \"user\" }\nowner_record = \"string\"\n";
    check(&[("thing", thing)]);
}

#[test]
fn every_operation_has_a_method() {
    let application = application(&[("thing", THING)]);
    let schema = schema(&application, &Lock::default().covering(&application, 1));
    let methods: usize = schema.services.iter().map(|service| service.methods.len()).sum();
    assert_eq!(methods, mainstay_engine::Registry::new(&application).operations().len());
    assert!(schema.package.starts_with("test_it.v1"));
    assert!(!schema.descriptor().encode_to_vec().is_empty());
}

//! `mainstay proto`, and the lock file that it keeps

use crate::support::Project;

const NOTE: &str = "[fields]\ntitle = \"string\"\n[allow]\nread = \"true\"\n";
const LONGER: &str = "[fields]\nbody = \"text\"\ntitle = \"string\"\n[allow]\nread = \"true\"\n";
const LOCK: &str = "api/proto.lock";

#[test]
fn the_file_is_printed_or_written_where_its_package_says() {
    let project = Project::example("chat");
    project.run(&["proto"]).expect(0).says(&["package chat.v1;", "service RoomService"]).complains(&[LOCK]);
    let printed = project.run(&["proto"]).expect(0);
    assert_eq!(printed.stderr, "", "the lock covers the models");
    project.run(&["proto", "--out", "out"]).expect(0).says(&["chat.proto"]);
    assert_eq!(project.read("out/chat/v1/chat.proto"), printed.stdout);
}

#[test]
fn a_check_refuses_a_lock_that_is_stale_or_reuses_a_number() {
    let project = Project::of(&[("models/note.toml", NOTE)]);
    project.run(&["check"]).expect(0);
    project.run(&["proto"]).expect(0);
    let lock = project.read(LOCK);
    project.write("models/note.toml", LONGER);
    project.run(&["check"]).expect(1).says(&["proto_lock_stale", LOCK, "mainstay proto"]);
    project.run(&["proto"]).expect(0);
    project.run(&["check"]).expect(0);
    assert!(project.read(LOCK).contains("title = { number = 6,"), "it keeps its number");
    project.write(LOCK, &lock.replace("title = { number = 6", "title = { number = 5"));
    project.run(&["check"]).expect(1).says(&["proto_lock_broken", "deleted_at", "title"]);
    project.run(&["proto"]).expect(2).complains(&["proto_lock_broken"]);
    project.run(&["serve", "--listen", "127.0.0.1:0"]).expect(2).complains(&["proto_lock_broken"]);
}

//! Numbers never mean something else.

use crate::support::{application, schema};
use mainstay_proto::Lock;

const ROOM: &str = "[fields]\nname = \"string\"\nsize = \"int\"\n";

fn covering(lock: &Lock, models: &[(&str, &str)]) -> Lock {
    let lock = lock.covering(&application(models), 1);
    assert_eq!(lock.faults(), []);
    assert_eq!(Lock::parse(&lock.to_text()).unwrap(), lock, "{}", lock.to_text());
    lock
}

fn number(lock: &Lock, models: &[(&str, &str)], field: &str) -> u32 {
    let file = schema(&application(models), lock).descriptor();
    let message = file.message_type.iter().find(|message| message.name() == "Room").unwrap();
    let field = message.field.iter().find(|found| found.name() == field).unwrap();
    field.number().cast_unsigned()
}

#[test]
fn a_covering_lock_does_not_change() {
    let lock = covering(&Lock::default(), &[("room", ROOM)]);
    assert_eq!(covering(&lock, &[("room", ROOM)]), lock);
}

#[test]
fn new_fields_follow_wherever_they_stand() {
    let lock = covering(&Lock::default(), &[("room", ROOM)]);
    let (name, size) = (number(&lock, &[("room", ROOM)], "name"), number(&lock, &[("room", ROOM)], "size"));
    let more = "[fields]\nalpha = \"bool\"\nname = \"string\"\nsize = \"int\"\n";
    let later = covering(&lock, &[("aaa", ROOM), ("room", more)]);
    assert_eq!(number(&later, &[("room", more)], "name"), name);
    assert_eq!(number(&later, &[("room", more)], "size"), size);
    assert_eq!(number(&later, &[("room", more)], "alpha"), size + 1);
}

#[test]
fn a_number_is_never_used_again() {
    let lock = covering(&Lock::default(), &[("room", ROOM)]);
    let name = number(&lock, &[("room", ROOM)], "name");
    let without = "[fields]\nsize = \"int\"\n";
    let lock = covering(&lock, &[("room", without)]);
    let lock = covering(&lock, &[("room", ROOM)]);
    assert_ne!(number(&lock, &[("room", ROOM)], "name"), name);
    let text = schema(&application(&[("room", ROOM)]), &lock).to_proto();
    assert!(text.contains(&format!("reserved {name}; // name")), "{text}");
}

#[test]
fn another_type_is_another_number() {
    let lock = covering(&Lock::default(), &[("room", ROOM)]);
    let size = number(&lock, &[("room", ROOM)], "size");
    let retyped = "[fields]\nname = \"string\"\nsize = \"string\"\n";
    let lock = covering(&lock, &[("room", retyped)]);
    assert_ne!(number(&lock, &[("room", retyped)], "size"), size);
}

#[test]
fn what_is_renamed_keeps_its_number() {
    let lock = covering(&Lock::default(), &[("room", ROOM)]);
    let size = number(&lock, &[("room", ROOM)], "size");
    let renamed = "[fields]\nname = \"string\"\nseats = { type = \"int\", was = \"size\" }\n";
    let lock = covering(&lock, &[("room", renamed)]);
    assert_eq!(number(&lock, &[("room", renamed)], "seats"), size);
}

#[test]
fn a_model_that_comes_back_has_its_numbers() {
    let lock = covering(&Lock::default(), &[("room", ROOM)]);
    let without = covering(&lock, &[]);
    assert_eq!(
        number(&covering(&without, &[("room", ROOM)]), &[("room", ROOM)], "size"),
        number(&lock, &[("room", ROOM)], "size")
    );
}

#[test]
fn a_lock_that_was_edited_into_a_reuse_is_refused() {
    let lock = covering(&Lock::default(), &[("room", ROOM)]);
    let lock = covering(&lock, &[("room", "[fields]\nsize = \"int\"\n")]);
    let text = lock.to_text();
    let check = |from: &str, to: &str, expected: &str| {
        assert!(text.contains(from), "{from} in {text}");
        let faults = Lock::parse(&text.replace(from, to)).unwrap().faults();
        assert!(faults.iter().any(|fault| fault.message.contains(expected)), "{expected}: {faults:?}");
    };
    let name = text.lines().find(|line| line.ends_with("= \"name\"")).unwrap();
    check(name, "", "belongs under `reserved`");
    check("size = { number = 7", "size = { number = 6", "both");
    check("package = \"test_it\"", "package = \"Test it\"", "cannot be a package");
    assert!(Lock::parse("package = 3").is_err());
    assert!(Lock::parse(&text.replace("next = ", "nextt = ")).is_err());
}

#[test]
fn numbers_that_protobuf_keeps_for_itself_are_passed_over() {
    let lock = covering(&Lock::default(), &[("room", ROOM)]);
    let text = lock.to_text();
    let next =
        text.lines().skip_while(|line| *line != "[v1.room]").find(|line| line.starts_with("next")).unwrap();
    assert_eq!(next, "next = 8");
    let reserved: String = (8..19_000).map(|number| format!("{number} = \"x\"\n")).collect();
    let at = text.find("[v1.user]").unwrap();
    let filled = format!("{}[v1.room.reserved]\n{reserved}\n{}", &text[..at], &text[at..]);
    let filled = Lock::parse(&filled.replacen("next = 8", "next = 19000", 1)).unwrap();
    let more = format!("{ROOM}seats = \"int\"\n");
    assert_eq!(number(&covering(&filled, &[("room", &more)]), &[("room", &more)], "seats"), 20_000);
}

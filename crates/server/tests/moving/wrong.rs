//! Copies that are wrong, and targets that are not for this.

use crate::house::House;
use crate::random::Random;
use crate::support::Project;
use std::thread::sleep;
use std::time::Duration;

/// Lets the target change what is written into one of its tables.
fn spoil(house: &House, table: &str, change: &str) {
    house.target.sql(&format!(
        r#"CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {change} END $$;
        CREATE FUNCTION spoil_table() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
            IF to_regclass('"{table}"') IS NOT NULL
                AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'spoil') THEN
                CREATE TRIGGER spoil BEFORE INSERT ON "{table}" FOR EACH ROW EXECUTE FUNCTION spoil();
            END IF;
        END $$;
        CREATE EVENT TRIGGER spoil ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION spoil_table()"#
    ));
}

#[test]
fn a_copy_that_differs_is_not_moved_into() {
    let cases = [
        ("note", "NEW.text := NEW.text || '.'; RETURN NEW;", "has other values"),
        ("note", "RETURN NULL;", "is missing"),
        ("_credential", "NEW.version := 7; RETURN NEW;", "has other values"),
    ];
    for (table, change, told) in cases {
        let mut house = House::new(&mut Random::seeded("wrong"));
        let server = house.serve();
        server.client().registered("ann@example.org", "correct horse");
        house.crew.write_while(server.address, || sleep(Duration::from_millis(200)));
        spoil(&house, table, change);
        house.r#move().expect(1).complains(&["error[move_differs]", table, told]);
        // Nothing has moved: the server writes on, and no node opens the copy.
        let before = house.crew.acknowledged();
        house.crew.write_while(server.address, || sleep(Duration::from_millis(100)));
        assert!(house.crew.acknowledged() > before && house.crew.take_failures().is_empty());
        house.project.set(&format!("[data]\nengine = \"postgres\"\nurl = \"{}\"", house.target.url()));
        let refused = house.project.run(&["serve", "--listen", "127.0.0.1:0"]);
        refused.expect(1).complains(&["error[move_unfinished]", "mainstay move"]);
    }
}

#[test]
fn a_target_with_other_data_is_left_alone() {
    let house = House::new(&mut Random::seeded("occupied"));
    drop(house.serve());
    let other = Project::of(&[("models/thing.toml", "[fields]\nname = \"string\"\n")]);
    other.set(&format!("[data]\nengine = \"postgres\"\nurl = \"{}\"", house.target.url()));
    drop(other.serve());
    house.r#move().expect(1).complains(&["error[move_occupied]", "empty database"]);
    other.serve();
}

#[test]
fn what_cannot_be_moved_says_why() {
    let empty = Project::of(&[]);
    let house = House::new(&mut Random::seeded("unmoved"));
    let url = house.target.url();
    empty.run(&["move", "--to", &url]).expect(1).complains(&["error[no_data]"]);
    drop(house.serve());
    house.project.run(&["move"]).expect(1).complains(&["error[no_database_url]", "MAINSTAY_DATA_URL"]);
    let bad = house.project.run(&["move", "--to", "postgres://u:canary@127.0.0.1:1/d"]).expect(1);
    let bad = bad.complains(&["error[database_unreachable]"]);
    assert!(!bad.stderr.contains("canary"), "{bad:?}");
    house.project.run(&["move", "--take-back"]).expect(0).says(&["has not moved"]);
}

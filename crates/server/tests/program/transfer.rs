//! Imports and exports.

use crate::support::{Finished, Project};
use serde_json::{Value, json};
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const CITIES: &str = "\
geonames_id,name,country.code,population,latitude,longitude,feature,admin
1,Berlin,DE,3426354,52.52437,13.41053,PPLC,16
2,Hamburg,DE,1739117,53.57532,10.01534,PPLA,
3,Nowhere,XX,1,0,0,PPL,
4,Too Far,DE,abc,91,0,PPL,
5,Short,DE
2,Hamburg again,DE,1,53.5,10.0,PPLA,
6,Paris,FR,2138551,48.85341,2.3488,PPLC,11
";

/// The atlas with two countries.
fn atlas() -> Project {
    let project = Project::example("atlas");
    project.write("countries.csv", "code,name\nDE,Germany\nFR,France\n");
    import(&project, "country", "countries.csv", &["--role", "editor"]).expect(0);
    project
}

fn import(project: &Project, model: &str, file: &str, more: &[&str]) -> Finished {
    project.run(&[&["import", model, file], more].concat())
}

/// What of a report matters: line, field and code.
fn refused(report: &str) -> Vec<(u64, String, String)> {
    let entry = |line: &str| {
        let entry: Value = serde_json::from_str(line).unwrap();
        assert!(!entry["reason"].as_str().unwrap().is_empty(), "{entry}");
        let text = |name: &str| entry[name].as_str().unwrap_or("").to_owned();
        (entry["line"].as_u64().unwrap(), text("field"), text("code"))
    };
    report.lines().map(entry).collect()
}

/// The numbers of a summary: read, imported, already there, refused.
fn numbers(finished: &Finished) -> Vec<u64> {
    let number = |line: &str| line[15..].split_whitespace().next().unwrap().replace(',', "").parse().unwrap();
    finished.stdout.lines().take(4).map(number).collect()
}

#[test]
fn good_rows_are_imported_and_the_others_reported() {
    let project = atlas();
    project.write("data-source/cities.csv", CITIES);
    let imported = import(&project, "city", "data-source/cities.csv", &["--role", "editor"]).expect(3);
    assert_eq!(numbers(&imported), [7, 3, 0, 4]);
    assert!(imported.stdout.contains("see cities.csv.refused.jsonl"), "{}", imported.stdout);
    let mut report = refused(&project.read("cities.csv.refused.jsonl"));
    report.sort();
    let expected = [
        (4, "country.code", "ref_not_found"),
        (5, "latitude", "max"),
        (5, "population", "type"),
        (6, "", "validation_failed"),
        (7, "geonames_id", "unique"),
    ];
    assert_eq!(report, expected.map(|(line, field, code)| (line, field.to_owned(), code.to_owned())));

    let server = project.serve();
    let filter = "filter=country.code=='DE'&order=-population&expand=country";
    let cities = server.client().get(&format!("/v1/cities?{filter}")).expect(200);
    assert_eq!(cities["items"][0]["name"], "Berlin");
    assert_eq!(cities["items"][0]["latitude"], "52.52437");
    assert_eq!(cities["items"].as_array().unwrap().len(), 2);
}

#[test]
fn a_second_import_finds_its_records_there() {
    let project = atlas();
    project.write("cities.csv", CITIES);
    import(&project, "city", "cities.csv", &["--role", "editor"]).expect(3);
    let again = import(&project, "city", "cities.csv", &["--role", "editor", "--batch", "2"]).expect(3);
    assert_eq!(numbers(&again), [7, 0, 3, 4]);
}

#[test]
fn an_interrupted_import_goes_on() {
    let project = atlas();
    project.write("cities.csv", CITIES);
    import(&project, "city", "cities.csv", &["--role", "editor"]).expect(3);
    // As an import leaves it that was interrupted behind its second row.
    let bookmarks = fs::read_dir(project.path("data/imports")).unwrap().count();
    assert_eq!(bookmarks, 0, "an import that is complete leaves no bookmark");
    let offset = CITIES.find("3,Nowhere").unwrap();
    let bookmark = json!({
        "place": {"offset": offset, "line": 4, "index": 2},
        "tally": {"read": 2, "imported": 2, "already_there": 0, "refused": 0},
        "report": project.path("elsewhere.jsonl"),
    });
    project.write(&format!("data/imports/city-{}.json", sha256_prefix(CITIES)), &bookmark.to_string());
    let resumed = import(&project, "city", "cities.csv", &["--role", "editor"]).expect(3);
    assert_eq!(numbers(&resumed), [7, 2, 1, 4]);
    assert!(resumed.stderr.contains("going on from line 4"), "{}", resumed.stderr);
    // In the report of the interrupted import, wherever this one is run.
    assert!(resumed.stdout.contains("/elsewhere.jsonl"), "{}", resumed.stdout);
    assert_eq!(refused(&project.read("elsewhere.jsonl")).len(), 5);
}

#[test]
fn an_import_that_is_killed_or_stopped_loses_and_doubles_nothing() {
    let project = numbers_project();
    let rows: String = (1..=6_000).map(|number| format!("{{\"number\": {number}}}\n")).collect();
    project.write("notes.jsonl", &rows);
    let begin = || {
        let mut command = project.command(&["import", "note", "notes.jsonl", "--batch", "20"]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let bookmark = project.path(&format!("data/imports/note-{}.json", sha256_prefix(&rows)));
    let noted = || fs::read_to_string(&bookmark).unwrap_or_default();

    let mut killed = begin();
    wait_for(|| !noted().is_empty());
    killed.kill().unwrap();
    killed.wait().unwrap();

    let before = noted();
    let mut stopped = begin();
    wait_for(|| noted() != before);
    Command::new("sh").args(["-c", &format!("kill -s INT {}", stopped.id())]).status().unwrap();
    assert_eq!(stopped.wait().unwrap().code(), Some(130));

    let finished = import(&project, "note", "notes.jsonl", &[]).expect(0);
    assert!(finished.stderr.contains("going on from line "), "{}", finished.stderr);
    assert_eq!(numbers(&finished)[0], 6_000);
    assert_eq!(noted(), "", "an import that is complete leaves no bookmark");
    assert_eq!(project.run(&["export", "note"]).expect(0).stdout.lines().count(), 6_000);
}

fn wait_for(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "it never comes true");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// By the system's tool, so that the name is not our own word for it.
fn sha256_prefix(text: &str) -> String {
    let folder = Project::empty();
    folder.write("file", text);
    let output = Command::new("sha256sum").arg(folder.path("file")).output().unwrap();
    String::from_utf8(output.stdout).unwrap()[..16].to_owned()
}

#[test]
fn rules_apply_to_imports() {
    let project = Project::example("atlas");
    project.write("countries.csv", "code,name\nDE,Germany\n");
    let nobody = import(&project, "country", "countries.csv", &["--report", "report.csv"]).expect(3);
    assert_eq!(numbers(&nobody), [1, 0, 0, 1]);
    assert!(
        project.read("report.csv").starts_with("line,field,code,reason\n2,,forbidden,"),
        "{}",
        project.read("report.csv")
    );

    let create = ["user", "create", "--email", "ed@example.org", "--role", "editor"];
    project.run_with_input(&create, "correct horse\n").expect(0);
    assert_eq!(
        numbers(&import(&project, "country", "countries.csv", &["--as", "Ed@example.org"]).expect(0)),
        [1, 1, 0, 0]
    );
    let stranger = import(&project, "country", "countries.csv", &["--as", "x@example.org"]).expect(1);
    stranger.complains(&["error[no_such_account]"]);
}

#[test]
fn what_cannot_be_imported_at_all() {
    let project = atlas();
    let check = |model: &str, file: &str, text: &str, parts: &[&str]| {
        project.write(file, text);
        import(&project, model, file, &["--role", "editor"]).expect(1).complains(parts);
    };
    check("town", "a.csv", "name\n", &["error[no_such_model]", "city"]);
    check("_session", "a.csv", "name\n", &["error[no_such_model]"]);
    check("city", "a.csv", "name,colour\nx,red\n", &["error[unknown_column]", "`colour`"]);
    check("city", "a.csv", "country.name\nx\n", &["error[unknown_column]", "no unique field `name`"]);
    check("city", "a.csv", "name,name\nx,y\n", &["error[duplicate_column]", "two columns `name`"]);
    for header in ["country,country.code", "country.code,country.id"] {
        check("city", "a.csv", &format!("{header}\nx,y\n"), &["error[duplicate_column]", "country.code`"]);
    }
    check("city", "a.txt", "", &["error[unknown_format]", "--format"]);
    check("city", "a.json", "{}", &["error[io]", "not a JSON array"]);
    project.write("good.csv", "geonames_id,name,country.code,feature\n9,Ulm,DE,PPL\n");
    for report in ["nowhere/r.jsonl", "models"] {
        import(&project, "city", "good.csv", &["--role", "editor", "--report", report])
            .expect(1)
            .complains(&["error[io]", "write the report", report]);
    }
    assert_eq!(project.run(&["export", "city"]).expect(0).stdout, "");
    import(&project, "city", "missing.csv", &["--role", "editor"])
        .expect(1)
        .complains(&["error[io]", "missing.csv"]);
}

#[test]
fn a_file_that_breaks_off_is_no_success() {
    let project = numbers_project();
    project.write("notes.json", "[{\"number\": 1},\n{\"number\": 2},\n{\"number\": 3}\n");
    import(&project, "note", "notes.json", &["--batch", "2"]).expect(1).complains(&[
        "error[io]",
        "line 4: the file ends before the array",
        "3 records were imported",
    ]);
    assert_eq!(project.run(&["export", "note"]).expect(0).stdout.lines().count(), 3);
}

#[test]
fn a_row_that_contradicts_itself_is_refused() {
    let project = atlas();
    let city = |more: &str| format!("{{\"geonames_id\":1,\"name\":\"Berlin\",{more}}}\n");
    let rows = [city("\"name\":\"Bonn\""), city("\"country.code\":\"DE\",\"country\":null")];
    project.write("cities.jsonl", &rows.concat());
    import(&project, "city", "cities.jsonl", &["--role", "editor"]).expect(3);
    let report = refused(&project.read("cities.jsonl.refused.jsonl"));
    let expected = [1, 2].map(|line| (line, String::new(), "duplicate_key".to_owned()));
    assert_eq!(report, expected);
}

#[test]
fn every_format_goes_out_and_in_again() {
    let project = atlas();
    project.write("cities.csv", CITIES);
    import(&project, "city", "cities.csv", &["--role", "editor"]).expect(3);
    let original = project.run(&["export", "city"]).expect(0).stdout;
    assert_eq!(original.lines().count(), 3);
    for file in ["out.csv", "out.jsonl", "out.json", "out.csv.gz", "out.json.gz"] {
        project.run(&["export", "city", file]).expect(0).complains(&["3 records"]);
        // Into other data with the same countries.
        let other = Project::example("atlas");
        fs::copy(project.path(file), other.path(file)).unwrap();
        project.run(&["export", "country", "countries.jsonl"]).expect(0);
        fs::copy(project.path("countries.jsonl"), other.path("countries.jsonl")).unwrap();
        import(&other, "country", "countries.jsonl", &["--role", "editor"]).expect(0);
        assert_eq!(
            numbers(&import(&other, "city", file, &["--role", "editor"]).expect(0)),
            [3, 3, 0, 0],
            "{file}"
        );
        assert_eq!(without_times(&other.run(&["export", "city"]).stdout), without_times(&original), "{file}");
    }
}

/// Exported lines without what an import sets anew.
fn without_times(lines: &str) -> Vec<Value> {
    let strip = |line: &str| {
        let mut record: Value = serde_json::from_str(line).unwrap();
        for name in ["created_at", "updated_at"] {
            record.as_object_mut().unwrap().remove(name).unwrap();
        }
        record
    };
    lines.lines().map(strip).collect()
}

#[test]
fn an_export_has_what_the_caller_may_see() {
    let project = Project::example("chat");
    let server = project.serve();
    let (ann, _) = server.client().registered("ann@example.org", "correct horse");
    ann.post("/v1/rooms", &json!({"name": "Kitchen"})).expect(201);
    ann.post("/v1/rooms", &json!({"name": "Attic"})).expect(201);
    assert!(server.stop().success());
    assert_eq!(project.run(&["export", "room"]).expect(0).stdout, "");
    let rooms = |more: &[&str]| {
        project.run(&[&["export", "room", "--as", "ann@example.org"], more].concat()).expect(0)
    };
    assert_eq!(rooms(&[]).stdout.lines().count(), 2);
    assert!(
        rooms(&["--filter", "name == 'Attic'", "--format", "csv"])
            .stdout
            .lines()
            .nth(1)
            .unwrap()
            .contains(",Attic,")
    );
    project
        .run(&["export", "room", "out.csv", "--filter", "nope == 1"])
        .expect(1)
        .complains(&["error[invalid_filter]"]);
    assert!(!project.path("out.csv").exists());
}

#[test]
fn a_csv_file_has_no_column_that_the_caller_never_sees() {
    let model = "[fields]\nname = { type = \"string\" }\n\
                 pay = { type = \"int\", optional = true, read = \"'hr' in auth.roles\", write = \"'hr' in auth.roles\" }\n\
                 [allow]\nread = \"'hr' in auth.roles || name != ''\"\ncreate = \"'hr' in auth.roles || name != ''\"\n";
    let project = Project::of(&[("models/worker.toml", model)]);
    project.write("workers.csv", "name,pay\nAnn,5\n");
    import(&project, "worker", "workers.csv", &["--role", "hr"]).expect(0);
    let exported = |more: &[&str]| {
        let columns = project.run(&[&["export", "worker", "out.csv"], more].concat()).expect(0);
        columns.complains(&["1 record"]);
        project.read("out.csv").lines().next().unwrap().to_owned()
    };
    assert!(exported(&["--role", "hr"]).contains(",pay"));
    assert!(!exported(&[]).contains("pay"));
    let other = Project::of(&[("models/worker.toml", model)]);
    other.write("out.csv", &project.read("out.csv"));
    assert_eq!(numbers(&import(&other, "worker", "out.csv", &[]).expect(0)), [1, 1, 0, 0]);
}

#[test]
fn many_rows_take_many_batches() {
    let project = numbers_project();
    let rows: String = (1..=2_345).map(|number| format!("{{\"number\": {number}}}\n")).collect();
    project.write("notes.jsonl", &rows);
    assert_eq!(numbers(&import(&project, "note", "notes.jsonl", &[]).expect(0)), [2_345, 2_345, 0, 0]);
    assert_eq!(project.run(&["export", "note"]).expect(0).stdout.lines().count(), 2_345);
}

/// A project with notes that anybody may make and read.
fn numbers_project() -> Project {
    let model = "[fields]\nnumber = { type = \"int\", unique = true }\n\
                 [allow]\nread = \"number > 0\"\ncreate = \"number > 0\"\n";
    Project::of(&[("models/note.toml", model)])
}

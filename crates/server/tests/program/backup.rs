//! `mainstay backup` and `mainstay restore`

use crate::support::{Client, Data, Engine, Project, Server, engine, is_left_out};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const PASSWORD: &str = "correct horse";
/// What the names begin with under which a restore puts the data of before aside.
const ASIDE: &str = "before-restore-";
/// The number of tables that are in the database's own schema.
const TABLES: &str = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";

/// A room with messages, and who may read them.
struct Chat {
    project: Project,
    server: Server,
    ann: Client,
    room: String,
}

fn chat() -> Chat {
    let project = Project::example("chat");
    let server = project.serve();
    let (ann, _) = server.client().registered("ann@example.org", PASSWORD);
    let room =
        ann.post("/v1/rooms", &json!({"name": "Lobby"})).expect(201)["id"].as_str().unwrap().to_owned();
    Chat { project, server, ann, room }
}

impl Chat {
    fn write(&self, text: &str) {
        self.ann.post("/v1/messages", &json!({"room": self.room, "text": text})).expect(201);
    }

    /// Writes, backs up, and stops the server: a project with data and the backup `b`.
    fn backed_up(self) -> Project {
        self.write("hello");
        self.project.run(&["backup", "b"]).expect(0);
        self.server.stop();
        self.project
    }
}

fn texts(client: &Client) -> Vec<String> {
    let mut texts = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = client.get(&format!("/v1/messages?limit=500{cursor}")).expect(200);
        texts.extend(
            page["items"].as_array().unwrap().iter().map(|item| item["text"].as_str().unwrap().to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return texts,
        }
    }
}

fn position(client: &Client) -> Value {
    client.get("/v1/rooms").expect(200)["position"].clone()
}

/// A copy of the project, without data.
fn elsewhere(project: &Project) -> Project {
    let other = Project::example("chat");
    fs::copy(project.path("b"), other.path("b")).unwrap();
    other
}

/// Puts the data of before a restore in their place again, by hand.
fn put_back(project: &Project) {
    match project.data() {
        Data::Sqlite(folder) => {
            let aside = names(folder).into_iter().find(|name| name.starts_with(ASIDE)).unwrap();
            fs::remove_dir_all(folder.join("keys")).unwrap();
            for name in names(&folder.join(&aside)) {
                fs::rename(folder.join(&aside).join(&name), folder.join(name)).unwrap();
            }
        }
        Data::Postgres(database) => {
            let aside = database.sql(&format!("SELECT nspname FROM pg_namespace WHERE nspname ^@ '{ASIDE}'"));
            database.sql(&format!(r#"DROP SCHEMA public CASCADE; ALTER SCHEMA "{aside}" RENAME TO public"#));
        }
    }
}

/// Checks that nothing of a restore that failed is there.
#[track_caller]
fn check_untouched(project: &Project, place: &str) {
    assert!(!project.path("data/restoring").exists(), "{place}");
    match project.data() {
        Data::Sqlite(folder) => assert!(!folder.join("mainstay.db").exists(), "{place}"),
        Data::Postgres(database) => assert_eq!(database.sql(TABLES), "0", "{place}"),
    }
}

/// Checks the names in the data folder. With PostgreSQL there is none.
#[track_caller]
fn check_folder(project: &Project, expected: &[&str]) {
    match engine() {
        Engine::Sqlite => assert_eq!(names(&project.path("data")), expected),
        Engine::Postgres => assert!(!project.path("data").exists()),
    }
}

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.collect();
    names.sort();
    names
}

#[test]
fn a_backup_that_is_taken_while_the_server_writes_has_all_that_was_acknowledged_and_nothing_half() {
    let chat = chat();
    let (stop, acknowledged) = (AtomicBool::new(false), AtomicU64::new(0));
    let before = std::thread::scope(|scope| {
        scope.spawn(|| {
            // Two messages in each transaction: a half one would show.
            for number in 0.. {
                let create = |half: &str| {
                    let data = json!({"room": chat.room, "text": format!("{number} {half}")});
                    json!({"op": "create", "model": "message", "data": data})
                };
                chat.ann.post("/v1/batch", &json!({"operations": [create("a"), create("b")]})).expect(200);
                acknowledged.store(number + 1, Ordering::SeqCst);
                if stop.load(Ordering::SeqCst) {
                    return;
                }
            }
        });
        let deadline = Instant::now() + Duration::from_secs(20);
        while acknowledged.load(Ordering::SeqCst) < 50 && Instant::now() < deadline {
            std::thread::yield_now();
        }
        let before = acknowledged.load(Ordering::SeqCst);
        let backup = chat.project.run(&["backup", "b"]);
        stop.store(true, Ordering::SeqCst);
        backup.expect(0).complains(&["backed up Chat as of", "with keys", " to b"]);
        before
    });
    assert!(before >= 50);
    let mode = fs::metadata(chat.project.path("b")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it has the keys");
    let position_before = position(&chat.ann);
    chat.server.stop();

    let other = elsewhere(&chat.project);
    other.run(&["restore", "b"]).expect(0).complains(&["restored Chat as of"]);
    let server = other.serve();
    // The keys came along, and the session is in the database: her token is still good.
    let ann = Client { address: server.address, ..chat.ann };
    let found = texts(&ann);
    let number = |text: &String| text.split(' ').next().unwrap().parse::<u64>().unwrap();
    assert_eq!(found.len() % 2, 0, "a half transaction is there");
    let transactions = found.len() as u64 / 2;
    assert!(transactions >= before, "{transactions} of {before}");
    for index in 0..transactions {
        assert_eq!(found.iter().filter(|text| number(text) == index).count(), 2, "{index}");
    }
    assert_ne!(position(&ann), position_before);
    ann.post("/v1/rooms", &json!({"name": "Den"})).expect(201);
    check_folder(&other, &["keys", "mainstay.db", "mainstay.db-shm", "mainstay.db-wal", "mainstay.db.lock"]);
}

#[test]
fn a_restored_history_is_another_one() {
    let chat = chat();
    let epoch = |client: &Client| position(client).as_str().unwrap()[..8].to_owned();
    let before = epoch(&chat.ann);
    let address = chat.server.address;
    let mut ann = chat.ann.clone();
    let project = chat.backed_up();
    let unchanged = project.serve();
    ann.address = unchanged.address;
    assert_ne!(unchanged.address, address);
    assert_eq!(epoch(&ann), before);
    unchanged.stop();
    project.run(&["restore", "b", "--replace"]).expect(0);
    let restored = project.serve();
    ann.address = restored.address;
    assert_ne!(epoch(&ann), before);
}

#[test]
fn data_that_are_there_are_replaced_only_when_that_is_said_and_then_put_aside() {
    let chat = chat();
    let ann = chat.ann.clone();
    chat.write("before");
    chat.project.run(&["backup", "b"]).expect(0);
    chat.write("after");
    chat.project.run(&["restore", "b", "--replace"]).expect(1).complains(&["error[data_in_use]"]);
    let Chat { project, server, .. } = chat;
    server.stop();
    project.run(&["restore", "b"]).expect(1).complains(&["error[has_data]", "--replace"]);
    project.run(&["restore", "b", "--replace"]).expect(0).complains(&["what was there before is in", ASIDE]);
    let shown = |project: &Project| {
        let server = project.serve();
        texts(&Client { address: server.address, ..ann.clone() })
    };
    assert_eq!(shown(&project), ["before"]);
    put_back(&project);
    assert_eq!(shown(&project), ["before", "after"]);
}

#[test]
fn a_backup_that_was_changed_or_cut_is_refused_and_changes_nothing() {
    let project = chat().backed_up();
    let whole = fs::read(project.path("b")).unwrap();
    let other = elsewhere(&project);
    let refused = |bytes: &[u8], place: &str| {
        fs::write(other.path("b"), bytes).unwrap();
        for arguments in [&["restore", "b"][..], &["restore", "--check", "b"]] {
            let run = other.run(arguments);
            assert_eq!(run.code, Some(1), "{place}: {run:?}");
            assert!(run.stderr.contains("error[backup_"), "{place}: {run:?}");
        }
        check_untouched(&other, place);
    };
    let steps = 16;
    for step in 0..steps {
        let place = whole.len() * step / steps + step;
        let mut changed = whole.clone();
        changed[place] ^= 1;
        refused(&changed, &format!("byte {place}"));
        refused(&whole[..place], &format!("{place} bytes"));
    }
    refused(&whole[..whole.len() - 1], "the last byte");
    refused(b"SQLite format 3\0", "another file");
    refused(&[whole.as_slice(), b"x"].concat(), "one more byte");
    fs::write(other.path("b"), &whole).unwrap();
    other
        .run(&["restore", "--check", "b"])
        .expect(0)
        .complains(&["b is whole: Chat as of", "3 records, with keys"]);
    other.run(&["restore", "b"]).expect(0);
}

#[test]
fn a_backup_of_another_project_is_refused() {
    let project = chat().backed_up();
    let other = Project::of(&[("models/note.toml", "[fields]\nbody = \"string\"\n")]);
    fs::copy(project.path("b"), other.path("b")).unwrap();
    other.run(&["restore", "b"]).expect(1).complains(&[
        "error[other_project]",
        "the project `Chat`",
        "a project without a name",
        "--other-project",
    ]);
    // Of the same name, it is told by its models.
    other.set("");
    let settings = other.read("mainstay.toml");
    other.write("mainstay.toml", &format!("name = \"Chat\"\n{settings}"));
    other.run(&["restore", "b"]).expect(1).complains(&["error[other_project]", "none of this one's models"]);
    check_untouched(&other, "another project");
    other.run(&["restore", "b", "--other-project"]).expect(0).complains(&["mainstay migrate plan"]);
}

#[test]
fn a_file_that_is_there_stays_unless_told() {
    let project = chat().backed_up();
    project.run(&["backup", "b"]).expect(1).complains(&["error[exists]", "--force"]);
    let before = fs::read(project.path("b")).unwrap();
    project.run(&["backup", "b", "--force"]).expect(0);
    assert_ne!(fs::read(project.path("b")).unwrap(), before);
    // Whoever takes the argument for what is to be backed up does not lose it.
    for what in ["models", "mainstay.toml", "data/mainstay.db"] {
        if project.path(what).exists() {
            project.run(&["backup", what, "--force"]).expect(1).complains(&["error[exists]"]);
        }
    }
    project.run(&["backup", "nowhere/b"]).expect(1).complains(&["error[io]", "nowhere/b"]);
    let empty = Project::example("chat");
    empty.run(&["backup", "b"]).expect(1).complains(&["error[no_data]"]);
    check_untouched(&empty, "no data");
    assert!(!empty.path("b").exists());
    let left = names(&project.path(""));
    assert!(!left.iter().any(|name| name.contains("partial")), "{left:?}");
}

#[test]
fn a_disk_without_room_leaves_nothing_behind() {
    let project = chat().backed_up();
    let mut command = crate::support::under("-f 64");
    let output = command.args(["backup", "c"]).current_dir(project.path("")).output().unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.contains("error[disk_full]"), "{complaint}");
    let mut command = crate::support::under("-f 64");
    let output = command.args(["restore", "b", "--replace"]).current_dir(project.path("")).output().unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.contains("error[disk_full]"), "{complaint}");
    check_folder(&project, &["keys", "mainstay.db", "mainstay.db.lock"]);
    let left = names(&project.path(""));
    assert!(!left.iter().any(|name| name == "c" || name.contains("partial")), "{left:?}");
    project.serve();
}

#[test]
fn without_keys_all_have_to_log_in_again() {
    let chat = chat();
    let ann = chat.ann.clone();
    chat.project.run(&["backup", "b", "--without-keys"]).expect(0).complains(&["without keys"]);
    chat.server.stop();
    let other = elsewhere(&chat.project);
    other.run(&["restore", "b"]).expect(0);
    let server = other.serve();
    Client { address: server.address, ..ann }.get("/v1/rooms").expect_problem(401, "invalid_token");
    server.client().logged_in("ann@example.org", PASSWORD).get("/v1/rooms").expect(200);
}

#[test]
fn a_restore_that_was_interrupted_is_not_served() {
    if is_left_out(Engine::Sqlite, "PostgreSQL restores in one transaction, as a whole or not at all") {
        return;
    }
    let project = chat().backed_up();
    fs::write(project.path("data/mainstay.db.restoring"), "").unwrap();
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["migrate", "apply"], &["backup", "c"]] {
        project.run(arguments).expect(1).complains(&["error[restore_interrupted]", "mainstay restore"]);
    }
    // What is there cannot be trusted, so nobody has to say that it may be put aside.
    project.run(&["restore", "b"]).expect(0);
    project.serve();
}

#[test]
fn models_may_have_changed_since() {
    let project = chat().backed_up();
    let other = elsewhere(&project);
    let room = other.read("models/room.toml");
    other.write(
        "models/room.toml",
        &room.replace("[fields]", "[fields]\ntopic = { type = \"string\", optional = true }"),
    );
    other
        .run(&["restore", "b"])
        .expect(0)
        .complains(&["the models have changed since: ", "mainstay migrate plan"]);
    other.run(&["migrate", "apply"]).expect(0);
    other.serve();
}

//! A disk without room, until there is some.

use crate::case::Case;
use crate::load::COUNTER;
use crate::random::Random;
use crate::support::{Client, Server};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Writes until there is no room, makes room, and writes on; then kills the program.
fn check(case: &mut Case, server: Server, make_room: impl Fn(&Server)) {
    let client = server.client();
    case.crew.write_while(server.address, || {
        wait_until(&server, "writes find no room", || client.get("/readyz").status == 507);
        wait_until(&server, "the metrics say so", || is_writable(&client) == "0");
        let until = Instant::now() + Duration::from_millis(300);
        while Instant::now() < until {
            is_read(&client);
        }
        make_room(&server);
        wait_until(&server, "writes go on", || {
            is_read(&client);
            client.get("/readyz").status == 200
        });
        wait_until(&server, "the metrics say that, too", || is_writable(&client) == "1");
        sleep(Duration::from_millis(200));
    });
    let told = case.crew.take_failures();
    assert!(told.iter().any(|code| code == "disk_full"), "{told:?}");
    let before = case.crew.acknowledged();
    case.crew.write_while(server.address, || sleep(Duration::from_millis(200)));
    assert!(case.crew.acknowledged() > before, "nothing was written after there was room");
    assert_eq!(case.crew.take_failures(), Vec::<String>::new());
    case.verify();
    drop(server);
    case.serve_and_verify();
}

/// What the metrics say of it.
fn is_writable(client: &Client) -> String {
    let page = String::from_utf8(client.get("/metrics").body).unwrap();
    let value = page.lines().find_map(|line| line.strip_prefix("mainstay_writable "));
    value.expect("the metric is there").to_owned()
}

fn is_read(client: &Client) {
    assert_eq!(client.get(&format!("/v1/counters/{COUNTER}")).status, 200);
}

fn wait_until(server: &Server, what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "it never came to this: {what}\n{}", server.log());
        sleep(Duration::from_millis(5));
    }
}

/// A limit on the size of files stands for a full disk where none can be made; it is lifted from outside.
#[test]
fn a_limit_that_is_lifted() {
    let mut case = Case::new(&mut Random::seeded("a limit that is lifted"));
    let mut shell = Command::new("sh");
    // In units of 512 bytes.
    shell.args(["-c", "ulimit -S -f 2000; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_mainstay")]);
    let server = Server::try_to_start(shell, &case.project.path(""), &["serve"]).unwrap();
    check(&mut case, server, |server| {
        let id = server.id().to_string();
        let lifted = Command::new("prlimit").args(["--fsize=unlimited", "--pid", &id]).status();
        assert!(lifted.unwrap().success());
    });
}

/// A file system of its own, which goes with its guard.
struct Small(std::path::PathBuf);

impl Small {
    /// `None` where one may not mount.
    fn mount(folder: std::path::PathBuf) -> Option<Self> {
        std::fs::create_dir_all(&folder).unwrap();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=3m", "none"]).arg(&folder).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Small(folder))
    }

    fn make_room(&self) {
        let grown = Command::new("mount").args(["-o", "remount,size=200m"]).arg(&self.0).status();
        assert!(grown.unwrap().success());
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_disk_that_is_full() {
    let random = &mut Random::seeded("a disk that is full");
    let mut mounted = None;
    let mut case = Case::on(random, |project| mounted = Small::mount(project.path("data")));
    let Some(small) = mounted else {
        println!("no disk can be mounted here: the limit on the size of files has to stand for a full one");
        return;
    };
    let server = case.project.serve();
    check(&mut case, server, |_| small.make_room());
}

/// The index of the log needs a little room, without which nothing can be read either. That is said, and costs nothing that is there.
#[test]
fn a_disk_that_is_full_at_a_later_start() {
    let random = &mut Random::seeded("a disk that is full at a later start");
    let mut mounted = None;
    let mut case = Case::on(random, |project| mounted = Small::mount(project.path("data")));
    let Some(small) = mounted else { return };
    let ballast = case.project.path("data/ballast");
    // All of the room that is left.
    let _ = std::fs::write(&ballast, vec![0; 4 << 20]);
    let failed = case.project.run(&["serve", "--listen", "127.0.0.1:0"]).expect(1);
    failed.complains(&["error[disk_full]", "make room"]);
    std::fs::remove_file(ballast).unwrap();
    drop(case.serve_and_verify());
    drop(small);
}

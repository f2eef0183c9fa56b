//! Nothing is left behind, however a test ends.

use mainstay_services::postgres::{SHARED_URL, Server, Setup};
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Set for the process that is killed.
const VICTIM: &str = "MAINSTAY_SERVICES_VICTIM";

fn gone_within(limit: Duration, folder: &Path) {
    let deadline = Instant::now() + limit;
    while folder.exists() {
        assert!(Instant::now() < deadline, "{} is left", folder.display());
        sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_server_goes_with_its_guard() {
    let mut server = Server::start(&Setup::quick()).unwrap();
    let (address, folder) = (server.address(), server.data());
    server.crash();
    server.start_again();
    drop(server);
    assert!(!folder.exists() && !folder.parent().unwrap().exists());
    assert!(TcpStream::connect(address).is_err(), "it still listens");
}

#[test]
fn a_server_goes_with_its_process() {
    if std::env::var_os(VICTIM).is_some() {
        return be_killed();
    }
    let mut victim = Command::new(std::env::current_exe().unwrap());
    victim.args(["--exact", "left::a_server_goes_with_its_process", "--nocapture"]);
    victim.env(VICTIM, "1").env_remove(SHARED_URL).stdout(Stdio::piped());
    let mut victim = victim.spawn().unwrap();
    let mut said = BufReader::new(victim.stdout.take().unwrap()).lines().map(Result::unwrap);
    let said = said.find_map(|line| Some(line.split_once("at ")?.1.to_owned())).expect("it says where");
    let (address, folder) = said.split_once(' ').unwrap();
    TcpStream::connect(address).unwrap();
    victim.kill().unwrap();
    victim.wait().unwrap();
    gone_within(Duration::from_secs(20), Path::new(folder).parent().unwrap());
    assert!(TcpStream::connect(address).is_err(), "it still listens");
}

/// Starts the shared server in a thread that ends, says where it is, and waits for its death.
fn be_killed() {
    let server = std::thread::spawn(Server::shared).join().unwrap();
    let _database = server.database();
    println!("\nat {} {}", server.address(), server.data().display());
    sleep(Duration::from_secs(60));
}

//! A certificate is renewed while the program runs.

use super::{HEALTH, Scene, ask};
use crate::support::tls::{Authority, Secured};
use std::fs;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

/// Longer than it takes to find that files have changed, and to see that they rest.
const RENEWED: Duration = Duration::from_secs(15);

/// The certificate that a new connection is shown.
fn shown(scene: &Scene) -> Vec<u8> {
    of(&scene.connect(&["http/1.1"]))
}

fn of(stream: &Secured) -> Vec<u8> {
    stream.conn.peer_certificates().unwrap()[0].to_vec()
}

/// Waits until another certificate is shown than this one.
#[track_caller]
fn wait_for_another(scene: &Scene, before: &[u8]) -> Vec<u8> {
    let deadline = Instant::now() + RENEWED;
    loop {
        let found = shown(scene);
        if found != before {
            return found;
        }
        assert!(Instant::now() < deadline, "it keeps the old one:\n{}", scene.server.log());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_new_certificate_is_taken_and_a_broken_one_is_not() {
    let scene = Scene::new();
    let expiry = "mainstay_tls_certificate_expiry_timestamp_seconds";
    let first = shown(&scene);
    let ends = scene.metric(expiry);
    let mut open = scene.connect(&["http/1.1"]);

    let (certificate, key) = scene.authority.made(-1, 30);
    scene.project.write("tls/certificate.pem", &certificate);
    scene.project.write("tls/key.pem", &key);
    let second = wait_for_another(&scene, &first);
    scene.server.logged("took a new TLS certificate");
    let earlier = (ends - scene.metric(expiry)) / f64::from(24 * 3_600);
    assert!((earlier - f64::from(365 - 30)).abs() < 0.1, "{earlier} days");
    assert_eq!(ask(&mut open, HEALTH).status, 200, "what was open goes on");

    // The key of another one, and then no file at all.
    scene.project.write("tls/key.pem", &Authority::new().made(-1, 30).1);
    scene.server.logged("tls_key_mismatch");
    fs::remove_file(scene.project.path("tls/key.pem")).unwrap();
    scene.server.logged("tls_file_unreadable");
    assert_eq!(shown(&scene), second);

    let (certificate, key) = scene.authority.made(-1, 60);
    scene.project.write("tls/key.pem", &key);
    scene.project.write("tls/certificate.pem", &certificate);
    wait_for_another(&scene, &second);
    let log = scene.server.log();
    assert_eq!(log.matches("tls_key_mismatch").count(), 1, "{log}");
}

#[test]
fn links_that_are_exchanged_are_followed() {
    let scene = Scene::new();
    let first = shown(&scene);
    let (certificate, key) = scene.authority.made(-1, 30);
    scene.project.write("new/certificate.pem", &certificate);
    scene.project.write("new/key.pem", &key);
    for name in ["certificate.pem", "key.pem"] {
        let link = scene.project.path("tls/link");
        symlink(format!("../new/{name}"), &link).unwrap();
        fs::rename(&link, scene.project.path("tls").join(name)).unwrap();
    }
    wait_for_another(&scene, &first);
}

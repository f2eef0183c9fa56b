//! What `check` and `serve` say of a certificate.

use crate::support::tls::{Authority, SETTINGS, secured};
use crate::support::{Project, Server};

/// A project with a certificate that is valid from and until so many days from now.
fn project(authority: &Authority, from: i64, until: i64) -> Project {
    let project = Project::example("chat");
    project.set(SETTINGS);
    let (certificate, key) = authority.made(from, until);
    project.write("tls/certificate.pem", &certificate);
    project.write("tls/key.pem", &key);
    project
}

#[test]
fn files_that_are_of_no_use_are_refused() {
    let authority = Authority::new();
    let check = |spoil: &dyn Fn(&Project), code: &str, place: &str| {
        let project = project(&authority, -1, 365);
        project.run(&["check", "--deny-warnings"]).expect(0);
        spoil(&project);
        project.run(&["check"]).expect(1).says(&[code, place, "help"]);
        project.run(&["serve"]).expect(2).complains(&[&format!("error[{code}]"), "help"]);
    };
    let remove =
        |path: &'static str| move |project: &Project| std::fs::remove_file(project.path(path)).unwrap();
    check(&remove("tls/certificate.pem"), "tls_file_unreadable", "certificate = \"tls/certificate.pem\"");
    check(&remove("tls/key.pem"), "tls_file_unreadable", "key = \"tls/key.pem\"");
    let empty = |path: &'static str| move |project: &Project| project.write(path, "");
    check(&empty("tls/certificate.pem"), "tls_bad_certificate", "certificate = \"tls/certificate.pem\"");
    check(&empty("tls/key.pem"), "tls_bad_key", "key = \"tls/key.pem\"");
    let other = |project: &Project| project.write("tls/key.pem", &authority.made(-1, 365).1);
    check(&other, "tls_key_mismatch", "key = \"tls/key.pem\"");
}

#[test]
fn a_certificate_without_a_key_is_none() {
    let project = Project::example("chat");
    project.set("[server.tls]\ncertificate = \"tls/certificate.pem\"");
    project.run(&["check"]).expect(1).says(&["tls_incomplete", "no `key`"]);
}

#[test]
fn an_end_is_told_and_does_not_keep_the_program_from_serving() {
    let authority = Authority::new();
    let ended = project(&authority, -60, -1);
    ended.run(&["check"]).expect(1).says(&["tls_certificate_expired"]);
    ended.serve().logged("tls_certificate_expired");
    let near = project(&authority, -60, 5);
    near.run(&["check"]).expect(0).says(&["tls_certificate_ends_soon", "in 5 days"]);
    near.serve().logged("tls_certificate_ends_soon");
    let early = project(&authority, 1, 60);
    early.run(&["check"]).expect(0).says(&["tls_certificate_early"]);
    early.serve().logged("tls_certificate_early");
}

#[test]
fn the_command_line_goes_before_the_settings() {
    let authority = Authority::new();
    let project = Project::example("chat");
    let (certificate, key) = authority.made(-1, 365);
    project.write("here.pem", &certificate);
    project.write("key.pem", &key);
    let arguments = ["serve", "--tls-certificate", "here.pem", "--tls-key", "key.pem"];
    let server = Server::start(&project.path(""), &arguments);
    assert!(server.banner.contains("https://"), "{}", server.banner);
    secured(server.address, &authority.client(&["h2"]));
    project.run(&arguments[..3]).expect(2).complains(&["--tls-key"]);
}

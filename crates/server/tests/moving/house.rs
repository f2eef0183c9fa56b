//! A project on SQLite with its writers, and an empty database to move into.

use crate::crew::{self, Crew};
use crate::look::look;
use crate::random::Random;
use crate::support::{Finished, Project, Server};
use mainstay_services::postgres::{self, Database};
use std::process::{Command, Stdio};
use std::thread;

const WRITERS: usize = 3;

pub(crate) struct House {
    pub(crate) project: Project,
    pub(crate) target: Database,
    pub(crate) crew: Crew,
}

impl House {
    pub(crate) fn new(random: &mut Random) -> Self {
        let target = postgres::Server::shared().database();
        House { project: crew::project(), target, crew: Crew::of(WRITERS, random) }
    }

    /// Serves it with the counter that all writers share.
    pub(crate) fn serve(&self) -> Server {
        let server = self.project.serve();
        crew::make_counter(&server.client());
        server
    }

    /// What moves it.
    pub(crate) fn mover(&self) -> Command {
        self.mover_to(&self.target)
    }

    /// What moves it into a database.
    pub(crate) fn mover_to(&self, target: &Database) -> Command {
        let mut command = self.project.command(&["move"]);
        command.env("MAINSTAY_DATA_URL", target.url());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Moves it to the end.
    pub(crate) fn r#move(&self) -> Finished {
        Finished::of(self.mover().output().unwrap())
    }

    /// Sets the project to where it has moved, and serves it there.
    pub(crate) fn serve_moved(&self) -> Server {
        self.project.set(&format!("[data]\nengine = \"postgres\"\nurl = \"{}\"", self.target.url()));
        self.project.serve()
    }

    /// Checks the database that it moved into against what was acknowledged.
    pub(crate) fn verify(&mut self) {
        self.crew.verify(|after| look(&self.target, after));
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if thread::panicking() {
            println!("the data and the log are kept in {}", self.project.keep().display());
        }
    }
}

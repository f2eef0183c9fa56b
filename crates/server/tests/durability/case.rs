//! A project with its writers, from one disaster to the next.

use crate::crew::{self, Crew};
use crate::look::look;
use crate::random::Random;
use crate::support::{Project, Server};
use std::thread;

const WRITERS: usize = 4;

pub(crate) struct Case {
    pub(crate) project: Project,
    pub(crate) crew: Crew,
}

impl Case {
    pub(crate) fn new(random: &mut Random) -> Self {
        Case::on(random, |_| {})
    }

    /// With something to be done to the project before it has data.
    pub(crate) fn on(random: &mut Random, prepare: impl FnOnce(&Project)) -> Self {
        let project = crew::project();
        let crew = Crew::of(WRITERS, random);
        prepare(&project);
        let server = project.serve();
        crew::make_counter(&server.client());
        assert!(server.stop().success());
        Case { project, crew }
    }

    /// Checks the database that the server has open.
    pub(crate) fn verify(&mut self) {
        self.crew.verify(|after| look(&self.project.path("data/mainstay.db"), after));
    }

    /// Starts the program anew and checks what it finds.
    pub(crate) fn serve_and_verify(&mut self) -> Server {
        let server = self.project.serve();
        self.verify();
        server
    }
}

impl Drop for Case {
    fn drop(&mut self) {
        if thread::panicking() {
            println!("the data and the log are kept in {}", self.project.keep().display());
        }
    }
}

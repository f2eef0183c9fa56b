//! Bare argon2id, with the parameters of the hashes that the program made.

use crate::client::PASSWORD;
use argon2::Argon2;
use argon2::password_hash::PasswordVerifier;
use rusqlite::Connection;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// A hash of the program's.
pub(crate) struct Passwords {
    hash: String,
}

impl Passwords {
    /// Takes a hash out of the program's database.
    pub(crate) fn read(database: &Path) -> Result<Self, String> {
        let failed = |error: rusqlite::Error| format!("{}: {error}", database.display());
        let connection = Connection::open(database).map_err(failed)?;
        let hash = connection.query_row("SELECT hash FROM _credential LIMIT 1", [], |row| row.get(0));
        Ok(Passwords { hash: hash.map_err(failed)? })
    }

    /// How many times the password was compared in this time, by as many threads as the program has for it by default.
    pub(crate) fn compare(&self, time: Duration) -> Result<u64, String> {
        let until = Instant::now() + time;
        let workers = thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1));
        thread::scope(|scope| {
            let threads: Vec<_> = (0..workers).map(|_| scope.spawn(|| self.compare_until(until))).collect();
            threads.into_iter().map(|thread| thread.join().map_err(|_| "a hash panicked".to_owned())?).sum()
        })
    }

    fn compare_until(&self, until: Instant) -> Result<u64, String> {
        let argon2 = Argon2::default();
        let mut done = 0;
        while Instant::now() < until {
            let verified = argon2.verify_password(PASSWORD.as_bytes(), self.hash.as_str());
            verified.map_err(|error| format!("the program's own hash: {error}"))?;
            done += 1;
        }
        Ok(done)
    }
}

//! Bare argon2id, with the parameters of the hashes that the program made.

use crate::client::PASSWORD;
use argon2::Argon2;
use argon2::password_hash::PasswordVerifier;
use std::thread;
use std::time::{Duration, Instant};

/// A hash of the program's.
pub(crate) struct Passwords {
    hash: String,
}

impl Passwords {
    /// With a hash that the program made.
    pub(crate) fn new(hash: &str) -> Self {
        Passwords { hash: hash.to_owned() }
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
